package org.quantscope.app.window;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.SplitPane;
import javafx.scene.layout.Region;

/**
 * Three columns with dividers. Those at the sides keep their widths when the window gets another size, so that the middle
 * one takes all spare width; they get narrower only where it would become too narrow.
 */
final class Columns extends SplitPane {
    /** The pixels that may be lacking before a column yields. */
    private static final double BEARABLE = 40;

    private final Region left;
    private final Region middle;
    private final Region right;
    private boolean leftWanted = true;
    private boolean rightWanted = true;
    private boolean leftSpared;
    /** Which side makes room where there is not enough for both. */
    private boolean leftYields = true;

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
            choose();
            requestLayout();
        });
        widthProperty().subscribe(x -> choose());
        watch();
    }

    private void watch() {
        getDividers().forEach(d -> d.positionProperty().subscribe(x -> moved()));
    }

    /** True while the left column is seen. */
    boolean isLeftShown() {
        return getItems().contains(left);
    }

    /** True while the right column is seen. */
    boolean isRightShown() {
        return getItems().contains(right);
    }

    /** Shows the left column, or gives its room to the middle. */
    void toggleLeft() {
        leftWanted = !isLeftShown();
        leftYields &= !leftWanted;
        choose();
    }

    /** Shows the right column, or gives its room to the middle. */
    void toggleRight() {
        rightWanted = !isRightShown();
        leftYields |= rightWanted;
        choose();
    }

    /** What a person wants to see of the columns. */
    record Wish(boolean left, boolean right, boolean leftYields) {}

    Wish wish() {
        return new Wish(leftWanted, rightWanted, leftYields);
    }

    void wish(Wish wish) {
        leftWanted = wish.left;
        rightWanted = wish.right;
        leftYields = wish.leftYields;
        choose();
    }

    /** Shows the right column, where there is not room enough for both in place of the left one. */
    void keepRight() {
        rightWanted = true;
        leftYields = true;
        choose();
    }

    /** Leaves the left column away for a while, whatever is wanted; for a card that needs the room. */
    void spare(boolean on) {
        leftSpared = on;
        choose();
    }

    /** Keeps the left column where there is not room enough for both, or lets it yield. */
    void keepLeft(boolean kept) {
        leftWanted |= kept;
        leftYields = !kept;
        choose();
    }

    /** Shows the columns that are wanted and have room. */
    private void choose() {
        boolean tight = leftWanted
                && rightWanted
                && getWidth() > 0
                && getWidth() + BEARABLE < left.minWidth(-1) + middle.minWidth(-1) + right.minWidth(-1);
        List<Node> shown = new ArrayList<>();
        if (leftWanted && !leftSpared && !(tight && leftYields)) {
            shown.add(left);
        }
        shown.add(middle);
        if (rightWanted && !(tight && !leftYields)) {
            shown.add(right);
        }
        if (!getItems().equals(shown)) {
            arranged = -1;
            getItems().setAll(shown);
            watch();
            requestLayout();
        }
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
            if (isLeftShown()) {
                leftWidth = at[0] * arranged;
            }
            if (isRightShown()) {
                rightWidth = (1 - at[at.length - 1]) * arranged;
            }
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
            double wanted = (isLeftShown() ? leftWidth : 0) + (isRightShown() ? rightWidth : 0);
            double lacking = Math.max(0, wanted + middle.minWidth(-1) - width);
            double share = isRightShown() ? lacking / 2 : lacking;
            double l = Math.max(left.minWidth(-1), leftWidth - share);
            double spared = isLeftShown() ? leftWidth - l : 0;
            double r = Math.max(right.minWidth(-1), rightWidth - (lacking - spared));
            if (isLeftShown() && isRightShown()) {
                setDividerPositions(l / width, 1 - r / width);
            } else if (isLeftShown()) {
                setDividerPositions(l / width);
            } else if (isRightShown()) {
                setDividerPositions(1 - r / width);
            }
            super.layoutChildren();
        }
        arranging = false;
    }
}
