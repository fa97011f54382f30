package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.ComboBoxBase;
import javafx.scene.control.Control;
import javafx.scene.control.Labeled;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Slider;
import javafx.scene.control.Spinner;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.skin.TableColumnHeader;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.KeyCode;
import javafx.stage.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.ui.Explained;
import org.testfx.api.FxRobot;

/** Every label and every control of the window and of its dialogs has an entry in the glossary. */
class ExplainedTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private static final Set<String> EXEMPT = Set.of("hint", "sentence", "placeholder", "drop-title");
    private static final Set<String> LISTS = Set.of(
            "list-cell", "table-cell", "tree-table-row-cell", "placeholder", "keys", "channel-facts", "operators");
    /** Menus whose items are names. */
    private static final Set<String> NAMES = Set.of("sample", "welcome-sample", "recent", "other-jobs");

    private final Set<String> missing = new LinkedHashSet<>();

    private void look(String where) {
        OpenWindow.doOnFx(() -> {
            for (Window window : List.copyOf(Window.getWindows())) {
                look(where, window.getScene().getRoot());
            }
        });
    }

    private void look(String where, Node node) {
        if (node instanceof MenuButton menu) {
            if (!NAMES.contains(String.valueOf(menu.getId()))) {
                menu.getItems().forEach(item -> look(where, item));
            }
        }
        boolean says =
                node instanceof Labeled l && l.getText() != null && !l.getText().isBlank();
        boolean control = node instanceof ButtonBase
                || node instanceof ComboBoxBase<?>
                || node instanceof Slider
                || node instanceof Spinner<?>
                || node instanceof TextInputControl
                || node instanceof TableColumnHeader;
        if ((says || control) && !exempt(node) && Explained.of(node).isEmpty()) {
            missing.add(where + ": " + node.getClass().getSimpleName() + " #" + node.getId() + " ."
                    + String.join(".", node.getStyleClass()) + " \""
                    + (node instanceof Labeled l ? l.getText() : "") + "\" in " + path(node));
        }
        if (node instanceof Parent parent) {
            parent.getChildrenUnmodifiable().forEach(child -> look(where, child));
        }
    }

    /**
     * What needs no entry: names of tensors, files, formats and samples, numbers on axes, whole sentences, and what lies
     * inside a control that has one.
     */
    private static boolean exempt(Node node) {
        if (node.getStyleClass().stream().anyMatch(EXEMPT::contains)) {
            return true;
        }
        if (node instanceof Labeled l
                && l.getText() != null
                && (l.getText().strip().endsWith(".") || l.getText().equals("…"))) {
            return true;
        }
        if (node instanceof TableColumnHeader header
                && (header.getTableColumn() == null
                        || header.getTableColumn().getText().isBlank())) {
            return true;
        }
        for (Node n = node.getParent(); n != null; n = n.getParent()) {
            if ((n instanceof Control || n instanceof TableColumnHeader)
                    && !(n instanceof ScrollPane)
                    && !(n instanceof SplitPane)
                    && !(n instanceof TableView<?>)
                    && Explained.of(n).isPresent()) {
                return true;
            }
            if (n.getStyleClass().stream().anyMatch(LISTS::contains)) {
                return true;
            }
        }
        return false;
    }

    private static String path(Node node) {
        List<String> path = new ArrayList<>();
        for (Node n = node.getParent(); n != null; n = n.getParent()) {
            if (n.getId() != null) {
                path.add(n.getId());
            }
        }
        return String.join("<", path);
    }

    private void look(String where, MenuItem item) {
        if (item instanceof Menu menu && NAMES.contains(String.valueOf(menu.getId()))) {
            return;
        }
        if (item.getText() != null && Explained.of(item).isEmpty()) {
            missing.add(where + ": item #" + item.getId() + " \"" + item.getText() + "\"");
        }
        if (item instanceof Menu menu) {
            menu.getItems().forEach(inner -> look(where, inner));
        }
    }

    @Test
    void everyLabelAndControlHasAnEntry(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.error().unfoldedProperty().set(true));
        OpenWindow.doOnFx(
                () -> robot.lookup("#activations").queryAs(ToggleButton.class).fire());
        at.waitForRest();
        look("window");
        for (String page : List.of("channels", "codes", "layer-output", "graph", "device")) {
            OpenWindow.doOnFx(() ->
                    robot.lookup("#tab-" + page).queryAs(ToggleButton.class).fire());
            look(page);
        }
        for (String button : List.of("#data", "#export", "#improve", "#mixed-precision")) {
            dialog(robot, button);
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void aPersonAsksWhatThingsAre(FxRobot robot) throws Exception {
        // F1 on the control that has the keyboard.
        OpenWindow.doOnFx(() -> robot.lookup("#calibrator").query().requestFocus());
        robot.push(KeyCode.F1);
        OpenWindow.waitUntil(() -> shown(robot, "#explanation-title"));
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("min–max");
        assertThat(OpenWindow.text(robot, "#explanation-here")).contains("root mean square");
        robot.push(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> !shown(robot, "#explanation-title"));

        // A right click; the numbers are those of the window.
        String mse = OpenWindow.text(robot, "#mse");
        OpenWindow.doOnFx(() -> {
            Node node = robot.lookup("#mse").query();
            node.fireEvent(new ContextMenuEvent(ContextMenuEvent.CONTEXT_MENU_REQUESTED, 2, 2, 2, 2, false, null));
        });
        OpenWindow.waitUntil(() -> shown(robot, "#explanation-title"));
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("MSE");
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#explanation-numbers").query().getAccessibleText()))
                .endsWith("= " + mse);
        OpenWindow.doOnFx(
                () -> robot.lookup("#explanation-see-sqnr").queryButton().fire());
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("SQNR");
        OpenWindow.doOnFx(() -> robot.lookup("#explanation-back").queryButton().fire());
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("MSE");
        robot.push(KeyCode.ESCAPE);

        // The mode that marks everything: a click explains and does nothing else.
        robot.push(KeyCode.SHIFT, KeyCode.F1);
        OpenWindow.waitUntil(() -> marked(robot.lookup("#export").query()));
        int windows = OpenWindow.onFx(() -> Window.getWindows().size());
        robot.clickOn("#export");
        OpenWindow.waitUntil(() -> shown(robot, "#explanation-title"));
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("export target");
        assertThat(OpenWindow.onFx(() -> Window.getWindows().size())).isEqualTo(windows + 1);
        robot.push(KeyCode.ESCAPE);
        robot.push(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> !marked(robot.lookup("#export").query()));
    }

    @Test
    void aTermLeadsToItsLessonAndToTheGlossary(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#zero-point")
                .query()
                .fireEvent(new ContextMenuEvent(ContextMenuEvent.CONTEXT_MENU_REQUESTED, 2, 2, 2, 2, false, null)));
        OpenWindow.waitUntil(() -> shown(robot, "#explanation-glossary"));
        OpenWindow.doOnFx(
                () -> robot.lookup("#explanation-glossary").queryButton().fire());
        OpenWindow.waitUntil(() -> shown(robot, "#glossary-list"));
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("zero point");
        OpenWindow.doOnFx(
                () -> robot.lookup("#glossary-filter").queryTextInputControl().setText("kullback"));
        assertThat(OpenWindow.text(robot, "#explanation-title")).isEqualTo("KL divergence");
        OpenWindow.doOnFx(
                () -> robot.lookup("#glossary-filter").queryTextInputControl().setText("zero point"));
        OpenWindow.doOnFx(
                () -> robot.lookup("#explanation-lesson").queryButton().fire());
        OpenWindow.waitUntil(() -> at.context.lessons().viewProperty().get().isPresent());
        assertThat(at.context
                        .lessons()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .lesson()
                        .id())
                .isEqualTo("zero-matters");
        assertThat(OpenWindow.onFx(() -> shown(robot, "#glossary-list"))).isFalse();
    }

    private static boolean marked(Node node) {
        return node.getPseudoClassStates().stream()
                .anyMatch(state -> state.getPseudoClassName().equals("explainable"));
    }

    private static boolean shown(FxRobot robot, String id) {
        return robot.lookup(id)
                .tryQuery()
                .filter(node -> node.getScene() != null && node.getScene().getWindow() != null)
                .filter(node -> node.getScene().getWindow().isShowing())
                .isPresent();
    }

    private void dialog(FxRobot robot, String button) throws Exception {
        int before = OpenWindow.onFx(() -> Window.getWindows().size());
        OpenWindow.doOnFx(() -> robot.lookup(button).queryButton().fire());
        OpenWindow.waitUntil(() -> Window.getWindows().size() > before);
        OpenWindow.doOnFx(() -> {
            Window opened = Window.getWindows().getLast();
            look(button, opened.getScene().getRoot());
            opened.hide();
        });
    }
}
