package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.Control;
import javafx.scene.control.IndexedCell;
import javafx.scene.control.Labeled;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.layout.BackgroundFill;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.Text;
import javafx.stage.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.app.ui.Cover;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.lesson.Lessons;
import org.testfx.api.FxRobot;

/** What is shown can be read by weak eyes, and what can be acted on is named for a screen reader. */
class ForEveryoneTest {
    /** WCAG 2.2, level AA, for text. */
    private static final double LEAST = 4.5;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private final Set<String> faint = new LinkedHashSet<>();
    private final Set<String> nameless = new LinkedHashSet<>();

    private void look(String where) throws Exception {
        for (Theme theme : Theme.values()) {
            OpenWindow.doOnFx(() -> at.window.themeProperty().set(theme));
            OpenWindow.doOnFx(() -> {
                for (Window window : List.copyOf(Window.getWindows())) {
                    Parent root = window.getScene().getRoot();
                    root.applyCss();
                    root.layout();
                    look(theme.title() + ", " + where, root, 1);
                }
            });
        }
    }

    private void look(String where, Node node, double above) {
        // What is disabled is exempt in WCAG.
        if (!node.isVisible() || node.isDisabled()) {
            return;
        }
        // A card that a step of a lesson does not need is pale on purpose: it counts as it is under the pointer or
        // keyboard.
        boolean pale = node.getParent() instanceof Cover cover && cover.isFaded();
        double opacity = pale ? above : above * node.getOpacity();
        if (node instanceof Text text && !text.getText().isBlank() && text.getFill() instanceof Color fill) {
            ground(text).ifPresent(ground -> {
                double contrast = contrast(over(fill, opacity, ground), ground);
                if (contrast < LEAST) {
                    faint.add(String.format(
                            Locale.ROOT,
                            "%s: %.2f of %s on %s: \"%s\" in %s",
                            where,
                            contrast,
                            fill,
                            ground,
                            text.getText(),
                            text.getParent()));
                }
            });
        }
        if (node instanceof Control control && control.isFocusTraversable() && !named(control)) {
            nameless.add(where + ": " + control);
        }
        if (node instanceof Parent parent) {
            parent.getChildrenUnmodifiable().forEach(child -> look(where, child, opacity));
        }
    }

    /** Words on it, words for a screen reader, or a caption that belongs to it. */
    private static boolean named(Control control) {
        boolean words = control instanceof Labeled labeled
                && labeled.getText() != null
                && labeled.getText().chars().anyMatch(Character::isLetterOrDigit);
        boolean spoken = control.getAccessibleText() != null
                && !control.getAccessibleText().isBlank();
        boolean prompt = control instanceof TextInputControl text
                && text.getPromptText() != null
                && !text.getPromptText().isBlank();
        return words
                || spoken
                || prompt
                || control instanceof ScrollPane
                || control instanceof SplitPane
                || control instanceof IndexedCell<?>
                || labelled(control.getScene().getRoot(), control)
                // The field inside a spinner or a combo box speaks for it.
                || control.getParent() instanceof Control outer && named(outer);
    }

    private static boolean labelled(Node root, Node control) {
        if (root instanceof javafx.scene.control.Label label && control.equals(label.getLabelFor())) {
            return true;
        }
        return root instanceof Parent parent
                && parent.getChildrenUnmodifiable().stream().anyMatch(child -> labelled(child, control));
    }

    /** The colour behind a text: what the nearest region around it that covers it paints last. */
    private static Optional<Color> ground(Node text) {
        Bounds bounds = text.localToScene(text.getBoundsInLocal());
        for (Node n = text.getParent(); n != null; n = n.getParent()) {
            if (n instanceof Region region
                    && region.getBackground() != null
                    && !region.getBackground().getFills().isEmpty()
                    && region.localToScene(region.getBoundsInLocal())
                            .contains(bounds.getCenterX(), bounds.getCenterY())) {
                BackgroundFill last = region.getBackground().getFills().getLast();
                if (last.getFill() instanceof Color color && color.getOpacity() == 1) {
                    return Optional.of(color);
                }
            }
        }
        return Optional.empty();
    }

    private static Color over(Color text, double opacity, Color ground) {
        return ground.interpolate(
                Color.color(text.getRed(), text.getGreen(), text.getBlue()), opacity * text.getOpacity());
    }

    private static double contrast(Color a, Color b) {
        double la = luminance(a);
        double lb = luminance(b);
        return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
    }

    private static double luminance(Color c) {
        return 0.2126 * linear(c.getRed()) + 0.7152 * linear(c.getGreen()) + 0.0722 * linear(c.getBlue());
    }

    private static double linear(double v) {
        return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    }

    private boolean asking() {
        return at.context.jobs().running().isEmpty()
                && at.context.lessons().viewProperty().get().map(v -> v.phase()).orElse(Phase.OPENING) == Phase.ASKING;
    }

    @Test
    void canBeReadAndIsNamed(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.error().unfoldedProperty().set(true));
        for (String page : List.of("channels", "codes", "layer-output", "graph")) {
            OpenWindow.doOnFx(() ->
                    robot.lookup("#tab-" + page).queryAs(ToggleButton.class).fire());
            look(page);
        }
        for (String button : List.of("#data", "#export", "#improve", "#mixed-precision")) {
            OpenWindow.doOnFx(() -> robot.lookup(button).queryButton().fire());
            look(button);
            OpenWindow.doOnFx(() -> Window.getWindows().getLast().hide());
        }
        OpenWindow.doOnFx(
                () -> at.context.lessons().start(Lessons.byId("clip-or-round").orElseThrow(), Optional.empty()));
        OpenWindow.waitUntil(this::asking);
        look("a question");
        OpenWindow.doOnFx(() -> robot.lookup("#lesson-choice-3")
                .queryAs(javafx.scene.control.RadioButton.class)
                .fire());
        OpenWindow.doOnFx(() -> robot.lookup("#lesson-answer").queryButton().fire());
        OpenWindow.waitUntil(() -> robot.lookup("#lesson-reveal").tryQuery().isPresent());
        look("the truth");

        assertThat(faint).isEmpty();
        assertThat(nameless).isEmpty();
    }
}
