package org.quantscope.core.rounding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;

class RoundingsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int ROWS = 5;
    private static final int COLUMNS = 12;

    static Stream<Rounding> all() {
        return Roundings.all().stream();
    }

    /** Correlated inputs, as neighbouring pixels are. */
    private static InputMoments moments(Random random, int groups, boolean drifted) {
        InputMoments moments = new InputMoments(groups, COLUMNS, drifted, new PlainProducts());
        int n = 200;
        float[][] quantized = new float[groups][n * COLUMNS];
        float[][] plain = new float[groups][n * COLUMNS];
        for (int g = 0; g < groups; g++) {
            float[] x = plain[g];
            float[] y = quantized[g];
            for (int p = 0; p < n; p++) {
                float common = (float) random.nextGaussian() + 1;
                for (int j = 0; j < COLUMNS; j++) {
                    x[p * COLUMNS + j] = common + 0.5f * (float) random.nextGaussian();
                    y[p * COLUMNS + j] = x[p * COLUMNS + j] + 0.1f * (float) random.nextGaussian();
                }
            }
        }
        moments.add(n, vectors(quantized), vectors(plain), new CancelToken());
        return moments;
    }

    private static InputMoments.Vectors vectors(float[]... groups) {
        return (g, from, n, to) -> System.arraycopy(groups[g], from * COLUMNS, to, 0, n * COLUMNS);
    }

    private static float[] weights(Random random, int count) {
        float[] w = new float[count];
        for (int i = 0; i < count; i++) {
            w[i] = (float) random.nextGaussian() * 0.3f;
        }
        return w;
    }

    /** A grid, and for each weight of the rows its slice. */
    private record Case(String name, QuantParams params, int[] slices) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Case> cases(int groups) {
        int rows = groups * ROWS;
        int count = rows * COLUMNS;
        int[] tensor = new int[count];
        int[] channel = new int[count];
        int[] block = new int[count];
        int[] column = new int[count];
        for (int i = 0; i < count; i++) {
            channel[i] = i / COLUMNS;
            block[i] = i / 4;
            column[i] = i % COLUMNS;
        }
        return List.of(
                new Case("tensor", params(1, 0, -3, 3, 0.25f), tensor),
                new Case("channel", params(rows, 0, -1, 1, 0.3f), channel),
                new Case("block, asymmetric", params(count / 4, 5, 0, 15, 0.06f), block),
                new Case("input channel", params(COLUMNS, 0, -7, 7, 0.1f), column),
                new Case(
                        "codebook",
                        QuantParams.ofCodebook(
                                new Granularity.PerChannel(0),
                                filled(rows, 0.8f),
                                new CodebookGrid(-1, -0.4f, -0.1f, 0, 0.2f, 0.6f, 1)),
                        channel));
    }

    private static float[] filled(int n, float value) {
        float[] all = new float[n];
        java.util.Arrays.fill(all, value);
        return all;
    }

    private static QuantParams params(int slices, int zero, int lo, int hi, float scale) {
        int[] zeros = new int[slices];
        java.util.Arrays.fill(zeros, zero);
        return new QuantParams(new Granularity.PerChannel(0), filled(slices, scale), zeros, lo, hi);
    }

    /** Whatever the grid: each weight is a level of its slice, and the error at the output is not above that of nearest. */
    @ParameterizedTest
    @MethodSource("all")
    void everyWeightIsALevel(Rounding rounding) {
        for (int groups : new int[] {1, 2}) {
            for (Case c : cases(groups)) {
                Random random = new Random(3);
                InputMoments moments = moments(random, groups, false);
                float[] w = weights(random, groups * ROWS * COLUMNS);
                float[][] damped = new float[groups][];
                for (int g = 0; g < groups; g++) {
                    damped[g] = moments.damped(g, false, SolvedLayer.DAMPING);
                }
                LayerProblem problem = new LayerProblem(groups, ROWS, COLUMNS, w, damped, c.slices);

                Rounding.Solution solution = rounding.solve(problem, c.params, false, NEVER);
                float[] got = solution.weights(problem);

                assertThat(solution.scales()).as("%s", c).isEqualTo(c.params.scales());
                for (int i = 0; i < got.length; i++) {
                    assertThat(c.params.grid(c.slices[i]).quantize(got[i]))
                            .as("%s", c)
                            .isEqualTo(got[i]);
                }
                double nearest = problem.outputError(
                        Roundings.NEAREST.solve(problem, c.params, false, NEVER).weights(problem), NEVER);
                assertThat(problem.outputError(got, NEVER)).as("%s", c).isLessThanOrEqualTo(nearest * 1.0001);

                Rounding.Solution refitted = rounding.solve(problem, c.params, true, NEVER);
                for (float scale : refitted.scales()) {
                    assertThat(scale).as("%s", c).isPositive().isFinite();
                }
                assertThat(problem.outputError(refitted.weights(problem), NEVER))
                        .as("%s, new scales", c)
                        .isLessThanOrEqualTo(problem.outputError(got, NEVER) * 1.02);
            }
        }
    }

    /** Of all 3^6 rows of three levels none is better by more than a few percent. */
    @Test
    void descentComesCloseToTheBestOfAllCodes() {
        int n = 6;
        Random random = new Random(11);
        double found = 0;
        double best = 0;
        for (int turn = 0; turn < 20; turn++) {
            float[] h = new float[n * n];
            for (int p = 0; p < 40; p++) {
                double common = random.nextGaussian();
                double[] x = new double[n];
                for (int i = 0; i < n; i++) {
                    x[i] = common + 0.6 * random.nextGaussian();
                }
                for (int i = 0; i < n * n; i++) {
                    h[i] += (float) (x[i / n] * x[i % n] / 40);
                }
            }
            LayerProblem problem = new LayerProblem(1, 1, n, weights(random, n), new float[][] {h}, new int[n]);
            QuantParams params = params(1, 0, -1, 1, 0.3f);
            Rounding.Solution solution = Roundings.byId("least-output-error").solve(problem, params, false, NEVER);
            found += problem.outputError(solution.weights(problem), NEVER);
            double least = Double.MAX_VALUE;
            for (int code = 0; code < 729; code++) {
                float[] w = new float[n];
                for (int i = 0, rest = code; i < n; i++, rest /= 3) {
                    w[i] = (rest % 3 - 1) * 0.3f;
                }
                least = Math.min(least, problem.outputError(w, NEVER));
            }
            best += least;
        }
        assertThat(found).isBetween(best * 0.9999, best * 1.1);
    }

    /** Where inputs have nothing to do with each other nothing can make up for an error. */
    @Test
    void withoutCorrelationGptqIsNearest() {
        Random random = new Random(5);
        float[] h = new float[COLUMNS * COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            h[i * COLUMNS + i] = 0.5f + i;
        }
        LayerProblem problem = new LayerProblem(
                1, ROWS, COLUMNS, weights(random, ROWS * COLUMNS), new float[][] {h}, new int[ROWS * COLUMNS]);
        QuantParams params = params(1, 0, -7, 7, 0.1f);

        assertThat(Roundings.byId("gptq").solve(problem, params, false, NEVER).levels())
                .isEqualTo(
                        Roundings.NEAREST.solve(problem, params, false, NEVER).levels());
    }

    /** With targets that lie on a grid of another scale the closed form finds that scale. */
    @Test
    void theScaleIsFitted() {
        Random random = new Random(9);
        InputMoments moments = moments(random, 1, false);
        float[] w = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            w[i] = (i % 7 - 3) * 0.21f;
        }
        LayerProblem problem =
                new LayerProblem(1, 1, COLUMNS, w, new float[][] {moments.damped(0, false, 0.01)}, new int[COLUMNS]);

        Rounding.Solution solution =
                Roundings.byId("least-output-error").solve(problem, params(1, 0, -3, 3, 0.2f), true, NEVER);

        assertThat(solution.scales()[0]).isCloseTo(0.21f, within(1e-5f));
        assertThat(problem.outputError(solution.weights(problem), NEVER)).isLessThan(1e-9);
    }

    /** Also of matrices that are worked on in parts, some of which are not whole. */
    @ParameterizedTest
    @ValueSource(ints = {1, 9, 21, 261})
    void theInverseFactorIsOne(int n) {
        Random random = new Random(2);
        float[] a = new float[n * n];
        for (int v = 0; v < 8; v++) {
            float[] x = weights(random, n);
            for (int i = 0; i < n * n; i++) {
                a[i] += x[i / n] * x[i % n];
            }
        }
        for (int i = 0; i < n; i++) {
            a[i * n + i] += 0.5f;
        }
        InverseFactor factor = InverseFactor.of(a, n);
        double[][] rows = new double[n][n];
        for (int i = 0; i < n * n; i++) {
            rows[i / n][i % n] = a[i];
        }
        // The rows of A times A⁻¹.
        double[][] unit = factor.solve(rows);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                assertThat(Math.abs(unit[i][j] - (i == j ? 1 : 0))).isLessThan(1e-9);
                assertThat(j >= i || factor.row(i)[j] == 0).isTrue();
            }
        }
        assertThatThrownBy(() -> InverseFactor.of(new float[] {1, 2, 2, 1}, 2)).isInstanceOf(ArithmeticException.class);
    }

    /** Of all weights that read the noisy inputs the target loses least, with the mean taken back. */
    @Test
    void theTargetTakesBackWhatTheInputsLost() {
        Random random = new Random(7);
        int n = 200;
        float[] x = new float[n * COLUMNS];
        float[] y = new float[n * COLUMNS];
        for (int i = 0; i < x.length; i++) {
            x[i] = 1 + (float) random.nextGaussian();
            y[i] = 0.7f * x[i] + 0.3f * (float) random.nextGaussian();
        }
        InputMoments moments = new InputMoments(1, COLUMNS, true, new PlainProducts());
        moments.add(n, vectors(y), vectors(x), new CancelToken());
        float[] w = weights(random, ROWS * COLUMNS);
        float[] target = moments.target(w, ROWS, new float[][] {moments.damped(0, true, 1e-6)}, true);

        double before = left(moments, w, w, x, y);
        double after = left(moments, w, target, x, y);
        assertThat(after).isLessThan(before * 0.9);
        for (int i = 0; i < target.length; i += 7) {
            float[] other = target.clone();
            other[i] += 0.01f;
            assertThat(left(moments, w, other, x, y)).isGreaterThan(after);
            other[i] -= 0.02f;
            assertThat(left(moments, w, other, x, y)).isGreaterThan(after);
        }
        InputMoments same = new InputMoments(1, COLUMNS, false, new PlainProducts());
        same.add(n, vectors(x), vectors(x), new CancelToken());
        assertThat(same.target(w, ROWS, new float[][] {same.damped(0, true, 0.01)}, true))
                .isSameAs(w);
    }

    /** Σ(Wx − (Tx̂ + lost))² over the samples. */
    private static double left(InputMoments moments, float[] w, float[] t, float[] x, float[] y) {
        double sum = 0;
        for (int r = 0; r < ROWS; r++) {
            double lost = moments.lost(r, ROWS, w, t);
            for (int p = 0; p < x.length / COLUMNS; p++) {
                double d = -lost;
                for (int j = 0; j < COLUMNS; j++) {
                    d += w[r * COLUMNS + j] * x[p * COLUMNS + j] - t[r * COLUMNS + j] * y[p * COLUMNS + j];
                }
                sum += d * d;
            }
        }
        return sum;
    }

    @Test
    void idsAreUniqueAndTheUnknownIsNamed() {
        Set<String> ids = new HashSet<>();
        all().forEach(r -> {
            assertThat(ids.add(r.id())).isTrue();
            assertThat(r.title()).isNotBlank();
            assertThat(r.summary()).isNotBlank();
            assertThat(r.source()).isNotBlank();
            assertThat(Roundings.byId(r.id())).isSameAs(r);
        });
        assertThat(ids).containsExactlyInAnyOrder("nearest", "gptq", "adaround", "least-output-error");
        assertThatThrownBy(() -> Roundings.byId("up"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("up is not one of nearest, gptq");
    }
}
