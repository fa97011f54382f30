package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;

class UniformQuantizerTest {
    private static final float[] MICRO = {-1, -0.3f, -0.0625f, 0, 0.1f, 0.5f, 0.75f, 2};

    private final UniformQuantizer quantizer = new UniformQuantizer();

    /** Computed with the formulas of ONNX Runtime, independently of this project. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "uint8 asymmetric, 8, false, false, true, -1, 2, 0.0117647061, 85, 0 59 80 85 93 127 149 255, 1.57467e-5,"
                + " 0.00588235, 46.718",
        "int8 asymmetric, 8, true, false, true, -1, 2, 0.0117647061, -43, -128 -69 -48 -43 -35 -1 21 127, 1.57467e-5,"
                + " 0.00588235, 46.718",
        "int8 symmetric, 8, true, true, true, -2, 2, 0.0157480314, 0, -64 -19 -4 0 6 32 48 127, 1.79522e-5,"
                + " 0.00787401, 46.149",
        "uint8 symmetric, 8, false, true, true, -2, 2, 0.0157480314, 127, 63 108 123 127 133 159 175 254, 1.79522e-5,"
                + " 0.00787401, 46.149",
        "uint8 clipped, 8, false, false, true, -0.5, 1, 0.00588235306, 85, 0 34 74 85 102 170 213 255, 0.156252, 1,"
                + " 6.751",
        "int4 full range, 4, true, true, false, -2, 2, 0.266666681, 0, -4 -1 0 0 0 2 3 7, 5.10633e-3, 0.133333, 21.609",
        "int4 restricted, 4, true, true, true, -2, 2, 0.285714298, 0, -3 -1 0 0 0 2 3 7, 6.38752e-3, 0.142857, 20.636",
        "uint4 asymmetric, 4, false, false, true, -1, 2, 0.200000003, 5, 0 3 5 5 5 7 9 15, 4.55078e-3, 0.1, 22.109",
    })
    void goldenVector(
            String name,
            int bits,
            boolean signed,
            boolean symmetric,
            boolean narrow,
            float lo,
            float hi,
            float scale,
            int zeroPoint,
            String codes,
            double mse,
            double maxError,
            double sqnr) {
        QuantSpec spec = spec(bits, signed, symmetric, narrow);
        QuantParams params = resolve(spec, lo, hi);
        UniformGrid grid = (UniformGrid) params.grid(0);
        int[] expected = java.util.Arrays.stream(codes.split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
        int[] actual =
                IntStream.range(0, MICRO.length).map(i -> grid.code(MICRO[i])).toArray();

        assertThat(params.scale(0)).isEqualTo(scale);
        assertThat(params.zeroPoint(0)).isEqualTo(zeroPoint);
        assertThat(actual).containsExactly(expected);
        ErrorReport report = ErrorPass.measure(Oracles.tensor(MICRO), params, new CancelToken());
        assertThat(report.mse()).isCloseTo(mse, within(mse * 1e-5));
        assertThat(report.maxAbsError()).isCloseTo(maxError, within(maxError * 1e-5));
        assertThat(report.sqnrDb().orElseThrow()).isCloseTo(sqnr, within(6e-4));
    }

    @Test
    void tiesGoToTheEvenCode() {
        UniformGrid grid = new UniformGrid(1, 0, -128, 127);
        float[] ties = {-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f};
        int[] codes =
                IntStream.range(0, ties.length).map(i -> grid.code(ties[i])).toArray();

        assertThat(codes).containsExactly(-2, -2, 0, 0, 2, 2);
    }

    @Test
    void codeRanges() {
        assertThat(resolve(spec(8, true, true, true), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(-127, 127);
        assertThat(resolve(spec(8, true, true, false), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(-128, 127);
        assertThat(resolve(spec(8, false, true, true), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(0, 254);
        assertThat(resolve(spec(8, false, true, false), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(0, 255);
        assertThat(resolve(spec(16, false, false, true), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(0, 65535);
        assertThat(resolve(spec(2, true, true, true), -1, 1))
                .extracting(QuantParams::qmin, QuantParams::qmax)
                .containsExactly(-1, 1);
    }

    @Test
    void asymmetricRangeIncludesZero() {
        QuantParams above = resolve(spec(8, false, false, false), 1, 3);
        QuantParams below = resolve(spec(8, false, false, false), -3, -1);

        assertThat(above.zeroPoint(0)).isZero();
        assertThat(above.effective().getFirst()).isEqualTo(new ClipRange(0, 3));
        assertThat(below.zeroPoint(0)).isEqualTo(255);
        assertThat(below.effective().getFirst().hi()).isZero();
    }

    @Test
    void rangeWithoutWidthGivesScaleOne() {
        for (float absMax : new float[] {0, Float.MIN_VALUE, Float.MIN_NORMAL}) {
            assertThat(resolve(spec(8, true, true, true), -absMax, absMax)).isEqualTo(params(1, 0, -127, 127));
            assertThat(resolve(spec(8, false, true, true), -absMax, absMax)).isEqualTo(params(1, 127, 0, 254));
            assertThat(resolve(spec(8, false, false, true), -absMax, absMax)).isEqualTo(params(1, 0, 0, 255));
            assertThat(resolve(spec(8, true, false, true), -absMax, absMax)).isEqualTo(params(1, 0, -128, 127));
        }
    }

    @Test
    void levelsOfTheWidestRangesAreFinite() {
        for (int bits = 2; bits <= 16; bits++) {
            for (QuantSpec spec : List.of(
                    spec(bits, true, true, true), spec(bits, true, true, false), spec(bits, false, false, false))) {
                Grid grid = resolve(spec, -Float.MAX_VALUE, Float.MAX_VALUE).grid(0);

                assertThat(grid.lo()).isFinite();
                assertThat(grid.hi()).isFinite().isGreaterThan(Float.MAX_VALUE * 0.4f);
            }
        }
    }

    @Test
    void bitsPerWeightCountsScalesAndZeroPoints() {
        assertThat(quantizer.bitsPerWeight(spec(4, true, true, true), 1024, 8)).isEqualTo(4 + 8 * 32 / 1024.0);
        assertThat(quantizer.bitsPerWeight(spec(4, true, false, true), 1024, 8)).isEqualTo(4 + 8 * 36 / 1024.0);
        assertThat(quantizer.bitsPerWeight(spec(4, true, true, true), 0, 1)).isEqualTo(4);
    }

    @Test
    void unknownOptionIsRefusedByName() {
        var spec = new QuantSpec(
                "uniform", 8, true, true, true, Granularity.TENSOR, new Clip.Auto("minmax"), Map.of("colour", "red"));

        assertThatThrownBy(() -> quantizer.check(spec))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("colour");
    }

    @Test
    void gridWithInfiniteLevelsCannotExist() {
        assertThatThrownBy(() -> new UniformGrid(Float.MAX_VALUE, 0, -2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scale")
                .hasMessageContaining("3.4028235E38");
    }

    private QuantParams resolve(QuantSpec spec, float lo, float hi) {
        return quantizer.resolve(spec, Granularity.TENSOR, List.of(new ClipRange(lo, hi)));
    }

    private static QuantSpec spec(int bits, boolean signed, boolean symmetric, boolean narrow) {
        return new QuantSpec(
                "uniform", bits, signed, symmetric, narrow, Granularity.TENSOR, new Clip.Auto("minmax"), Map.of());
    }

    private static QuantParams params(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }
}
