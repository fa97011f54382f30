package org.quantscope.core.departure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReachTest {
    @Test
    void theExpectedLargestOfSomeIsTheMeanOverAllChoicesOfThem() {
        double[] sorted = {1, 2, 4, 8, 16};
        double sum = 0;
        int choices = 0;
        for (int a = 0; a < 5; a++) {
            for (int b = a + 1; b < 5; b++) {
                sum += sorted[b];
                choices++;
            }
        }
        assertThat(Reach.expected(sorted, 2)).isCloseTo(sum / choices, within(1e-12));
        assertThat(Reach.expected(sorted, 5)).isEqualTo(16);
    }

    @Test
    void whatFewSamplesReachIsCarriedOnToWhatManyWould() {
        Random random = new Random(3);
        double[] seen = new double[200];
        double[] carried = new double[200];
        double[] many = new double[200];
        for (int trial = 0; trial < 200; trial++) {
            Reach reach = new Reach();
            float most = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < Reach.USUAL_SAMPLES; i++) {
                float[] x = {(float) random.nextGaussian(), (float) random.nextGaussian()};
                most = Math.max(most, Math.max(x[0], x[1]));
                if (i < 64) {
                    reach.add(x, 1);
                }
            }
            seen[trial] = reach.most();
            carried[trial] = reach.usualMost();
            many[trial] = most;
        }
        double truth = mean(many);
        assertThat(Math.abs(mean(carried) - truth)).isLessThan(0.2 * Math.abs(mean(seen) - truth));
    }

    @Test
    void valuesThatAreNotFiniteAndFewSamplesTellNothing() {
        Reach reach = new Reach();
        reach.add(new float[] {1, Float.NaN, Float.POSITIVE_INFINITY, -2}, 2);
        assertThat(reach.least()).isEqualTo(-2);
        assertThat(reach.most()).isEqualTo(1);
        assertThat(reach.usualLeast()).isEqualTo(-2);
        assertThat(reach.usualMost()).isEqualTo(1);
        assertThat(new Reach().least()).isGreaterThan(new Reach().most());
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }
}
