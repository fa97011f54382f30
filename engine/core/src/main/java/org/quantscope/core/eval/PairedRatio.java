package org.quantscope.core.eval;

/**
 * A running ratio of sums over samples of different weight, and its 95 % t interval.
 *
 * <p>With d the difference of a sample's counts and w its weight, the ratio is {@code R = Σd/Σw}. Its interval is
 * {@code R ± t·√(n·s²·(1 − n/N))/Σw}, with s² the variance (divided by n − 1) of {@code d − R·w} over the n samples
 * seen, out of N (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, equation 6.13). Its width is 0 at n = N.
 */
final class PairedRatio {
    private long n;
    private double differences;
    private double weights;
    private double squares;
    private double products;
    private double weightSquares;

    void add(double difference, double weight) {
        n++;
        differences += difference;
        weights += weight;
        squares += difference * difference;
        products += difference * weight;
        weightSquares += weight * weight;
    }

    /** @param total the number of all samples, at least as many as were added and at least 1 */
    PairedInterval interval(long total) {
        if (weights == 0 || (n < 2 && n < total)) {
            return new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        double ratio = differences / weights;
        if (n >= total) {
            return new PairedInterval(ratio, ratio);
        }
        double spread = Math.max(0, squares - 2 * ratio * products + ratio * ratio * weightSquares) / (n - 1);
        double half = PairedMeans.quantile(n - 1) * Math.sqrt(n * spread * (1 - (double) n / total)) / weights;
        return new PairedInterval(ratio - half, ratio + half);
    }
}
