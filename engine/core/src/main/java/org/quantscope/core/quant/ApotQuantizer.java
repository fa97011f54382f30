package org.quantscope.core.quant;

/**
 * Additive powers of two: magnitudes are sums of a few powers of two, divided by the largest sum, times max|x|.
 *
 * <p>M magnitude bits (B−1 signed, B unsigned) make n = ⌊M/2⌋ terms of two bits. Term i of {@code 1 … n} is 0 or one of 2^−i, 2^−(n+i) and a
 * third power: 2^−(2n+i) for even M; for odd M a further term of one bit is 0 or 2^−(2n+1), and the third powers are 2^−(2n+1+i). All 2^M
 * sums differ.
 */
final class ApotQuantizer extends CodebookQuantizer {
    private static final int MOST_BITS = 8;

    @Override
    public String id() {
        return "apot";
    }

    @Override
    public String title() {
        return "APoT";
    }

    @Override
    public String source() {
        return "Li, Dong, Wang 2020, arXiv 1909.13144, equation 4, with base bits 2; odd widths as the authors'"
                + " build_power_value";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(QuantSpec.MIN_BITS, MOST_BITS).withSigned();
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        float[] magnitudes = magnitudes(spec.signed() ? spec.bits() - 1 : spec.bits());
        return spec.signed() ? mirrored(magnitudes) : new CodebookGrid(magnitudes);
    }

    private static float[] magnitudes(int bits) {
        int terms = bits / 2;
        boolean odd = (bits & 1) == 1;
        double[] sums = {0};
        for (int i = 1; i <= terms; i++) {
            sums = plus(
                    sums,
                    Math.scalb(1.0, -i),
                    Math.scalb(1.0, -terms - i),
                    Math.scalb(1.0, -2 * terms - (odd ? 1 : 0) - i));
        }
        if (odd) {
            sums = plus(sums, Math.scalb(1.0, -2 * terms - 1));
        }
        java.util.Arrays.sort(sums);
        float[] magnitudes = new float[sums.length];
        for (int i = 0; i < sums.length; i++) {
            magnitudes[i] = (float) (sums[i] / sums[sums.length - 1]);
        }
        return magnitudes;
    }

    /** Each of the sums alone, and each sum with each of the powers added. */
    private static double[] plus(double[] sums, double... powers) {
        double[] all = java.util.Arrays.copyOf(sums, sums.length * (powers.length + 1));
        for (int p = 0; p < powers.length; p++) {
            for (int i = 0; i < sums.length; i++) {
                all[(p + 1) * sums.length + i] = sums[i] + powers[p];
            }
        }
        return all;
    }
}
