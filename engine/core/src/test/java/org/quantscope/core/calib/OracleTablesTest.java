package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Densities;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import tools.jackson.databind.JsonNode;

/**
 * Figures that torch 1.13 observers and published formulas give (oracles.json and the tables beside it), row by row. Rows that other tests hold are
 * named in {@code src/test/resources/oracles/README.md}.
 */
class OracleTablesTest {
    /** The step that torch rounds its scales by: eps and a float32 division more than ONNX Runtime makes. */
    private static final double SCALE_ROUNDING = 3e-7;

    private static final QuantSpec AFFINE_U8 = QuantSpec.ACTIVATIONS;
    private static final QuantSpec SYMMETRIC_S8 = QuantSpec.WEIGHTS.withRestrictedRange(false);

    private final CancelToken cancel = new CancelToken();

    static List<String> arrays() {
        return Oracles.ARRAYS;
    }

    private static JsonNode figures(String array, String row) {
        return Oracles.FIGURES.get(array).get(row);
    }

    private RangeResolver.Resolution resolve(Tensor tensor, QuantSpec spec, String calibrator) {
        return RangeResolver.resolve(tensor, spec.withClip(new Clip.Auto(calibrator)), cancel);
    }

    private static QuantParams params(JsonNode torch, boolean signed) {
        return new QuantParams(
                Granularity.TENSOR,
                new float[] {torch.get("scale").floatValue()},
                new int[] {torch.get("zero_point").intValue()},
                signed ? -128 : 0,
                signed ? 127 : 255);
    }

    /** torch's fake quantization multiplies by 1/scale, so that single values may go to the neighbour; a tie costs the same both ways. */
    private void agrees(Tensor tensor, QuantParams params, JsonNode expected) {
        ErrorReport report = ErrorPass.measure(tensor, params, cancel);
        double mse = expected.get("mse").doubleValue();

        assertThat(report.mse()).isCloseTo(mse, within(2e-6 * mse + 1e-14));
        assertThat(report.maxAbsError())
                .isCloseTo(
                        expected.get("max_abs_err").doubleValue(),
                        within(2e-6 * Math.max(params.scale(0), report.maxAbsError()) + 1e-7));
        // torch has no figure where we have none; where the error is only the rounding of the scale, it has none and we
        // may.
        if (expected.get("sqnr_db").isNumber()) {
            assertThat(report.sqnrDb().orElseThrow())
                    .isCloseTo(expected.get("sqnr_db").doubleValue(), within(1e-4));
        }
        if (expected.get("cosine").isNumber()) {
            assertThat(report.cosine().orElseThrow())
                    .isCloseTo(expected.get("cosine").doubleValue(), within(1e-8));
        } else {
            assertThat(report.cosine()).isEmpty();
        }
    }

    /** MinMaxObserver, quint8 affine and qint8 symmetric (absmax/127.5). Of zeros torch floors the scale, we take 1 as ONNX Runtime does. */
    @ParameterizedTest
    @MethodSource("arrays")
    void minmaxIsTorchsMinMaxObserver(String array) {
        Tensor tensor = Oracles.tensor(Oracles.array(array));
        for (boolean symmetric : new boolean[] {false, true}) {
            JsonNode torch = figures(array, symmetric ? "torch_minmax_symmetric_s8" : "torch_minmax_affine_u8");
            QuantParams ours = resolve(tensor, symmetric ? SYMMETRIC_S8 : AFFINE_U8, "minmax")
                    .params();

            assertThat(ours.zeroPoint(0)).isEqualTo(torch.get("zero_point").intValue());
            assertThat((double) ours.scale(0))
                    .isCloseTo(
                            array.equals("zeros") ? 1 : torch.get("scale").doubleValue(),
                            within(SCALE_ROUNDING * torch.get("scale").doubleValue()));
            agrees(tensor, ours, torch.get("fake_quant"));
        }
    }

