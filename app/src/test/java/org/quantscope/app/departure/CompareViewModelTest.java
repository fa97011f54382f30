package org.quantscope.app.departure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;

class CompareViewModelTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private boolean held;
    private ApplicationContext context;

    @BeforeEach
    void start() {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        context = ApplicationContext.of(
                task -> {
                    if (held) {
                        waiting.add(task);
                    } else {
                        task.run();
                    }
                },
                Runnable::run,
                new Settings(folder.resolve("config")),
                answers,
                notices);
    }

    @AfterEach
    void end() {
        context.close();
    }

    private CompareState view() {
        return context.compare().stateProperty().get();
    }

    private Row row(String name) {
        return view().rows().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Answers that are all 0, under the name of one of the model's tensors or another. */
    private Path dump(String name) throws IOException {
        Path dump = Files.createTempDirectory(folder, "dump");
        Files.write(dump.resolve(name + ".npy"), ArrayFiles.npy("<f4", "(10, 10)", ArrayFiles.f4(new float[100])));
        return dump;
    }

    @Test
    void whatDepartsIsNamedAndSelected() throws IOException {
        assertThat(view().why()).isEqualTo("No model is open.");
        context.session().openSample(SampleFiles.digits());
        assertThat(view().why()).isEmpty();
        assertThat(context.compare().mayRun()).isFalse();

        context.compare().choose(dump("logits"));

        assertThat(view().first().orElseThrow().name()).isEqualTo("logits");
        assertThat(view().first().orElseThrow().said()).isNotEmpty();
        assertThat(row("logits").first()).isTrue();
        assertThat(row("logits").error().getAsDouble()).isCloseTo(0, within(1e-6));
        assertThat(row("logits").explained().getAsDouble()).isGreaterThan(20);
        assertThat(row("/3/Relu_output_0").how()).isEqualTo("no counterpart");
        assertThat(view().outcome()).startsWith("1 tensors compared on 10 samples, ");
        assertThat(view().notes()).hasSize(1);
        assertThat(context.bench().selectionProperty().get()).contains(new TensorId("logits"));
    }

    @Test
    void pairsByHandHoldFromTheNextComparisonOn() throws IOException {
        context.session().openSample(SampleFiles.digits());
        context.compare().choose(dump("answers"));
        // It is the shape of nothing else, and like nothing.
        assertThat(view().outcome()).isEqualTo("Nothing was compared.");
        assertThat(view().rows()).isNotEmpty().allMatch(r -> r.deployed().isEmpty());
        assertThat(view().deployedNames()).containsExactly("answers");

        context.compare().pair("logits", "answers");
        assertThat(view().again()).isTrue();
        assertThat(row("logits").deployed()).isEqualTo("answers");
        assertThat(row("logits").changed()).isTrue();
        context.compare().start();

        assertThat(view().again()).isFalse();
        assertThat(row("logits").how()).isEqualTo("given");
        assertThat(view().first().orElseThrow().name()).isEqualTo("logits");
    }

    @Test
    void aComparisonThatIsStoppedOrFailsLeavesTheDialogUsable() throws IOException {
        context.session().openSample(SampleFiles.digits());
        context.compare().setSamples("a few");
        assertThat(view().badSamples()).isNotEmpty();
        context.compare().setSamples("5");
        held = true;
        context.compare().choose(dump("logits"));
        assertThat(view().running()).isTrue();
        context.compare().stop();
        assertThat(view().running()).isFalse();
        assertThat(view().outcome()).isEqualTo("Stopped.");
        held = false;
        waiting.forEach(Runnable::run);
        assertThat(view().rows()).isEmpty();

        context.compare().choose(Files.createTempDirectory(folder, "empty"));
        assertThat(view().running()).isFalse();
        assertThat(view().outcome()).contains("there is no .npy");
        context.compare().choose(dump("logits"));
        assertThat(view().outcome()).contains("on 5 samples");
    }
}
