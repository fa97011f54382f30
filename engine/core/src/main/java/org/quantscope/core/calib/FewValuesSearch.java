package org.quantscope.core.calib;

import java.util.Arrays;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.UniformQuantizer;

/**
 * The range with the least squared error for a few values on an evenly spaced grid: the same candidates as
 * {@link ClipSearch}, in arrays that each thread keeps. All candidates of a row are evaluated side by side, value after
 * value, so that the loops become vector instructions. It is made for blocks of 32 values, of which a tensor has
 * hundreds of thousands.
 */
final class FewValuesSearch {
    /**
     * Adding and then subtracting this rounds a float of magnitude up to 2^22 to an integer, half to even; step counts
     * go up to 2^16.
     */
    private static final float TO_INTEGER = 0x1.8p23f;

    /** The most candidates tried at once: a row of the curve, or the finer steps around all valleys. */
    private static final int MOST =
            Math.max(ClipSearch.FRACTIONS.length, ClipSearch.VALLEYS * (2 * ClipSearch.ZOOM_POINTS + 1));

    private static final ThreadLocal<FewValuesSearch> OF_THREAD = ThreadLocal.withInitial(FewValuesSearch::new);

    private final UniformQuantizer quantizer = new UniformQuantizer();
    private final float[] lo = new float[MOST];
    private final float[] hi = new float[MOST];
    private final float[] scale = new float[MOST];
    private final float[] loSteps = new float[MOST];
    private final float[] hiSteps = new float[MOST];
    private final double[] cost = new double[MOST];
    private final double[] curve = new double[ClipSearch.FRACTIONS.length];
    private final double[] fraction = new double[MOST];
    private final int[] valleys = new int[ClipSearch.FRACTIONS.length];
    /** For each valley the fraction left of its bottom, at its bottom and right of it. */
    private final double[] left = new double[ClipSearch.VALLEYS];

    private final double[] bottom = new double[ClipSearch.VALLEYS];
    private final double[] right = new double[ClipSearch.VALLEYS];

    private float[] x = {};
    private int n;
    private QuantSpec spec = QuantSpec.WEIGHTS;
    private double best;
    private float bestLo;
    private float bestHi;

    private FewValuesSearch() {}

    static FewValuesSearch ofThread() {
        return OF_THREAD.get();
    }

    /**
     * Finds the best range.
     *
     * @param values finite, the first {@code count} of the array, not all 0
     * @param one the request, for a single slice
     */
    ClipRange of(float[] values, int count, float min, float max, QuantSpec one) {
        x = values;
        n = count;
        spec = one;
        best = Double.POSITIVE_INFINITY;
        if (spec.symmetric()) {
            float absMax = Math.max(Math.abs(min), Math.abs(max));
            line(-absMax, 0, absMax, 0);
            return new ClipRange(bestLo, bestHi);
        }
        float low = Math.min(0, min);
        float high = Math.max(0, max);
        line(low, 0, high, 0);
        for (int round = 0; round < ClipSearch.ROUNDS; round++) {
            double before = best;
            float fromLo = bestLo;
            float fromHi = bestHi;
            if (low < 0) {
                line(low, 0, 0, fromHi);
            }
            if (high > 0) {
                line(0, fromLo, high, 0);
            }
            if (!(best < before * (1 - ClipSearch.WORTH_A_ROUND))) {
                break;
            }
        }
        return new ClipRange(bestLo, bestHi);
    }

