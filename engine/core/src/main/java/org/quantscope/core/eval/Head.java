package org.quantscope.core.eval;

/**
 * What one row of a model's output means.
 *
 * @param values outputs for each sample, at least 1
 * @param form how they are to be read
 * @param vector true if they are one vector; false if they have more dimensions, like a picture
 */
record Head(int values, Form form, boolean vector) {
    /** How the outputs of a classifier are to be read. */
    enum Form {
        /** Any number; softmax or the logistic function turns it into a probability. */
        LOGITS,
        /** The output of a Softmax or Sigmoid. */
        PROBABILITIES,
        /** The output of a LogSoftmax. */
        LOG_PROBABILITIES
    }

    /** Probabilities below this count as this, so that the logarithm is finite. */
    private static final double LEAST = 1e-30;

    /** The form of an output that comes from this operator. */
    static Form form(String operator) {
        return switch (operator) {
            case "Softmax", "Sigmoid" -> Form.PROBABILITIES;
            case "LogSoftmax" -> Form.LOG_PROBABILITIES;
            default -> Form.LOGITS;
        };
    }

    /** The number of classes; one output decides between two. */
    int classes() {
        return values == 1 ? 2 : values;
    }

    /**
     * The class of a row: the index of the largest output, the first of equals. With one output: 1 above the threshold,
     * else 0. NaN is never the largest; a row of NaN gives −1.
     */
    int decide(Logits outputs, int row) {
        if (values > 1) {
            return outputs.top(row);
        }
        float v = outputs.values()[row];
        return Float.isNaN(v) ? -1 : v > (form == Form.PROBABILITIES ? 0.5f : 0) ? 1 : 0;
    }

    /**
     * True if fewer than {@code k} outputs are larger than the output of the label, or equal with a smaller index.
     * False if the label is not a class or its output is NaN.
     */
    boolean among(Logits outputs, int row, int label, int k) {
        if (label < 0 || label >= values) {
            return false;
        }
        float[] v = outputs.values();
        int at = row * values;
        float own = v[at + label];
        int before = 0;
        for (int c = 0; c < values; c++) {
            before += v[at + c] > own || (v[at + c] == own && c < label) ? 1 : 0;
        }
        return !Float.isNaN(own) && before < k;
    }

    /**
     * The natural logarithms of a row's class probabilities.
     *
     * @param out at least {@link #classes} long
     */
    void logProbabilities(Logits outputs, int row, double[] out) {
        float[] v = outputs.values();
        int at = row * values;
        if (values == 1) {
            double x = v[at];
            double yes = form == Form.PROBABILITIES ? Math.log(Math.max(LEAST, x)) : -softplus(-x);
            double no = form == Form.PROBABILITIES ? Math.log(Math.max(LEAST, 1 - x)) : -softplus(x);
            out[0] = no;
            out[1] = yes;
            return;
        }
        switch (form) {
            case PROBABILITIES -> {
                for (int c = 0; c < values; c++) {
                    out[c] = Math.log(Math.max(LEAST, v[at + c]));
                }
            }
            case LOG_PROBABILITIES -> {
                for (int c = 0; c < values; c++) {
                    out[c] = v[at + c];
                }
            }
            case LOGITS -> {
                double largest = Double.NEGATIVE_INFINITY;
                for (int c = 0; c < values; c++) {
                    largest = Math.max(largest, v[at + c]);
                }
                double sum = 0;
                for (int c = 0; c < values; c++) {
                    sum += Math.exp(v[at + c] - largest);
                }
                double log = largest + Math.log(sum);
                for (int c = 0; c < values; c++) {
                    out[c] = v[at + c] - log;
                }
            }
        }
    }

    /** ln(1 + e^x) without overflow. */
    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}
