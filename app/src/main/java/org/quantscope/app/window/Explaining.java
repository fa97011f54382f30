package org.quantscope.app.window;

import java.util.Collections;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.css.PseudoClass;
import javafx.scene.Cursor;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.Scene;
import javafx.scene.control.Control;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import org.quantscope.app.explain.ExplainPopover;
import org.quantscope.app.ui.Explained;

/**
 * Explains what a person points at: by F1 the control that has the keyboard, by a right click what is under the pointer,
 * and in the mode that marks everything explainable whatever is clicked.
 */
final class Explaining {
    private static final PseudoClass MARKED = PseudoClass.getPseudoClass("explainable");

    private final ExplainPopover popover;
    private final Runnable keys;
    private final BooleanProperty mode = new SimpleBooleanProperty(this, "mode");
    private final Set<Scene> scenes = Collections.newSetFromMap(new WeakHashMap<>());
    private final Set<Node> marked = new HashSet<>();

    /** @param keys shows the keys, where there is nothing to explain */
    Explaining(ExplainPopover popover, Runnable keys) {
        this.popover = popover;
        this.keys = keys;
        mode.subscribe(on -> {
            marked.forEach(node -> node.pseudoClassStateChanged(MARKED, false));
            marked.clear();
            scenes.forEach(scene -> {
                if (on) {
                    mark(scene.getRoot());
                }
                scene.setCursor(on ? Cursor.HAND : Cursor.DEFAULT);
            });
            popover.hide();
        });
    }

    /** True while a click explains instead of acting. */
    BooleanProperty modeProperty() {
        return mode;
    }

    /** Makes a window explain itself; call it for every scene. */
    void install(Scene scene) {
        scenes.add(scene);
        scene.addEventFilter(KeyEvent.KEY_PRESSED, this::key);
        scene.addEventFilter(MouseEvent.ANY, this::mouse);
        scene.addEventHandler(ContextMenuEvent.CONTEXT_MENU_REQUESTED, e -> {
            if (e.getTarget() instanceof Node node && explain(node)) {
                e.consume();
            }
        });
    }

    private void key(KeyEvent e) {
        if (e.getCode() == KeyCode.F1) {
            if (e.isShiftDown()) {
                mode.set(!mode.get());
            } else {
                explainFocused((Scene) e.getSource());
            }
            e.consume();
        } else if (e.getCode() == KeyCode.ESCAPE && mode.get()) {
            mode.set(false);
            e.consume();
        }
    }

    /** Explains the control that has the keyboard; without one the keys are shown. */
    void explainFocused(Scene scene) {
        Node focused = scene.getFocusOwner();
        if (focused == null || !explain(focused)) {
            keys.run();
        }
    }

    private void mouse(MouseEvent e) {
        if (!mode.get() || e.getEventType() == MouseEvent.MOUSE_MOVED) {
            return;
        }
        if (e.getEventType() == MouseEvent.MOUSE_PRESSED && e.getTarget() instanceof Node node) {
            explain(node);
        }
        if (e.getEventType() == MouseEvent.MOUSE_PRESSED
                || e.getEventType() == MouseEvent.MOUSE_RELEASED
                || e.getEventType() == MouseEvent.MOUSE_CLICKED
                || e.getEventType() == MouseEvent.MOUSE_DRAGGED
                || e.getEventType().equals(MouseEvent.DRAG_DETECTED)) {
            e.consume();
        }
    }

    /** Shows the entry of a node or of what it lies in; false if there is none. */
    boolean explain(Node node) {
        Optional<Node> place = Explained.place(node);
        place.ifPresent(at -> popover.show(at, Explained.of(at).orElseThrow()));
        return place.isPresent();
    }

    /** Marks all that has an entry of its own, but not the parts of a control that has one. */
    private void mark(Node node) {
        if (!node.isVisible()) {
            return;
        }
        boolean explained = Explained.of(node).isPresent();
        if (explained) {
            node.pseudoClassStateChanged(MARKED, true);
            marked.add(node);
        }
        boolean whole = explained && node instanceof Control;
        if (node instanceof Parent parent && !whole && !(node instanceof TextInputControl)) {
            parent.getChildrenUnmodifiable().forEach(this::mark);
        }
    }
}
