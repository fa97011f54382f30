package org.quantscope.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.UniformGrid;

/** What holds for every uniform grid and every value. */
class GridProperties {
    private static final String SEED = "20261122";

    @Property(seed = SEED)
    void quantizingTwiceChangesNothing(@ForAll("grids") UniformGrid grid, @ForAll("values") float x) {
        float once = grid.quantize(x);

        assertThat(grid.quantize(once)).isEqualTo(once);
    }

    @Property(seed = SEED)
    void largerValuesNeverGoToLowerLevels(
            @ForAll("grids") UniformGrid grid, @ForAll("values") float x, @ForAll("values") float y) {
        assertThat(grid.quantize(Math.min(x, y))).isLessThanOrEqualTo(grid.quantize(Math.max(x, y)));
    }

    @Property(seed = SEED)
    void zeroIsALevel(@ForAll("grids") UniformGrid grid) {
        assertThat(grid.quantize(0f)).isZero();
        assertThat(grid.code(-0f)).isEqualTo(grid.zeroPoint());
    }

    /** Half a step, and what float32 rounding of x/scale and of the levels adds. */
    @Property(seed = SEED)
    void insideTheEffectiveRangeTheErrorIsAtMostHalfAStep(
            @ForAll("grids") UniformGrid grid, @ForAll("fractions") double fraction) {
        float x = (float) (grid.lo() + fraction * ((double) grid.hi() - grid.lo()));
        double rounding = Math.max(Math.abs(grid.lo()), Math.abs(grid.hi())) * 0x1p-22;

        assertThat(Math.abs((double) x - grid.quantize(x))).isLessThanOrEqualTo(grid.scale() / 2.0 + rounding);
    }

    @Property(seed = SEED)
    void everyLevelIsItsOwnImage(@ForAll("grids") UniformGrid grid, @ForAll("fractions") double fraction) {
        int i = (int) (fraction * (grid.size() - 1));

        assertThat(grid.index(grid.level(i))).isEqualTo(i);
        assertThat(grid.level(i)).isBetween(grid.lo(), grid.hi());
    }

    @Property(seed = SEED)
    void valuesBeyondTheEndsSaturate(@ForAll("grids") UniformGrid grid) {
        assertThat(grid.quantize(Float.MAX_VALUE)).isEqualTo(grid.hi());
        assertThat(grid.quantize(-Float.MAX_VALUE)).isEqualTo(grid.lo());
        assertThat(grid.code(Float.POSITIVE_INFINITY)).isEqualTo(grid.qmax());
        assertThat(grid.code(Float.NEGATIVE_INFINITY)).isEqualTo(grid.qmin());
    }

    /** The requested range is covered up to the shift by the rounded zero point, half a step. */
    @Property(seed = SEED)
    void effectiveRangeIsWithinHalfAStepOfTheRequestedOne(
            @ForAll("specs") QuantSpec spec, @ForAll("ranges") ClipRange range) {
        ClipRange requested = spec.symmetric() ? ClipRange.symmetric(range.absMax()) : range;
        UniformGrid grid = (UniformGrid) Quantizers.byId("uniform")
                .resolve(spec, Granularity.TENSOR, List.of(requested))
                .grid(0);
        if (requested.absMax() < 1e-30f) {
            return;
        }
        double slack = grid.scale() * 0.5 + Math.max(Math.abs(requested.lo()), requested.absMax()) * 1e-6;

        assertThat((double) grid.lo()).isCloseTo(Math.min(0, requested.lo()), within(slack));
        assertThat((double) grid.hi()).isCloseTo(Math.max(0, requested.hi()), within(slack));
    }

    @Provide
    Arbitrary<UniformGrid> grids() {
        Arbitrary<Integer> bits = Arbitraries.integers().between(1, 16);
        Arbitrary<Double> exponents = Arbitraries.doubles().between(-126, 110);
        Arbitrary<Double> positions = Arbitraries.doubles().between(0, 1);
        return Combinators.combine(bits, exponents, positions).as((b, e, p) -> {
            int qmax = (1 << b) - 1;
            return new UniformGrid((float) Math.pow(2, e), (int) Math.round(p * qmax), 0, qmax);
        });
    }

    @Provide
    Arbitrary<Float> values() {
        return Arbitraries.integers().map(Float::intBitsToFloat).filter(Float::isFinite);
    }

    @Provide
    Arbitrary<Double> fractions() {
        return Arbitraries.doubles().between(0, 1);
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
    Arbitrary<ClipRange> ranges() {
        Arbitrary<Float> ends = Arbitraries.floats().between(-1e30f, 1e30f);
        return Combinators.combine(ends, ends).as((a, b) -> new ClipRange(Math.min(a, b), Math.max(a, b)));
    }
}
