package org.quantscope.linalg.train;

/**
 * Numbers that training changes, with Adam's running means (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1):
 * {@code m ← β₁m + (1−β₁)g}, {@code v ← β₂v + (1−β₂)g²}, {@code x ← x − rate·unit·m̂ / (√v̂ + ε)}.
 */
final class Trained {
    private static final double FIRST = 0.9;
    private static final double SECOND = 0.999;
    private static final double EPSILON = 1e-8;

    private final float[] values;
    private final double rate;
    private final float[] mean;
    private final float[] square;
    private int steps;

    /**
     * @param values changed in place
     * @param rate the most that a step changes a number, in its own unit, before the schedule
     */
    Trained(float[] values, double rate) {
        this.values = values;
        this.rate = rate;
        this.mean = new float[values.length];
        this.square = new float[values.length];
    }

    float[] values() {
        return values;
    }

    /**
     * Makes a step.
     *
     * @param gradient of the loss by the numbers
     * @param schedule a factor for the rate, 0 to 1
     */
    void step(float[] gradient, double schedule) {
        steps++;
        double bias = Math.sqrt(1 - Math.pow(SECOND, steps)) / (1 - Math.pow(FIRST, steps));
        double by = rate * schedule * bias;
        for (int i = 0; i < values.length; i++) {
            float g = gradient[i];
            mean[i] = (float) (FIRST * mean[i] + (1 - FIRST) * g);
            square[i] = (float) (SECOND * square[i] + (1 - SECOND) * g * g);
            values[i] -= (float) (by * mean[i] / (Math.sqrt(square[i]) + EPSILON));
        }
    }
}
