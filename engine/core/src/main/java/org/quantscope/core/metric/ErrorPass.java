package org.quantscope.core.metric;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.kernel.AffineGrid;
import org.quantscope.core.kernel.ErrorSums;
import org.quantscope.core.kernel.Kernels;
import org.quantscope.core.kernel.ValueWindow;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The exact passes over a tensor's values: its error, and its fake-quantized copy. Multi-core, cancellable.
 *
 * <p>Values are read in chunks; parts of fixed size are summed apart and then added in order, so a result does not depend on the
 * number of cores. Where many neighbours share an evenly spaced grid the work is done by {@link Kernels}.
 */
public final class ErrorPass {
    /** Values in cache at a time; also the work between two looks at the cancel token. */
    private static final int CHUNK = 1 << 12;

    private static final int PART = 1 << 18;

    /** Neighbours on one grid from which on a kernel is worth its start. */
    private static final int LONG_RUN = 64;

    private ErrorPass() {}

    /**
     * The exact error of fake-quantizing {@code tensor}; NaN and infinities are counted and left out.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     */
    public static ErrorReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        TensorData data = tensor.data();
        var grids = new Grids(tensor.info(), params);
        return parts(data.count())
                .mapToObj(part -> {
                    long from = part * PART;
                    long end = Math.min(data.count(), from + PART);
                    return grids.longRuns() ? ofLongRuns(data, grids, from, end, cancel) : ofShortRuns(data, grids, from, end, cancel);
                })
                .toList()
                .stream()
                .reduce(new Sums(), Sums::add)
                .report();
    }

    private static Sums ofShortRuns(TensorData data, Grids grids, long from, long end, CancelToken cancel) {
        var chunk = new Chunk(grids);
        var sums = new Sums();
        for (long at = from; at < end; at += CHUNK) {
            cancel.check();
            chunk.read(data, at, (int) Math.min(CHUNK, end - at));
            sums.add(chunk);
        }
        return sums;
    }

    private static Sums ofLongRuns(TensorData data, Grids grids, long from, long end, CancelToken cancel) {
        Kernels kernels = Kernels.chosen();
        ValueWindow window = ValueWindow.ofThread();
        var sums = new ErrorSums();
        for (long at = from; at < end; ) {
            cancel.check();
            int length = grids.inOneRun(at, end);
            window.show(data, at, length);
            kernels.addErrors(window.segment(), window.offset(), length, grids.affine(at), sums);
            at += length;
        }
        return new Sums().add(sums);
    }

    /**
     * The fake-quantized values in storage order; NaN stays NaN, infinities saturate.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     * @throws ArithmeticException if there are more than 2^31 − 1 values
     */
    public static float[] fakeQuantize(Tensor tensor, QuantParams params, CancelToken cancel) {
        TensorData data = tensor.data();
        var grids = new Grids(tensor.info(), params);
        float[] out = new float[Math.toIntExact(data.count())];
        parts(data.count()).forEach(part -> {
            long from = part * PART;
            long end = Math.min(data.count(), from + PART);
            if (grids.longRuns()) {
                Kernels kernels = Kernels.chosen();
                ValueWindow window = ValueWindow.ofThread();
                for (long at = from; at < end; ) {
                    cancel.check();
                    int length = grids.inOneRun(at, end);
                    window.show(data, at, length);
                    kernels.quantize(window.segment(), window.offset(), length, grids.affine(at), out, (int) at);
                    at += length;
                }
                return;
            }
            var chunk = new Chunk(grids);
            for (long at = from; at < end; at += CHUNK) {
                cancel.check();
                chunk.read(data, at, (int) Math.min(CHUNK, end - at));
                System.arraycopy(chunk.y, 0, out, (int) at, chunk.length);
            }
        });
        return out;
    }

    /** Σ(x−y)² of the finite values of {@code data} on one grid. */
    public static double squaredError(TensorData data, Grid grid, CancelToken cancel) {
        var rule = SquaredError.on(grid);
        double[] sums = parts(data.count())
                .mapToDouble(part -> {
                    ValueWindow window = ValueWindow.ofThread();
                    double sum = 0;
                    for (long at = part * PART, end = Math.min(data.count(), at + PART); at < end; at += ValueWindow.MOST) {
                        cancel.check();
                        int length = (int) Math.min(ValueWindow.MOST, end - at);
                        window.show(data, at, length);
                        sum += rule.of(window, length);
                    }
                    return sum;
                })
                .toArray();
        double sum = 0;
        for (double s : sums) {
            sum += s;
        }
        return sum;
    }

    /** Σ(x−y)² of the finite values of {@code x[from .. from+length-1]} on one grid. */
    public static double squaredError(float[] x, int from, int length, Grid grid) {
        var rule = SquaredError.on(grid);
        ValueWindow window = ValueWindow.ofThread();
        double sum = 0;
        for (int at = from; at < from + length; at += ValueWindow.MOST) {
            int n = Math.min(ValueWindow.MOST, from + length - at);
            window.show(x, at, n);
            sum += rule.of(window, n);
        }
        return sum;
    }

    /** Σ(x−y)² of the finite ones of the first {@code length} values in a window. */
    @FunctionalInterface
    private interface SquaredError {
        double of(ValueWindow window, int length);

        static SquaredError on(Grid grid) {
            return switch (grid) {
                case UniformGrid u -> {
                    Kernels kernels = Kernels.chosen();
                    AffineGrid affine = AffineGrid.of(u);
                    yield (window, length) -> kernels.squaredError(window.segment(), window.offset(), length, affine);
                }
                case CodebookGrid c -> (window, length) -> Scratch.OF_THREAD.get().squaredError(window, length, c);
            };
        }
    }

    private static LongStream parts(long count) {
        return LongStream.range(0, Math.ceilDiv(count, PART)).parallel();
    }

    /**
     * Adding and taking away 1.5·2^23 rounds a float32 of magnitude up to 2^22 to an integer, half to even: there a float has no bits
     * behind the point. It vectorizes, and it gives +0 for what rounds to zero, as integer codes do.
     */
    private static final float TO_INTEGER = 0x1.8p23f;

    /** Grids kept by a thread. */
    private static final int MOST_KNOWN = 256;

    private static float steps(long steps) {
        if (Math.abs(steps) > AffineGrid.MOST_STEPS) {
            throw new IllegalArgumentException("qmax: at most " + AffineGrid.MOST_STEPS + " steps on either side of the zero point, got " + steps);
        }
        return steps;
    }

    /** The grid of each slice; for affine ones {@code lo} and {@code hi} are the end codes less the zero point. */
    private static final class Grids {
        private final Slicing slicing;
        private final QuantParams params;
        private final boolean affine;
        private final float[] scale;
        private final float[] lo;
        private final float[] hi;

        Grids(TensorInfo info, QuantParams params) {
            slicing = Slicing.of(info, params.granularity());
            int slices = params.slices();
            if (slicing.slices() != slices) {
                throw new IllegalArgumentException(
                        "scales: " + slices + " scales, but " + info.id() + " of shape " + info.shape() + " has " + slicing.slices() + " slices");
            }
            this.params = params;
            affine = params.isAffine();
            scale = params.scales();
            lo = new float[slices];
            hi = new float[slices];
            for (int i = 0; i < slices; i++) {
                lo[i] = affine ? steps((long) params.qmin() - params.zeroPoint(i)) : params.effective(i).lo();
                hi[i] = affine ? steps((long) params.qmax() - params.zeroPoint(i)) : params.effective(i).hi();
            }
        }

        boolean longRuns() {
            return affine && slicing.run() >= LONG_RUN;
        }

        /** How many values from {@code at} on, none at {@code end}, fill a window and lie in one slice. */
        int inOneRun(long at, long end) {
            return (int) Math.min(Math.min(ValueWindow.MOST, end - at), slicing.runEnd(at) - at);
        }

        AffineGrid affine(long at) {
            int slice = slicing.sliceOf(at);
            return new AffineGrid(scale[slice], lo[slice], hi[slice], lo[slice] * scale[slice], hi[slice] * scale[slice]);
        }
    }

    /** Buffers that stay in a core's cache from one call to the next. */
    private static final class Scratch {
        private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

        private final float[] x = new float[CHUNK];
        private final float[] y = new float[CHUNK];
        private final double[] squares = new double[CHUNK];

        /** Σ(x−y)² of the finite ones of the first {@code n} values in {@code window}. */
        double squaredError(ValueWindow window, int n, CodebookGrid grid) {
            MemorySegment.copy(window.segment(), ValueLayout.JAVA_FLOAT_UNALIGNED, window.offset(), x, 0, n);
            quantize(x, y, 0, n, grid);
            for (int i = 0; i < n; i++) {
                double e = (double) x[i] - (double) y[i];
                squares[i] = e * e;
            }
            double sum = sum(squares, n);
            if (!Double.isFinite(sum)) {
                for (int i = 0; i < n; i++) {
                    squares[i] = Float.isFinite(x[i]) ? squares[i] : 0;
                }
                sum = sum(squares, n);
            }
            return sum;
        }

        /** {@code y[i] = grid.quantize(x[i])}; NaN stays NaN. */
        private static void quantize(float[] x, float[] y, int from, int to, CodebookGrid grid) {
            for (int i = from; i < to; i++) {
                y[i] = Float.isNaN(x[i]) ? x[i] : grid.quantize(x[i]);
            }
        }

        /** Several sums under way at once, as each addition waits for the one before. */
        private static double sum(double[] terms, int n) {
            double a = 0;
            double b = 0;
            double c = 0;
            double d = 0;
            int whole = n & ~3;
            for (int i = 0; i < whole; i += 4) {
                a += terms[i];
                b += terms[i + 1];
                c += terms[i + 2];
                d += terms[i + 3];
            }
            for (int i = whole; i < n; i++) {
                a += terms[i];
            }
            return (a + b) + (c + d);
        }
    }

    /** A run of values, what they become, and the grid of each. */
    private static final class Chunk {
        private final Grids grids;
        private final float[] x = new float[CHUNK];
        private final float[] y = new float[CHUNK];
        private final float[] scale = new float[CHUNK];
        private final float[] lo = new float[CHUNK];
        private final float[] hi = new float[CHUNK];
        private int length;
        /** The slice that the grid arrays hold throughout; −1 if they hold several. */
        private int only = -1;
        /** Codebook grids by scale. */
        private final Map<Float, CodebookGrid> known = new HashMap<>();

        Chunk(Grids grids) {
            this.grids = grids;
        }

        void read(TensorData data, long at, int n) {
            length = n;
            data.read(at, x, 0, n);
            if (!grids.affine) {
                codebooks(at);
                return;
            }
            grids(at);
            for (int i = 0; i < n; i++) {
                float steps = Math.max(lo[i], Math.min(hi[i], x[i] / scale[i]));
                y[i] = (steps + TO_INTEGER - TO_INTEGER) * scale[i];
            }
        }

        /** The end levels themselves go to {@code lo} and {@code hi}, with a scale of 1. */
        private void codebooks(long at) {
            for (int i = 0; i < length; ) {
                int slice = grids.slicing.sliceOf(at + i);
                int end = (int) Math.min(length, grids.slicing.runEnd(at + i) - at);
                Scratch.quantize(x, y, i, end, codebook(slice));
                Arrays.fill(scale, i, end, 1);
                Arrays.fill(lo, i, end, grids.lo[slice]);
                Arrays.fill(hi, i, end, grids.hi[slice]);
                i = end;
            }
        }

        /** Blocks share scales far more often than not, and a grid is dear to make. */
        private CodebookGrid codebook(int slice) {
            if (grids.params.codebooks().size() > 1) {
                return grid(slice);
            } else if (known.size() > MOST_KNOWN) {
                known.clear();
            }
            return known.computeIfAbsent(grids.params.scale(slice), s -> grid(slice));
        }

        private CodebookGrid grid(int slice) {
            return switch (grids.params.grid(slice)) {
                case CodebookGrid c -> c;
                case UniformGrid u -> throw new IllegalStateException("codebooks: slice " + slice + " has " + u);
            };
        }

        private void grids(long at) {
            Slicing slicing = grids.slicing;
            long left = slicing.runEnd(at) - at;
            int slice = slicing.sliceOf(at);
            if (left >= length) {
                if (only != slice) {
                    fill(slice, 0, CHUNK);
                    only = slice;
                }
                return;
            }
            only = -1;
            boolean neighbours = slicing.run() == 1 && !slicing.isBlocked();
            for (int i = 0; i < length; ) {
                slice = slicing.sliceOf(at + i);
                if (neighbours) {
                    int n = Math.min(length - i, slicing.slices() - slice);
                    System.arraycopy(grids.scale, slice, scale, i, n);
                    System.arraycopy(grids.lo, slice, lo, i, n);
                    System.arraycopy(grids.hi, slice, hi, i, n);
                    i += n;
                } else {
                    int end = (int) Math.min(length, slicing.runEnd(at + i) - at);
                    fill(slice, i, end);
                    i = end;
                }
            }
        }

        private void fill(int slice, int from, int to) {
            Arrays.fill(scale, from, to, grids.scale[slice]);
            Arrays.fill(lo, from, to, grids.lo[slice]);
            Arrays.fill(hi, from, to, grids.hi[slice]);
        }
    }

    private static final class Sums {
        private long count;
        private long nan;
        private long inf;
        private double squares;
        private double error;
        private double quantizedSquares;
        private double products;
        private double worst;
        private long low;
        private long high;
        private double clipping;

        void add(Chunk c) {
            float[] x = c.x;
            float[] y = c.y;
            double xx = 0;
            double ee = 0;
            double yy = 0;
            double xy = 0;
            double max = 0;
            int below = 0;
            int above = 0;
            int n = c.length;
            for (int i = 0; i < n; i++) {
                double a = x[i];
                double b = y[i];
                double e = a - b;
                xx += a * a;
                ee += e * e;
                yy += b * b;
                xy += a * b;
                max = Math.max(max, Math.abs(e));
            }
            if (!Double.isFinite(xx)) {
                addFinite(c);
                return;
            }
            for (int i = 0; i < n; i++) {
                below += x[i] < c.lo[i] * c.scale[i] ? 1 : 0;
                above += x[i] > c.hi[i] * c.scale[i] ? 1 : 0;
            }
            if (below + above > 0) {
                for (int i = 0; i < n; i++) {
                    double e = (double) x[i] - y[i];
                    clipping += x[i] < c.lo[i] * c.scale[i] || x[i] > c.hi[i] * c.scale[i] ? e * e : 0;
                }
            }
            count += n;
            squares += xx;
            error += ee;
            quantizedSquares += yy;
            products += xy;
            worst = Math.max(worst, max);
            low += below;
            high += above;
        }

        /** Moves the finite values to the front and adds those. */
        private void addFinite(Chunk c) {
            int kept = 0;
            for (int i = 0; i < c.length; i++) {
                if (Float.isNaN(c.x[i])) {
                    nan++;
                } else if (Float.isInfinite(c.x[i])) {
                    inf++;
                } else {
                    c.x[kept] = c.x[i];
                    c.y[kept] = c.y[i];
                    c.scale[kept] = c.scale[i];
                    c.lo[kept] = c.lo[i];
                    c.hi[kept] = c.hi[i];
                    kept++;
                }
            }
            c.only = -1;
            c.length = kept;
            add(c);
        }

        Sums add(ErrorSums s) {
            count += s.count();
            nan += s.nan();
            inf += s.inf();
            squares += s.squares();
            error += s.squaredError();
            quantizedSquares += s.quantizedSquares();
            products += s.products();
            worst = Math.max(worst, s.maxAbsError());
            low += s.clippedLow();
            high += s.clippedHigh();
            clipping += s.clippingSquaredError();
            return this;
        }

        Sums add(Sums s) {
            count += s.count;
            nan += s.nan;
            inf += s.inf;
            squares += s.squares;
            error += s.error;
            quantizedSquares += s.quantizedSquares;
            products += s.products;
            worst = Math.max(worst, s.worst);
            low += s.low;
            high += s.high;
            clipping += s.clipping;
            return this;
        }

        ErrorReport report() {
            return new ErrorReport(count, nan, inf, squares, error, quantizedSquares, products, worst, low, high, clipping);
        }
    }
}
