package org.quantscope.core.quant;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

/**
 * The integer codes of a stored tensor: for affine parameters from {@code qmin} to {@code qmax}, for codebooks the
 * index of the level from 0. A NaN becomes the code of 0. For one thread.
 */
public final class WeightCodes {
    private static final int CHUNK = 1 << 14;

    private final Tensor tensor;
    private final QuantParams params;
    private final Slicing slicing;
    private final Map<Object, Book> books = new HashMap<>();
    /** The slice that {@code lastGrid} belongs to; neighbouring values mostly lie in the same slice. */
    private int lastSlice = -1;

    private UniformGrid lastGrid = new UniformGrid(1, 0, 0, 1);

    /**
     * A scaled codebook, with the index in the original codebook for each of its levels, which is needed because
     * scaling may merge levels.
     */
    private static final class Book {
        private final CodebookGrid scaled;
        private final int[] number;

        Book(CodebookGrid codebook, float scale) {
            scaled = codebook.scaled(scale);
            number = new int[scaled.size()];
            for (int i = 0, j = 0; i < number.length; i++) {
                while (codebook.level(j) * scale != scaled.level(i)) {
                    j++;
                }
                number[i] = j;
            }
        }

        int code(float x) {
            return number[scaled.index(Float.isNaN(x) ? 0 : x)];
        }
    }

    public WeightCodes(Tensor tensor, QuantParams params) {
        this.tensor = tensor;
        this.params = params;
        this.slicing = Slicing.of(tensor.info(), params.granularity());
    }

    /** Receives one code after the other. */
    @FunctionalInterface
    public interface Sink {
        void accept(int code) throws IOException;
    }

    /** Passes every code to {@code sink}, in storage order. */
    public void each(CancelToken cancel, Sink sink) throws IOException {
        float[] chunk = new float[CHUNK];
        long count = tensor.data().count();
        for (long from = 0; from < count; from += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, count - from);
            tensor.data().read(from, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                sink.accept(code(slicing.sliceOf(from + i), chunk[i]));
            }
        }
    }

    /** All codes in storage order. */
    public int[] all(CancelToken cancel) throws IOException {
        int[] codes = new int[Math.toIntExact(tensor.data().count())];
        int[] next = {0};
        each(cancel, code -> codes[next[0]++] = code);
        return codes;
    }

    private int code(int slice, float x) {
        if (params.isAffine()) {
            if (slice != lastSlice) {
                lastGrid = new UniformGrid(params.scale(slice), params.zeroPoint(slice), params.qmin(), params.qmax());
                lastSlice = slice;
            }
            return lastGrid.code(x);
        }
        boolean shared = params.codebooks().size() == 1;
        CodebookGrid codebook = params.codebooks().get(shared ? 0 : slice);
        // Blocks use only a few different scales, so a shared codebook is kept by scale; a codebook of a slice is kept
        // by slice.
        Object key = shared ? (Object) params.scale(slice) : (Object) slice;
        return books.computeIfAbsent(key, k -> new Book(codebook, params.scale(slice)))
                .code(x);
    }

    /** The value that a code stands for: what {@link Grid#quantize} gives. */
    public static float value(QuantParams params, int slice, int code) {
        return params.isAffine()
                ? (code - params.zeroPoint(slice)) * params.scale(slice)
                : params.codebooks()
                                .get(params.codebooks().size() == 1 ? 0 : slice)
                                .level(code)
                        * params.scale(slice);
    }

    /** A row-major array with its axes reordered: {@code order.get(i)} is the old axis that becomes axis {@code i}. */
    public static int[] transposed(int[] values, Shape shape, List<Integer> order) {
        int rank = shape.rank();
        int[] out = new int[values.length];
        long[] index = new long[rank];
        long from = 0;
        for (int at = 0; at < out.length; at++) {
            out[at] = values[(int) from];
            for (int i = rank - 1; i >= 0; i--) {
                int axis = order.get(i);
                from += shape.inner(axis);
                if (++index[i] < shape.dim(axis)) {
                    break;
                }
                from -= shape.inner(axis) * shape.dim(axis);
                index[i] = 0;
            }
        }
        return out;
    }
}
