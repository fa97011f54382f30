package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/**
 * What one row of a model's output means: at each position, one value for each class.
 *
 * @param positions the number of positions of a sample, at least 1; 1 for a class of the whole sample
 * @param values outputs for each position, at least 1
 * @param stride the distance of two values of one position in the row
 * @param step the distance of the first values of two positions
 * @param form how the outputs are to be read
 * @param vector true if the row is one vector; false if it has more dimensions, like a picture
 */
record Head(int positions, int values, int stride, int step, Form form, boolean vector) {
    /** How the outputs of a classifier are to be read. */
    enum Form {
        /** Any number; softmax or the logistic function turns it into a probability. */
        LOGITS,
        /** Probabilities that sum up to 1, as of a Softmax. */
        PROBABILITIES,
        /** Their natural logarithms, as of a LogSoftmax. */
        LOG_PROBABILITIES,
        /** A probability of its own for each output, as of a Sigmoid. */
        YES_OR_NO,
        /** Numbers that should be probabilities by their operator and do not sum up to 1: they are only compared. */
        SCORES
    }

    /** Probabilities below this count as this, so that the logarithm is finite. */
    private static final double LEAST = 1e-30;

    /** How far a sum of probabilities in float32 may be from 1. */
    private static final double SUM_TOLERANCE = 2e-3;

    /** The whole row as one vector of values. */
    static Head whole(Logits first, String operator) {
        return new Head(1, first.classes(), 1, 1, Form.LOGITS, first.isVector()).as(operator, first);
    }

    /** A yes or no for each value of the row. */
    static Head yesOrNo(Logits first, String operator) {
        return new Head(first.classes(), 1, 1, 1, Form.LOGITS, first.isVector()).as(operator, first);
    }

    /**
     * A class for each position: the classes are the last dimension of a row, or else the first.
     *
     * @param labels the shape of one sample's labels
     * @return empty if a row is not that shape with one more dimension
     */
    static Optional<Head> positions(Logits first, Shape labels, String operator) {
        long[] row = first.shape().toArray();
        if (row.length != labels.rank() + 1) {
            return Optional.empty();
        }
        int count = Math.toIntExact(labels.count());
        int last = (int) row[row.length - 1];
        if (Arrays.equals(Arrays.copyOf(row, row.length - 1), labels.toArray())) {
            return Optional.of(new Head(count, last, 1, last, Form.LOGITS, false).as(operator, first));
        }
        if (Arrays.equals(Arrays.copyOfRange(row, 1, row.length), labels.toArray())) {
            return Optional.of(new Head(count, (int) row[0], count, 1, Form.LOGITS, false).as(operator, first));
        }
        return Optional.empty();
    }

    /** The same with the form that an operator promises and some outputs have. */
    private Head as(String operator, Logits outputs) {
        return new Head(positions, values, stride, step, form(operator, outputs), vector);
    }

    private Form form(String operator, Logits outputs) {
        boolean sigmoid = operator.equals("Sigmoid") || operator.equals("HardSigmoid");
        if (values == 1) {
            return sigmoid || operator.equals("Softmax") ? Form.YES_OR_NO : Form.LOGITS;
        }
        if (sigmoid) {
            return Form.YES_OR_NO;
        }
        boolean probabilities = sumsToOne(outputs, false);
        return switch (operator) {
            case "LogSoftmax" -> sumsToOne(outputs, true) ? Form.LOG_PROBABILITIES : Form.SCORES;
            case "Softmax" -> probabilities ? Form.PROBABILITIES : Form.SCORES;
            default -> probabilities ? Form.PROBABILITIES : Form.LOGITS;
        };
    }

    private boolean sumsToOne(Logits outputs, boolean logarithms) {
        for (int row = 0; row < outputs.rows(); row++) {
            for (int p = 0; p < positions; p++) {
                double sum = 0;
                for (int c = 0; c < values; c++) {
                    float v = outputs.values()[at(row, p, c)];
                    // An output that is not finite says nothing about the others.
                    if (Float.isNaN(v)) {
                        sum = 1;
                        break;
                    }
                    if (logarithms ? v > SUM_TOLERANCE : v < 0) {
                        return false;
                    }
                    sum += logarithms ? Math.exp(v) : v;
                }
                if (Math.abs(sum - 1) > SUM_TOLERANCE) {
                    return false;
                }
            }
        }
        return true;
    }

