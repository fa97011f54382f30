package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;

/**
 * The grid of an activation, whose scale is learned, and its zero point if there is one: LSQ as for {@link WeightRange},
 * with the zero point of LSQ+ (Bhalgat et al. 2020, arXiv 2004.09576, equations 3 to 5), or PACT (Choi et al. 2018,
 * arXiv 1805.06085, equation 3), where only values beyond the range move it. The zero point is rounded wherever it is
 * used.
 */
final class ActivationRange {
    private final QuantParams begun;
    private final boolean clippedOnly;
    private final float[] ratio = new float[1];
    private final float[] zero;
    private final @Nullable Trained learnedScale;
    private final @Nullable Trained learnedZero;
    private final float[] scaleGradient = new float[1];
    private final float[] zeroGradient = new float[1];
    private float scale;
    private int zeroPoint;

    /**
     * @param rate of the logarithm of the scale; 0 keeps the range
     * @param zeroRate of the zero point, in codes; 0 keeps it
     * @param clippedOnly PACT's gradient
     */
    ActivationRange(QuantParams begun, double rate, double zeroRate, boolean clippedOnly) {
        this.begun = begun;
        this.clippedOnly = clippedOnly;
        this.zero = new float[] {begun.isAffine() ? begun.zeroPoint(0) : 0};
        this.learnedScale = rate > 0 && begun.isAffine() ? new Trained(ratio, rate) : null;
        this.learnedZero = zeroRate > 0 && begun.isAffine() ? new Trained(zero, zeroRate) : null;
        refresh();
    }

    void refresh() {
        scale = learnedScale == null
                ? begun.scale(0)
                : Math.max(Float.MIN_NORMAL, (float) (begun.scale(0) * Math.exp(ratio[0])));
        zeroPoint = (int) Math.clamp(Math.rint(zero[0]), begun.qmin(), begun.qmax());
    }

    QuantParams params() {
        return begun.isAffine()
                ? new QuantParams(
                        Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, begun.qmin(), begun.qmax())
                : begun;
    }

    float scale() {
        return scale;
    }

    boolean isAffine() {
        return begun.isAffine();
    }

    /** Of the loss by the scale, summed up since the last step. */
    float scaleGradient() {
        return scaleGradient[0];
    }

    float zeroGradient() {
        return zeroGradient[0];
    }

    float[] ratio() {
        return ratio;
    }

    float[] zero() {
        return zero;
    }

    void step(double schedule) {
        if (learnedScale != null) {
            scaleGradient[0] *= scale;
            learnedScale.step(scaleGradient, schedule);
        }
        if (learnedZero != null) {
            learnedZero.step(zeroGradient, schedule);
        }
        scaleGradient[0] = 0;
        zeroGradient[0] = 0;
    }

    /**
     * The rounded activation on a tape.
     *
     * @param share of a step by which values are moved up before they are rounded; 0 for most
     */
    record Rounded(int in, int out, ActivationRange range, float share) implements Operation {
        @Override
        public void forward(Tape tape) {
            float[] x = tape.value(in);
            float[] y = tape.value(out);
            float s = range.scale;
            if (!range.begun.isAffine()) {
                Grid grid = range.begun.grid(0);
                for (int i = 0; i < x.length; i++) {
                    y[i] = grid.quantize(x[i]);
                }
                return;
            }
            int zero = range.zeroPoint;
            float lo = range.begun.qmin() - zero;
            float hi = range.begun.qmax() - zero;
            float by = s * share;
            for (int i = 0; i < x.length; i++) {
                float v = share == 0 ? x[i] : x[i] + by;
                y[i] = Math.min(Math.max((float) Math.rint((double) (v / s)), lo), hi) * s;
            }
        }

        @Override
        public void backward(Tape tape) {
            float @Nullable [] given = tape.gradient(out);
            if (given == null) {
                return;
            }
            float @Nullable [] back = tape.gradient(in);
            float[] x = tape.value(in);
            float[] y = tape.value(out);
            if (!range.begun.isAffine()) {
                var ends = range.begun.effective(0);
                for (int i = 0; back != null && i < x.length; i++) {
                    back[i] += x[i] >= ends.lo() && x[i] <= ends.hi() ? given[i] : 0;
                }
                return;
            }
            float s = range.scale;
            float lo = (range.begun.qmin() - range.zeroPoint - 0.5f) * s;
            float hi = (range.begun.qmax() - range.zeroPoint + 0.5f) * s;
            double scaleSum = 0;
            double zeroSum = 0;
            for (int i = 0; i < x.length; i++) {
                float g = given[i];
                if (x[i] >= lo && x[i] <= hi) {
                    if (back != null) {
                        back[i] += g;
                    }
                    if (!range.clippedOnly) {
                        scaleSum += g * (y[i] - x[i]);
                    }
                } else {
                    scaleSum += g * y[i];
                    zeroSum -= g * s;
                }
            }
            double most = Math.max(1, range.begun.qmax() - (double) range.begun.qmin());
            double factor = 1 / Math.sqrt(x.length * most);
            range.scaleGradient[0] += (float) (factor * scaleSum / s);
            range.zeroGradient[0] += (float) (factor * zeroSum);
        }
    }
}
