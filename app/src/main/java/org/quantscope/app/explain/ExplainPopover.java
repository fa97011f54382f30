package org.quantscope.app.explain;

import java.util.Optional;
import java.util.function.Consumer;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Bounds;
import javafx.geometry.Rectangle2D;
import javafx.scene.Group;
import javafx.scene.Node;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.transform.Scale;
import javafx.stage.Popup;
import javafx.stage.Screen;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.lesson.Lesson;

/** The explanation of one term beside what it explains; the words in it lead to other terms. Esc or a click elsewhere closes it. */
public final class ExplainPopover {
    private static final double WIDTH = 430;
    private static final double MOST_HEIGHT = 520;
    private static final double AWAY = 6;

    private final Popup popup = new Popup();
    private final ObservableValue<Number> scale;
    private final EntryPane content;
    private final ScrollPane scroll = new ScrollPane();

    /**
     * @param lessons starts a lesson
     * @param scale how large it is shown, 1 as designed
     * @param glossary opens the page of all terms at one of them
     */
    public ExplainPopover(
            ExplainViewModel model, Consumer<Lesson> lessons, Consumer<Term> glossary, ObservableValue<Number> scale) {
        this.scale = scale;
        content = new EntryPane(model, lessons, Optional.of(glossary), popup::hide);
        content.setId("explanation");
        content.setPrefWidth(WIDTH);
        content.setMaxWidth(WIDTH);
        scroll.setContent(content);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        content.setOnShown(this::fit);
        scroll.getStyleClass().addAll("explanation-frame");
        Scale larger = new Scale(1, 1, 0, 0);
        larger.xProperty().bind(scale);
        larger.yProperty().bind(scale);
        scroll.getTransforms().add(larger);
        popup.getContent().add(new Group(scroll));
        popup.setAutoHide(true);
        popup.setHideOnEscape(true);
        popup.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ESCAPE || e.getCode() == KeyCode.F1) {
                popup.hide();
                e.consume();
            }
        });
    }

    /** Shows a term under a node, or above it where there is no room. */
    public void show(Node node, Term term) {
        content.show(term);
        Bounds at = node.localToScreen(node.getBoundsInLocal());
        if (at == null) {
            return;
        }
        popup.hide();
        popup.show(node, at.getMinX(), at.getMaxY() + AWAY);
        Rectangle2D screen = Screen.getScreensForRectangle(at.getMinX(), at.getMinY(), 1, 1).stream()
                .findFirst()
                .orElse(Screen.getPrimary())
                .getVisualBounds();
        double height = fit();
        double below = at.getMaxY() + AWAY;
        double y = below + height <= screen.getMaxY() ? below : at.getMinY() - AWAY - height;
        popup.setX(Math.clamp(
                at.getMinX(),
                screen.getMinX(),
                Math.max(screen.getMinX(), screen.getMaxX() - scale.getValue().doubleValue() * (WIDTH + 2))));
        popup.setY(Math.clamp(y, screen.getMinY(), Math.max(screen.getMinY(), screen.getMaxY() - height)));
    }

    /** Makes the popover as high as what it says, and returns its height in pixels. */
    private double fit() {
        content.applyCss();
        double height = Math.min(MOST_HEIGHT / scale.getValue().doubleValue(), content.prefHeight(WIDTH));
        scroll.setPrefViewportHeight(height);
        scroll.setPrefViewportWidth(WIDTH);
        scroll.setVvalue(0);
        popup.sizeToScene();
        return scale.getValue().doubleValue() * (height + 2);
    }

    /** True while an explanation can be seen. */
    public boolean isShowing() {
        return popup.isShowing();
    }

    public void hide() {
        popup.hide();
    }
}
