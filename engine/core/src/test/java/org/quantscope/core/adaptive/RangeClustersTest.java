package org.quantscope.core.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.quantscope.core.calib.RangeWindow;
import org.quantscope.core.quant.ClipRange;

class RangeClustersTest {
    @Test
    void groupsThatLieApartAreFound() {
        Random random = new Random(3);
        List<ClipRange> samples = new ArrayList<>();
        float[][] middles = {{0, 1}, {-4, 2}, {-1, 9}};
        for (int i = 0; i < 60; i++) {
            float[] m = middles[i % 3];
            samples.add(new ClipRange(m[0] - random.nextFloat(), m[1] + random.nextFloat()));
        }
        Collections.shuffle(samples, random);

        RangeClusters found = RangeClusters.of(samples, 3);

        assertThat(found.sizes()).containsExactlyInAnyOrder(20, 20, 20);
        for (float[] m : middles) {
            assertThat(found.centres()).anySatisfy(c -> {
                assertThat(c.lo()).isCloseTo(m[0] - 0.5f, within(0.3f));
                assertThat(c.hi()).isCloseTo(m[1] + 0.5f, within(0.3f));
            });
        }
    }

    /** What Lloyd's iteration ends in: each sample at the nearest centre, each centre the mean of its samples. */
    @Test
    void noSampleAndNoCentreWouldMove() {
        Random random = new Random(11);
        List<ClipRange> samples = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            float lo = (float) -Math.exp(random.nextGaussian());
            samples.add(new ClipRange(lo, (float) Math.exp(random.nextGaussian())));
        }
        RangeClusters found = RangeClusters.of(samples, 5);

        int n = found.centres().size();
        double[][] sums = new double[n][3];
        for (ClipRange s : samples) {
            int best = 0;
            for (int k = 1; k < n; k++) {
                best = distance(found.centres().get(k), s)
                                < distance(found.centres().get(best), s)
                        ? k
                        : best;
            }
            sums[best][0] += s.lo();
            sums[best][1] += s.hi();
            sums[best][2]++;
            assertThat(found.ranges().get(best).lo()).isLessThanOrEqualTo(s.lo());
            assertThat(found.ranges().get(best).hi()).isGreaterThanOrEqualTo(s.hi());
        }
        assertThat(n).isEqualTo(5);
        for (int k = 0; k < n; k++) {
            assertThat((int) sums[k][2]).isEqualTo(found.sizes().get(k));
            assertThat((double) found.centres().get(k).lo()).isCloseTo(sums[k][0] / sums[k][2], within(1e-6));
            assertThat((double) found.centres().get(k).hi()).isCloseTo(sums[k][1] / sums[k][2], within(1e-6));
        }
    }

    private static double distance(ClipRange a, ClipRange b) {
        return Math.pow((double) a.lo() - b.lo(), 2) + Math.pow((double) a.hi() - b.hi(), 2);
    }

    @Test
    void alikeSamplesAreOneCluster() {
        ClipRange same = new ClipRange(-1, 2);
        assertThat(RangeClusters.of(List.of(same, same, same), 4))
                .isEqualTo(new RangeClusters(List.of(same), List.of(same), List.of(3)));
        assertThatThrownBy(() -> RangeClusters.of(List.of(), 1)).hasMessageContaining("at least one sample");
    }

    /** Percentiles by numpy 2: np.percentile([1, 2, 4, 8, 16], 90) and the like. */
    @Test
    void aWindowHasThePercentilesOfItsLastSamples() {
        List<ClipRange> before = List.of(
                new ClipRange(-500, 500),
                new ClipRange(-1, 1),
                new ClipRange(-4, 2),
                new ClipRange(-3, 4),
                new ClipRange(0, 8));
        RangeWindow window = new RangeWindow(5, 90, before);
        assertThat(window.range(false).hi()).isEqualTo(303.2f);
        window.add(new ClipRange(-20, 16));
        assertThat(window.range(false).lo()).isEqualTo(-13.6f);
        assertThat(window.range(false).hi()).isEqualTo(12.8f);
        // Of 1, 4, 4, 8, 20.
        assertThat(window.range(true)).isEqualTo(ClipRange.symmetric(15.2f));
        assertThat(new RangeWindow(5, 100, before).range(false)).isEqualTo(new ClipRange(-500, 500));
        assertThatThrownBy(() -> new RangeWindow(5, 100, List.of()).range(false))
                .hasMessageContaining("no sample");
        assertThatThrownBy(() -> new RangeWindow(0, 90, before)).hasMessageContaining("at least 1");
    }
}
