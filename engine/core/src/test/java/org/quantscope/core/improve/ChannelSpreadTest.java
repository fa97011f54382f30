package org.quantscope.core.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;

class ChannelSpreadTest {
    @TempDir
    private Path folder;

    private double bits(TinyOnnx net, String granularity) throws IOException {
        WeightedLayer layer =
                WeightedLayer.of(Engine.open(net.write(folder), true)).getFirst();
        return ChannelSpread.bits(layer, Granularity.parse(granularity), new CancelToken());
    }

    /** Two inputs, two outputs: W = [[8, 1], [4, -0.5]], inputs down. */
    @ParameterizedTest
    @CsvSource({
        // Outputs use 8/8 and 1/8: (0 + 3)/2 bits; inputs 8/8 and 4/8: half a bit.
        "tensor, 1.5",
        // A scale for each output: [[1, 1], [1/2, 1/2]], so inputs use 1 and 1/2.
        "channel:1, 0.5",
        // A scale for each input: outputs use 1 and 1/8.
        "channel:0, 1.5"
    })
    void itIsTheMeanOfTheBitsThatChannelsMiss(String granularity, double expected) throws IOException {
        TinyOnnx net = new TinyOnnx(17)
                .input("x", -1, 2)
                .weight("w", Shape.of(2, 2), 8, 1, 4, -0.5f)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .output("y", -1, 2);
        assertThat(bits(net, granularity)).isCloseTo(expected, within(1e-6));
    }

    @Test
    void groupsAndDeadChannelsAndOddValuesAreTheirOwn() throws IOException {
        // Depthwise: three channels of 4, 1 and 0, and one with a value that is no number.
        TinyOnnx net = new TinyOnnx(17)
                .input("x", 1, 4, 5, 5)
                .weight("w", Shape.of(4, 1, 1, 2), 4, -1, 1, 0.5f, 0, 0, Float.NaN, 2)
                .node("Conv", List.of("x", "w"), List.of("y"), TinyOnnx.attribute("group", 4))
                .output("y", 1, 4, 5, 4);
        assertThat(bits(net, "tensor")).isCloseTo((0 + 2 + 1) / 3.0, within(1e-6));
        assertThat(bits(net, "channel")).isZero();
    }
}
