package org.quantscope.core.tflite;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The stored whole numbers of a tensor, which may be codes of a quantized one.
 *
 * @param type INT4, INT8, UINT8, INT16, UINT16, INT32 or INT64
 * @param stored as many as the tensor has, in place
 */
public record LiteCodes(LiteType type, MemorySegment stored) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The codes of a stored tensor. */
    public static LiteCodes of(LiteTensor tensor) {
        return new LiteCodes(tensor.type(), tensor.stored().orElseThrow());
    }

    /** The number at a place, as it is stored: not scaled, zero point not taken away. */
    public long at(long i) {
        return switch (type) {
            case INT4 -> {
                int both = stored.get(ValueLayout.JAVA_BYTE, i / 2);
                yield (i & 1) == 0 ? both << 28 >> 28 : both >> 4;
            }
            case INT8 -> stored.get(ValueLayout.JAVA_BYTE, i);
            case UINT8 -> Byte.toUnsignedInt(stored.get(ValueLayout.JAVA_BYTE, i));
            case INT16 -> stored.get(SHORT, 2 * i);
            case UINT16 -> Short.toUnsignedInt(stored.get(SHORT, 2 * i));
            case INT32 -> stored.get(INT, 4 * i);
            case INT64 -> stored.get(LONG, 8 * i);
            default -> throw new IllegalArgumentException("type: " + type + " holds no whole numbers");
        };
    }

    /**
     * The values of a quantized tensor, scale · (code − zero point) in float32, as the kernels of TensorFlow Lite
     * dequantize.
     *
     * @return little-endian, from its first byte to its last
     */
    public static ByteBuffer values(LiteTensor tensor) {
        LiteQuantization q = tensor.quantization().orElseThrow();
        LiteCodes codes = of(tensor);
        int count = Math.toIntExact(tensor.shape().count());
        ByteBuffer out =
                ByteBuffer.allocate(Math.multiplyExact(count, Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        long inner = q.perTensor() ? 1 : tensor.shape().inner(q.axis());
        for (int i = 0; i < count; i++) {
            int slice = q.perTensor() ? 0 : (int) (i / inner % q.scales().length);
            out.putFloat((float) (codes.at(i) - q.zeroPoints()[slice]) * q.scales()[slice]);
        }
        return out.rewind();
    }
}
