package org.quantscope.core.quant;

/**
 * {−s, 0, s}, stored in two bits a value. s is the larger magnitude of the requested range. The squared error is least
 * when s is the mean of the magnitudes above s/2; calibrators that search for the least error find it.
 */
final class TernaryQuantizer extends CodebookQuantizer {
    private static final CodebookGrid LEVELS = new CodebookGrid(-1, 0, 1);

    @Override
    public String id() {
        return "ternary";
    }

    @Override
    public String title() {
        return "Ternary";
    }

    @Override
    public String source() {
        return "Li, Zhang, Liu 2016 (ternary weight networks), arXiv 1605.04711, equations 2 to 5, solved exactly";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(2, 2).withCalibrator("mse");
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return LEVELS;
    }
}
