package org.quantscope.core.onnx;

/**
 * Packs integer codes into bytes. Several codes of less than 8 bits share a byte, the first in its lowest bits; wider
 * codes are little-endian.
 */
public final class CodePacker {
    private final int bits;
    private final byte[] bytes;

    /**
     * A packer whose codes are all 0.
     *
     * @param bits 1, 2, 4, 8 or 16
     * @throws IllegalArgumentException if they take more than 2^31 − 1 bytes
     */
    public CodePacker(int bits, long count) {
        long size = Math.ceilDiv(count * bits, Byte.SIZE);
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("codes: " + count + " of " + bits + " bits do not fit one array");
        }
        this.bits = bits;
        this.bytes = new byte[(int) size];
    }

    /** Sets a code; only once for each index. A negative code is stored in two's complement. */
    public void put(long index, int code) {
        if (bits > Byte.SIZE) {
            bytes[(int) (index * 2)] = (byte) code;
            bytes[(int) (index * 2 + 1)] = (byte) (code >> Byte.SIZE);
            return;
        }
        long bit = index * bits;
        bytes[(int) (bit / Byte.SIZE)] |= (byte) ((code & ((1 << bits) - 1)) << bit % Byte.SIZE);
    }

    /** The code at an index of packed bytes. */
    public static int get(byte[] bytes, int bits, boolean signed, long index) {
        if (bits > Byte.SIZE) {
            int at = (int) (index * 2);
            int code = (bytes[at] & 0xff) | bytes[at + 1] << Byte.SIZE;
            return signed ? code : code & 0xffff;
        }
        long bit = index * bits;
        int code = (bytes[(int) (bit / Byte.SIZE)] & 0xff) >> bit % Byte.SIZE & ((1 << bits) - 1);
        return signed && code >= 1 << (bits - 1) ? code - (1 << bits) : code;
    }

    /** The packed codes; must not be changed. */
    public byte[] bytes() {
        return bytes;
    }
}
