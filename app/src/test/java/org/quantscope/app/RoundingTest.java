package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.selected.CodesViewModel;
import org.quantscope.app.selected.HandCodes;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** A rounding is a choice like grid and range; the codes that it comes to are results beside the choices. */
class RoundingTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final QuantSpec TWO_BITS =
            QuantSpec.WEIGHTS.withBits(2).withGranularity(new Granularity.PerChannel(0));

    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private final ChosenAnswers answers = new ChosenAnswers();
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
        answers.unsaved = Questions.Unsaved.DISCARD;
        context = newDesk();
        context.session().openSample(SampleFiles.digits());
        context.bench().apply(new Edit.SetActivations(Optional.empty()));
        context.bench().apply(new Edit.SetWeights(Optional.of(TWO_BITS)));
    }

    @AfterEach
    void end() {
        context.close();
        assertThat(notices.problems).isEmpty();
    }

    private ApplicationContext newDesk() {
        return ApplicationContext.of(work, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
    }

    private void round(String id) {
        context.bench().apply(new Edit.SetWeights(Optional.of(TWO_BITS.withRounding(id))));
    }

    private Solutions.View codes() {
        return context.solutions().viewProperty().get();
    }

    private int correct() {
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        return context.accuracy().viewProperty().get().quantized().orElseThrow().correct();
    }

    private void finish() {
        held = false;
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    /** What the command line comes to: the same road without a window. */
    private static int ofTheEngine(String rounding) throws IOException {
        Model model = Engine.open(SampleFiles.DIGITS, true);
        var calibration = Datasets.open(SampleFiles.FOLDER.resolve("digits_calibration.npz"));
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(TWO_BITS.withRounding(rounding)))
                .withCalibrationData(Optional.of(FileRef.of(calibration)));
        ResolvedSettings nearest = Engine.resolve(model, state, Calibration.NONE, Progress.NONE, NEVER);
        SolvedModel solved = RoundingPass.run(model, state, nearest, Map.of(), calibration, Progress.NONE, NEVER)
                .solved();
        try (LiveEvaluator evaluator =
                Engine.evaluator(solved.model(), model, Datasets.open(SampleFiles.DIGITS_TEST), Optional.empty())) {
            return evaluator
                    .evaluate(
                            new org.quantscope.core.eval.EvalRequest(
                                    Optional.empty(), solved.settings().weights(), Map.of()),
                            NEVER,
                            _ -> {})
                    .correct();
        }
    }

    @Test
    void theAccuracyIsThatOfTheCodes() throws IOException {
        assertThat(codes().status()).isEqualTo(Solutions.Status.NEAREST);
        int nearest = correct();
        double weightError = error();

        round("least-output-error");
        assertThat(codes().status()).isEqualTo(Solutions.Status.HOLD);
        int solved = correct();
        assertThat(solved).isGreaterThan(nearest).isEqualTo(ofTheEngine("least-output-error"));
        // The weights are further from the float ones, and the answers nearer.
        assertThat(error()).isNotEqualTo(weightError);
        assertThat(context.tensors().rowsProperty().get().weights())
                .allSatisfy(row -> assertThat(row.result().sqnrDb()).isPresent());

        context.bench().undo();
        assertThat(codes().status()).isEqualTo(Solutions.Status.NEAREST);
        assertThat(correct()).isEqualTo(nearest);
        assertThat(error()).isEqualTo(weightError);
    }

    @Test
    void theCodesThatAreCountedAreTheChosenOnes() {
        context.codes().setShowing(true);
        CodesViewModel.View nearest = context.codes().viewProperty().get().orElseThrow();
        assertThat(nearest.words().used()).doesNotContain("chosen");

        round("gptq");
        TensorId id = context.bench().selectionProperty().get().orElseThrow();
        Measured measured = context.selected()
                .viewProperty()
                .get()
                .flatMap(SelectedTensor.View::measured)
                .orElseThrow();
        float[] values = codes().solved().orElseThrow().values().get(id).data().toFloats();
        Slicing slicing = Slicing.of(
                context.bench().analysed().orElseThrow().find(id).orElseThrow().info(),
                measured.params().granularity());
        long[] counts = new long[measured.params().qmax() - measured.params().qmin() + 1];
        for (int i = 0; i < values.length; i++) {
            int slice = slicing.sliceOf(i);
            counts[
                    Math.round(values[i] / measured.params().scale(slice))
                            + measured.params().zeroPoint(slice)
                            - measured.params().qmin()]++;
        }
        CodesViewModel.View chosen = context.codes().viewProperty().get().orElseThrow();
        assertThat(chosen.words().used()).endsWith("(chosen codes)");
        assertThat(LongStream.range(0, counts.length)
                        .map(i -> chosen.strip().counts().count((int) i)))
                .containsExactly(Arrays.stream(counts).boxed().toArray(Long[]::new));
        assertThat(chosen.strip().counts()).isNotEqualTo(nearest.strip().counts());
        assertThat(chosen.words().klDivergence()).isEqualTo(Figures.NONE);
    }

    private double error() {
        return context.selected()
                .viewProperty()
                .get()
                .orElseThrow()
                .measured()
                .orElseThrow()
                .error()
                .sqnrDb()
                .orElseThrow();
    }

    /** The figures of a weight are those of its codes, at the output too; the sentence about clips is for nearest levels. */
    @Test
    void theFigureAtTheOutputIsThatOfTheCodes() {
        context.layerInputs().showingProperty().set(true);
        double nearest = atOutput();
        round("gptq");
        assertThat(atOutput()).isGreaterThan(nearest);
        assertThat(context.error().outputNoteProperty().get()).isEmpty();
    }

    private double atOutput() {
        return context.selected()
                .viewProperty()
                .get()
                .orElseThrow()
                .measured()
                .orElseThrow()
                .output()
                .orElseThrow()
                .sqnrDb()
                .orElseThrow();
    }

    /** What measures nearest levels says so, and only then. */
    @Test
    void theSensitivitySaysWhoseItIs() {
        context.sensitivity().toggle();
        assertThat(notices.done).noneMatch(said -> said.contains("rounded to nearest"));
        round("gptq");
        context.sensitivity().toggle();
        assertThat(notices.done)
                .anyMatch(said -> said.contains("the sensitivity is that of weights rounded to nearest"));
    }

    /** Codes that were solved before need no run, after redo and after the session was opened again. */
    @Test
    void codesAreFoundAgain() throws IOException {
        round("gptq");
        int solved = correct();
        context.bench().undo();
        held = true;
        context.bench().redo();
        while (codes().status() == Solutions.Status.WAITING) {
            waiting.remove().run();
        }
        assertThat(codes().status()).isEqualTo(Solutions.Status.HOLD);
        finish();
        assertThat(correct()).isEqualTo(solved);

        Path file = folder.resolve("digits.quantscope.json");
        answers.save = Optional.of(file);
        context.session().saveAs();
        assertThat(SessionFile.read(file).solved()).hasSize(3);
        context.close();
        context = newDesk();
        context.session().open(java.util.List.of(file));
        assertThat(codes().status()).isEqualTo(Solutions.Status.HOLD);
        assertThat(codes().solved().orElseThrow().solved())
                .isEqualTo(SessionFile.read(file).solved());
        assertThat(correct()).isEqualTo(solved);
    }

    private SelectedTensor.View hand() {
        return context.selected().viewProperty().get().orElseThrow();
    }

    private String whose() {
        return context.error().viewProperty().get().orElseThrow().whose();
    }

    private ClipRange wide() {
        return ClipRange.symmetric(1.5f * hand().clip().orElseThrow().hi());
    }

    private Map<TensorId, ChosenValues> asked() {
        return context.accuracy().request().orElseThrow().values();
    }

    /**
     * A range that moves shows nearest levels of this weight at once, and the codes that the rounding chooses for it as
     * soon as they are there; figures and accuracy are theirs then, and each says whose it is.
     */
    @Test
    void aDragShowsNearestLevelsAndThenCodesOfTheWeightInHand() {
        round("least-output-error");
        context.layerInputs().showingProperty().set(true);
        int solved = correct();
        TensorId weight = hand().subject().id();
        Map<TensorId, ChosenValues> committed = asked();
        assertThat(committed).containsKey(weight);
        assertThat(whose()).isEqualTo("chosen codes");
        context.selected().selectSlice(0);
        ClipRange wide = wide();

        held = true;
        context.selected().preview(wide);
        assertThat(hand().codes().state()).isEqualTo(HandCodes.State.COMING);
        assertThat(asked()).doesNotContainKey(weight).hasSizeLessThan(committed.size());
        assertThat(whose()).isEqualTo("nearest levels");
        assertThat(context.quantizer().roundingProperty().get().text()).startsWith("Nearest levels until");
        Measured nearest = hand().measured().orElseThrow();

        finish();
        assertThat(hand().preview()).isTrue();
        assertThat(hand().codes().state()).isEqualTo(HandCodes.State.CHOSEN);
        assertThat(whose()).isEqualTo("chosen codes");
        assertThat(context.quantizer().roundingProperty().get().text()).contains("the layers behind follow");
        assertThat(asked().keySet()).isEqualTo(committed.keySet());
        assertThat(asked().get(weight)).isNotEqualTo(committed.get(weight));
        Measured codes = hand().measured().orElseThrow();
        assertThat(codes.params()).isEqualTo(nearest.params());
        assertThat(codes.error().mse()).isNotEqualTo(nearest.error().mse());
        assertThat(codes.output()).isPresent();
        int inHand = correct();

        // Let go, the layer has these codes, and those behind it follow.
        context.selected().commit();
        assertThat(codes().status()).isEqualTo(Solutions.Status.HOLD);
        assertThat(hand().preview()).isFalse();
        assertThat(hand().measured().orElseThrow().error()).isEqualTo(codes.error());
        assertThat(hand().measured().orElseThrow().output()).isEqualTo(codes.output());
        assertThat(asked().get(weight).data().toFloats())
                .isEqualTo(codes().solved()
                        .orElseThrow()
                        .values()
                        .get(weight)
                        .data()
                        .toFloats());
        assertThat(correct()).isBetween(inHand - 40, inHand + 40);
        context.bench().undo();
        assertThat(correct()).isEqualTo(solved);
    }

    /** Of many ranges the newest has its codes; Esc brings back those of the setting. */
    @Test
    void onlyTheCodesOfTheNewestRangeAreShown() {
        round("gptq");
        Map<TensorId, ChosenValues> committed = asked();
        context.selected().selectSlice(0);
        ClipRange wide = wide();
        held = true;
        for (int i = 1; i < 5; i++) {
            context.selected().preview(ClipRange.symmetric(wide.hi() * (1 + i / 10f)));
        }
        finish();
        assertThat(hand().codes().state()).isEqualTo(HandCodes.State.CHOSEN);
        assertThat(hand().measured().orElseThrow().requested().getFirst().hi()).isEqualTo(wide.hi() * 1.4f);

        held = true;
        context.selected().preview(wide);
        context.selected().cancel();
        finish();
        assertThat(hand().preview()).isFalse();
        assertThat(whose()).isEqualTo("chosen codes");
        assertThat(asked()).isEqualTo(committed);
    }

    /** Without calibration data there are nearest levels only, and that is said. */
    @Test
    void withoutDataARangeMovesWithNearestLevels() {
        round("gptq");
        context.bench().apply(new Edit.RelinkCalibrationData(Optional.empty()));
        context.selected().selectSlice(0);
        context.selected().preview(wide());
        assertThat(hand().codes().state()).isEqualTo(HandCodes.State.NEAREST);
        assertThat(whose()).isEqualTo("nearest levels");
    }

    @Test
    void anExportHoldsTheCodesAndWaitsForThem() {
        round("gptq");
        ExportPlan plan = context.export().planProperty().get().orElseThrow();
        assertThat(plan.session().solved()).hasSize(3);
        assertThat(plan.model()).isNotSameAs(context.bench().analysed().orElseThrow());

        context.bench().apply(new Edit.RelinkCalibrationData(Optional.empty()));
        assertThat(codes().status()).isEqualTo(Solutions.Status.NO_DATA);
        assertThat(context.export().planProperty().get()).isEmpty();
        assertThat(context.quantizer().roundingProperty().get().text()).contains("needs calibration data");
    }
}
