package org.quantscope.core.eval;

import java.util.function.DoubleUnaryOperator;

/**
 * Running sums over samples of a score before, one after, and a weight w, and the 95 % t intervals of the ratios of
 * sums {@code R = Σx/Σw}, of a function g of them, and of the difference of g after and before.
 *
 * <p>The half width is {@code t·√(n·s²·(1 − n/N))/Σw}, with s² the variance (divided by n − 1) of the linearized
 * {@code g'(R)·(x − R·w)} over the n samples seen, out of N (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, equation
 * 6.13; for g the delta method, J. Oehlert, The American Statistician 46 (1992) 27–29). Samples vary, not positions: the
 * positions of one sample may depend on each other.
 */
final class RatioMoments {
    private long n;
    private double before;
    private double after;
    private double weights;
    private double bb;
    private double aa;
    private double ww;
    private double ab;
    private double aw;
    private double bw;

    void add(double scoreBefore, double scoreAfter, double weight) {
        n++;
        before += scoreBefore;
        after += scoreAfter;
        weights += weight;
        bb += scoreBefore * scoreBefore;
        aa += scoreAfter * scoreAfter;
        ww += weight * weight;
        ab += scoreAfter * scoreBefore;
        aw += scoreAfter * weight;
        bw += scoreBefore * weight;
    }

    /**
     * The interval of {@code g(R after) − g(R before)} over all samples.
     *
     * @param slope the derivative of g
     * @param total the number of all samples; {@link Long#MAX_VALUE} for samples such as these
     */
    PairedInterval difference(DoubleUnaryOperator g, DoubleUnaryOperator slope, long total) {
        if (weights == 0) {
            return new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        double ra = after / weights;
        double rb = before / weights;
        double ka = slope.applyAsDouble(ra);
        double kb = slope.applyAsDouble(rb);
        double k = ka * ra - kb * rb;
        double squares =
                ka * ka * aa + kb * kb * bb + k * k * ww - 2 * ka * kb * ab - 2 * ka * k * aw + 2 * kb * k * bw;
        return around(g.applyAsDouble(ra) - g.applyAsDouble(rb), squares, total);
    }

    /** The interval of the ratio before over samples such as these. */
    PairedInterval before() {
        double r = before / weights;
        return around(r, bb - 2 * r * bw + r * r * ww, Long.MAX_VALUE);
    }

    /** The interval of the ratio after over samples such as these. */
    PairedInterval after() {
        double r = after / weights;
        return around(r, aa - 2 * r * aw + r * r * ww, Long.MAX_VALUE);
    }

    private PairedInterval around(double middle, double squares, long total) {
        if (n >= total) {
            return new PairedInterval(middle, middle);
        }
        if (n < 2 || weights == 0) {
            return new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        double spread = Math.max(0, squares) / (n - 1);
        double half = PairedMeans.quantile(n - 1) * Math.sqrt(n * spread * (1 - (double) n / total)) / weights;
        return new PairedInterval(middle - half, middle + half);
    }
}
