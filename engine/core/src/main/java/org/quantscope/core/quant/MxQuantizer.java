package org.quantscope.core.quant;

import java.util.List;
import java.util.Optional;

/**
 * An OCP microscaling format: elements of a small format in blocks, and one power of two for each block, kept as an
 * 8-bit exponent (E8M0).
 *
 * <p>With e_max the exponent of the element format's largest value, the scale of a block is
 * {@code 2^(⌊log2 max|x|⌋ − e_max)}, its exponent limited to [−127, 127]; elements round to nearest, halves to even,
 * and saturate. A block of zeros has the scale 1.
 */
final class MxQuantizer implements Quantizer {
    private static final int BLOCK = 32;
    private static final int SCALE_BITS = 8;
    private static final int MOST_EXPONENT = 127;

    private final String id;
    private final String title;
    private final int bits;
    private final int maxExponent;
    private final CodebookGrid codebook;
    private final Optional<Minifloat> element;

    private MxQuantizer(
            String id, String title, int bits, int maxExponent, CodebookGrid codebook, Optional<Minifloat> element) {
        this.id = id;
        this.title = title;
        this.bits = bits;
        this.maxExponent = maxExponent;
        this.codebook = codebook;
        this.element = element;
    }

    static MxQuantizer of(String id, String title, Minifloat format) {
        return new MxQuantizer(id, title, format.bits(), format.maxExponent(), format.codebook(), Optional.of(format));
    }

    /** MXINT8: elements are k/64 with k from −127 to 127, so that the codes mirror each other. */
    static MxQuantizer int8() {
        float[] magnitudes = new float[128];
        for (int k = 0; k < magnitudes.length; k++) {
            magnitudes[k] = k / 64f;
        }
        return new MxQuantizer("mxint8", "MXINT8", 8, 0, CodebookQuantizer.mirrored(magnitudes), Optional.empty());
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
        return "OCP Microscaling Formats (MX) 1.0, sections 5 and 6.3";
    }

    @Override
    public Optional<Minifloat> element() {
        return element;
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(bits, bits).withBlocks(BLOCK);
    }

    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        float[] scales = new float[ranges.size()];
        for (int i = 0; i < scales.length; i++) {
            float absMax = ranges.get(i).absMax();
            // Every float32 is a normal double, so its exponent is ⌊log2|x|⌋ also where it is subnormal as a float32.
            int exponent = Math.getExponent((double) absMax) - maxExponent;
            scales[i] = absMax == 0 ? 1 : Math.scalb(1f, Math.clamp(exponent, -MOST_EXPONENT, MOST_EXPONENT));
        }
        return QuantParams.takingOver(granularity, scales, codebook);
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(bits, count, slices, SCALE_BITS, 0);
    }
}
