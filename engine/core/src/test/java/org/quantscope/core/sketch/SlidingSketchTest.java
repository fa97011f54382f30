package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlidingSketchTest {
    private static final int SAMPLES = 1_000_000;
    private static final int PART = 2000;
    private static final int WINDOW = 20;

    private static float[] normal(Random random, int n, double scale) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) Math.max(-1, random.nextGaussian() * scale);
        }
        return values;
    }

    private static MomentSketch sketch(float... values) {
        return MomentSketch.of(values, 0, values.length);
    }

    /** What is kept is counted in bytes of bins: a million samples need as many as the first window did. */
    @Test
    void aMillionSamplesPassThroughTheMemoryOfOneWindow() {
        SlidingSketch window = new SlidingSketch(WINDOW);
        Deque<float[]> held = new ArrayDeque<>();
        Random random = new Random(1);
        long first = 0;
        long most = 0;
        for (int seen = 0; seen < SAMPLES; seen += PART) {
            float[] part = normal(random, PART, 1 + seen / (double) SAMPLES);
            MomentSketch of = new MomentSketch();
            of.add(part, 0, PART);
            window.add(of);
            held.addLast(part);
            if (held.size() > WINDOW) {
                held.removeFirst();
            }
            if (seen == WINDOW * PART) {
                first = window.bytes();
            } else if (seen % (50 * PART) == 0) {
                most = Math.max(most, window.bytes());
            }
        }

        assertThat(most).isLessThan(2 * first);
        MomentSketch fresh = new MomentSketch();
        held.forEach(part -> fresh.add(part, 0, PART));
        MomentSketch slid = window.values();
        assertThat(window.parts()).isEqualTo(WINDOW);
        assertThat(slid.count()).isEqualTo((long) WINDOW * PART);
        assertThat(slid.mean()).isCloseTo(fresh.mean(), within(1e-12));
        assertThat(slid.std()).isCloseTo(fresh.std(), within(1e-12));
        assertThat(slid.points().values()).isEqualTo(fresh.points().values());
        assertThat(slid.points().counts()).isEqualTo(fresh.points().counts());
        assertThat(window.min()).isEqualTo(fresh.min()).isEqualTo(-1);
        assertThat(window.max()).isEqualTo(fresh.max());
        assertThat(slid.max()).isBetween(fresh.max(), fresh.max() * (1 + 1f / 1024));
    }

    @Test
    void takingAwayUndoesAdding() {
        float[] a = {-3, -2, -0f, 0, 0, 1.5f, 1.5f, 7, Float.NaN};
        float[] b = {-9, 0, 1.5f, 1000, Float.POSITIVE_INFINITY, Float.NaN};
        MomentSketch both = sketch(a);
        both.merge(sketch(b));

        both.subtract(sketch(b));

        MomentSketch alone = sketch(a);
        assertThat(both.count()).isEqualTo(alone.count()).isEqualTo(8);
        assertThat(both.nan()).isEqualTo(1);
        assertThat(both.inf()).isZero();
        assertThat(both.zeros()).isEqualTo(3);
        assertThat(both.points().values()).isEqualTo(alone.points().values());
        assertThat(both.points().counts()).isEqualTo(alone.points().counts());
        assertThat(both.sumSquares()).isEqualTo(alone.sumSquares());
        // Bins of one value know their ends.
        assertThat(both.min()).isEqualTo(-3);
        assertThat(both.max()).isEqualTo(7);
        assertThat(both.partRanges()).hasSize(1);
        both.add(new float[] {8}, 0, 1);
        assertThat(both.count()).isEqualTo(9);
        assertThat(both.max()).isEqualTo(8);
    }

    @Test
    void nothingIsLeftWhenAllIsTakenAway() {
        MomentSketch sketch = sketch(-1, 2, 3);
        sketch.subtract(sketch(2, 3, -1));
        assertThat(sketch.count()).isZero();
        assertThat(sketch.min()).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(sketch.partRanges()).isEmpty();
        sketch.add(new float[] {5}, 0, 1);
        assertThat(sketch.min()).isEqualTo(5);
    }

    /** The values that are left lie within the ends that are said. */
    @Test
    void endsAreWithinABinOfThoseLeft() {
        float[] a = {-5.001f, -5.003f, 0.1f, 6.001f, 6.002f};
        MomentSketch both = sketch(a);
        both.merge(sketch(-100, 100));
        both.subtract(sketch(-100, 100));
        assertThat(both.min()).isBetween(-5.003f * (1 + 1f / 1024), -5.003f);
        assertThat(both.max()).isBetween(6.002f, 6.002f * (1 + 1f / 1024));
        MomentSketch positive = sketch(4.001f, 4.003f, 9);
        positive.merge(sketch(1, 2));
        positive.subtract(sketch(1, 2));
        assertThat(positive.min()).isBetween(4.0f, 4.001f);
        assertThat(positive.max()).isEqualTo(9);
    }

    @Test
    void whatWasNeverAddedIsRefusedAndNothingChanges() {
        MomentSketch sketch = sketch(1, 2, 3);
        for (MomentSketch other : new MomentSketch[] {sketch(4), sketch(1, 1), sketch(0), sketch(Float.NaN)}) {
            assertThatThrownBy(() -> sketch.subtract(other)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(sketch.count()).isEqualTo(3);
        assertThat(sketch.mean()).isEqualTo(2);
        assertThatThrownBy(() -> new SlidingSketch(0)).hasMessageContaining("got 0");
    }
}
