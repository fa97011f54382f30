package org.quantscope.core.quant;

import java.util.List;

/**
 * The uniform grid with a scale that is a power of two: the least one at or above the scale that {@link UniformQuantizer} takes, so that
 * the requested range is covered. Rescaling is then a shift. The zero point is computed anew for that scale.
 */
final class PowerOfTwoQuantizer implements Quantizer {
    /** The exponent alone is stored. */
    private static final int SCALE_BITS = 8;

    private static final UniformQuantizer UNIFORM = new UniformQuantizer();

    @Override
    public String id() {
        return "pot";
    }

    @Override
    public String title() {
        return "Power-of-two scale";
    }

    @Override
    public String source() {
        return "Jain et al. 2020 (TQT), arXiv 1903.08066, section 3.1: scale 2^⌈log2 s⌉";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.affine();
    }

    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        QuantParams uniform = UNIFORM.resolve(UNIFORM.adapt(spec), granularity, ranges);
        float[] scales = uniform.scales();
        int[] zeroPoints = spec.symmetric() ? new int[] {uniform.zeroPoint(0)} : uniform.zeroPoints();
        int qmin = uniform.qmin();
        int qmax = uniform.qmax();
        for (int i = 0; i < scales.length; i++) {
            int exponent = Math.getExponent(scales[i]);
            double least = Math.scalb(1.0, exponent);
            double scale = least < scales[i] ? 2 * least : least;
            int zeroPoint = zeroPoints[0];
            if (!spec.symmetric()) {
                zeroPoint = (int) Math.clamp(
                        Math.rint(qmin - Math.min(0.0, ranges.get(i).lo()) / scale), qmin, qmax);
                zeroPoints[i] = zeroPoint;
            }
            int steps = Math.max(zeroPoint - qmin, qmax - zeroPoint);
            while (!Float.isFinite((float) (scale * steps))) {
                scale /= 2;
            }
            scales[i] = (float) scale;
        }
        return QuantParams.takingOver(granularity, scales, zeroPoints, qmin, qmax);
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(
                spec.bits(), count, slices, SCALE_BITS + (spec.symmetric() ? 0 : spec.bits()), 0);
    }
}
