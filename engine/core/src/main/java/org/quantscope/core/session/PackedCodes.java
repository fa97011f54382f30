package org.quantscope.core.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The codes of a stored tensor in storage order, each counted from the lowest level. Several codes of less than 8 bits
 * share a byte, the first in its lowest bits; codes of 16 bits are little-endian. Immutable.
 */
public final class PackedCodes {
    private final int width;
    private final byte[] bytes;

    /**
     * Packed codes.
     *
     * @param width bits of a code in storage: 1, 2, 4, 8 or 16
     * @param bytes not copied, not to be changed
     */
    PackedCodes(int width, byte[] bytes) {
        if (width < 1 || width > Short.SIZE || Integer.bitCount(width) != 1) {
            throw new IllegalArgumentException("width: 1, 2, 4, 8 or 16 bits are needed, got " + width);
        }
        this.width = width;
        this.bytes = bytes;
    }

    /**
     * The codes of the levels nearest to the values of a tensor.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static PackedCodes of(Tensor tensor, QuantParams params, CancelToken cancel) {
        int width = width(params);
        CodePacker packer = new CodePacker(width, tensor.data().count());
        int least = params.isAffine() ? params.qmin() : 0;
        long[] next = {0};
        try {
            new WeightCodes(tensor, params).each(cancel, code -> packer.put(next[0]++, code - least));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new PackedCodes(width, packer.bytes());
    }

    /** The storage width for the codes of these parameters. */
    static int width(QuantParams params) {
        int highest = params.isAffine() ? params.qmax() - params.qmin() : params.qmax();
        int bits = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(highest));
        return bits == 1 ? 1 : Integer.highestOneBit(bits - 1) * 2;
    }

    /**
     * The values that the codes stand for.
     *
     * @return [elements], in storage order
     * @throws IllegalArgumentException if these are not codes of such a tensor under such parameters, saying what differs
     */
    public float[] values(TensorInfo info, QuantParams params) {
        int count = Math.toIntExact(info.shape().count());
        if (width != width(params) || bytes.length != Math.ceilDiv((long) count * width, Byte.SIZE)) {
            throw new IllegalArgumentException(bytes.length + " bytes of codes of " + width + " bits for " + count
                    + " values whose codes take " + width(params) + " bits");
        }
        Slicing slicing = Slicing.of(info, params.granularity());
        if (slicing.slices() != params.slices()) {
            throw new IllegalArgumentException(
                    params.slices() + " scales for " + slicing.slices() + " slices of " + info.id());
        }
        int least = params.isAffine() ? params.qmin() : 0;
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            int slice = slicing.sliceOf(i);
            int code = CodePacker.get(bytes, width, false, i) + least;
            int last = params.isAffine() || params.codebooks().size() == 1
                    ? params.qmax()
                    : params.codebooks().get(slice).size() - 1;
            if (code > last) {
                throw new IllegalArgumentException(
                        "code " + code + " of value " + i + " of " + info.id() + " is above the last, " + last);
            }
            values[i] = WeightCodes.value(params, slice, code);
        }
        return values;
    }

    int width() {
        return width;
    }

    /** Not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || (other instanceof PackedCodes o && width == o.width && Arrays.equals(bytes, o.bytes));
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return bytes.length + " bytes of codes of " + width + " bits";
    }
}
