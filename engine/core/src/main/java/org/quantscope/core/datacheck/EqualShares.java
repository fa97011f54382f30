package org.quantscope.core.datacheck;

import java.util.Arrays;
import org.quantscope.core.sketch.MomentSketch;

/**
 * Bins that hold equal shares of the values of a reference, so that an outlier takes one of them and not the whole axis:
 * their edges are its quantiles. A value that the reference repeats so often that it fills a bin, such as the zeros
 * behind a ReLU, has a bin of its own. Values below and above all of the reference have one each, which is empty there.
 */
final class EqualShares {
    /** Shares of the reference. */
    static final int SHARES = 64;

    /** Ascending; bin i holds the values from edge i − 1 to below edge i. */
    private final double[] edges;

    private EqualShares(double[] edges) {
        this.edges = edges;
    }

    /** @param reference with at least one value */
    static EqualShares of(MomentSketch reference) {
        double[] found = new double[2 * SHARES + 2];
        int size = 0;
        found[size++] = reference.min();
        for (int i = 1; i <= SHARES; i++) {
            double q = i == SHARES ? reference.max() : reference.quantile((double) i / SHARES);
            if (q > found[size - 1]) {
                found[size++] = q;
            } else if (q == (float) q && (size < 2 || found[size - 2] != q)) {
                // The same value again, and the end of it is no edge yet.
                found[size++] = Math.nextUp((float) q);
            }
        }
        double above = Math.nextUp(reference.max());
        if (above > found[size - 1]) {
            found[size++] = above;
        }
        return new EqualShares(Arrays.copyOf(found, size));
    }

    /** One more than there are edges. */
    int bins() {
        return edges.length + 1;
    }

    /** The bin of a value that is a number; infinite ones are beyond all of the reference. */
    int bin(float value) {
        int at = Arrays.binarySearch(edges, value);
        return at >= 0 ? at + 1 : -at - 1;
    }

    /** The values of a sketch in each bin, estimated where an edge divides one of its bins. */
    double[] counts(MomentSketch of) {
        double[] counts = new double[bins()];
        double before = 0;
        for (int i = 0; i < edges.length; i++) {
            double below = of.countBelow(edges[i]);
            counts[i] = Math.max(0, below - before);
            before = below;
        }
        counts[edges.length] = Math.max(0, of.count() - before);
        return counts;
    }

    /**
     * The Jensen-Shannon divergence of two distributions, in bits:
     * {@code H((P + Q)/2) − (H(P) + H(Q))/2}, 0 for equal ones to 1 for those without a common value (J. Lin, Divergence
     * measures based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991) 145–151). Unlike the
     * population stability index over the same bins it has a value where a bin is empty.
     *
     * @param p counts, not all 0
     * @param q counts of the same bins, not all 0
     */
    static double divergence(double[] p, double[] q) {
        double sumP = Arrays.stream(p).sum();
        double sumQ = Arrays.stream(q).sum();
        double nats = 0;
        for (int i = 0; i < p.length; i++) {
            double x = p[i] / sumP;
            double y = q[i] / sumQ;
            double m = (x + y) / 2;
            nats += (x > 0 ? x * Math.log(x / m) : 0) + (y > 0 ? y * Math.log(y / m) : 0);
        }
        return Math.clamp(nats / 2 / Math.log(2), 0, 1);
    }
}
