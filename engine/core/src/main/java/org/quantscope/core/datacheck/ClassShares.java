package org.quantscope.core.datacheck;

import java.util.Arrays;
import org.quantscope.core.eval.SampleOutcomes;

/**
 * How often both models answer each class on some data. A class that is answered much more often there than on the
 * calibration data is answered too often: an answer that moves away from it is likelier right than its probability says.
 */
final class ClassShares {
    /** Of all answers, spread evenly over the classes, so that a class without an answer has a share. */
    private static final double EVEN = 0.2;

    private static final double MOST = 2;

    private final double[] ofFloat;
    private final double[] quantized;

    private ClassShares(double[] ofFloat, double[] quantized) {
        this.ofFloat = ofFloat;
        this.quantized = quantized;
    }

    /** @param outcomes with classes, and at least one sample */
    static ClassShares of(SampleOutcomes outcomes) {
        int n = outcomes.size();
        double[] ofFloat = new double[outcomes.classes()];
        double[] quantized = new double[outcomes.classes()];
        for (double[] counts : new double[][] {ofFloat, quantized}) {
            Arrays.fill(counts, EVEN * n / outcomes.classes());
        }
        for (int i = 0; i < n; i++) {
            if (outcomes.floatClass(i) >= 0 && outcomes.quantizedClass(i) >= 0) {
                ofFloat[outcomes.floatClass(i)]++;
                quantized[outcomes.quantizedClass(i)]++;
            }
        }
        for (double[] counts : new double[][] {ofFloat, quantized}) {
            for (int c = 0; c < counts.length; c++) {
                counts[c] /= (1 + EVEN) * n;
            }
        }
        return new ClassShares(ofFloat, quantized);
    }

    /**
     * By how much class {@code from} is answered too often, less the same of class {@code to}: the mean over both models
     * of {@code ln(share here / share there)}, −2 to 2.
     *
     * @param there on the calibration data, with as many classes
     */
    double excess(ClassShares there, int from, int to) {
        double sum = 0;
        for (int model = 0; model < 2; model++) {
            double[] here = model == 0 ? ofFloat : quantized;
            double[] known = model == 0 ? there.ofFloat : there.quantized;
            sum += Math.log(here[from] / known[from]) - Math.log(here[to] / known[to]);
        }
        return Math.clamp(sum / 2, -MOST, MOST);
    }
}
