package org.quantscope.core.datacheck;

/**
 * How far the figures of one sample lie from those of the others: the squared Mahalanobis distance (Mahalanobis 1936) in
 * the covariance of all samples, shrunk towards its diagonal where there are few of them (Ledoit and Wolf 2004, in form).
 * Figures are means, spreads and ends of a sample's values in some tensors; large ones are compressed by asinh.
 */
final class Oddness {
    /** The variance that every figure has besides, so that one which hardly varies at all does not decide. */
    private static final double LEAST = 4e-4;

    private static final double SHRINK = 0.1;

    private final int size;
    private final double[] mean;
    private final double[] covariance;
    private long count;
    private double[][] factor = {};

    /** @param size figures of one sample */
    Oddness(int size) {
        this.size = size;
        mean = new double[size];
        covariance = new double[size * size];
    }

    static double compressed(double v) {
        double a = Math.abs(v);
        return Math.copySign(Math.log(a + Math.sqrt(a * a + 1)), v);
    }

    /** Adds a sample's figures, all finite. */
    void add(double[] figures) {
        count++;
        double[] before = new double[size];
        for (int i = 0; i < size; i++) {
            before[i] = figures[i] - mean[i];
            mean[i] += before[i] / count;
        }
        for (int i = 0; i < size; i++) {
            for (int j = 0; j <= i; j++) {
                covariance[i * size + j] += before[i] * (figures[j] - mean[j]);
            }
        }
    }

    private double variance(int i) {
        return covariance[i * size + i] / Math.max(1, count - 1);
    }

    /** The distance of a sample; to be asked when all have been added. */
    double of(double[] figures) {
        if (factor.length == 0) {
            factor = cholesky();
        }
        double[] x = new double[size];
        double sum = 0;
        for (int i = 0; i < size; i++) {
            double v = figures[i] - mean[i];
            for (int j = 0; j < i; j++) {
                v -= factor[i][j] * x[j];
            }
            x[i] = v / factor[i][i];
            sum += x[i] * x[i];
        }
        return sum;
    }

    private double[][] cholesky() {
        double shrink = SHRINK * size / (size + count);
        double[][] l = new double[size][size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j <= i; j++) {
                double v = covariance[i * size + j] / Math.max(1, count - 1);
                v = i == j ? v + LEAST : v * (1 - shrink);
                for (int k = 0; k < j; k++) {
                    v -= l[i][k] * l[j][k];
                }
                l[i][j] = i == j ? Math.sqrt(Math.max(v, LEAST)) : v / l[j][j];
            }
        }
        return l;
    }

    /** A figure of a sample beside those of all. */
    record Apart(int figure, double mean, double std, double deviations) {}

    /** The figure of a sample that lies the most standard deviations away. */
    Apart furthest(double[] figures) {
        Apart most = new Apart(0, mean[0], Math.sqrt(variance(0)), 0);
        for (int i = 0; i < size; i++) {
            double std = Math.sqrt(variance(i));
            double z = std == 0 ? 0 : (figures[i] - mean[i]) / std;
            if (Math.abs(z) > Math.abs(most.deviations)) {
                most = new Apart(i, mean[i], std, z);
            }
        }
        return most;
    }
}
