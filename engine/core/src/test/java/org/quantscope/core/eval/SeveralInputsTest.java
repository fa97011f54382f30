package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** A model like a text encoder: tokens are looked up, and weighed by a second input. */
class SeveralInputsTest {
    private static final int SAMPLES = 120;
    private static final int LENGTH = 4;
    private static final int WORDS = 10;
    private static final int CLASSES = 3;
    private static final Shape SEQUENCE = Shape.of(LENGTH);
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private static int token(int sample, int k) {
        return (sample * 7 + k * 3 + sample / 5) % WORDS;
    }

    private static float embedding(int word, int c) {
        return (float) Math.sin(word * 3.0 + c);
    }

    private Model model() throws IOException {
        float[] table = new float[WORDS * CLASSES];
        for (int i = 0; i < table.length; i++) {
            table[i] = embedding(i / CLASSES, i % CLASSES);
        }
        return new TinyOnnx(13)
                .input("ids", DType.I64, -1, LENGTH)
                .input("weights", -1, 1, LENGTH)
                .output("y", -1, 1, CLASSES)
                .weight("table", Shape.of(WORDS, CLASSES), table)
                .weight("w", Shape.of(CLASSES, CLASSES), 1, 0.5f, 0, 0, 1, 0.5f, 0.5f, 0, 1)
                .node("Gather", List.of("table", "ids"), List.of("words"))
                .node("MatMul", List.of("weights", "words"), List.of("sum"))
                .node("MatMul", List.of("sum", "w"), List.of("y"))
                .open(folder);
    }

    private static MemoryData data() {
        MemoryData[] self = new MemoryData[1];
        self[0] = new MemoryData(SAMPLES, SEQUENCE, i -> bestByHand(self[0], i));
        return self[0];
    }

    private static int bestByHand(MemoryData data, int sample) {
        float[] sum = new float[CLASSES];
        for (int k = 0; k < LENGTH; k++) {
            for (int c = 0; c < CLASSES; c++) {
                sum[c] += data.value(sample, k) * embedding(token(sample, k), c);
            }
        }
        float[] y = {sum[0] + 0.5f * sum[2], 0.5f * sum[0] + sum[1], 0.5f * sum[1] + sum[2]};
        return y[0] >= y[1] && y[0] >= y[2] ? 0 : y[1] >= y[2] ? 1 : 2;
    }

    @Test
    void eachInputTakesTheArrayOfItsNameAndTheOneThatIsLeftTheSamples() throws IOException {
        try (LiveEvaluator evaluator =
                new LiveEvaluator(model(), data().withOther("ids", SEQUENCE, SeveralInputsTest::token), 1)) {
            assertThat(evaluator.floatBaseline(NEVER, e -> {}).correct()).isEqualTo(SAMPLES);
        }
    }

    @Test
    void whatLiesInFrontOfTheTensorInHandIsKeptAsWithOneInput() throws IOException {
        MemoryData data = data().withOther("ids", SEQUENCE, SeveralInputsTest::token);
        Model model = model();
        TensorId w = new TensorId("w");
        Map<TensorId, QuantParams> activations = new HashMap<>();
        model.graph()
                .orElseThrow()
                .activations()
                .forEach(a -> activations.put(
                        a.id(), new QuantParams(Granularity.TENSOR, new float[] {1 / 16f}, new int[] {128}, 0, 255)));
        assertThat(activations.keySet()).extracting(TensorId::name).contains("weights", "words", "sum", "y");

        try (LiveEvaluator cut = new LiveEvaluator(model, data, 1);
                LiveEvaluator whole = new LiveEvaluator(model, data, 1, 1, Optional.empty(), 0)) {
            for (float scale : new float[] {0.3f, 0.1f, 0.5f}) {
                EvalRequest request = new EvalRequest(
                        Optional.of(w),
                        Map.of(w, new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {0}, -3, 3)),
                        activations);
                assertThat(cut.evaluate(request, NEVER, e -> {})).isEqualTo(whole.evaluate(request, NEVER, e -> {}));
            }
            assertThat(cut.cacheUse().batches()).isEqualTo(cut.cacheUse().of());
        }
    }

    @Test
    void everyFloatingInputIsCalibrated() throws IOException {
        MemoryData data = data().withOther("ids", SEQUENCE, SeveralInputsTest::token);
        var sketches =
                ActivationCalibration.run(model(), data, Progress.NONE, NEVER).sketches();
        double largest = 0;
        for (int i = 0; i < SAMPLES * LENGTH; i++) {
            largest = Math.max(largest, data.value(i / LENGTH, i % LENGTH));
        }

        assertThat(sketches.get(new TensorId("weights")).max()).isEqualTo((float) largest);
        assertThat(sketches).doesNotContainKey(new TensorId("ids")).containsKey(new TensorId("words"));
    }

    @Test
    void inputsWithoutAnArrayAreToldWithWhatThereIs() throws IOException {
        Model model = model();

        assertThatThrownBy(() -> new LiveEvaluator(model, data(), 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("[ids, weights]")
                .hasMessageContaining("there are none");
        assertThatThrownBy(() ->
                        new LiveEvaluator(model, data().withOther("ids", Shape.of(5), SeveralInputsTest::token), 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("ids: samples of 5 do not fit the input ids");
    }
}
