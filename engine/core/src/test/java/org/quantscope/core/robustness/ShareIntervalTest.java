package org.quantscope.core.robustness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ShareIntervalTest {
    /** The ends solve (p − π)² = z²·π(1 − π)/n. */
    @Test
    void theEndsAreTheSharesThatTheCountJustDoesNotRefute() {
        for (int right : new int[] {1, 13, 50, 99}) {
            ShareInterval interval = ShareInterval.of(right, 100);
            double z = 1.959963984540054;
            for (double end : new double[] {interval.lo(), interval.hi()}) {
                double p = right / 100.0;
                assertThat((p - end) * (p - end)).isCloseTo(z * z * end * (1 - end) / 100, within(1e-12));
            }
            assertThat(interval.lo()).isLessThan(right / 100.0);
            assertThat(interval.hi()).isGreaterThan(right / 100.0);
        }
        assertThat(ShareInterval.of(0, 10).lo()).isZero();
        assertThat(ShareInterval.of(0, 10).hi()).isCloseTo(0.2775327998628892, within(1e-12));
        assertThat(ShareInterval.of(10, 10).hi()).isEqualTo(1);
        assertThatThrownBy(() -> ShareInterval.of(3, 2)).hasMessageContaining("3 of 2");
    }
}
