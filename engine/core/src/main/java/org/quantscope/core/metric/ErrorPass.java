package org.quantscope.core.metric;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.kernel.AffineGrid;
import org.quantscope.core.kernel.ErrorSums;
import org.quantscope.core.kernel.Kernels;
import org.quantscope.core.kernel.LevelTable;
import org.quantscope.core.kernel.ValueWindow;
import org.quantscope.core.quant.ClipRange;
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
 * <p>Values are read in chunks; parts of fixed size are summed separately and then added in order, so a result does not
 * depend on the number of cores. Where many neighbours share an evenly spaced grid the work is done by {@link Kernels}.
 */
public final class ErrorPass {
    private static final int PART = 1 << 18;

    /** The number of neighbours on one grid from which a kernel is worth starting. */
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
        List<ErrorSums> parts = parts(data.count())
                .mapToObj(part -> {
                    long from = part * PART;
                    long end = Math.min(data.count(), from + PART);
                    return grids.longRuns()
                            ? ofLongRuns(data, grids, from, end, cancel)
                            : ofShortRuns(data, grids, from, end, cancel);
                })
                .toList();
        var sums = new ErrorSums();
        parts.forEach(sums::add);
        return report(sums);
    }

    private static ErrorReport report(ErrorSums sums) {
        return new ErrorReport(
                sums.count(),
                sums.nan(),
                sums.inf(),
                sums.squares(),
                sums.squaredError(),
                sums.quantizedSquares(),
                sums.products(),
                sums.maxAbsError(),
                sums.clippedLow(),
                sums.clippedHigh(),
                sums.clippingSquaredError());
    }

    /**
     * The exact error of other values than the nearest levels: those of codes that a rounding chose. What lies outside the range of the
     * parameters counts as clipped, as ever.
     *
     * @param quantized [elements], in storage order
     */
    public static ErrorReport measure(Tensor tensor, QuantParams params, float[] quantized, CancelToken cancel) {
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        List<ClipRange> effective = params.effective();
        var sums = new ErrorSums();
        float[] chunk = new float[ValueWindow.MOST];
        for (int from = 0; from < quantized.length; from += chunk.length) {
            cancel.check();
            int n = Math.min(chunk.length, quantized.length - from);
            tensor.data().read(from, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                ClipRange range = effective.get(slicing.sliceOf(from + (long) i));
                sums.add(chunk[i], quantized[from + i], range.lo(), range.hi());
            }
        }
        return report(sums);
    }

    private static ErrorSums ofShortRuns(TensorData data, Grids grids, long from, long end, CancelToken cancel) {
        var window = new GridWindow(grids);
        var sums = new ErrorSums();
        for (long at = from; at < end; at += ValueWindow.MOST) {
            cancel.check();
            window.show(data, at, (int) Math.min(ValueWindow.MOST, end - at));
            window.addTo(sums);
        }
        return sums;
    }

    private static ErrorSums ofLongRuns(TensorData data, Grids grids, long from, long end, CancelToken cancel) {
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
        return sums;
    }

    /**
     * The fake-quantized values in storage order; NaN stays NaN, infinities saturate.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     * @throws ArithmeticException if there are more than 2^31 − 1 values
     */
    public static float[] fakeQuantize(Tensor tensor, QuantParams params, CancelToken cancel) {
        float[] out = new float[Math.toIntExact(tensor.data().count())];
        fakeQuantize(tensor, params, (at, from, length) -> System.arraycopy(from, 0, out, (int) at, length), cancel);
        return out;
    }

    /** Takes quantized values, a run at a time, on several threads at once. */
    @FunctionalInterface
    public interface Values {
        /**
         * @param at the place of the first in storage order
         * @param values only good for this call
         * @param length how many
         */
        void take(long at, float[] values, int length);
    }

    /**
     * The same for values that need not lie on the heap.
     *
     * @param out given every value once
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     */
    public static void fakeQuantize(Tensor tensor, QuantParams params, Values out, CancelToken cancel) {
        TensorData data = tensor.data();
        var grids = new Grids(tensor.info(), params);
        parts(data.count()).forEach(part -> {
            long from = part * PART;
            long end = Math.min(data.count(), from + PART);
            if (grids.longRuns()) {
                Kernels kernels = Kernels.chosen();
                ValueWindow window = ValueWindow.ofThread();
                float[] quantized = QUANTIZED.get();
                for (long at = from; at < end; ) {
                    cancel.check();
                    int length = grids.inOneRun(at, end);
                    window.show(data, at, length);
                    kernels.quantize(window.segment(), window.offset(), length, grids.affine(at), quantized, 0);
                    out.take(at, quantized, length);
                    at += length;
                }
                return;
            }
            var window = new GridWindow(grids);
            for (long at = from; at < end; at += ValueWindow.MOST) {
                cancel.check();
                int length = (int) Math.min(ValueWindow.MOST, end - at);
                window.show(data, at, length);
                out.take(at, window.quantized(), length);
            }
        });
    }

    /** Σ(x−y)² of the finite values of {@code data} on one grid. */
    public static double squaredError(TensorData data, Grid grid, CancelToken cancel) {
        var rule = SquaredError.on(grid);
        double[] sums = parts(data.count())
                .mapToDouble(part -> {
                    ValueWindow window = ValueWindow.ofThread();
                    double sum = 0;
                    for (long at = part * PART, end = Math.min(data.count(), at + PART);
                            at < end;
                            at += ValueWindow.MOST) {
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

    /** Σ(x−y)² over the finite values among the first {@code length} of a window. */
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
                case CodebookGrid c -> {
                    Kernels kernels = Kernels.chosen();
                    LevelTable levels = LevelTable.of(c);
                    yield (window, length) -> {
                        float[] y = QUANTIZED.get();
                        kernels.quantize(window.segment(), window.offset(), length, levels, y, 0);
                        return kernels.squaredError(window.segment(), window.offset(), length, y);
                    };
                }
            };
        }
    }

    private static LongStream parts(long count) {
        return LongStream.range(0, Math.ceilDiv(count, PART)).parallel();
    }

    /** The quantized values of those in the window. */
    private static final ThreadLocal<float[]> QUANTIZED = ThreadLocal.withInitial(() -> new float[ValueWindow.MOST]);

    private static final LevelTable NO_TABLE = LevelTable.of(new CodebookGrid(0));

    /** Up to this many levels a codebook is scaled anew rather than kept, if {@link #QUICK_RUN} neighbours share it. */
    private static final int QUICK_LEVELS = 16;

    private static final int QUICK_RUN = 8;

    /** The number of scaled codebooks that a thread keeps. */
    private static final int MOST_KNOWN = 256;

    private static float steps(long steps) {
        if (Math.abs(steps) > AffineGrid.MOST_STEPS) {
            throw new IllegalArgumentException(
                    "qmax: at most " + AffineGrid.MOST_STEPS + " steps on either side of the zero point, got " + steps);
        }
        return steps;
    }

    /** The grid of each slice, computed when it is needed: its arrays would take more memory than the scales. */
    private static final class Grids {
        private final Slicing slicing;
        private final QuantParams params;
        private final boolean affine;

        Grids(TensorInfo info, QuantParams params) {
            slicing = Slicing.of(info, params.granularity());
            int slices = params.slices();
            if (slicing.slices() != slices) {
                throw new IllegalArgumentException("scales: " + slices + " scales, but " + info.id() + " of shape "
                        + info.shape() + " has " + slicing.slices() + " slices");
            }
            this.params = params;
            affine = params.isAffine();
            for (int i = 0; affine && i < slices; i++) {
                steps((long) params.qmin() - params.zeroPoint(i));
                steps((long) params.qmax() - params.zeroPoint(i));
            }
        }

        /** Of a slice with evenly spaced levels. */
        AffineGrid grid(int slice) {
            float scale = params.scale(slice);
            float loSteps = steps((long) params.qmin() - params.zeroPoint(slice));
            float hiSteps = steps((long) params.qmax() - params.zeroPoint(slice));
            return new AffineGrid(scale, loSteps, hiSteps, loSteps * scale, hiSteps * scale);
        }

        boolean longRuns() {
            return affine && slicing.run() >= LONG_RUN;
        }

        /** How many values from {@code at} on, none at {@code end}, fill a window and lie in one slice. */
        int inOneRun(long at, long end) {
            return (int) Math.min(Math.min(ValueWindow.MOST, end - at), slicing.runEnd(at) - at);
        }

        AffineGrid affine(long at) {
            return grid(slicing.sliceOf(at));
        }
    }

    /** A window on values, with the grid of each value beside it and the quantized values. For one thread. */
    private static final class GridWindow {
        private final Kernels kernels = Kernels.chosen();
        private final ValueWindow values = ValueWindow.ofThread();
        private final Grids grids;
        private final float[] y = new float[ValueWindow.MOST];
        private final float[] scale = new float[ValueWindow.MOST];
        private final float[] loSteps = new float[ValueWindow.MOST];
        private final float[] hiSteps = new float[ValueWindow.MOST];
        private final float[] lo = new float[ValueWindow.MOST];
        private final float[] hi = new float[ValueWindow.MOST];
        private int length;
        /** The slice that all entries of the arrays belong to; −1 if they belong to several. */
        private int only = -1;
        /** The slice that {@code table} belongs to. */
        private int last;

        private LevelTable table;
        /** Tables of scaled codebooks, by scale. */
        private final Map<Float, LevelTable> known = new HashMap<>();

        GridWindow(Grids grids) {
            this.grids = grids;
            table = grids.affine ? NO_TABLE : levels(0);
        }

        void show(TensorData data, long at, int n) {
            length = n;
            values.show(data, at, n);
            showGrids(at);
            if (grids.affine) {
                kernels.quantizeEach(values.segment(), values.offset(), n, scale, loSteps, hiSteps, y);
            } else {
                byCodebooks(at);
            }
        }

        float[] quantized() {
            return y;
        }

        void addTo(ErrorSums sums) {
            kernels.addErrors(values.segment(), values.offset(), length, y, lo, hi, sums);
        }

        private void byCodebooks(long at) {
            for (int i = 0; i < length; ) {
                int slice = grids.slicing.sliceOf(at + i);
                int end = (int) Math.min(length, grids.slicing.runEnd(at + i) - at);
                if (slice != last) {
                    table = levels(slice);
                    last = slice;
                }
                kernels.quantize(values.segment(), values.offset() + 4L * i, end - i, table, y, i);
                i = end;
            }
        }

        /**
         * The scaled codebook of a slice, kept for reuse: blocks often share scales, and the blocks of a row use the
         * same few again and again.
         */
        private LevelTable levels(int slice) {
            List<CodebookGrid> codebooks = grids.params.codebooks();
            float s = grids.params.scale(slice);
            if (codebooks.size() > 1) {
                return LevelTable.scaled(codebooks.get(slice), s);
            } else if (grids.slicing.run() >= QUICK_RUN && codebooks.getFirst().size() <= QUICK_LEVELS) {
                return LevelTable.scaled(codebooks.getFirst(), s);
            }
            LevelTable made = known.get(s);
            if (made == null) {
                if (known.size() >= MOST_KNOWN) {
                    known.clear();
                }
                made = LevelTable.of(codebooks.getFirst().scaled(s));
                known.put(s, made);
            }
            return made;
        }

        private void showGrids(long at) {
            Slicing slicing = grids.slicing;
            long left = slicing.runEnd(at) - at;
            int slice = slicing.sliceOf(at);
            if (left >= length) {
                if (only != slice) {
                    fill(slice, 0, ValueWindow.MOST);
                    only = slice;
                }
                return;
            }
            only = -1;
            if (slicing.run() == 1) {
                // Neighbouring values lie in neighbouring slices, until the end of the axes behind the cut one, or of
                // the axis itself if it is the last.
                long row = slicing.isBlocked() ? slicing.inner() : slicing.length();
                for (int i = 0; i < length; ) {
                    int n = (int) Math.min(length - i, row - (at + i) % row);
                    copy(slicing.sliceOf(at + i), i, n);
                    i += n;
                }
                return;
            }
            // Runs of neighbouring slices follow each other; only the last of a row may be shorter.
            for (int i = 0; i < length; ) {
                int end = (int) Math.min(length, slicing.runEnd(at + i) - at);
                fill(slice, i, end);
                i = end;
                slice = slice + 1 == slicing.slices() ? 0 : slice + 1;
            }
        }

        private void copy(int slice, int at, int n) {
            for (int i = 0; i < n; i++) {
                fill(slice + i, at + i, at + i + 1);
            }
        }

        private void fill(int slice, int from, int to) {
            if (!grids.affine) {
                ClipRange ends = grids.params.effective(slice);
                Arrays.fill(lo, from, to, ends.lo());
                Arrays.fill(hi, from, to, ends.hi());
                return;
            }
            AffineGrid grid = grids.grid(slice);
            Arrays.fill(lo, from, to, grid.lo());
            Arrays.fill(hi, from, to, grid.hi());
            Arrays.fill(scale, from, to, grid.scale());
            Arrays.fill(loSteps, from, to, grid.loSteps());
            Arrays.fill(hiSteps, from, to, grid.hiSteps());
        }
    }
}
