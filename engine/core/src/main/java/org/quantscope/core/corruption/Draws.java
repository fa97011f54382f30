package org.quantscope.core.corruption;

/**
 * Numbers by chance that are the same for the same sample, on every machine: SplitMix64 (Steele, Lea and Flood 2014),
 * started from the corruption and the number of the sample. They do not depend on the severity, so a curve over severities
 * is a curve of the same samples. The functions are those of {@link StrictMath}.
 */
public final class Draws {
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private long state;
    private double spare = Double.NaN;

    /**
     * @param stream which corruption
     * @param sample the number of the sample in its file, from 0
     */
    public Draws(int stream, long sample) {
        this.state = mixed(mixed(stream) + sample);
    }

    private static long mixed(long z) {
        long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }

    /** Evenly from 0 to below 1, in steps of 2⁻⁵³. */
    double uniform() {
        state += STEP;
        return (mixed(state) >>> 11) * 0x1p-53;
    }

    /** Normal with mean 0 and standard deviation 1, two at a time: Box and Muller 1958. */
    double normal() {
        if (!Double.isNaN(spare)) {
            double kept = spare;
            spare = Double.NaN;
            return kept;
        }
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform()));
        double angle = 2 * Math.PI * uniform();
        spare = radius * StrictMath.sin(angle);
        return radius * StrictMath.cos(angle);
    }
}
