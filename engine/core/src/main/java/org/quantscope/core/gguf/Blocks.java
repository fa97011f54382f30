package org.quantscope.core.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.Float8;

/**
 * The block layouts of ggml (ggml-common.h and ggml-quants.c of the project). All arithmetic is float32, in the order in
 * which ggml does it. A code is written q; d, m and dmin are the scales and offsets of a block.
 */
final class Blocks {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The levels of IQ4_NL and IQ4_XS before scaling. */
    private static final float[] IQ4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** The values of an E2M1 code: two exponent bits, one mantissa bit. */
    private static final float[] E2M1 = {0, .5f, 1, 1.5f, 2, 3, 4, 6, 0, -.5f, -1, -1.5f, -2, -3, -4, -6};

    private static final int[] POWERS_OF_THREE = {1, 3, 9, 27, 81};

    private Blocks() {}

    /** Decodes one block: its bytes begin at {@code at}, its values go to {@code out} from {@code o} on. */
    @FunctionalInterface
    interface Decoder {
        void decode(MemorySegment s, long at, float[] out, int o);
    }

    /** The levels of one group: each of the codes times a scale, and something added. */
    @FunctionalInterface
    interface Scales {
        /** @return the scale and what is added */
        float[] of(MemorySegment s, long at, int group);
    }

    /**
     * @param codes what a code is before scaling
     * @param scales of a group
     */
    @SuppressWarnings("ArrayRecordComponent") // a table that is never handed out; formats are compared by their id
    record Format(
            String id, int values, int bytes, int group, String formula, Decoder decoder, float[] codes, Scales scales)
            implements BlockFormat {
        @Override
        public float[] levels(MemorySegment stored, long at, int number) {
            float[] of = scales.of(stored, at, number);
            float[] all = new float[codes.length];
            for (int i = 0; i < all.length; i++) {
                // As decoding: a product, then a sum; both zeros are one level.
                all[i] = codes[i] * of[0] + of[1] + 0f;
            }
            Arrays.sort(all);
            int n = 0;
            for (int i = 0; i < all.length; i++) {
                if (i == 0 || all[i] != all[n - 1]) {
                    all[n++] = all[i];
                }
            }
            return Arrays.copyOf(all, n);
        }

        @Override
        public void decode(MemorySegment stored, long at, float[] out, int from) {
            decoder.decode(stored, at, out, from);
        }
    }

    private static int b(MemorySegment s, long at) {
        return Byte.toUnsignedInt(s.get(ValueLayout.JAVA_BYTE, at));
    }

    /** Bit {@code n} of a code, from the lowest on. */
    private static int bit(int code, int n) {
        return (code >>> n) & 1;
    }

    /** Two bits of a code: pair {@code n}, from the lowest on. */
    private static int two(int code, int n) {
        return (code >>> (2 * n)) & 3;
    }

    /** The low or high four bits of a byte. */
    private static int half(int code, boolean high) {
        return high ? code >> 4 : code & 15;
    }

    private static float float16(MemorySegment s, long at) {
        return Float.float16ToFloat(s.get(SHORT, at));
    }

    /** A 4-bit code of {@code n} values in n/2 bytes: byte j holds value j in its low half and value j + n/2 in its high. */
    private static int nibble(MemorySegment s, long at, int i, int n) {
        return i < n / 2 ? b(s, at + i) & 15 : b(s, at + i - n / 2) >> 4;
    }

