package org.quantscope.app.window;

import java.util.ArrayList;
import java.util.List;
import javafx.geometry.Orientation;
import javafx.scene.Node;
import javafx.scene.control.SplitPane;
import javafx.scene.layout.Region;

/** Two parts with a divider. The lower one keeps its height when the window gets another size. */
final class Rows extends SplitPane {
    private final Region upper;
    private final Region lower;
    private boolean upperShown = true;
    private boolean shown = true;
    private double height;
    /** The height of this pane for which the parts were laid out last. */
    private double arranged = -1;

    private boolean arranging;

    Rows(Region upper, Region lower) {
        super(upper, lower);
        this.upper = upper;
        this.lower = lower;
        setId("rows");
        setOrientation(Orientation.VERTICAL);
        watch();
    }

    private void watch() {
        getDividers().forEach(d -> d.positionProperty().subscribe(x -> moved()));
    }

    /** Shows each part or gives its room to the other one. */
    void show(boolean upperOn, boolean lowerOn) {
        if (upperOn == upperShown && lowerOn == shown) {
            return;
        }
        upperShown = upperOn;
        shown = lowerOn;
        arranged = -1;
        List<Node> parts = new ArrayList<>();
        if (upperOn) {
            parts.add(upper);
        }
        if (lowerOn) {
            parts.add(lower);
        }
        getItems().setAll(parts);
        watch();
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
        if (!arranging && upperShown && shown && arranged > 0 && arranged == getHeight()) {
            height = (1 - getDividerPositions()[0]) * arranged;
        }
    }

    @Override
    protected void layoutChildren() {
        arranging = true;
        super.layoutChildren();
        double all = getHeight();
        if (upperShown && shown && all != arranged && all > 0) {
            arranged = all;
            setDividerPositions(1 - Math.max(lower.minHeight(-1), height) / all);
            super.layoutChildren();
        }
        arranging = false;
    }
}