    private int at(int row, int position, int c) {
        return row * (positions * values) + position * step + c * stride;
    }

    /** The number of classes; one output decides between two. */
    int classes() {
        return values == 1 ? 2 : values;
    }

    /** The number of values of a row. */
    int rowValues() {
        return positions * values;
    }

    /**
     * The class at a position of a row: the index of the largest output, the first of equals. With one output: 1 above
     * the threshold, else 0. NaN is never the largest; if all are NaN, the class is −1.
     */
    int decide(Logits outputs, int row, int position) {
        float[] v = outputs.values();
        if (values == 1) {
            float x = v[at(row, position, 0)];
            return Float.isNaN(x) ? -1 : x > (form == Form.LOGITS ? 0 : 0.5f) ? 1 : 0;
        }
        int best = -1;
        float most = Float.NaN;
        for (int c = 0; c < values; c++) {
            float x = v[at(row, position, c)];
            if (!Float.isNaN(x) && (best < 0 || x > most)) {
                best = c;
                most = x;
            }
        }
        return best;
    }

    /**
     * True if fewer than {@code k} outputs of a row are larger than the output of the label, or equal with a smaller
     * index. False if the label is not a class or its output is NaN.
     */
    boolean among(Logits outputs, int row, int label, int k) {
        if (label < 0 || label >= values) {
            return false;
        }
        float[] v = outputs.values();
        float own = v[at(row, 0, label)];
        int before = 0;
        for (int c = 0; c < values; c++) {
            float x = v[at(row, 0, c)];
            before += x > own || (x == own && c < label) ? 1 : 0;
        }
        return !Float.isNaN(own) && before < k;
    }

    /**
     * The natural logarithms of the class probabilities at a position of a row.
     *
     * @param out at least {@link #classes} long
     */
    void logProbabilities(Logits outputs, int row, int position, double[] out) {
        float[] v = outputs.values();
        if (values == 1) {
            double x = v[at(row, position, 0)];
            out[0] = form == Form.LOGITS ? -softplus(x) : Math.log(Math.max(LEAST, 1 - x));
            out[1] = form == Form.LOGITS ? -softplus(-x) : Math.log(Math.max(LEAST, x));
            return;
        }
        switch (form) {
            case PROBABILITIES, YES_OR_NO -> {
                for (int c = 0; c < values; c++) {
                    out[c] = Math.log(Math.max(LEAST, v[at(row, position, c)]));
                }
            }
            case LOG_PROBABILITIES -> {
                for (int c = 0; c < values; c++) {
                    out[c] = v[at(row, position, c)];
                }
            }
            case LOGITS, SCORES -> {
                double largest = Double.NEGATIVE_INFINITY;
                for (int c = 0; c < values; c++) {
                    largest = Math.max(largest, v[at(row, position, c)]);
                }
                double sum = 0;
                for (int c = 0; c < values; c++) {
                    sum += Math.exp(v[at(row, position, c)] - largest);
                }
                double log = largest + Math.log(sum);
                for (int c = 0; c < values; c++) {
                    out[c] = v[at(row, position, c)] - log;
                }
            }
        }
    }

    /**
     * The Kullback-Leibler divergence at a position of a row, in nats: {@code Σ p·ln(p/q)} over the classes, or, if
     * each output is a probability of its own, the sum of {@code p·ln(p/q) + (1 − p)·ln((1 − p)/(1 − q))} over the
     * outputs.
     *
     * @param logP what {@link #logProbabilities} gives for the float model
     * @param logQ what it gives for the quantized model
     * @return NaN if there is none
     */
    double klDivergence(double[] logP, double[] logQ) {
        if (form == Form.SCORES) {
            return Double.NaN;
        }
        boolean own = form == Form.YES_OR_NO && values > 1;
        double sum = 0;
        for (int c = 0; c < classes(); c++) {
            double p = Math.exp(logP[c]);
            sum += p == 0 ? 0 : p * (logP[c] - logQ[c]);
            if (own && p < 1) {
                sum += (1 - p) * (Math.log(1 - p) - Math.log(Math.max(LEAST, 1 - Math.exp(logQ[c]))));
            }
        }
        return sum;
    }

    /** True if {@link #klDivergence} is a sum over outputs with a probability of their own. */
    boolean sumsBernoulli() {
        return form == Form.YES_OR_NO && values > 1;
    }

    /** ln(1 + e^x) without overflow. */
    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}
