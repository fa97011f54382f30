package org.quantscope.core.quant;

import java.util.List;

/**
 * Base of the schemes with one fixed codebook that is multiplied in each slice by the scale of that slice: levels =
 * scale · codebook, where scale is the smallest float32 at which the codebook covers the requested range (max|x| over
 * the largest level, for a codebook that mirrors about 0). The codebook belongs to the format and is not stored; a
 * scale takes 32 bits where a scheme does not say otherwise.
 */
abstract class CodebookQuantizer implements Quantizer {
    /** The levels before scaling. */
    abstract CodebookGrid codebook(QuantSpec spec);

    @Override
    public final QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        CodebookGrid codebook = codebook(spec);
        float[] scales = new float[ranges.size()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = stored(Scales.covering(ranges.get(i), codebook));
        }
        return QuantParams.takingOver(granularity, scales, codebook);
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(spec.bits(), count, slices, scaleBits(), 0);
    }

    /** The scale as the format stores it: unchanged, a float32. */
    float stored(float scale) {
        return scale;
    }

    /** Bits that the format stores one scale in. */
    int scaleBits() {
        return Scales.FLOAT_BITS;
    }

    /**
     * The codebook of these magnitudes and of their negatives.
     *
     * @param magnitudes ascending; the first is 0
     */
    static CodebookGrid mirrored(float[] magnitudes) {
        int n = magnitudes.length;
        float[] levels = new float[2 * n - 1];
        for (int i = 0; i < n; i++) {
            levels[n - 1 + i] = magnitudes[i];
            levels[n - 1 - i] = -magnitudes[i];
        }
        return new CodebookGrid(levels);
    }
}
