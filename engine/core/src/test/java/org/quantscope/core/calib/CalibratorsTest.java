package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

class CalibratorsTest {
    private final CancelToken cancel = new CancelToken();

    /** The oracle tries 20,000 clips in double; both curves are flat near the optimum. */
    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant"})
    void mseFindsTheBestClip(String name) {
        Tensor tensor = Oracles.tensor(Oracles.array(name));
        Oracles.FIGURES.get(name).get("mse_search").properties().forEach(figure -> {
            QuantSpec spec = QuantSpec.WEIGHTS
                    .withBits(Integer.parseInt(figure.getKey()))
                    .withClip(new Clip.Auto("mse"));
            RangeResolver.Resolution found = RangeResolver.resolve(tensor, spec, cancel);
            double best = figure.getValue().get("mse").doubleValue();
            double mse = ErrorPass.measure(tensor, found.params(), cancel).mse();

            assertThat(mse).isLessThanOrEqualTo(1.0005 * best + 1e-15);
            assertThat(found.requested().getFirst().hi())
                    .isPositive()
                    .isLessThanOrEqualTo(MomentSketch.of(tensor, cancel).absMax());
        });
    }

    /** The sketch alone, as for activations. */
    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3"})
    void mseFromASketchIsNearlyAsGood(String name) {
        Tensor tensor = Oracles.tensor(Oracles.array(name));
        MomentSketch sketch = MomentSketch.of(tensor, cancel);
        Oracles.FIGURES.get(name).get("mse_search").properties().forEach(figure -> {
            QuantSpec spec = QuantSpec.WEIGHTS
                    .withBits(Integer.parseInt(figure.getKey()))
                    .withClip(new Clip.Auto("mse"));
            double mse = ErrorPass.measure(
                            tensor, RangeResolver.resolve(sketch, spec, cancel).params(), cancel)
                    .mse();

            assertThat(mse)
                    .isLessThanOrEqualTo(1.005 * figure.getValue().get("mse").doubleValue());
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"gauss", "relu_laplace_outlier", "bimodal", "skewed"})
    void asymmetricMseIsAsGoodAsATableOfBothEnds(String name) {
        Tensor tensor = Oracles.tensor(Oracles.array(name));
        MomentSketch sketch = MomentSketch.of(tensor, cancel);
        for (int bits : new int[] {2, 4, 8}) {
            QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits).withClip(new Clip.Auto("mse"));
            double best = Double.POSITIVE_INFINITY;
            for (int lo = 0; lo <= 40; lo++) {
                for (int hi = 1; hi <= 40; hi++) {
                    var range = new ClipRange(Math.min(0, sketch.min()) * lo / 40, Math.max(0, sketch.max()) * hi / 40);
                    var grid = RangeResolver.resolve(tensor, spec, java.util.List.of(range))
                            .grid(0);
                    best = Math.min(best, sketch.estimate(grid).mse());
                }
            }
            double mse = ErrorPass.measure(
                            tensor, RangeResolver.resolve(tensor, spec, cancel).params(), cancel)
                    .mse();

            assertThat(mse).isLessThanOrEqualTo(1.002 * best);
        }
    }

