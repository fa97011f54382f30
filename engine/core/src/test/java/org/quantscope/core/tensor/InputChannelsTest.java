package org.quantscope.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class InputChannelsTest {
    private static TensorInfo info(Shape shape, int axis, Consumer... consumers) {
        return new TensorInfo(
                new TensorId("w"), TensorKind.WEIGHT, DType.F32, shape, OptionalInt.of(axis), List.of(consumers));
    }

    private static Consumer by(String op, long groups) {
        return new Consumer("n", op, 1, groups);
    }

    /** Conv [out, in/groups, k, k]: output channel o belongs to group o / (out/groups). */
    @Test
    void convolutionsReadTheChannelsOfTheirGroup() {
        for (int groups : new int[] {1, 2, 4}) {
            int out = 8;
            int perGroup = 3;
            InputChannels layout = InputChannels.of(info(Shape.of(out, perGroup, 2, 5), 0, by("Conv", groups)))
                    .orElseThrow();

            assertThat(layout.channels()).isEqualTo(perGroup * groups);
            int e = 0;
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < perGroup; i++) {
                    for (int k = 0; k < 10; k++) {
                        assertThat(layout.channel(e++)).isEqualTo(o / (out / groups) * perGroup + i);
                    }
                }
            }
        }
    }

    @Test
    void everyChannelOfADepthwiseConvolutionHasItsOwnFilters() {
        InputChannels layout =
                InputChannels.of(info(Shape.of(6, 1, 3, 3), 0, by("Conv", 3))).orElseThrow();

        assertThat(layout.channels()).isEqualTo(3);
        for (int e = 0; e < 54; e++) {
            assertThat(layout.channel(e)).isEqualTo(e / 18);
        }
    }

    /** ConvTranspose [in, out/groups, k], Gemm [in, out] or transposed [out, in], MatMul [batch, in, out]. */
    @Test
    void otherLayersHaveTheirInputOnTheAxisThatIsNotTheirOutputs() {
        InputChannels transposed = InputChannels.of(info(Shape.of(4, 3, 5), 1, by("ConvTranspose", 2)))
                .orElseThrow();
        InputChannels gemm =
                InputChannels.of(info(Shape.of(4, 3), 1, by("Gemm", 1))).orElseThrow();
        InputChannels gemmB =
                InputChannels.of(info(Shape.of(4, 3), 0, by("Gemm", 1))).orElseThrow();
        InputChannels matMul =
                InputChannels.of(info(Shape.of(2, 4, 3), 2, by("MatMul", 1))).orElseThrow();

        assertThat(transposed.channels()).isEqualTo(4);
        assertThat(gemm.channels()).isEqualTo(4);
        assertThat(gemmB.channels()).isEqualTo(3);
        assertThat(matMul.channels()).isEqualTo(4);
        for (int e = 0; e < 12; e++) {
            assertThat(gemm.channel(e)).isEqualTo(e / 3);
            assertThat(gemmB.channel(e)).isEqualTo(e % 3);
            assertThat(transposed.channel(5L * e)).isEqualTo(e / 3);
            assertThat(matMul.channel(12 + e)).isEqualTo(e / 3);
        }
    }

    @Test
    void whatNoLayerMultipliesWithHasNone() {
        assertThat(InputChannels.of(info(Shape.of(4, 3), 0, new Consumer("n", "Conv", 2, 1))))
                .isEmpty();
        assertThat(InputChannels.of(info(Shape.of(4, 3), 0, by("Gather", 1)))).isEmpty();
        assertThat(InputChannels.of(info(Shape.of(4), 0, by("MatMul", 1)))).isEmpty();
        assertThat(InputChannels.of(info(Shape.of(4, 0, 3), 0, by("Conv", 1)))).isEmpty();
        assertThat(InputChannels.of(info(Shape.of(5, 1, 3), 0, by("Conv", 2)))).isEmpty();
        assertThat(InputChannels.of(TensorInfo.withoutGraph(new TensorId("w"), DType.F32, Shape.of(4, 3, 2)))
                        .orElseThrow()
                        .channels())
                .isEqualTo(3);
    }
}
