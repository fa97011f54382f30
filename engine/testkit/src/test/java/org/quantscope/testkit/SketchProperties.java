package org.quantscope.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** The promise of the sketch: for any data and any grid, the exact error is within the bound. */
class SketchProperties {
    private static final String SEED = "20261122";
    private static final CancelToken NEVER = new CancelToken();

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

    @Property(tries = 5_000, seed = SEED)
    void exactErrorIsWithinTheBound(
            @ForAll("samples") Sample sample, @ForAll("specs") QuantSpec spec, @ForAll("shares") double share) {
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
                    Granularity.TENSOR, new float[] {sample.step}, params.zeroPoints(), params.qmin(), params.qmax());
        }
        ErrorReport exact = ErrorPass.measure(tensor, params, NEVER);
        ErrorEstimate estimate = sketch.estimate(params.grid(0));

        assertThat(estimate.count()).isEqualTo(exact.count());
        assertThat(estimate.bound()).isFinite().isNotNegative();
        assertThat(Math.abs(estimate.mse() - exact.mse())).isLessThanOrEqualTo(estimate.bound());
        assertThat(estimate.clippingMse()).isBetween(0.0, estimate.mse());
        assertThat(estimate.clipped()).isBetween(0.0, (double) exact.count());
    }

    @Property(tries = 200, seed = SEED)
    void mergingIsAssociativeAndCommutative(
            @ForAll("samples") Sample a,
            @ForAll("samples") Sample b,
            @ForAll("samples") Sample c,
            @ForAll("specs") QuantSpec spec) {
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
    }

    /**
     * Where every level of one grid is a level of the other, the other is never worse at the same clip (up to float32 rounding), and at
     * its own optimum not by more than a search may miss.
     */
    @Property(tries = 60, seed = SEED)
    void moreBitsAreNeverWorse(@ForAll("samples") Sample sample, @ForAll("nested") int[] bits) {
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
    }

    /** 2^(a-1) - 1 divides 2^(b-1) - 1. */
    @Provide
    Arbitrary<int[]> nested() {
        return Arbitraries.of(new int[] {2, 3}, new int[] {2, 8}, new int[] {3, 5}, new int[] {4, 7}, new int[] {5, 9});
    }

    @Property(tries = 300, seed = SEED)
    void quantilesAscendWithinTheData(@ForAll("samples") Sample sample) {
        MomentSketch sketch = sketch(sample.values);
        double last = sketch.min();
        for (int i = 0; i <= 20; i++) {
            double q = sketch.quantile(i / 20.0);
            assertThat(q).isBetween(last, (double) sketch.max());
            last = q;
        }
    }

    @Provide
    Arbitrary<Sample> samples() {
        return Combinators.combine(
                        Arbitraries.of(Family.values()),
                        Arbitraries.integers().between(1, 3000),
                        Arbitraries.integers().between(-20, 20),
                        Arbitraries.longs())
                .as((family, n, exponent, seed) -> draw(family, n, Math.pow(2, exponent), new Random(seed)));
    }

    private static Sample draw(Family family, int n, double unit, Random random) {
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

    private static float anyFinite(Random random) {
        float f = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(f) ? f : 0;
    }

    @Provide
    Arbitrary<QuantSpec> specs() {
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        return Combinators.combine(Arbitraries.integers().between(2, 16), flag, flag, flag)
                .as((bits, signed, symmetric, narrow) -> new QuantSpec(
                        "uniform",
                        bits,
                        signed,
                        symmetric,
                        narrow,
                        Granularity.TENSOR,
                        new Clip.Auto("minmax"),
                        Map.of()));
    }

    @Provide
    Arbitrary<Double> shares() {
        return Arbitraries.doubles().between(0, 1);
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
