package org.quantscope.app.accuracy;

import java.util.function.DoubleConsumer;
import javafx.css.PseudoClass;
import javafx.event.EventHandler;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.Cursor;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import org.jspecify.annotations.Nullable;

/**
 * A line across a plot that stands for the bit budget, with a grip at its foot. It is dragged, or moved by the arrow
 * keys from one assignment of the front to the next; Esc takes a drag back.
 */
final class BudgetHandle extends Region {
    /** The width of the area for the mouse, in pixels. */
    private static final double GRAB = 16;

    private static final double LINE = 2;
    private static final double GRIP_WIDTH = 14;
    private static final double GRIP_HEIGHT = 18;
    private static final PseudoClass HELD = PseudoClass.getPseudoClass("held");

    private final BudgetViewModel model;
    private final DoubleConsumer choose;
    private final boolean applies;
    private final Region line = new Region();
    private final Region grip = new Region();
    private final Label value = new Label();
    private final EventHandler<MouseEvent> dragging = this::drag;
    private final EventHandler<MouseEvent> releasing = e -> release();
    private double grabbed;
    private boolean held;

    /**
     * @param choose takes where the line is to be, in pixels of the parent
     * @param applies true if letting go gives the weights their bits; Enter always does
     */
    BudgetHandle(String id, BudgetViewModel model, DoubleConsumer choose, boolean applies) {
        this.model = model;
        this.choose = choose;
        this.applies = applies;
        setId(id);
        getStyleClass().add("budget-handle");
        setManaged(false);
        setFocusTraversable(true);
        setCursor(Cursor.H_RESIZE);
        setPickOnBounds(true);
        setAccessibleRole(AccessibleRole.SLIDER);
        setAccessibleText("Bit budget");
        line.getStyleClass().add("line");
        grip.getStyleClass().add("grip");
        line.setManaged(false);
        grip.setManaged(false);
        getChildren().addAll(line, grip);
        value.setId(id + "-value");
        value.getStyleClass().addAll("number", "budget-value");
        value.setManaged(false);
        value.setMouseTransparent(true);
        value.visibleProperty().bind(visibleProperty());
        Tooltip.install(
                this,
                new Tooltip("The bit budget: drag it and the bits of the weights follow.\n"
                        + (applies
                                ? "Letting go gives them to the weights, as one undo step."
                                : "Apply gives them to the weights.")
                        + "\n← →: to the next mixture of the front, Enter: apply, Esc: back"));
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::press);
        addEventHandler(KeyEvent.KEY_PRESSED, this::key);
    }

    /** What is written beside the line; it must be added to the parent of this handle. */
    Label value() {
        return value;
    }

    void write(String text) {
        if (!text.equals(value.getText())) {
            value.setText(text);
            notifyAccessibleAttributeChanged(AccessibleAttribute.VALUE_STRING);
        }
    }

    /** Places the line at {@code x}, and its words beside it where there is room up to {@code right}. */
    void place(double x, double top, double height, double right) {
        resizeRelocate(x - GRAB / 2, top, GRAB, height + GRIP_HEIGHT / 2);
        line.resizeRelocate(GRAB / 2 - LINE / 2, 0, LINE, height);
        grip.resizeRelocate((GRAB - GRIP_WIDTH) / 2, height - GRIP_HEIGHT / 2, GRIP_WIDTH, GRIP_HEIGHT);
        double width = Math.ceil(value.prefWidth(-1));
        boolean leftSide = x + GRAB / 2 + width > right;
        value.resizeRelocate(
                Math.rint(leftSide ? x - GRAB / 2 - width : x + GRAB / 2),
                Math.rint(top),
                width,
                Math.ceil(value.prefHeight(-1)));
    }

    private double at(MouseEvent e) {
        return getParent().sceneToLocal(e.getSceneX(), e.getSceneY()).getX();
    }

    private void press(MouseEvent e) {
        if (e.getButton() == MouseButton.PRIMARY) {
            requestFocus();
            grabbed = at(e) - (getLayoutX() + GRAB / 2);
            hold(true);
            model.begin();
            e.consume();
        }
    }

    private void drag(MouseEvent e) {
        if (held) {
            choose.accept(at(e) - grabbed);
            e.consume();
        }
    }

    private void release() {
        if (held) {
            hold(false);
            if (applies) {
                model.apply();
            } else {
                model.settle();
            }
        }
    }

    private void hold(boolean now) {
        Scene scene = getScene();
        if (now && !held) {
            // Wherever the pointer is until the button is let go: the line jumps from mixture to mixture under it.
            scene.addEventFilter(MouseEvent.MOUSE_DRAGGED, dragging);
            scene.addEventFilter(MouseEvent.MOUSE_RELEASED, releasing);
        } else if (!now && held) {
            scene.removeEventFilter(MouseEvent.MOUSE_DRAGGED, dragging);
            scene.removeEventFilter(MouseEvent.MOUSE_RELEASED, releasing);
        }
        held = now;
        pseudoClassStateChanged(HELD, now);
    }

    private void key(KeyEvent e) {
        switch (e.getCode()) {
            case LEFT, DOWN -> model.step(-1);
            case RIGHT, UP -> model.step(1);
            case HOME -> model.end(false);
            case END -> model.end(true);
            case ENTER, SPACE -> model.apply();
            case ESCAPE -> {
                if (!held) {
                    return;
                }
                hold(false);
                model.back();
            }
            default -> {
                return;
            }
        }
        e.consume();
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, @Nullable Object... parameters) {
        return attribute == AccessibleAttribute.VALUE_STRING
                ? value.getText()
                : super.queryAccessibleAttribute(attribute, parameters);
    }
}
