package org.quantscope.core.eval;

/**
 * The 95 % intervals of both models' figures for samples such as those seen, of which there are any number more.
 *
 * @param method how they were computed
 * @param ofFloat lower and upper end for the float model
 * @param quantized likewise for the quantized model
 */
public record FigureIntervals(Method method, PairedInterval ofFloat, PairedInterval quantized) {
    /** How an interval was computed. */
    public enum Method {
        WILSON("Wilson"),
        CLUSTERED("Wilson over samples"),
        STUDENT("t"),
        RATIO("t over samples"),
        BOOTSTRAP("bootstrap over samples");

        private final String title;

        Method(String title) {
            this.title = title;
        }

        /** The name for a person, in a few words. */
        public String title() {
            return title;
        }
    }

    /** The 97.5 % quantile of the normal distribution. */
    private static final double Z = 1.959963984540054;

    /**
     * The score interval of a share: {@code (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²))/(1 + z²/n)}. Source: E. B. Wilson, J.
     * Am. Stat. Assoc. 22 (1927) 209–212.
     *
     * @param share in [0, 1]
     * @param n how many it is a share of, above 0
     */
    static PairedInterval wilson(double share, double n) {
        double z2 = Z * Z / n;
        double middle = share + z2 / 2;
        double half = Z * Math.sqrt(share * (1 - share) / n + z2 / n / 4);
        // At the ends rounding must not leave the figure outside.
        double lo = share <= 0 ? 0 : Math.min(share, (middle - half) / (1 + z2));
        double hi = share >= 1 ? 1 : Math.max(share, (middle + half) / (1 + z2));
        return new PairedInterval(lo, hi);
    }

    /**
     * The score interval of a share whose parts come in samples, with the effective count {@code p(1 − p)/v} in place of
     * n, v the variance of the share over samples; the number of samples where v is 0. Source: C. Franco, R. Little, T.
     * Louis, E. Slud, J. Survey Statistics and Methodology 7 (2019) 334–364.
     *
     * @param ends the t interval of the share over samples
     */
    static PairedInterval clustered(double share, PairedInterval ends, long samples) {
        double deviation = (ends.hi() - ends.lo()) / 2 / PairedMeans.quantile(Math.max(1, samples - 1));
        double effective = share * (1 - share) / (deviation * deviation);
        return wilson(share, Double.isFinite(effective) && effective > 0 ? effective : Math.max(1, samples));
    }
}
