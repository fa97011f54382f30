package org.quantscope.core.kernel;

import static org.quantscope.core.kernel.AffineGrid.TO_INTEGER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Plain Java in loops so short that the compiler turns each into vector instructions. A sum of doubles in order it would not, so every
 * sum is kept in {@link #LANES} lanes: value i goes to lane i mod {@link #LANES}, and lanes are added in the end.
 */
final class ScalarKernels implements Kernels {
    private static final int LANES = 512;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** Buffers of a thread; {@code x} has values, {@code y} what they become. */
    private static final class Scratch {
        private final float[] x = new float[LANES];
        private final float[] y = new float[LANES];
        private final double[] xx = new double[LANES];
        private final double[] yy = new double[LANES];
        private final double[] xy = new double[LANES];
        private final double[] ee = new double[LANES];
        private final double[] clip = new double[LANES];
        private final double[] max = new double[LANES];
    }

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void addErrors(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        Scratch s = SCRATCH.get();
        for (double[] lanes : new double[][] {s.xx, s.yy, s.xy, s.ee, s.clip, s.max}) {
            Arrays.fill(lanes, 0);
        }
        float lo = grid.lo();
        float hi = grid.hi();
        int low = 0;
        int high = 0;
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            quantize(s.x, s.y, n, grid.scale(), grid.loSteps(), grid.hiSteps());
            addProducts(s.x, s.x, s.xx, n);
            addProducts(s.y, s.y, s.yy, n);
            addProducts(s.x, s.y, s.xy, n);
            takeLargerErrors(s.x, s.y, s.max, n);
            if (furthestBeyond(s.x, n, lo, hi) > 0) {
                low += countBelow(s.x, n, lo);
                high += countAbove(s.x, n, hi);
                addClippingErrors(s.x, s.clip, n, lo, hi);
                clamp(s.x, n, lo, hi);
            }
            addSquaredErrors(s.x, s.y, s.ee, n);
        }
        double squares = total(s.xx);
        if (!Double.isFinite(squares)) {
            float[] x = finite(values, offset, count, sums);
            addErrors(MemorySegment.ofArray(x), 0, x.length, grid, sums);
            return;
        }
        sums.count += count;
        sums.clippedLow += low;
        sums.clippedHigh += high;
        sums.squares += squares;
        sums.quantizedSquares += total(s.yy);
        sums.products += total(s.xy);
        sums.roundingError += total(s.ee);
        sums.clippingError += total(s.clip);
        for (double e : s.max) {
            sums.maxAbsError = Math.max(sums.maxAbsError, e);
        }
    }

    @Override
    public double squaredError(MemorySegment values, long offset, int count, AffineGrid grid) {
        Scratch s = SCRATCH.get();
        Arrays.fill(s.ee, 0);
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            quantize(s.x, s.y, n, grid.scale(), grid.loSteps(), grid.hiSteps());
            addSquaredErrors(s.x, s.y, s.ee, n);
        }
        double sum = total(s.ee);
        if (!Double.isFinite(sum)) {
            float[] x = finite(values, offset, count, new ErrorSums());
            return squaredError(MemorySegment.ofArray(x), 0, x.length, grid);
        }
        return sum;
    }

    @Override
    public void quantize(MemorySegment values, long offset, int count, AffineGrid grid, float[] out, int at) {
        Scratch s = SCRATCH.get();
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            quantize(s.x, s.y, n, grid.scale(), grid.loSteps(), grid.hiSteps());
            System.arraycopy(s.y, 0, out, at + from, n);
        }
    }

    @Override
    public void widen(short[] halves, int[] out, int count) {
        for (int i = 0; i < count; i++) {
            out[i] = halves[i] << 16;
        }
    }

    private static void quantize(float[] x, float[] y, int n, float scale, float lo, float hi) {
        for (int i = 0; i < n; i++) {
            // Clamping before the rounding comes to the same, as the ends are integers.
            float steps = Math.max(lo, Math.min(hi, x[i] / scale));
            y[i] = (steps + TO_INTEGER - TO_INTEGER) * scale;
        }
    }

    /** The finite ones of {@code count} values; the others are counted. */
    static float[] finite(MemorySegment values, long offset, int count, ErrorSums sums) {
        float[] x = new float[count];
        MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset, x, 0, count);
        int kept = 0;
        for (float v : x) {
            if (Float.isNaN(v)) {
                sums.nan++;
            } else if (Float.isInfinite(v)) {
                sums.inf++;
            } else {
                x[kept++] = v;
            }
        }
        return Arrays.copyOf(x, kept);
    }

    private static void addProducts(float[] x, float[] y, double[] lanes, int n) {
        for (int i = 0; i < n; i++) {
            double a = x[i];
            double b = y[i];
            lanes[i] += a * b;
        }
    }

    private static void addSquaredErrors(float[] x, float[] y, double[] lanes, int n) {
        for (int i = 0; i < n; i++) {
            double e = (double) x[i] - (double) y[i];
            lanes[i] += e * e;
        }
    }

    private static void takeLargerErrors(float[] x, float[] y, double[] lanes, int n) {
        for (int i = 0; i < n; i++) {
            double e = (double) x[i] - (double) y[i];
            lanes[i] = Math.max(lanes[i], Math.abs(e));
        }
    }

    /** By how much a value lies outside the range of the levels at most, 0 if none does. */
    private static float furthestBeyond(float[] x, int n, float lo, float hi) {
        float most = 0;
        for (int i = 0; i < n; i++) {
            most = Math.max(most, Math.max(x[i] - hi, lo - x[i]));
        }
        return most;
    }

    private static int countBelow(float[] x, int n, float lo) {
        int below = 0;
        for (int i = 0; i < n; i++) {
            below += x[i] < lo ? 1 : 0;
        }
        return below;
    }

    private static int countAbove(float[] x, int n, float hi) {
        int above = 0;
        for (int i = 0; i < n; i++) {
            above += x[i] > hi ? 1 : 0;
        }
        return above;
    }

    private static void addClippingErrors(float[] x, double[] lanes, int n, double lo, double hi) {
        for (int i = 0; i < n; i++) {
            double e = Math.max(0, Math.max(x[i] - hi, lo - x[i]));
            lanes[i] += e * e;
        }
    }

    private static void clamp(float[] x, int n, float lo, float hi) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(lo, Math.min(hi, x[i]));
        }
    }

    /** The sum of all lanes; destroys them. */
    private static double total(double[] lanes) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }
}
