package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;

/**
 * Coordinate descent on tr((W' − T) H (W' − T)ᵀ): each weight in turn moves to the level that is best while the others
 * stay, then each scale to its closed-form optimum. Neither step ever makes the error larger, but for rounding in
 * float32.
 */
final class Descent {
    private final LayerProblem problem;
    private final Codes codes;
    private final CancelToken cancel;
    private final int n;
    /** For each slice the only row that has weights in it; −1 if several have. */
    private final int[] rowsOf;
    /** (w' − t) H of each row. */
    private float[] gradient = {};

    private Descent(LayerProblem problem, Codes codes, CancelToken cancel) {
        this.problem = problem;
        this.codes = codes;
        this.cancel = cancel;
        this.n = problem.columns();
        this.rowsOf = rowsOf(problem, codes.scales.length);
    }

    /**
     * @param codes where it starts; changed
     * @param rounds of sweeps followed by new scales, at least 1
     * @param sweeps at most so many over all columns in a round; fewer if no weight moves
     * @param refit false keeps the scales, and so the range that a person has set
     */
    static void run(LayerProblem problem, Codes codes, int rounds, int sweeps, boolean refit, CancelToken cancel) {
        Descent descent = new Descent(problem, codes, cancel);
        for (int round = 0; round < rounds; round++) {
            descent.gradient = problem.times(descent.change(), cancel);
            problem.eachRows(cancel, (from, end) -> descent.sweep(from, end, sweeps));
            if (refit) {
                descent.refit();
            }
        }
    }

    /** Two products in each round, and about one more for what moves. */
    static double work(int rounds, int groups, int rows, int columns) {
        return 3.0 * rounds * groups * rows * columns * columns;
    }

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

    private float[] change() {
        float[] change = codes.weights(problem);
        for (int i = 0; i < change.length; i++) {
            change[i] -= problem.target()[i];
        }
        return change;
    }

    /** Takes some rows through the columns together, each until a sweep moves none of its weights. */
    private void sweep(int from, int end, int sweeps) {
        float[] h = problem.momentsOf(from);
        boolean[] done = new boolean[end - from];
        for (int sweep = 0; sweep < sweeps; sweep++) {
            boolean[] moved = new boolean[end - from];
            for (int j = 0; j < n; j++) {
                for (int row = from; row < end; row++) {
                    if (!done[row - from]) {
                        moved[row - from] |= move(row, j, h);
                    }
                }
            }
            boolean any = false;
            for (int r = 0; r < moved.length; r++) {
                done[r] = !moved[r];
                any |= moved[r];
            }
            if (!any) {
                return;
            }
        }
    }

    /** Gives one weight its best level; true if that is another one. */
    private boolean move(int row, int j, float[] h) {
        int at = row * n + j;
        int slice = problem.slices()[at];
        float scale = codes.scales[slice];
        float before = codes.levels[at];
        float after = codes.grid(slice).nearest(before - gradient[at] / (scale * h[j * n + j]));
        if (after == before) {
            return false;
        }
        codes.levels[at] = after;
        LayerProblem.add((after - before) * scale, h, j * n, gradient, row * n, n);
        return true;
    }

    private void refit() {
        if (codes.scales.length == 1) {
            // Also of a single row: it has the whole tensor to itself.
            float[] image = problem.times(codes.levels, cancel);
            codes.scales[0] = moved(
                    codes.scales[0], product(gradient, 0, codes.levels.length), product(image, 0, codes.levels.length));
        } else if (isOneForEachRow()) {
            float[] image = problem.times(codes.levels, cancel);
            for (int row = 0; row < problem.allRows(); row++) {
                int slice = problem.slices()[row * n];
                codes.scales[slice] =
                        moved(codes.scales[slice], product(gradient, row * n, n), product(image, row * n, n));
            }
        } else {
            problem.eachRow(cancel, this::refitBlocks);
        }
    }

    private boolean isOneForEachRow() {
        for (int i = 0; i < problem.slices().length; i++) {
            if (problem.slices()[i] != problem.slices()[i / n * n] || rowsOf[problem.slices()[i]] != i / n) {
                return false;
            }
        }
        return true;
    }

    /** Levels times other values, summed up: with the gradient half the first derivative of the error by their scale. */
    private double product(float[] by, int from, int count) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += (double) codes.levels[i] * by[i];
        }
        return sum;
    }

    /** The scale with the least error; unchanged if there is none above 0. */
    private static float moved(float scale, double slope, double curvature) {
        float best = curvature > 0 ? (float) (scale - slope / curvature) : scale;
        return best > 0 && Float.isFinite(best) ? best : scale;
    }

    /** Each scale of a row that no other row has, one after the other. */
    private void refitBlocks(int row) {
        int from = row * n;
        for (int begin = 0; begin < n; ) {
            int slice = problem.slices()[from + begin];
            int end = begin + 1;
            while (end < n && problem.slices()[from + end] == slice) {
                end++;
            }
            // Of blocks that interleave none is a run of its own; their scales stay.
            if (rowsOf[slice] == row && isOneRun(row, slice, end)) {
                refitBlock(row, slice, begin, end);
            }
            begin = end;
        }
    }

    private boolean isOneRun(int row, int slice, int end) {
        for (int j = end; j < n; j++) {
            if (problem.slices()[row * n + j] == slice) {
                return false;
            }
        }
        return true;
    }

    private void refitBlock(int row, int slice, int begin, int end) {
        int from = row * n;
        float[] h = problem.momentsOf(row);
        float[] image = new float[n];
        for (int j = begin; j < end; j++) {
            LayerProblem.add(codes.levels[from + j], h, j * n, image, 0, n);
        }
        double curvature = 0;
        for (int j = begin; j < end; j++) {
            curvature += (double) codes.levels[from + j] * image[j];
        }
        float before = codes.scales[slice];
        float after = moved(before, product(gradient, from + begin, end - begin), curvature);
        codes.scales[slice] = after;
        for (int k = 0; k < n; k++) {
            gradient[from + k] += (after - before) * image[k];
        }
    }
}
