package org.quantscope.core.quant;

import java.util.List;

/**
 * Evenly spaced levels with integer codes, as ONNX QuantizeLinear computes them.
 *
 * <p>With B bits, and absmax the larger magnitude of the requested range:
 *
 * <ul>
 *   <li>symmetric, signed, restricted: codes ±(2^(B−1)−1), scale absmax/(2^(B−1)−1), zero point 0;
 *   <li>symmetric, signed, full: codes −2^(B−1) … 2^(B−1)−1, scale absmax/(2^(B−1)−½), zero point 0: ±absmax lies on a tie;
 *   <li>symmetric, unsigned: the same codes moved up to start at 0; the zero point is the middle, 2^(B−1)−1 restricted and 2^(B−1) full;
 *   <li>asymmetric: all 2^B codes. The range is widened to hold 0; scale = (hi−lo)/(2^B−1); zero point = rint(qmin − lo/scale), clamped.
 * </ul>
 *
 * <p>The scale is computed in double and rounded to float32 after the zero point was. A scale below the smallest normal float32
 * becomes 1, with the zero point 0 (asymmetric) or the middle (symmetric). A scale whose end levels would overflow float32 is lowered
 * until they do not.
 */
public final class UniformQuantizer implements Quantizer {
    @Override
    public String id() {
        return "uniform";
    }

    @Override
    public String title() {
        return "Uniform";
    }

    @Override
    public String source() {
        return "ONNX QuantizeLinear (opset 10 to 25); scale and zero point as ONNX Runtime's quant_utils.compute_scale_zp";
    }

    @Override
    public Traits traits() {
        return Traits.affine();
    }

    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        int half = 1 << (spec.bits() - 1);
        boolean narrow = spec.symmetric() && spec.narrowRange();
        int lowest = narrow ? 1 - half : -half;
        int middle = spec.signed() ? 0 : -lowest;
        int qmin = lowest + middle;
        int qmax = half - 1 + middle;
        float[] scales = new float[ranges.size()];
        int[] zeroPoints = new int[ranges.size()];
        for (int i = 0; i < scales.length; i++) {
            ClipRange range = ranges.get(i);
            double lo = Math.min(0, range.lo());
            double scale = spec.symmetric() ? range.absMax() / (narrow ? half - 1.0 : half - 0.5) : (Math.max(0.0, range.hi()) - lo) / (qmax - qmin);
            if (scale < Float.MIN_NORMAL) {
                scales[i] = 1;
                zeroPoints[i] = spec.symmetric() ? middle : 0;
            } else {
                zeroPoints[i] = spec.symmetric() ? middle : (int) Math.clamp(Math.rint(qmin - lo / scale), qmin, qmax);
                scales[i] = Scales.of((float) scale, Math.max(zeroPoints[i] - qmin, qmax - zeroPoints[i]));
            }
        }
        return new QuantParams(granularity, scales, zeroPoints, qmin, qmax);
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(spec.bits(), count, slices, Scales.FLOAT_BITS + (spec.symmetric() ? 0 : spec.bits()), 0);
    }
}
