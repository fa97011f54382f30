package org.quantscope.app.selected;

/** Where a histogram draws values, for tests that move the mouse. */
public final class Positions {
    private Positions() {}

    /** The position of a value, in pixels from the left edge of the histogram. */
    public static double x(HistogramView histogram, double value) {
        return histogram.valueToX(value);
    }
}
