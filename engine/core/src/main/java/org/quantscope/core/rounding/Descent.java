package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;

/**
 * Coordinate descent on tr((W' − T) H (W' − T)ᵀ): each weight in turn moves to the level that is best while the others
 * stay, then each scale to its closed-form optimum. Neither step ever makes the error larger, but for rounding in
 * float32.
 */
final class Descent {
    private Descent() {}

    /**
     * @param codes where it starts; changed
     * @param rounds of sweeps followed by new scales, at least 1
     * @param sweeps at most so many over all columns in a round; fewer if no weight moves
     * @param refit false keeps the scales, and so the range that a person has set
     */
    static void run(LayerProblem problem, Codes codes, int rounds, int sweeps, boolean refit, CancelToken cancel) {
        int[] rowsOf = refit ? rowsOf(problem, codes.scales.length) : new int[0];
        boolean whole = refit && codes.scales.length == 1 && problem.allRows() > 1;
        double[][] sums = new double[problem.allRows()][];
        for (int round = 0; round < rounds; round++) {
            problem.eachRow(cancel, row -> {
                Row work = new Row(problem, codes, row);
                work.sweep(sweeps);
                if (whole) {
                    sums[row] = work.slopeAndCurvature();
                } else if (refit) {
                    work.refit(rowsOf);
                }
            });
            if (whole) {
                double slope = 0;
                double curvature = 0;
                for (double[] s : sums) {
                    slope += s[0];
                    curvature += s[1];
                }
                codes.scales[0] = moved(codes.scales[0], slope, curvature);
            }
        }
    }

    /** For each slice the only row that has weights in it; −1 if several have. */
    private static int[] rowsOf(LayerProblem problem, int slices) {
        int[] rows = new int[slices];
        java.util.Arrays.fill(rows, -2);
        for (int i = 0; i < problem.slices().length; i++) {
            int slice = problem.slices()[i];
            int row = i / problem.columns();
            rows[slice] = rows[slice] == -2 || rows[slice] == row ? row : -1;
        }
        return rows;
    }

    /** The scale with the least error; unchanged if there is none above 0. */
    private static float moved(float scale, double slope, double curvature) {
        float best = curvature > 0 ? (float) (scale - slope / curvature) : scale;
        return best > 0 && Float.isFinite(best) ? best : scale;
    }

    /** The work on one row. */
    private static final class Row {
        private final Codes codes;
        private final int[] slices;
        private final float[] h;
        private final int n;
        private final int from;
        /** (w' − t) H. */
        private final float[] gradient;

        Row(LayerProblem problem, Codes codes, int row) {
            this.codes = codes;
            slices = problem.slices();
            h = problem.momentsOf(row);
            n = problem.columns();
            from = row * n;
            gradient = new float[n];
            for (int j = 0; j < n; j++) {
                add(codes.weight(from + j, slices[from + j]) - problem.target()[from + j], j, gradient);
            }
        }

        private void add(float times, int j, float[] to) {
            if (times != 0) {
                int start = j * n;
                for (int k = 0; k < n; k++) {
                    to[k] += times * h[start + k];
                }
            }
        }

        void sweep(int sweeps) {
            for (int sweep = 0; sweep < sweeps; sweep++) {
                boolean moved = false;
                for (int j = 0; j < n; j++) {
                    int slice = slices[from + j];
                    float scale = codes.scales[slice];
                    float before = codes.levels[from + j];
                    float after = codes.grid(slice).nearest(before - gradient[j] / (scale * h[j * n + j]));
                    if (after != before) {
                        moved = true;
                        codes.levels[from + j] = after;
                        add((after - before) * scale, j, gradient);
                    }
                }
                if (!moved) {
                    return;
                }
            }
        }

        /** Half the first and half the second derivative of the row's error by a scale that all of it shares. */
        double[] slopeAndCurvature() {
            double slope = 0;
            double curvature = 0;
            float[] image = new float[n];
            for (int j = 0; j < n; j++) {
                add(codes.levels[from + j], j, image);
                slope += (double) codes.levels[from + j] * gradient[j];
            }
            for (int j = 0; j < n; j++) {
                curvature += (double) codes.levels[from + j] * image[j];
            }
            return new double[] {slope, curvature};
        }

        /** Each scale that no other row has, one after the other. */
        void refit(int[] rowsOf) {
            for (int begin = 0; begin < n; ) {
                int slice = slices[from + begin];
                int end = begin + 1;
                while (end < n && slices[from + end] == slice) {
                    end++;
                }
                // Of blocks that interleave none is a run of its own; their scales stay.
                boolean own = rowsOf[slice] == from / n && isOneRun(slice, end);
                if (own) {
                    refit(slice, begin, end);
                }
                begin = end;
            }
        }

        private boolean isOneRun(int slice, int end) {
            for (int j = end; j < n; j++) {
                if (slices[from + j] == slice) {
                    return false;
                }
            }
            return true;
        }

        private void refit(int slice, int begin, int end) {
            float[] image = new float[n];
            double slope = 0;
            for (int j = begin; j < end; j++) {
                add(codes.levels[from + j], j, image);
                slope += (double) codes.levels[from + j] * gradient[j];
            }
            double curvature = 0;
            for (int j = begin; j < end; j++) {
                curvature += (double) codes.levels[from + j] * image[j];
            }
            float before = codes.scales[slice];
            float after = moved(before, slope, curvature);
            codes.scales[slice] = after;
            float by = after - before;
            for (int k = 0; k < n; k++) {
                gradient[k] += by * image[k];
            }
        }
    }
}
