package org.quantscope.core.rounding;

import java.util.function.DoubleUnaryOperator;
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

    /** Beyond ±2.4 the share is 0 or 1. */
    private static final Curve LOGISTIC = new Curve(-8, 8, 1 << 12, x -> 1 / (1 + Math.exp(-x)));

    private static final int POWERS = 1 << 10;

    private final LayerProblem problem;
    private final Codes codes;
    private final CancelToken cancel;
    private final int n;
    /** The level below each weight. */
    private final float[] low;
    /** What going up adds to each weight. */
    private final float[] step;

    private final double[] v;
    private final double[] first;
    private final double[] second;
    /** w' − t, and the same times H. */
    private final float[] change;

    private final float[] image;

    private AdaRound(LayerProblem problem, Codes codes, CancelToken cancel) {
        this.problem = problem;
        this.codes = codes;
        this.cancel = cancel;
        n = problem.columns();
        int count = problem.target().length;
        low = new float[count];
        step = new float[count];
        v = new double[count];
        first = new double[count];
        second = new double[count];
        change = new float[count];
        image = new float[count];
    }

    /** Beside the product with the moments a step costs each weight as much as some multiplications. */
    static double work(int groups, int rows, int columns) {
        return (double) STEPS * groups * rows * columns * (columns + 100.0);
    }

    static Codes round(LayerProblem problem, QuantParams params, CancelToken cancel) {
        AdaRound run = new AdaRound(problem, Codes.empty(problem, params), cancel);
        run.learn();
        return run.codes;
    }

    private void learn() {
        int count = problem.target().length;
        double signal = problem.signal(cancel) / count + 1e-20;
        double weight = 2 * ERROR / signal / count;
        problem.eachRows(cancel, (from, end) -> begin(from * n, end * n));
        for (int t = 0; t < STEPS; t++) {
            problem.times(change, image, cancel);
            boolean warm = t <= STEPS * WARM;
            double beta = FIRST_BETA - (FIRST_BETA - LAST_BETA) * ((double) t / STEPS - WARM) / (1 - WARM);
            Curve power = warm
                    ? new Curve(0, 1, 1, x -> 0)
                    : new Curve(0, 1, POWERS, x -> REGULARIZER * 2 * beta * Math.pow(x, beta - 1) / count);
            double rate1 = 1 - Math.pow(DECAY1, t + 1);
            double rate2 = 1 - Math.pow(DECAY2, t + 1);
            problem.eachRows(cancel, (from, end) -> step(from * n, end * n, weight, power, rate1, rate2));
        }
        for (int i = 0; i < count; i++) {
            codes.levels[i] = v[i] > 0 ? codes.grid(problem.slices()[i]).above(low[i]) : low[i];
        }
    }

    /** Begins where the share of a step is that which the weight has in float. */
    private void begin(int from, int end) {
        for (int i = from; i < end; i++) {
            int slice = problem.slices()[i];
            float scale = codes.scales[slice];
            float x = problem.target()[i] / scale;
            low[i] = codes.grid(slice).below(x);
            float up = codes.grid(slice).above(low[i]) - low[i];
            step[i] = up * scale;
            double r = up > 0 ? Math.clamp((x - low[i]) / up, 0.01, 0.99) : 0.01;
            v[i] = -Math.log(STRETCH / (r + 0.1) - 1);
            change(i, share(LOGISTIC.at(v[i])));
        }
    }

    private static double share(double logistic) {
        return Math.clamp(STRETCH * logistic - 0.1, 0, 1);
    }

    private void change(int i, double share) {
        change[i] = (float) (low[i] * codes.scales[problem.slices()[i]] + share * step[i] - problem.target()[i]);
    }

    /** One step of Adam. */
    private void step(int from, int end, double weight, Curve power, double rate1, double rate2) {
        double times1 = RATE / rate1;
        double times2 = 1 / rate2;
        for (int i = from; i < end; i++) {
            double logistic = LOGISTIC.at(v[i]);
            double share = share(logistic);
            double slope = 0;
            if (share > 0 && share < 1) {
                double away = 2 * share - 1;
                double drive = power.at(Math.abs(away));
                slope = (weight * image[i] * step[i] - (away < 0 ? -drive : drive))
                        * STRETCH
                        * logistic
                        * (1 - logistic);
            }
            first[i] = DECAY1 * first[i] + (1 - DECAY1) * slope;
            second[i] = DECAY2 * second[i] + (1 - DECAY2) * slope * slope;
            v[i] -= times1 * first[i] / (Math.sqrt(second[i] * times2) + TINY);
            change(i, share(LOGISTIC.at(v[i])));
        }
    }

    /** A function between two places, as straight lines between its values; flat beyond. */
    private static final class Curve {
        private final double from;
        private final double perUnit;
        private final double[] values;

        Curve(double from, double to, int parts, DoubleUnaryOperator of) {
            this.from = from;
            perUnit = parts / (to - from);
            values = new double[parts + 2];
            for (int i = 0; i < values.length; i++) {
                values[i] = of.applyAsDouble(Math.min(to, from + i / perUnit));
            }
        }

        double at(double x) {
            double place = Math.clamp((x - from) * perUnit, 0, values.length - 2);
            int i = (int) place;
            return values[i] + (place - i) * (values[i + 1] - values[i]);
        }
    }
}
