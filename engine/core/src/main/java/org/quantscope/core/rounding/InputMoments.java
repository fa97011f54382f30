package org.quantscope.core.rounding;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;

/**
 * Second moments of what a layer reads, over all samples and positions: H = E[x̂ x̂ᵀ] and M = E[x x̂ᵀ], where x is the
 * input in the float model and x̂ that in the model quantized so far, and the means of both. One set for each group of a
 * grouped convolution. Sums of a batch are in float32, of all batches in double.
 */
public final class InputMoments {
    private static final int TOGETHER = LayerProblem.TOGETHER;

    /** Parts into which the positions are cut, whatever the number of cores, so that sums are always the same. */
    private static final int LANES = 4;

    /** Above this many columns a part of its own for each lane would take too much memory. */
    private static final int NARROW = 1024;

    /** Values of vectors that are summed up in float32. */
    private static final int CHUNK = 1 << 22;

    /** Values of vectors that are copied at a time: they should stay in the cache until they are multiplied. */
    private static final int IN_CACHE = 1 << 18;

    private final int columns;
    private final boolean drifted;
    private final double[][] gram;
    private final double[][] cross;
    private final double[][] sumQuantized;
    private final double[][] sumFloat;
    private final MomentProducts products;
    private long count;

    /**
     * @param columns inputs of one row
     * @param drifted true if x̂ differs from x because something before the layer is quantized
     */
    public InputMoments(int groups, int columns, boolean drifted, MomentProducts products) {
        this.columns = columns;
        this.drifted = drifted;
        this.products = products;
        gram = new double[groups][columns * columns];
        cross = new double[drifted ? groups : 0][columns * columns];
        sumQuantized = new double[groups][columns];
        sumFloat = new double[drifted ? groups : 0][columns];
    }

    public int groups() {
        return gram.length;
    }

    public int columns() {
        return columns;
    }

    public boolean isDrifted() {
        return drifted;
    }

    /** False if an input was no number or infinite, or a sum overflowed. */
    public boolean isFinite() {
        double sum = 0;
        for (int g = 0; g < groups(); g++) {
            for (int i = 0; i < columns; i++) {
                sum += gram[g][i * columns + i] + (drifted ? cross[g][i * columns + i] : 0);
            }
        }
        return Double.isFinite(sum);
    }

    /** Inputs seen: samples times positions. */
    public long count() {
        return count;
    }

    /** The inputs of a layer in one batch, one vector for each position. Several threads copy from it at once. */
    @FunctionalInterface
    public interface Vectors {
        /**
         * Copies some vectors of one group.
         *
         * @param from the first position
         * @param to [n·columns]
         */
        void copy(int group, int from, int n, float[] to);

        /** Vectors of a single group that lie one behind the other. */
        static Vectors stored(float[] values, int columns) {
            return (group, from, n, to) -> System.arraycopy(values, from * columns, to, 0, n * columns);
        }
    }

    /**
     * Adds the inputs of all groups in some positions. The sums do not depend on how many cores there are.
     *
     * @param quantized as the layer reads them in the quantized model
     * @param plain the same in the float model; not looked at if nothing has drifted
     * @throws java.util.concurrent.CancellationException if cancelled; the sums are then of no use
     */
    public void add(int positions, Vectors quantized, Vectors plain, CancelToken cancel) {
        count += positions;
        int lanes = columns > NARROW ? 1 : Math.ceilDiv(LANES, groups());
        int together = Math.max(1, CHUNK / columns) * lanes;
        for (int from = 0; from < positions; from += together) {
            int start = from;
            int n = Math.min(together, positions - from);
            IntFunction<Part> sum = task -> {
                int lane = task % lanes;
                int first = (int) ((long) n * lane / lanes);
                int end = (int) ((long) n * (lane + 1) / lanes);
                Part part = new Part(task / lanes);
                part.add(start + first, end - first, quantized, plain, cancel);
                return part;
            };
            if (columns > NARROW) {
                IntStream.range(0, groups()).mapToObj(sum).forEach(Part::addToSums);
            } else if (lanes == 1) {
                products.onOneThreadEach(() ->
                        IntStream.range(0, groups()).parallel().mapToObj(sum).forEach(Part::addToSums));
            } else {
                List<Part> parts = new ArrayList<>();
                products.onOneThreadEach(() -> parts.addAll(IntStream.range(0, groups() * lanes)
                        .parallel()
                        .mapToObj(sum)
                        .toList()));
                parts.forEach(Part::addToSums);
            }
        }
    }

    /** The sums of some positions of one group, in float32. */
    private final class Part {
        private final int group;
        private final float[] h = new float[columns * columns];
        private final float[] m = new float[drifted ? columns * columns : 0];
        private final double[] quantizedSum = new double[columns];
        private final double[] plainSum = new double[drifted ? columns : 0];

        Part(int group) {
            this.group = group;
        }

        void add(int from, int count, Vectors quantized, Vectors plain, CancelToken cancel) {
            int most = Math.min(count, Math.max(1, (columns > NARROW ? CHUNK : IN_CACHE) / columns));
            float[] x = new float[most * columns];
            float[] y = new float[drifted ? most * columns : 0];
            for (int done = 0; done < count; done += most) {
                cancel.check();
                int n = Math.min(most, count - done);
                quantized.copy(group, from + done, n, x);
                products.addGram(x, n, columns, h);
                sum(x, n, quantizedSum);
                if (drifted) {
                    plain.copy(group, from + done, n, y);
                    products.addCross(y, x, n, columns, m);
                    sum(y, n, plainSum);
                }
            }
        }

