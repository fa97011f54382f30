package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** Operators on single numbers: y = f(x). */
final class Pointwise implements Operation {
    /** A function and its derivative. */
    interface Curve {
        float at(float x);

        /** dy/dx at x, where y = f(x). */
        float slope(float x, float y);
    }

    private final int in;
    private final int out;
    private final Curve curve;

    Pointwise(int in, int out, Curve curve) {
        this.in = in;
        this.out = out;
        this.curve = curve;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        if (curve instanceof Clamp(float lo, float hi)) {
            for (int i = 0; i < y.length; i++) {
                y[i] = Math.min(Math.max(x[i], lo), hi);
            }
            return;
        }
        for (int i = 0; i < y.length; i++) {
            y[i] = curve.at(x[i]);
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] back = tape.gradient(in);
        float @Nullable [] given = tape.gradient(out);
        if (back == null || given == null) {
            return;
        }
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        if (curve instanceof Clamp(float lo, float hi)) {
            for (int i = 0; i < back.length; i++) {
                back[i] += x[i] > lo && x[i] < hi ? given[i] : 0;
            }
            return;
        }
        for (int i = 0; i < back.length; i++) {
            back[i] += given[i] * curve.slope(x[i], y[i]);
        }
    }

    /** min(max(x, lo), hi); at the ends and beyond the gradient is 0. */
    record Clamp(float lo, float hi) implements Curve {
        @Override
        public float at(float x) {
            return Math.min(Math.max(x, lo), hi);
        }

        @Override
        public float slope(float x, float y) {
            return x > lo && x < hi ? 1 : 0;
        }
    }

    /** slope·x below 0. */
    record Leaky(float below) implements Curve {
        @Override
        public float at(float x) {
            return x < 0 ? below * x : x;
        }

        @Override
        public float slope(float x, float y) {
            return x < 0 ? below : 1;
        }
    }

    /** max(0, min(1, alpha·x + beta)). */
    record HardSigmoid(float alpha, float beta) implements Curve {
        @Override
        public float at(float x) {
            return Math.max(0, Math.min(1, alpha * x + beta));
        }

        @Override
        public float slope(float x, float y) {
            return y > 0 && y < 1 ? alpha : 0;
        }
    }

    /** x·max(0, min(1, x/6 + 1/2)). */
    record HardSwish() implements Curve {
        @Override
        public float at(float x) {
            return x * Math.max(0, Math.min(1, x / 6 + 0.5f));
        }

        @Override
        public float slope(float x, float y) {
            return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f;
        }
    }

    record Sigmoid() implements Curve {
        @Override
        public float at(float x) {
            return (float) (1 / (1 + Math.exp(-x)));
        }

        @Override
        public float slope(float x, float y) {
            return y * (1 - y);
        }
    }

    record Tanh() implements Curve {
        @Override
        public float at(float x) {
            return (float) Math.tanh(x);
        }

        @Override
        public float slope(float x, float y) {
            return 1 - y * y;
        }
    }

    record Sqrt() implements Curve {
        @Override
        public float at(float x) {
            return (float) Math.sqrt(x);
        }

        @Override
        public float slope(float x, float y) {
            return 0.5f / y;
        }
    }

    record Exp() implements Curve {
        @Override
        public float at(float x) {
            return (float) Math.exp(x);
        }

        @Override
        public float slope(float x, float y) {
            return y;
        }
    }

    record Negative() implements Curve {
        @Override
        public float at(float x) {
            return -x;
        }

        @Override
        public float slope(float x, float y) {
            return -1;
        }
    }

    record Reciprocal() implements Curve {
        @Override
        public float at(float x) {
            return 1 / x;
        }

        @Override
        public float slope(float x, float y) {
            return -y * y;
        }
    }

    record Erf() implements Curve {
        @Override
        public float at(float x) {
            return (float) erf(x);
        }

        @Override
        public float slope(float x, float y) {
            return (float) (1.1283791670955126 * Math.exp(-(double) x * x));
        }
    }

    /** x·Φ(x), with the exact Φ or its approximation by tanh. */
    record Gelu(boolean approximate) implements Curve {
        private static final double ROOT = 0.7978845608028654;
        private static final double CUBIC = 0.044715;

        @Override
        public float at(float x) {
            return (float) (x * share(x));
        }

        private double share(double x) {
            return approximate
                    ? 0.5 * (1 + Math.tanh(ROOT * (x + CUBIC * x * x * x)))
                    : 0.5 * (1 + erf(x / Math.sqrt(2)));
        }

        @Override
        public float slope(float x, float y) {
            if (approximate) {
                double t = Math.tanh(ROOT * (x + CUBIC * x * x * x));
                return (float) (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * CUBIC * x * x));
            }
            return (float) (share(x) + x * 0.3989422804014327 * Math.exp(-0.5 * x * x));
        }
    }

    /** x to a power that is a constant. */
    record Power(float exponent) implements Curve {
        @Override
        public float at(float x) {
            return exponent == 2 ? x * x : (float) Math.pow(x, exponent);
        }

        @Override
        public float slope(float x, float y) {
            return exponent == 2 ? 2 * x : (float) (exponent * Math.pow(x, exponent - 1));
        }
    }

    /**
     * The error function, to 1.2e-7 of 1 − erf: a Chebyshev fit (Numerical Recipes, second edition, section 6.2,
     * erfcc).
     */
    static double erf(double x) {
        double z = Math.abs(x);
        double t = 1 / (1 + 0.5 * z);
        double[] c = {
            -1.26551223,
            1.00002368,
            0.37409196,
            0.09678418,
            -0.18628806,
            0.27886807,
            -1.13520398,
            1.48851587,
            -0.82215223,
            0.17087277
        };
        double sum = 0;
        for (int i = c.length - 1; i >= 0; i--) {
            sum = sum * t + c[i];
        }
        double beyond = t * Math.exp(-z * z + sum);
        return x >= 0 ? 1 - beyond : beyond - 1;
    }
}
