package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.quantscope.core.quant.ClipRange;

/** The order that a sketch keeps of a stream. */
class PartsTest {
    private static MomentSketch sketch(float[]... parts) {
        var sketch = new MomentSketch();
        for (float[] part : parts) {
            sketch.add(part, 0, part.length);
            sketch.endPart();
        }
        return sketch;
    }

    @Test
    void partsKeepTheirOrder() {
        MomentSketch sketch = sketch(new float[] {1, 5}, new float[] {Float.NaN}, new float[] {-2, 0}, new float[0]);
        sketch.add(new float[] {9}, 0, 1);
        sketch.add(new float[] {8}, 0, 1);

        assertThat(sketch.partRanges()).containsExactly(new ClipRange(1, 5), new ClipRange(-2, 0), new ClipRange(8, 9));
        assertThat(new MomentSketch().partRanges()).isEmpty();
        assertThat(MomentSketch.of(new float[] {3, -1}, 0, 2).partRanges()).containsExactly(new ClipRange(-1, 3));
    }

    /** As of sequences of values with marks in between: what is open before the seam and behind it is one part. */
    @Test
    void mergingPutsOneStreamBehindTheOther() {
        var random = new Random(3);
        for (int round = 0; round < 200; round++) {
            MomentSketch whole = new MomentSketch();
            List<MomentSketch> three = List.of(new MomentSketch(), new MomentSketch(), new MomentSketch());
            for (MomentSketch part : three) {
                for (int i = random.nextInt(6); i > 0; i--) {
                    float[] x = {(float) random.nextGaussian()};
                    for (MomentSketch s : List.of(whole, part)) {
                        s.add(x, 0, 1);
                    }
                    if (random.nextBoolean()) {
                        whole.endPart();
                        part.endPart();
                    }
                }
            }
            MomentSketch tail = new MomentSketch();
            tail.merge(three.get(1));
            tail.merge(three.get(2));
            MomentSketch right = new MomentSketch();
            right.merge(three.get(0));
            right.merge(tail);
            MomentSketch left = three.get(0);
            left.merge(three.get(1));
            left.merge(three.get(2));

            assertThat(left.partRanges()).isEqualTo(whole.partRanges());
            assertThat(right.partRanges()).isEqualTo(whole.partRanges());
        }
    }

    /** Memory is bounded, and the moving average with the usual constant is that of all parts all the same. */
    @Test
    void theMovingAverageOfAVeryLongStreamIsThatOfAllItsParts() {
        var random = new Random(4);
        int parts = 5 * Parts.KEPT + 17;
        var sketch = new MomentSketch();
        List<ClipRange> all = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            float[] x = {(float) random.nextGaussian(), (float) random.nextGaussian()};
            sketch.add(x, 0, 2);
            sketch.endPart();
            all.add(new ClipRange(Math.min(x[0], x[1]), Math.max(x[0], x[1])));
        }

        assertThat(sketch.partRanges()).hasSizeBetween(Parts.KEPT, 2 * Parts.KEPT);
        assertThat(average(sketch.partRanges(), 0.01f)).isEqualTo(average(all, 0.01f));
        assertThat(average(sketch.partRanges(), 0.05f)).isEqualTo(average(all, 0.05f));
    }

    private static ClipRange average(List<ClipRange> parts, float constant) {
        float lo = parts.getFirst().lo();
        float hi = parts.getFirst().hi();
        for (ClipRange part : parts.subList(1, parts.size())) {
            lo += constant * (part.lo() - lo);
            hi += constant * (part.hi() - hi);
        }
        return new ClipRange(lo, hi);
    }
}
