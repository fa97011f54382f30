package org.quantscope.core.eval;

import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/**
 * How much of the variation of a slice of the output is left: the standard deviation of the quantized values over that
 * of the float ones, over all samples. A cosine does not see that the scores of a detector have all become equal if its
 * boxes are large; this does.
 *
 * @param kept the least ratio over the slices along every axis, at least 0; 1 is best
 * @param axis the axis of that slice, counted without dimensions of 1; 0 is the batch
 * @param index its place on the axis
 */
public record Spread(double kept, int axis, int index) {
    /** Below this share of the float model's variation a slice has collapsed. */
    public static final double COLLAPSED = 0.1;

    private static final int MOST_SLICES = 512;

    /** True if the slice has hardly any variation left. */
    public boolean collapsed() {
        return kept < COLLAPSED;
    }

    /** The moments of every slice. */
    static final class Count {
        private final long[] dims;
        /** Of each axis the slices, and of each slice n, Σf, Σf², Σq, Σq². */
        private final double[][][] moments;

        Count(Shape row) {
            dims = row.toArray();
            moments = new double[dims.length][][];
            for (int axis = 0; axis < dims.length; axis++) {
                moments[axis] = dims[axis] <= MOST_SLICES ? new double[(int) dims[axis]][5] : new double[0][];
            }
        }

        void add(float[] f, float[] q) {
            for (int axis = 0; axis < dims.length; axis++) {
                int slices = moments[axis].length;
                if (slices == 0) {
                    continue;
                }
                int inner = 1;
                for (int a = axis + 1; a < dims.length; a++) {
                    inner *= (int) dims[a];
                }
                for (int from = 0, slice = 0; from < f.length; from += inner, slice = (slice + 1) % slices) {
                    double[] m = moments[axis][slice];
                    for (int i = from; i < from + inner; i++) {
                        if (Float.isFinite(f[i])) {
                            m[0]++;
                            m[1] += f[i];
                            m[2] += (double) f[i] * f[i];
                            m[3] += q[i];
                            m[4] += (double) q[i] * q[i];
                        }
                    }
                }
            }
        }

        /** The slice that lost most; empty if no slice varies in float. */
        Optional<Spread> least() {
            Optional<Spread> least = Optional.empty();
            for (int axis = 0; axis < dims.length; axis++) {
                for (int slice = 0; slice < moments[axis].length; slice++) {
                    double[] m = moments[axis][slice];
                    double was = deviation(m[0], m[1], m[2]);
                    double is = deviation(m[0], m[3], m[4]);
                    if (m[0] > 1 && was > 1e-6 * Math.sqrt(m[2] / m[0])) {
                        double kept = is / was;
                        if (Double.isFinite(kept)
                                && kept < least.map(Spread::kept).orElse(Double.MAX_VALUE)) {
                            least = Optional.of(new Spread(kept, axis + 1, slice));
                        }
                    }
                }
            }
            return least;
        }

        private static double deviation(double n, double sum, double squares) {
            double mean = sum / n;
            return Math.sqrt(Math.max(0, squares / n - mean * mean));
        }
    }
}
