package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Datasets;
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
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;

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

    /** A range that moves shows nearest levels of this weight at once; the other weights keep their codes. */
    @Test
    void aDragShowsNearestLevelsOfTheWeightInHand() {
        round("gptq");
        int solved = correct();
        ClipRange wide = ClipRange.symmetric(2
                * context.selected()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .clip()
                        .orElseThrow()
                        .hi());
        context.selected().selectSlice(0);
        context.selected().preview(wide);
        assertThat(context.accuracy().request().orElseThrow().values()).hasSize(2);
        context.selected().cancel();
        assertThat(context.accuracy().request().orElseThrow().values()).hasSize(3);
        assertThat(correct()).isEqualTo(solved);
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