    static void q40(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 32; i++) {
            out[o + i] = (nibble(s, at + 2, i, 32) - 8) * d;
        }
    }

    static void q41(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        float m = float16(s, at + 2);
        for (int i = 0; i < 32; i++) {
            out[o + i] = nibble(s, at + 4, i, 32) * d + m;
        }
    }

    static void q50(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        int high = s.get(INT, at + 2);
        for (int i = 0; i < 32; i++) {
            out[o + i] = ((nibble(s, at + 6, i, 32) | bit(high, i) << 4) - 16) * d;
        }
    }

    static void q51(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        float m = float16(s, at + 2);
        int high = s.get(INT, at + 4);
        for (int i = 0; i < 32; i++) {
            out[o + i] = (nibble(s, at + 8, i, 32) | bit(high, i) << 4) * d + m;
        }
    }

    static void q80(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 32; i++) {
            out[o + i] = s.get(ValueLayout.JAVA_BYTE, at + 2 + i) * d;
        }
    }

    /** Behind the scale lies the sum of the block, which only products need. */
    static void q81(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 32; i++) {
            out[o + i] = s.get(ValueLayout.JAVA_BYTE, at + 4 + i) * d;
        }
    }

    static void q8k(MemorySegment s, long at, float[] out, int o) {
        float d = s.get(FLOAT, at);
        for (int i = 0; i < 256; i++) {
            out[o + i] = s.get(ValueLayout.JAVA_BYTE, at + 4 + i) * d;
        }
    }

    /** One bit a value, the lowest bit of a byte first. */
    static void q10(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 128; i++) {
            out[o + i] = bit(b(s, at + 2 + i / 8), i & 7) == 1 ? d : -d;
        }
    }

    static void q20(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 64; i++) {
            out[o + i] = (two(b(s, at + 2 + i / 4), i & 3) - 1) * d;
        }
    }

    /**
     * A 2-bit code of 256 in 64 bytes: in each half of 128 values, value 32k + i is the pair of bits k of byte i.
     */
    private static int pair(MemorySegment s, long at, int i) {
        return two(b(s, at + 32L * (i / 128) + i % 32), i % 128 / 32);
    }

    static void q2k(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at + 80);
        float dmin = float16(s, at + 82);
        for (int group = 0; group < 16; group++) {
            int both = b(s, at + group);
            float scale = d * (both & 15);
            float min = dmin * (both >> 4);
            for (int i = group * 16; i < group * 16 + 16; i++) {
                out[o + i] = scale * pair(s, at + 16, i) - min;
            }
        }
    }

    static void q3k(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at + 108);
        long scales = at + 96;
        for (int group = 0; group < 16; group++) {
            int low = group < 8 ? b(s, scales + group) & 15 : b(s, scales + group - 8) >> 4;
            int high = two(b(s, scales + 8 + group % 4), group / 4);
            float scale = d * ((low | high << 4) - 32);
            for (int i = group * 16; i < group * 16 + 16; i++) {
                int top = bit(b(s, at + i % 32), i / 32);
                out[o + i] = scale * (pair(s, at + 32, i) - (top == 0 ? 4 : 0));
            }
        }
    }

    /** The 6-bit scale of one of 8 groups, out of 12 bytes that hold 8 scales and 8 minima. */
    private static int scale6(MemorySegment s, long at, int group) {
        return group < 4 ? b(s, at + group) & 63 : (b(s, at + group + 4) & 15) | two(b(s, at + group - 4), 3) << 4;
    }

    /** The 6-bit minimum of one of 8 groups, out of the same 12 bytes. */
    private static int min6(MemorySegment s, long at, int group) {
        return group < 4 ? b(s, at + group + 4) & 63 : (b(s, at + group + 4) >> 4) | two(b(s, at + group), 3) << 4;
    }

    /** A 4-bit code of 256 in 128 bytes: each 32 bytes hold 64 values, low halves first. */
    private static int nibbleOf64(MemorySegment s, long at, int i) {
        return half(b(s, at + 32L * (i / 64) + i % 32), i % 64 >= 32);
    }

    static void q4k(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        float dmin = float16(s, at + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scale6(s, at + 4, group);
            float min = dmin * min6(s, at + 4, group);
            for (int i = group * 32; i < group * 32 + 32; i++) {
                out[o + i] = scale * nibbleOf64(s, at + 16, i) - min;
            }
        }
    }

    static void q5k(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        float dmin = float16(s, at + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * scale6(s, at + 4, group);
            float min = dmin * min6(s, at + 4, group);
            for (int i = group * 32; i < group * 32 + 32; i++) {
                int fifth = bit(b(s, at + 16 + i % 32), group);
                out[o + i] = scale * (nibbleOf64(s, at + 48, i) | fifth << 4) - min;
            }
        }
    }

    static void q6k(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at + 208);
        for (int group = 0; group < 16; group++) {
            float scale = d * s.get(ValueLayout.JAVA_BYTE, at + 192 + group);
            for (int i = group * 16; i < group * 16 + 16; i++) {
                int low = half(b(s, at + 64L * (i / 128) + i % 64), i % 128 >= 64);
                out[o + i] = scale * ((low | pair(s, at + 128, i) << 4) - 32);
            }
        }
    }

    static void iq4nl(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        for (int i = 0; i < 32; i++) {
            out[o + i] = d * IQ4[nibble(s, at + 2, i, 32)];
        }
    }

    static void iq4xs(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at);
        int high = Short.toUnsignedInt(s.get(SHORT, at + 2));
        for (int group = 0; group < 8; group++) {
            int low = half(b(s, at + 4 + group / 2), group % 2 == 1);
            float scale = d * ((low | two(high, group) << 4) - 32);
            for (int i = 0; i < 32; i++) {
                out[o + 32 * group + i] = scale * IQ4[nibble(s, at + 8 + 16L * group, i, 32)];
            }
        }
    }

    /** A base-3 digit of a byte that holds five of them as a fraction of 256: the n-th is the whole part of 3 · (b 3^n mod 256) / 256. */
    private static int digit(int b, int n) {
        return ((b * POWERS_OF_THREE[n] & 255) * 3) >> 8;
    }

    static void tq10(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at + 52);
        int to = o;
        to = digits(s, at, 32, 5, d, out, to);
        to = digits(s, at + 32, 16, 5, d, out, to);
        digits(s, at + 48, 4, 4, d, out, to);
    }

    private static int digits(MemorySegment s, long at, int bytes, int runs, float d, float[] out, int o) {
        int to = o;
        for (int n = 0; n < runs; n++) {
            for (int i = 0; i < bytes; i++) {
                out[to++] = (digit(b(s, at + i), n) - 1) * d;
            }
        }
        return to;
    }

    static void tq20(MemorySegment s, long at, float[] out, int o) {
        float d = float16(s, at + 64);
        for (int i = 0; i < 256; i++) {
            out[o + i] = (pair(s, at, i) - 1) * d;
        }
    }

    /** The scale is a power of two, also for the code that the OCP format keeps for NaN: ggml has none. */
    static void mxfp4(MemorySegment s, long at, float[] out, int o) {
        int e = b(s, at);
        // Half the scale times twice the value: 2^128 itself is no float.
        float scale = Math.scalb(1f, e - 128);
        for (int i = 0; i < 32; i++) {
            out[o + i] = 2 * E2M1[nibble(s, at + 1, i, 32)] * scale;
        }
    }

    /** Scales are E4M3 without a sign: its bit is not looked at. The code for NaN, as 0x7F, is 0 in ggml, and 0xFF is 480. */
    static void nvfp4(MemorySegment s, long at, float[] out, int o) {
        for (int group = 0; group < 4; group++) {
            int code = b(s, at + group);
            float scale = code == 0x7f ? 0 : code == 0xff ? 480 : Float8.e4m3((byte) (code & 0x7f));
            for (int i = 0; i < 16; i++) {
                out[o + 16 * group + i] = E2M1[nibble(s, at + 4 + 8L * group, i, 16)] * scale;
            }
        }
    }

    // The scale of a group, and what is added, as above.

    private static float[] run(int from, int to) {
        float[] codes = new float[to - from + 1];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = from + i;
        }
        return codes;
    }

    private static float[] doubled(float[] values) {
        float[] twice = values.clone();
        for (int i = 0; i < twice.length; i++) {
            twice[i] *= 2;
        }
        return twice;
    }

    /** What codes are before scaling, by type. */
    static float[] codes(String type) {
        return switch (type) {
            case "Q4_0" -> run(-8, 7);
            case "Q4_1", "Q4_K" -> run(0, 15);
            case "Q5_0" -> run(-16, 15);
            case "Q5_1", "Q5_K" -> run(0, 31);
            case "Q8_0", "Q8_1", "Q8_K" -> run(-128, 127);
            case "Q2_K" -> run(0, 3);
            case "Q3_K" -> run(-4, 3);
            case "Q6_K" -> run(-32, 31);
            case "IQ4_NL", "IQ4_XS" -> IQ4.clone();
            case "TQ1_0" -> run(-1, 1);
            case "NVFP4" -> E2M1.clone();
            case "MXFP4" -> doubled(E2M1);
            case "Q1_0" -> new float[] {-1, 1};
            // The fourth code of TQ2_0 is not written by ggml.
            case "Q2_0", "TQ2_0" -> run(-1, 2);
            default -> throw new IllegalArgumentException("type: " + type + " is not decoded");
        };
    }

    /** The scale of a group of a block, and what is added to a scaled code, by type. */
    static Scales scales(String type) {
        return switch (type) {
            case "Q4_0", "Q5_0", "Q8_0", "Q8_1", "IQ4_NL", "Q1_0", "Q2_0" ->
                (s, at, group) -> new float[] {float16(s, at), 0};
            case "Q4_1", "Q5_1" -> (s, at, group) -> new float[] {float16(s, at), float16(s, at + 2)};
            case "Q8_K" -> (s, at, group) -> new float[] {s.get(FLOAT, at), 0};
            case "Q2_K" ->
                (s, at, group) -> new float[] {
                    float16(s, at + 80) * (b(s, at + group) & 15), -(float16(s, at + 82) * (b(s, at + group) >> 4))
                };
            case "Q3_K" ->
                (s, at, group) -> {
                    int low = group < 8 ? b(s, at + 96 + group) & 15 : b(s, at + 96 + group - 8) >> 4;
                    int high = two(b(s, at + 104 + group % 4), group / 4);
                    return new float[] {float16(s, at + 108) * ((low | high << 4) - 32), 0};
                };
            case "Q4_K", "Q5_K" ->
                (s, at, group) -> new float[] {
                    float16(s, at) * scale6(s, at + 4, group), -(float16(s, at + 2) * min6(s, at + 4, group))
                };
            case "Q6_K" ->
                (s, at, group) ->
                        new float[] {float16(s, at + 208) * s.get(ValueLayout.JAVA_BYTE, at + 192 + group), 0};
            case "IQ4_XS" ->
                (s, at, group) -> {
                    int low = half(b(s, at + 4 + group / 2), group % 2 == 1);
                    int high = two(Short.toUnsignedInt(s.get(SHORT, at + 2)), group);
                    return new float[] {float16(s, at) * ((low | high << 4) - 32), 0};
                };
            case "TQ1_0" -> (s, at, group) -> new float[] {float16(s, at + 52), 0};
            case "TQ2_0" -> (s, at, group) -> new float[] {float16(s, at + 64), 0};
            // Twice the value times half the scale: 2^128 itself is no float.
            case "MXFP4" -> (s, at, group) -> new float[] {Math.scalb(1f, b(s, at) - 128), 0};
            case "NVFP4" ->
                (s, at, group) -> {
                    int code = b(s, at + group);
                    return new float[] {code == 0x7f ? 0 : code == 0xff ? 480 : Float8.e4m3((byte) (code & 0x7f)), 0};
                };
            default -> throw new IllegalArgumentException("type: " + type + " is not decoded");
        };
    }
}
