package org.quantscope.core.rounding;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/**
 * Column by column: each weight goes to its nearest level, and those not yet rounded take its error on, so that the
 * output changes least (Frantar et al. 2023, arXiv 2210.17323; the matrix form is Frantar and Alistarh 2022, arXiv
 * 2208.11580). Columns with the largest moments come first, which the paper's code calls {@code act_order}.
 */
final class Gptq {
    private Gptq() {}

    /** The factor of each group, and a row of it for each weight. */
    static double work(int groups, int rows, int columns) {
        return groups * (Math.pow(columns, 3) + 0.5 * rows * columns * columns);
    }

    static Codes round(LayerProblem problem, QuantParams params, CancelToken cancel) {
        int n = problem.columns();
        Codes codes = Codes.empty(problem, params);
        int[][] orders = new int[problem.groups()][];
        InverseFactor[] factors = new InverseFactor[problem.groups()];
        // A factor shares its own work out; those of many groups are small.
        IntStream each = IntStream.range(0, problem.groups());
        (problem.groups() == 1 ? each : each.parallel()).forEach(g -> {
            cancel.check();
            float[] h = problem.moments()[g];
            int[] order = IntStream.range(0, n)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer j) -> -h[j * n + j])
                            .thenComparing(j -> j))
                    .mapToInt(Integer::intValue)
                    .toArray();
            float[] sorted = new float[n * n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    sorted[i * n + j] = h[order[i] * n + order[j]];
                }
            }
            orders[g] = order;
            factors[g] = InverseFactor.of(sorted, n);
        });
        problem.eachRows(cancel, (from, end) -> {
            int[] order = orders[from / problem.rows()];
            InverseFactor factor = factors[from / problem.rows()];
            double[][] left = new double[end - from][n];
            for (int row = from; row < end; row++) {
                for (int j = 0; j < n; j++) {
                    left[row - from][j] = problem.target()[row * n + order[j]];
                }
            }
            for (int j = 0; j < n; j++) {
                double[] r = factor.row(j);
                for (int row = from; row < end; row++) {
                    double[] own = left[row - from];
                    int at = row * n + order[j];
                    int slice = problem.slices()[at];
                    float scale = codes.scales[slice];
                    float level = codes.grid(slice).nearest((float) (own[j] / scale));
                    codes.levels[at] = level;
                    subtract(own, r, (own[j] - (double) level * scale) / r[j], j + 1);
                }
            }
        });
        return codes;
    }

    private static void subtract(double[] from, double[] row, double times, int begin) {
        for (int k = begin; k < from.length; k++) {
            from[k] -= times * row[k];
        }
    }
}
