package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class ActivationCalibrationTest {
    @TempDir
    private Path folder;

    private Model model(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, 3)
                .output("y", batch, 3)
                .weight("w", Shape.of(3, 3), 2, 0, 0, 0, 2, 0, 0, 0, 2)
                .node("MatMul", List.of("x", "w"), List.of("h"))
                .node("Relu", List.of("h"), List.of("r"))
                .node("Sigmoid", List.of("r"), List.of("y"))
                .open(folder);
    }

    /** Free, and fixed with a last batch that is padded: padding is not counted. */
    @ParameterizedTest
    @ValueSource(longs = {-1, 7})
    void sketchesHoldEveryValueOfEveryActivationOnce(long batch) throws IOException {
        MemoryData data = new MemoryData(25, Shape.of(3), i -> 0);
        double sum = 0;
        float largest = 0;
        for (int i = 0; i < 25; i++) {
            for (int k = 0; k < 3; k++) {
                float relu = Math.max(0, 2 * data.value(i, k));
                sum += relu;
                largest = Math.max(largest, relu);
            }
        }
        List<Long> done = new ArrayList<>();

        Map<TensorId, MomentSketch> sketches = ActivationCalibration.run(
                        model(batch), data, (d, total, what) -> done.add(d), new CancelToken())
                .sketches();

        assertThat(sketches.keySet()).extracting(TensorId::name).containsExactly("x", "r", "y");
        assertThat(sketches.values()).extracting(MomentSketch::count).containsOnly(75L);
        MomentSketch relu = sketches.get(new TensorId("r"));
        assertThat(relu.max()).isEqualTo(largest);
        assertThat(relu.min()).isZero();
        assertThat(relu.mean()).isEqualTo(sum / 75, within(1e-6));
        assertThat(done).startsWith(0L).endsWith(25L).isSorted();
    }

    @ParameterizedTest
    @ValueSource(longs = 7)
    void cancelStopsBetweenBatches(long batch) throws IOException {
        Model model = model(batch);
        CancelToken cancel = new CancelToken();
        Progress stopAfterTwo = (done, total, what) -> {
            if (done >= 14) {
                cancel.cancel();
            }
        };

        assertThatThrownBy(() ->
                        ActivationCalibration.run(model, new MemoryData(70, Shape.of(3), i -> 0), stopAfterTwo, cancel))
                .isInstanceOf(CancellationException.class);
    }

    /** A free last batch is not padded, also where a value begins with as many time steps as a batch has samples. */
    @Test
    void aFirstDimensionThatIsNoBatchIsNotTakenForOne() throws IOException {
        int steps = 100;
        MemoryData data = new MemoryData(123, Shape.of(steps, 2), i -> 0);
        Model model = new TinyOnnx(13)
                .input("x", -1, steps, 2)
                .output("y", steps, -1, 2)
                .weight("w", Shape.of(2, 2), 1, 0, 0, 1)
                .node("Transpose", List.of("x"), List.of("t"), TinyOnnx.attribute("perm", 1, 0, 2))
                .node("MatMul", List.of("t", "w"), List.of("y"))
                .open(folder);

        Map<TensorId, MomentSketch> sketches = ActivationCalibration.run(model, data, Progress.NONE, new CancelToken())
                .sketches();

        assertThat(SampleFeed.of(model, data).batchSize()).isEqualTo(steps);
        assertThat(sketches.get(new TensorId("y")).count()).isEqualTo(123L * steps * 2);
    }

    /** Each batch is a part, in their order; the padded rows of the last are in none. */
    @ParameterizedTest
    @ValueSource(longs = {-1, 7})
    void batchesAreTheParts(long batch) throws IOException {
        MemoryData data = new MemoryData(25, Shape.of(3), i -> 0);
        List<ClipRange> expected = new ArrayList<>();
        for (int from = 0; from < 25; from += batch < 0 ? 25 : (int) batch) {
            float lo = Float.POSITIVE_INFINITY;
            float hi = Float.NEGATIVE_INFINITY;
            for (int i = from; i < (batch < 0 ? 25 : Math.min(25, from + batch)); i++) {
                for (int k = 0; k < 3; k++) {
                    lo = Math.min(lo, Math.max(0, 2 * data.value(i, k)));
                    hi = Math.max(hi, 2 * data.value(i, k));
                }
            }
            expected.add(new ClipRange(lo, hi));
        }

        assertThat(ActivationCalibration.run(model(batch), data, Progress.NONE, new CancelToken())
                        .sketches()
                        .get(new TensorId("r"))
                        .partRanges())
                .isEqualTo(expected);
    }

    /** Mean squares of what each layer reads, channel by channel: of a grouped, a depthwise and a transposed convolution, Gemm and MatMul. */
    @ParameterizedTest
    @ValueSource(longs = {-1, 7})
    void everyWeightKnowsThePowerOfItsInputChannels(long batch) throws IOException {
        MemoryData data = new MemoryData(25, Shape.of(4, 2, 3), i -> 0);
        Model model = new TinyOnnx(13)
                .input("x", batch, 4, 2, 3)
                .output("y", batch, 5)
                .randomWeight("grouped", Shape.of(6, 2, 1, 1), -1, 1)
                .randomWeight("depthwise", Shape.of(4, 1, 1, 1), -1, 1)
                .randomWeight("transposed", Shape.of(4, 2, 1, 1), -1, 1)
                .randomWeight("gemm", Shape.of(5, 24), -1, 1)
                .randomWeight("matmul", Shape.of(3, 2), -1, 1)
                .node("Conv", List.of("x", "grouped"), List.of("a"), TinyOnnx.attribute("group", 2))
                .node("Conv", List.of("x", "depthwise"), List.of("b"), TinyOnnx.attribute("group", 4))
                .node("ConvTranspose", List.of("x", "transposed"), List.of("c"))
                .node("MatMul", List.of("x", "matmul"), List.of("d"))
                .node("Relu", List.of("x"), List.of("r"))
                .node("Flatten", List.of("r"), List.of("f"))
                .node("Gemm", List.of("f", "gemm"), List.of("y"), TinyOnnx.attribute("transB", 1))
                .open(folder);
        double[] channels = new double[4];
        double[] last = new double[3];
        double[] flat = new double[24];
        for (int i = 0; i < 25; i++) {
            for (int k = 0; k < 24; k++) {
                double x = data.value(i, k);
                channels[k / 6] += x * x / (25 * 6);
                last[k % 3] += x * x / (25 * 8);
                flat[k] += Math.max(0, x) * Math.max(0, x) / 25;
            }
        }
        Map<TensorId, InputPower> inputs = ActivationCalibration.run(model, data, Progress.NONE, new CancelToken())
                .inputs();

        assertThat(inputs.keySet())
                .extracting(TensorId::name)
                .containsExactlyInAnyOrder("grouped", "depthwise", "transposed", "gemm", "matmul");
        for (String name : List.of("grouped", "depthwise", "transposed")) {
            means(inputs, name, channels);
        }
        means(inputs, "matmul", last);
        means(inputs, "gemm", flat);
    }

    private static void means(Map<TensorId, InputPower> inputs, String name, double[] expected) {
        float[] means = inputs.get(new TensorId(name)).means();
        assertThat(means).hasSize(expected.length);
        for (int c = 0; c < means.length; c++) {
            assertThat((double) means[c])
                    .as("%s %d", name, c)
                    .isCloseTo(expected[c], within(1e-5 * expected[c] + 1e-9));
        }
    }
}
