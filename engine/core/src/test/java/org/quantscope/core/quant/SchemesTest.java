package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.tensor.Tensor;
import tools.jackson.databind.JsonNode;

/** The schemes against figures that other people's software and specifications give; where from is said at each. */
class SchemesTest {
    /** The golden micro-vector of the oracle tables. */
    private static final float[] MICRO = {-1, -0.3f, -0.0625f, 0, 0.1f, 0.5f, 0.75f, 2};

    private final CancelToken cancel = new CancelToken();

    private static QuantSpec spec(String scheme) {
        return Quantizers.byId(scheme).adapt(QuantSpec.WEIGHTS);
    }

    private ErrorReport report(Tensor tensor, QuantSpec spec) {
        return ErrorPass.measure(
                tensor, RangeResolver.resolve(tensor, spec, cancel).params(), cancel);
    }

    /** Golden vector rows "NF4 (absmax 2)" and "MXFP4 (one block)", computed in float32 by the formulas of bitsandbytes and of OCP MX 1.0. */
    @Test
    void goldenVectorInNf4AndMxfp4() {
        Tensor tensor = Oracles.tensor(MICRO);
        QuantParams nf4 = RangeResolver.resolve(tensor, spec("nf4"), cancel).params();
        Grid grid = nf4.grid(0);
        int[] indices = new int[MICRO.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = grid.index(MICRO[i]);
        }
        assertThat(indices).containsExactly(2, 5, 7, 7, 8, 10, 11, 15);
        assertThat(ErrorPass.fakeQuantize(tensor, nf4, cancel))
                .usingComparatorWithPrecision(1e-6f)
                .containsExactly(-1.050146f, -0.369547f, 0f, 0f, 0.159161f, 0.492225f, 0.67583f, 2f);
        ErrorReport nf4Report = report(tensor, spec("nf4"));
        assertThat(nf4Report.mse()).isCloseTo(2.53990e-3, within(1e-8));
        assertThat(nf4Report.sqnrDb().orElseThrow()).isCloseTo(24.642, within(1e-3));

        QuantParams mx = RangeResolver.resolve(tensor, spec("mxfp4"), cancel).params();
        assertThat(mx.scales()).containsExactly(0.5f);
        assertThat(ErrorPass.fakeQuantize(tensor, mx, cancel)).containsExactly(-1, -0.25f, 0, 0, 0, 0.5f, 0.75f, 2);
        ErrorReport mxReport = report(tensor, spec("mxfp4"));
        assertThat(mxReport.mse()).isCloseTo(2.05078e-3, within(1e-8));
        assertThat(mxReport.sqnrDb().orElseThrow()).isCloseTo(25.570, within(1e-3));
    }

    /** The tables of all non-negative codes in oracles.json (OCP FP8 1.0 and MX 1.0; ml_dtypes). */
    @ParameterizedTest
    @EnumSource(Minifloat.class)
    void minifloatsHaveAllTheirCodes(Minifloat format) {
        JsonNode table = Oracles.FIGURES
                .get("_minifloat_non_negative_codes")
                .get(format.name().toLowerCase(java.util.Locale.ROOT));

        for (int code = 0; code < table.size(); code++) {
            if (code < format.codes()) {
                assertThat(format.magnitude(code))
                        .isEqualTo((float) table.get(code).asDouble());
            } else {
                assertThat(table.get(code).asString()).isIn("inf", "nan");
            }
        }
        assertThat(format.codebook().size()).isEqualTo(2 * format.codes() - 1);
    }

    /** ONNX technical notes on float8, and OCP MX 1.0 table 5. */
    @Test
    void minifloatsHaveTheirPublishedEnds() {
        assertThat(Minifloat.E4M3FN.max()).isEqualTo(448);
        assertThat(Minifloat.E4M3FN.magnitude(1)).isEqualTo(0x1p-9f);
        assertThat(Minifloat.E5M2.max()).isEqualTo(57344);
        assertThat(Minifloat.E5M2.magnitude(1)).isEqualTo(0x1p-16f);
        assertThat(Minifloat.E2M3.max()).isEqualTo(7.5f);
        assertThat(Minifloat.E3M2.max()).isEqualTo(28);
        assertThat(Minifloat.E2M1.max()).isEqualTo(6);
        assertThat(Minifloat.E2M3.magnitude(1)).isEqualTo(0.125f);
        assertThat(Minifloat.E3M2.magnitude(1)).isEqualTo(0.0625f);
        // Non-negative finite codes.
        assertThat(java.util.stream.Stream.of(
                                Minifloat.E4M3FN, Minifloat.E5M2, Minifloat.E2M3, Minifloat.E3M2, Minifloat.E2M1)
                        .map(Minifloat::codes))
                .containsExactly(127, 124, 32, 32, 8);
    }