    /** Slices so small that they are searched without a candidate's objects find what the search with a curve finds. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32, 500})
    void aSmallSliceIsSearchedAsALargeOne(int length) {
        var random = new java.util.Random(length);
        for (int round = 0; round < 12; round++) {
            float[] x = new float[length];
            for (int i = 0; i < length; i++) {
                x[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()) + (round % 3 == 0 ? 2 : 0));
            }
            Tensor tensor = Oracles.tensor(x);
            for (int bits : new int[] {2, 4, 8}) {
                for (QuantSpec spec : java.util.List.of(
                        QuantSpec.WEIGHTS.withBits(bits),
                        QuantSpec.WEIGHTS.withBits(bits).withRestrictedRange(false),
                        QuantSpec.ACTIVATIONS.withBits(bits))) {
                    var calibrator = Calibrators.byId("mse");
                    var slice = new StoredStatistics(tensor.data(), cancel);
                    ClipRange quick = calibrator.range(slice, spec, Map.of(), cancel);
                    ClipRange slow =
                            calibrator.calibrate(slice, spec, Map.of(), cancel).range();

                    assertThat(error(tensor, spec, quick)).isLessThanOrEqualTo(error(tensor, spec, slow) * (1 + 1e-9));
                }
            }
        }
    }

    private double error(Tensor tensor, QuantSpec spec, ClipRange range) {
        return ErrorPass.measure(tensor, RangeResolver.resolve(tensor, spec, java.util.List.of(range)), cancel)
                .sumSquaredError();
    }

    @Test
    void manySmallSlicesCanBeCancelled() {
        Tensor tensor = Oracles.tensor(new float[1 << 22], 1 << 17, 32);
        for (int i = 0; i < 3; i++) {
            var token = new CancelToken();
            token.cancel();
            QuantSpec spec = QuantSpec.WEIGHTS
                    .withGranularity(new org.quantscope.core.quant.Granularity.PerBlock(1, 32))
                    .withClip(new Clip.Auto("mse"));
            assertThatThrownBy(() -> RangeResolver.resolve(tensor, spec, token))
                    .isInstanceOf(java.util.concurrent.CancellationException.class);
        }
    }

    @Test
    void mseSeesAroundAnAbsurdOutlier() {
        float[] values = Oracles.array("gauss").clone();
        values[0] = 5;
        var spread = new float[values.length * 64];
        for (int i = 0; i < spread.length; i++) {
            spread[i] = i == 0 ? 5 : values[1 + i % (values.length - 1)];
        }
        Tensor tensor = Oracles.tensor(spread);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Auto("mse"));

        assertThat(RangeResolver.resolve(tensor, spec, cancel)
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(0.13f, within(0.03f));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant", "zeros"
            })
    void percentileIsNumpysOnWeights(String name) {
        float[] values = Oracles.array(name);
        var stored = new StoredStatistics(Oracles.tensor(values).data(), cancel);
        Oracles.FIGURES
                .get(name)
                .get("percentile_linear")
                .properties()
                .forEach(p -> assertThat(stored.quantile(Double.parseDouble(p.getKey()) / 100))
                        .isCloseTo(
                                p.getValue().doubleValue(),
                                within(1e-12 + 1e-9 * Math.abs(p.getValue().doubleValue()))));
        Oracles.FIGURES
                .get(name)
                .get("abs_percentile_linear")
                .properties()
                .forEach(p -> assertThat(stored.absQuantile(Double.parseDouble(p.getKey()) / 100))
                        .isCloseTo(
                                p.getValue().doubleValue(),
                                within(1e-12 + 1e-9 * p.getValue().doubleValue())));
    }

    @Test
    void quantilesOfManyValuesAreThoseOfTheSortedValues() {
        float[] values = new float[100_000];
        var random = new java.util.Random(9);
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 10 == 0 ? 0 : i % 10 == 1 ? -0.25f : (float) random.nextGaussian();
        }
        values[7] = Float.NaN;
        float[] sorted = new float[values.length - 1];
        int n = 0;
        for (float v : values) {
            if (!Float.isNaN(v)) {
                sorted[n++] = v;
            }
        }
        float[] magnitudes = sorted.clone();
        for (int i = 0; i < n; i++) {
            magnitudes[i] = Math.abs(magnitudes[i]);
        }
        java.util.Arrays.sort(sorted);
        java.util.Arrays.sort(magnitudes);
        var stored = new StoredStatistics(Oracles.tensor(values).data(), cancel);
        for (double p : new double[] {0, 1e-4, 0.01, 0.3, 0.45, 0.5, 0.55, 0.77, 0.99, 0.9999, 1}) {
            double at = p * (n - 1);
            int k = (int) at;
            int next = Math.min(k + 1, n - 1);

            assertThat(stored.quantile(p))
                    .isCloseTo(sorted[k] + (at - k) * ((double) sorted[next] - sorted[k]), within(1e-12));
            assertThat(stored.absQuantile(p))
                    .isCloseTo(magnitudes[k] + (at - k) * ((double) magnitudes[next] - magnitudes[k]), within(1e-12));
        }
    }

    @Test
    void percentileCutsBothTailsOfAsymmetricGrids() {
        Tensor tensor = Oracles.tensor(Oracles.array("skewed"));
        var clip = new Clip.Auto("percentile", Map.of("percentile", "99.9"));
        var figures = Oracles.FIGURES.get("skewed");

        assertThat(RangeResolver.resolve(
                                tensor, QuantSpec.WEIGHTS.withSymmetric(false).withClip(clip), cancel)
                        .requested())
                .containsExactly(new ClipRange(
                        figures.get("percentile_linear").get("0.1").floatValue(),
                        figures.get("percentile_linear").get("99.9").floatValue()));
        assertThat(RangeResolver.resolve(tensor, QuantSpec.WEIGHTS.withClip(clip), cancel)
                        .requested())
                .containsExactly(ClipRange.symmetric(
                        figures.get("abs_percentile_linear").get("99.9").floatValue()));
    }

    @Test
    void wrongOptionsAreNamed() {
        Tensor tensor = Oracles.tensor(new float[] {1, 2});

        assertThatThrownBy(() -> resolve(tensor, "percentile", Map.of("percentile", "120")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("percentile")
                .hasMessageContaining("120");
        assertThatThrownBy(() -> resolve(tensor, "percentile", Map.of("percentile", "NaN")))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> resolve(tensor, "percentile", Map.of("percentile", "much")))
                .hasMessageContaining("much");
        assertThatThrownBy(() -> resolve(tensor, "minmax", Map.of("p", "1"))).hasMessageContaining("no option p");
    }

    @Test
    void curveAscendsAndHoldsTheMinmaxPoint() {
        Tensor tensor = Oracles.tensor(Oracles.array("laplace"));
        for (boolean symmetric : new boolean[] {true, false}) {
            QuantSpec spec = QuantSpec.WEIGHTS.withSymmetric(symmetric);
            var curve = RangeResolver.calibrate(tensor, spec, new Clip.Auto("mse"), cancel)
                    .curve();
            double atMinMax = ErrorPass.measure(
                            tensor, RangeResolver.resolve(tensor, spec, cancel).params(), cancel)
                    .mse();

            assertThat(curve)
                    .isSortedAccordingTo(java.util.Comparator.comparingDouble(
                            p -> (double) p.clip().hi() - p.clip().lo()));
            assertThat(curve.getLast().cost()).isCloseTo(atMinMax, within(1e-9 * atMinMax));
        }
    }

    private void resolve(Tensor tensor, String calibrator, Map<String, String> options) {
        RangeResolver.resolve(tensor, QuantSpec.WEIGHTS.withClip(new Clip.Auto(calibrator, options)), cancel);
    }
}
