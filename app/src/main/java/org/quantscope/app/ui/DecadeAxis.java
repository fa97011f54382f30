package org.quantscope.app.ui;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.axis.ValueTick;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;

/**
 * A vertical axis for log10 of positive figures, labelled with the figures themselves: 1e-3, 1e-2, and also 2e-3 and
 * 5e-3 if few decades are visible.
 */
public final class DecadeAxis extends NumberAxis {
    private static final long serialVersionUID = 1L;
    private static final int LABEL_PITCH = 24;

    @Override
    public List<ValueTick> refreshTicks(Graphics2D g2, AxisState state, Rectangle2D area, RectangleEdge edge) {
        double span = getUpperBound() - getLowerBound();
        int step = Math.max(1, (int) Math.ceil(span * LABEL_PITCH / Math.max(LABEL_PITCH, area.getHeight())));
        int[] within = span < 1.2 ? new int[] {1, 2, 5} : span < 2.2 ? new int[] {1, 3} : new int[] {1};
        List<ValueTick> ticks = new ArrayList<>();
        for (int decade = (int) Math.floor(getLowerBound()); decade <= getUpperBound(); decade++) {
            for (int m : within) {
                double at = decade + Math.log10(m);
                if (at >= getLowerBound() && at <= getUpperBound() && Math.floorMod(decade, step) == 0) {
                    ticks.add(
                            new NumberTick(at, m + "e" + decade, TextAnchor.CENTER_RIGHT, TextAnchor.CENTER_RIGHT, 0));
                }
            }
        }
        return ticks;
    }
}
