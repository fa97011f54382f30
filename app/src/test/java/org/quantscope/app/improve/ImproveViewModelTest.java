package org.quantscope.app.improve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.improve.ImproveState.Row;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.improve.Step;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;

class ImproveViewModelTest {
    private static final QuantSpec THREE_BITS =
            QuantSpec.WEIGHTS.withBits(3).withGranularity(new Granularity.PerChannel(0));

    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
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
        context = newDesk();
        context.session().openSample(SampleFiles.digits());
        context.bench().apply(new Edit.SetActivations(Optional.empty()));
        context.bench().apply(new Edit.SetWeights(Optional.of(THREE_BITS)));
    }

    private ApplicationContext newDesk() {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        return ApplicationContext.of(work, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
    }

    @AfterEach
    void end() {
        context.close();
    }

    private ImproveState view() {
        return context.improve().stateProperty().get();
    }

    private SessionState state() {
        return context.bench().stateProperty().get().orElseThrow();
    }

    private Row row(String id) {
        return view().rows().stream().filter(r -> r.id().equals(id)).findFirst().orElseThrow();
    }

    private String accuracy() {
        AccuracyEstimate figure =
                context.accuracy().viewProperty().get().quantized().orElseThrow();
        return Figures.score(figure.task(), figure.score());
    }

    /** Undo takes back one step after the other, and each figure is that of the window under the same settings. */
    @Test
    void eachStepIsOneUndoStepAndItsFigureIsThatOfTheWindow() {
        context.improve().want(Step.Kind.BITS, false);
        SessionState before = state();
        String start = accuracy();
        context.improve().start();

        assertThat(view().rows())
                .extracting(Row::id)
                .containsExactly("float", "start", "equalization", "ranges", "rounding");
        assertThat(row("start").score()).isEqualTo(start);
        assertThat(view().outcome())
                .contains("3 steps help", "Chosen on 128 calibration samples, decided on 128 others");
        assertThat(context.solutions().viewProperty().get().status()).isEqualTo(Solutions.Status.HOLD);
        for (String id : List.of("rounding", "ranges", "equalization")) {
            Row row = row(id);
            assertThat(row.kept()).isTrue();
            assertThat(accuracy()).isEqualTo(row.score());
            assertThat(row.interval()).matches("[+-]\\d+\\.\\d+ to [+-]\\d+\\.\\d+");
            assertThat(row.back()).isTrue();
            assertThat(view().rows().stream().filter(Row::back)).hasSize(1);
            context.improve().undo();
            assertThat(row(id).undone()).isTrue();
            assertThat(row(id).again()).isTrue();
        }
        assertThat(state()).isEqualTo(before);
        assertThat(accuracy()).isEqualTo(start);

        context.improve().redo();
        assertThat(row("equalization").back()).isTrue();
        assertThat(row("ranges").again()).isTrue();
        assertThat(accuracy()).isEqualTo(row("equalization").score());
        // Other settings: none of the steps can be said to be the newest.
        context.bench().apply(new Edit.SetWeights(Optional.of(THREE_BITS.withBits(5))));
        assertThat(view().rows()).noneMatch(r -> r.back() || r.again());
        assertThat(notices.problems).isEmpty();
    }

    /** The bars go from float down to the start, and each begins where the one before it ends. */
    @Test
    void theBarsAreAWaterfall() {
        context.improve().want(Step.Kind.EQUALIZATION, false);
        context.improve().want(Step.Kind.BITS, false);
        context.improve().start();
        ImproveState v = view();
        double at = v.axis().orElseThrow().floatScore();
        assertThat(row("float").bar().orElseThrow().to()).isEqualTo(at);
        assertThat(row("start").bar().orElseThrow().form()).isEqualTo(ImproveState.Form.WORSE);
        for (Row row : v.rows().subList(1, v.rows().size())) {
            ImproveState.Bar bar = row.bar().orElseThrow();
            assertThat(bar.from()).isEqualTo(at);
            assertThat(bar.to()).isBetween(v.axis().get().lo(), v.axis().get().hi());
            assertThat(bar.to()).isBetween(bar.lo(), bar.hi());
            at = bar.to();
        }
        assertThat(state().weights().orElseThrow().rounding()).isEqualTo("least-output-error");
        assertThat(state().corrections()).isEmpty();
    }

    @Test
    void whatIsMissingIsSaidWithTheRemedy() {
        context.bench().apply(new Edit.RelinkCalibrationData(Optional.empty()));
        assertThat(view().why()).contains("there is none: choose some");
        assertThat(view().needsData()).isTrue();
        assertThat(view().mayRun()).isFalse();
        context.improve().start();
        assertThat(view().running()).isFalse();
        context.bench().undo();
        context.bench().apply(new Edit.SetWeights(Optional.empty()));
        assertThat(view().why()).contains("No weight is quantized");
        assertThat(view().needsData()).isFalse();
    }

    @Test
    void aRunThatIsStoppedOrOvertakenChangesNothing() {
        SessionState before = state();
        context.improve().want(Step.Kind.EQUALIZATION, false);
        context.improve().want(Step.Kind.BITS, false);
        held = true;
        context.improve().start();
        assertThat(view().running()).isTrue();
        context.improve().stop();
        finish();
        assertThat(state()).isEqualTo(before);
        assertThat(view().outcome()).isEqualTo("Stopped: nothing was changed.");
        assertThat(view().mayRun()).isTrue();

        held = true;
        context.improve().start();
        SessionState other = before.withWeights(Optional.of(THREE_BITS.withBits(4)));
        context.bench().apply(new Edit.SetWeights(other.weights()));
        finish();
        assertThat(state()).isEqualTo(other);
        assertThat(view().outcome()).contains("changed meanwhile");
        assertThat(notices.problems).anyMatch(said -> said.contains("nothing was taken over"));
    }

    private void finish() {
        held = false;
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    @Test
    void choicesAreRememberedAndChecked() {
        assertThat(view().bitsNow()).isEqualTo("3.00");
        context.improve().want(Step.Kind.ROUNDING, false);
        context.improve().setBits("many");
        assertThat(view().badBits()).contains("from 1 to 16");
        assertThat(view().mayRun()).isFalse();
        context.improve().setBits("2,5");
        assertThat(view().mayRun()).isTrue();
        context.close();
        context = newDesk();
        assertThat(view().bits()).isEqualTo("2,5");
        assertThat(view().wanted()).containsExactlyInAnyOrder(Step.Kind.EQUALIZATION, Step.Kind.RANGES, Step.Kind.BITS);
    }
}
