package org.quantscope.core.kernel;

import static org.quantscope.core.kernel.AffineGrid.TO_INTEGER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Plain Java in loops so short that the compiler turns each into vector instructions. It cannot do that with one
 * running sum of doubles, so every sum is kept in {@link #LANES} lanes: value i goes to lane i mod {@link #LANES}, and
 * the lanes are added at the end. Values are clamped to the range of the levels first; where a value was clipped, the
 * difference that this makes to the sums is added afterwards.
 */
final class ScalarKernels implements Kernels {
    private static final int LANES = 512;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /**
     * Buffers of a thread: {@code x} holds values, {@code c} the same values clamped to the range of the levels,
     * {@code y} the quantized values.
     */
    private static final class Scratch {
        private final float[] x = new float[LANES];
        private final float[] c = new float[LANES];
        private final float[] y = new float[LANES];
        private final float[] lo = new float[LANES];
        private final float[] hi = new float[LANES];
        private final double[] xx = new double[LANES];
        private final double[] yy = new double[LANES];
        private final double[] xy = new double[LANES];
        private final double[] ee = new double[LANES];
        private final double[] clip = new double[LANES];
        private final double[] max = new double[LANES];
        private boolean anyClipped;

        void clear() {
            Arrays.fill(xx, 0);
            Arrays.fill(yy, 0);
            Arrays.fill(xy, 0);
            Arrays.fill(ee, 0);
            Arrays.fill(max, 0);
            if (anyClipped) {
                Arrays.fill(clip, 0);
            }
            anyClipped = false;
        }

        /** Adds these sums to {@code sums}; adds nothing and returns false if one of the values was not finite. */
        boolean addTo(ErrorSums sums, int count, int low, int high) {
            double squares = total(xx);
            if (!Double.isFinite(squares)) {
                return false;
            }
            sums.count += count;
            sums.clippedLow += low;
            sums.clippedHigh += high;
            sums.squares += squares;
            sums.quantizedSquares += total(yy);
            sums.products += total(xy);
            sums.roundingError += total(ee);
            sums.clippingError += anyClipped ? total(clip) : 0;
            for (double e : max) {
                sums.maxAbsError = Math.max(sums.maxAbsError, e);
            }
            return true;
        }
    }

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public void addErrors(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        Scratch s = SCRATCH.get();
        s.clear();
        int low = 0;
        int high = 0;
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            clamp(s.x, s.c, n, grid.lo(), grid.hi());
            round(s.c, s.y, n, grid.scale());
            addProducts(s.c, s.y, s.xx, s.yy, s.xy, s.ee, n);
            takeLargerErrors(s.c, s.y, s.max, n);
            if (Arrays.mismatch(s.x, 0, n, s.c, 0, n) >= 0) {
                s.anyClipped = true;
                low += countBelow(s.x, s.c, n);
                high += countBelow(s.c, s.x, n);
                addClipped(s.x, s.c, s.xx, s.xy, s.clip, n);
                takeLargerErrors(s.x, s.c, s.max, n);
            }
        }
        if (!s.addTo(sums, count, low, high)) {
            float[] x = finite(values, offset, count, sums);
            addErrors(MemorySegment.ofArray(x), 0, x.length, grid, sums);
        }
    }

    @Override
    public void addErrors(
            MemorySegment values, long offset, int count, float[] quantized, float[] lo, float[] hi, ErrorSums sums) {
        Scratch s = SCRATCH.get();
        s.clear();
        int low = 0;
        int high = 0;
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            System.arraycopy(quantized, from, s.y, 0, n);
            System.arraycopy(lo, from, s.lo, 0, n);
            System.arraycopy(hi, from, s.hi, 0, n);
            clampEach(s.x, s.c, n, s.lo, s.hi);
            addProducts(s.c, s.y, s.xx, s.yy, s.xy, s.ee, n);
            takeLargerErrors(s.c, s.y, s.max, n);
            if (Arrays.mismatch(s.x, 0, n, s.c, 0, n) >= 0) {
                s.anyClipped = true;
                low += countBelow(s.x, s.c, n);
                high += countBelow(s.c, s.x, n);
                addClipped(s.x, s.c, s.xx, s.xy, s.clip, n);
                takeLargerErrors(s.x, s.c, s.max, n);
            }
        }
        if (!s.addTo(sums, count, low, high)) {
            var f = new Finite(values, offset, count, quantized, lo, hi, sums);
            addErrors(MemorySegment.ofArray(f.x), 0, f.x.length, f.y, f.lo, f.hi, sums);
        }
    }

    /** The finite ones among some values, each with its quantized value and the end levels of its grid. */
    private static final class Finite {
        private final float[] x;
        private final float[] y;
        private final float[] lo;
        private final float[] hi;

        /** Copies the finite values; the others are counted in {@code sums}. */
        Finite(MemorySegment values, long offset, int count, float[] y, float[] lo, float[] hi, ErrorSums sums) {
            float[] all = new float[count];
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset, all, 0, count);
            int[] kept = new int[count];
            int n = 0;
            for (int i = 0; i < count; i++) {
                if (Float.isNaN(all[i])) {
                    sums.nan++;
                } else if (Float.isInfinite(all[i])) {
                    sums.inf++;
                } else {
                    kept[n++] = i;
                }
            }
            x = pick(all, kept, n);
            this.y = pick(y, kept, n);
            this.lo = pick(lo, kept, n);
            this.hi = pick(hi, kept, n);
        }

        private static float[] pick(float[] from, int[] places, int n) {
            float[] picked = new float[n];
            for (int i = 0; i < n; i++) {
                picked[i] = from[places[i]];
            }
            return picked;
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
    public double squaredError(MemorySegment values, long offset, int count, float[] quantized) {
        Scratch s = SCRATCH.get();
        Arrays.fill(s.ee, 0);
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            System.arraycopy(quantized, from, s.y, 0, n);
            addSquaredErrors(s.x, s.y, s.ee, n);
        }
        double sum = total(s.ee);
        if (!Double.isFinite(sum)) {
            var f = new Finite(values, offset, count, quantized, quantized, quantized, new ErrorSums());
            return squaredError(MemorySegment.ofArray(f.x), 0, f.x.length, f.y);
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
    public void quantizeEach(
            MemorySegment values,
            long offset,
            int count,
            float[] scale,
            float[] loSteps,
            float[] hiSteps,
            float[] out) {
        MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset, out, 0, count);
        for (int i = 0; i < count; i++) {
            float steps = Math.max(loSteps[i], Math.min(hiSteps[i], out[i] / scale[i]));
            out[i] = (steps + TO_INTEGER - TO_INTEGER) * scale[i];
        }
    }

    @Override
    public void quantize(MemorySegment values, long offset, int count, LevelTable levels, float[] out, int at) {
        Scratch s = SCRATCH.get();
        for (int from = 0; from < count; from += LANES) {
            int n = Math.min(LANES, count - from);
            MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * from, s.x, 0, n);
            if (levels.cells > 0) {
                lookUp(s.x, n, levels, out, at + from);
            } else {
                search(s.x, n, levels, out, at + from);
            }
        }
    }

    /**
     * Looks up the level of each value in the table. {@code bits(a − b) >> 31} is −1 if a is below b, else 0: in
     * float32 a difference is 0 only between equal numbers.
     */
    static void lookUp(float[] x, int n, LevelTable table, float[] out, int at) {
        float[] starts = table.starts;
        float[] levels = table.levels;
        int[] base = table.base;
        int shift = table.shift;
        int before = table.first - 1;
        int cells = table.cells;
        int more = table.mostStarts - 1;
        for (int i = 0; i < n; i++) {
            float v = tamed(x[i]);
            int bits = Float.floatToRawIntBits(v);
            int key = ((bits & Integer.MAX_VALUE) >>> shift) - before;
            int level = base[Math.min(Math.max(key, 0), cells - 1) + (bits >> 31 & cells)];
            level += 1 + (Float.floatToRawIntBits(v - starts[level]) >> 31);
            for (int k = 0; k < more; k++) {
                level += 1 + (Float.floatToRawIntBits(v - starts[level]) >> 31);
            }
            out[at + i] = Float.isNaN(x[i]) ? x[i] : levels[level];
        }
    }

    /**
     * A value that goes to the same level as {@code x} but is not −0, +∞ or NaN, because differences with those have
     * the wrong sign.
     */
    private static float tamed(float x) {
        return x < Float.MAX_VALUE ? x + 0f : Float.MAX_VALUE;
    }

    /** Finds the level of each value by binary search in the starts. */
    static void search(float[] x, int n, LevelTable levels, float[] out, int at) {
        float[] starts = levels.starts;
        if (levels.size > LevelTable.FEW) {
            searchMany(x, n, levels, out, at);
            return;
        }
        for (int i = 0; i < n; i++) {
            float v = tamed(x[i]);
            int level = ~(Float.floatToRawIntBits(v - starts[7]) >> 31) & 8;
            level += ~(Float.floatToRawIntBits(v - starts[level + 3]) >> 31) & 4;
            level += ~(Float.floatToRawIntBits(v - starts[level + 1]) >> 31) & 2;
            level += ~(Float.floatToRawIntBits(v - starts[level]) >> 31) & 1;
            out[at + i] = Float.isNaN(x[i]) ? x[i] : levels.levels[level];
        }
    }

    private static void searchMany(float[] x, int n, LevelTable levels, float[] out, int at) {
        float[] starts = levels.starts;
        int half = levels.levels.length / 2;
        for (int i = 0; i < n; i++) {
            float v = tamed(x[i]);
            int level = 0;
            for (int step = half; step > 0; step >>= 1) {
                level += ~(Float.floatToRawIntBits(v - starts[level + step - 1]) >> 31) & step;
            }
            out[at + i] = Float.isNaN(x[i]) ? x[i] : levels.levels[level];
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
            // Clamping before rounding gives the same result, because the ends are integers.
            float steps = Math.max(lo, Math.min(hi, x[i] / scale));
            y[i] = (steps + TO_INTEGER - TO_INTEGER) * scale;
        }
    }

    /** Copies the finite ones of {@code count} values; the others are counted in {@code sums}. */
    static float[] finite(MemorySegment values, long offset, int count, ErrorSums sums) {
        float[] none = new float[count];
        return new Finite(values, offset, count, none, none, none, sums).x;
    }

    private static void clamp(float[] x, float[] c, int n, float lo, float hi) {
        for (int i = 0; i < n; i++) {
            c[i] = Math.max(lo, Math.min(hi, x[i]));
        }
    }

    private static void clampEach(float[] x, float[] c, int n, float[] lo, float[] hi) {
        for (int i = 0; i < n; i++) {
            c[i] = Math.max(lo[i], Math.min(hi[i], x[i]));
        }
    }

    /** The quantized values of values that are clamped already. */
    private static void round(float[] c, float[] y, int n, float scale) {
        for (int i = 0; i < n; i++) {
            y[i] = (c[i] / scale + TO_INTEGER - TO_INTEGER) * scale;
        }
    }

    private static void addProducts(float[] x, float[] y, double[] xx, double[] yy, double[] xy, double[] ee, int n) {
        for (int i = 0; i < n; i++) {
            double a = x[i];
            double b = y[i];
            double e = a - b;
            xx[i] += a * a;
            yy[i] += b * b;
            xy[i] += a * b;
            ee[i] += e * e;
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

    private static int countBelow(float[] x, float[] c, int n) {
        int below = 0;
        for (int i = 0; i < n; i++) {
            below += x[i] < c[i] ? 1 : 0;
        }
        return below;
    }

    /** Adds the difference that clamping made to the sums: x is the value, c the end level that stands for it. */
    private static void addClipped(float[] x, float[] c, double[] xx, double[] xy, double[] clip, int n) {
        for (int i = 0; i < n; i++) {
            double a = x[i];
            double b = c[i];
            double e = a - b;
            xx[i] += e * (a + b);
            xy[i] += e * b;
            clip[i] += e * e;
        }
    }

    /** The sum of all lanes. Overwrites them. */
    private static double total(double[] lanes) {
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    @Override
    public void multiplyPanel(float[] panel, int from, int rows, float[] x, int at, int stride, float[] out) {
        for (int v = 0; v < VECTORS; v++) {
            int start = at + v * stride;
            for (int c = 0; c < PANEL; c += 4) {
                float a = 0;
                float b = 0;
                float d = 0;
                float e = 0;
                for (int j = 0, h = from + c; j < rows; j++, h += PANEL) {
                    float times = x[start + j];
                    a += times * panel[h];
                    b += times * panel[h + 1];
                    d += times * panel[h + 2];
                    e += times * panel[h + 3];
                }
                int to = v * PANEL + c;
                out[to] = a;
                out[to + 1] = b;
                out[to + 2] = d;
                out[to + 3] = e;
            }
        }
    }
}
