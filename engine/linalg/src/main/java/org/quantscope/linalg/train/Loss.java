package org.quantscope.linalg.train;

/**
 * What training makes small.
 *
 * <p>For classes: the Kullback-Leibler divergence of the network's answers q from wanted ones p, {@code Σ p·ln(p/q)}, in
 * nats. While it is trained both are softened by a temperature T, and the divergence is multiplied by T² (Hinton et al.
 * 2015, arXiv 1503.02531, section 2); it is measured at T = 1. With labels p is 1 for the label, so that it is the cross
 * entropy. For other outputs: the squared error as a share of the square of what is wanted.
 */
enum Loss {
    DIVERGENCE,
    LABELS,
    SQUARES;

    static final double TEMPERATURE = 2;
    /** A row without a label. */
    static final int NO_LABEL = -1;

    /** In a few words, with its unit. */
    String measure() {
        return switch (this) {
            case DIVERGENCE -> "divergence from the float model, nats";
            case LABELS -> "cross entropy with the labels, nats";
            case SQUARES -> "share of noise in the outputs";
        };
    }

    /**
     * The loss of some rows.
     *
     * @param got [rows, classes], the outputs of the network
     * @param wanted [rows, classes], those of the float model
     * @param labels [rows], {@link #NO_LABEL} where there is none; not read but for {@link #LABELS}
     * @param rows how many of the rows count
     * @param temperature 1 to measure, {@link #TEMPERATURE} to train
     * @param gradient filled with the gradient by {@code got}; empty if it is not wanted
     * @return the sum over the rows, and what it is to be divided by
     */
    Sum of(float[] got, float[] wanted, int[] labels, int rows, int classes, double temperature, float[] gradient) {
        if (this == SQUARES) {
            return squares(got, wanted, rows * classes, gradient);
        }
        double t = this == LABELS ? 1 : temperature;
        double loss = 0;
        int counted = 0;
        double[] q = new double[classes];
        double[] p = new double[classes];
        for (int row = 0; row < rows; row++) {
            int from = row * classes;
            if (this == LABELS && labels[row] == NO_LABEL) {
                continue;
            }
            counted++;
            double logQ = logits(got, from, t, q);
            double logP = this == LABELS ? 0 : logits(wanted, from, t, p);
            for (int c = 0; c < classes; c++) {
                double target = this == LABELS ? (c == labels[row] ? 1 : 0) : Math.exp(p[c] - logP);
                if (target > 0) {
                    double log = this == LABELS ? 0 : p[c] - logP;
                    loss += t * t * target * (log - (q[c] - logQ));
                }
                if (gradient.length > 0) {
                    gradient[from + c] = (float) (t * (Math.exp(q[c] - logQ) - target));
                }
            }
        }
        if (gradient.length > 0 && counted > 0) {
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] /= counted;
            }
        }
        return new Sum(loss, counted);
    }

    /** Fills in x/t and gives ln Σ exp(x/t). */
    private static double logits(float[] x, int from, double t, double[] into) {
        double most = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < into.length; c++) {
            into[c] = x[from + c] / t;
            most = Math.max(most, into[c]);
        }
        double sum = 0;
        for (double v : into) {
            sum += Math.exp(v - most);
        }
        return most + Math.log(sum);
    }

    private static Sum squares(float[] got, float[] wanted, int count, float[] gradient) {
        double noise = 0;
        double signal = 0;
        for (int i = 0; i < count; i++) {
            double d = (double) got[i] - wanted[i];
            noise += d * d;
            signal += (double) wanted[i] * wanted[i];
        }
        for (int i = 0; i < Math.min(count, gradient.length); i++) {
            gradient[i] = (float) (2 * ((double) got[i] - wanted[i]) / Math.max(signal, Float.MIN_NORMAL));
        }
        return new Sum(noise, signal);
    }

    /** A loss as a sum over rows and what it is divided by. */
    record Sum(double loss, double weight) {
        Sum plus(Sum other) {
            return new Sum(loss + other.loss, weight + other.weight);
        }

        double mean() {
            return weight > 0 ? loss / weight : 0;
        }
    }
}