    /** Rounding to even codes, halfway cases of E2M1: 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5. */
    @Test
    void halvesOfMinifloatsGoToTheEvenCode() {
        CodebookGrid grid = Minifloat.E2M1.codebook();
        float[] halves = {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5};
        float[] even = {0, 1, 1, 2, 2, 4, 4};
        for (int i = 0; i < halves.length; i++) {
            assertThat(grid.quantize(halves[i])).isEqualTo(even[i]);
            assertThat(grid.quantize(-halves[i])).isEqualTo(-even[i] + 0f);
        }
    }

    /** The levels computed from normal quantiles (oracles.json "_nf4"); bitsandbytes' float32 constants agree within 2e-7. */
    @Test
    void nf4HasTheLevelsOfTheNormalQuantiles() {
        Grid grid = Quantizers.byId("nf4")
                .resolve(spec("nf4"), Granularity.TENSOR, List.of(ClipRange.symmetric(1)))
                .grid(0);
        JsonNode table = Oracles.FIGURES.get("_nf4");

        assertThat(grid.size()).isEqualTo(16);
        for (int i = 0; i < 16; i++) {
            assertThat((double) grid.level(i)).isCloseTo(table.get(i).asDouble(), within(2e-7));
        }
    }

    /** llama.cpp block_iq4_nl: 18 bytes for 32 values are 4.5 bits each, which is true only if the scale fits 16 of them. */
    @ParameterizedTest
    @ValueSource(floats = {1e-9f, 3e-6f, 0.0123f, 1, 113, 777.7f, 8e6f})
    void iq4NlHasAFloat16ScaleThatCoversTheRange(float absMax) {
        QuantParams params = Quantizers.byId("iq4_nl")
                .resolve(spec("iq4_nl"), Granularity.TENSOR, List.of(new ClipRange(-absMax / 3, absMax)));
        float scale = params.scale(0);

        assertThat(Float.float16ToFloat(Float.floatToFloat16(scale))).isEqualTo(scale);
        assertThat(params.effective(0).hi()).isGreaterThanOrEqualTo(Math.min(absMax, 113 * 65504f));
        short below = (short) (Float.floatToFloat16(scale) - 1);
        assertThat(113 * Float.float16ToFloat(below)).isLessThan(absMax);
    }

    @Test
    void iq4NlClipsWhatNoFloat16ScaleReaches() {
        var params = Quantizers.byId("iq4_nl")
                .resolve(spec("iq4_nl"), Granularity.TENSOR, List.of(new ClipRange(-1e30f, 0)));

        assertThat(params.scale(0)).isEqualTo(65504f);
    }

