package org.quantscope.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Tensor;
import tools.jackson.databind.JsonNode;

class ErrorPassTest {
    private final CancelToken cancel = new CancelToken();

    /** torch multiplies by the reciprocal, so a few values near a tie go the other way, at next to no cost in squared error. */
    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant"})
    void agreesWithTorch(String name) {
        Tensor tensor = Oracles.tensor(Oracles.array(name));
        for (String kind : new String[] {"torch_minmax_affine_u8", "torch_minmax_symmetric_s8"}) {
            JsonNode torch = Oracles.FIGURES.get(name).get(kind);
            boolean signed = kind.endsWith("s8");
            var params = params(
                    torch.get("scale").floatValue(),
                    torch.get("zero_point").intValue(),
                    signed ? -128 : 0,
                    signed ? 127 : 255);
            ErrorReport report = ErrorPass.measure(tensor, params, cancel);
            JsonNode expected = torch.get("fake_quant");

            assertThat(report.mse())
                    .isCloseTo(
                            expected.get("mse").doubleValue(),
                            within(1e-6 * expected.get("mse").doubleValue() + 1e-15));
            assertThat(report.maxAbsError())
                    .isCloseTo(expected.get("max_abs_err").doubleValue(), within(1e-6 * params.scale(0)));
            assertThat(report.cosine().orElseThrow())
                    .isCloseTo(expected.get("cosine").doubleValue(), within(1e-9));
            if (!expected.get("sqnr_db").isNull()) {
                assertThat(report.sqnrDb().orElseThrow())
                        .isCloseTo(expected.get("sqnr_db").doubleValue(), within(1e-4));
            }
        }
    }

    @Test
    void agreesWithTorchPerChannel() {
        JsonNode figures = Oracles.FIGURES.get("weight_oihw");
        Tensor tensor = Oracles.tensor(Oracles.array("weight_oihw"), 16, 8, 3, 3);
        float[] scales = new float[16];
        for (int i = 0; i < 16; i++) {
            scales[i] = figures.get("absmax_over_127").get(i).floatValue();
        }
        ErrorReport report = ErrorPass.measure(
                tensor, new QuantParams(new Granularity.PerChannel(0), scales, new int[16], -127, 127), cancel);
        JsonNode expected = figures.get("fake_quant_per_channel_absmax127");

        assertThat(report.mse()).isCloseTo(expected.get("mse").doubleValue(), within(1e-10));
        assertThat(report.maxAbsError()).isCloseTo(expected.get("max_abs_err").doubleValue(), within(1e-7));
        assertThat(report.sqnrDb().orElseThrow())
                .isCloseTo(expected.get("sqnr_db").doubleValue(), within(1e-5));
        assertThat(report.cosine().orElseThrow())
                .isCloseTo(expected.get("cosine").doubleValue(), within(1e-10));
    }

    @Test
    void splitsTheErrorIntoClippingAndRounding() {
        ErrorReport report = ErrorPass.measure(
                Oracles.tensor(new float[] {-5, -0.25f, 0, 1.5f, 2.25f, 9}), params(1, 0, -2, 2), cancel);

        assertThat(report)
                .isEqualTo(new ErrorReport(
                        6,
                        0,
                        0,
                        25 + 0.0625 + 2.25 + 5.0625 + 81,
                        9 + 0.0625 + 0.25 + 0.0625 + 49,
                        4 + 4 + 4 + 4,
                        10 + 3 + 4.5 + 18,
                        7,
                        1,
                        2,
                        9 + 0.0625 + 49));
        assertThat(report.clippingMse() + report.roundingMse()).isCloseTo(report.mse(), within(1e-12));
    }

    @Test
    void nonFiniteValuesAreCountedAndLeftOut() {
        float[] values = {Float.NaN, 0.3f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0.7f, Float.NaN, 4};
        var params = params(0.5f, 0, -2, 2);
        ErrorReport report = ErrorPass.measure(Oracles.tensor(values), params, cancel);
        ErrorReport finite = ErrorPass.measure(Oracles.tensor(new float[] {0.3f, -0.7f, 4}), params, cancel);

        assertThat(report.nan()).isEqualTo(2);
        assertThat(report.inf()).isEqualTo(2);
        assertThat(report.count()).isEqualTo(3);
        assertThat(report.sumSquaredError()).isEqualTo(finite.sumSquaredError());
        assertThat(report.clippedHigh()).isEqualTo(1);
        assertThat(ErrorPass.squaredError(values, 0, values.length, params.grid(0)))
                .isCloseTo(finite.sumSquaredError(), within(1e-12));
        assertThat(ErrorPass.fakeQuantize(Oracles.tensor(values), params, cancel))
                .containsExactly(Float.NaN, 0.5f, 1, -1, -0.5f, Float.NaN, 1);
    }

    @Test
    void emptyTensorHasNoFigures() {
        ErrorReport report = ErrorPass.measure(Oracles.tensor(new float[0]), params(1, 0, -1, 1), cancel);

        assertThat(report.mse()).isZero();
        assertThat(report.sqnrDb()).isEmpty();
        assertThat(report.cosine()).isEmpty();
        assertThat(report.clippedFraction()).isZero();
    }

