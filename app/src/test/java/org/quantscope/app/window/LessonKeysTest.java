package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javafx.scene.Node;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.app.lesson.LessonViewModel.View;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.LessonReader;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

/** Every kind of answer is given, and every lesson passed, with the keyboard alone. */
class LessonKeysTest {
    private static final int SECONDS = 8;
    private static final String HEAD = """
        ---
        id: keys
        title: Keys
        minutes: 3
        able: [Pass a lesson without a mouse.]
        ---

        """;

    /** Twice each kind: once with the first control as it stands, once with another one. */
    private static final String[] ASKED = {
        "choices: [{text: Yes, when: mse > 0}, {text: No, when: mse < 0}]",
        "choices: [{text: No, when: mse < 0}, {text: Yes, when: mse > 0}]",
        "number: bits\ntolerance: 0.1",
        "number: bits with bits=6\ntolerance: 0.1",
        "handle: absmax\ntolerance: 1 %",
        "handle: clip_hi\ntolerance: 90 %",
        "order: [{text: two bits, with: bits=2}, {text: eight bits, with: bits=8}]\nby: mse\nfirst: most",
        "order: [{text: eight bits, with: bits=8}, {text: two bits, with: bits=2}]\nby: mse\nfirst: most",
        "bits: 0",
        "bits: 99"
    };

    private static final String[] SOLVED = {
        "answer: 1",
        "answer: 2",
        "answer: 4",
        "answer: 6",
        "answer: 4.0",
        "answer: 3",
        "answer: [1, 2]",
        "answer: [2, 1]",
        "answer: \"0000\"",
        "answer: \"0111\""
    };

    @TempDir
    private Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private Lesson lesson() throws Exception {
        StringBuilder text = new StringBuilder(HEAD);
        for (int i = 0; i < ASKED.length; i++) {
            text.append("## Step ")
                    .append(i + 1)
                    .append("\n\n```stage\n")
                    .append("synthetic: {distribution: normal, seed: 1, size: 512}\n")
                    .append("weights: {bits: 4, calibrator: mse}\ncover: [error, curve]\n```\n\n")
                    .append("```predict\nask: What?\n")
                    .append(ASKED[i])
                    .append("\n```\n\n")
                    .append("```reveal\ntext: So it is.\n```\n\n")
                    .append("```why\nask: Why?\nchoices:\n  - text: So.\n    right: true\n    because: Yes.\n")
                    .append("  - text: Not so.\n    because: No.\n```\n\n")
                    .append("```solution\n")
                    .append(SOLVED[i])
                    .append("\nwhy: 1\n```\n\n")
                    .append("```wrong\nwhy: 2\n```\n\n```wrong\nwhy: 2\n```\n\n");
        }
        Path file = Files.createDirectories(folder.resolve("keys")).resolve("lesson.md");
        Files.writeString(file, text);
        LessonReader.Read read = LessonReader.read(file.getParent());
        assertThat(read.problems()).isEmpty();
        return read.lesson().orElseThrow();
    }

    private View view() {
        return at.context.lessons().viewProperty().get().orElseThrow();
    }

    private void until(int step, Phase phase) {
        try {
            WaitForAsyncUtils.waitFor(
                    SECONDS,
                    TimeUnit.SECONDS,
                    () -> OpenWindow.onFx(() -> at.context.jobs().running().isEmpty()
                            && view().step() == step
                            && view().phase() == phase
                            && (phase != Phase.SHOWN || !view().reveal().isEmpty())));
            WaitForAsyncUtils.waitForFxEvents();
        } catch (TimeoutException e) {
            throw new AssertionError(
                    "step " + (step + 1) + " is not " + phase + "; the keyboard is on " + focused()
                            + ", the lesson at step " + (view().step() + 1) + " " + view().phase(),
                    e);
        }
    }

    private static void type(FxRobot robot, KeyCode... keys) {
        for (KeyCode key : keys) {
            robot.push(key);
        }
    }

    private String focused() {
        return OpenWindow.onFx(() -> Optional.ofNullable(at.stage.getScene().getFocusOwner())
                .map(Node::getId)
                .orElse("nothing"));
    }

    @Test
    void passesEveryKindOfAnswer(FxRobot robot) throws Exception {
        Lesson lesson = lesson();
        OpenWindow.doOnFx(() -> at.context.lessons().start(lesson, Optional.of(folder.resolve("keys"))));
        KeyCode[][] answers = {
            {KeyCode.SPACE},
            {KeyCode.DOWN},
            {KeyCode.DIGIT4},
            {KeyCode.DIGIT6},
            {KeyCode.F6, KeyCode.END},
            {KeyCode.F6, KeyCode.LEFT},
            {},
            {KeyCode.SPACE},
            {KeyCode.DIGIT0, KeyCode.DIGIT0, KeyCode.DIGIT0, KeyCode.DIGIT0},
            {KeyCode.DIGIT0, KeyCode.DIGIT1, KeyCode.DIGIT1, KeyCode.DIGIT1}
        };
        for (int step = 0; step < answers.length; step++) {
            until(step, Phase.ASKING);
            type(robot, answers[step]);
            type(robot, KeyCode.ENTER);
            until(step, Phase.SHOWN);
            assertThat(view().right()).as("step %d, %s", step + 1, ASKED[step]).contains(true);
            assertThat(focused()).isEqualTo("lesson-why-1");
            type(robot, KeyCode.SPACE);
            OpenWindow.waitUntil(() -> view().done());
            assertThat(focused()).isEqualTo("lesson-next");
            type(robot, step % 2 == 0 ? KeyCode.SPACE : KeyCode.PAGE_DOWN);
        }
        OpenWindow.waitUntil(() -> view().finished());
        assertThat(view().skipped()).isEmpty();
    }
}
