package org.quantscope.core.kernel;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;
import static org.quantscope.core.kernel.AffineGrid.TO_INTEGER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Everything about a value is done while it is in a register.
 *
 * <p>Constants are vectors made before the loop, and the long loop calls no method of ours with a vector: after so many nodes the
 * compiler stops inlining methods that are not marked for it as those of the Vector API are, and a vector that is handed to a method
 * that is not inlined is an object on the heap, at every turn of the loop.
 *
 * <p>A product of two floats is exact in double, and so is the error of a value that is not clipped in float32: the level it goes to is
 * 0 or within a factor of two of it (Sterbenz), so that value less error is the level again. Fused multiply-adds therefore round as a
 * product and a sum would.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> HALF = VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final int WIDTH = F.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** The values behind the last whole vector, and zeros, which add nothing to any sum. */
    private static final ThreadLocal<MemorySegment> TAIL = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(F.vectorByteSize(), F.vectorByteSize()));

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
        boolean finite = whole == 0 || addWhole(values, offset, whole, grid, sums);
        if (!finite) {
            addFinite(values, offset, whole, grid, sums);
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
        DoubleVector yy0 = xx0;
        DoubleVector yy1 = xx0;
        DoubleVector xy0 = xx0;
        DoubleVector xy1 = xx0;
        DoubleVector ee0 = xx0;
        DoubleVector ee1 = xx0;
        // Magnitudes of floats are ordered as their bits are.
        IntVector max = IntVector.zero(I);
        var clipped = new ErrorSums();
        for (int i = 0; i < count; i += WIDTH) {
            FloatVector x = FloatVector.fromMemorySegment(F, values, offset + 4L * i, ORDER);
            VectorMask<Float> above = x.compare(GT, hi);
            VectorMask<Float> below = x.compare(LT, lo);
            if (above.or(below).anyTrue()) {
                x = x.blend(hi, above).blend(lo, below);
                addClipped(values, offset + 4L * i, grid, clipped);
            }
            FloatVector e = x.sub(x.div(scale).add(toInteger).sub(toInteger).mul(scale));
            max = max.max(e.abs().reinterpretAsInts());
            DoubleVector x0 = (DoubleVector) x.convertShape(F2D, D, 0);
            DoubleVector x1 = (DoubleVector) x.convertShape(F2D, D, 1);
            DoubleVector e0 = (DoubleVector) e.convertShape(F2D, D, 0);
            DoubleVector e1 = (DoubleVector) e.convertShape(F2D, D, 1);
            DoubleVector y0 = x0.sub(e0);
            DoubleVector y1 = x1.sub(e1);
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
        double squares = total(lanes, 0) + clipped.squares;
        if (!Double.isFinite(squares)) {
            return false;
        }
        sums.count += count;
        sums.squares += total(lanes, 0);
        sums.quantizedSquares += total(lanes, 1);
        sums.products += total(lanes, 2);
        sums.roundingError += total(lanes, 3);
        sums.maxAbsError = Math.max(sums.maxAbsError, Float.intBitsToFloat(max.reduceLanes(MAX)));
        sums.add(clipped);
        return true;
    }

    /** What the sums lack when clipped values are taken as the end level that they go to. Few vectors have such values. */
    private static void addClipped(MemorySegment values, long offset, AffineGrid grid, ErrorSums sums) {
        for (int i = 0; i < WIDTH; i++) {
            float x = values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset + 4L * i);
            if (x < grid.lo() || x > grid.hi()) {
                double y = x < grid.lo() ? grid.lo() : grid.hi();
                double e = x - y;
                sums.clippedLow += e < 0 ? 1 : 0;
                sums.clippedHigh += e > 0 ? 1 : 0;
                sums.squares += e * (x + y);
                sums.products += e * y;
                sums.clippingError += e * e;
                sums.maxAbsError = Math.max(sums.maxAbsError, Math.abs(e));
            }
        }
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
            FloatVector x = FloatVector.fromMemorySegment(F, tail(values, offset + 4L * whole, count - whole), 0, ORDER);
            level(inside(x, lo, hi), scale, toInteger).intoArray(out, at + whole, F.indexInRange(whole, count));
        }
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

    /** The level that values within the range of the levels go to. */
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
}
