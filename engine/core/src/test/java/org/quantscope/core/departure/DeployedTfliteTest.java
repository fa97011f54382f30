package org.quantscope.core.departure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tflite.TinyTflite;

/** A quantized TensorFlow Lite layer beside its float twin: nothing departs, and what is planted is named. */
class DeployedTfliteTest {
    private static final int IN = 6;
    private static final int OUT = 4;
    private static final int INT8 = 9;
    private static final int INT32 = 2;
    private static final int FULLY_CONNECTED = 9;
    private static final int ITS_OPTIONS = 8;
    private static final Dataset DATA = MemoryData.unlabelled(12, Shape.of(IN));

    @TempDir
    private Path folder;

    private final float[] weights = new float[OUT * IN];
    private final float[] bias = new float[OUT];

    private Path floats() throws IOException {
        Random random = new Random(4);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = random.nextFloat(-1, 1);
        }
        for (int i = 0; i < OUT; i++) {
            bias[i] = random.nextFloat(-2, 2);
        }
        return new TinyOnnx(13)
                .input("x", -1, IN)
                .output("y", -1, OUT)
                .weight("w", Shape.of(OUT, IN), weights)
                .weight("b", Shape.of(OUT), bias)
                .node("Gemm", List.of("x", "w", "b"), List.of("y"), TinyOnnx.attribute("transB", 1))
                .write(folder);
    }

    /** @param times what the stored scale of the weight of channel 2 is multiplied by */
    private Path lite(float times) throws IOException {
        float step = 6f / 255;
        float[] scales = new float[OUT];
        byte[] codes = new byte[weights.length];
        int[] sums = new int[OUT];
        for (int c = 0; c < OUT; c++) {
            for (int i = 0; i < IN; i++) {
                scales[c] = Math.max(scales[c], Math.abs(weights[c * IN + i]) / 127);
            }
            for (int i = 0; i < IN; i++) {
                codes[c * IN + i] = (byte) Math.round(weights[c * IN + i] / scales[c]);
            }
            sums[c] = Math.round(bias[c] / (step * scales[c]));
        }
        float[] values = new float[12 * IN];
        DATA.fill(IntStream.range(0, 12).toArray(), values);
        float most = 0;
        for (int s = 0; s < 12; s++) {
            for (int c = 0; c < OUT; c++) {
                float y = bias[c];
                for (int i = 0; i < IN; i++) {
                    y += values[s * IN + i] * weights[c * IN + i];
                }
                most = Math.max(most, Math.abs(y));
            }
        }
        float[] units = new float[OUT];
        for (int c = 0; c < OUT; c++) {
            units[c] = step * scales[c];
        }
        scales[2] *= times;
        TinyTflite file = new TinyTflite();
        int x = file.grid("x", INT8, step, 0, 1, IN);
        int w = file.quantized("w", INT8, codes, scales, new long[OUT], 0, OUT, IN);
        int b = file.quantized("b", INT32, TinyTflite.ints(sums), units, new long[OUT], 0, OUT);
        int y = file.grid("y", INT8, most / 127, 0, 1, OUT);
        file.operator(FULLY_CONNECTED, ITS_OPTIONS, o -> o.addByte(0, (byte) 0, 0), y, x, w, b)
                .inputs(x)
                .outputs(y);
        return Files.write(folder.resolve("times" + times + ".tflite"), file.build());
    }

    @Test
    void aQuantizedLayerIsRunInWholeNumbersAndItsFaultsAreNamed() throws IOException {
        Path floats = floats();
        NetworkComparison clean = Twins.compare(floats, lite(1), DATA);
        assertThat(clean.first()).isEmpty();
        assertThat(clean.tensors().getLast().errorDb().getAsDouble()).isBetween(30.0, 60.0);

        Departure fault = Twins.compare(floats, lite(2), DATA).first().orElseThrow();
        assertThat(fault.name().name()).isEqualTo("y");
        assertThat(fault.cause()).isEqualTo(Cause.RANGE);
    }

    /** A convolution without padding, 6×6×2 → 4×4×4, as a float file, one whose weight is in codes, and an int8 file. */
    private final class Convolution {
        private static final int K = 3;
        private final int size = OUT * K * K * 2;
        private final float[] kernel = new float[size];
        private final Dataset data = MemoryData.unlabelled(12, Shape.of(6, 6, 2));

        Convolution() {
            Random random = new Random(7);
            for (int i = 0; i < size; i++) {
                kernel[i] = random.nextFloat(-1, 1) * (1 + i / (size / OUT));
            }
            for (int i = 0; i < OUT; i++) {
                bias[i] = random.nextFloat(-2, 2);
            }
        }

        Path floats(boolean coded) throws IOException {
            TinyTflite file = new TinyTflite();
            int x = file.computed("x", 0, 1, 6, 6, 2);
            float scale = OUT / 127f;
            byte[] codes = new byte[size];
            for (int i = 0; i < size; i++) {
                codes[i] = (byte) Math.round(kernel[i] / scale);
            }
            int w = coded
                    ? file.quantized("w", INT8, codes, new float[] {scale}, new long[1], 0, OUT, K, K, 2)
                    : file.stored("w", 0, TinyTflite.floats(kernel), OUT, K, K, 2);
            int b = file.stored("b", 0, TinyTflite.floats(bias), OUT);
            return write(file, coded ? "hybrid" : "float", x, w, b, file.computed("y", 0, 1, 4, 4, OUT));
        }

        /**
         * @param times what the stored scale of the weight of channel 2 is multiplied by, and with it that of its bias
         * @param narrow what both ranges of activations are divided by
         */
        Path lite(float times, float narrow) throws IOException {
            float step = 6f / 255 / narrow;
            float[] scales = new float[OUT];
            int[] sums = new int[OUT];
            float[] units = new float[OUT];
            byte[] codes = new byte[size];
            for (int i = 0; i < size; i++) {
                int c = i / (size / OUT);
                scales[c] = Math.max(scales[c], Math.abs(kernel[i]) / 127);
            }
            for (int i = 0; i < size; i++) {
                codes[i] = (byte) Math.round(kernel[i] / scales[i / (size / OUT)]);
            }
            for (int c = 0; c < OUT; c++) {
                units[c] = step * scales[c];
                sums[c] = Math.round(bias[c] / units[c]);
            }
            scales[2] *= times;
            units[2] *= times;
            TinyTflite file = new TinyTflite();
            int x = file.grid("x", INT8, step, 0, 1, 6, 6, 2);
            int w = file.quantized("w", INT8, codes, scales, new long[OUT], 0, OUT, K, K, 2);
            int b = file.quantized("b", INT32, TinyTflite.ints(sums), units, new long[OUT], 0, OUT);
            int y = file.grid("y", INT8, most() / 127 / narrow, 0, 1, 4, 4, OUT);
            return write(file, "times" + times + "narrow" + narrow, x, w, b, y);
        }

        private float most() {
            float[] x = new float[12 * 72];
            data.fill(IntStream.range(0, 12).toArray(), x);
            float most = 0;
            for (int s = 0; s < 12; s++) {
                for (int at = 0; at < 16 * OUT; at++) {
                    int c = at % OUT;
                    float sum = bias[c];
                    for (int i = 0; i < 18; i++) {
                        int row = at / OUT / 4 + i / 6;
                        int column = at / OUT % 4 + i / 2 % 3;
                        sum += x[s * 72 + (row * 6 + column) * 2 + i % 2] * kernel[c * 18 + i];
                    }
                    most = Math.max(most, Math.abs(sum));
                }
            }
            return most;
        }

        private Path write(TinyTflite file, String name, int x, int w, int b, int y) throws IOException {
            file.operator(
                            3,
                            1,
                            o -> {
                                o.addByte(0, (byte) 1, 0);
                                o.addInt(1, 1, 0);
                                o.addInt(2, 1, 0);
                            },
                            y,
                            x,
                            w,
                            b)
                    .inputs(x)
                    .outputs(y);
            return Files.write(folder.resolve(name + ".tflite"), file.build());
        }
    }

    @Test
    void theWeightOfAConvolutionIsComparedThoughItsAxesStandOtherwise() throws IOException {
        Convolution made = new Convolution();
        NetworkComparison clean = Twins.compare(made.floats(false), made.lite(1, 1), made.data);
        assertThat(clean.first()).isEmpty();
        // Values that only the conversion of the file makes are none of its tensors.
        assertThat(clean.alignment().onlyFloat()).isEmpty();

        Departure fault = Twins.compare(made.floats(false), made.lite(2, 1), made.data)
                .first()
                .orElseThrow();
        assertThat(fault.cause()).isEqualTo(Cause.RANGE);
        assertThat(fault.part()).isEqualTo("w");
    }

    @Test
    void aFloatFileThatHoldsAWeightInCodesIsNoFaultOfTheDeployedOne() throws IOException {
        Convolution made = new Convolution();
        NetworkComparison found = Twins.compare(made.floats(true), made.lite(1, 1), made.data);
        assertThat(found.first()).isEmpty();
        assertThat(found.notes()).anySatisfy(n -> assertThat(n).contains("holds 1 weight in codes (w)"));

        // A fault larger than both roundings stays one.
        assertThat(Twins.compare(made.floats(true), made.lite(2, 1), made.data).first())
                .get()
                .extracting(Departure::cause)
                .isEqualTo(Cause.RANGE);
    }

    @Test
    void rangesThatAllTheDataExceedsAreSaidAndAreNoDeparture() throws IOException {
        Convolution made = new Convolution();
        NetworkComparison found = Twins.compare(made.floats(false), made.lite(1, 2), made.data);
        assertThat(found.first()).isEmpty();
        assertThat(found.notes())
                .anySatisfy(
                        n -> assertThat(n).startsWith("The float values go beyond the grids of 2 of 2 activations"));
    }
}
