package org.quantscope.core.quant;

/**
 * Floating-point formats of at most 8 bits: sign, exponent, mantissa. With a bias β and M mantissa bits the value of exponent e and
 * mantissa m is {@code 2^(e−β)·(1 + m/2^M)}, and {@code 2^(1−β)·m/2^M} for e = 0.
 *
 * <p>Sources: OCP 8-bit Floating Point Specification 1.0 (E4M3, without infinities, and E5M2), OCP Microscaling Formats 1.0 §5.3 (FP6, FP4).
 */
public enum Minifloat {
    /** 448 is the largest; NaN is S.1111.111, and there are no infinities. */
    E4M3FN(8, 3, 7, 127),
    /** 57344 is the largest; the exponent 11111 holds infinities and NaN. */
    E5M2(8, 2, 15, 124),
    E2M3(6, 3, 1, 32),
    E3M2(6, 2, 3, 32),
    E2M1(4, 1, 1, 8);

    private final int bits;
    private final int mantissaBits;
    private final int bias;
    private final int codes;

    Minifloat(int bits, int mantissaBits, int bias, int codes) {
        this.bits = bits;
        this.mantissaBits = mantissaBits;
        this.bias = bias;
        this.codes = codes;
    }

    /** Code width, the sign included. */
    public int bits() {
        return bits;
    }

    public int mantissaBits() {
        return mantissaBits;
    }

    /** What is taken off the stored exponent. */
    public int bias() {
        return bias;
    }

    /** The number of finite values that are not negative; their codes count from 0. */
    public int codes() {
        return codes;
    }

    /** The value of a code of {@code 0 .. codes()-1}. */
    public float magnitude(int code) {
        int exponent = code >> mantissaBits;
        int mantissa = code & ((1 << mantissaBits) - 1);
        return exponent == 0
                ? Math.scalb((float) mantissa, 1 - bias - mantissaBits)
                : Math.scalb((float) ((1 << mantissaBits) + mantissa), exponent - bias - mantissaBits);
    }

    /** The largest finite value. */
    public float max() {
        return magnitude(codes - 1);
    }

    /** The exponent of the largest finite value. */
    public int maxExponent() {
        return Math.getExponent(max());
    }

    /** All finite values, 0 once. Ties go to the even code. */
    public CodebookGrid codebook() {
        float[] magnitudes = new float[codes];
        for (int code = 0; code < codes; code++) {
            magnitudes[code] = magnitude(code);
        }
        return CodebookQuantizer.mirrored(magnitudes);
    }
}
