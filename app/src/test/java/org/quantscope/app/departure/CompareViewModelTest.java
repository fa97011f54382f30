package org.quantscope.app.departure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.departure.CompareState.Form;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.departure.CompareState.Which;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.departure.TwoForms;
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
        return view().one().rows().stream()
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

        assertThat(view().one().first().orElseThrow().name()).isEqualTo("logits");
        assertThat(view().one().first().orElseThrow().said()).isNotEmpty();
        assertThat(row("logits").first()).isTrue();
        assertThat(row("logits").error().getAsDouble()).isCloseTo(0, within(1e-6));
        assertThat(row("logits").explained().getAsDouble()).isGreaterThan(20);
        assertThat(row("/3/Relu_output_0").how()).isEqualTo("no counterpart");
        assertThat(view().outcome()).startsWith("1 tensors compared on 10 samples, ");
        assertThat(view().outcome()).hasLineCount(1).contains("10 samples, ").endsWith(".");
        assertThat(context.bench().selectionProperty().get()).contains(new TensorId("logits"));
    }

    @Test
    void pairsByHandHoldFromTheNextComparisonOn() throws IOException {
        context.session().openSample(SampleFiles.digits());
        context.compare().choose(dump("answers"));
        // It is the shape of nothing else, and like nothing.
        assertThat(view().outcome()).isEqualTo("Nothing was compared.");
        assertThat(view().one().rows()).isNotEmpty().allMatch(r -> r.deployed().isEmpty());
        assertThat(view().one().deployedNames()).containsExactly("answers");

        context.compare().pair(Which.FIRST, "logits", "answers");
        assertThat(view().again()).isTrue();
        assertThat(row("logits").deployed()).isEqualTo("answers");
        assertThat(row("logits").changed()).isTrue();
        context.compare().start();

        assertThat(view().again()).isFalse();
        assertThat(row("logits").how()).isEqualTo("given");
        assertThat(view().one().first().orElseThrow().name()).isEqualTo("logits");
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
        assertThat(view().one().rows()).isEmpty();

        context.compare().choose(Files.createTempDirectory(folder, "empty"));
        assertThat(view().running()).isFalse();
        assertThat(view().outcome()).contains("there is no .npy");
        context.compare().choose(dump("logits"));
        assertThat(view().outcome()).contains("on 5 samples");
    }

    /** Dumped answers of one class: all samples of it agree, and what lies between two such dumps is theirs to state. */
    private Path answers(String name, int digit, float height) throws IOException {
        float[] answers = new float[100];
        for (int i = 0; i < 10; i++) {
            answers[10 * i + digit] = height;
        }
        Path dump = Files.createTempDirectory(folder, "dump");
        Files.write(dump.resolve(name + ".npy"), ArrayFiles.npy("<f4", "(10, 10)", ArrayFiles.f4(answers)));
        return dump;
    }

    @Test
    void aSecondFormHasItsOwnLineAndPairsAndWhatLiesBetweenTheTwoSumsToTheWhole() throws IOException {
        context.session().openSample(SampleFiles.digits());
        context.compare().choose(answers("logits", 0, 1e-3f));
        assertThat(view().two()).isEqualTo(Form.NONE);
        assertThat(view().between()).isEmpty();
        List<Row> alone = view().one().rows();

        context.compare().chooseSecond(answers("scores", 3, 2e-3f));
        // Like nothing by name or values: its pair is given by hand, and the first form's pairs are untouched.
        assertThat(view().two().rows()).allMatch(r -> r.deployed().isEmpty());
        assertThat(view().between()).isEmpty();
        context.compare().pair(Which.SECOND, "logits", "scores");
        assertThat(view().again()).isTrue();
        assertThat(row("logits").deployed()).isEqualTo("logits");
        context.compare().start();

        assertThat(view().again()).isFalse();
        assertThat(view().one().rows()).isEqualTo(alone);
        assertThat(view().two().first().orElseThrow().name()).isEqualTo("logits");
        TwoForms between = view().between().orElseThrow();
        TwoForms.Row logits = between.tensors().getLast();
        // Ten samples, each with one value of 0.001 in the one and one of 0.002 in the other.
        double energy = 10 * (1e-6 + 4e-6) / logits.difference().whole();
        assertThat(logits.difference().part(TwoForms.Part.REST))
                .isCloseTo(logits.difference().whole(), within(1e-12));
        // Nearly nothing was dumped: the error is nearly all of the values' energy.
        assertThat(energy).isGreaterThan(100);
        assertThat(logits.first().getAsDouble()).isCloseTo(0, within(1e-3));
        assertThat(between.answers()).isEqualTo(10);
        assertThat(between.flips()).hasSize(10).allMatch(f -> f.first() == 0 && f.second() == 3);
        assertThat(view().outcome())
                .startsWith("First form: 1 tensors compared on 10 samples, ")
                .contains("\nSecond form: 1 tensors compared on 10 samples, ")
                .contains("\nThe two forms answer 10 of 10 samples differently: of these the first form answers "
                        + between.firstAgrees() + " as the float model does, the second " + between.secondAgrees());

        context.compare().removeSecond();
        assertThat(view().two()).isEqualTo(Form.NONE);
        assertThat(view().between()).isEmpty();
        assertThat(view().one().rows()).isEqualTo(alone);
    }

    @Test
    void tensorsOfTwoFormsStandInTheOrderOfTheGraph() {
        assertThat(ErrorLines.together(List.of("a", "c", "e"), List.of("b", "c", "d", "e", "f")))
                .containsExactly("b", "a", "c", "d", "e", "f");
    }
}
