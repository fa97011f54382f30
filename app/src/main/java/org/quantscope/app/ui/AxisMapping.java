package org.quantscope.app.ui;

import javafx.geometry.Rectangle2D;

/** Where the values of a horizontal axis lie, in pixels from the left of what it is drawn in. */
public interface AxisMapping {
    /** Pixels from the left for a value. */
    double toX(double value);

    /** The value {@code px} pixels from the left. */
    double fromX(double px);

    /** The width of one pixel on the axis. */
    double pixel();

    /** The rectangle between the axes, in pixels. */
    Rectangle2D area();
}
