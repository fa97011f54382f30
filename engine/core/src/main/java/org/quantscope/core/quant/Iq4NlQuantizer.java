package org.quantscope.core.quant;

/**
 * IQ4_NL: sixteen integers, closer together around zero, times a scale. No level is 0, and the ends are −127 and 113.
 * The scale is the smallest that covers both ends of the range, max(−lo/127, hi/113), rounded up to a float16, because
 * the format stores float16. A block of 32 values takes 18 bytes. Ranges beyond 127·65504 are clipped.
 */
final class Iq4NlQuantizer extends CodebookQuantizer {
    private static final CodebookGrid LEVELS =
            new CodebookGrid(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

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
        return "llama.cpp kvalues_iq4nl and block_iq4_nl (ggml-common.h): blocks of 32 with a float16 scale";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.free(4, 4);
    }

    @Override
    float stored(float scale) {
        return Scales.upToHalf(scale);
    }

    @Override
    int scaleBits() {
        return Scales.HALF_BITS;
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return LEVELS;
    }
}