        void addToSums() {
            double[] to = gram[group];
            for (int i = 0; i < columns; i++) {
                for (int j = i; j < columns; j++) {
                    to[i * columns + j] += h[i * columns + j];
                }
            }
            for (int j = 0; j < columns; j++) {
                sumQuantized[group][j] += quantizedSum[j];
            }
            if (drifted) {
                double[] both = cross[group];
                for (int i = 0; i < both.length; i++) {
                    both[i] += m[i];
                }
                for (int j = 0; j < columns; j++) {
                    sumFloat[group][j] += plainSum[j];
                }
            }
        }
    }

    private void sum(float[] x, int positions, double[] to) {
        for (int p = 0; p < positions; p++) {
            for (int j = 0; j < columns; j++) {
                to[j] += x[p * columns + j];
            }
        }
    }

    /** E[x̂], or E[x] if nothing has drifted, which is the same. */
    double meanQuantized(int group, int j) {
        return sumQuantized[group][j] / count;
    }

    double meanFloat(int group, int j) {
        return drifted ? sumFloat[group][j] / count : meanQuantized(group, j);
    }

    /**
     * H of one group, about the means if {@code centred}: what counts where a bias takes the mean back.
     *
     * @param damping added to the diagonal, as a share of its mean
     * @return [columns·columns], symmetric and positive definite
     */
    public float[] damped(int group, boolean centred, double damping) {
        float[] h = new float[columns * columns];
        double trace = 0;
        for (int i = 0; i < columns; i++) {
            for (int j = i; j < columns; j++) {
                double v = h(group, i, j, centred);
                h[i * columns + j] = (float) v;
                h[j * columns + i] = (float) v;
                trace += i == j ? v : 0;
            }
        }
        float more = (float) (damping * trace / columns + 1e-9);
        for (int i = 0; i < columns; i++) {
            h[i * columns + i] += more;
        }
        return h;
    }

    /** H of one group, as it is: [columns·columns], symmetric, not about the means. */
    public float[] plain(int group) {
        float[] h = new float[columns * columns];
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j < columns; j++) {
                h[i * columns + j] = (float) h(group, i, j, false);
            }
        }
        return h;
    }

    /** {@link #plain} as a form. */
    SymmetricForm form(int group) {
        return new SymmetricForm(columns, (i, j) -> h(group, i, j, false));
    }

    private double h(int group, int i, int j, boolean centred) {
        double v = gram[group][Math.min(i, j) * columns + Math.max(i, j)] / count;
        return centred ? v - meanQuantized(group, i) * meanQuantized(group, j) : v;
    }

    private double m(int group, int i, int j, boolean centred) {
        double v = cross[group][i * columns + j] / count;
        return centred ? v - meanFloat(group, i) * meanQuantized(group, j) : v;
    }

    /**
     * The weights that, read from x̂, come closest to what the float weights give from x: W (M + Hd − H) Hd⁻¹. They take
     * back what the layers before have lost.
     *
     * @param weights [groups·rows·columns], float
     * @param damped Hd of each group
     * @return the weights themselves if nothing has drifted
     */
    float[] target(float[] weights, int rows, float[][] damped, boolean centred) {
        if (!drifted) {
            return weights;
        }
        float[] target = new float[weights.length];
        for (int g = 0; g < groups(); g++) {
            InverseFactor inverse = InverseFactor.of(damped[g], columns);
            double[] drift = new double[columns * columns];
            for (int i = 0; i < columns; i++) {
                for (int j = 0; j < columns; j++) {
                    drift[i * columns + j] = m(g, i, j, centred) - h(g, i, j, centred);
                }
            }
            int first = g * rows;
            IntStream.range(0, Math.ceilDiv(rows, TOGETHER)).parallel().forEach(block -> {
                int from = first + block * TOGETHER;
                int end = Math.min(first + rows, from + TOGETHER);
                double[][] b = new double[end - from][columns];
                for (int i = 0; i < columns; i++) {
                    for (int row = from; row < end; row++) {
                        add(weights[row * columns + i], drift, i * columns, b[row - from]);
                    }
                }
                double[][] x = inverse.solve(b);
                for (int row = from; row < end; row++) {
                    for (int j = 0; j < columns; j++) {
                        target[row * columns + j] = (float) (weights[row * columns + j] + x[row - from][j]);
                    }
                }
            });
        }
        return target;
    }

    private static void add(double times, double[] from, int at, double[] to) {
        if (times != 0) {
            for (int j = 0; j < to.length; j++) {
                to[j] += times * from[at + j];
            }
        }
    }

    /** How much the mean output of a row falls by quantization: w·E[x] − w'·E[x̂]. */
    double lost(int row, int rows, float[] weights, float[] quantized) {
        int g = row / rows;
        double sum = 0;
        for (int j = 0; j < columns; j++) {
            int i = row * columns + j;
            sum += weights[i] * meanFloat(g, j) - quantized[i] * meanQuantized(g, j);
        }
        return sum;
    }
}
