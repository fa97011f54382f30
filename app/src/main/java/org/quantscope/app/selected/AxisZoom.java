package org.quantscope.app.selected;

import java.util.function.BooleanSupplier;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.Region;
import org.jfree.chart.axis.NumberAxis;
import org.quantscope.app.ui.AxisMapping;

/**
 * Chooses which part of a horizontal axis a chart shows: the wheel zooms about the pointer, a drag or a sideways wheel
 * scrolls, and a double click shows the whole axis again.
 */
final class AxisZoom {
    private static final double STEP = 1.2;
    /** The step of a key or a button. */
    private static final double KEY_STEP = 1.5;

    /** The narrowest part that can be shown, as a fraction of the whole axis. */
    private static final double DEEPEST = 1e-5;

    private final NumberAxis axis;
    private final AxisMapping mapping;
    private final BooleanSupplier allowed;
    private final Runnable changed;
    private double least = -1;
    private double most = 1;
    private double panFrom = Double.NaN;

    /**
     * @param ground the node that gets the mouse events
     * @param mapping converts between values of {@code axis} and pixels of {@code ground}
     * @param allowed asked before every change; it also brings the axis up to date
     * @param changed runs after every change of the axis
     */
    AxisZoom(Region ground, NumberAxis axis, AxisMapping mapping, BooleanSupplier allowed, Runnable changed) {
        this.axis = axis;
        this.mapping = mapping;
        this.allowed = allowed;
        this.changed = changed;
        axis.setRange(least, most);
        ground.setOnScroll(this::scroll);
        ground.addEventHandler(MouseEvent.MOUSE_DRAGGED, this::pan);
        ground.setOnMousePressed(
                e -> panFrom = zoomed() && e.getButton() == MouseButton.PRIMARY ? e.getX() : Double.NaN);
        ground.setOnMouseClicked(e -> {
            if (e.getButton() == MouseButton.PRIMARY && e.getClickCount() == 2 && ground.equals(e.getTarget())) {
                view(least, most);
            }
        });
    }

    /** Sets the ends of the whole axis, and shows all of it. */
    void setWhole(double least, double most) {
        this.least = least;
        this.most = most;
        axis.setRange(least, most);
    }

    /** The lowest value of the whole axis. */
    double least() {
        return least;
    }

    double most() {
        return most;
    }

    /** Shows a narrower part, about the middle of what is visible. */
    void in() {
        about(middle(), true);
    }

    /** Shows a wider part. */
    void out() {
        about(middle(), false);
    }

    /** Shows the whole axis. */
    void all() {
        if (allowed.getAsBoolean()) {
            view(least, most);
        }
    }

    private double middle() {
        return (axis.getLowerBound() + axis.getUpperBound()) / 2;
    }

    private void about(double value, boolean in) {
        if (allowed.getAsBoolean()) {
            scale(value, in ? 1 / KEY_STEP : KEY_STEP);
        }
    }

    private void scale(double value, double by) {
        double width = axis.getUpperBound() - axis.getLowerBound();
        double whole = most - least;
        double next = Math.clamp(width * by, whole * DEEPEST, whole);
        double at = Math.clamp(value, axis.getLowerBound(), axis.getUpperBound());
        double from = Math.clamp(at - (at - axis.getLowerBound()) * next / width, least, most - next);
        view(from, from + next);
    }

    private boolean zoomed() {
        return axis.getLowerBound() > least || axis.getUpperBound() < most;
    }

    private void scroll(ScrollEvent e) {
        if ((e.getDeltaY() == 0 && e.getDeltaX() == 0) || !allowed.getAsBoolean()) {
            return;
        }
        if (e.getDeltaY() == 0) {
            shift(-e.getDeltaX() * mapping.pixel());
        } else {
            scale(mapping.fromX(e.getX()), e.getDeltaY() > 0 ? 1 / STEP : STEP);
        }
        e.consume();
    }

    private void pan(MouseEvent e) {
        if (!e.isConsumed() && !Double.isNaN(panFrom) && allowed.getAsBoolean()) {
            shift((panFrom - e.getX()) * mapping.pixel());
            panFrom = e.getX();
        }
    }

    private void shift(double by) {
        double width = axis.getUpperBound() - axis.getLowerBound();
        double from = Math.clamp(axis.getLowerBound() + by, least, most - width);
        view(from, from + width);
    }

    private void view(double from, double to) {
        if (from != axis.getLowerBound() || to != axis.getUpperBound()) {
            axis.setRange(from, to);
            changed.run();
        }
    }
}
