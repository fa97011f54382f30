package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javafx.beans.value.ObservableValue;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.selected.ClipCurve;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.eval.CacheUse;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/** The whole program without a window: everything runs at once, on the thread of the test. */
class ApplicationContextTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private final List<String> problems = notices.problems;
    private final List<String> done = notices.done;
    private final ChosenAnswers answers = new ChosenAnswers();
    /** Work that waits until the test runs it, while {@link #held} is set. */
    private final Queue<Runnable> waiting = new ArrayDeque<>();

    private boolean held;
    private final Executor work = task -> {
        if (held) {
            waiting.add(task);
        } else {
            task.run();
        }
    };
    private ApplicationContext context;

    @BeforeEach
    void start() {
        answers.unsaved = Questions.Unsaved.STAY;
        context = newDesk();
    }

    @AfterEach
    void end() {
        context.close();
    }

    private ApplicationContext newDesk() {
        return ApplicationContext.of(work, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
    }

    private void openDigits() {
        context.session().openSample(SampleFiles.digits());
        assertThat(problems).isEmpty();
        assertThat(context.bench().modelProperty().get()).isPresent();
    }

    private SelectedTensor.View hand() {
        return context.selected().viewProperty().get().orElseThrow();
    }

    private Measured measured() {
        return hand().measured().orElseThrow();
    }

    private SessionState state() {
        return context.bench().stateProperty().get().orElseThrow();
    }

    /** What a session file would keep of the activations. */
    private Map<TensorId, ClipRange> ranges() {
        return context.measurements().snapshotProperty().get().ranges().ranges();
    }

    private Tensor selected() {
        return context.bench()
                .analysed()
                .orElseThrow()
                .find(hand().subject().id())
                .orElseThrow();
    }

    @Test
    void openingASampleMeasuresEveryTensorExactlyAndEvaluatesIt() {
        openDigits();
        assertThat(context.tensors().rowsProperty().get().weights())
                .isNotEmpty()
                .allSatisfy(row -> {
                    assertThat(row.result().sqnrDb()).isPresent();
                    assertThat(row.result().exact()).isTrue();
                });
        assertThat(context.tensors().rowsProperty().get().activations()).isNotEmpty();
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        assertThat(context.accuracy()
                        .viewProperty()
                        .get()
                        .baseline()
                        .orElseThrow()
                        .floatCorrect())
                .isEqualTo(477);
        assertThat(context.accuracy().viewProperty().get().size().orElseThrow().quantizedBytes())
                .isLessThan(context.accuracy()
                        .viewProperty()
                        .get()
                        .size()
                        .orElseThrow()
                        .floatBytes());
        assertThat(context.bench().dirtyProperty().get()).isFalse();
    }

    @Test
    void rowsAreWorstFirst() {
        openDigits();
        assertThat(context.tensors().rowsProperty().get().weights().stream()
                        .map(row -> row.result().sqnrDb().orElseThrow()))
                .isSorted();
    }

    @Test
    void aPreviewAnswersFromTheSketchAtOnceAndExactlyALittleLater() {
        openDigits();
        held = true;
        context.selected().preview(ClipRange.symmetric(0.3f));
        assertThat(measured().error().exact()).isFalse();
        assertThat(context.error()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .deviation()
                        .mse())
                .startsWith("≈ ");
        double estimate = measured().error().mse();
        assertThat(context.accuracy().viewProperty().get().previous()).isTrue();

        runWaiting();
        var exact = ErrorPass.measure(selected(), measured().params(), new CancelToken());
        assertThat(measured().error().exact()).isTrue();
        assertThat(measured().error().mse()).isEqualTo(exact.mse());
        assertThat(measured().error().clipped()).isEqualTo((double) exact.clipped());
        assertThat(estimate).isCloseTo(exact.mse(), Percentage.withPercentage(5));
        assertThat(context.accuracy().viewProperty().get().previous()).isFalse();
        assertThat(context.bench().canUndoProperty().get()).isFalse();
    }

    @Test
    void aFrameOfADragChangesOnlyWhatTheHandMovesAndAsksForOneJobOfAKind() {
        context.selected().curveShowingProperty().set(true);
        openDigits();
        held = true;
        context.selected().preview(ClipRange.symmetric(0.3f));
        int asked = waiting.size();
        var changes = new TreeMap<String, Integer>();
        count(changes, "error", context.error().viewProperty());
        count(changes, "quantizer", context.quantizer().viewProperty());
        count(changes, "in hand", context.selected().viewProperty());
        count(changes, "accuracy", context.accuracy().viewProperty());
        count(changes, "measurements", context.measurements().snapshotProperty());
        count(changes, "rows", context.tensors().rowsProperty());
        count(changes, "export", context.export().planProperty());
        count(changes, "curve", context.selected().curveProperty());
        count(changes, "state", context.bench().stateProperty());
        List<QuantizableTensor.Weight> weights = context.bench().weights();
        int frames = 50;
        for (int i = 0; i < frames; i++) {
            context.selected().preview(ClipRange.symmetric(0.301f + 0.001f * i));
        }
        assertThat(changes)
                .containsExactlyEntriesOf(
                        new TreeMap<>(Map.of("error", frames, "quantizer", frames, "in hand", frames)));
        assertThat(waiting).hasSize(asked);
        assertThat(context.bench().weights()).isSameAs(weights);
    }

    private static void count(Map<String, Integer> changes, String name, ObservableValue<?> value) {
        value.addListener((o, was, is) -> changes.merge(name, 1, Integer::sum));
    }

    @Test
    void lettingGoKeepsTheEvaluationThatThePreviewBegan() {
        openDigits();
        int tried = context.tried().viewProperty().get().points().size();
        context.selected().preview(ClipRange.symmetric(0.05f));
        var evaluated = context.accuracy().viewProperty().get().quantized();
        assertThat(context.tried().viewProperty().get().points()).hasSize(tried);
        held = true;
        context.selected().commit();
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        assertThat(context.accuracy().viewProperty().get().quantized()).isEqualTo(evaluated);
        assertThat(context.tried().viewProperty().get().points()).hasSize(tried + 1);
    }

    @Test
    void aCalibratorForAnActivationIsAStepAtOnceAndItsRangeFollowsInTheBackground() {
        openDigits();
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getLast().id();
        context.bench().select(activation);
        ClipRange before = hand().clip().orElseThrow();
        Map<TensorId, ClipRange> all = ranges();
        held = true;
        context.quantizer().setCalibrator("mse");
        context.quantizer().setBits(4);
        QuantSpec spec = state().overrides().get(activation);
        assertThat(spec.bits()).isEqualTo(4);
        assertThat(spec.clip()).isEqualTo(new Clip.Auto("mse"));
        assertThat(hand().previous()).isTrue();
        assertThat(hand().clip()).contains(before);
        runWaiting();
        assertThat(hand().previous()).isFalse();
        assertThat(hand().clip()).isNotEqualTo(Optional.of(before));
        assertThat(ranges()).isNotEqualTo(all);
        assertThat(ranges().get(activation)).isEqualTo(hand().clip().orElseThrow());

        held = true;
        context.bench().undo();
        context.bench().undo();
        assertThat(hand().previous()).as("a range that was seen before").isFalse();
        assertThat(hand().clip()).contains(before);
        assertThat(ranges()).isEqualTo(all);
        runWaiting();
        assertThat(problems).isEmpty();
    }

    @Test
    void aQuantizerCanBeAddedWhereTheRulesHaveNoneAndIsOneStep() {
        openDigits();
        context.activations().quantize(true);
        TensorRow inside = context.tensors().rowsProperty().get().others().getFirst();
        Set<TensorId> id = Set.of(inside.id());
        assertThat(context.tensors().placement(inside.id()).orElseThrow())
                .startsWith("in float: inside a layer: the integer kernel rounds behind Relu");
        assertThat(context.tensors().canPlace(id)).isTrue();
        SessionState before = state();

        context.tensors().place(id, true);

        assertThat(state().addedQuantizers()).isEqualTo(id);
        assertThat(ranges()).containsKey(inside.id());
        assertThat(context.bench().activations()).extracting(a -> a.id()).contains(inside.id());
        assertThat(context.tensors().rowsProperty().get().activations())
                .filteredOn(r -> r.id().equals(inside.id()))
                .first()
                .returns(true, r -> r.result().sqnrDb().isPresent());
        assertThat(context.tensors().rowsProperty().get().others())
                .extracting(TensorRow::id)
                .doesNotContain(inside.id());
        assertThat(context.tensors().placement(inside.id())).contains("quantized: added by hand");
        assertThat(context.tensors().arePlaced(id)).isTrue();

        context.bench().undo();
        assertThat(state()).isEqualTo(before);
        assertThat(context.tensors().rowsProperty().get().others())
                .extracting(TensorRow::id)
                .contains(inside.id());
        context.bench().redo();
        context.tensors().place(id, false);
        assertThat(state().addedQuantizers()).isEmpty();
        assertThat(problems).isEmpty();
    }

    /** Accuracy answers to each, and so does a drag; a scale for each block is refused. */
    @Test
    void anActivationTakesEverySchemeWithOneRange() {
        openDigits();
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getFirst().id();
        context.bench().select(activation);
        for (Quantizer scheme : Quantizers.all()) {
            problems.clear();
            context.quantizer().setScheme(scheme.id());
            if (scheme.traits().blockSize() > 0) {
                assertThat(problems)
                        .singleElement()
                        .asString()
                        .contains(scheme.title() + " has a scale for each block");
                assertThat(hand().spec().orElseThrow().scheme()).isNotEqualTo(scheme.id());
                continue;
            }
            assertThat(hand().spec().orElseThrow().scheme()).isEqualTo(scheme.id());
            assertThat(measured().params().isAffine()).isEqualTo(scheme.traits().isAffine());
            assertThat(context.accuracy().viewProperty().get().status())
                    .as(scheme.id())
                    .isEqualTo(Status.DONE);
            float wide = measured().requested().getFirst().absMax();
            int correct = context.accuracy()
                    .viewProperty()
                    .get()
                    .quantized()
                    .orElseThrow()
                    .correct();
            context.selected().setRange(ClipRange.symmetric(wide / 1000));
            assertThat(context.accuracy().viewProperty().get().status())
                    .as(scheme.id())
                    .isEqualTo(Status.DONE);
            assertThat(context.accuracy()
                            .viewProperty()
                            .get()
                            .quantized()
                            .orElseThrow()
                            .correct())
                    .as("%s cut off", scheme.id())
                    .isNotEqualTo(correct);
            context.bench().undo();
            assertThat(problems).as(scheme.id()).isEmpty();
        }
    }

    /** What is shown is then the range of the calibration data, and nobody can move it. */
    @Test
    void theNetworkMayFindTheRangeOfAnActivation() {
        openDigits();
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getLast().id();
        context.bench().select(activation);
        ClipRange before = hand().clip().orElseThrow();
        List<String> choices = context.quantizer()
                .viewProperty()
                .get()
                .orElseThrow()
                .chosenBy()
                .calibrators();
        String sample = choices.get(choices.size() - 2);
        context.quantizer().setCalibrator(sample);

        assertThat(state().overrides().get(activation).clip()).isEqualTo(new Clip.Dynamic(true));
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .calibratorId())
                .contains(sample);
        assertThat(hand().draggable()).isFalse();
        assertThat(hand().clip()).contains(before);
        context.selected().preview(ClipRange.symmetric(0.05f));
        assertThat(state().overrides().get(activation).clip()).isEqualTo(new Clip.Dynamic(true));
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        context.quantizer().setCalibrator("minmax");
        assertThat(hand().draggable()).isTrue();
        context.bench().undo();
        assertThat(hand().draggable()).isFalse();
        assertThat(problems).isEmpty();
        context.bench().select(context.bench().weights().getFirst().id());
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .calibrators())
                .doesNotContain(sample);
    }

    @Test
    void listedLevelsOfAnActivationHaveASignIfItsValuesHave() {
        openDigits();
        context.activations().quantize(true);
        for (var activation : context.bench().activations()) {
            context.bench().select(activation.id());
            context.quantizer().setScheme("log2");
            assertThat(hand().spec().orElseThrow().signed())
                    .as(activation.id().name())
                    .isEqualTo(hand().sketch().orElseThrow().min() < 0);
        }
        assertThat(context.bench().activations())
                .extracting(a -> state().overrides().get(a.id()).signed())
                .contains(true, false);
    }

    @Test
    void undoOvertakesAChangeThatIsStillLookingForItsRange() {
        openDigits();
        context.activations().quantize(true);
        context.bench().select(context.bench().activations().getFirst().id());
        held = true;
        context.quantizer().setCalibrator("mse");
        context.bench().undo();
        SessionState undone = state();
        runWaiting();
        assertThat(state()).isEqualTo(undone);
    }

    @Test
    void calibratingAllIsAStepAtOnceAndKeepsAStepMadeMeanwhile() {
        openDigits();
        context.activations().quantize(true);
        Map<TensorId, ClipRange> before = ranges();
        held = true;
        context.activations().calibrateAll(Calibrators.byId("mse"));
        TensorId kept = context.bench().weights().getLast().id();
        context.tensors().keepFloat(Set.of(kept));
        runWaiting();
        assertThat(state().keptFloat()).contains(kept);
        assertThat(state().activations().orElseThrow().clip()).isEqualTo(new Clip.Auto("mse"));
        assertThat(ranges()).isNotEqualTo(before);
    }

    private void runWaiting() {
        held = false;
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    @Test
    void lettingGoIsOneStepAndUndoRestoresEverything() {
        openDigits();
        SelectedTensor.View before = hand();
        var accuracy = context.accuracy().viewProperty().get().quantized();
        for (int i = 1; i < 20; i++) {
            context.selected().preview(ClipRange.symmetric(0.05f * i));
        }
        context.selected().commit();
        assertThat(state().overrides().get(before.subject().id()).clip())
                .isEqualTo(new Clip.Manual(ClipRange.symmetric(0.05f * 19)));
        context.bench().undo();
        assertThat(context.bench().canUndoProperty().get()).isFalse();
        assertThat(hand().measured()).isEqualTo(before.measured());
        assertThat(context.accuracy().viewProperty().get().quantized()).isEqualTo(accuracy);
        assertThat(context.bench().dirtyProperty().get()).isFalse();
    }

    @Test
    void escapeRestoresAndLeavesNoStep() {
        openDigits();
        var before = hand().measured();
        context.selected().preview(ClipRange.symmetric(0.1f));
        context.selected().cancel();
        assertThat(hand().measured()).isEqualTo(before);
        assertThat(context.bench().canUndoProperty().get()).isFalse();
    }

    @Test
    void perChannelOneChannelIsDraggedAndTheOthersKeepTheirRanges() {
        openDigits();
        context.quantizer().setPerChannel(true);
        assertThat(hand().draggable()).isFalse();
        List<ClipRange> before = measured().requested();
        context.selected().selectSlice(2);
        assertThat(hand().draggable()).isTrue();
        context.selected().setRange(ClipRange.symmetric(0.125f));
        List<ClipRange> expected = new ArrayList<>(before);
        expected.set(2, ClipRange.symmetric(0.125f));
        assertThat(state().overrides().get(hand().subject().id()).clip())
                .isEqualTo(new Clip.ManualPerChannel(expected));
        context.quantizer().setPerChannel(false);
        assertThat(hand().spec().orElseThrow().clip()).isInstanceOf(Clip.Auto.class);
    }

    @Test
    void aTypedRangeIsTakenOverAndNonsenseIsSaid() {
        openDigits();
        context.quantizer().setHi("0,5");
        assertThat(hand().clip()).contains(ClipRange.symmetric(0.5f));
        context.quantizer().setHi("wide");
        assertThat(problems).containsExactly("hi: a number is needed, got wide");
        context.quantizer().setHi("-1");
        assertThat(problems).hasSize(2);
        context.quantizer().setSymmetric(false);
        context.quantizer().setLo("-0.25");
        assertThat(hand().clip()).contains(new ClipRange(-0.25f, 0.5f));
        context.quantizer().setLo("0.75");
        assertThat(problems).hasSize(3);
        assertThat(hand().clip()).contains(new ClipRange(-0.25f, 0.5f));
    }

    @Test
    void becomingSymmetricWidensARangeSetByHand() {
        openDigits();
        context.quantizer().setSymmetric(false);
        context.selected().setRange(new ClipRange(-0.25f, 0.75f));
        context.quantizer().setSymmetric(true);
        assertThat(problems).isEmpty();
        assertThat(hand().clip()).contains(ClipRange.symmetric(0.75f));
    }

    @Test
    void theFilterKeepsWhatContainsItWhateverTheCase() {
        openDigits();
        int all = context.tensors().rowsProperty().get().weights().size();
        TensorId one =
                context.tensors().rowsProperty().get().weights().getFirst().id();
        context.tensors().filterProperty().set(one.name().toUpperCase(Locale.ROOT));
        assertThat(context.tensors().rowsProperty().get().weights())
                .extracting(row -> row.id())
                .containsExactly(one);
        assertThat(context.tensors().rowsProperty().get().hidden()).isGreaterThanOrEqualTo(all - 1);
        context.tensors().filterProperty().set("");
        assertThat(context.tensors().rowsProperty().get().weights()).hasSize(all);
    }

    @Test
    void keepingATensorInFloatTakesItOutOfTheFormAndTheSize() {
        openDigits();
        long before =
                context.accuracy().viewProperty().get().size().orElseThrow().quantizedBytes();
        context.tensors().keepFloat(Set.of(hand().subject().id()));
        assertThat(context.quantizer().viewProperty().get()).isEmpty();
        assertThat(hand().draggable()).isFalse();
        assertThat(context.accuracy().viewProperty().get().size().orElseThrow().quantizedBytes())
                .isGreaterThan(before);
    }

    @Test
    void everyRegisteredCalibratorCalibratesAllInOneStep() {
        context.layerInputs().showingProperty().set(true);
        openDigits();
        for (var calibrator : Calibrators.all()) {
            context.selected().setRange(ClipRange.symmetric(0.2f));
            context.activations().calibrateAll(calibrator);
            assertThat(context.bench().undoTitleProperty().get()).contains(calibrator.title());
            assertThat(hand().spec().orElseThrow().clip()).isEqualTo(new Clip.Auto(calibrator.id()));
            assertThat(state().weights().orElseThrow().clip()).isEqualTo(new Clip.Auto(calibrator.id()));
        }
        assertThat(problems).isEmpty();
    }

    /** Of weights, once calibration data has shown what they are multiplied with; never of activations. */
    @Test
    void theWeightedErrorIsOfferedWhereImportancesAreKnown() {
        context.selected().curveShowingProperty().set(true);
        context.session().openModel(SampleFiles.DIGITS);
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .calibrators())
                .contains("mse")
                .doesNotContain("weighted-mse");
        assertThat(pinned()).doesNotContain("weighted-mse");

        openDigits();
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .calibrators())
                .contains("mse", "weighted-mse");
        context.quantizer().setBits(3);
        context.quantizer().setCalibrator("weighted-mse");
        QuantSpec spec = hand().spec().orElseThrow();
        ClipRange expected = RangeResolver.resolve(
                        selected(), spec, context.bench().importances(), new CancelToken())
                .requested()
                .getFirst();
        assertThat(measured().requested()).containsExactly(expected);
        assertThat(measured().error().exact()).isTrue();
        assertThat(expected)
                .isNotEqualTo(RangeResolver.resolve(selected(), spec.withClip(new Clip.Auto("mse")), new CancelToken())
                        .requested()
                        .getFirst());
        assertThat(context.selected().curveProperty().get().orElseThrow().pins())
                .anySatisfy(pin -> {
                    assertThat(pin.calibratorId()).isEqualTo("weighted-mse");
                    assertThat(pin.range()).isEqualTo(expected);
                });
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .option())
                .isEmpty();

        context.activations().quantize(true);
        context.bench().select(context.bench().activations().getLast().id());
        assertThat(context.quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .chosenBy()
                        .calibrators())
                .contains("mse")
                .doesNotContain("weighted-mse");
        assertThat(problems).isEmpty();
    }

    private List<String> pinned() {
        return context.selected()
                .curveProperty()
                .get()
                .map(c -> c.pins().stream().map(ClipCurve.Pin::calibratorId).toList())
                .orElse(List.of());
    }

    /** A session whose calibration data is gone: what cannot be measured is said, and nothing counts as complete. */
    @Test
    void weightsWhoseImportanceNobodyKnowsAreNotMeasured() {
        context.session().openModel(SampleFiles.DIGITS);
        context.selected().change("weighted", spec -> spec.withClip(new Clip.Auto("weighted-mse")));

        assertThat(problems).hasSize(1).first().asString().contains("importances from calibration data");
        assertThat(hand().previous()).isTrue();
        assertThat(context.export().planProperty().get()).isEmpty();
    }

    @Test
    void quantizingActivationsIsOneStepWithRangesFromTheCalibrationData() {
        openDigits();
        context.activations().quantize(true);
        assertThat(state().activations()).contains(QuantSpec.ACTIVATIONS);
        assertThat(ranges()).isNotEmpty();
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        TensorId activation = context.bench().activations().getLast().id();
        context.bench().select(activation);
        assertThat(measured().error().exact()).isFalse();
        context.selected().setRange(new ClipRange(0, 1));
        assertThat(state().overrides().get(activation).clip()).isEqualTo(new Clip.Manual(new ClipRange(0, 1)));
        context.bench().undo();
        context.bench().undo();
        assertThat(state().activations()).isEmpty();
        assertThat(problems).isEmpty();
    }

    @Test
    void theSameSettingForAllForgetsWhatTensorsHadOfTheirOwn() {
        openDigits();
        context.quantizer().setBits(3);
        context.quantizer().setPerChannel(true);
        context.quantizer().spread();
        assertThat(state().overrides()).isEmpty();
        assertThat(state().weights().orElseThrow())
                .isEqualTo(QuantSpec.WEIGHTS.withBits(3).withGranularity(Granularity.CHANNEL));
    }

    @Test
    void aSavedSessionOpensAgainAsItWas() {
        openDigits();
        Path file = folder.resolve("a.quantscope.json");
        answers.save = Optional.of(file);
        context.selected().setRange(ClipRange.symmetric(0.2f));
        assertThat(context.bench().dirtyProperty().get()).isTrue();
        context.session().save();
        assertThat(context.bench().dirtyProperty().get()).isFalse();
        SessionState saved = state();
        context.quantizer().setBits(2);
        answers.unsaved = Questions.Unsaved.DISCARD;
        context.session().open(List.of(file));
        assertThat(state()).isEqualTo(saved);
        assertThat(context.bench().dirtyProperty().get()).isFalse();
        assertThat(context.bench().sessionFileProperty().get()).contains(file);
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        assertThat(context.session().recentProperty().get().getFirst())
                .isEqualTo(file.toAbsolutePath().normalize());
    }

    @Test
    void savingRunsInTheBackgroundAndClosingWaitsForIt() throws IOException {
        Path file = folder.resolve("a.quantscope.json");
        answers.save = Optional.of(file);
        openDigits();
        context.selected().setRange(ClipRange.symmetric(0.2f));
        held = true;
        context.session().save();
        SessionState asked = state();
        assertThat(file).doesNotExist();
        assertThat(context.bench().dirtyProperty().get()).isTrue();
        context.selected().setRange(ClipRange.symmetric(0.3f));
        context.session().save();
        runWaiting();
        held = false;

        assertThat(SessionFile.read(file).state()).isEqualTo(state()).isNotEqualTo(asked);
        assertThat(context.bench().dirtyProperty().get()).isFalse();
        assertThat(UnsavedWorkTest.copies(folder.resolve("config"))).isEmpty();
    }

    @Test
    void leavingWithASaveGoesOnOnceItIsWrittenAndNotIfItFails() {
        Path file = folder.resolve("a.quantscope.json");
        answers.save = Optional.of(folder.resolve("missing/a.quantscope.json"));
        answers.unsaved = Questions.Unsaved.SAVE;
        openDigits();
        context.quantizer().setBits(5);
        AtomicInteger left = new AtomicInteger();
        context.session().leave(left::incrementAndGet);
        assertThat(left).hasValue(0);
        assertThat(problems).singleElement().satisfies(line -> assertThat(line).contains("not saved"));

        answers.save = Optional.of(file);
        held = true;
        context.session().leave(left::incrementAndGet);
        assertThat(left).hasValue(0);
        runWaiting();
        held = false;
        assertThat(left).hasValue(1);
        assertThat(file).exists();
    }

    @Test
    void whatIsKeptInFrontOfTheTensorInHandIsToldAndItsBudgetIsRemembered() {
        assertThat(context.accuracy().cacheProperty().get()).isEmpty();
        openDigits();
        context.bench().select(new TensorId("4.weight"));
        context.quantizer().setBits(5);
        CacheUse use = context.accuracy().cacheProperty().get().orElseThrow();
        assertThat(use.bytes()).isPositive();
        assertThat(use.batches()).isEqualTo(use.of());

        double score = context.accuracy()
                .viewProperty()
                .get()
                .quantized()
                .orElseThrow()
                .score();
        context.accuracy().setCacheBudget(0);
        assertThat(context.accuracy().cacheProperty().get().orElseThrow()).isEqualTo(new CacheUse(0, 0, 0, use.of()));
        context.quantizer().setBits(4);
        context.quantizer().setBits(5);
        assertThat(context.accuracy()
                        .viewProperty()
                        .get()
                        .quantized()
                        .orElseThrow()
                        .score())
                .isEqualTo(score);
        try (ApplicationContext another = newDesk()) {
            assertThat(another.accuracy().cacheBudget()).isZero();
        }
    }

    private Path saved() {
        Path file = folder.resolve("a.quantscope.json");
        answers.save = Optional.of(file);
        openDigits();
        context.activations().quantize(true);
        context.session().save();
        return file;
    }

    /** The same provenance with other sketches: a run of the model would bring back the true ones. */
    private ActivationSketches forged(ActivationSketches seen, String data) {
        Map<TensorId, MomentSketch> other = new TreeMap<>();
        seen.sketches().keySet().forEach(id -> other.put(id, MomentSketch.of(new float[] {-1, 0.5f, 41}, 0, 3)));
        return new ActivationSketches(
                seen.modelSha256(), data, seen.foldBatchNorm(), seen.samples(), other, seen.inputs());
    }

    @Test
    void activationsOfAnOpenedSessionAreChosenAgainWithoutLookingAgain() throws IOException {
        Path file = saved();
        Path sketches = SketchFile.beside(file);
        ActivationSketches seen = SketchFile.read(sketches, new CancelToken());
        assertThat(seen.sketches().keySet())
                .isEqualTo(context.bench().seenProperty().get().keySet());
        SketchFile.write(forged(seen, seen.dataSha256()), sketches);

        context.session().open(List.of(file));
        assertThat(problems).isEmpty();
        assertThat(context.bench().seenProperty().get().values())
                .isNotEmpty()
                .allSatisfy(s -> assertThat(s.max()).isEqualTo(41));
        assertThat(ranges().values())
                .as("what the session says")
                .isNotEmpty()
                .allSatisfy(range -> assertThat(range).isNotEqualTo(new ClipRange(-1, 41)));
        context.bench().select(context.bench().activations().getFirst().id());
        context.quantizer().setBits(4);
        assertThat(hand().clip()).contains(new ClipRange(-1, 41));
        assertThat(context.bench().seenProperty().get().values())
                .allSatisfy(s -> assertThat(s.max()).isEqualTo(41));
    }

    @Test
    void whatWasSeenOnOtherDataIsPassedOverWithANote() throws IOException {
        Path file = saved();
        Path sketches = SketchFile.beside(file);
        SketchFile.write(forged(SketchFile.read(sketches, new CancelToken()), "00".repeat(32)), sketches);

        context.session().open(List.of(file));
        assertThat(problems)
                .singleElement()
                .satisfies(line ->
                        assertThat(line).contains("a.quantscope.sketches").contains("looked at again"));
        assertThat(context.bench().seenProperty().get().values())
                .isNotEmpty()
                .noneSatisfy(s -> assertThat(s.max()).isEqualTo(41));
        assertThat(context.bench().dirtyProperty().get()).isFalse();

        context.quantizer().setBits(5);
        context.session().save();
        assertThat(SketchFile.read(sketches, new CancelToken()).dataSha256())
                .isEqualTo(state().calibrationData().orElseThrow().digest());
    }

    @Test
    void damagedSketchesArePassedOverWithANote() throws IOException {
        Path file = saved();
        Files.write(SketchFile.beside(file), new byte[] {1, 2, 3});

        context.session().open(List.of(file));
        assertThat(problems)
                .singleElement()
                .satisfies(line ->
                        assertThat(line).startsWith("a.quantscope.sketches: ").contains("looked at again"));
        assertThat(context.bench().seenProperty().get()).isNotEmpty();
    }

    @Test
    void unsavedChangesAreAskedAboutAndStayingKeepsThem() {
        openDigits();
        context.quantizer().setBits(5);
        context.session().openModel(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"));
        assertThat(answers.askedForUnsaved).isEqualTo(1);
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("digits_mlp.onnx");
        assertThat(hand().spec().orElseThrow().bits()).isEqualTo(5);
    }

    @Test
    void unsavedWorkIsLookedForAndSettingsAreWrittenInTheBackground() {
        Path config = folder.resolve("held");
        try (HeldContext held = new HeldContext(config)) {
            held.held = true;
            AtomicBoolean otherwise = new AtomicBoolean();
            held.context.session().restore(() -> otherwise.set(true));
            held.context.accuracy().setCacheBudget(1 << 20);
            assertThat(otherwise).isFalse();
            assertThat(config).doesNotExist();
            while (!held.waiting.isEmpty()) {
                held.waiting.remove().run();
            }
            assertThat(otherwise).isTrue();
            assertThat(config.resolve("window.properties")).exists();
        }
    }

    @Test
    void aSessionWhoseModelHasMovedAsksWhereItIs() throws IOException {
        Path model = Files.copy(SampleFiles.DIGITS, folder.resolve("m.onnx"));
        context.session().openModel(model);
        Path file = folder.resolve("m.quantscope.json");
        SessionFile.write(Session.of(state()), file);
        Path moved = Files.move(model, folder.resolve("moved.onnx"));
        answers.found = Optional.of(moved);
        context.session().openSession(file);
        assertThat(state().model().path()).isEqualTo(moved.toAbsolutePath().normalize());
        assertThat(context.bench().dirtyProperty().get()).isTrue();
    }

    @Test
    void dataThatHasMovedIsAskedForAndFoundOrLeftOut() throws IOException {
        Path data = Files.copy(SampleFiles.DIGITS_TEST, folder.resolve("d.npz"));
        context.session().open(List.of(SampleFiles.DIGITS, data));
        Path file = folder.resolve("m.quantscope.json");
        SessionFile.write(Session.of(state()), file);
        Path moved = Files.move(data, folder.resolve("moved.npz"));
        context.session().openSession(file);
        assertThat(answers.rolesAsked).containsExactly(Questions.Role.EVALUATION);
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.NO_DATA);
        assertThat(state().evaluationData().orElseThrow().path())
                .isEqualTo(data.toAbsolutePath().normalize());
        answers.found = Optional.of(moved);
        context.session().openSession(file);
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        assertThat(state().evaluationData().orElseThrow().path())
                .isEqualTo(moved.toAbsolutePath().normalize());
        assertThat(context.bench().dirtyProperty().get()).isTrue();
    }

    @Test
    void aChangedModelIsUsedOnlyWhenThatIsAccepted() throws IOException {
        Path model = Files.copy(SampleFiles.DIGITS, folder.resolve("m.onnx"));
        context.session().openModel(model);
        Path file = folder.resolve("m.quantscope.json");
        SessionFile.write(Session.of(state()), file);
        Files.copy(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"), model, StandardCopyOption.REPLACE_EXISTING);
        context.session().openSession(file);
        int before = context.tensors().rowsProperty().get().weights().size();
        answers.changedIsFine = true;
        context.session().openSession(file);
        assertThat(context.tensors().rowsProperty().get().weights())
                .isNotEmpty()
                .hasSizeGreaterThan(before);
    }

    @Test
    void aDamagedFileIsSaidInOneLineAndChangesNothing() throws IOException {
        openDigits();
        Path bad = Files.write(folder.resolve("bad.onnx"), new byte[] {1, 2, 3});
        context.session().open(List.of(bad));
        assertThat(problems)
                .singleElement()
                .satisfies(line -> assertThat(line).contains("bad.onnx").doesNotContain("\n"));
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("digits_mlp.onnx");
    }

    @Test
    void bareWeightsHaveNoAccuracyButAnError() {
        context.session().openModel(SampleFiles.FOLDER.resolve("fashion_resnet.safetensors"));
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.NO_GRAPH);
        assertThat(hand().draggable()).isTrue();
        assertThat(measured().error().exact()).isTrue();
    }

    @Test
    void accuracyNeedsDataAndTakesItWhenItComes() {
        context.session().openModel(SampleFiles.DIGITS);
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.NO_DATA);
        context.session().open(List.of(SampleFiles.DIGITS_TEST));
        assertThat(problems).isEmpty();
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
    }

    @Test
    void dataThatComesWithAModelIsForThatModel() {
        context.session().open(List.of(SampleFiles.DIGITS_TEST, SampleFiles.DIGITS));
        assertThat(problems).isEmpty();
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("digits_mlp.onnx");
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
    }

    @Test
    void aModelOpensAlsoIfItsDataDoesNotFit() throws IOException {
        context.session().open(List.of(SampleFiles.DIGITS, SampleFiles.FOLDER.resolve("fashion_mnist_test.npz")));
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("digits_mlp.onnx");
        assertThat(problems)
                .containsExactly(
                        "fashion_mnist_test.npz does not fit digits_mlp.onnx: it gives 1×28×28, the model wants 64");
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.NO_DATA);
        assertThat(answers.toPrepare)
                .singleElement()
                .satisfies(s -> assertThat(s.file().getFileName()).hasToString("fashion_mnist_test.npz"));
        problems.clear();

        Path bad = Files.write(folder.resolve("bad.npz"), new byte[] {1, 2, 3});
        context.session().open(List.of(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"), bad));
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("fashion_lenet.onnx");
        assertThat(problems)
                .singleElement()
                .satisfies(line -> assertThat(line).contains("bad.npz").doesNotContain("\n"));
        problems.clear();
        context.session().open(List.of(SampleFiles.DIGITS, folder.resolve("missing.npz")));
        assertThat(context.bench().modelProperty().get().orElseThrow().name()).isEqualTo("digits_mlp.onnx");
        assertThat(problems).singleElement().satisfies(line -> assertThat(line).contains("missing.npz"));
    }

    @Test
    void anExportThatIsCancelledWritesNothingAndSaysSo() throws IOException {
        openDigits();
        Path target = Files.writeString(folder.resolve("kept.onnx"), "old");
        context.jobs()
                .onChange(running -> running.stream()
                        .filter(j -> j.title().startsWith("Exporting"))
                        .forEach(j -> context.export().cancel()));
        context.export().export(Exporters.byId("onnx-qdq"), target);
        assertThat(context.export().statusProperty().get())
                .isEqualTo(new ExportViewModel.Status.Refused("Cancelled: kept.onnx was not written"));
        assertThat(target).hasContent("old");
    }

    @Test
    void anExportThatCannotBeWrittenSaysWhyInASentence() {
        openDigits();
        Path target = folder.resolve("no/such.json");
        context.export().export(Exporters.byId("quantscope-json"), target);
        assertThat(problems)
                .containsExactly(
                        "Export: such.json was not written: " + target.getParent() + ": the folder does not exist");
    }

    @Test
    void anExportedModelIsVerifiedBesideWhatIsShown() {
        openDigits();
        Exporter qdq = Exporters.byId("onnx-qdq");
        Path target = folder.resolve("digits_qdq.onnx");
        context.export().export(qdq, target);
        assertThat(problems).isEmpty();
        assertThat(target).isNotEmptyFile();
        assertThat(done)
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("digits_qdq.onnx")
                        .contains("on 500 samples")
                        .contains("agrees"));
    }

    @Test
    void theCurveHasAPinForEveryCalibrator() {
        context.layerInputs().showingProperty().set(true);
        context.selected().curveShowingProperty().set(true);
        openDigits();
        var curve = context.selected().curveProperty().get().orElseThrow();
        assertThat(curve.pins())
                .extracting(pin -> pin.calibratorId())
                .containsExactlyElementsOf(
                        Calibrators.all().stream().map(c -> c.id()).toList());
        assertThat(curve.points()).hasSize(ClipCurve.POINTS);
        assertThat(curve.points()).extracting(point -> point.x()).isSorted();
        assertThat(curve.neighbours()).extracting(neighbour -> neighbour.bits()).containsExactly(6, 7, 9, 10);
        for (int i = 1; i < 4; i++) {
            assertThat(curve.neighbours().get(i).points().getLast().mse())
                    .isLessThan(curve.neighbours().get(i - 1).points().getLast().mse());
        }
    }

    /** Of a scheme that fits its levels: what is shown, what is kept and what a saved session comes to are one codebook, also while a handle is dragged. */
    @Test
    void levelsAreFittedToTheActivationInHand() throws IOException {
        openDigits();
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getLast().id();
        context.bench().select(activation);
        context.quantizer().setScheme("lloyd-max");
        context.quantizer().setBits(3);
        QuantParams chosen = hand().measured().orElseThrow().params();
        assertThat(chosen).isEqualTo(fromFile(activation));
        assertThat(chosen)
                .isNotEqualTo(even(hand().spec().orElseThrow(), hand().clip().orElseThrow()));

        ClipRange half = new ClipRange(
                hand().clip().orElseThrow().lo() / 2,
                hand().clip().orElseThrow().hi() / 2);
        context.selected().preview(half);
        QuantParams dragged = hand().measured().orElseThrow().params();
        assertThat(dragged).isNotEqualTo(chosen).isNotEqualTo(even(hand().spec().orElseThrow(), half));
        context.selected().commit();
        assertThat(hand().preview()).isFalse();
        assertThat(hand().measured().orElseThrow().params()).isEqualTo(dragged);
        assertThat(fromFile(activation)).isEqualTo(dragged);

        context.bench().undo();
        assertThat(hand().measured().orElseThrow().params()).isEqualTo(chosen);
        assertThat(fromFile(activation)).isEqualTo(chosen);
    }

    /** What a session file alone comes to. */
    private QuantParams fromFile(TensorId activation) {
        Session written = new Session(
                state(), context.measurements().snapshotProperty().get().ranges());
        return Engine.resolve(
                        context.bench().analysed().orElseThrow(),
                        state(),
                        written.calibration(),
                        Progress.NONE,
                        new CancelToken())
                .activations()
                .get(activation);
    }

    /** A fit takes longer than a frame: what the hand asked for last counts, whether or not it has been shown. */
    @Test
    void lettingGoBeforeTheLevelsAreFittedTakesTheRangeThatWasAskedFor() {
        openDigits();
        context.quantizer().setScheme("lloyd-max");
        ClipRange whole = hand().clip().orElseThrow();
        ClipRange half = new ClipRange(whole.lo() / 2, whole.hi() / 2);
        held = true;
        context.selected().preview(half);
        assertThat(hand().preview()).isFalse();
        context.selected().cancel();
        run();
        assertThat(hand().preview()).isFalse();
        assertThat(hand().clip()).contains(whole);

        held = true;
        context.selected().preview(new ClipRange(whole.lo() / 4, whole.hi() / 4));
        context.selected().preview(half);
        context.selected().commit();
        run();
        assertThat(hand().spec().orElseThrow().clip()).isEqualTo(new Clip.Manual(half));
        assertThat(hand().clip()).contains(half);
        assertThat(problems).isEmpty();
    }

    private void run() {
        held = false;
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    private static QuantParams even(QuantSpec spec, ClipRange range) {
        return Quantizers.byId(spec.scheme()).resolve(spec, Granularity.TENSOR, List.of(range));
    }

    @Test
    void aSessionFromBeforeLevelsWereKeptHasThemFitted() throws IOException {
        openDigits();
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getLast().id();
        context.bench().select(activation);
        context.quantizer().setScheme("lloyd-max");
        ActivationRanges now = context.measurements().snapshotProperty().get().ranges();
        assertThat(now.levels()).isNotEmpty();
        Path file = folder.resolve("old.json");
        SessionFile.write(new Session(state(), ActivationRanges.of(now.ranges())), file);

        answers.unsaved = Questions.Unsaved.DISCARD;
        context.session().open(List.of(file));

        assertThat(context.measurements().snapshotProperty().get().ranges()).isEqualTo(now);
        assertThat(context.bench().canUndoProperty().get()).isFalse();
    }

    /** They cannot be quantized here, and the list says that they are there and why. */
    @Test
    void weightsOfRecurrentNetworksAreListedInFloatWithTheReason() {
        Path exports = Path.of(
                System.getProperty("quantscope.root"),
                "engine/core/src/test/resources/org/quantscope/core/onnx/pytorch");
        context.session().open(List.of(exports.resolve("recurrent.onnx")));

        List<TensorRow> recurrent = context.tensors().rowsProperty().get().others().stream()
                .filter(row -> !row.activation())
                .toList();
        assertThat(recurrent).extracting(TensorRow::name).containsExactly("l/LSTM W", "l/LSTM R", "g/GRU W", "g/GRU R");
        assertThat(recurrent).allSatisfy(row -> {
            assertThat(context.tensors().placement(row.id()).orElseThrow())
                    .matches("in float: (LSTM|GRU) .* is a recurrent network, which runs in float");
            assertThat(row.shape().rank()).isEqualTo(3);
            assertThat(row.setting().spec()).isEmpty();
            assertThat(context.tensors().canQuantize(Set.of(row.id()))).isFalse();
        });
        List<TensorRow> weights = context.tensors().rowsProperty().get().weights();
        assertThat(weights)
                .extracting(TensorRow::id)
                .doesNotContainAnyElementsOf(
                        recurrent.stream().map(TensorRow::id).toList());
        assertThat(context.tensors().canQuantize(Set.of(weights.getFirst().id())))
                .isTrue();
        assertThat(context.tensors().placement(weights.getFirst().id())).isEmpty();
    }

    @Test
    void aSettingSeenBeforeHasItsCurveAtOnce() {
        context.selected().curveShowingProperty().set(true);
        openDigits();
        var eight = context.selected().curveProperty().get();
        context.quantizer().setBits(2);
        assertThat(context.selected().curveProperty().get().orElseThrow().neighbours())
                .extracting(neighbour -> neighbour.bits())
                .containsExactly(3, 4);
        context.quantizer().setBits(8);
        assertThat(context.selected().curveProperty().get().orElseThrow()).isSameAs(eight.orElseThrow());
    }

    @Test
    void everySchemeHasACurveOrSaysWhyNot() {
        context.selected().curveShowingProperty().set(true);
        openDigits();
        for (Quantizer scheme : Quantizers.all()) {
            context.quantizer().setScheme(scheme.id());
            assertThat(hand().spec().orElseThrow().scheme()).isEqualTo(scheme.id());
            if (hand().ownRanges()) {
                assertThat(context.selected().curveProperty().get()).isEmpty();
                context.selected().selectSlice(1);
            }
            ClipCurve curve = context.selected().curveProperty().get().orElseThrow();
            boolean fits = scheme instanceof FittedQuantizer;
            assertThat(curve.absence().isEmpty()).as(scheme.id()).isEqualTo(!fits);
            assertThat(curve.points()).as(scheme.id()).hasSize(fits ? 0 : ClipCurve.POINTS);
            if (!fits) {
                double best = curve.points().stream()
                        .mapToDouble(ClipCurve.Point::mse)
                        .min()
                        .orElseThrow();
                double mse = curve.pins().stream()
                        .filter(pin -> pin.calibratorId().equals("mse"))
                        .findFirst()
                        .orElseThrow()
                        .mse();
                assertThat(mse).as(scheme.id()).isLessThanOrEqualTo(best * 1.005);
            }
            context.selected().selectSlice(SelectedTensor.ALL);
        }
        assertThat(problems).isEmpty();
    }
}
