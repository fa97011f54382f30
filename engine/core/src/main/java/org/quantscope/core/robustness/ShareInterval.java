package org.quantscope.core.robustness;

/**
 * The 95 % interval of a share: Wilson's score interval (E. B. Wilson, Probable inference, the law of succession, and
 * statistical inference, JASA 22 (1927) 209–212).
 *
 * @param lo at least 0
 * @param hi at most 1
 */
public record ShareInterval(double lo, double hi) {
    /** The 97.5 % quantile of the normal distribution. */
    private static final double Z = 1.959963984540054;

    /**
     * The interval of {@code right} of {@code n}:
     * {@code (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)} with {@code p = right/n}.
     *
     * @param n at least 1 and at least {@code right}
     */
    public static ShareInterval of(long right, long n) {
        if (right < 0 || n < 1 || right > n) {
            throw new IllegalArgumentException("share: " + right + " of " + n + " cannot be");
        }
        double p = (double) right / n;
        double middle = p + Z * Z / (2 * n);
        double half = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4.0 * n * n));
        double below = 1 + Z * Z / n;
        return new ShareInterval(right == 0 ? 0 : (middle - half) / below, right == n ? 1 : (middle + half) / below);
    }
}