    /** MovingAverageMinMaxObserver over 4 batches of 2048 that come as a stream: range, scale, zero point and the error that follows. */
    @ParameterizedTest
    @MethodSource("arrays")
    void movingAverageOfAStreamIsTorchs(String array) {
        float[] values = Oracles.array(array);
        JsonNode torch = figures(array, "torch_moving_average_u8_4_batches");
        var stream = new MomentSketch();
        for (int from = 0; from < values.length; from += 2048) {
            // A batch may come in pieces.
            stream.add(values, from, 1000);
            stream.add(values, from + 1000, 1048);
            stream.endPart();
        }
        var found = RangeResolver.resolve(stream, AFFINE_U8.withClip(new Clip.Auto("moving-average")), cancel);

        assertThat(found.requested())
                .containsExactly(new ClipRange(
                        torch.get("min").floatValue(), torch.get("max").floatValue()));
        assertThat(found).isEqualTo(resolve(Oracles.tensor(values), AFFINE_U8, "moving-average"));
        assertThat(found.params().zeroPoint(0))
                .isEqualTo(torch.get("zero_point").intValue());
        if (!array.equals("zeros")) {
            assertThat((double) found.params().scale(0))
                    .isCloseTo(
                            torch.get("scale").doubleValue(),
                            within(SCALE_ROUNDING * torch.get("scale").doubleValue()));
        }
        agrees(Oracles.tensor(values), found.params(), torch.get("fake_quant"));
    }

    /** HistogramObserver is a search of its own that we do not have: its grid has the error that torch says, and our search is never worse. */
    @ParameterizedTest
    @MethodSource("arrays")
    void mseIsNeverWorseThanTorchsHistogramObserver(String array) {
        Tensor tensor = Oracles.tensor(Oracles.array(array));
        JsonNode torch = figures(array, "torch_histogram_affine_u8");
        agrees(tensor, params(torch, false), torch.get("fake_quant"));
        double ours = ErrorPass.measure(
                        tensor, resolve(tensor, AFFINE_U8, "mse").params(), cancel)
                .mse();

        assertThat(ours)
                .isLessThanOrEqualTo(1.005 * torch.get("fake_quant").get("mse").doubleValue() + 1e-14);
    }

    /** "mse_at_absmax": the restricted symmetric grid over the whole range. */
    @ParameterizedTest
    @MethodSource("arrays")
    void theErrorAtAbsmaxIsThatOfTheSearch(String array) {
        Tensor tensor = Oracles.tensor(Oracles.array(array));
        figures(array, "mse_search").properties().forEach(row -> {
            double expected = row.getValue().get("mse_at_absmax").doubleValue();
            QuantParams params = resolve(tensor, QuantSpec.WEIGHTS.withBits(Integer.parseInt(row.getKey())), "minmax")
                    .params();

            assertThat(ErrorPass.measure(tensor, params, cancel).mse())
                    .isCloseTo(expected, within(1e-6 * expected + 1e-14));
        });
    }

