package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.testkit.Draw;

/** What holds for every uniform grid and every value. */
class GridPropertiesTest {
    static LongStream seeds() {
        return LongStream.range(0, 10);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void quantizingTwiceChangesNothing(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            float x = draw.finite();
            float once = grid.quantize(x);

            assertThat(grid.quantize(once)).isEqualTo(once);
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void largerValuesNeverGoToLowerLevels(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            float x = draw.finite();
            float y = draw.finite();
            assertThat(grid.quantize(Math.min(x, y))).isLessThanOrEqualTo(grid.quantize(Math.max(x, y)));
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void zeroIsALevel(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            assertThat(grid.quantize(0f)).isZero();
            assertThat(grid.code(-0f)).isEqualTo(grid.zeroPoint());
        });
    }

    /** Half a step, and what float32 rounding of x/scale and of the levels adds. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void insideTheEffectiveRangeTheErrorIsAtMostHalfAStep(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            double fraction = draw.between(0.0, 1.0);
            float x = (float) (grid.lo() + fraction * ((double) grid.hi() - grid.lo()));
            double rounding = Math.max(Math.abs(grid.lo()), Math.abs(grid.hi())) * 0x1p-22;

            assertThat(Math.abs((double) x - grid.quantize(x))).isLessThanOrEqualTo(grid.scale() / 2.0 + rounding);
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everyLevelIsItsOwnImage(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            double fraction = draw.between(0.0, 1.0);
            int i = (int) (fraction * (grid.size() - 1));

            assertThat(grid.index(grid.level(i))).isEqualTo(i);
            assertThat(grid.level(i)).isBetween(grid.lo(), grid.hi());
        });
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void valuesBeyondTheEndsSaturate(long seed) {
        Draw.cases(seed, 100, draw -> {
            UniformGrid grid = grid(draw);
            assertThat(grid.quantize(Float.MAX_VALUE)).isEqualTo(grid.hi());
            assertThat(grid.quantize(-Float.MAX_VALUE)).isEqualTo(grid.lo());
            assertThat(grid.code(Float.POSITIVE_INFINITY)).isEqualTo(grid.qmax());
            assertThat(grid.code(Float.NEGATIVE_INFINITY)).isEqualTo(grid.qmin());
        });
    }

    /** The requested range is covered up to the shift by the rounded zero point, half a step. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void effectiveRangeIsWithinHalfAStepOfTheRequestedOne(long seed) {
        Draw.cases(seed, 100, draw -> {
            QuantSpec spec = spec(draw);
            ClipRange range = range(draw);
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
        });
    }

    private static UniformGrid grid(Draw draw) {
        int qmax = (1 << draw.between(1, 16)) - 1;
        float scale = (float) Math.pow(2, draw.between(-126.0, 110.0));
        return new UniformGrid(scale, (int) Math.round(draw.between(0.0, 1.0) * qmax), 0, qmax);
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

    /** Ends of all magnitudes up to 1e30. */
    private static ClipRange range(Draw draw) {
        float a = end(draw);
        float b = end(draw);
        return new ClipRange(Math.min(a, b), Math.max(a, b));
    }

    private static float end(Draw draw) {
        float f = draw.finite();
        return Math.abs(f) <= 1e30f ? f : (float) draw.between(-1e30, 1e30);
    }
}
