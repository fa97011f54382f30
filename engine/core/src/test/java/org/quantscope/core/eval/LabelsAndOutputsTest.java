package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Which output is scored and how its labels are read, on files of the kinds that people have. */
class LabelsAndOutputsTest {
    @TempDir
    private Path folder;

    private static Path file(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(LabelsAndOutputsTest.class.getResource("/org/quantscope/core/cases/" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static AccuracyEstimate floats(Model model, Dataset data) {
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1, 1, Optional.empty())) {
            return evaluator.floatBaseline(new CancelToken(), x -> {});
        }
    }

    @ParameterizedTest
    @CsvSource({
        "rows-interact/tok.onnx, rows-interact/d.npz, 160",
        "labels/m.onnx, labels/e.npz, 48",
        "labels/m.onnx, labels/n1.npz, 48",
        "npz-with-strings/m.onnx, npz-with-strings/d.npz, 64",
        "several-outputs/m.onnx, several-outputs/d.npz, 64"
    })
    void theFloatModelGetsRightWhatItGetsRightElsewhere(String model, String data, int correct) throws IOException {
        AccuracyEstimate figure = floats(Engine.open(file(model), true), Datasets.open(file(data)));

        assertThat(figure.floatCorrect()).isEqualTo(correct);
    }

    @ParameterizedTest
    @CsvSource({
        "labels/m.onnx, labels/oneK.npz, label 4 of sample 0 is no class from 0 to 3, 64",
        "labels-outside/b.onnx, labels-outside/b.npz, label 2 of sample 7 is no class from 0 to 1, 64"
    })
    void labelsFromOneAreRefusedAndRightOnceThatIsSaid(String model, String data, String why, int correct)
            throws IOException {
        Model opened = Engine.open(file(model), true);
        Dataset plain = Datasets.open(file(data));
        try (LiveEvaluator evaluator = new LiveEvaluator(opened, plain, 1)) {
            assertThat(evaluator.how(new CancelToken()).remedy()).contains(new LabelNumbers(1, Optional.empty()));
            assertThatThrownBy(() -> evaluator.floatBaseline(new CancelToken(), x -> {}))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContainingAll(why, "\"first_label\": 1");
        }
        // What needs no labels can be scored all the same.
        try (LiveEvaluator evaluator = new LiveEvaluator(opened, plain, 1, 1, Optional.of(new Task.Cosine()))) {
            assertThat(evaluator.floatBaseline(new CancelToken(), x -> {}).floatScore())
                    .isEqualTo(1, within(1e-9));
        }
        Dataset fromOne = Datasets.prepare(
                plain.samples().orElseThrow(),
                Preprocessing.NONE.withLabelNumbers(new LabelNumbers(1, Optional.empty())));
        assertThat(floats(opened, fromOne).floatCorrect()).isEqualTo(correct);
    }

    @Test
    void theOutputThatFitsTheLabelsIsScoredUnlessAnotherIsNamed() throws IOException {
        Model model = Engine.open(file("several-outputs/m.onnx"), true);
        Dataset data = Datasets.open(file("several-outputs/d.npz"));
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1)) {
            LiveEvaluator.Reading how = evaluator.how(new CancelToken());
            assertThat(how.output()).isEqualTo("logits");
            assertThat(how.outputs()).containsExactly("aux", "logits");
        }
        Model aux = Engine.scored(model, Scored.AUTOMATIC.withOutput(Optional.of("aux")));
        assertThat(floats(aux, data).floatCorrect()).isEqualTo(9);
        Model none = Engine.scored(model, Scored.AUTOMATIC.withOutput(Optional.of("x")));
        assertThatThrownBy(() -> floats(none, data))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("'x' is no floating output; there are aux, logits");
    }

    @Test
    void outputsBehindASigmoidDivergeAsTheSumOverEach() throws IOException {
        Model model = Engine.open(file("sigmoid-kl/m.onnx"), true);
        Dataset data = Datasets.open(file("sigmoid-kl/d.npz"));
        SessionState state = SessionState.of(new FileRef(file("sigmoid-kl/m.onnx"), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)));
        ResolvedSettings settings = Engine.resolve(model, state, Progress.NONE, new CancelToken());
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1)) {
            AccuracyEstimate figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), settings.weights(), Map.of()), new CancelToken(), x -> {});
            assertThat(figure.klDivergence().orElseThrow()).isEqualTo(0.020481386, within(1e-7));
            assertThat(figure.details().bernoulli()).isTrue();
        }
    }

    @Test
    void rowsThatInteractStayTogetherInTheOrderOfTheFile() throws IOException {
        Model model = Engine.open(file("rows-interact/tok.onnx"), true);
        SampleFeed feed = SampleFeed.of(model, Datasets.open(file("rows-interact/d.npz")));

        assertThat(feed.rowsInteract()).isTrue();
        assertThat(feed.notes()).singleElement().asString().contains("in the order of the file, 16 at a time");
    }

    /** The layers of one sample are those of the batch that it is run in: alone it has none. */
    @Test
    void aSampleWhoseRowsInteractIsComparedWithItsBatch() throws IOException {
        Model model = Engine.open(file("rows-interact/tok.onnx"), true);
        Map<TensorId, QuantParams> weights = new HashMap<>();
        model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .forEach(t -> weights.put(
                        t.id(), new QuantParams(Granularity.TENSOR, new float[] {1}, new int[] {0}, -1, 1)));
        EvalRequest request = new EvalRequest(Optional.empty(), weights, Map.of());
        List<TensorId> values = model.graph().orElseThrow().activations().stream()
                .map(TensorInfo::id)
                .toList();
        try (LayerComparison comparison = new LayerComparison(model, Datasets.open(file("rows-interact/d.npz")), 1)) {
            int[] batch = IntStream.range(16, 32).toArray();
            List<LayerError> whole = comparison.compare(request, values, batch, new CancelToken());

            assertThat(comparison.compare(request, values, new int[] {27}, new CancelToken()))
                    .isEqualTo(whole)
                    .allSatisfy(e -> assertThat(e.samples()).isEqualTo(16));
            assertThat(comparison.someSamples(128)).containsExactly(0, 20, 40, 60, 80, 100, 120, 140);
        }
    }

    /** [N, 3] with a free N; each row is changed by the mean of all. */
    @Test
    void rowsOfAFreeNumberThatInteractAreFedTogether() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 3)
                .output("y", -1, 3)
                .node("ReduceMean", List.of("x"), List.of("m"), TinyOnnx.attribute("axes", 0, new long[0]))
                .node("Sub", List.of("x", "m"), List.of("y"))
                .open(folder);
        MemoryData data = MemoryData.unlabelled(130, Shape.of(3));

        SampleFeed feed = SampleFeed.of(model, data);

        assertThat(feed.rowsInteract()).isTrue();
        assertThat(feed.batchSize()).isEqualTo(130);
        assertThat(SampleFeed.of(
                                new TinyOnnx(13)
                                        .input("x", -1, 3)
                                        .output("y", -1, 3)
                                        .node("Softmax", List.of("x"), List.of("m"))
                                        .node("Neg", List.of("m"), List.of("y"))
                                        .open(folder),
                                data)
                        .rowsInteract())
                .isFalse();
    }

    private Model copy(long... dims) throws IOException {
        long[] all = new long[dims.length + 1];
        all[0] = -1;
        System.arraycopy(dims, 0, all, 1, dims.length);
        return new TinyOnnx(13)
                .input("x", all)
                .output("y", all)
                .node("Relu", List.of("x"), List.of("r"))
                .node("Add", List.of("r", "x"), List.of("y"))
                .open(folder);
    }

    /** Labels of several values for each sample. */
    private static Dataset labelled(MemoryData data, Shape shape, int[][] labels) {
        return data.withLabels(shape, labels);
    }

    @Test
    void aClassForEachPositionIsScoredOverThePositionsThatAreNotIgnored() throws IOException {
        // Value k of sample i is sin(12 i + k) · 3; the largest of three is the class of a position.
        MemoryData values = MemoryData.unlabelled(120, Shape.of(4, 3));
        int[][] labels = new int[120][4];
        int[][] right = new int[120][4];
        int scored = 0;
        int correct = 0;
        int exact = 0;
        for (int i = 0; i < 120; i++) {
            boolean all = true;
            for (int p = 0; p < 4; p++) {
                int sample = i;
                int at = p * 3;
                right[i][p] = IntStream.range(0, 3)
                        .boxed()
                        .max((a, b) -> Float.compare(values.value(sample, at + a), values.value(sample, at + b)))
                        .orElseThrow();
                boolean ignored = p == 0 || (i + p) % 5 == 0;
                boolean wrong = (i * 7 + p) % 6 == 0;
                labels[i][p] = ignored ? Dataset.UNSCORED : wrong ? (right[i][p] + 1) % 3 : right[i][p];
                scored += ignored ? 0 : 1;
                correct += ignored || wrong ? 0 : 1;
                all &= ignored || !wrong;
            }
            exact += all ? 1 : 0;
        }
        Dataset data = labelled(values, Shape.of(4), labels);
        AccuracyEstimate figure = floats(copy(4, 3), data);

        assertThat(figure.task()).isEqualTo(new Task.Each(Task.Unit.POSITION));
        assertThat(figure.details().scored()).isEqualTo(scored);
        assertThat(figure.floatCorrect()).isEqualTo(correct);
        assertThat(figure.details().exact().orElseThrow()).isEqualTo(new AccuracyEstimate.Exact(exact, exact, 120));

        QuantParams coarse = new QuantParams(Granularity.TENSOR, new float[] {1.3f}, new int[] {0}, -3, 3);
        try (LiveEvaluator evaluator = new LiveEvaluator(copy(4, 3), data, 1)) {
            Evaluation whole = evaluator.evaluateSamples(
                    new EvalRequest(Optional.empty(), Map.of(), Map.of(new TensorId("x"), coarse)),
                    new CancelToken(),
                    x -> {});
            SampleOutcomes outcomes = whole.outcomes();
            int is = 0;
            int same = 0;
            for (int i = 0; i < outcomes.size(); i++) {
                SampleOutcomes.Sequence s =
                        outcomes.outcome(i).orElseThrow().sequence().orElseThrow();
                int sample = outcomes.sample(i);
                boolean unchanged = true;
                for (int p = 0; p < 4; p++) {
                    assertThat(s.labels().get(p)).isEqualTo(labels[sample][p]);
                    assertThat(s.ofFloat().get(p)).isEqualTo(right[sample][p]);
                    is += s.labels().get(p).equals(s.quantized().get(p)) ? 1 : 0;
                    unchanged &= s.labels().get(p) == Dataset.UNSCORED
                            || s.ofFloat().get(p).equals(s.quantized().get(p));
                }
                same += unchanged ? 1 : 0;
                assertThat(outcomes.change(i) == SampleOutcomes.Change.NONE).isEqualTo(unchanged);
            }
            assertThat(whole.accuracy().correct()).isEqualTo(is).isLessThan(correct);
            assertThat(whole.accuracy().agree()).isEqualTo(OptionalInt.of(same));
            assertThat(whole.accuracy().delta()).isEqualTo((double) (is - correct) / scored, within(1e-12));
        }
    }

    @Test
    void masksWithTheClassesFirstAreReadToo() throws IOException {
        MemoryData values = MemoryData.unlabelled(20, Shape.of(5, 2, 3));
        int[][] labels = new int[20][6];
        for (int i = 0; i < 20; i++) {
            for (int p = 0; p < 6; p++) {
                int sample = i;
                int at = p;
                labels[i][p] = IntStream.range(0, 5)
                        .boxed()
                        .max((a, b) ->
                                Float.compare(values.value(sample, a * 6 + at), values.value(sample, b * 6 + at)))
                        .orElseThrow();
            }
        }

        AccuracyEstimate figure = floats(copy(5, 2, 3), labelled(values, Shape.of(2, 3), labels));

        assertThat(figure.floatCorrect()).isEqualTo(120);
        assertThat(figure.details().scored()).isEqualTo(120);
    }

    @Test
    void rowsOfOneAreClassesAndRowsOfSeveralAreYesOrNo() throws IOException {
        MemoryData values = MemoryData.unlabelled(40, Shape.of(4));
        int[][] hot = new int[40][4];
        int[][] several = new int[40][4];
        for (int i = 0; i < 40; i++) {
            int best = 0;
            for (int k = 0; k < 4; k++) {
                best = values.value(i, k) > values.value(i, best) ? k : best;
                several[i][k] = values.value(i, k) > 0 ? 1 : 0;
            }
            hot[i][best] = 1;
        }
        several[3][1] = 1 - several[3][1];

        AccuracyEstimate classes = floats(copy(4), labelled(values, Shape.of(4), hot));
        AccuracyEstimate labels = floats(copy(4), labelled(values, Shape.of(4), several));

        assertThat(classes.task()).isEqualTo(new Task.TopK(1));
        assertThat(classes.floatCorrect()).isEqualTo(40);
        assertThat(labels.task()).isEqualTo(new Task.Each(Task.Unit.LABEL));
        assertThat(labels.floatCorrect()).isEqualTo(159);
        assertThat(labels.details().exact().orElseThrow().ofFloat()).isEqualTo(39);
    }

    @Test
    void aVectorIsNoClassUnlessSomethingSaysSo() throws IOException {
        MemoryData data = MemoryData.unlabelled(30, Shape.of(384));
        try (LiveEvaluator evaluator = new LiveEvaluator(copy(384), data, 1)) {
            AccuracyEstimate figure = evaluator.floatBaseline(new CancelToken(), x -> {});
            assertThat(figure.task()).isEqualTo(new Task.Cosine());
            assertThat(figure.details().floatWorst()).isEqualTo(1, within(1e-9));
            assertThat(figure.agreement()).isEmpty();
        }
    }

    @Test
    void anOutputIsAveragedOverAMask() throws IOException {
        MemoryData data =
                MemoryData.unlabelled(30, Shape.of(3, 2)).withOther("mask", Shape.of(3), (i, t) -> t <= i % 3 ? 1 : 0);
        Model model = Engine.scored(copy(3, 2), new Scored(Optional.empty(), Optional.of("mask")));
        SampleFeed feed = SampleFeed.of(model, data);
        try (var loaded = org.quantscope.core.ort.OrtModel.load(
                org.quantscope.core.rewrite.InstrumentedGraph.plain(model),
                "m",
                org.quantscope.core.ort.OrtModel.Options.DEFAULT)) {
            Logits pooled = Logits.of(loaded, model, feed, new int[] {0, 1, 2}, Map.of(), new CancelToken());
            assertThat(pooled.classes()).isEqualTo(2);
            for (int i = 0; i < 3; i++) {
                for (int k = 0; k < 2; k++) {
                    double sum = 0;
                    for (int t = 0; t <= i; t++) {
                        float x = data.value(i, t * 2 + k);
                        sum += x + Math.max(0, x);
                    }
                    assertThat((double) pooled.values()[i * 2 + k]).isEqualTo(sum / (i + 1), within(1e-6));
                }
            }
        }
        Model other = Engine.scored(copy(3, 2), new Scored(Optional.empty(), Optional.of("none")));
        assertThatThrownBy(() -> floats(other, data))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("there is no array none beside the samples, only [mask]");
    }

    /** Boxes are large and scores are small: the cosine is nearly 1 though all scores become 0. */
    @Test
    void scoresThatCollapseAreSeenThoughTheCosineIsNearlyOne() throws IOException {
        float[] scale = {100, 100, 100, 0.01f};
        Model model = new TinyOnnx(13)
                .input("x", -1, 6, 4)
                .output("y", -1, 6, 4)
                .weight("w", Shape.of(4, 4), diagonal(scale))
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        QuantParams coarse = new QuantParams(Granularity.TENSOR, new float[] {100 / 127f}, new int[] {0}, -127, 127);
        try (LiveEvaluator evaluator = new LiveEvaluator(model, MemoryData.unlabelled(30, Shape.of(6, 4)), 1)) {
            AccuracyEstimate figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), Map.of(new TensorId("w"), coarse), Map.of()),
                    new CancelToken(),
                    x -> {});
            assertThat(figure.task()).isEqualTo(new Task.Cosine());
            assertThat(figure.score()).isGreaterThan(0.9999);
            Spread spread = figure.details().spread().orElseThrow();
            assertThat(spread).isEqualTo(new Spread(0, 2, 3));
            assertThat(spread.collapsed()).isTrue();
        }
    }

    private static float[] diagonal(float[] values) {
        float[] w = new float[values.length * values.length];
        for (int i = 0; i < values.length; i++) {
            w[i * values.length + i] = values[i];
        }
        return w;
    }
}
