package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javafx.scene.control.Button;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.snapshots.SnapshotsViewModel.Kept;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.versus.SettingsComparison;
import org.testfx.api.FxRobot;

/** A person keeps three settings, compares two, goes back in history and finds all again after reopening. */
class SnapshotFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @TempDir
    Path folder;

    private List<Kept> kept() {
        return OpenWindow.onFx(() -> at.context.snapshots().viewProperty().get());
    }

    private void press(FxRobot robot, KeyCode... keys) {
        robot.push(keys);
    }

    @Test
    void threeSnapshotsComparedAndReopenedAreAllEqual(FxRobot robot) throws Exception {
        press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.T);
        for (int bits : List.of(4, 2)) {
            OpenWindow.doOnFx(() -> at.context.quantizer().setBits(bits));
            at.waitForRest();
            press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.T);
        }
        OpenWindow.waitUntil(() -> at.context.snapshots().viewProperty().get().size() == 3
                && at.context.snapshots().viewProperty().get().stream()
                        .allMatch(k -> k.score().isPresent()));
        List<Kept> before = kept();
        assertThat(before).extracting(Kept::name).containsExactly("W8", "W4–8", "W2–8");

        // A/B by key: the last one beside what is in hand, then the first beside the last.
        press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.D);
        OpenWindow.doOnFx(() -> at.context.against().show("W8", "W2–8"));
        OpenWindow.waitUntil(() -> !at.context.against().viewProperty().get().running());
        SettingsComparison compared = OpenWindow.onFx(
                () -> at.context.against().viewProperty().get().comparison().orElseThrow());
        SideBySide scores = compared.scores().orElseThrow();
        assertThat(scores.a().score())
                .isEqualTo(before.getFirst().score().orElseThrow().score());
        assertThat(scores.b().score())
                .isEqualTo(before.getLast().score().orElseThrow().score());
        assertThat(compared.differing())
                .singleElement()
                .satisfies(t -> assertThat(t.settings().getFirst().name()).isEqualTo("bits"));
        assertThat(OpenWindow.text(robot, "#against-only-b"))
                .contains("· " + scores.onlyBWrong().size());
        assertThat(OpenWindow.text(robot, "#against-differ")).isEqualTo("1 of 3 tensors differ");
        press(robot, KeyCode.ESCAPE);

        // The history, by keys: to the point after the first snapshot.
        press(robot, KeyCode.CONTROL, KeyCode.H);
        OpenWindow.waitUntil(() -> !robot.lookup("#history-list").queryAll().isEmpty());
        assertThat(OpenWindow.onFx(() -> robot.lookup("#history-list")
                        .queryAs(ListView.class)
                        .getItems()
                        .size()))
                .isEqualTo(6);
        for (int i = 0; i < 4; i++) {
            press(robot, KeyCode.UP);
        }
        press(robot, KeyCode.ENTER);
        OpenWindow.waitUntil(() -> at.context
                        .bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .snapshots()
                        .size()
                == 1);
        assertThat(at.state().overrides()).isEmpty();
        OpenWindow.doOnFx(() -> at.context.bench().goTo(5));
        press(robot, KeyCode.ESCAPE);
        assertThat(kept()).isEqualTo(before);

        // The palette finds an action by its initials and does it.
        press(robot, KeyCode.CONTROL, KeyCode.K);
        OpenWindow.waitUntil(() -> !robot.lookup("#palette-field").queryAll().isEmpty());
        OpenWindow.doOnFx(
                () -> robot.lookup("#palette-field").queryAs(TextField.class).setText("go back to W8"));
        press(robot, KeyCode.ENTER);
        OpenWindow.waitUntil(
                () -> at.context.snapshots().viewProperty().get().getFirst().present());
        at.waitForRest();
        OpenWindow.doOnFx(
                () -> robot.lookup("#snapshot-W2-8").queryAs(Button.class).fire());
        at.waitForRest();
        assertThat(kept()).isEqualTo(before);

        Path file = folder.resolve("s.quantscope.json");
        SessionFile.write(
                new Session(
                        at.state(),
                        ActivationRanges.NONE,
                        Map.of(),
                        OpenWindow.onFx(
                                () -> at.context.bench().scoresProperty().get())),
                file);
        OpenWindow.doOnFx(() -> {
            at.context.bench().saved(at.context.bench().stateProperty().get().orElseThrow(), file);
            at.context.session().openSession(file);
        });
        OpenWindow.waitUntil(() -> !at.context.bench().canUndoProperty().get() && at.rests());
        assertThat(kept()).isEqualTo(before);
    }
}
