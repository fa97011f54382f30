package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.Breadth;

/** What every registered scheme and calibrator owes its users. */
class QuantizationRegistriesTest {
    /** Every value matters alike: for calibrators that need to know. */
    private static final Importances ALIKE =
            tensor -> Optional.of((from, out, length) -> Arrays.fill(out, 0, length, 1));

    private final CancelToken cancel = new CancelToken();

    static Stream<Quantizer> quantizers() {
        return Quantizers.all().stream();
    }

    /** Those that need nothing but the values and their importances. */
    static Stream<Calibrator> calibratorsOfValues() {
        return calibrators().filter(calibrator -> !calibrator.needsMoments());
    }

    static Stream<Calibrator> calibrators() {
        return Calibrators.all().stream();
    }

    @Test
    void idsAreUnique() {
        assertThat(Quantizers.all())
                .extracting(Quantizer::id)
                .doesNotHaveDuplicates()
                .contains("uniform");
        assertThat(Calibrators.all())
                .extracting(Calibrator::id)
                .doesNotHaveDuplicates()
                .contains("minmax", "percentile", "mse");
    }

    @ParameterizedTest
    @MethodSource("quantizers")
    void schemeIsFoundByItsIdAndDescribesItself(Quantizer quantizer) {
        assertThat(Quantizers.byId(quantizer.id())).isSameAs(quantizer);
        described(quantizer.id(), quantizer.title(), quantizer.source(), quantizer.options());
    }

    @ParameterizedTest
    @MethodSource("calibrators")
    void calibratorIsFoundByItsIdAndDescribesItself(Calibrator calibrator) {
        assertThat(Calibrators.byId(calibrator.id())).isSameAs(calibrator);
        described(calibrator.id(), calibrator.title(), calibrator.source(), calibrator.options());
    }

    private static void described(String id, String title, String source, List<OptionDoc> options) {
        assertThat(id).matches("[a-z][a-z0-9_-]*");
        assertThat(title).isNotBlank();
        assertThat(source).isNotBlank();
        assertThat(options).allSatisfy(o -> {
            assertThat(o.name()).matches("[a-z][a-z_]*");
            assertThat(o.type()).matches("int|float|bool|file|choice:.+");
            assertThat(o.defaultValue()).isNotBlank();
            assertThat(o.doc()).isNotBlank();
        });
    }