    /**
     * Tries ranges along a line. An end moves with the fraction of its {@code full} length; if that is 0 it stays at
     * its {@code at}.
     */
    private void line(float fullLo, float atLo, float fullHi, float atHi) {
        int m = ClipSearch.FRACTIONS.length;
        System.arraycopy(ClipSearch.FRACTIONS, 0, fraction, 0, m);
        row(m, fullLo, atLo, fullHi, atHi);
        System.arraycopy(cost, 0, curve, 0, m);
        int found = valleys(m);
        int wide = 2 * ClipSearch.ZOOM_POINTS + 1;
        for (int zoom = 0; zoom < ClipSearch.ZOOMS; zoom++) {
            for (int v = 0; v < found; v++) {
                for (int i = 1; i <= ClipSearch.ZOOM_POINTS; i++) {
                    fraction[v * wide + i - 1] = left[v] + (bottom[v] - left[v]) * i / (ClipSearch.ZOOM_POINTS + 1);
                    fraction[v * wide + ClipSearch.ZOOM_POINTS + i] =
                            bottom[v] + (right[v] - bottom[v]) * i / (ClipSearch.ZOOM_POINTS + 1);
                }
                fraction[v * wide + ClipSearch.ZOOM_POINTS] = bottom[v];
            }
            row(found * wide, fullLo, atLo, fullHi, atHi);
            for (int v = 0; v < found; v++) {
                int lowest = v * wide;
                for (int i = v * wide; i < (v + 1) * wide; i++) {
                    lowest = cost[i] < cost[lowest] ? i : lowest;
                }
                left[v] = lowest == v * wide ? left[v] : fraction[lowest - 1];
                right[v] = lowest == (v + 1) * wide - 1 ? right[v] : fraction[lowest + 1];
                bottom[v] = fraction[lowest];
            }
        }
    }

    /** Finds the lowest valleys of the curve, lowest first. */
    private int valleys(int m) {
        int all = 0;
        for (int i = 0; i < m; i++) {
            if (curve[i] <= curve[Math.max(0, i - 1)] && curve[i] <= curve[Math.min(m - 1, i + 1)]) {
                valleys[all++] = i;
            }
        }
        int found = Math.min(all, ClipSearch.VALLEYS);
        for (int v = 0; v < found; v++) {
            int lowest = v;
            for (int i = v + 1; i < all; i++) {
                lowest = curve[valleys[i]] < curve[valleys[lowest]] ? i : lowest;
            }
            int at = valleys[lowest];
            // The order of the others is kept, so that of equal valleys the first is taken.
            System.arraycopy(valleys, v, valleys, v + 1, lowest - v);
            valleys[v] = at;
            left[v] = ClipSearch.FRACTIONS[Math.max(0, at - 1)];
            bottom[v] = ClipSearch.FRACTIONS[at];
            right[v] = ClipSearch.FRACTIONS[Math.min(m - 1, at + 1)];
        }
        return found;
    }

    /** The costs at the first {@code m} fractions. */
    private void row(int m, float fullLo, float atLo, float fullHi, float atHi) {
        for (int i = 0; i < m; i++) {
            lo[i] = fullLo == 0 ? atLo : (float) (fraction[i] * fullLo);
            hi[i] = fullHi == 0 ? atHi : (float) (fraction[i] * fullHi);
        }
        quantizer.resolve(spec, m, lo, hi, scale, loSteps, hiSteps);
        Arrays.fill(cost, 0, m, 0);
        for (int k = 0; k < n; k++) {
            // Every grid contains zero, so a value can only be clipped at the end on its own side.
            if (x[k] >= 0) {
                addPositive(x[k], m, scale, hiSteps, cost);
            } else {
                addNegative(x[k], m, scale, loSteps, cost);
            }
        }
        for (int i = 0; i < m; i++) {
            if (cost[i] < best) {
                best = cost[i];
                bestLo = lo[i];
                bestHi = hi[i];
            }
        }
    }

    private static void addPositive(float v, int m, float[] scale, float[] hiSteps, double[] cost) {
        for (int i = 0; i < m; i++) {
            float steps = Math.min(hiSteps[i], v / scale[i]);
            double e = (double) v - (double) ((steps + TO_INTEGER - TO_INTEGER) * scale[i]);
            cost[i] += e * e;
        }
    }

    private static void addNegative(float v, int m, float[] scale, float[] loSteps, double[] cost) {
        for (int i = 0; i < m; i++) {
            float steps = Math.max(loSteps[i], v / scale[i]);
            double e = (double) v - (double) ((steps + TO_INTEGER - TO_INTEGER) * scale[i]);
            cost[i] += e * e;
        }
    }
}
