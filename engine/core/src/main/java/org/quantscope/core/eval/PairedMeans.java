package org.quantscope.core.eval;

/**
 * The running mean of paired differences and its 95 % t interval.
 *
 * <p>The interval is {@code d̄ ± t·√(s²/n·(1 − n/N))}: d̄ and s² are the mean and the variance (divided by n − 1) of
 * the n differences seen, out of N, t is the 97.5 % quantile of Student's distribution with n − 1 degrees of freedom,
 * and the factor {@code 1 − n/N} is for drawing without replacement (W. G. Cochran, Sampling Techniques, 3rd ed. 1977,
 * equations 2.20 and 2.24). Its width is 0 at n = N. A single difference tells nothing about the spread; the interval
 * is then infinite.
 *
 * <p>Mean and spread are updated as in B. P. Welford, Technometrics 4 (1962) 419–420.
 */
final class PairedMeans {
    /** 97.5 % quantiles of Student's t for 1 to 4 degrees of freedom, for which the series is not accurate enough. */
    private static final double[] FEW = {12.706204736174698, 4.302652729749464, 3.182446305283709, 2.7764451051977934};

    private static final double Z = 1.959963984540054;

    private long n;
    private double mean;
    private double squares;

    void add(double difference) {
        n++;
        double before = difference - mean;
        mean += before / n;
        squares += before * (difference - mean);
    }

    /**
     * The interval for the mean of all differences.
     *
     * @param total the number of all differences, at least as many as were added and at least 1
     */
    PairedInterval interval(long total) {
        if (n >= total) {
            return new PairedInterval(mean, mean);
        }
        if (n < 2) {
            return new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        double half = quantile(n - 1) * Math.sqrt(squares / (n - 1) / n * (1 - (double) n / total));
        return new PairedInterval(mean - half, mean + half);
    }

    /**
     * The 97.5 % quantile of Student's t, within 1e-3.
     *
     * <p>The Cornish-Fisher series of M. Abramowitz, I. Stegun, Handbook of Mathematical Functions (1964), 26.7.5.
     *
     * @param degrees of freedom, at least 1
     */
    static double quantile(long degrees) {
        if (degrees <= FEW.length) {
            return FEW[(int) degrees - 1];
        }
        double z2 = Z * Z;
        double v = degrees;
        double g1 = Z * (z2 + 1) / 4;
        double g2 = Z * ((5 * z2 + 16) * z2 + 3) / 96;
        double g3 = Z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
        double g4 = Z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
        return Z + g1 / v + g2 / (v * v) + g3 / (v * v * v) + g4 / (v * v * v * v);
    }
}
