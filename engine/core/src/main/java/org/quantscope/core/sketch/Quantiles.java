package org.quantscope.core.sketch;

import java.util.function.LongToDoubleFunction;

/** The rule that interpolates a quantile between two order statistics. */
public final class Quantiles {
    private Quantiles() {}

    /**
     * numpy's default ("linear", Hyndman and Fan type 7): with h = (n−1)·p, the value of rank ⌊h⌋ plus the fraction of h on the way to
     * the next.
     *
     * @param p 0 to 1
     * @param n number of values, at least 1
     * @param order the value of each rank, from 0
     */
    public static double interpolate(double p, long n, LongToDoubleFunction order) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("p: 0 to 1 is needed, got " + p);
        }
        double at = p * (n - 1);
        long below = Math.min((long) at, n - 1);
        double fraction = at - below;
        double x = order.applyAsDouble(below);
        return fraction == 0 || below == n - 1 ? x : x + fraction * (order.applyAsDouble(below + 1) - x);
    }
}
