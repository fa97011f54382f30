package org.quantscope.core.onnx;

/** Puts integer codes into bytes: codes of less than 8 bits share one, the first in its lowest bits; wider ones are little-endian. */
public final class CodePacker {
    private final int bits;
    private final byte[] bytes;

    /**
     * Room for codes, all 0 at first.
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

    /** Sets a code, once; of a negative one the two's complement is kept. */
    public void put(long index, int code) {
        if (bits > Byte.SIZE) {
            bytes[(int) (index * 2)] = (byte) code;
            bytes[(int) (index * 2 + 1)] = (byte) (code >> Byte.SIZE);
            return;
        }
        long bit = index * bits;
        bytes[(int) (bit / Byte.SIZE)] |= (byte) ((code & ((1 << bits) - 1)) << bit % Byte.SIZE);
    }

    /** A code that was put. */
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

    /** The packed codes; not to be changed. */
    public byte[] bytes() {
        return bytes;
    }
}
