package org.quantscope.app.window;

import javafx.scene.control.SplitPane;
import javafx.scene.layout.Region;

/**
 * Three columns with dividers. Those at the sides keep their widths when the window gets another size, so that the middle
 * one takes all spare width; they get narrower only where it would become too narrow.
 */
final class Columns extends SplitPane {
    private final Region left;
    private final Region middle;
    private final Region right;
    private double leftWidth;
    private double rightWidth;
    /** The width of this pane for which the columns were laid out last. */
    private double arranged = -1;

    private boolean arranging;

    Columns(Region left, Region middle, Region right) {
        super(left, middle, right);
        this.left = left;
        this.middle = middle;
        this.right = right;
        setId("columns");
        left.minWidthProperty().subscribe(x -> {
            arranged = -1;
            requestLayout();
        });
        getDividers().forEach(d -> d.positionProperty().subscribe(x -> moved()));
    }

    /** Sets the widths of the columns at the sides, in pixels. */
    void setSides(double leftWidth, double rightWidth) {
        this.leftWidth = leftWidth;
        this.rightWidth = rightWidth;
        arranged = -1;
        requestLayout();
    }

    /** The width of the left column as a person wants it, in pixels. */
    double leftWidth() {
        return leftWidth;
    }

    /** The width of the right column as a person wants it, in pixels. */
    double rightWidth() {
        return rightWidth;
    }

    /** A person has moved a divider. */
    private void moved() {
        if (!arranging && arranged > 0 && arranged == getWidth()) {
            double[] at = getDividerPositions();
            leftWidth = at[0] * arranged;
            rightWidth = (1 - at[1]) * arranged;
        }
    }

    /** The pane by itself would keep the sides as wide as they were laid out first, before anyone could set them. */
    @Override
    protected void layoutChildren() {
        arranging = true;
        super.layoutChildren();
        double width = getWidth();
        if (width != arranged && width > 0) {
            arranged = width;
            double lacking = Math.max(0, leftWidth + rightWidth + middle.minWidth(-1) - width);
            double l = Math.max(left.minWidth(-1), leftWidth - lacking / 2);
            double r = Math.max(right.minWidth(-1), rightWidth - (lacking - (leftWidth - l)));
            setDividerPositions(l / width, 1 - r / width);
            super.layoutChildren();
        }
        arranging = false;
    }
}
