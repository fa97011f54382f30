package org.quantscope.core.quant;

/**
 * One bit a value, its sign: the levels are {−s, s}, and 0 goes to s. s is the larger magnitude of the requested range.
 * The squared error is least when s is the mean magnitude of the values; calibrators that search for the least error
 * find it.
 */
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
