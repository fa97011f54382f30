package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedMeansTest {
    /** The usual table of Student's distribution, for example NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. */
    @ParameterizedTest
    @CsvSource({
        "1, 12.706",
        "2, 4.303",
        "4, 2.776",
        "5, 2.571",
        "6, 2.447",
        "10, 2.228",
        "30, 2.042",
        "100, 1.984",
        "1000000, 1.960"
    })
    void quantilesAreThoseOfTheTable(long degrees, double t) {
        assertThat(PairedMeans.quantile(degrees)).isEqualTo(t, within(1e-3));
    }

    @Test
    void theIntervalIsMeanAndSpreadWithTheFinitePopulationFactor() {
        PairedMeans means = new PairedMeans();
        for (double d : new double[] {1, 2, 4, 1, 2}) {
            means.add(d);
        }

        // Mean 2, variance 6/4; t with 4 degrees of freedom.
        double half = 2.7764451 * Math.sqrt(1.5 / 5 * (1 - 5.0 / 20));
        assertThat(means.interval(20).lo()).isEqualTo(2 - half, within(1e-6));
        assertThat(means.interval(20).hi()).isEqualTo(2 + half, within(1e-6));
        assertThat(means.interval(5)).isEqualTo(new PairedInterval(2, 2));
    }

    @Test
    void oneDifferenceSaysNothingOfTheSpread() {
        PairedMeans means = new PairedMeans();
        means.add(3);

        assertThat(means.interval(10))
                .isEqualTo(new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY));
    }

    /** 1,000 subsets of 5,000 skewed differences. */
    @Test
    void aboutNineteenOfTwentyIntervalsHoldTheMeanOverAll() {
        Random random = new Random(7);
        double[] all = new double[5000];
        double sum = 0;
        for (int i = 0; i < all.length; i++) {
            all[i] = Math.exp(random.nextGaussian() * 0.5) - 1;
            sum += all[i];
        }
        int covered = 0;
        for (int run = 0; run < 1000; run++) {
            PairedMeans means = new PairedMeans();
            for (int i = 0; i < 500; i++) {
                int j = i + random.nextInt(all.length - i);
                double d = all[j];
                all[j] = all[i];
                all[i] = d;
                means.add(d);
            }
            PairedInterval interval = means.interval(all.length);
            covered += interval.lo() <= sum / all.length && sum / all.length <= interval.hi() ? 1 : 0;
        }
        assertThat(covered).isBetween(930, 970);
    }
}
