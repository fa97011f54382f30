package org.quantscope.core.quant;

import java.util.Optional;

/**
 * A small floating-point format with a float32 scale: levels = scale · the finite values of the format, scale = max|x| over the largest of
 * them, rounding to nearest, halves to the even code, saturating.
 */
final class MinifloatQuantizer extends CodebookQuantizer {
    private final String id;
    private final String title;
    private final Minifloat format;

    MinifloatQuantizer(String id, String title, Minifloat format) {
        this.id = id;
        this.title = title;
        this.format = format;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String source() {
        return format.bits() == 8
                ? "OCP 8-bit Floating Point Specification 1.0; scaled as Micikevicius et al. 2022, arXiv 2209.05433"
                : "OCP Microscaling Formats (MX) 1.0, section 5.3; scaled as a whole";
    }

    @Override
    public Optional<Minifloat> element() {
        return Optional.of(format);
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(format.bits(), format.bits());
    }

    @Override
    CodebookGrid codebook(QuantSpec spec) {
        return format.codebook();
    }
}
