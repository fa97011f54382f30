package org.quantscope.app.window;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javafx.beans.InvalidationListener;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.Region;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.tour.TourStop;
import org.quantscope.app.tour.TourView;
import org.quantscope.app.tour.TourViewModel;
import org.quantscope.app.ui.TabbedCard;

/**
 * The tour in the window. What a stop speaks of comes into view, though its column was hidden, it was scrolled away or a
 * high page had taken its room; at the end all that is as it was.
 */
final class TourPlace {
    /** A page that leaves the curve its room. */
    private static final String LOW_PAGE = "channels";

    private record Before(@Nullable Node keyboard, Columns.Wish columns, String page, double scrolled) {}

    private final TourViewModel model;
    private final TourView view;
    private final Map<TourStop, Node> parts;
    private final Columns columns;
    private final ScrollPane right;
    private final TabbedCard pages;
    private @Nullable Before before;

    /**
     * @param parts what each stop speaks of
     * @param right the right column
     * @param pages those under the curve
     */
    TourPlace(TourView view, Map<TourStop, Node> parts, Columns columns, ScrollPane right, TabbedCard pages) {
        this.model = view.model();
        this.view = view;
        this.parts = parts;
        this.columns = columns;
        this.right = right;
        this.pages = pages;
    }

    /** Shows the tour in {@code stage}, whose scene is set. */
    void install(Stage stage) {
        Scene scene = stage.getScene();
        scene.addEventFilter(KeyEvent.KEY_PRESSED, this::key);
        InvalidationListener windows = x -> model.setDialogOpen(
                Window.getWindows().stream().anyMatch(w -> w instanceof Stage other && stage.equals(other.getOwner())));
        stage.showingProperty().subscribe(showing -> {
            Window.getWindows().removeListener(windows);
            if (showing) {
                Window.getWindows().addListener(windows);
            }
        });
        model.stopProperty().subscribe(stop -> stop.ifPresentOrElse(s -> show(scene, s), this::close));
    }

    private void show(Scene scene, TourStop stop) {
        if (before == null) {
            before = new Before(
                    scene.getFocusOwner(),
                    columns.wish(),
                    pages.selectedProperty().get(),
                    right.getVvalue());
        }
        Node part = Objects.requireNonNull(parts.get(stop));
        switch (stop) {
            case TENSORS -> columns.keepLeft(true);
            case ERROR, ACCURACY -> columns.keepRight();
            case CURVE -> {
                if (pages.tallProperty().get()) {
                    pages.select(LOW_PAGE);
                }
            }
            case HISTOGRAM, EXPORT -> {}
        }
        if (stop == TourStop.ERROR || stop == TourStop.ACCURACY) {
            scene.getRoot().applyCss();
            scene.getRoot().layout();
            scrollTo(part);
        }
        view.show(stop, part);
    }

    private void scrollTo(Node part) {
        Region content = (Region) right.getContent();
        Bounds at = content.sceneToLocal(part.localToScene(part.getLayoutBounds()));
        double spare = content.getHeight() - right.getViewportBounds().getHeight();
        double top = spare * right.getVvalue();
        double bottom = top + right.getViewportBounds().getHeight();
        if (spare > 0 && (at.getMinY() < top || at.getMaxY() > bottom)) {
            right.setVvalue(Math.clamp(at.getMinY() / spare, 0, 1));
        }
    }

    private void close() {
        view.hide();
        Before was = before;
        before = null;
        if (was != null) {
            columns.wish(was.columns);
            pages.select(was.page);
            right.setVvalue(was.scrolled);
            Optional.ofNullable(was.keyboard).ifPresent(Node::requestFocus);
        }
    }

    /** The keys of the tour. A key that opens something else ends the tour and does its work. */
    private void key(KeyEvent e) {
        if (model.stopProperty().get().isEmpty() || e.getCode().isModifierKey() || goesOn(e)) {
            return;
        }
        switch (e.getCode()) {
            case ESCAPE -> model.end();
            case PAGE_DOWN -> model.next();
            case PAGE_UP -> model.back();
            case ENTER -> view.press();
            case TAB -> view.moveKeyboard(!e.isShiftDown());
            default -> {
                if (e.isShortcutDown() || e.isAltDown() || e.getCode().isFunctionKey()) {
                    model.end();
                    return;
                }
            }
        }
        e.consume();
    }

    /** What a button, the explanation of the card, the size and the theme need. */
    private static boolean goesOn(KeyEvent e) {
        KeyCode code = e.getCode();
        return switch (code) {
            case SPACE -> true;
            case F1 -> !e.isShiftDown();
            case PLUS, EQUALS, ADD, MINUS, SUBTRACT, DIGIT0, NUMPAD0, T -> e.isShortcutDown();
            default -> false;
        };
    }
}