    @Test
    void unknownIdsAreAnsweredWithTheKnownOnes() {
        assertThatThrownBy(() -> Quantizers.byId("qubic"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("qubic")
                .hasMessageContaining("uniform");
        assertThatThrownBy(() -> Calibrators.byId("guess"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("guess")
                .hasMessageContaining("minmax")
                .hasMessageContaining("mse");
    }

    /** Every width that a scheme has, with all that can be chosen at its first value. */
    static Stream<QuantSpec> specs() {
        return Quantizers.all().stream()
                .flatMap(q -> IntStream.rangeClosed(
                                q.traits().minBits(), q.traits().maxBits())
                        .mapToObj(bits -> q.adapt(QuantSpec.WEIGHTS).withBits(bits)));
    }

    @ParameterizedTest
    @MethodSource("specs")
    void schemeResolvesEveryRangeToAFiniteGridThatHoldsTheRange(QuantSpec spec) {
        Quantizer quantizer = Quantizers.byId(spec.scheme());
        // Block formats saturate by design: E2M1 ends at 6 of 8 steps below the next power of two. Lloyd-Max levels lie
        // inside.
        // At the end of float32 the next power of two is no float any more.
        double share = quantizer.traits().blockSize() > 0 ? 0.74 : quantizer instanceof FittedQuantizer ? 0.5 : 0.999;
        for (float width : new float[] {0, Float.MIN_VALUE, 1e-30f, 1, 1e30f, Float.MAX_VALUE}) {
            QuantParams params = quantizer.resolve(spec, Granularity.TENSOR, List.of(ClipRange.symmetric(width)));
            Grid grid = params.grid(0);

            assertThat(params.slices()).isEqualTo(1);
            assertThat(params.isAffine()).isEqualTo(quantizer.traits().isAffine());
            assertThat(params.scale(0)).isFinite().isPositive();
            // A float16 scale goes up to 65504.
            double most = spec.scheme().equals("iq4_nl") ? 113 * 65_504.0 : Double.POSITIVE_INFINITY;
            assertThat((double) params.effective().getFirst().hi())
                    .isGreaterThanOrEqualTo(
                            Math.min(most, width * (width == Float.MAX_VALUE ? Math.min(share, 0.49) : share)));
            assertThat(params.effective().getFirst()).isEqualTo(grid.effective());
            assertThat(quantizer.bitsPerWeight(spec, 100_000, 10)).isBetween((double) spec.bits(), spec.bits() + 1.0);
            if (quantizer.traits().hasZero()) {
                assertThat(grid.quantize(0f)).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("quantizers")
    void schemeAdaptsEverySpecToOneThatItAccepts(Quantizer quantizer) {
        for (QuantSpec spec : List.of(
                QuantSpec.WEIGHTS,
                QuantSpec.ACTIVATIONS.withBits(16),
                QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL).withClip(new Clip.Auto("mse")),
                QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-1, 3))),
                QuantSpec.WEIGHTS.withClip(
                        new Clip.Fixed(new QuantParams(Granularity.TENSOR, new float[] {1}, new int[1], 0, 1))))) {
            QuantSpec adapted = quantizer.adapt(spec);

            assertThatCode(() -> quantizer.check(adapted)).doesNotThrowAnyException();
            assertThat(adapted.scheme()).isEqualTo(quantizer.id());
            assertThat(quantizer.adapt(adapted)).isEqualTo(adapted);
        }
    }

    /** Levels are their own images, larger values never go to lower levels, nothing in the range is farther than half a gap. */
    @ParameterizedTest
    @MethodSource("specs")
    void gridsAreIdempotentAndMonotoneAndNearest(QuantSpec spec) {
        var random = new Random(5);
        for (float width : new float[] {1e-30f, 0.3f, 1, 77, 1e30f}) {
            Grid grid = Quantizers.byId(spec.scheme())
                    .resolve(spec, Granularity.TENSOR, List.of(ClipRange.symmetric(width)))
                    .grid(0);
            for (int i = 0; i < grid.size(); i += 1 + grid.size() / 300) {
                assertThat(grid.index(grid.level(i))).isEqualTo(i);
            }
            float[] x = new float[400];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) (width * 1.5 * (2 * random.nextDouble() - 1) * Math.exp(-6 * random.nextDouble()));
            }
            Arrays.sort(x);
            float last = Float.NEGATIVE_INFINITY;
            for (float v : x) {
                float y = grid.quantize(v);
                assertThat(y).isGreaterThanOrEqualTo(last);
                assertThat(grid.quantize(y)).isEqualTo(y);
                last = y;
                int at = grid.index(v);
                double below = at == 0 ? Double.POSITIVE_INFINITY : Math.abs((double) v - grid.level(at - 1));
                double above =
                        at == grid.size() - 1 ? Double.POSITIVE_INFINITY : Math.abs((double) v - grid.level(at + 1));
                assertThat(Math.abs((double) v - y))
                        .isLessThanOrEqualTo(Math.min(below, above) + Math.abs(v) * 0x1p-22);
            }
        }
    }

    /** Which schemes hold 0 exactly is a promise to people: a change of the set is one. */
    @Test
    void everySchemeButThreeHoldsZero() {
        assertThat(Quantizers.all().stream().filter(q -> !q.traits().hasZero()).map(Quantizer::id))
                .containsExactlyInAnyOrder("lloyd-max", "binary", "iq4_nl");
    }

    /** Widths of one scheme where every level of the first is one of the second, at the same clip or at one that its search may take. */
    static Stream<QuantSpec> nested() {
        return Quantizers.all().stream()
                .filter(q -> !q.traits().fixesBits())
                .flatMap(q -> IntStream.range(
                                q.traits().minBits(), Math.min(8, q.traits().maxBits()))
                        .mapToObj(bits -> q.adapt(QuantSpec.WEIGHTS).withBits(bits)));
    }

    /**
     * The finer grid of a scheme is never worse at its own optimum, by more than a search may miss. Neighbouring widths of uniform and APoT
     * grids are not nested: values that lie on the coarser one are theirs alone, so that these are looked at on spread-out values only
     * (the nested widths of uniform grids: {@link SketchProperties#moreBitsAreNeverWorse}).
     */
    @ParameterizedTest
    @MethodSource("nested")
    void theFinerGridOfASchemeIsNeverWorseAtItsOwnOptimum(QuantSpec coarse) {
        var random = new Random(8);
        boolean nested = !List.of("uniform", "apot").contains(coarse.scheme());
        QuantSpec fine = coarse.withBits(coarse.bits() + 1);
        for (int family = 0; family < (nested ? 7 : 3); family++) {
            float[] values = new float[1500];
            for (int i = 0; i < values.length; i++) {
                double g = random.nextGaussian();
                values[i] = (float)
                        switch (family) {
                            case 0 -> g;
                            case 1 -> g * Math.abs(g);
                            case 2 -> Math.max(0, g);
                            case 3 -> random.nextInt(50) == 0 ? 100 : 0.001 * g;
                            case 4 -> 0.7;
                            case 5 -> random.nextInt(3) == 0 ? 0.3 : -1.7;
                            default -> 0;
                        };
            }
            Tensor tensor = tensor(values);
            double power = MomentSketch.of(tensor, cancel).sumSquares() / values.length;
            double before = ErrorPass.measure(
                            tensor,
                            RangeResolver.resolve(tensor, coarse.withClip(new Clip.Auto("mse")), cancel)
                                    .params(),
                            cancel)
                    .mse();
            double after = ErrorPass.measure(
                            tensor,
                            RangeResolver.resolve(tensor, fine.withClip(new Clip.Auto("mse")), cancel)
                                    .params(),
                            cancel)
                    .mse();

            assertThat(after).as("family %d", family).isLessThanOrEqualTo(before * 1.005 + 1e-12 * power);
        }
    }

    /** The sketch's promise for the grids of every scheme: the exact error lies within the bound, on data that has fooled histograms before. */
    @ParameterizedTest
    @MethodSource("specs")
    void sketchEstimatesEveryGridWithinItsBound(QuantSpec spec) {
        var random = new Random(6);
        for (int family = 0; family < 8; family++) {
            float[] values = new float[1500];
            for (int i = 0; i < values.length; i++) {
                double g = random.nextGaussian();
                values[i] = (float)
                        switch (family) {
                            case 0 -> g;
                            case 1 -> Math.pow(g, 7);
                            case 2 -> random.nextInt(50) == 0 ? 100 : 0.001 * g;
                            case 3 -> 0.7;
                            case 4 -> 0;
                            case 5 -> random.nextInt(3) == 0 ? 0.3 : -1.7;
                            case 6 -> 1 + 1e-4 * g;
                            default -> Math.max(0, g);
                        };
            }
            Tensor tensor = tensor(values);
            MomentSketch sketch = MomentSketch.of(tensor, cancel);
            for (QuantSpec s : List.of(spec, spec.withGranularity(new Granularity.PerBlock(0, 32)))) {
                if (s.granularity() instanceof Granularity.PerTensor
                        || Quantizers.byId(s.scheme()).traits().maxBits() <= 8) {
                    RangeResolver.Resolution resolution =
                            RangeResolver.resolve(tensor, s.withClip(new Clip.Auto("minmax")), cancel);
                    ErrorReport exact = ErrorPass.measure(tensor, resolution.params(), cancel);
                    ErrorEstimate estimate = MomentSketch.estimate(tensor, resolution.params(), cancel);

                    assertThat(estimate.count()).isEqualTo(exact.count());
                    assertThat(Math.abs(estimate.mse() - exact.mse())).isLessThanOrEqualTo(estimate.bound());
                    assertThat(estimate.clipped()).isBetween(0.0, (double) exact.count());
                }
            }
            for (float share : new float[] {0.1f, 0.6f}) {
                ClipRange range = ClipRange.symmetric(share * sketch.absMax());
                QuantParams params = RangeResolver.resolve(sketch, spec, range);
                double exact = ErrorPass.squaredError(values, 0, values.length, params.grid(0)) / values.length;
                ErrorEstimate estimate = sketch.estimate(params.grid(0));

                assertThat(Math.abs(estimate.mse() - exact)).isLessThanOrEqualTo(estimate.bound());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("calibratorsOfValues")
    void chosenRangesLieWithinTheDataAndNoneIsWorseThanNothing(Calibrator calibrator) {
        var random = new Random(2);
        float[] values = new float[Breadth.of(3000, 40_000)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 + random.nextGaussian());
        }
        values[9] = Float.NaN;
        for (int n : new int[] {1, 2, 100, values.length}) {
            Tensor tensor = tensor(Arrays.copyOf(values, n));
            float lo = Float.POSITIVE_INFINITY;
            float hi = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                lo = Float.isNaN(values[i]) ? lo : Math.min(lo, values[i]);
                hi = Float.isNaN(values[i]) ? hi : Math.max(hi, values[i]);
            }
            float absMax = Math.max(Math.abs(lo), Math.abs(hi));
            for (int bits : new int[] {2, 4, 8, 16}) {
                for (boolean symmetric : new boolean[] {true, false}) {
                    QuantSpec spec = QuantSpec.WEIGHTS
                            .withBits(bits)
                            .withSymmetric(symmetric)
                            .withClip(new Clip.Auto(calibrator.id(), Map.of()));
                    RangeResolver.Resolution found = RangeResolver.resolve(tensor, spec, ALIKE, cancel);
                    ClipRange range = found.requested().getFirst();

                    assertThat(range.lo()).isGreaterThanOrEqualTo(symmetric ? -absMax : Math.min(0, lo));
                    assertThat(range.hi()).isLessThanOrEqualTo(symmetric ? absMax : Math.max(0, hi));
                    var report = ErrorPass.measure(tensor, found.params(), cancel);
                    assertThat(report.sumSquaredError()).isLessThan(report.sumSquares());
                }
            }
        }
    }

    private static Tensor tensor(float[] values) {
        return new Tensor(
                new TensorInfo(
                        new TensorId("w"),
                        TensorKind.WEIGHT,
                        DType.F32,
                        Shape.of(values.length),
                        OptionalInt.empty(),
                        List.of()),
                TensorData.of(values));
    }
}
