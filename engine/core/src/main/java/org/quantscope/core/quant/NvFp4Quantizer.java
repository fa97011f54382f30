package org.quantscope.core.quant;

import java.util.List;
import java.util.Optional;

/**
 * NVFP4: FP4 E2M1 elements in blocks, an FP8 E4M3 scale for each block, and one float32 scale for the tensor.
 *
 * <p>With g = max|x| of the tensor / (448·6), the scale of a block is {@code E4M3(max|x| of the block / 6 / g)},
 * rounded to nearest and limited to [2^−9, 448]; levels = E2M1 · (block scale · g). A block's largest value may
 * saturate, because the block's scale may have been rounded down, by up to 1/16.
 */
final class NvFp4Quantizer implements Quantizer {
    private static final int BLOCK = 16;
    private static final int SCALE_BITS = 8;

    @Override
    public String id() {
        return "nvfp4";
    }

    @Override
    public String title() {
        return "NVFP4";
    }

    @Override
    public String source() {
        return "NVIDIA NVFP4 (Blackwell; TensorRT Model Optimizer, NVFP4QTensor)";
    }

    @Override
    public Optional<Minifloat> element() {
        return Optional.of(Minifloat.E2M1);
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.mirrored(Minifloat.E2M1.bits(), Minifloat.E2M1.bits())
                .withBlocks(BLOCK);
    }

    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        Minifloat scaleFormat = Minifloat.E4M3FN;
        CodebookGrid blockScales = scaleFormat.codebook();
        float most = 0;
        for (ClipRange range : ranges) {
            most = Math.max(most, range.absMax());
        }
        double top = (double) scaleFormat.max() * Minifloat.E2M1.max();
        float whole = Scales.of(most / top, top);
        float[] scales = new float[ranges.size()];
        for (int i = 0; i < scales.length; i++) {
            float wanted = (float) (ranges.get(i).absMax() / Minifloat.E2M1.max() / (double) whole);
            scales[i] = Math.max(scaleFormat.magnitude(1), blockScales.quantize(wanted)) * whole;
        }
        return QuantParams.takingOver(granularity, scales, Minifloat.E2M1.codebook());
    }

    @Override
    public boolean hasRelativeScales() {
        return true;
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(spec.bits(), count, slices, SCALE_BITS, Scales.FLOAT_BITS);
    }
}
