package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Shape;

class SlicingTest {
    /** Against the definition, element by element: block numbers in the storage order of [outer, blocks, inner]. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "2, 6, 1, 3", "2, 7, 1, 3", "3, 7, 4, 3", "1, 5, 6, 8", "4, 1, 3, 2", "2, 70, 1, 32"})
    void blocksAreNumberedInStorageOrderAndTheLastMayBeShort(int outer, int length, int inner, int size) {
        Slicing slicing =
                Slicing.of(Shape.of(outer, length, inner), OptionalInt.empty(), new Granularity.PerBlock(1, size));
        int blocks = (length + size - 1) / size;
        List<List<Float>> expected = new ArrayList<>();
        for (int i = 0; i < outer * blocks * inner; i++) {
            expected.add(new ArrayList<>());
        }
        float[] values = new float[outer * length * inner];
        for (int e = 0; e < values.length; e++) {
            values[e] = e;
            int o = e / (length * inner);
            int k = e / inner % length;
            int slice = (o * blocks + k / size) * inner + e % inner;
            expected.get(slice).add(values[e]);

            assertThat(slicing.sliceOf(e)).isEqualTo(slice);
            long end = slicing.runEnd(e);
            assertThat(end).isGreaterThan(e).isLessThanOrEqualTo(values.length);
            assertThat(IntStream.range(e, (int) end)
                            .map(slicing::sliceOf)
                            .distinct()
                            .toArray())
                    .containsExactly(slice);
        }
        List<List<Float>> seen = new ArrayList<>(java.util.Collections.nCopies(expected.size(), List.of()));
        SliceReader.forEach(Oracles.tensor(values).data(), slicing, new CancelToken(), (slice, x, from, n) -> {
            List<Float> found =
                    IntStream.range(from, from + n).mapToObj(i -> x[i]).toList();
            synchronized (seen) {
                seen.set(slice, found);
            }
        });

        assertThat(slicing.slices()).isEqualTo(expected.size());
        assertThat(seen).isEqualTo(expected);
    }

    @Test
    void theAxisOfBlocksIsTheLastThatIsNotTheChannelAxis() {
        var blocks = new Granularity.PerBlock(Granularity.PerBlock.DEFAULT_AXIS, 4);

        assertThat(Slicing.of(Shape.of(3, 8), OptionalInt.of(0), blocks).granularity())
                .isEqualTo(new Granularity.PerBlock(1, 4));
        assertThat(Slicing.of(Shape.of(3, 8), OptionalInt.of(1), blocks).granularity())
                .isEqualTo(new Granularity.PerBlock(0, 4));
        assertThat(Slicing.of(Shape.of(8), OptionalInt.of(0), blocks).granularity())
                .isEqualTo(new Granularity.PerBlock(0, 4));
        assertThat(Slicing.of(Shape.of(0, 4), OptionalInt.empty(), blocks).slices())
                .isPositive();
    }

    @Test
    void anAxisThatTheShapeHasNotIsRefused() {
        assertThatThrownBy(() -> Slicing.of(Shape.of(2, 2), OptionalInt.empty(), new Granularity.PerBlock(2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("axis: 2");
        assertThatThrownBy(() -> Slicing.of(Shape.of(), OptionalInt.empty(), new Granularity.PerBlock(-1, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("axis");
    }
}
