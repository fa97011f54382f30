package org.quantscope.app.ui;

import javafx.geometry.Rectangle2D;

/**
 * Converts between values and pixels on a horizontal axis. Pixels count from the left edge of the node that draws the
 * axis.
 */
public interface AxisMapping {
    /** The position of a value in pixels. */
    double toX(double value);

    /** The value at a position in pixels. */
    double fromX(double px);

    /** How much of the axis one pixel covers, in axis units. */
    double pixel();

    /** The rectangle between the axes, in pixels of the node. */
    Rectangle2D area();
}
