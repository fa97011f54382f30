package org.quantscope.core.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class RecommendationTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 121;

    @TempDir
    private Path folder;

    private Model model;
    private SessionState state;

    @BeforeEach
    void open() throws IOException {
        Random random = new Random(3);
        float[] first = new float[6 * 16];
        float[] second = new float[16 * 5];
        for (int i = 0; i < first.length; i++) {
            first[i] = (float) random.nextGaussian() * (i % 29 == 0 ? 4 : 1);
        }
        for (int i = 0; i < second.length; i++) {
            second[i] = (float) random.nextGaussian() * 0.3f;
        }
        model = Engine.open(
                new TinyOnnx(17)
                        .input("x", -1, 6)
                        .weight("w1", Shape.of(6, 16), first)
                        .weight("w2", Shape.of(16, 5), second)
                        .weight("b1", Shape.of(16), new float[16])
                        .weight("b2", Shape.of(5), new float[5])
                        .node("Gemm", List.of("x", "w1", "b1"), List.of("h"))
                        .node("Relu", List.of("h"), List.of("r"))
                        .node("Gemm", List.of("r", "w2", "b2"), List.of("y"))
                        .output("y", -1, 5)
                        .write(folder),
                true);
        state = SessionState.of(FileRef.ofModel(model.file(), NEVER))
                .withOverride(new TensorId("w1"), QuantSpec.WEIGHTS.withBits(3));
    }

    private static Dataset data(IntUnaryOperator labels) {
        return new MemoryData(SAMPLES, Shape.of(6), labels);
    }

    private Recommendation.Result recommend(String target, Dataset data) {
        return Recommendation.of(
                new Recommendation.Asked(model, model, state, RunTarget.byId(target), data, Optional.empty(), 1),
                Progress.NONE,
                NEVER);
    }

    private double score(Recommendation.Result of, Dataset on) {
        try (LiveEvaluator evaluator = new LiveEvaluator(model, on, 77)) {
            return evaluator
                    .evaluate(of.fitted().solved().request(Optional.empty()), NEVER, x -> {})
                    .score();
        }
    }

    @Test
    void theCheapestOfTheBestIsChosenOnOneHalfAndReportedOnTheOther() {
        Dataset data = data(i -> i % 5);
        Recommendation.Result result = recommend("onnx-runtime", data);

        SortedSet<Integer> reported = result.calibration().dropped();
        SortedSet<Integer> chosen = new TreeSet<>(IntStream.range(0, SAMPLES)
                .filter(i -> !reported.contains(i))
                .boxed()
                .toList());
        assertThat(reported).hasSize(61);
        assertThat(result.chosenOn()).isEqualTo(60);
        assertThat(result.reported().total()).isEqualTo(61);
        assertThat(result.reported().score()).isEqualTo(score(result, SampleSubset.dropping(data, chosen)));
        assertThat(result.chosen().figure().orElseThrow().score())
                .isEqualTo(score(result, SampleSubset.dropping(data, reported)));
        assertThat(result.overFloat().orElseThrow().lo())
                .isLessThanOrEqualTo(result.reported().delta());
        assertThat(result.overFloat().orElseThrow().hi())
                .isGreaterThanOrEqualTo(result.reported().delta());

        double best = result.tried().stream()
                .flatMap(t -> t.figure().stream())
                .mapToDouble(f -> f.score())
                .max()
                .orElseThrow();
        assertThat(result.tried())
                .filteredOn(Recommendation.Tried::asGood)
                .allMatch(t -> t.figure().orElseThrow().score() >= best - Recommendation.MOST_LOSS)
                .allMatch(t -> t.bytes() >= result.chosen().bytes())
                .contains(result.chosen());
        assertThat(result.tried()).anyMatch(t -> t.figure().isPresent() && !t.asGood());

        // One edit makes the settings of the state that was asked about.
        SessionState after = result.edit().apply(state);
        assertThat(after).isEqualTo(result.fitted().state());
        assertThat(after.overrides()).doesNotContainEntry(new TensorId("w1"), QuantSpec.WEIGHTS.withBits(3));
        assertThat(after.calibrationData().orElseThrow().leftOut()).isEqualTo(reported);
    }

    @Test
    void nothingIsChosenOnTheHalfThatIsReportedOn() {
        Recommendation.Result plain = recommend("onnx-runtime", data(i -> i % 5));
        SortedSet<Integer> reported = plain.calibration().dropped();
        Recommendation.Result other = recommend("onnx-runtime", data(i -> reported.contains(i) ? (i + 1) % 5 : i % 5));

        assertThat(other.tried()).isEqualTo(plain.tried());
        assertThat(other.edit()).isEqualTo(plain.edit());
        assertThat(other.reported().score()).isNotEqualTo(plain.reported().score());
    }

    @Test
    void problemsOfThePlaceAreSolvedAndWhatItCannotHoldIsNamed() {
        Recommendation.Result integers = recommend("tensorrt", data(i -> i % 5));
        assertThat(integers.chosen().solved()).isPositive();
        assertThat(integers.tried()).allMatch(t -> t.option().activations().isPresent());

        Recommendation.Result recipe = recommend("litert", data(i -> i % 5));
        assertThat(recipe.tried())
                .filteredOn(t -> !t.option().weights().isNearest())
                .isNotEmpty()
                .allMatch(t -> t.figure().isEmpty() && t.why().contains("not the nearest"));
    }

    @Test
    void eachHalfNeedsASample() {
        assertThatThrownBy(() -> recommend("onnx-runtime", data(i -> i % 5).limit(1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("got 1");
        assertThatThrownBy(() -> RunTarget.byId("toaster")).hasMessageContaining("microcontroller");
    }
}
