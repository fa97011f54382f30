package org.quantscope.core.quant;

/** {−s, s}: the sign in one bit; 0 goes to s. s is the requested clip; for least squared error it is the mean magnitude, which a search for the least error finds. */
final class BinaryQuantizer extends CodebookQuantizer {
    private static final CodebookGrid LEVELS = new CodebookGrid(-1, 1);

    @Override
    public String id() {
        return "binary";
    }

    @Override
    public String title() {
        return "Binary";
    }

    @Override
    public String source() {
        return "Rastegari et al. 2016 (XNOR-Net), arXiv 1603.05279, equation 6";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(1, 1).withoutZero().withCalibrator("mse");
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return LEVELS;
    }
}
