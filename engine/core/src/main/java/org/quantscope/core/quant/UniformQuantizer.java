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
        return "ONNX QuantizeLinear (opset 10 to 25); scale and zero point as ONNX Runtime's"
                + " quant_utils.compute_scale_zp";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.affine();
    }

    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        var codes = new Codes(spec);
        float[] scales = new float[ranges.size()];
        int[] zeroPoints = new int[codes.symmetric ? 1 : ranges.size()];
        for (int i = 0; i < scales.length; i++) {
            ClipRange range = ranges.get(i);
            int zeroPoint = codes.zeroPoint(range.lo(), range.hi());
            zeroPoints[codes.symmetric ? 0 : i] = zeroPoint;
            scales[i] = codes.scale(range.lo(), range.hi(), zeroPoint);
        }
        return QuantParams.takingOver(granularity, scales, zeroPoints, codes.qmin, codes.qmax);
    }

    /**
     * Resolves the first {@code n} ranges into arrays, exactly as the other {@code resolve} does: for searches that try
     * many ranges.
     *
     * @param lo of each range, finite, at most {@code hi}
     * @param scale room for n: tensor units per step
     * @param loSteps room for n: the lowest code less the zero point
     * @param hiSteps room for n: the highest code less the zero point
     */
    public void resolve(
            QuantSpec spec, int n, float[] lo, float[] hi, float[] scale, float[] loSteps, float[] hiSteps) {
        var codes = new Codes(spec);
        for (int i = 0; i < n; i++) {
            int zeroPoint = codes.zeroPoint(lo[i], hi[i]);
            scale[i] = codes.scale(lo[i], hi[i], zeroPoint);
            loSteps[i] = codes.qmin - zeroPoint;
            hiSteps[i] = codes.qmax - zeroPoint;
        }
    }

    /** With magnitudes below this, none of 2^16 levels can overflow float32. */
    private static final double SURELY_FINITE = 1e33;

    /** The codes of a spec, and where a range puts them. */
    private static final class Codes {
        private final boolean symmetric;
        private final int middle;
        private final int qmin;
        private final int qmax;
        /** Steps from 0 to the larger magnitude of a symmetric range. */
        private final double steps;

        Codes(QuantSpec spec) {
            int half = 1 << (spec.bits() - 1);
            symmetric = spec.symmetric();
            boolean narrow = symmetric && spec.restrictedRange();
            int lowest = narrow ? 1 - half : -half;
            middle = spec.signed() ? 0 : -lowest;
            qmin = lowest + middle;
            qmax = half - 1 + middle;
            steps = narrow ? half - 1.0 : half - 0.5;
        }

        private double exactScale(float lo, float hi) {
            return symmetric
                    ? Math.max(Math.abs(lo), Math.abs(hi)) / steps
                    : (Math.max(0.0, hi) - (double) Math.min(0, lo)) / (qmax - qmin);
        }

        int zeroPoint(float lo, float hi) {
            if (symmetric) {
                return middle;
            }
            double scale = exactScale(lo, hi);
            return scale < Float.MIN_NORMAL
                    ? 0
                    : (int) Math.clamp(Math.rint(qmin - (double) Math.min(0, lo) / scale), qmin, qmax);
        }

        float scale(float lo, float hi, int zeroPoint) {
            double scale = exactScale(lo, hi);
            if (scale >= Float.MIN_NORMAL && scale < SURELY_FINITE) {
                return (float) scale;
            }
            return scale < Float.MIN_NORMAL
                    ? 1
                    : Scales.of((float) scale, Math.max(zeroPoint - qmin, qmax - zeroPoint));
        }
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(
                spec.bits(), count, slices, Scales.FLOAT_BITS + (spec.symmetric() ? 0 : spec.bits()), 0);
    }
}
