package org.quantscope.core.export;

import java.io.IOException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.quant.Minifloat;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.tensor.Tensor;

/** The codes of a tensor as an ONNX type holds them: integers, or the bits of small floating-point numbers. */
final class StoredCodes {
    private StoredCodes() {}

    /** Receives a code. */
    @FunctionalInterface
    interface Sink {
        void put(long index, int code);
    }

    /**
     * The codes in storage order, packed.
     *
     * @param type the type that holds them; a floating-point one if the levels are its codebook
     */
    static byte[] packed(Tensor t, QuantParams params, CodeType type, CancelToken cancel) throws IOException {
        CodePacker packer = new CodePacker(type.bits(), t.data().count());
        each(t, params, type, packer::put, cancel);
        return packer.bytes();
    }

    /** Passes each code to {@code sink}, in storage order. */
    static void each(Tensor t, QuantParams params, CodeType type, Sink sink, CancelToken cancel) throws IOException {
        long[] next = {0};
        new WeightCodes(t, params)
                .each(
                        cancel,
                        code -> sink.put(
                                next[0]++,
                                params.isAffine() ? code : bits(type.format().orElseThrow(), code)));
    }

    /** The bits, sign and magnitude, of the level with this number, counted from the lowest. */
    private static int bits(Minifloat format, int level) {
        int zero = format.codes() - 1;
        return level >= zero ? level - zero : (1 << (format.bits() - 1)) | (zero - level);
    }
}
