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
}
