package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedIntervalTest {
    /**
     * Tango's interval in M. W. Fagerland, S. Lydersen, P. Laake, Recommended tests and confidence intervals for paired
     * binomial proportions, Statistics in Medicine 33 (2014) 2850–2875: Bentur et al. 2009 (1, 1, 7, 12) and Cavo et al.
     * 2012 (59, 6, 16, 80); the first pair of counts is p12, p21.
     */
    @ParameterizedTest
    @CsvSource({"1, 7, 21, -0.517, -0.026, 0.0005", "6, 16, 161, -0.1240, -0.0054, 0.00005"})
    void agreesWithPublishedExamples(int gained, int lost, int n, double lo, double hi, double rounding) {
        PairedInterval interval = PairedInterval.of(gained, lost, n, Long.MAX_VALUE);

        assertThat(interval.lo()).isEqualTo(lo, within(rounding));
        assertThat(interval.hi()).isEqualTo(hi, within(rounding));
    }

    @Test
    void exchangingTheCountsMirrorsTheInterval() {
        PairedInterval one = PairedInterval.of(3, 9, 100, 1000);
        PairedInterval other = PairedInterval.of(9, 3, 100, 1000);

        assertThat(other.lo()).isEqualTo(-one.hi(), within(1e-12));
        assertThat(other.hi()).isEqualTo(-one.lo(), within(1e-12));
    }

    /** With no disagreement the bound is z²/(n + z²), z² times the finite-population factor. */
    @Test
    void noDisagreementStillLeavesAWidthUntilAllIsSeen() {
        double z = 3.841458820694124 * (10_000 - 100) / 9_999;

        assertThat(PairedInterval.of(0, 0, 100, 10_000).hi()).isEqualTo(z / (100 + z), within(1e-9));
        assertThat(PairedInterval.of(0, 0, 9_999, 10_000).hi()).isPositive();
        assertThat(PairedInterval.of(0, 0, 10_000, 10_000)).isEqualTo(new PairedInterval(0, 0));
    }

    @Test
    void theWidthIsZeroExactlyWhenAllPairsAreSeen() {
        assertThat(PairedInterval.of(5, 15, 1000, 1000)).isEqualTo(new PairedInterval(-0.01, -0.01));

        double last = 2;
        for (int n = 100; n < 1000; n += 100) {
            PairedInterval interval = PairedInterval.of(n / 100, 3 * n / 100, n, 1000);
            assertThat(interval.hi() - interval.lo()).isPositive().isLessThan(last);
            assertThat(-0.02).isBetween(interval.lo(), interval.hi());
            last = interval.hi() - interval.lo();
        }
    }

    @Test
    void extremesStayWithinMinusOneAndOne() {
        assertThat(PairedInterval.of(10, 0, 10, 1000).hi()).isEqualTo(1);
        assertThat(PairedInterval.of(0, 10, 10, 1000).lo()).isEqualTo(-1);
        assertThat(PairedInterval.of(0, 1, 1, 2).lo()).isEqualTo(-1);
    }

    @Test
    void impossibleCountsAreRefused() {
        assertThatThrownBy(() -> PairedInterval.of(6, 5, 10, 20)).hasMessageContaining("6 gained and 5 lost of 10");
        assertThatThrownBy(() -> PairedInterval.of(0, 0, 30, 20)).hasMessageContaining("30 seen of 20");
        assertThatThrownBy(() -> PairedInterval.of(0, 0, 0, 20)).hasMessageContaining("0 seen");
    }

    /** Whole expectations are counts; halves lie between. */
    @Test
    void whatIsExpectedHasTheIntervalOfAsManyCounts() {
        assertThat(PairedInterval.ofExpected(3, 7, 200)).isEqualTo(PairedInterval.of(3, 7, 200, Long.MAX_VALUE));
        PairedInterval none = PairedInterval.ofExpected(0, 0, 200);
        assertThat(none).isEqualTo(PairedInterval.of(0, 0, 200, Long.MAX_VALUE));
        PairedInterval half = PairedInterval.ofExpected(0, 0.5, 200);
        assertThat(half.lo()).isBetween(PairedInterval.ofExpected(0, 1, 200).lo(), none.lo());
        assertThatThrownBy(() -> PairedInterval.ofExpected(-0.1, 0, 200)).hasMessageContaining("-0.1 gained");
    }
}