    /** llama.cpp kvalues_iq4nl. */
    @Test
    void iq4NlHasItsSixteenIntegers() {
        var grid = (CodebookGrid) Quantizers.byId("iq4_nl")
                .resolve(spec("iq4_nl"), Granularity.TENSOR, List.of(new ClipRange(-127, 113)))
                .grid(0);

        assertThat(grid.levels())
                .containsExactly(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
    }

    /** OCP MX 1.0 §6.3 as microxcaling computes it: shared exponent ⌊log2 max⌋ − emax with emax 15, 8, 4, 2, 2, 0, at least −127. */
    @ParameterizedTest
    @CsvSource({"mxfp8_e5m2, 15", "mxfp8_e4m3, 8", "mxfp6_e3m2, 4", "mxfp6_e2m3, 2", "mxfp4, 2", "mxint8, 0"})
    void scaleOfAnMxBlockIsThePowerOfTwoOfItsLargestValue(String scheme, int emax) {
        QuantSpec spec = spec(scheme);
        for (float most : new float[] {1, 1.99f, 2, 3.7f, 1e-3f, 1e30f, Float.MAX_VALUE, 0x1p-126f, Float.MIN_VALUE}) {
            QuantParams params = Quantizers.byId(scheme)
                    .resolve(spec, new Granularity.PerBlock(0, 32), List.of(ClipRange.symmetric(most)));
            int exponent = Math.max(-127, (int) Math.floor(Math.log(most) / Math.log(2) + 1e-12) - emax);

            assertThat(params.scale(0)).isEqualTo(Math.scalb(1f, exponent));
        }
        assertThat(Quantizers.byId(scheme)
                        .resolve(spec, new Granularity.PerBlock(0, 32), List.of(ClipRange.symmetric(0)))
                        .scale(0))
                .isEqualTo(1);
    }

    /** MXINT8: 127/64 is the largest element. */
    @Test
    void mxint8EndsAt127Of64() {
        QuantParams params = Quantizers.byId("mxint8")
                .resolve(spec("mxint8"), new Granularity.PerBlock(0, 32), List.of(ClipRange.symmetric(1)));

        assertThat(params.effective()).containsExactly(ClipRange.symmetric(1.984375f));
        assertThat(params.grid(0).size()).isEqualTo(255);
    }

    /** 136 and 264 bits for a block of 32 (OCP MX 1.0), NVFP4 a byte for 16 values and a float for the tensor, others by hand. */
    @ParameterizedTest
    @CsvSource({
        "mxfp4, 32, 4.25", "mxfp6_e2m3, 32, 6.25", "mxfp6_e3m2, 32, 6.25", "mxfp8_e4m3, 32, 8.25",
                "mxfp8_e5m2, 32, 8.25", "mxint8, 32, 8.25",
        "nvfp4, 16, 4.53125", "nf4, 64, 4.5", "iq4_nl, 32, 4.5", "fp8_e4m3fn, 1024, 8.03125", "ternary, 1024, 2.03125",
                "binary, 1024, 1.03125",
        "uniform, 1024, 8.03125", "pot, 1024, 8.0078125", "log2, 1024, 8.03125", "apot, 1024, 8.03125",
                "lloyd-max, 1024, 16",
    })
    void bitsPerWeightCountScalesAndCodebooks(String scheme, int slice, double bits) {
        assertThat(Quantizers.byId(scheme).bitsPerWeight(spec(scheme), 1024, 1024 / slice))
                .isEqualTo(bits);
    }

    @Test
    void nvfp4HasFp8BlockScalesUnderATensorScale() {
        QuantSpec spec = spec("nvfp4");
        List<ClipRange> ranges = List.of(
                ClipRange.symmetric(2688), ClipRange.symmetric(6), ClipRange.symmetric(100), ClipRange.symmetric(0));
        QuantParams params = Quantizers.byId("nvfp4").resolve(spec, new Granularity.PerBlock(0, 16), ranges);

        // max 2688 = 448 * 6 makes the tensor scale 1; 100/6 = 16.67 rounds to 16 in E4M3 (steps of 2 there).
        assertThat(params.scales()).containsExactly(448, 1, 16, 0x1p-9f);
        assertThat(params.effective().get(2)).isEqualTo(ClipRange.symmetric(96));
    }

    /** The sets of the paper's figure 1 and of the authors' build_power_value for 2 to 4 magnitude bits. */
    @Test
    void apotHasTheAuthorsLevels() {
        assertThat(positive("apot", 3)).containsExactly(0, 0.25f, 0.5f, 1);
        assertThat(positive("apot", 4))
                .containsExactly(scaled(1 / 0.625, 0, 0.0625, 0.125, 0.1875, 0.25, 0.375, 0.5, 0.625));
        assertThat(positive("apot", 5))
                .containsExactly(scaled(
                        1 / 0.75, 0, 0.015625, 0.03125, 0.046875, 0.0625, 0.09375, 0.125, 0.140625, 0.1875, 0.25,
                        0.28125, 0.375, 0.5, 0.515625, 0.5625, 0.75));
        for (int bits = 2; bits <= 8; bits++) {
            assertThat(positive("apot", bits)).hasSize(1 << (bits - 1));
        }
    }

    private static float[] scaled(double factor, double... values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (values[i] * factor);
        }
        return out;
    }

    @Test
    void log2HasPowersOfTwo() {
        assertThat(positive("log2", 3)).containsExactly(0, 0.25f, 0.5f, 1);
        assertThat(positive("log2", 4)).containsExactly(0, 0x1p-6f, 0x1p-5f, 0x1p-4f, 0.125f, 0.25f, 0.5f, 1);
    }

