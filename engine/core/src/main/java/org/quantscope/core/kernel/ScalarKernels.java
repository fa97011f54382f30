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
        private final double[] max = new double[LANES];
    }

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void addErrors(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        Scratch s = SCRATCH.get();
        for (double[] lanes : new double[][] {s.xx, s.yy, s.xy, s.ee, s.max}) {
            Arrays.fill(lanes, 0);
        }
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            if (!allFinite(s.x, n)) {
                n = keepFinite(s.x, n, sums);
            }
            quantize(s.x, s.y, n, grid.scale(), grid.loSteps(), grid.hiSteps());
            addProducts(s.x, s.x, s.xx, n);
            addProducts(s.y, s.y, s.yy, n);
            addProducts(s.x, s.y, s.xy, n);
            if (anyClipped(s.x, n, grid.lo(), grid.hi())) {
                takeClipped(s.x, s.y, n, grid, sums);
            }
            addSquaredErrors(s.x, s.y, s.ee, n);
            takeLargerErrors(s.x, s.y, s.max, n);
            sums.count += n;
        }
        sums.squares += total(s.xx);
        sums.quantizedSquares += total(s.yy);
        sums.products += total(s.xy);
        sums.roundingError += total(s.ee);
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
            if (!allFinite(s.x, n)) {
                n = keepFinite(s.x, n, new ErrorSums());
            }
            quantize(s.x, s.y, n, grid.scale(), grid.loSteps(), grid.hiSteps());
            addSquaredErrors(s.x, s.y, s.ee, n);
        }
        return total(s.ee);
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

    private static void quantize(float[] x, float[] y, int n, float scale, float lo, float hi) {
        for (int i = 0; i < n; i++) {
            // Clamping before the rounding comes to the same, as the ends are integers.
            float steps = Math.max(lo, Math.min(hi, x[i] / scale));
            y[i] = (steps + TO_INTEGER - TO_INTEGER) * scale;
        }
    }

    /** A NaN or infinity has the largest magnitude bits. */
    private static boolean allFinite(float[] x, int n) {
        int most = 0;
        for (int i = 0; i < n; i++) {
            most = Math.max(most, Float.floatToRawIntBits(x[i]) & Integer.MAX_VALUE);
        }
        return most < 0x7f800000;
    }

    /** Counts values that are not finite and moves the others to the front; their number. */
    static int keepFinite(float[] x, int n, ErrorSums sums) {
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (Float.isNaN(x[i])) {
                sums.nan++;
            } else if (Float.isInfinite(x[i])) {
                sums.inf++;
            } else {
                x[kept++] = x[i];
            }
        }
        return kept;
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

    /** The sign bit of a difference tells which of two floats is smaller. */
    private static boolean anyClipped(float[] x, int n, float lo, float hi) {
        int signs = 0;
        for (int i = 0; i < n; i++) {
            signs |= Float.floatToRawIntBits(x[i] - lo) | Float.floatToRawIntBits(hi - x[i]);
        }
        return signs < 0;
    }

    /** Adds the errors of clipped values and makes them vanish from what follows. */
    private static void takeClipped(float[] x, float[] y, int n, AffineGrid grid, ErrorSums sums) {
        for (int i = 0; i < n; i++) {
            if (x[i] < grid.lo() || x[i] > grid.hi()) {
                double e = (double) x[i] - (double) y[i];
                sums.clippingError += e * e;
                sums.maxAbsError = Math.max(sums.maxAbsError, Math.abs(e));
                sums.clippedLow += x[i] < grid.lo() ? 1 : 0;
                sums.clippedHigh += x[i] > grid.hi() ? 1 : 0;
                y[i] = x[i];
            }
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
