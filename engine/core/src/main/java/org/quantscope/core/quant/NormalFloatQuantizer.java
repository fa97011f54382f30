package org.quantscope.core.quant;

/**
 * NF4: sixteen levels at quantiles of the normal distribution, times max|x|.
 *
 * <p>With the offset o = ½·((1 − 1/32) + (1 − 1/30)) ≈ 0.9677083 the levels are 0, eight positive ones Φ⁻¹(p) at p = o + i·(½ − o)/8, i = 0 … 7,
 * and seven negative ones −Φ⁻¹(p) at p = o + i·(½ − o)/7, i = 0 … 6, all divided by the largest. The float32 constants are those that
 * bitsandbytes stores.
 */
final class NormalFloatQuantizer extends CodebookQuantizer {
    private static final CodebookGrid LEVELS = new CodebookGrid(
            -1f,
            -0.6961928f,
            -0.52507305f,
            -0.3949175f,
            -0.28444138f,
            -0.18477343f,
            -0.091050036f,
            0f,
            0.0795803f,
            0.1609302f,
            0.2461123f,
            0.33791524f,
            0.44070983f,
            0.562617f,
            0.72295684f,
            1f);

    @Override
    public String id() {
        return "nf4";
    }

    @Override
    public String title() {
        return "NF4";
    }

    @Override
    public String source() {
        return "Dettmers et al. 2023 (QLoRA), arXiv 2305.14314, section 3 and appendix E; bitsandbytes"
                + " create_normal_map";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(4, 4);
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return LEVELS;
    }
}
