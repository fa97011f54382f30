package org.quantscope.app.window;

import javafx.geometry.Orientation;
import javafx.scene.control.SplitPane;
import javafx.scene.layout.Region;

/** Two parts with a divider. The lower one keeps its height when the window gets another size. */
final class Rows extends SplitPane {
    private final Region lower;
    private boolean shown = true;
    private double height;
    /** The height of this pane for which the parts were laid out last. */
    private double arranged = -1;

    private boolean arranging;

    Rows(Region upper, Region lower) {
        super(upper, lower);
        this.lower = lower;
        setId("rows");
        setOrientation(Orientation.VERTICAL);
        watch();
    }

    private void watch() {
        getDividers().forEach(d -> d.positionProperty().subscribe(x -> moved()));
    }

    /** Shows the lower part, or gives its room to the upper one. */
    void setLowerShown(boolean on) {
        if (on == shown) {
            return;
        }
        shown = on;
        arranged = -1;
        if (on) {
            getItems().add(lower);
            watch();
        } else {
            getItems().remove(lower);
        }
    }

    /** Sets the height of the lower part, in pixels. */
    void setLower(double height) {
        this.height = height;
        arranged = -1;
        requestLayout();
    }

    /** The height of the lower part as a person wants it, in pixels. */
    double lower() {
        return height;
    }

    /** A person has moved the divider. */
    private void moved() {
        if (!arranging && shown && arranged > 0 && arranged == getHeight()) {
            height = (1 - getDividerPositions()[0]) * arranged;
        }
    }

    @Override
    protected void layoutChildren() {
        arranging = true;
        super.layoutChildren();
        double all = getHeight();
        if (shown && all != arranged && all > 0) {
            arranged = all;
            setDividerPositions(1 - Math.max(lower.minHeight(-1), height) / all);
            super.layoutChildren();
        }
        arranging = false;
    }
}
