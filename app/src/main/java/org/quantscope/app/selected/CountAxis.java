package org.quantscope.app.selected;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.axis.ValueTick;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;

/**
 * A vertical axis for counts, linear or logarithmic. The logarithmic one shows log10(1 + n), so that 0 is at its lower
 * end and 1 visibly above it.
 */
final class CountAxis extends NumberAxis {
    private static final long serialVersionUID = 1L;
    private static final int LABEL_PITCH = 36;
    /** The pixels below the upper end beside which the title of the axis stands, and half a label. */
    private static final double TITLE = 20;

    private static final List<String> UNITS = List.of("", "k", "M", "G", "T", "P", "E");

    private boolean logarithmic = true;

    void setLogarithmic(boolean logarithmic) {
        this.logarithmic = logarithmic;
    }

    /** The position of a count in axis units; everything drawn against this axis must use it. */
    double position(double count) {
        return logarithmic ? Math.log10(1 + Math.max(0, count)) : count;
    }

    @Override
    public List<ValueTick> refreshTicks(Graphics2D g2, AxisState state, Rectangle2D area, RectangleEdge edge) {
        List<ValueTick> ticks = new ArrayList<>();
        // A line beside the title goes without its number.
        double top = getUpperBound() - TITLE * (getUpperBound() - getLowerBound()) / Math.max(TITLE, area.getHeight());
        double most = Math.max(2, area.getHeight() / LABEL_PITCH);
        if (logarithmic) {
            int step = Math.max(1, (int) Math.ceil(getUpperBound() / most));
            for (int decade = 0; position(Math.pow(10, decade)) <= getUpperBound(); decade += step) {
                ticks.add(tick(Math.pow(10, decade), top));
            }
        } else {
            double step = Math.max(1, niceAtLeast(getUpperBound() / most));
            for (double n = 0; n <= getUpperBound(); n += step) {
                ticks.add(tick(n, top));
            }
        }
        return ticks;
    }

    private NumberTick tick(double count, double top) {
        double at = position(count);
        return new NumberTick(at, at > top ? "" : compact(count), TextAnchor.CENTER_RIGHT, TextAnchor.CENTER_RIGHT, 0);
    }

    /** The smallest number ≥ {@code v} that is 1, 2 or 5 times a power of ten. */
    private static double niceAtLeast(double v) {
        double decade = Math.pow(10, Math.floor(Math.log10(v)));
        for (int m : new int[] {1, 2, 5}) {
            if (m * decade >= v) {
                return m * decade;
            }
        }
        return 10 * decade;
    }

    /** A count with at most three digits and a unit: 20, 1.5k, 200k. */
    static String compact(double count) {
        int unit = 0;
        double v = count;
        while (v >= 1000 && unit < UNITS.size() - 1) {
            v /= 1000;
            unit++;
        }
        return (v == Math.rint(v) ? String.format(Locale.ROOT, "%.0f", v) : String.format(Locale.ROOT, "%.1f", v))
                + UNITS.get(unit);
    }
}
