package org.quantscope.app.recover;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

class RecoverViewModelTest {
    private static final QuantSpec TWO_BITS =
            QuantSpec.WEIGHTS.withBits(2).withGranularity(new Granularity.PerChannel(0));

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
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        context = ApplicationContext.of(work, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
        context.session().openSample(SampleFiles.digits());
        context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4))));
        context.bench().apply(new Edit.SetWeights(Optional.of(TWO_BITS)));
        set("epochs", "20");
    }

    @AfterEach
    void end() {
        context.close();
    }

    private void set(String name, String value) {
        OptionDoc option = context.recover().correction().options().stream()
                .filter(o -> o.name().equals(name))
                .findFirst()
                .orElseThrow();
        context.recover().setOption(option, value);
    }

    private RecoverState view() {
        return context.recover().stateProperty().get();
    }

    private SessionState state() {
        return context.bench().stateProperty().get().orElseThrow();
    }

    private double accuracy() {
        AccuracyEstimate figure =
                context.accuracy().viewProperty().get().quantized().orElseThrow();
        return figure.score();
    }

    private float[] weight() {
        return context.bench()
                .analysed()
                .orElseThrow()
                .find(new TensorId("2.weight"))
                .orElseThrow()
                .data()
                .toFloats();
    }

    @Test
    void theBestIsAppliedWithItsRangesAsOneUndoStepAndIsSavedWithoutTrainingAgain() throws Exception {
        SessionState before = state();
        float[] stored = weight();
        double nearest = accuracy();

        context.recover().start();

        assertThat(view().running()).isFalse();
        assertThat(view().points()).hasSizeGreaterThan(10);
        assertThat(view().course()).isPresent();
        assertThat(view().outcome())
                .startsWith("Held-out loss (divergence from the float model, nats, 25 of 256 samples): ")
                .contains("least-output-error, without training");
        assertThat(accuracy()).isGreaterThan(nearest + 0.1);
        assertThat(state().corrections()).hasSize(1);
        assertThat(state().corrections().getFirst().learned()).isPresent();
        assertThat(state().overrides()).hasSize(7);
        assertThat(state().overrides().values()).allMatch(spec -> spec.clip() instanceof Clip.Fixed);
        assertThat(view().why()).contains("applied already");
        float[] trained = weight();
        assertThat(trained).isNotEqualTo(stored);
        double recovered = accuracy();
        Path file = folder.resolve("recovered.quantscope.json");
        SessionFile.write(Session.of(state()), file);

        context.bench().undo();
        assertThat(state()).isEqualTo(before);
        assertThat(weight()).isEqualTo(stored);
        assertThat(accuracy()).isEqualTo(nearest);

        context.session().openSession(file);
        assertThat(weight()).isEqualTo(trained);
        assertThat(accuracy()).isEqualTo(recovered);
    }

    @Test
    void cancellingChangesNothing() {
        SessionState before = state();
        held = true;
        context.recover().start();
        assertThat(view().running()).isTrue();
        assertThat(view().mayRun()).isFalse();

        context.recover().cancel();
        held = false;
        waiting.forEach(Runnable::run);

        assertThat(view().running()).isFalse();
        assertThat(view().outcome()).contains("Cancelled");
        assertThat(state()).isEqualTo(before);
    }

    /** Before the first step there is nothing to keep, so stopping is cancelling. */
    @Test
    void stoppingBeforeTheFirstStepKeepsNothing() {
        held = true;
        context.recover().start();
        context.recover().stop();
        held = false;
        waiting.forEach(Runnable::run);
        assertThat(view().outcome()).contains("Cancelled");
        assertThat(state().corrections()).isEmpty();
    }

    @Test
    void whatIsInTheWayIsSaid() {
        set("epochs", "many");
        assertThat(view().badOption()).isEqualTo("epochs: a whole number is needed");
        assertThat(view().mayRun()).isFalse();
        set("epochs", "0");
        context.recover().start();
        assertThat(view().outcome()).contains("recover.epochs").contains("got 0");
        assertThat(view().running()).isFalse();
        set("epochs", "5");
        assertThat(view().mayRun()).isTrue();

        context.bench().apply(new Edit.SetWeights(Optional.empty()));
        assertThat(view().why()).isEqualTo("No weight is quantized.");
        assertThat(context.corrections().refusal(context.recover().correction()))
                .hasValue("no weight is quantized");
    }

    @Test
    void theOptionsAreRemembered() {
        set("seed", "7");
        assertThat(new Settings(folder.resolve("config")).text("recover.seed")).hasValue("7");
        assertThat(view().options()).containsAllEntriesOf(Map.of("seed", "7", "epochs", "20", "start", "float"));
    }
}