    /** PerChannelMinMaxObserver qint8 symmetric (absmax/127.5), and the fake quantization per tensor with absmax/127. */
    @Test
    void weightsPerChannelAndPerTensorAreTorchs() {
        Tensor tensor = Oracles.tensor(Oracles.array("weight_oihw"), 16, 8, 3, 3);
        QuantParams ours = resolve(tensor, SYMMETRIC_S8.withGranularity(Granularity.CHANNEL), "minmax")
                .params();
        JsonNode scales = figures("weight_oihw", "torch_per_channel_symmetric_s8_scale");
        for (int c = 0; c < 16; c++) {
            assertThat((double) ours.scale(c))
                    .isCloseTo(
                            scales.get(c).doubleValue(),
                            within(SCALE_ROUNDING * scales.get(c).doubleValue()));
        }
        agrees(
                tensor,
                resolve(tensor, QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL), "minmax")
                        .params(),
                figures("weight_oihw", "fake_quant_per_channel_absmax127"));
        agrees(
                tensor,
                resolve(tensor, QuantSpec.WEIGHTS, "minmax").params(),
                figures("weight_oihw", "fake_quant_per_tensor_absmax127"));
    }

    /** Percentiles of a stream lie in the bin of numpy's, at most 1/1024 of the values around them away. */
    @ParameterizedTest
    @MethodSource("arrays")
    void percentilesOfASketchAreNearNumpys(String array) {
        float[] values = Oracles.array(array);
        MomentSketch sketch = MomentSketch.of(values, 0, values.length);
        figures(array, "percentile_linear").properties().forEach(p -> {
            double expected = p.getValue().doubleValue();
            assertThat(sketch.quantile(Double.parseDouble(p.getKey()) / 100))
                    .isCloseTo(expected, within(Math.abs(expected) / 500 + 1e-6));
        });
        figures(array, "abs_percentile_linear").properties().forEach(p -> {
            double expected = p.getValue().doubleValue();
            assertThat(sketch.absQuantile(Double.parseDouble(p.getKey()) / 100))
                    .isCloseTo(expected, within(expected / 500 + 1e-6));
        });
    }

    /** ACIQ (Banner et al. 2019, mse_analysis.py): the errors that their formulas have at the clips of ours, for M = 1 to 8 bits. */
    @ParameterizedTest
    @CsvSource({
        "1, 0.599643, 0.21501",
        "2, 0.284878, 0.0871485",
        "3, 0.119702, 0.0314294",
        "4, 0.0460215, 0.0104933",
        "5, 0.0165718, 0.00332259",
        "6, 0.00567877, 0.00101292",
        "7, 0.00187252, 3.00215e-4",
        "8, 5.98853e-4, 8.70779e-5",
    })
    void aciqHasTheErrorsOfItsTable(int bits, double laplace, double gauss) {
        double a = AciqCalibrator.laplace().clip(bits);
        double s = AciqCalibrator.gauss().clip(bits);

        assertThat(2 * Math.exp(-a) + rounding(a, bits)).isCloseTo(laplace, within(6e-6 * laplace));
        assertThat((s * s + 1) * tail(s) - Math.sqrt(2 / Math.PI) * s * Math.exp(-s * s / 2) + rounding(s, bits))
                .isCloseTo(gauss, within(6e-6 * gauss));
    }

    private static double rounding(double clip, int bits) {
        return clip * clip / 3 * Math.pow(4, -bits);
    }

    /** P(|z| > s) of a normal z, by Simpson's rule. */
    private static double tail(double s) {
        int steps = 20_000;
        double h = 12.0 / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double z = s + i * h;
            sum += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.exp(-z * z / 2);
        }
        return 2 * sum * h / 3 / Math.sqrt(2 * Math.PI);
    }

    /** Its one-sided columns, from rectified values: M bits are what M + 1 are of both sides. */
    @ParameterizedTest
    @CsvSource({
        "2, 3.897229, 2.151593",
        "3, 5.028640, 2.559136",
        "4, 6.204766, 2.936201",
        "5, 7.413126, 3.286914",
        "6, 8.645620, 3.615114",
        "7, 9.896760, 3.924035",
        "8, 11.162685, 4.216330",
    })
    void aciqOfRectifiedValuesHasItsOneSidedClips(int bits, double laplace, double gauss) {
        QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits);

        assertThat((double) resolve(LAPLACE_RECTIFIED, spec, "aciq-laplace")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(laplace, within(2e-4 * laplace));
        assertThat((double) resolve(GAUSS_RECTIFIED, spec, "aciq-gauss")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(gauss, within(2e-4 * gauss));
    }

    private static final Tensor LAPLACE_RECTIFIED = rectified(Densities.laplace(400_000, 1));
    private static final Tensor GAUSS_RECTIFIED = rectified(Densities.gauss(400_000));

    private static Tensor rectified(float[] x) {
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.max(0, x[i]);
        }
        return Oracles.tensor(x);
    }

    /** OCTAV at 8 bits, where the fixed point lies far out: what a grid of quantiles lacks beyond its end costs a little. */
    @Test
    void octavFindsItsFixedPointAtEightBits() {
        assertThat((double) resolve(Oracles.tensor(Densities.gauss(1_000_000)), QuantSpec.WEIGHTS, "octav")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(3.924054, within(0.01));
        assertThat((double) resolve(Oracles.tensor(Densities.laplace(1_000_000, 1)), QuantSpec.WEIGHTS, "octav")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(9.896805, within(0.05));
    }

    /** The unsigned divisor, 12 in place of 3 (ai-edge-quantizer octav.py): B bits are what B + 1 are of both sides, on the same magnitudes. */
    @ParameterizedTest
    @CsvSource({
        "2, 2.161117, 3.913293",
        "3, 2.562090, 5.034090",
        "4, 2.937070, 6.206505",
        "5, 3.287162, 7.413658",
        "6, 3.615183, 8.645778"
    })
    void octavOfMagnitudesHasTheClipOfOneBitMore(int bits, double gauss, double laplace) {
        QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits);

        assertThat((double) resolve(GAUSS_MAGNITUDES, spec, "octav")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(gauss, within(4e-3 * gauss));
        assertThat((double) resolve(LAPLACE_MAGNITUDES, spec, "octav")
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(laplace, within(4e-3 * laplace));
    }

    private static final Tensor GAUSS_MAGNITUDES = magnitudes(Densities.gauss(250_000));
    private static final Tensor LAPLACE_MAGNITUDES = magnitudes(Densities.laplace(250_000, 1));

    private static Tensor magnitudes(float[] x) {
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.abs(x[i]);
        }
        return Oracles.tensor(x);
    }

    /** Table 4.4, N = 2: a sign and one level, which is E|x|; the only mid-rise grid that we have, since the others hold 0. */
    @ParameterizedTest
    @CsvSource({"false, 1.595769, 0.363380", "true, 1.414214, 0.500000"})
    void twoLevelsAreThoseOfTheTable(boolean laplace, double step, double mse) {
        Tensor tensor =
                Oracles.tensor(laplace ? Densities.laplace(2_000_000, Math.sqrt(0.5)) : Densities.gauss(1_000_000));
        QuantParams params = RangeResolver.resolve(
                        tensor, Quantizers.byId("binary").adapt(QuantSpec.WEIGHTS), cancel)
                .params();

        assertThat((double) params.effective().getFirst().hi()).isCloseTo(step / 2, within(2e-3 * step));
        assertThat(ErrorPass.measure(tensor, params, cancel).mse()).isCloseTo(mse, within(2e-5));
    }

    /**
     * Table 4.4, uniform mid-rise: our grids hold 0 and are none of these, but as a codebook the tabled step has the tabled error, and one that is
     * a few per cent off has more (15 at 8 bits, whose clip lies where a table of quantiles grows thin: half a million of them lack 0.7 % of the error). No grid is better than Lloyd-Max. On Gauss the level that 0 takes costs something; on Laplace, whose values crowd around 0,
     * the 16 levels −8 … 7 are by 0.3 % better than mid-rise (a search in numpy says so too).
     */
    @ParameterizedTest
    @CsvSource({
        "false, 2, 0.995687, 0.118846, 0.117482", "false, 3, 0.586019, 0.037440, 0.034548",
                "false, 4, 0.335201, 0.011543, 0.009501",
        "false, 5, 0.188139, 0.003495, 0.002505", "false, 6, 0.104063, 1.04005e-3, 0",
                "false, 8, 0.030762, 8.769e-5, 0",
        "true, 2, 1.087393, 0.196302, 0.176195", "true, 3, 0.730933, 0.071748, 0.054476",
                "true, 4, 0.460995, 0.025351, 0.015373",
        "true, 5, 0.279989, 0.008713, 0.004102", "true, 6, 0.165681, 2.91343e-3, 0", "true, 8, 0.054844, 3.0142e-4, 0",
    })
    void midRiseGridsHaveTheErrorsOfTheTable(boolean laplace, int bits, double step, double mse, double lloydMax) {
        Tensor tensor = !laplace ? GAUSS_UNIT : bits < 6 ? LAPLACE_UNIT : LAPLACE_FINE;

        double off = bits < 8 ? 0.03 : 0.15;
        double found = midRise(tensor, bits, step);
        assertThat(found).isCloseTo(mse, within((bits < 8 ? 3e-3 : 1e-2) * mse));
        assertThat(midRise(tensor, bits, step * (1 + off))).isGreaterThan(found);
        assertThat(midRise(tensor, bits, step * (1 - off))).isGreaterThan(found);
        for (QuantSpec spec : List.of(QuantSpec.WEIGHTS.withRestrictedRange(false), QuantSpec.ACTIVATIONS)) {
            double ours = ErrorPass.measure(
                            tensor, resolve(tensor, spec.withBits(bits), "mse").params(), cancel)
                    .mse();

            assertThat(ours)
                    .isGreaterThan(mse * (laplace || bits == 8 ? 0.98 : 1))
                    .isGreaterThan(lloydMax)
                    .isLessThan(mse * (bits < 4 ? 2 : 1.1));
        }
    }

    private double midRise(Tensor tensor, int bits, double step) {
        float[] levels = new float[1 << bits];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (float) ((i + 0.5 - levels.length / 2.0) * step);
        }
        return ErrorPass.measure(
                        tensor,
                        QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(levels)),
                        cancel)
                .mse();
    }

    private static final Tensor GAUSS_UNIT = Oracles.tensor(Densities.gauss(500_000));
    private static final Tensor LAPLACE_UNIT = Oracles.tensor(Densities.laplace(500_000, Math.sqrt(0.5)));
    /** For grids whose clip lies where fewer values grow thin. */
    private static final Tensor LAPLACE_FINE = Oracles.tensor(Densities.laplace(2_000_000, Math.sqrt(0.5)));

    /** The closing lines of table 4.4: uniform noise has Δ²/12, so an even spread has 20·log10(N − 1) dB where both end levels lie on its ends. */
    @ParameterizedTest
    @CsvSource({"4", "6", "8", "10"})
    void anEvenSpreadHasSixDecibelsABit(int bits) {
        float[] x = new float[1 << 18];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) ((2 * i + 1.0) / x.length - 1);
        }
        int levels = (1 << bits) - 1;
        ErrorReport report = ErrorPass.measure(
                Oracles.tensor(x),
                resolve(Oracles.tensor(x), QuantSpec.WEIGHTS.withBits(bits), "minmax")
                        .params(),
                cancel);

        assertThat(report.sqnrDb().orElseThrow()).isCloseTo(20 * Math.log10(levels - 1), within(0.01));
        assertThat(Math.sqrt(report.mse()) / (2.0 / (levels - 1))).isCloseTo(0.288675, within(5e-4));
    }

    @Test
    void everyArrayOfTheOraclesIsHere() {
        assertThat(Oracles.FIGURES.propertyNames().stream()
                        .filter(n -> !n.startsWith("_") && !n.equals("weight_oihw"))
                        .sorted()
                        .toList())
                .isEqualTo(Oracles.ARRAYS.stream().sorted().toList());
        assertThat(Arrays.stream(new int[] {2, 3, 4, 6, 8})
                        .mapToObj(Integer::toString)
                        .toList())
                .isEqualTo(List.copyOf(figures("gauss", "mse_search").propertyNames()));
    }
}
