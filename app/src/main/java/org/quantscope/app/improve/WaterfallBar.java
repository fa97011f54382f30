package org.quantscope.app.improve;

import javafx.scene.layout.Region;
import org.quantscope.app.improve.ImproveState.Axis;
import org.quantscope.app.improve.ImproveState.Bar;
import org.quantscope.app.improve.ImproveState.Form;

/**
 * One bar of a waterfall: from the score before a step to that after it, on an axis that all bars share, with the
 * interval as a thin line and the score of the float model as a line across.
 */
final class WaterfallBar extends Region {
    private static final double HEIGHT = 20;
    private static final double WIDTH = 120;
    private static final double THICK = 10;
    private static final double LEAST = 2;
    private static final double THIN = 1.5;

    private final Region floats = part("float-line");
    private final Region bar = part("bar");
    private final Region interval = part("interval");
    private final Axis axis;
    private final Bar of;

    WaterfallBar(Axis axis, Bar of) {
        this.axis = axis;
        this.of = of;
        getStyleClass().add("waterfall");
        bar.getStyleClass().add(of.form().style());
        interval.setVisible(of.hi() > of.lo());
        setMinSize(WIDTH, HEIGHT);
        setPrefHeight(HEIGHT);
        setMaxWidth(Double.MAX_VALUE);
        getChildren().addAll(floats, bar, interval);
    }

    private static Region part(String style) {
        Region part = new Region();
        part.getStyleClass().add(style);
        part.setManaged(false);
        return part;
    }

    private double at(double score) {
        double share = (Math.max(score, axis.lo()) - axis.lo()) / (axis.hi() - axis.lo());
        return getWidth() * Math.clamp(share, 0, 1);
    }

    @Override
    protected void layoutChildren() {
        double middle = getHeight() / 2;
        floats.resizeRelocate(Math.rint(at(axis.floatScore())), 0, 1, getHeight());
        double from = of.form() == Form.WHOLE ? 0 : at(of.from());
        double to = at(of.to());
        bar.resizeRelocate(Math.min(from, to), middle - THICK / 2, Math.max(LEAST, Math.abs(to - from)), THICK);
        double lo = at(of.lo());
        interval.resizeRelocate(lo, middle - THIN / 2, Math.max(LEAST, at(of.hi()) - lo), THIN);
    }
}
