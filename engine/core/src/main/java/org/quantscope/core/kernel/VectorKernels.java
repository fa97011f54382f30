package org.quantscope.core.kernel;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;
import static org.quantscope.core.kernel.AffineGrid.TO_INTEGER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Kernels with the Vector API: each value is loaded once, and everything is computed while it is in a register.
 *
 * <p>Constants are vectors made before the loop, and the long loop passes no vector to a method of ours. In a method of
 * that size the compiler stops inlining, except for methods that are marked for it, as those of the Vector API are; and
 * a vector passed to a method that is not inlined becomes an object on the heap in every iteration.
 *
 * <p>A product of two floats is exact in double, and so is the error of a value that is not clipped in float32: the
 * level it goes to is 0 or within a factor of two of it (Sterbenz), so that value minus error gives the level again.
 * Fused multiply-adds therefore round as a product and a sum would.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> HALF =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final int WIDTH = F.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /**
     * Used where there is no vector form: long codebooks, in which every value is looked up, and the few values after
     * the last whole vector.
     */
    private static final ScalarKernels PLAIN = new ScalarKernels();

    /** The number of values that are summed at a time. */
    private static final int MOST = ValueWindow.MOST;

    /** The values after the last whole vector, padded with zeros, which add nothing to any sum. */
    private static final ThreadLocal<MemorySegment> TAIL =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(F.vectorByteSize(), F.vectorByteSize()));

    /** Offsets of the vectors that hold clipped values; one entry more than there are vectors. */
    private static final ThreadLocal<int[]> CLIPPING = ThreadLocal.withInitial(() -> new int[MOST / WIDTH + 1]);

    /** Room for the sums of {@link #addWhole}. */
    private static final ThreadLocal<double[]> LANES = ThreadLocal.withInitial(() -> new double[4 * D.length()]);

    /** The width of a vector on this machine. */
    static int bits() {
        return F.vectorBitSize();
    }

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public void addErrors(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        int whole = F.loopBound(count);
        for (int from = 0; from < whole; from += MOST) {
            int length = Math.min(MOST, whole - from);
            if (!addWhole(values, offset + 4L * from, length, grid, sums)) {
                addFinite(values, offset + 4L * from, length, grid, sums);
            }
        }
        int rest = count - whole;
        if (rest > 0 && !addWhole(tail(values, offset + 4L * whole, rest), 0, WIDTH, grid, sums)) {
            addFinite(values, offset + 4L * whole, rest, grid, sums);
        } else {
            sums.count += rest - (rest > 0 ? WIDTH : 0);
        }
    }

    private static MemorySegment tail(MemorySegment values, long offset, int count) {
        MemorySegment tail = TAIL.get();
        tail.fill((byte) 0);
        MemorySegment.copy(values, offset, tail, 0, 4L * count);
        return tail;
    }

    /** Adds whole vectors of values; adds nothing and returns false if one of them is not finite. */
    private static boolean addWhole(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        FloatVector scale = FloatVector.broadcast(F, grid.scale());
        FloatVector lo = FloatVector.broadcast(F, grid.lo());
        FloatVector hi = FloatVector.broadcast(F, grid.hi());
        FloatVector toInteger = FloatVector.broadcast(F, TO_INTEGER);
        DoubleVector xx0 = DoubleVector.zero(D);
        DoubleVector xx1 = xx0;
        DoubleVector xe0 = xx0;
        DoubleVector xe1 = xx0;
        DoubleVector ee0 = xx0;
        DoubleVector ee1 = xx0;
        // Magnitudes of floats are ordered like their bits.
        IntVector max = IntVector.zero(I);
        int[] clipping = CLIPPING.get();
        int vectors = 0;
        for (int i = 0; i < count; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            VectorMask<Float> above = x.compare(GT, hi);
            VectorMask<Float> below = x.compare(LT, lo);
            clipping[vectors] = i;
            vectors += above.or(below).anyTrue() ? 1 : 0;
            x = x.blend(hi, above).blend(lo, below);
            FloatVector e = x.sub(x.div(scale).add(toInteger).sub(toInteger).mul(scale));
            max = max.max(e.abs().reinterpretAsInts());
            DoubleVector x0 = (DoubleVector) x.convertShape(F2D, D, 0);
            DoubleVector x1 = (DoubleVector) x.convertShape(F2D, D, 1);
            DoubleVector e0 = (DoubleVector) e.convertShape(F2D, D, 0);
            DoubleVector e1 = (DoubleVector) e.convertShape(F2D, D, 1);
            xx0 = x0.fma(x0, xx0);
            xx1 = x1.fma(x1, xx1);
            xe0 = x0.fma(e0, xe0);
            xe1 = x1.fma(e1, xe1);
            ee0 = e0.fma(e0, ee0);
            ee1 = e1.fma(e1, ee1);
        }
        double[] lanes = LANES.get();
        xx0.add(xx1).intoArray(lanes, 0);
        xe0.add(xe1).intoArray(lanes, D.length());
        ee0.add(ee1).intoArray(lanes, 2 * D.length());
        double xx = total(lanes, 0);
        double xe = total(lanes, 1);
        double ee = total(lanes, 2);
        if (!Double.isFinite(xx)) {
            return false;
        }
        var clipped = new ErrorSums();
        if (vectors > 0) {
            addClipped(values, offset, clipping, vectors, lo.toArray(), hi.toArray(), 0, clipped);
            if (!Double.isFinite(clipped.squares)) {
                return false;
            }
        }
        sums.count += count;
        sums.squares += xx;
        // With e = x − y: Σxy = Σx² − Σxe and Σy² = Σx² − 2Σxe + Σe².
        sums.quantizedSquares += Math.max(0, xx - 2 * xe + ee);
        sums.products += xx - xe;
        sums.roundingError += ee;
        sums.maxAbsError = Math.max(sums.maxAbsError, Float.intBitsToFloat(max.reduceLanes(MAX)));
        sums.add(clipped);
        return true;
    }

    /**
     * Adds the difference that clamping made to the sums, for the vectors that hold clipped values.
     *
     * @param step 1 if each value has end levels of its own, 0 if one vector of end levels serves all
     */
    private static void addClipped(
            MemorySegment values,
            long offset,
            int[] at,
            int vectors,
            float[] lowEnds,
            float[] highEnds,
            int step,
            ErrorSums sums) {
        DoubleVector xx = DoubleVector.zero(D);
        DoubleVector xy = xx;
        DoubleVector ee = xx;
        DoubleVector max = xx;
        int low = 0;
        int high = 0;
        for (int k = 0; k < vectors; k++) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * at[k], ORDER);
            FloatVector lo = FloatVector.fromArray(F, lowEnds, at[k] * step);
            FloatVector hi = FloatVector.fromArray(F, highEnds, at[k] * step);
            VectorMask<Float> above = x.compare(GT, hi);
            VectorMask<Float> below = x.compare(LT, lo);
            high += above.trueCount();
            low += below.trueCount();
            FloatVector y = x.blend(hi, above).blend(lo, below);
            DoubleVector y0 = (DoubleVector) y.convertShape(F2D, D, 0);
            DoubleVector y1 = (DoubleVector) y.convertShape(F2D, D, 1);
            DoubleVector e0 = ((DoubleVector) x.convertShape(F2D, D, 0)).sub(y0);
            DoubleVector e1 = ((DoubleVector) x.convertShape(F2D, D, 1)).sub(y1);
            max = max.max(e0.abs()).max(e1.abs());
            xy = e0.fma(y0, e1.fma(y1, xy));
            ee = e0.fma(e0, e1.fma(e1, ee));
            // x² - y² = e·(2y + e)
            xx = e0.fma(y0.add(y0).add(e0), e1.fma(y1.add(y1).add(e1), xx));
        }
        double[] lanes = LANES.get();
        xx.intoArray(lanes, 0);
        xy.intoArray(lanes, D.length());
        ee.intoArray(lanes, 2 * D.length());
        sums.clippedLow += low;
        sums.clippedHigh += high;
        sums.squares += total(lanes, 0);
        sums.products += total(lanes, 1);
        sums.clippingError += total(lanes, 2);
        sums.maxAbsError = Math.max(sums.maxAbsError, max.reduceLanes(MAX));
    }

    private void addFinite(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums) {
        float[] x = ScalarKernels.finite(values, offset, count, sums);
        addErrors(nativeCopy(x), 0, x.length, grid, sums);
    }

    @Override
    public double squaredError(MemorySegment values, long offset, int count, AffineGrid grid) {
        int whole = F.loopBound(count);
        int rest = count - whole;
        double sum = whole == 0 ? 0 : squaredErrorOfWhole(values, offset, whole, grid);
        if (rest > 0) {
            sum += squaredErrorOfWhole(tail(values, offset + 4L * whole, rest), 0, WIDTH, grid);
        }
        if (Double.isFinite(sum)) {
            return sum;
        }
        float[] x = ScalarKernels.finite(values, offset, count, new ErrorSums());
        return squaredError(nativeCopy(x), 0, x.length, grid);
    }

    private static MemorySegment nativeCopy(float[] x) {
        MemorySegment copy = Arena.ofAuto().allocate(Math.max(4L, 4L * x.length), 4);
        MemorySegment.copy(x, 0, copy, ValueLayout.JAVA_FLOAT, 0, x.length);
        return copy;
    }

    private static double squaredErrorOfWhole(MemorySegment values, long offset, int count, AffineGrid grid) {
        FloatVector scale = FloatVector.broadcast(F, grid.scale());
        FloatVector lo = FloatVector.broadcast(F, grid.lo());
        FloatVector hi = FloatVector.broadcast(F, grid.hi());
        FloatVector toInteger = FloatVector.broadcast(F, TO_INTEGER);
        DoubleVector sum0 = DoubleVector.zero(D);
        DoubleVector sum1 = sum0;
        for (int i = 0; i < count; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            FloatVector y = level(inside(x, lo, hi), scale, toInteger);
            DoubleVector e0 = lower(x).sub(lower(y));
            DoubleVector e1 = upper(x).sub(upper(y));
            sum0 = e0.fma(e0, sum0);
            sum1 = e1.fma(e1, sum1);
        }
        double[] lanes = LANES.get();
        sum0.add(sum1).intoArray(lanes, 0);
        return total(lanes, 0);
    }

    @Override
    public void quantize(MemorySegment values, long offset, int count, AffineGrid grid, float[] out, int at) {
        int whole = F.loopBound(count);
        FloatVector scale = FloatVector.broadcast(F, grid.scale());
        FloatVector lo = FloatVector.broadcast(F, grid.lo());
        FloatVector hi = FloatVector.broadcast(F, grid.hi());
        FloatVector toInteger = FloatVector.broadcast(F, TO_INTEGER);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            level(inside(x, lo, hi), scale, toInteger).intoArray(out, at + i);
        }
        if (whole < count) {
            FloatVector x =
                    FloatVector.fromMemorySegment(F, tail(values, offset + 4L * whole, count - whole), 0, ORDER);
            level(inside(x, lo, hi), scale, toInteger).intoArray(out, at + whole, F.indexInRange(whole, count));
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
        int whole = F.loopBound(count);
        FloatVector toInteger = FloatVector.broadcast(F, TO_INTEGER);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            FloatVector s = FloatVector.fromArray(F, scale, i);
            FloatVector steps =
                    inside(x.div(s), FloatVector.fromArray(F, loSteps, i), FloatVector.fromArray(F, hiSteps, i));
            steps.add(toInteger).sub(toInteger).mul(s).intoArray(out, i);
        }
        for (int i = whole; i < count; i++) {
            float steps = Math.max(
                    loSteps[i],
                    Math.min(hiSteps[i], values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * i) / scale[i]));
            out[i] = (steps + TO_INTEGER - TO_INTEGER) * scale[i];
        }
    }

    @Override
    public void quantize(MemorySegment values, long offset, int count, LevelTable levels, float[] out, int at) {
        int whole = F.loopBound(count);
        if (levels.size > LevelTable.FEW) {
            PLAIN.quantize(values, offset, count, levels, out, at);
            return;
        }
        int four = whole - whole % (4 * WIDTH);
        quantizeByFour(values, offset, four, levels, out, at);
        for (int i = four; i < whole; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            few(x, levels).intoArray(out, at + i);
        }
        if (whole < count) {
            FloatVector x =
                    FloatVector.fromMemorySegment(F, tail(values, offset + 4L * whole, count - whole), 0, ORDER);
            few(x, levels).intoArray(out, at + whole, F.indexInRange(whole, count));
        }
    }

    /** A value goes to the last level whose start is not above it. */
    private static FloatVector few(FloatVector x, LevelTable levels) {
        FloatVector y = FloatVector.broadcast(F, levels.levels[0]);
        for (int k = 0; k < levels.size - 1; k++) {
            y = y.blend(levels.levels[k + 1], x.compare(GE, levels.starts[k]));
        }
        return y.blend(x, x.test(IS_NAN));
    }

    private static void quantizeByFour(
            MemorySegment values, long offset, int count, LevelTable levels, float[] out, int at) {
        FloatVector lowest = FloatVector.broadcast(F, levels.levels[0]);
        for (int i = 0; i < count; i += 4 * WIDTH) {
            FloatVector x0 = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            FloatVector x1 = FloatVector.fromMemorySegment(F, values, offset + 4L * (i + WIDTH), ORDER);
            FloatVector x2 = FloatVector.fromMemorySegment(F, values, offset + 4L * (i + 2 * WIDTH), ORDER);
            FloatVector x3 = FloatVector.fromMemorySegment(F, values, offset + 4L * (i + 3 * WIDTH), ORDER);
            FloatVector y0 = lowest;
            FloatVector y1 = lowest;
            FloatVector y2 = lowest;
            FloatVector y3 = lowest;
            for (int k = 0; k < levels.size - 1; k++) {
                FloatVector start = FloatVector.broadcast(F, levels.starts[k]);
                FloatVector level = FloatVector.broadcast(F, levels.levels[k + 1]);
                y0 = y0.blend(level, x0.compare(GE, start));
                y1 = y1.blend(level, x1.compare(GE, start));
                y2 = y2.blend(level, x2.compare(GE, start));
                y3 = y3.blend(level, x3.compare(GE, start));
            }
            y0.blend(x0, x0.test(IS_NAN)).intoArray(out, at + i);
            y1.blend(x1, x1.test(IS_NAN)).intoArray(out, at + i + WIDTH);
            y2.blend(x2, x2.test(IS_NAN)).intoArray(out, at + i + 2 * WIDTH);
            y3.blend(x3, x3.test(IS_NAN)).intoArray(out, at + i + 3 * WIDTH);
        }
    }

    @Override
    public void addErrors(
            MemorySegment values, long offset, int count, float[] quantized, float[] lo, float[] hi, ErrorSums sums) {
        int whole = F.loopBound(count);
        if (whole > 0 && !addWhole(values, offset, whole, quantized, lo, hi, sums)) {
            PLAIN.addErrors(values, offset, count, quantized, lo, hi, sums);
            return;
        }
        if (whole < count) {
            PLAIN.addErrors(
                    values,
                    offset + 4L * whole,
                    count - whole,
                    Arrays.copyOfRange(quantized, whole, count),
                    Arrays.copyOfRange(lo, whole, count),
                    Arrays.copyOfRange(hi, whole, count),
                    sums);
        }
    }

    /** Adds nothing and returns false if a value is not finite. */
    private static boolean addWhole(
            MemorySegment values, long offset, int count, float[] quantized, float[] lo, float[] hi, ErrorSums sums) {
        DoubleVector xx0 = DoubleVector.zero(D);
        DoubleVector xx1 = xx0;
        DoubleVector yy0 = xx0;
        DoubleVector yy1 = xx0;
        DoubleVector xy0 = xx0;
        DoubleVector xy1 = xx0;
        DoubleVector ee0 = xx0;
        DoubleVector ee1 = xx0;
        DoubleVector max = xx0;
        int[] clipping = CLIPPING.get();
        int vectors = 0;
        for (int i = 0; i < count; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            FloatVector y = FloatVector.fromArray(F, quantized, i);
            FloatVector low = FloatVector.fromArray(F, lo, i);
            FloatVector high = FloatVector.fromArray(F, hi, i);
            VectorMask<Float> above = x.compare(GT, high);
            VectorMask<Float> below = x.compare(LT, low);
            clipping[vectors] = i;
            vectors += above.or(below).anyTrue() ? 1 : 0;
            x = x.blend(high, above).blend(low, below);
            DoubleVector x0 = (DoubleVector) x.convertShape(F2D, D, 0);
            DoubleVector x1 = (DoubleVector) x.convertShape(F2D, D, 1);
            DoubleVector y0 = (DoubleVector) y.convertShape(F2D, D, 0);
            DoubleVector y1 = (DoubleVector) y.convertShape(F2D, D, 1);
            DoubleVector e0 = x0.sub(y0);
            DoubleVector e1 = x1.sub(y1);
            max = max.max(e0.abs()).max(e1.abs());
            xx0 = x0.fma(x0, xx0);
            xx1 = x1.fma(x1, xx1);
            yy0 = y0.fma(y0, yy0);
            yy1 = y1.fma(y1, yy1);
            xy0 = x0.fma(y0, xy0);
            xy1 = x1.fma(y1, xy1);
            ee0 = e0.fma(e0, ee0);
            ee1 = e1.fma(e1, ee1);
        }
        double[] lanes = LANES.get();
        xx0.add(xx1).intoArray(lanes, 0);
        yy0.add(yy1).intoArray(lanes, D.length());
        xy0.add(xy1).intoArray(lanes, 2 * D.length());
        ee0.add(ee1).intoArray(lanes, 3 * D.length());
        double xx = total(lanes, 0);
        double yy = total(lanes, 1);
        double xy = total(lanes, 2);
        double ee = total(lanes, 3);
        var clipped = new ErrorSums();
        if (Double.isFinite(xx) && vectors > 0) {
            addClipped(values, offset, clipping, vectors, lo, hi, 1, clipped);
        }
        if (!Double.isFinite(xx + clipped.squares)) {
            return false;
        }
        sums.count += count;
        sums.squares += xx;
        sums.quantizedSquares += yy;
        sums.products += xy;
        sums.roundingError += ee;
        sums.maxAbsError = Math.max(sums.maxAbsError, max.reduceLanes(MAX));
        sums.add(clipped);
        return true;
    }

    @Override
    public double squaredError(MemorySegment values, long offset, int count, float[] quantized) {
        int whole = F.loopBound(count);
        DoubleVector sum0 = DoubleVector.zero(D);
        DoubleVector sum1 = sum0;
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            FloatVector y = FloatVector.fromArray(F, quantized, i);
            DoubleVector e0 = lower(x).sub(lower(y));
            DoubleVector e1 = upper(x).sub(upper(y));
            sum0 = e0.fma(e0, sum0);
            sum1 = e1.fma(e1, sum1);
        }
        double[] lanes = LANES.get();
        sum0.add(sum1).intoArray(lanes, 0);
        double sum = total(lanes, 0);
        for (int i = whole; i < count; i++) {
            double e = (double) values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * i) - quantized[i];
            sum += e * e;
        }
        return Double.isFinite(sum) ? sum : PLAIN.squaredError(values, offset, count, quantized);
    }

    @Override
    public void widen(short[] halves, int[] out, int count) {
        int whole = I.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            IntVector wide = (IntVector) ShortVector.fromArray(HALF, halves, i).convertShape(S2I, I, 0);
            wide.lanewise(LSHL, 16).intoArray(out, i);
        }
        for (int i = whole; i < count; i++) {
            out[i] = halves[i] << 16;
        }
    }

    private static FloatVector inside(FloatVector x, FloatVector lo, FloatVector hi) {
        return x.blend(hi, x.compare(GT, hi)).blend(lo, x.compare(LT, lo));
    }

    /** The levels that values within the range of the levels go to. */
    private static FloatVector level(FloatVector inside, FloatVector scale, FloatVector toInteger) {
        return inside.div(scale).add(toInteger).sub(toInteger).mul(scale);
    }

    /**
     * The sum of the {@code index}-th vector from its first lane to its last; the order of {@code reduceLanes} changes once a method is
     * compiled.
     */
    private static double total(double[] lanes, int index) {
        double sum = 0;
        for (int i = index * D.length(); i < (index + 1) * D.length(); i++) {
            sum += lanes[i];
        }
        return sum;
    }

    private static DoubleVector lower(FloatVector v) {
        return (DoubleVector) v.convertShape(F2D, D, 0);
    }

    private static DoubleVector upper(FloatVector v) {
        return (DoubleVector) v.convertShape(F2D, D, 1);
    }

    @Override
    public void multiplyPanel(float[] panel, int from, int rows, float[] x, int at, int stride, float[] out) {
        if (PANEL % WIDTH != 0) {
            PLAIN.multiplyPanel(panel, from, rows, x, at, stride, out);
            return;
        }
        for (int part = 0; part < PANEL; part += WIDTH) {
            FloatVector a0 = FloatVector.zero(F);
            FloatVector a1 = FloatVector.zero(F);
            FloatVector a2 = FloatVector.zero(F);
            FloatVector a3 = FloatVector.zero(F);
            FloatVector a4 = FloatVector.zero(F);
            FloatVector a5 = FloatVector.zero(F);
            FloatVector a6 = FloatVector.zero(F);
            FloatVector a7 = FloatVector.zero(F);
            int x0 = at + 0 * stride;
            int x1 = at + 1 * stride;
            int x2 = at + 2 * stride;
            int x3 = at + 3 * stride;
            int x4 = at + 4 * stride;
            int x5 = at + 5 * stride;
            int x6 = at + 6 * stride;
            int x7 = at + 7 * stride;
            for (int j = 0, h = from + part; j < rows; j++, h += PANEL) {
                FloatVector row = FloatVector.fromArray(F, panel, h);
                a0 = a0.add(row.mul(x[x0 + j]));
                a1 = a1.add(row.mul(x[x1 + j]));
                a2 = a2.add(row.mul(x[x2 + j]));
                a3 = a3.add(row.mul(x[x3 + j]));
                a4 = a4.add(row.mul(x[x4 + j]));
                a5 = a5.add(row.mul(x[x5 + j]));
                a6 = a6.add(row.mul(x[x6 + j]));
                a7 = a7.add(row.mul(x[x7 + j]));
            }
            a0.intoArray(out, part + 0 * PANEL);
            a1.intoArray(out, part + 1 * PANEL);
            a2.intoArray(out, part + 2 * PANEL);
            a3.intoArray(out, part + 3 * PANEL);
            a4.intoArray(out, part + 4 * PANEL);
            a5.intoArray(out, part + 5 * PANEL);
            a6.intoArray(out, part + 6 * PANEL);
            a7.intoArray(out, part + 7 * PANEL);
        }
    }
}
