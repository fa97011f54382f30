package org.quantscope.core.sketch;

import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;

/**
 * Adds up Σ(w−Q(w))² over bins, and beside it half the width of the interval in which the exact sum must lie.
 *
 * <p>All bins that lie between two decision thresholds of the grid go to one level q and contribute Σw² − 2qΣw + q²n. A
 * bin that holds the threshold t between levels q0 and q1 contributes Σ(w−q0)² − 2(q1−q0)·Σ(w−t)⁺, where Σ(w−t)⁺ is
 * confined by n, Σw and Σw² on the bin's interval (the sharp bounds of the moment problem: Scarf 1958 and De Vylder,
 * Goovaerts 1982). A bin that holds several thresholds contributes between 0 and the square of half a step for each
 * value.
 */
final class GridError {
    /** Unit roundoff of double. */
    private static final double U = 0x1p-53;
    /**
     * The value at which float32 arithmetic switches from one level to the next differs from the midpoint of the two by
     * at most this, relative to the threshold: one rounding of x/scale (2^-24), one of each level (2^-24), and a little
     * to spare.
     */
    private static final double DECISION_SLACK = 1.001 * 0x1p-23;

    private final Grid grid;
    private final int top;
    /** Estimate of Σ(w−Q(w))². */
    private double error;
    /** The exact sum lies within this of {@link #error}. */
    private double open;

    private double clippedCount;
    private double clippedError;

    GridError(Grid grid) {
        this.grid = grid;
        top = grid.size() - 1;
    }

    double error() {
        return error;
    }

    double open() {
        return open;
    }

    double clippedCount() {
        return clippedCount;
    }

    double clippedError() {
        return clippedError;
    }

    /** Adds {@code n} values equal to 0. */
    void addZeros(long n) {
        double e = grid.quantize(0f);
        error += n * e * e;
        if (grid.lo() > 0 || grid.hi() < 0) {
            clippedCount += n;
            clippedError += n * e * e;
        }
    }

    /**
     * Adds the bins of one sign. Works on magnitudes, outward from zero.
     *
     * @param sign 1 or −1
     * @param extreme the largest magnitude of the side
     */
    void addSide(Bins bins, int sign, float extreme) {
        int size = bins.size();
        int end = sign > 0 ? top : 0;
        int p = 0;
        while (p < size) {
            int level = grid.index(sign * Bins.start(bins.key(p)));
            double q0 = sign * (double) grid.level(level);
            if (level == end) {
                run(bins, p, size, q0);
                break;
            }
            double q1 = sign * (double) grid.level(level + sign);
            double threshold = Math.max(0, (q0 + q1) / 2);
            int next = bins.rank(Bins.keyOf(threshold));
            if (next > p && grid.index(sign * Bins.last(bins.key(next - 1))) != level) {
                next--;
            }
            if (next > p) {
                run(bins, p, next, q0);
                p = next;
                continue;
            }
            float last = p == size - 1 ? extreme : Bins.last(bins.key(p));
            int beyond = grid.index(sign * last);
            if (beyond == level) {
                run(bins, p, p + 1, q0);
            } else if (bins.isPoint(p)) {
                point(bins.n(p), sign * bins.point(p));
            } else if (bins.n(p) == 2) {
                pair(bins, p, sign);
            } else if (beyond == level + sign) {
                straddle(bins, p, last, q0, q1, threshold);
            } else {
                several(bins, p, sign, last);
            }
            p++;
        }
        clipped(bins, sign * (double) grid.level(end), extreme);
        before(bins, sign * (double) grid.level(top - end));
    }

    private void run(Bins bins, int from, int to, double q) {
        long n = bins.countBefore(to) - bins.countBefore(from);
        double s1 = bins.sumBefore(to) - bins.sumBefore(from);
        double s2 = bins.squaresBefore(to) - bins.squaresBefore(from);
        error += s2 - 2 * q * s1 + q * q * n;
        open += 8 * U * (bins.squaresBefore(to) + 2 * Math.abs(q) * bins.sumBefore(to) + q * q * n);
    }

    private void point(long n, float w) {
        double e = (double) w - grid.quantize(w);
        error += n * e * e;
    }

    /** A bin with two values: their sum and the sum of their squares give both exactly. */
    private void pair(Bins bins, int bin, int sign) {
        long sum = bins.r1(bin);
        long difference = bins.difference(bin);
        int base = bins.key(bin) << Bins.LOW_BITS;
        point(1, sign * Float.intBitsToFloat(base | (int) ((sum - difference) / 2)));
        point(1, sign * Float.intBitsToFloat(base | (int) ((sum + difference) / 2)));
    }

