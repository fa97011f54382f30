package org.quantscope.core.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tflite.LiteOptions.Activation;
import org.quantscope.core.tflite.LiteOptions.Padding;

class TfliteFileTest {
    @TempDir
    Path folder;

    private TfliteFile read(TinyTflite tiny) throws IOException {
        return TfliteFile.read(Files.write(folder.resolve("m.tflite"), tiny.build()));
    }

    @Test
    void operatorsHaveTheirOptionsOrTheDefaultsOfTheSchema() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", 0, -1, 4, 4, 2);
        int y = tiny.computed("y", 0, 1, 4, 4, 2);
        tiny.inputs(x)
                .outputs(y)
                .operator(
                        3,
                        1,
                        o -> {
                            o.addByte(0, (byte) 1, 0);
                            o.addInt(1, 2, 0);
                            o.addInt(2, 3, 0);
                            o.addByte(3, (byte) 3, 0);
                            o.addInt(5, 4, 1);
                        },
                        y,
                        x,
                        -1)
                .operator(25, 9, o -> o.addFloat(0, 0.5f, 0), y, x)
                .operator(40, 27, o -> o.addBoolean(0, true, false), y, x)
                .operator(9, 8, _ -> {}, y, x)
                .operator(150, 116, o -> o.addBoolean(0, true, false), y, x)
                .operator(15, y, x);

        TfliteFile file = read(tiny);

        assertThat(file.operators().stream().map(LiteOperator::options))
                .containsExactly(
                        new LiteOptions.Conv2d(Padding.VALID, 2, 3, Activation.RELU6, 1, 4),
                        new LiteOptions.Softmax(0.5f),
                        new LiteOptions.Reducer(true),
                        new LiteOptions.FullyConnected(Activation.NONE, false, false),
                        new LiteOptions.Gelu(true),
                        new LiteOptions.None());
        assertThat(file.operators().stream().map(LiteOperator::name))
                .containsExactly("CONV_2D", "SOFTMAX", "MEAN", "FULLY_CONNECTED", "GELU", "LSH_PROJECTION");
        assertThat(file.operators().getFirst().input(1)).isEqualTo(-1);
        assertThat(file.inputs()).containsExactly(x);
        assertThat(file.outputs()).containsExactly(y);
        assertThat(file.tensors().getFirst().shape()).isEqualTo(Shape.declared(-1, 4, 4, 2));
        assertThat(file.tensors().get(1).shape().hasFree()).isFalse();
    }

    @Test
    void optionsOfAnotherOperatorOrOutsideTheSchemaAreRefused() {
        TinyTflite other = new TinyTflite();
        int x = other.computed("x", 0, 1);
        other.operator(3, 9, _ -> {}, x, x);
        assertThatThrownBy(() -> read(other))
                .isInstanceOf(BadInputException.class)
                .hasMessage("m.tflite: operator 0 (CONV_2D): options of kind 9 are not those of CONV_2D, kind 1");

        TinyTflite unknown = new TinyTflite();
        int y = unknown.computed("x", 0, 1);
        unknown.operator(0, 11, o -> o.addByte(0, (byte) 77, 0), y, y);
        assertThatThrownBy(() -> read(unknown))
                .isInstanceOf(BadInputException.class)
                .hasMessage("m.tflite: operator 0 (ADD): fused activation 77 is unknown");
    }
}
