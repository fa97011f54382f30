package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.Draw;

/** The promise of the sketch: for any data and any grid, the exact error is within the bound. */
class SketchPropertiesTest {
    /** Numbers of bits of which 2^(a-1) - 1 divides 2^(b-1) - 1. */
    private static final List<int[]> NESTED =
            List.of(new int[] {2, 3}, new int[] {2, 8}, new int[] {3, 5}, new int[] {4, 7}, new int[] {5, 9});

    private static final CancelToken NEVER = new CancelToken();
    /** Values of a sample. */
    private static final int MOST = 3000;
    /** Of any bits even as few seldom meet in a bin, and each sign and exponent takes a row of the table. */
    private static final int ANY_BITS = 100;

    /** Shapes of data that have fooled histograms before. */
    enum Family {
        GAUSSIAN,
        HEAVY_TAILED,
        SPIKES,
        CONSTANT,
        ZEROS,
        TWO_VALUES,
        ON_THE_GRID,
        ON_TIES,
        NARROW_BAND,
        RECTIFIED,
        ANY_BITS
    }

    /** Data, with the step of a grid that it was made for. */
    static final class Sample {
        private final Family family;
        private final float[] values;
        private final float step;

        Sample(Family family, float[] values, float step) {
            this.family = family;
            this.values = values;
            this.step = step;
        }