    private static float[] positive(String scheme, int bits) {
        Grid grid = Quantizers.byId(scheme)
                .resolve(spec(scheme).withBits(bits), Granularity.TENSOR, List.of(ClipRange.symmetric(1)))
                .grid(0);
        Grid unsigned = Quantizers.byId(scheme)
                .resolve(
                        spec(scheme).withBits(bits).withSigned(false),
                        Granularity.TENSOR,
                        List.of(ClipRange.symmetric(1)))
                .grid(0);
        float[] levels = new float[grid.size() / 2 + 1];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = grid.level(grid.size() / 2 + i);
            assertThat(grid.level(grid.size() / 2 - i)).isEqualTo(0f - levels[i]);
        }
        assertThat(unsigned.lo()).isZero();
        assertThat(unsigned.size()).isGreaterThanOrEqualTo(grid.size());
        return levels;
    }

    @Test
    void powerOfTwoScalesCoverTheRange() {
        for (QuantSpec spec : List.of(
                spec("pot"),
                spec("pot").withRestrictedRange(false),
                spec("pot").withSymmetric(false),
                spec("pot").withSigned(false))) {
            for (float width : new float[] {1e-30f, 0.9f, 1, 127, 128, 1e30f}) {
                ClipRange range = spec.symmetric() ? ClipRange.symmetric(width) : new ClipRange(-0.3f * width, width);
                QuantParams params = Quantizers.byId("pot").resolve(spec, Granularity.TENSOR, List.of(range));
                QuantParams uniform = Quantizers.byId("uniform")
                        .resolve(spec.withScheme("uniform"), Granularity.TENSOR, List.of(range));
                float scale = params.scale(0);

                assertThat(scale).isEqualTo(Math.scalb(1f, Math.getExponent(scale)));
                assertThat(scale).isBetween(uniform.scale(0), 2 * uniform.scale(0));
            }
        }
    }

    /** Globally optimal 1-D k-means on the first 2048 values (oracles.json "kmeans_exact", dynamic programming). */
    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant"})
    void lloydMaxIsTheOptimalKMeans(String array) {
        float[] values = java.util.Arrays.copyOf(Oracles.array(array), 2048);
        JsonNode table = Oracles.FIGURES.get(array).get("kmeans_exact");
        for (int bits = 2; bits <= 4; bits++) {
            double optimum = table.get(Integer.toString(1 << bits)).asDouble();
            double error = report(Oracles.tensor(values), spec("lloyd-max").withBits(bits))
                    .sumSquaredError();

            assertThat(error).isBetween(optimum * (1 - 1e-6), optimum * 1.0001 + 1e-9);
        }
    }

    /** Max 1960 and Lloyd 1982, to the digits of the oracle table 4.4 (closed-form segment integrals, unit variance), on millions of quantiles: their tail has to be long. */
    @ParameterizedTest
    @CsvSource({
        "false, 2, 0.117482", "false, 3, 0.034548", "false, 4, 0.009501", "false, 5, 0.002505",
        "true, 2, 0.176195", "true, 3, 0.054476", "true, 4, 0.015373", "true, 5, 0.004102",
    })
    void lloydMaxComesWithinATenthOfAPercentOfTheTables(boolean laplace, int bits, double mse) {
        Tensor tensor =
                Oracles.tensor(laplace ? Densities.laplace(6_000_000, Math.sqrt(0.5)) : Densities.gauss(1_000_000));

        assertThat(report(tensor, spec("lloyd-max").withBits(bits)).mse()).isCloseTo(mse, within(mse * 1e-3));
    }

    /** Oracle table 4.4: positive levels of the 16-level codebooks. */
    @Test
    void lloydMaxHasTheLevelsOfTheTables() {
        assertLevels(Densities.gauss(1_000_000), 3, 0.2451, 0.7560, 1.3439, 2.1519);
        assertLevels(Densities.gauss(1_000_000), 4, 0.1284, 0.3880, 0.6568, 0.9423, 1.2562, 1.6180, 2.0690, 2.7326);
        assertLevels(
                Densities.laplace(1_000_000, Math.sqrt(0.5)),
                4,
                0.1240,
                0.4048,
                0.7287,
                1.1110,
                1.5778,
                2.1773,
                3.0169,
                4.4311);
    }

    private void assertLevels(float[] values, int bits, double... positive) {
        Grid grid = RangeResolver.resolve(
                        Oracles.tensor(values), spec("lloyd-max").withBits(bits), cancel)
                .params()
                .grid(0);
        for (int i = 0; i < positive.length; i++) {
            assertThat((double) grid.level(positive.length + i)).isCloseTo(positive[i], within(positive[i] * 0.004));
            assertThat((double) grid.level(positive.length - 1 - i))
                    .isCloseTo(-positive[i], within(positive[i] * 0.004));
        }
    }

    @Test
    void lloydMaxFitsOnlyWhatLiesInTheClip() {
        Tensor tensor = Oracles.tensor(new float[] {-100, -1, -1, 0, 0, 2, 3, 3, 50});
        QuantSpec spec = spec("lloyd-max").withBits(3).withClip(new Clip.Manual(new ClipRange(-1, 3)));

        assertThat(((CodebookGrid) RangeResolver.resolve(tensor, spec, cancel)
                                .params()
                                .grid(0))
                        .levels())
                .containsExactly(-1, 0, 2, 3);
        assertThat(((CodebookGrid) RangeResolver.resolve(tensor, spec.withClip(new Clip.Auto("minmax")), cancel)
                                .params()
                                .grid(0))
                        .levels())
                .containsExactly(-100, -1, 0, 2, 3, 50);
    }

    @Test
    void lloydMaxHasACodebookForEachChannel() {
        Tensor tensor = Oracles.tensor(new float[] {1, 1, 2, 2, 7, 7, 9, 9}, 2, 4);
        QuantParams params = RangeResolver.resolve(
                        tensor, spec("lloyd-max").withBits(2).withGranularity(new Granularity.PerChannel(0)), cancel)
                .params();

        assertThat(params.codebooks()).containsExactly(new CodebookGrid(1, 2), new CodebookGrid(7, 9));
        assertThat(params.scales()).containsExactly(1, 1);
    }

    /** Two and three levels of the Gauss: the sign times E|x| = √(2/π), mse 0.363380 (table 4.4, N = 2); ternary by ∂/∂s = 0. */
    @Test
    void binaryAndTernaryFindTheirBestLevel() {
        Tensor gauss = Oracles.tensor(Densities.gauss(1_000_000));

        assertThat(report(gauss, spec("binary")).mse()).isCloseTo(0.363380, within(4e-6));
        assertThat((double) RangeResolver.resolve(gauss, spec("binary"), cancel)
                        .params()
                        .effective()
                        .getFirst()
                        .hi())
                .isCloseTo(0.797885, within(1e-3));
        assertThat(report(gauss, spec("ternary")).mse()).isCloseTo(0.190174, within(2e-4 * 0.19));
        assertThat((double) RangeResolver.resolve(gauss, spec("ternary"), cancel)
                        .params()
                        .effective()
                        .getFirst()
                        .hi())
                .isCloseTo(1.224006, within(3e-3));
    }

    @Test
    void whatDoesNotApplyIsRefused() {
        assertThatThrownBy(() -> Quantizers.byId("nf4").check(spec("nf4").withBits(8)))
                .hasMessageContaining("nf4 has 4, got 8");
        assertThatThrownBy(
                        () -> Quantizers.byId("uniform").check(spec("uniform").withBits(1)))
                .hasMessageContaining("2 to 16, got 1");
        assertThatThrownBy(() -> Quantizers.byId("log2").check(spec("log2").withBits(9)))
                .hasMessageContaining("2 to 8");
        assertThatThrownBy(() ->
                        Quantizers.byId("lloyd-max").check(spec("lloyd-max").withSymmetric(true)))
                .hasMessageContaining("symmetric");
        assertThatThrownBy(() -> Quantizers.byId("nf4").check(spec("nf4").withSymmetric(false)))
                .hasMessageContaining("symmetric");
        assertThatThrownBy(() -> Quantizers.byId("mxfp4").check(spec("mxfp4").withGranularity(Granularity.TENSOR)))
                .hasMessageContaining("block:32");
        assertThatThrownBy(() -> Quantizers.byId("nf4")
                        .check(new QuantSpec(
                                "nf4",
                                4,
                                true,
                                true,
                                true,
                                Granularity.TENSOR,
                                new Clip.Auto("minmax"),
                                Map.of("a", "b"))))
                .hasMessageContaining("options");
    }
}
