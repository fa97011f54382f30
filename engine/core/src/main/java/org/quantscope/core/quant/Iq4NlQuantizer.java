package org.quantscope.core.quant;

/**
 * IQ4_NL: sixteen integers, closer together around zero, times a scale. There is no level 0, and the ends are −127 and 113: the scale is the
 * least one that covers both ends of the range, max(−lo/127, hi/113).
 */
final class Iq4NlQuantizer extends CodebookQuantizer {
    private static final CodebookGrid LEVELS = new CodebookGrid(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    @Override
    public String id() {
        return "iq4_nl";
    }

    @Override
    public String title() {
        return "IQ4_NL";
    }

    @Override
    public String source() {
        return "llama.cpp kvalues_iq4nl (ggml-common.h); the file format has blocks of 32";
    }

    @Override
    public Traits traits() {
        return Traits.free(4, 4);
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return LEVELS;
    }
}
