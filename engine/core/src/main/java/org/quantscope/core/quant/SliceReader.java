package org.quantscope.core.quant;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.TensorData;

/**
 * Hands out the values of a tensor slice by slice. Slices whose values are interleaved are gathered in groups, with one
 * sweep over the tensor for each group. Memory stays bounded, and only a slice that fills the memory allowed by itself
 * costs a sweep of its own.
 */
public final class SliceReader {
    /** Values held at a time, unless a single slice has more. */
    private static final int GROUP_VALUES = 1 << 22;

    /** Values that one thread takes at a time where slices are blocks. */
    private static final int TASK_VALUES = 1 << 16;

    private SliceReader() {}

    /** Receives the values of one slice. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Called once for each slice, from several threads at once.
         *
         * @param values holds the slice's values in storage order at {@code [from, from + length)}; not to be kept
         */
        void visit(int slice, float[] values, int from, int length);
    }

    /**
     * Visits every slice.
     *
     * @throws ArithmeticException if a slice has more than 2^31 − 1 values
     */
    public static void forEach(TensorData data, Slicing slicing, CancelToken cancel, Visitor visitor) {
        if (slicing.isBlocked() && data.count() > 0) {
            blocks(data, slicing, 0, slicing.slices() / slicing.inner(), cancel, visitor);
            return;
        }
        int slices = slicing.slices();
        int outer = Math.toIntExact(data.count() / Math.multiplyExact(slicing.run(), slices));
        int length = Math.toIntExact(outer * slicing.run());
        int group = Math.clamp(length == 0 ? slices : GROUP_VALUES / length, 1, slices);
        float[] values = new float[group * length];
        for (int first = 0; first < slices; first += group) {
            int start = first;
            int size = Math.min(group, slices - first);
            gather(data, slicing, first, size, outer, values, cancel);
            IntStream.range(0, size).parallel().forEach(i -> {
                cancel.check();
                visitor.visit(start + i, values, i * length, length);
            });
        }
    }

    /**
     * Visits every slice, and between pieces of slices in their order lets the caller take stock on one thread: a result
     * that is large for each slice need not be kept for all of them.
     *
     * @param most slices of a piece; interleaved blocks may make it larger
     * @param after called with the first slice of a piece and the one behind its last
     */
    public static void forEachInPieces(
            TensorData data, Slicing slicing, int most, CancelToken cancel, Visitor visitor, Piece after) {
        if (!slicing.isBlocked() || data.count() == 0) {
            forEach(data, slicing, cancel, visitor);
            after.done(0, slicing.slices());
            return;
        }
        long inner = slicing.inner();
        long regions = slicing.slices() / inner;
        long piece = Math.max(1, most / inner);
        for (long from = 0; from < regions; from += piece) {
            long to = Math.min(regions, from + piece);
            blocks(data, slicing, from, to, cancel, visitor);
            after.done((int) (from * inner), (int) (to * inner));
        }
    }

    /** What is done when a piece of the slices has been visited. */
    @FunctionalInterface
    public interface Piece {
        void done(int from, int to);
    }

    /**
     * The values of one slice in storage order. It costs a sweep over the rows that the slice lies in, not over the tensor.
     *
     * @throws ArithmeticException if the slice has more than 2^31 − 1 values
     */
    public static float[] read(TensorData data, Slicing slicing, int slice, CancelToken cancel) {
        if (data.count() == 0) {
            return new float[0];
        }
        long length = slicing.length();
        long inner = slicing.inner();
        if (!slicing.isBlocked()) {
            int outer = Math.toIntExact(data.count() / Math.multiplyExact(slicing.run(), slicing.slices()));
            float[] values = new float[Math.toIntExact(outer * slicing.run())];
            gather(data, slicing, slice, 1, outer, values, cancel);
            return values;
        }
        long perRow = Math.ceilDiv(length, slicing.span());
        long region = slice / inner;
        long first = region % perRow * slicing.span();
        int size = (int) Math.min(slicing.span(), length - first);
        long start = (region / perRow * length + first) * inner + slice % inner;
        float[] values = new float[size];
        if (inner == 1) {
            data.read(start, values, 0, size);
            return values;
        }
        for (int k = 0; k < size; k++) {
            if ((k & 1023) == 0) {
                cancel.check();
            }
            data.read(start + k * inner, values, k, 1);
        }
        return values;
    }

    /**
     * Gathers {@code size} slices of {@code outer} runs each; slice {@code first + i} goes to
     * {@code values[i * length ..]}.
     */
    private static void gather(
            TensorData data, Slicing slicing, int first, int size, int outer, float[] values, CancelToken cancel) {
        if (data.count() == 0) {
            return;
        }
        int run = (int) slicing.run();
        int length = outer * run;
        int rowLength = size * run;
        boolean contiguous = outer == 1 || size == 1;
        float[] row = contiguous ? values : new float[rowLength];
        for (int o = 0; o < outer; o++) {
            if ((o & 63) == 0) {
                cancel.check();
            }
            long at = ((long) o * slicing.slices() + first) * run;
            if (contiguous) {
                data.read(at, values, o * run, rowLength);
                continue;
            }
            data.read(at, row, 0, rowLength);
            if (run == 1) {
                for (int i = 0; i < size; i++) {
                    values[i * length + o] = row[i];
                }
            } else {
                for (int i = 0; i < size; i++) {
                    System.arraycopy(row, i * run, values, i * length + o * run, run);
                }
            }
        }
    }

    /**
     * The {@code inner} blocks that start at the same element of the axis are interleaved in one region of the tensor;
     * threads take regions, of those from {@code begin} to {@code regions}.
     */
    private static void blocks(
            TensorData data, Slicing slicing, long begin, long regions, CancelToken cancel, Visitor visitor) {
        long length = slicing.length();
        long span = slicing.span();
        long inner = slicing.inner();
        long perRow = Math.ceilDiv(length, span);
        long task = Math.max(1, TASK_VALUES / Math.min(TASK_VALUES, span * inner));
        // The number of interleaved blocks that are read at a time.
        int wide = (int) Math.clamp(GROUP_VALUES / span, 1, Math.min(inner, Integer.MAX_VALUE));
        LongStream.range(0, Math.ceilDiv(regions - begin, task)).parallel().forEach(t -> {
            float[] read = new float[Math.toIntExact(Math.multiplyExact(span, wide))];
            float[] block = inner == 1 ? read : new float[(int) span];
            for (long region = begin + t * task; region < Math.min(regions, begin + (t + 1) * task); region++) {
                cancel.check();
                long first = region % perRow * span;
                int size = (int) Math.min(span, length - first);
                long start = (region / perRow * length + first) * inner;
                for (long from = 0; from < inner; from += wide) {
                    int n = (int) Math.min(wide, inner - from);
                    if (n == inner) {
                        data.read(start, read, 0, size * n);
                    } else {
                        for (int k = 0; k < size; k++) {
                            data.read(start + k * inner + from, read, k * n, n);
                        }
                    }
                    for (int i = 0; i < n; i++) {
                        if (inner > 1) {
                            for (int k = 0; k < size; k++) {
                                block[k] = read[k * n + i];
                            }
                        }
                        visitor.visit((int) (region * inner + from + i), block, 0, size);
                    }
                }
            }
        });
    }
}
