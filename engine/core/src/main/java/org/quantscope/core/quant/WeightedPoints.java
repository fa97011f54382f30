package org.quantscope.core.quant;

/** Values in ascending order with the number of times that they occur: a distribution on a line. The arrays are shared, not copied, and not to be written to. */
public final class WeightedPoints {
    private final double[] values;
    private final long[] counts;

    /**
     * @param values ascending
     * @param counts one for each value, at least 1
     */
    public WeightedPoints(double[] values, long[] counts) {
        if (values.length != counts.length) {
            throw new IllegalArgumentException("counts: " + counts.length + " for " + values.length + " values");
        }
        this.values = values;
        this.counts = counts;
    }

    /** Ascending. */
    public double[] values() {
        return values;
    }

    /** [values]. */
    public long[] counts() {
        return counts;
    }
}
