package org.quantscope.core.metric;

import java.util.Arrays;

/** How often each code is used, from the lowest code to the highest: {@code [codes]}, each at least 0. */
public final class CodeCounts {
    private final long[] counts;

    /** @param counts one for each code */
    public CodeCounts(long... counts) {
        this.counts = counts.clone();
    }

    /** The number of codes. */
    public int codes() {
        return counts.length;
    }

    /** @param code 0 for the lowest */
    public long count(int code) {
        return counts[code];
    }

    /** The sum of all counts. */
    public long total() {
        return Arrays.stream(counts).sum();
    }

    /** The number of codes that occur. */
    public int used() {
        return (int) Arrays.stream(counts).filter(n -> n > 0).count();
    }

    /** −Σ p·log2 p in bits: what lossless coding, one code at a time, needs for each value; 0 if there is no value. */
    public double entropy() {
        double total = total();
        double entropy = 0;
        for (long n : counts) {
            if (n > 0) {
                entropy -= n / total * Math.log(n / total) / Math.log(2);
            }
        }
        return Math.max(0, entropy);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof CodeCounts c && Arrays.equals(counts, c.counts);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "CodeCounts[" + used() + " of " + codes() + " used]";
    }
}
