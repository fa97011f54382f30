package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/**
 * Learns for each weight whether it goes down or up: the share h = clip(1.2·σ(v) − 0.1, 0, 1) of a step is trained by
 * Adam on the error at the output, with a regularizer 1 − |2h − 1|^β that drives it to 0 or 1 as β falls from 20 to 2
 * (Nagel et al. 2020, arXiv 2004.10568). Here on the second moments, which are the same as all the data at once.
 */
final class AdaRound {
    private static final int STEPS = 600;
    private static final double RATE = 0.02;
    private static final double REGULARIZER = 0.02;
    /** Weighs the error, relative to the signal, against the regularizer. */
    private static final double ERROR = 50;

    private static final double WARM = 0.2;
    private static final double FIRST_BETA = 20;
    private static final double LAST_BETA = 2;
    private static final double STRETCH = 1.2;
    private static final double DECAY1 = 0.9;
    private static final double DECAY2 = 0.999;
    private static final double TINY = 1e-8;

    private AdaRound() {}

    static Codes round(LayerProblem problem, QuantParams params, CancelToken cancel) {
        Codes codes = Codes.empty(problem, params);
        double signal = problem.signal(cancel) / problem.target().length + 1e-20;
        problem.eachRow(cancel, row -> new Row(problem, codes, row, signal, cancel).run());
        return codes;
    }

    private static final class Row {
        private final Codes codes;
        private final LayerProblem problem;
        private final CancelToken cancel;
        private final double signal;
        private final int n;
        private final int from;
        private final float[] h;

        Row(LayerProblem problem, Codes codes, int row, double signal, CancelToken cancel) {
            this.codes = codes;
            this.problem = problem;
            this.cancel = cancel;
            this.signal = signal;
            n = problem.columns();
            from = row * n;
            h = problem.momentsOf(row);
        }

        void run() {
            float[] low = new float[n];
            float[] step = new float[n];
            double[] v = new double[n];
            double[] share = new double[n];
            for (int j = 0; j < n; j++) {
                int slice = problem.slices()[from + j];
                float x = problem.target()[from + j] / codes.scales[slice];
                low[j] = codes.grid(slice).below(x);
                step[j] = codes.grid(slice).above(low[j]) - low[j];
                double r = step[j] > 0 ? Math.clamp((x - low[j]) / step[j], 0.01, 0.99) : 0.01;
                v[j] = -Math.log(STRETCH / (r + 0.1) - 1);
            }
            double[] first = new double[n];
            double[] second = new double[n];
            float[] error = new float[n];
            float[] image = new float[n];
            for (int t = 0; t < STEPS; t++) {
                cancel.check();
                for (int j = 0; j < n; j++) {
                    share[j] = Math.clamp(STRETCH / (1 + Math.exp(-v[j])) - 0.1, 0, 1);
                    int slice = problem.slices()[from + j];
                    error[j] =
                            (float) ((low[j] + share[j] * step[j]) * codes.scales[slice] - problem.target()[from + j]);
                }
                multiply(error, image);
                boolean warm = t <= STEPS * WARM;
                double beta = FIRST_BETA - (FIRST_BETA - LAST_BETA) * ((double) t / STEPS - WARM) / (1 - WARM);
                double rate1 = 1 - Math.pow(DECAY1, t + 1);
                double rate2 = 1 - Math.pow(DECAY2, t + 1);
                for (int j = 0; j < n; j++) {
                    double sigma = 1 / (1 + Math.exp(-v[j]));
                    boolean free = share[j] > 0 && share[j] < 1;
                    double slope = 0;
                    if (free) {
                        float scale = codes.scales[problem.slices()[from + j]];
                        slope = 2 * image[j] * step[j] * scale * ERROR / signal / problem.target().length;
                        if (!warm) {
                            double away = 2 * share[j] - 1;
                            slope -= REGULARIZER
                                    * 2
                                    * beta
                                    * Math.signum(away)
                                    * Math.pow(Math.abs(away), beta - 1)
                                    / problem.target().length;
                        }
                        slope *= STRETCH * sigma * (1 - sigma);
                    }
                    first[j] = DECAY1 * first[j] + (1 - DECAY1) * slope;
                    second[j] = DECAY2 * second[j] + (1 - DECAY2) * slope * slope;
                    v[j] -= RATE * (first[j] / rate1) / (Math.sqrt(second[j] / rate2) + TINY);
                }
            }
            for (int j = 0; j < n; j++) {
                Levels grid = codes.grid(problem.slices()[from + j]);
                codes.levels[from + j] = v[j] > 0 ? grid.above(low[j]) : low[j];
            }
        }

        private void multiply(float[] by, float[] to) {
            java.util.Arrays.fill(to, 0);
            for (int j = 0; j < n; j++) {
                float times = by[j];
                int start = j * n;
                for (int k = 0; k < n; k++) {
                    to[k] += times * h[start + k];
                }
            }
        }
    }
}
