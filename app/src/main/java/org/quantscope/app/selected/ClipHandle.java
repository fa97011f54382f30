package org.quantscope.app.selected;

import java.util.Locale;
import java.util.function.DoubleSupplier;
import javafx.css.PseudoClass;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.Cursor;
import javafx.scene.control.Label;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Region;
import org.jspecify.annotations.Nullable;

/**
 * The handle at one end of the clipping range: a line over the whole height with a grip, inside a much wider area that
 * reacts to the mouse.
 */
final class ClipHandle extends Region {
    static final double GRIP_WIDTH = 12;
    static final double GRAB = 12;
    private static final double GRIP_HEIGHT = 44;
    private static final double LINE = 2;
    private static final PseudoClass HELD = PseudoClass.getPseudoClass("held");

    private final Region line = new Region();
    private final Pane grip = new Pane();
    private final Label value = new Label();
    private final String name;
    private final DoubleSupplier number;
    private final DoubleSupplier least;
    private final DoubleSupplier most;
    private double centre;
    private double shift;

    /**
     * @param name "lo" or "hi"
     * @param number the value of this end
     * @param least the lowest value that this end may take at present
     * @param most the highest value that this end may take at present
     */
    ClipHandle(String name, String spoken, DoubleSupplier number, DoubleSupplier least, DoubleSupplier most) {
        this.name = name;
        this.number = number;
        this.least = least;
        this.most = most;
        setId("handle-" + name);
        getStyleClass().add("clip-handle");
        setManaged(false);
        setFocusTraversable(true);
        setCursor(Cursor.H_RESIZE);
        setPickOnBounds(true);
        setAccessibleRole(AccessibleRole.SLIDER);
        setAccessibleText(spoken);
        line.getStyleClass().add("line");
        grip.getStyleClass().add("grip");
        line.setManaged(false);
        grip.setManaged(false);
        for (int i = 0; i < 2; i++) {
            Region groove = new Region();
            groove.getStyleClass().add("groove");
            groove.setManaged(false);
            groove.resizeRelocate(GRIP_WIDTH / 2 - 2.5 + 4 * i - 0.5, 12, 1.5, GRIP_HEIGHT - 24);
            grip.getChildren().add(groove);
        }
        getChildren().addAll(line, grip);
        value.setId("value-" + name);
        value.getStyleClass().add("clip-value");
        value.setManaged(false);
        value.setMouseTransparent(true);
        value.visibleProperty().bind(visibleProperty());
    }

    /** The label beside the line; it must be added to the parent of this handle. */
    Label value() {
        return value;
    }

    void setHeld(boolean held) {
        pseudoClassStateChanged(HELD, held);
    }

    void write(String number) {
        String text = name + " " + number;
        if (!text.equals(value.getText())) {
            value.setText(text);
            notifyAccessibleAttributeChanged(AccessibleAttribute.VALUE);
        }
        value.resize(Math.ceil(value.prefWidth(-1)), Math.ceil(value.prefHeight(-1)));
    }

    /**
     * Places the line at {@code x}.
     *
     * @param reachLeft how far the area for the mouse extends to the left of the line, in pixels
     * @param reachRight how far it extends to the right, in pixels
     * @param gripShift shift of the grip to the right, in pixels, so that two grips do not overlap
     */
    void place(double x, double top, double height, double reachLeft, double reachRight, double gripShift) {
        centre = reachLeft;
        shift = gripShift;
        resizeRelocate(x - reachLeft, top, reachLeft + reachRight, height);
        line.resizeRelocate(centre - LINE / 2, 0, LINE, height);
        grip.resizeRelocate(
                centre - GRIP_WIDTH / 2 + shift, Math.max(0, height * 0.38), GRIP_WIDTH, Math.min(GRIP_HEIGHT, height));
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, @Nullable Object... parameters) {
        return switch (attribute) {
            case VALUE -> number.getAsDouble();
            case MIN_VALUE -> least.getAsDouble();
            case MAX_VALUE -> most.getAsDouble();
            case VALUE_STRING -> String.format(Locale.ROOT, "%.6g", number.getAsDouble());
            default -> super.queryAccessibleAttribute(attribute, parameters);
        };
    }
}
