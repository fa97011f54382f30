package org.quantscope.core.departure;

import java.util.Arrays;
import java.util.Optional;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Shape;

/**
 * What one tensor sums up over batches. Each node is given what the deployed nodes before it computed; then d is what the
 * deployed node makes of it, r what the float model's node makes of it, and s what that node makes of it when it is
 * quantized by us with the deployed grids. f is the float model's own value.
 */
final class Sums {
    /** Root mean square differences from our simulation, in steps, up to which kernels may round as they like. */
    private static final double STEPS = 0.6;

    private static final double STEPS_OF_CHANNEL = 1.0;
    /** The same without a grid, as a part of the values and of the error that is explained. */
    private static final double PART = 1e-3;

    private static final double PART_OF_EXPLAINED = 0.1;
    /** The same where the deployed grids are not known. */
    private static final double PART_UNKNOWN = 0.01;
    /** How many times the explained error has to be surpassed. */
    private static final double TIMES = 1.2;

    private static final double TIMES_OF_CHANNEL = 2;
    /** The same where the deployed weights are not known. */
    private static final double TIMES_UNKNOWN = 4;

    private static final int MOST_CHANNELS = 1 << 14;

    private final float step;
    private final boolean exact;
    private final int axis;
    private final int channels;
    /** For all values, and for each channel: the number, and the sums of (d−s)², (d−r)², (s−r)² and r². */
    private final double[][] sums;

    double signal;
    double measured;

    /**
     * @param grid of the deployed value
     * @param exact false if the deployed weights are not known, so that our simulation need not be what they give
     */
    Sums(Shape shape, Optional<QuantParams> grid, boolean exact) {
        this.step = grid.filter(QuantParams::isAffine).map(g -> g.scale(0)).orElse(0f);
        this.exact = exact;
        this.axis = channelAxis(shape);
        long c = axis < 0 ? 0 : shape.dim(axis);
        this.channels = c > 1 && c <= MOST_CHANNELS ? (int) c : 0;
        this.sums = new double[5][1 + channels];
    }

    /** The axis with channels, as in ONNX: the second, in a sequence of tokens the last; −1 if there is none. */
    static int channelAxis(Shape shape) {
        return shape.rank() < 2 ? -1 : shape.rank() == 3 ? 2 : 1;
    }

    void addError(float[] f, float[] d) {
        for (int i = 0; i < f.length; i++) {
            double e = (double) f[i] - d[i];
            signal += (double) f[i] * f[i];
            measured += e * e;
        }
    }

    void add(Shape shape, float[] d, float[] r, float[] s) {
        int inner = channels == 0 ? 1 : (int) shape.inner(axis);
        for (int i = 0; i < d.length; i++) {
            add(0, d[i], r[i], s[i]);
            if (channels > 0) {
                add(1 + i / inner % channels, d[i], r[i], s[i]);
            }
        }
    }

    private void add(int at, double d, double r, double s) {
        sums[0][at]++;
        sums[1][at] += (d - s) * (d - s);
        sums[2][at] += (d - r) * (d - r);
        sums[3][at] += (s - r) * (s - r);
        sums[4][at] += r * r;
    }

    /** True if the deployed node parts from the float one by more than quantization explains, in all or in one channel. */
    boolean departs() {
        return excess() > 1;
    }

    /** How many times the limit the difference from our simulation is; below 1 if it explains what was measured. */
    double excess() {
        double most = 0;
        for (int c = 0; c < sums[0].length; c++) {
            most = Math.max(most, excess(c));
        }
        return most;
    }

    /** The channel that departs most; −1 if all together do. */
    int channel() {
        int at = 0;
        for (int c = 1; c < sums[0].length; c++) {
            at = excess(c) > excess(at) ? c : at;
        }
        return excess(0) > 1 ? -1 : at - 1;
    }

    private double excess(int c) {
        double times = exact ? c == 0 ? TIMES : TIMES_OF_CHANNEL : TIMES_UNKNOWN;
        if (sums[2][c] <= times * sums[3][c]) {
            return 0;
        }
        return excess(c, sums[1][c]);
    }

    /** @param squares Σ(d−s)² */
    private double excess(int c, double squares) {
        double n = sums[0][c];
        if (n == 0) {
            return 0;
        }
        if (Double.isNaN(squares) || Double.isNaN(sums[2][c])) {
            return Double.isNaN(sums[4][c]) ? 0 : Double.MAX_VALUE;
        }
        double ds = Math.sqrt(squares / n);
        double sr = Math.sqrt(sums[3][c] / n);
        double limit = (c == 0 ? STEPS : STEPS_OF_CHANNEL) * step;
        if (step == 0 || !exact) {
            limit = Math.max(limit, Math.max(PART * Math.sqrt(sums[4][0] / sums[0][0]), PART_OF_EXPLAINED * sr));
        }
        if (!exact) {
            double unknown = PART_UNKNOWN * Math.sqrt(sums[4][0] / sums[0][0]);
            limit = Math.max(Math.max(limit, unknown), Math.max(2 * step, 2 * sr));
        }
        return limit == 0 ? ds == 0 ? 0 : Double.MAX_VALUE : ds / limit;
    }

    /** How many times the limit another simulation's difference is; the limit is that of this one. */
    double excessOf(Sums other) {
        double most = 0;
        for (int c = 0; c < sums[0].length; c++) {
            most = Math.max(most, excess(c, other.sums[1][c]));
        }
        return most;
    }

    /** Root mean square of d−s, in steps if there is a grid, else as a part of the root mean square of r. */
    double difference() {
        double ds = Math.sqrt(sums[1][0] / Math.max(1, sums[0][0]));
        return step > 0 ? ds / step : ds / Math.max(Double.MIN_NORMAL, Math.sqrt(sums[4][0] / Math.max(1, sums[0][0])));
    }

    /** Root mean square of d−s of what departs most: all values, or one channel. */
    double rms() {
        int at = channel() + 1;
        return Math.sqrt(sums[1][at] / Math.max(1, sums[0][at]));
    }

    double local() {
        return sums[2][0];
    }

    double explained() {
        return sums[3][0];
    }

    double given() {
        return sums[4][0];
    }

    float step() {
        return step;
    }

    @Override
    public String toString() {
        return Arrays.deepToString(sums);
    }
}
