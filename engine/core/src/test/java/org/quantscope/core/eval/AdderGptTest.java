package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;

/**
 * The sample that answers with texts. Its figures are those of an independent run on all 4,000 samples, of which the
 * first 300 are cheap; {@code -Dquantscope.adder=4000} runs all.
 */
class AdderGptTest {
    private static final Path FOLDER = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();
    private static final int ALL = 4000;
    private static final int SAMPLES = Integer.getInteger("quantscope.adder", 300);
    private static Model model;
    private static LiveEvaluator evaluator;

    @BeforeAll
    static void open() throws IOException {
        model = Engine.open(FOLDER.resolve("adder_gpt.onnx"), true);
        evaluator = new LiveEvaluator(
                model, Datasets.open(FOLDER.resolve("adder_test.npz")).limit(SAMPLES), 1);
    }

    @AfterAll
    static void close() {
        evaluator.close();
    }

    @Test
    void theFloatModelAddsWithoutAMistake() {
        AccuracyEstimate figure = evaluator.floatBaseline(NEVER, x -> {});

        assertThat(figure.task()).isEqualTo(new Task.Each(Task.Unit.POSITION));
        assertThat(figure.details().scored()).isEqualTo(4 * SAMPLES);
        assertThat(figure.floatCorrect()).isEqualTo(4 * SAMPLES);
        assertThat(figure.details().exact()).contains(new AccuracyEstimate.Exact(SAMPLES, SAMPLES, SAMPLES));
    }

    @ParameterizedTest
    @CsvSource({
        "8, tensor, 300, 1200, 4000, 16000",
        "8, channel, 300, 1200, 4000, 16000",
        "4, tensor, 296, 1196, 3966, 15966",
        "4, channel, 300, 1200, 3999, 15999",
        "3, tensor, 103, 916, 1210, 12043",
        "3, channel, 257, 1155, 3445, 15418",
        "2, tensor, 1, 235, 3, 3459",
        "2, channel, 1, 294, 23, 4342"
    })
    void quantizedItAddsAsAnIndependentRunFound(
            int bits, String granularity, int fewExact, int fewDigits, int allExact, int allDigits) {
        SessionState state = SessionState.of(new FileRef(FOLDER.resolve("adder_gpt.onnx"), "0".repeat(64)))
                .withWeights(
                        Optional.of(QuantSpec.WEIGHTS.withBits(bits).withGranularity(Granularity.parse(granularity))));
        ResolvedSettings settings = Engine.resolve(model, state, Progress.NONE, NEVER);

        AccuracyEstimate figure =
                evaluator.evaluate(new EvalRequest(Optional.empty(), settings.weights(), Map.of()), NEVER, x -> {});

        boolean all = SAMPLES == ALL;
        assertThat(figure.details().exact().orElseThrow().quantized()).isEqualTo(all ? allExact : fewExact);
        assertThat(figure.correct()).isEqualTo(all ? allDigits : fewDigits);
    }
}
