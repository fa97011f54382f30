package org.quantscope.linalg.train;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The grid of a weight, whose scales are learned (LSQ: Esser et al. 2020, arXiv 1902.08153). With {@code v = w/s},
 * {@code ŵ = s·r} where r is the level of v, and Qp the highest level,
 *
 * <pre>∂ŵ/∂w = 1 inside the range, else 0
 * ∂ŵ/∂s = r − v inside the range, else r,    times 1/√(N·Qp) for the N weights of a scale</pre>
 *
 * (equations 2 and 3 and section 2.2). A scale is learned as the logarithm of its ratio to where it began, so that it
 * stays above 0. Grids whose scales cannot have any value keep theirs, and only the weights are trained.
 */
final class WeightRange {
    private final QuantParams begun;
    private final int[] slices;
    private final float[] scales;
    private final float[] gradient;
    private final float[] ratio;
    private final @Nullable Trained learned;
    private final int[] sizes;

    /** @param rate of the logarithm of a scale; 0 keeps the scales */
    WeightRange(TensorInfo info, QuantParams begun, double rate) {
        this.begun = begun;
        Slicing slicing = Slicing.of(info, begun.granularity());
        int count = Math.toIntExact(info.shape().count());
        this.slices = IntStream.range(0, count).map(slicing::sliceOf).toArray();
        this.scales = begun.scales();
        this.ratio = new float[scales.length];
        this.gradient = new float[scales.length];
        this.learned = rate > 0 && begun.isAffine() ? new Trained(ratio, rate) : null;
        this.sizes = new int[scales.length];
        for (int slice : slices) {
            sizes[slice]++;
        }
    }

    /** Takes the scales from what was learned. */
    void refresh() {
        if (learned != null) {
            for (int i = 0; i < scales.length; i++) {
                scales[i] = Math.max(Float.MIN_NORMAL, (float) (begun.scale(i) * Math.exp(ratio[i])));
            }
        }
    }

    QuantParams params() {
        return learned == null
                ? begun
                : new QuantParams(begun.granularity(), scales, begun.zeroPoints(), begun.qmin(), begun.qmax());
    }

    float[] scales() {
        return scales;
    }

    float[] ratio() {
        return ratio;
    }

    /** Of the loss by each scale, in the units of the weights, summed up since the last step and not yet scaled. */
    float[] gradient() {
        return gradient;
    }

    boolean isAffine() {
        return begun.isAffine();
    }

    void round(float[] w, float[] to) {
        if (!begun.isAffine()) {
            org.quantscope.core.quant.Grid grid = begun.grid(0);
            for (int i = 0, last = 0; i < w.length; i++) {
                if (slices[i] != last) {
                    last = slices[i];
                    grid = begun.grid(last);
                }
                to[i] = grid.quantize(w[i]);
            }
            return;
        }
        for (int i = 0; i < w.length; i++) {
            int slice = slices[i];
            int zero = begun.zeroPoint(slice);
            double q = Math.rint((double) (w[i] / scales[slice])) + zero;
            int code = q >= begun.qmax() ? begun.qmax() : q <= begun.qmin() ? begun.qmin() : (int) q;
            to[i] = (code - zero) * scales[slice];
        }
    }

    /**
     * Hands gradients back.
     *
     * @param given by the rounded weights
     * @param back by the weights, to be added to
     */
    void back(float[] w, float[] rounded, float[] given, float[] back) {
        for (int i = 0; i < w.length; i++) {
            int slice = slices[i];
            if (!begun.isAffine()) {
                var ends = begun.effective(slice);
                back[i] += w[i] >= ends.lo() && w[i] <= ends.hi() ? given[i] : 0;
                continue;
            }
            float s = scales[slice];
            float v = w[i] / s;
            int zero = begun.zeroPoint(slice);
            float r = rounded[i] / s;
            boolean inside = v >= begun.qmin() - zero - 0.5f && v <= begun.qmax() - zero + 0.5f;
            if (inside) {
                back[i] += given[i];
            }
            gradient[slice] += given[i] * (inside ? r - v : r);
        }
    }

    void step(double schedule) {
        if (learned != null) {
            for (int i = 0; i < gradient.length; i++) {
                double most = Math.max(1, begun.qmax() - (double) begun.zeroPoint(i));
                // The logarithm's gradient is that of the scale times the scale.
                gradient[i] *= (float) (scales[i] / Math.sqrt(Math.max(1, sizes[i]) * most));
            }
            learned.step(gradient, schedule);
        }
        java.util.Arrays.fill(gradient, 0);
    }

    /** The rounded weight on a tape. */
    record Rounded(int in, int out, WeightRange range) implements Operation {
        @Override
        public void forward(Tape tape) {
            range.round(tape.value(in), tape.value(out));
        }

        @Override
        public void backward(Tape tape) {
            float @Nullable [] given = tape.gradient(out);
            float @Nullable [] back = tape.gradient(in);
            if (given != null && back != null) {
                range.back(tape.value(in), tape.value(out), given, back);
            }
        }
    }
}