    /** Every run length and offset, against the grid's own definition, bit for bit. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 7", "7, 1", "3, 9", "5000, 1", "2, 5000", "16, 72", "1021, 3"})
    void eachChannelHasItsOwnGrid(int channels, int inner) {
        var random = new Random(7);
        int outer = 3;
        float[] values = new float[outer * channels * inner];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        float[] scales = new float[channels];
        int[] zeroPoints = new int[channels];
        for (int c = 0; c < channels; c++) {
            scales[c] = 0.01f + random.nextFloat();
            zeroPoints[c] = random.nextInt(16);
        }
        var params = new QuantParams(new Granularity.PerChannel(1), scales, zeroPoints, 0, 15);
        Tensor tensor = Oracles.tensor(values, outer, channels, inner);
        compare(tensor, params);
    }

    /** Codebooks, blocks with a short last one, blocks that lie interleaved, and both ways to have codebooks. */
    @ParameterizedTest
    @CsvSource({"1, 10, 3, 1", "2, 7, 32, 1", "3, 64, 32, 1", "3, 5, 2, 7", "2, 9, 4, 513", "1, 9000, 5000, 1"})
    void eachBlockHasItsOwnGrid(int outer, int length, int size, int inner) {
        var random = new Random(8);
        float[] values = new float[outer * length * inner];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        var granularity = new Granularity.PerBlock(1, size);
        Tensor tensor = Oracles.tensor(values, outer, length, inner);
        int slices = Slicing.of(tensor.info(), granularity).slices();
        float[] scales = new float[slices];
        int[] zeroPoints = new int[slices];
        List<CodebookGrid> own = new ArrayList<>();
        for (int i = 0; i < slices; i++) {
            scales[i] = 0.1f + random.nextInt(9);
            zeroPoints[i] = random.nextInt(16);
            own.add(new CodebookGrid(-1 - random.nextFloat(), 0, random.nextFloat(), 1));
        }
        compare(tensor, new QuantParams(granularity, scales, zeroPoints, 0, 15));
        compare(tensor, QuantParams.ofCodebook(granularity, scales, new CodebookGrid(-1, -0.5f, 0.1f, 0.7f)));
        compare(tensor, QuantParams.ofCodebooks(granularity, scales, own));
    }

    private void compare(Tensor tensor, QuantParams params) {
        float[] values = tensor.data().toFloats();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        float[] expected = new float[values.length];
        double error = 0;
        double clipping = 0;
        long clipped = 0;
        for (int i = 0; i < values.length; i++) {
            Grid grid = params.grid(slicing.sliceOf(i));
            expected[i] = grid.quantize(values[i]);
            double e = (double) values[i] - expected[i];
            error += e * e;
            if (values[i] < grid.lo() || values[i] > grid.hi()) {
                clipped++;
                clipping += e * e;
            }
        }

        assertThat(ErrorPass.fakeQuantize(tensor, params, cancel)).containsExactly(expected);
        ErrorReport report = ErrorPass.measure(tensor, params, cancel);
        assertThat(report.sumSquaredError()).isCloseTo(error, within(error * 1e-12));
        assertThat(report.clippingSquaredError()).isCloseTo(clipping, within(error * 1e-12));
        assertThat(report.clipped()).isEqualTo(clipped);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.MIN_VALUE, Float.MIN_NORMAL, 1e-20f, 1, 3.1f, 1e30f})
    void fakeQuantizationIsTheGridsBitForBit(float scale) {
        var random = new Random(11);
        float[] values = new float[40_000];
        for (int i = 0; i < values.length; i++) {
            float bits = Float.intBitsToFloat(random.nextInt());
            values[i] = switch (i % 4) {
                case 0 -> Float.isNaN(bits) ? 0 : bits;
                case 1 -> (float) (random.nextGaussian() * scale * 20);
                case 2 -> (random.nextInt(65_000) - 32_500 + 0.5f) * scale;
                default -> (random.nextInt(65_000) - 32_500) * scale;
            };
        }
        var params = params(scale, 100, -32_768, 32_767);
        float[] expected = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            expected[i] = params.grid(0).quantize(values[i]);
        }

        assertThat(ErrorPass.fakeQuantize(Oracles.tensor(values), params, cancel))
                .usingComparator(ErrorPassTest::compareBits)
                .isEqualTo(expected);
    }

    @Test
    void resultDoesNotDependOnTheRun() {
        var random = new Random(3);
        float[] values = new float[1_300_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Tensor tensor = Oracles.tensor(values);
        ErrorReport first = ErrorPass.measure(tensor, params(0.02f, 0, -127, 127), cancel);

        for (int i = 0; i < 5; i++) {
            assertThat(ErrorPass.measure(tensor, params(0.02f, 0, -127, 127), cancel))
                    .isEqualTo(first);
        }
    }

    @Test
    void parametersOfAnotherShapeAreRefused() {
        var params = new QuantParams(new Granularity.PerChannel(0), new float[] {1, 1}, new int[2], 0, 1);

        assertThatThrownBy(() -> ErrorPass.measure(Oracles.tensor(new float[12], 3, 4), params, cancel))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 scales")
                .hasMessageContaining("3 slices");
    }

    @Test
    void cancelStops() {
        cancel.cancel();

        assertThatThrownBy(() -> ErrorPass.measure(Oracles.tensor(new float[10]), params(1, 0, 0, 1), cancel))
                .isInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> ErrorPass.fakeQuantize(Oracles.tensor(new float[10]), params(1, 0, 0, 1), cancel))
                .isInstanceOf(CancellationException.class);
    }

    private static int compareBits(float[] a, float[] b) {
        for (int i = 0; i < a.length; i++) {
            int c = Integer.compare(Float.floatToRawIntBits(a[i]), Float.floatToRawIntBits(b[i]));
            if (c != 0) {
                return c;
            }
        }
        return Integer.compare(a.length, b.length);
    }

    private static QuantParams params(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }
}
