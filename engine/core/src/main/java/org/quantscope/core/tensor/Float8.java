package org.quantscope.core.tensor;

/** Decoding of the two FP8 formats of ONNX and safetensors (onnx technical/float8.md; Micikevicius et al. 2022, arXiv 2209.05433). */
public final class Float8 {
    private Float8() {}

    /** E4M3FN: {@code (-1)^s 2^(e-7) (1 + m/8)}, subnormals {@code m 2^-9}, NaN at all ones. */
    public static float e4m3(byte code) {
        int e = code >> 3 & 0xf;
        int m = code & 7;
        float magnitude =
                e == 15 && m == 7 ? Float.NaN : e == 0 ? Math.scalb((float) m, -9) : Math.scalb(8f + m, e - 10);
        return code < 0 ? -magnitude : magnitude;
    }

    /** E5M2: the high byte of an IEEE float16. */
    public static float e5m2(byte code) {
        return Float.float16ToFloat((short) (code << 8));
    }
}
