package org.quantscope.core.quant;

/**
 * Zero and powers of two below max|x|: signed {0, ±s·2^−k}, k = 0 … 2^(B−1)−2, unsigned {0, s·2^−k}, k = 0 … 2^B−2,
 * with s = max|x|. A product with such a weight is a shift. A value goes to the nearest level, not to that of the
 * rounded log2|x|: the squared error is smaller.
 */
final class Log2Quantizer extends CodebookQuantizer {
    private static final int MOST_BITS = 8;
    /** The largest k: 2^−127 of the largest level would not be a normal float32, even with s = 1. */
    private static final int MOST_SHIFT = 126;

    @Override
    public String id() {
        return "log2";
    }

    @Override
    public String title() {
        return "Log2";
    }

    @Override
    public String source() {
        return "Miyashita et al. 2016, arXiv 1603.01025, equations 3 and 4";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(QuantSpec.MIN_BITS, MOST_BITS).withSigned();
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        int powers = Math.min(MOST_SHIFT + 1, (1 << (spec.signed() ? spec.bits() - 1 : spec.bits())) - 1);
        float[] magnitudes = new float[powers + 1];
        for (int i = 0; i < powers; i++) {
            magnitudes[powers - i] = Math.scalb(1f, -i);
        }
        return spec.signed() ? mirrored(magnitudes) : new CodebookGrid(magnitudes);
    }
}