        @Override
        public String toString() {
            return family + " of " + values.length + ", step " + step;
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 10);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void exactErrorIsWithinTheBound(long seed) {
        Draw.cases(seed, 500, draw -> {
            Sample sample = sample(draw);
            QuantSpec spec = spec(draw);
            double share = draw.between(0.0, 1.0);
            MomentSketch sketch = sketch(sample.values);
            Tensor tensor = tensor(sample.values);
            boolean useStep = share < 0.3;
            float absMax = (float) Math.min(1e38, sketch.absMax() * share * 1.2);
            ClipRange range = spec.symmetric()
                    ? ClipRange.symmetric(absMax)
                    : new ClipRange((float) (Math.min(0, Math.max(-1e38f, sketch.min())) * share), (float)
                            (Math.max(0, Math.min(1e38f, sketch.max())) * (1 - share / 3)));
            QuantParams params = RangeResolver.resolve(tensor, spec, List.of(range));
            if (useStep && Float.isFinite(sample.step * 65_536)) {
                params = new QuantParams(
                        Granularity.TENSOR,
                        new float[] {sample.step},
                        params.zeroPoints(),
                        params.qmin(),
                        params.qmax());
            }
            ErrorReport exact = ErrorPass.measure(tensor, params, NEVER);
            ErrorEstimate estimate = sketch.estimate(params.grid(0));

            assertThat(estimate.count()).isEqualTo(exact.count());
            assertThat(estimate.bound()).isFinite().isNotNegative();
            assertThat(Math.abs(estimate.mse() - exact.mse())).isLessThanOrEqualTo(estimate.bound());
            assertThat(estimate.clippingMse()).isBetween(0.0, estimate.mse());
            assertThat(estimate.clipped()).isBetween(0.0, (double) exact.count());
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void mergingIsAssociativeAndCommutative(long seed) {
        Draw.cases(seed, 20, draw -> {
            Sample a = sample(draw);
            Sample b = sample(draw);
            Sample c = sample(draw);
            QuantSpec spec = spec(draw);
            MomentSketch left = sketch(a.values);
            left.merge(sketch(b.values));
            left.merge(sketch(c.values));
            MomentSketch tail = sketch(c.values);
            tail.merge(sketch(b.values));
            MomentSketch right = sketch(new float[0]);
            right.merge(tail);
            right.merge(sketch(a.values));
            var grid = RangeResolver.resolve(tensor(new float[1]), spec, List.of(ClipRange.symmetric(1)))
                    .grid(0);

            assertThat(right.estimate(grid)).isEqualTo(left.estimate(grid));
            assertThat(right.zeros()).isEqualTo(left.zeros());
            assertThat(right.min()).isEqualTo(left.min());
            assertThat(right.max()).isEqualTo(left.max());
        });
    }

    /**
     * Where every level of one grid is a level of the other, the other is never worse at the same clip (up to float32 rounding), and at
     * its own optimum not by more than a search may miss.
     */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void moreBitsAreNeverWorse(long seed) {
        Draw.cases(seed, 6, draw -> {
            Sample sample = sample(draw);
            int[] bits = draw.of(NESTED);
            Tensor tensor = tensor(sample.values);
            double power = sketch(sample.values).sumSquares() / sample.values.length;
            QuantSpec few = QuantSpec.WEIGHTS.withBits(bits[0]).withClip(new Clip.Auto("mse"));
            QuantSpec more = few.withBits(bits[1]);
            RangeResolver.Resolution best = RangeResolver.resolve(tensor, few, NEVER);
            double before = ErrorPass.measure(tensor, best.params(), NEVER).mse();
            double sameClip = ErrorPass.measure(tensor, RangeResolver.resolve(tensor, more, best.requested()), NEVER)
                    .mse();
            double ownOptimum = ErrorPass.measure(
                            tensor, RangeResolver.resolve(tensor, more, NEVER).params(), NEVER)
                    .mse();

            assertThat(Math.sqrt(sameClip)).isLessThanOrEqualTo(Math.sqrt(before) + 0x1p-21 * Math.sqrt(power));
            assertThat(ownOptimum).isLessThanOrEqualTo(before * 1.01 + 1e-4 * power);
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void quantilesAscendWithinTheData(long seed) {
        Draw.cases(seed, 30, draw -> {
            Sample sample = sample(draw);
            MomentSketch sketch = sketch(sample.values);
            double last = sketch.min();
            for (int i = 0; i <= 20; i++) {
                double q = sketch.quantile(i / 20.0);
                assertThat(q).isBetween(last, (double) sketch.max());
                last = q;
            }
        });
    }

    private static Sample sample(Draw draw) {
        Family family = draw.of(Family.values());
        int most = family == Family.ANY_BITS ? ANY_BITS : MOST;
        return sample(family, draw.between(1, most), Math.pow(2, draw.between(-20, 20)), draw.random());
    }

    private static Sample sample(Family family, int n, double unit, RandomGenerator random) {
        float step = (float) (unit * (0.01 + random.nextDouble()));
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = switch (family) {
                case GAUSSIAN -> (float) (unit * random.nextGaussian());
                case HEAVY_TAILED -> (float) (unit * Math.pow(random.nextGaussian(), 7));
                case SPIKES -> (float) (random.nextInt(50) == 0 ? 100 * unit : unit * 0.001 * random.nextGaussian());
                case CONSTANT -> step;
                case ZEROS -> random.nextBoolean() ? 0f : -0f;
                case TWO_VALUES -> random.nextInt(3) == 0 ? step : -2.5f * step;
                case ON_THE_GRID -> (random.nextInt(300) - 150) * step;
                case ON_TIES -> (random.nextInt(300) - 150 + 0.5f) * step;
                case NARROW_BAND -> (float) (unit * (1 + 1e-4 * random.nextGaussian()));
                case RECTIFIED -> (float) Math.max(0, unit * random.nextGaussian());
                case ANY_BITS -> anyFinite(random);
            };
        }
        return new Sample(family, values, step);
    }

    private static float anyFinite(RandomGenerator random) {
        float f = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(f) ? f : 0;
    }

    private static QuantSpec spec(Draw draw) {
        return new QuantSpec(
                "uniform",
                draw.between(2, 16),
                draw.flag(),
                draw.flag(),
                draw.flag(),
                Granularity.TENSOR,
                new Clip.Auto("minmax"),
                Map.of());
    }

    private static MomentSketch sketch(float[] values) {
        var sketch = new MomentSketch();
        sketch.add(values, 0, values.length);
        return sketch;
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
