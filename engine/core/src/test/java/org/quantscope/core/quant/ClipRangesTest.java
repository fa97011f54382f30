package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClipRangesTest {
    private static ClipRanges of(List<ClipRange> ranges) {
        var collector = new ClipRanges.Collector(ranges.size(), ranges.stream().allMatch(r -> r.lo() == -r.hi()));
        for (int i = ranges.size() - 1; i >= 0; i--) {
            collector.set(i, ranges.get(i));
        }
        return collector.ranges();
    }

    @Test
    void itEqualsTheListOfItsRanges() {
        var symmetric = List.of(ClipRange.symmetric(2), ClipRange.symmetric(0), ClipRange.symmetric(Float.MIN_VALUE));
        var mixed = List.of(new ClipRange(0, 0), ClipRange.symmetric(1), new ClipRange(-3, 5));

        assertThat(of(symmetric)).isEqualTo(symmetric);
        assertThat(of(mixed)).isEqualTo(mixed);
    }

    @Test
    void aSliceWithoutARangeIsNoticed() {
        var collector = new ClipRanges.Collector(2, true);
        collector.set(0, ClipRange.symmetric(1));

        assertThatThrownBy(collector::ranges).hasMessageContaining("slice 1");
    }

    @Test
    void aCollectorOfSymmetricRangesRefusesAnother() {
        var collector = new ClipRanges.Collector(2, true);

        assertThatThrownBy(() -> collector.set(0, new ClipRange(-1, 2))).hasMessageContaining("lo -1.0 and hi 2.0");
    }

    @Test
    void scaledRangesEndAtZeroOnTheSideThatTheDataDoNotReach() {
        var scaled = ClipRanges.scaled(List.of(new ClipRange(-4, 2), new ClipRange(1, 2), new ClipRange(-2, -1)), 0.5);

        assertThat(scaled).containsExactly(new ClipRange(-2, 1), new ClipRange(0, 1), new ClipRange(-1, 0));
    }

    @Test
    void rangesInArraysAreNeverCopiedIntoObjects() {
        ClipRanges ranges = of(List.of(ClipRange.symmetric(1), ClipRange.symmetric(2)));

        assertThat(ClipRanges.copyOf(ranges)).isSameAs(ranges);
        assertThat(ClipRanges.copyOf(new ArrayList<>(ranges))).isUnmodifiable().isEqualTo(ranges);
    }

    @Test
    void oneZeroPointForAllIsKeptOnce() {
        float[] scales = {1, 2, 3};
        var shared = new QuantParams(Granularity.TENSOR, scales, new int[] {5, 5, 5}, 0, 255);
        var own = new QuantParams(Granularity.TENSOR, scales, new int[] {5, 5, 6}, 0, 255);

        assertThat(shared.zeroPoints()).containsExactly(5, 5, 5);
        assertThat(shared.zeroPoint(2)).isEqualTo(5);
        assertThat(own.zeroPoints()).containsExactly(5, 5, 6);
        assertThat(shared).isNotEqualTo(own);
        assertThat(own.effective()).containsExactly(own.effective(0), own.effective(1), own.effective(2));
    }
}
