package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Tensor;

class SliceExtentsTest {
    private final CancelToken cancel = new CancelToken();

    private static Tensor tensor() {
        float[] x = new float[6 * 7 * 5];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i * 37 % 101) - 50;
        }
        return Oracles.tensor(x, 6, 7, 5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tensor",
                "channel:0",
                "channel:1",
                "channel:2",
                "block:3:0",
                "block:3:1",
                "block:2:2",
                "block:64:1"
            })
    void extentsAndValuesAreThoseOfEachElementsSlice(String granularity) {
        Tensor tensor = tensor();
        Slicing slicing = Slicing.of(tensor.info(), Granularity.parse(granularity));
        SliceExtents extents = SliceExtents.of(tensor, slicing, cancel);
        float[] x = tensor.data().toFloats();

        assertThat(extents.size()).isEqualTo(slicing.slices());
        for (int s = 0; s < slicing.slices(); s++) {
            float[] expected = new float[x.length];
            int n = 0;
            for (int i = 0; i < x.length; i++) {
                if (slicing.sliceOf(i) == s) {
                    expected[n++] = x[i];
                }
            }
            expected = Arrays.copyOf(expected, n);
            assertThat(SliceReader.read(tensor.data(), slicing, s, cancel)).isEqualTo(expected);
            Arrays.sort(expected);
            assertThat(extents.lo(s)).isEqualTo(expected[0]);
            assertThat(extents.hi(s)).isEqualTo(expected[n - 1]);
            assertThat(extents.absMax(s)).isEqualTo(Math.max(-expected[0], expected[n - 1]));
        }
    }

    @Test
    void onlyFiniteValuesCountAndASliceWithoutOneHasNone() {
        Tensor tensor = Oracles.tensor(
                new float[] {Float.NaN, -1, Float.POSITIVE_INFINITY, 3, Float.NaN, Float.NEGATIVE_INFINITY}, 3, 2);
        SliceExtents extents =
                SliceExtents.of(tensor, Slicing.of(tensor.info(), new Granularity.PerChannel(0)), cancel);

        assertThat(new float[] {extents.lo(0), extents.hi(0)}).containsExactly(-1, -1);
        assertThat(new float[] {extents.lo(1), extents.hi(1)}).containsExactly(3, 3);
        assertThat(new float[] {extents.lo(2), extents.hi(2)}).containsExactly(0, 0);
    }

    @Test
    void stopsWhenCancelled() {
        Tensor tensor = tensor();
        CancelToken stop = new CancelToken();
        stop.cancel();
        assertThatThrownBy(
                        () -> SliceExtents.of(tensor, Slicing.of(tensor.info(), new Granularity.PerBlock(2, 2)), stop))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void scalesSpanFromTheSmallestOverTheMiddleToTheLargest() {
        QuantParams params =
                new QuantParams(new Granularity.PerChannel(0), new float[] {4, 1, 2, 8}, new int[4], -1, 1);
        assertThat(params.scaleSpread()).isEqualTo(new Spread(1, 4, 8));
    }
}
