package org.quantscope.app.flipped;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.flipped.FlippedViewModel.Cell;
import org.quantscope.app.flipped.FlippedViewModel.Filter;
import org.quantscope.app.session.Settings;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.SampleOutcomes.Change;
import org.quantscope.core.eval.SampleOutcomes.Outcome;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;

/** Everything runs at once, on the thread of the test; the digits at three bits lose some answers. */
class FlippedViewModelTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void start() {
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), new ChosenAnswers(), notices);
        context.session().openSample(SampleFiles.digits());
        context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))));
    }

    @AfterEach
    void end() {
        context.close();
        assertThat(notices.problems).isEmpty();
    }

    private FlippedViewModel.View.Found view() {
        return context.flipped().viewProperty().get().found().orElseThrow();
    }

    private AccuracyEstimate accuracy() {
        return context.accuracy().viewProperty().get().quantized().orElseThrow();
    }

    /** The classes that plain runs of both models give, in file order. */
    private int[][] classes() {
        Model model = context.bench().analysed().orElseThrow();
        Dataset data = context.bench().evaluationData().orElseThrow();
        EvalRequest all = context.accuracy().request().orElseThrow();
        int[][] classes = new int[2][data.size()];
        int k = 0;
        for (EvalRequest request : List.of(
                new EvalRequest(Optional.empty(), Map.of(), Map.of()),
                new EvalRequest(Optional.empty(), all.weights(), all.activations()))) {
            CancelToken cancel = new CancelToken();
            SampleFeed feed = SampleFeed.of(model, data);
            QuantizedSession session = QuantizedSession.build(
                    model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, cancel);
            try (OrtModel _ = session.loaded().getFirst();
                    QuantizedSession.Feeds feeds = session.feeds(request, cancel)) {
                for (int i = 0; i < data.size(); i++) {
                    Logits logits = session.logits(feed, new int[] {i}, feeds, cancel);
                    classes[k][i] = logits.top(0);
                }
            }
            k++;
        }
        return classes;
    }

    @Test
    void theFlippedSamplesAreThoseWhoseClassDiffersBetweenPlainRuns() {
        int[][] classes = classes();
        Dataset data = context.bench().evaluationData().orElseThrow();
        List<Integer> changed = IntStream.range(0, data.size())
                .filter(i -> classes[0][i] != classes[1][i])
                .boxed()
                .toList();
        long lost = changed.stream().filter(i -> classes[0][i] == data.label(i)).count();
        long gained =
                changed.stream().filter(i -> classes[1][i] == data.label(i)).count();

        FlippedViewModel.View.Found v = view();
        assertThat(v.tally().changed()).isEqualTo(changed.size()).isPositive();
        assertThat(List.of((long) v.tally().lost(), (long) v.tally().gained(), (long)
                        v.tally().other()))
                .isEqualTo(List.of(lost, gained, changed.size() - lost - gained));
        assertThat(v.tally().lost() - v.tally().gained())
                .isEqualTo(accuracy().floatCorrect() - accuracy().correct());
        assertThat(v.listed().samples()).extracting(Outcome::sample).containsExactlyInAnyOrderElementsOf(changed);
        assertThat(v.listed().samples())
                .extracting(Outcome::floatMargin)
                .isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(v.listed().samples())
                .allSatisfy(o -> assertThat(List.of(o.floatClass(), o.quantizedClass()))
                        .isEqualTo(List.of(classes[0][o.sample()], classes[1][o.sample()])));
        assertThat(List.of(v.tally().seen(), v.tally().total())).containsOnly(500);
        assertThat(v.previous()).isFalse();
    }

    /** The data has no names of classes; the model carries them. */
    @Test
    void classesHaveTheNamesThatTheModelCarries() throws IOException {
        Path model = folder.resolve("labelled.tflite");
        try (InputStream in = FlippedViewModelTest.class.getResourceAsStream("labelled.tflite")) {
            Files.copy(Objects.requireNonNull(in), model);
        }
        Path data = Files.write(
                folder.resolve("points.npz"),
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "x.npy", ArrayFiles.npy("<f4", "(3, 2)", ArrayFiles.f4(1, 0, 0, 1, -1, -1)),
                                "labels.npy", ArrayFiles.npy("<i8", "(3,)", ArrayFiles.i8(0, 1, 2)))));
        context.session().open(List.of(model, data));

        assertThat(context.bench().evaluationData()).isPresent();
        assertThat(context.flipped().className(1)).isEqualTo("dog");
        assertThat(context.flipped().className(3)).isEqualTo("3");
    }

    @Test
    void aFilterOrACellOfTheMatrixChoosesWhatIsListed() {
        assertThat(view().confusion()).isEmpty();
        context.flipped().setShowing(true);
        Confusion confusion = view().confusion().orElseThrow();
        int diagonal = IntStream.range(0, 10)
                .map(c -> confusion.count(Confusion.Kind.AFTER, c, c))
                .sum();
        assertThat(diagonal).isEqualTo(accuracy().correct());
        assertThat(IntStream.range(0, 10)
                        .map(c -> confusion.count(Confusion.Kind.BEFORE, c, c))
                        .sum())
                .isEqualTo(accuracy().floatCorrect());
        assertThat(IntStream.range(0, 10).map(confusion::total).sum()).isEqualTo(500);
        assertThat(confusion.count(Confusion.Kind.DIFFERENCE, 3, 3))
                .isEqualTo(confusion.count(Confusion.Kind.AFTER, 3, 3) - confusion.count(Confusion.Kind.BEFORE, 3, 3));

        context.flipped().filter(Filter.LOST);
        assertThat(view().listed().samples()).hasSize(view().tally().lost()).allMatch(o -> o.change() == Change.LOST);

        Outcome one = view().listed().samples().getFirst();
        Cell cell = new Cell(Confusion.Kind.AFTER, one.label().orElseThrow(), one.quantizedClass());
        context.flipped().choose(cell);
        assertThat(view().listed().cell()).contains(cell);
        assertThat(view().listed().samples())
                .hasSize(confusion.count(Confusion.Kind.AFTER, cell.row(), cell.column()))
                .contains(one);
        context.flipped().choose(cell);
        assertThat(view().listed().cell()).isEmpty();
        assertThat(view().listed().samples()).hasSize(view().tally().lost());
    }

    /** Counted anew from plain runs of both models. */
    @Test
    void classesAreListedWorstFirstAndOneListsItsFlippedSamples() {
        assertThat(view().classes()).isEmpty();
        context.flipped().setShowing(true);
        int[][] classes = classes();
        Dataset data = context.bench().evaluationData().orElseThrow();
        List<ClassAccuracy> counted = new ArrayList<>();
        for (int label = 0; label < 10; label++) {
            int of = label;
            int[] samples = IntStream.range(0, data.size())
                    .filter(i -> data.label(i) == of)
                    .toArray();
            counted.add(new ClassAccuracy(
                    label,
                    samples.length,
                    (int) IntStream.of(samples).filter(i -> classes[0][i] == of).count(),
                    (int) IntStream.of(samples).filter(i -> classes[1][i] == of).count(),
                    (int) IntStream.of(samples)
                            .filter(i -> classes[0][i] == of && classes[1][i] != of)
                            .count()));
        }

        assertThat(view().classes()).containsExactlyInAnyOrderElementsOf(counted);
        assertThat(view().classes()).extracting(ClassAccuracy::accuracy).isSorted();
        ClassAccuracy worst = view().classes().getFirst();
        assertThat(worst.change().hi()).isNegative();
        assertThat(ClassesView.mark(worst)).isEqualTo(-1);
        assertThat(ClassesView.mark(new ClassAccuracy(0, 50, 45, 44, 1))).isZero();

        context.flipped().chooseClass(worst.label());
        assertThat(view().listed().ofClass()).hasValue(worst.label());
        assertThat(view().listed().samples())
                .extracting(Outcome::sample)
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, data.size())
                        .filter(i -> data.label(i) == worst.label() && classes[0][i] != classes[1][i])
                        .boxed()
                        .toList());
        context.flipped().filter(Filter.LOST);
        assertThat(view().listed().ofClass()).isEmpty();
        assertThat(view().listed().samples()).hasSize(view().tally().lost());
    }

    @Test
    void aNewSettingReplacesTheListAndFloatFlipsNothing() {
        context.flipped().choose(view().listed().samples().getFirst().sample());
        assertThat(view().listed().chosen()).isPresent();

        context.bench().apply(new Edit.SetWeights(Optional.empty()));

        assertThat(view().tally().changed()).isZero();
        assertThat(view().listed().samples()).isEmpty();
        assertThat(view().listed().chosen().orElseThrow().change()).isEqualTo(Change.NONE);
    }

    @Test
    void aChosenSampleShowsItsErrorLayerByLayer() throws IOException {
        int sample = view().listed().samples().getFirst().sample();
        context.sampleLayers().show(OptionalInt.of(sample));

        List<LayerError> layers = context.sampleLayers().viewProperty().get().layers();

        Model model = context.bench().analysed().orElseThrow();
        List<TensorId> ids = model.graph().orElseThrow().activations().stream()
                .map(info -> info.id())
                .toList();
        assertThat(layers).extracting(LayerError::value).isEqualTo(ids);
        assertThat(layers.getFirst().noise()).isZero();
        assertThat(layers.getLast().noise()).isPositive();
        try (LayerComparison again =
                new LayerComparison(model, context.bench().evaluationData().orElseThrow(), 1)) {
            EvalRequest all = context.accuracy().request().orElseThrow();
            assertThat(again.compare(
                            new EvalRequest(Optional.empty(), all.weights(), all.activations()),
                            ids,
                            new int[] {sample},
                            new CancelToken()))
                    .usingRecursiveComparison()
                    .withComparatorForType(
                            (a, b) -> Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(a)) ? 0 : 1, Double.class)
                    .isEqualTo(layers);
        }
    }

    @Test
    void theTensorInHandsErrorIsShownAtItsLayerItsBlockAndThePredictionsAndFollowsAPreview() {
        assertThat(context.layerOutput().viewProperty().get().shown()).isEmpty();
        context.layerOutput().setShowing(true);

        LayerOutputViewModel.View.Shown v =
                context.layerOutput().viewProperty().get().shown().orElseThrow();
        assertThat(v.samples()).isEqualTo(128);
        assertThat(v.rows()).hasSizeGreaterThanOrEqualTo(2);
        assertThat(v.rows().getFirst().place()).isEqualTo("behind its layer");
        assertThat(v.rows().getLast().place()).isEqualTo("predictions");
        TensorId selected = context.bench().selectionProperty().get().orElseThrow();
        Model model = context.bench().analysed().orElseThrow();
        EvalRequest all = context.accuracy().request().orElseThrow();
        try (LayerComparison again =
                new LayerComparison(model, context.bench().evaluationData().orElseThrow(), 1)) {
            EvalRequest alone = new EvalRequest(
                    Optional.empty(), Map.of(selected, all.weights().get(selected)), Map.of());
            int[] samples = again.someSamples(128);
            for (LayerOutputViewModel.Row row : v.rows()) {
                double isolated = again.compare(alone, List.of(row.value()), samples, new CancelToken())
                        .getFirst()
                        .sqnrDb()
                        .orElseThrow();
                assertThat(row.isolated().sqnrDb().orElseThrow()).isEqualTo(isolated, within(0.01));
                assertThat(row.accumulated().noise()).isNotNaN();
            }
        }

        context.selected().preview(ClipRange.symmetric(0.05f));
        LayerOutputViewModel.View.Shown moved =
                context.layerOutput().viewProperty().get().shown().orElseThrow();
        assertThat(moved.previous()).isFalse();
        assertThat(moved.rows().getFirst().isolated().noise())
                .isNotEqualTo(v.rows().getFirst().isolated().noise());
        context.selected().cancel();
        context.layerOutput().setShowing(false);
        assertThat(context.layerOutput().viewProperty().get().shown()).isEmpty();
    }

    @Test
    void anotherMetricIsOneStepAndBelongsToTheSession() {
        int top1 = accuracy().correct();
        assertThat(context.accuracy().readingProperty().get().orElseThrow().possible())
                .startsWith(new Task.TopK(1), new Task.TopK(5));

        context.accuracy().score(Optional.of(new Task.TopK(5)));

        assertThat(accuracy().task()).isEqualTo(new Task.TopK(5));
        assertThat(accuracy().correct()).isGreaterThan(top1);
        assertThat(context.bench().stateProperty().get().orElseThrow().metric()).contains(new Task.TopK(5));
        assertThat(context.tried().viewProperty().get().points())
                .allMatch(p -> p.task().equals(new Task.TopK(5)));
        context.bench().undo();
        assertThat(accuracy().correct()).isEqualTo(top1);
    }
}
