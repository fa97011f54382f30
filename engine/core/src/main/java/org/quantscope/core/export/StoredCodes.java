package org.quantscope.core.export;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.Minifloat;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.tensor.Tensor;

/** The values of a tensor as codes. */
final class StoredCodes {
    private static final int CHUNK = 1 << 14;
    /** Scaled codebooks that are kept; those of further slices are made anew for each value. */
    private static final int KEPT_GRIDS = 1 << 14;

    private StoredCodes() {}

    /** Takes a code. */
    interface Sink {
        void put(long index, int code);
    }

    /**
     * The codes in storage order, packed.
     *
     * @param type holds them; a floating one if the levels are its codebook
     */
    static byte[] packed(Tensor t, QuantParams params, CodeType type, CancelToken cancel) {
        CodePacker packer = new CodePacker(type.bits(), t.data().count());
        each(t, params, type, packer::put, cancel);
        return packer.bytes();
    }

    /** Each code in storage order: an integer, or the bits of a small floating-point number. */
    static void each(Tensor t, QuantParams params, CodeType type, Sink sink, CancelToken cancel) {
        Slicing slicing = Slicing.of(t.info(), params.granularity());
        @Nullable Grid[] grids = new @Nullable Grid[Math.min(params.slices(), KEPT_GRIDS)];
        float[] chunk = new float[CHUNK];
        UniformGrid[] uniform = params.isAffine() ? uniform(params) : new UniformGrid[0];
        long count = t.data().count();
        for (long from = 0; from < count; from += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, count - from);
            t.data().read(from, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                int at = slicing.sliceOf(from + i);
                if (params.isAffine()) {
                    sink.put(from + i, uniform[at].code(chunk[i]));
                    continue;
                }
                Grid grid = at < grids.length ? grids[at] : params.grid(at);
                if (grid == null) {
                    grid = params.grid(at);
                    grids[at] = grid;
                }
                sink.put(from + i, bits(type.format().orElseThrow(), grid, params.scale(at), chunk[i]));
            }
        }
    }

    private static UniformGrid[] uniform(QuantParams params) {
        UniformGrid[] grids = new UniformGrid[params.slices()];
        for (int i = 0; i < grids.length; i++) {
            grids[i] = new UniformGrid(params.scale(i), params.zeroPoint(i), params.qmin(), params.qmax());
        }
        return grids;
    }

    /** Sign and magnitude of the level that a value goes to. */
    private static int bits(Minifloat format, Grid grid, float scale, float value) {
        int zero = format.codes() - 1;
        int index = grid.index(value);
        if (grid.size() != 2 * zero + 1) {
            // The scale is so small that levels fell together: the unscaled ones tell them apart.
            CodebookGrid whole = format.codebook();
            index = whole.index(grid.quantize(value) / scale);
        }
        int sign = 1 << (format.bits() - 1);
        return index >= zero ? index - zero : sign | (zero - index);
    }
}
