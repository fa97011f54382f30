package org.quantscope.core.eval;

/**
 * The 95 % score interval for a difference of paired proportions.
 *
 * <p>Of {@code n} pairs, {@code gained} are right only after and {@code lost} only before; the estimate is
 * {@code (gained − lost)/n}. The interval holds every Δ with {@code |gained − lost − nΔ| ≤ z·√(n(2q + Δ(1 − Δ)))}, where q,
 * the probability of a loss under that Δ, is its maximum-likelihood value: the larger root of {@code 2n·q² + B·q + C},
 * {@code B = (2n − gained + lost)Δ − gained − lost}, {@code C = −lost·Δ(1 − Δ)}. For negative Δ the two counts change places.
 * Source: T. Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample
 * design, Statistics in Medicine 17 (1998) 891–908, equations 17 to 21.
 *
 * <p>The pairs are drawn without replacement from {@code total}, and the interval is for the difference over all of them,
 * so the variance carries the finite-population factor {@code (total − n)/(total − 1)} (W. G. Cochran, Sampling
 * Techniques, 3rd ed. 1977, §2.5): the width is 0 exactly when every pair has been seen.
 *
 * @param lo lower end, a fraction in [−1, 1]
 * @param hi upper end, at least {@code lo}
 */
public record PairedInterval(double lo, double hi) {
    /** The 97.5 % quantile of the normal distribution. */
    private static final double Z = 1.959963984540054;

    private static final int BISECTIONS = 60;

    /**
     * The interval.
     *
     * @param gained pairs right only after, at least 0
     * @param lost pairs right only before, at least 0
     * @param n pairs seen, at least 1 and at least {@code gained + lost}
     * @param total pairs in the whole population, at least {@code n}; {@link Long#MAX_VALUE} for an infinite one
     */
    public static PairedInterval of(long gained, long lost, long n, long total) {
        if (gained < 0 || lost < 0 || n < 1 || gained + lost > n || total < n) {
            throw new IllegalArgumentException(
                    "pairs: " + gained + " gained and " + lost + " lost of " + n + " seen of " + total + " cannot be");
        }
        double estimate = (double) (gained - lost) / n;
        if (n == total) {
            return new PairedInterval(estimate, estimate);
        }
        double zSquared = Z * Z * ((double) (total - n) / (double) (total - 1));
        return new PairedInterval(-upper(lost, gained, n, zSquared), upper(gained, lost, n, zSquared));
    }

    /**
     * The interval where what is gained and lost is not counted but expected, as the sum of the probabilities of each
     * pair; of an unbounded population.
     *
     * @param gained expected pairs right only after, at least 0
     * @param lost expected pairs right only before, at least 0
     * @param n pairs, at least 1 and at least {@code gained + lost}
     */
    public static PairedInterval ofExpected(double gained, double lost, long n) {
        if (!(gained >= 0) || !(lost >= 0) || n < 1 || gained + lost > n * (1 + 1e-9)) {
            throw new IllegalArgumentException(
                    "pairs: " + gained + " gained and " + lost + " lost are expected of " + n + ", which cannot be");
        }
        return new PairedInterval(-upper(lost, gained, n, Z * Z), upper(gained, lost, n, Z * Z));
    }

    /** The largest Δ that is not refuted. The statistic falls from the estimate to 1, so bisection finds the one crossing. */
    private static double upper(double gained, double lost, long n, double zSquared) {
        double inside = (gained - lost) / n;
        double outside = 1;
        if (inside >= 1) {
            return 1;
        }
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (inside + outside) / 2;
            if (statistic(gained, lost, n, middle) <= zSquared) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        return inside;
    }

    /** The squared score statistic at Δ = delta; infinite where the variance is 0 and the distance is not. */
    private static double statistic(double gained, double lost, long n, double delta) {
        if (delta < 0) {
            return statistic(lost, gained, n, -delta);
        }
        double b = (2.0 * n - gained + lost) * delta - gained - lost;
        double c = -lost * delta * (1 - delta);
        double q = (Math.sqrt(b * b - 8.0 * n * c) - b) / (4.0 * n);
        double distance = gained - lost - n * delta;
        double variance = n * (2 * q + delta * (1 - delta));
        return distance == 0 ? 0 : variance <= 0 ? Double.POSITIVE_INFINITY : distance * distance / variance;
    }
}