    private void straddle(Bins bins, int bin, float last, double q0, double q1, double threshold) {
        int key = bins.key(bin);
        double a = Bins.start(key);
        double ulp = Bins.ulp(key);
        double n = bins.n(bin);
        double r1 = bins.r1(bin);
        double r2 = bins.r2(bin);
        double c = (last - a) / ulp;
        double t = Math.clamp((threshold - a) / ulp, 0, c);

        // Bounds of Σ(r−t)⁺ for n values r in [0, c] with known Σr and Σr².
        double over = r1 - n * t;
        double lower = Math.max(Math.max(0, over), (r2 - t * r1) / c);
        double about = Math.max(0, r2 - 2 * t * r1 + n * t * t) + 8 * U * n * c * c;
        double d = Math.sqrt(about / n);
        double upper;
        if (d > t) {
            // At the upper bound the lower part of the values lies at 0.
            upper = r1 - t * r1 * r1 / r2;
        } else if (t + d > c) {
            // The same bound with the roles of 0 and c exchanged.
            double m1 = n * c - r1;
            double m2 = n * c * c - 2 * c * r1 + r2;
            upper = over + m1 - (c - t) * m1 * m1 / m2;
        } else {
            upper = (over + n * d) / 2;
        }
        double slack = 16 * U * n * c;
        double half = Math.max(0, upper - lower) / 2 + slack;

        double delta = q1 - q0;
        double away = a - q0;
        double linear = 2 * away * ulp * r1;
        double square = ulp * ulp * r2;
        error += n * away * away + linear + square - 2 * delta * ulp * (lower + upper) / 2;
        open += 2 * delta * (ulp * half + n * threshold * DECISION_SLACK)
                + 8 * U * (n * away * away + Math.abs(linear) + square);
    }

    private void several(Bins bins, int bin, int sign, float last) {
        int key = bins.key(bin);
        float a = Bins.start(key);
        double ulp = Bins.ulp(key);
        double n = bins.n(bin);
        double slack = last * 2 * DECISION_SLACK;
        double gap = widestGap(sign * a, sign * last);
        double most = Math.max(gap / 2, Math.max(distance(sign * a), distance(sign * last))) + slack;
        double mean = bins.r1(bin) / n;
        double spread =
                ulp * Math.sqrt(Math.max(0, bins.r2(bin) / n - mean * mean) + 8 * U * Bins.SPAN * (double) Bins.SPAN);
        // The distance to the nearest level has slope at most 1, so its root mean square differs from its value at the
        // mean of the bin by at most the spread of the bin.
        double centre = distance((float) (sign * (a + ulp * mean)));
        double least = Math.max(0, centre - spread - slack);
        most = Math.min(most, centre + spread + slack);
        double estimate = Math.clamp(gap * gap / 12, least * least, most * most);
        error += n * estimate;
        open += n * Math.max(most * most - estimate, estimate - least * least);
    }

    private double distance(float x) {
        return Math.abs((double) x - grid.quantize(x));
    }

    /**
     * The largest distance between neighbouring levels among those that values between {@code a} and {@code b} go to,
     * up to the float32 rounding of the levels.
     */
    private double widestGap(float a, float b) {
        return switch (grid) {
            case UniformGrid u -> u.scale();
            case CodebookGrid c -> {
                double widest = 0;
                int to = c.index(Math.max(a, b));
                for (int i = c.index(Math.min(a, b)); i < to; i++) {
                    widest = Math.max(widest, (double) c.level(i + 1) - c.level(i));
                }
                yield widest;
            }
        };
    }

    /**
     * Adds the values beyond the end level. Exact but for the bin that the end level lies in, which is treated as
     * filled evenly.
     */
    private void clipped(Bins bins, double end, float extreme) {
        if (bins.size() == 0 || end >= extreme) {
            return;
        }
        int from = 0;
        if (end > 0) {
            int key = Bins.keyOf(end);
            from = bins.rank(key);
            if (from < bins.size() && bins.key(from) == key) {
                double n = bins.n(from);
                if (bins.isPoint(from)) {
                    double beyond = bins.point(from) - end;
                    clippedCount += beyond > 0 ? n : 0;
                    clippedError += beyond > 0 ? n * beyond * beyond : 0;
                } else {
                    double width = Bins.ulp(key) * (Bins.SPAN + 1);
                    double beyond = Bins.start(key) + width - end;
                    clippedCount += n * beyond / width;
                    clippedError += n * beyond * beyond * beyond / (3 * width);
                }
                from++;
            }
        }
        int size = bins.size();
        long n = bins.count() - bins.countBefore(from);
        double s1 = bins.sum() - bins.sumBefore(from);
        double s2 = bins.squares() - bins.squaresBefore(from);
        clippedCount += n;
        clippedError += from == size ? 0 : Math.max(0, s2 - 2 * end * s1 + end * end * n);
    }

    /** Adds the values between zero and an end level on the same side of zero, by the same rule. */
    private void before(Bins bins, double end) {
        if (!(end > 0) || bins.size() == 0) {
            return;
        }
        int key = Bins.keyOf(end);
        int to = bins.rank(key);
        double n = bins.countBefore(to);
        clippedCount += n;
        clippedError += Math.max(0, bins.squaresBefore(to) - 2 * end * bins.sumBefore(to) + end * end * n);
        if (to < bins.size() && bins.key(to) == key) {
            if (bins.isPoint(to)) {
                double missing = end - bins.point(to);
                clippedCount += missing > 0 ? bins.n(to) : 0;
                clippedError += missing > 0 ? bins.n(to) * missing * missing : 0;
            } else {
                double width = Bins.ulp(key) * (Bins.SPAN + 1);
                double missing = end - Bins.start(key);
                clippedCount += bins.n(to) * missing / width;
                clippedError += bins.n(to) * missing * missing * missing / (3 * width);
            }
        }
    }
}
