package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

class ActivationSizesTest {
    @TempDir
    private Path folder;

    /** Declared for another batch size, and with a weight that is large enough to be left out. */
    private Model wide() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .declared("h", DType.F32, 7, 2048)
                .randomWeight("up", Shape.of(4, 2048), -1, 1)
                .randomWeight("down", Shape.of(2048, 4), -1, 1)
                .node("MatMul", List.of("x", "up"), List.of("h"))
                .node("Relu", List.of("h"), List.of("r"))
                .node("MatMul", List.of("r", "down"), List.of("s"))
                .node("Add", List.of("s", "x"), List.of("y"))
                .open(folder);
    }

    @Test
    void theyAreThoseOfTheSamplesThatAreFed() throws IOException {
        ActivationSizes sizes = ActivationSizes.of(wide(), Map.of("x", Shape.of(3, 4)));

        assertThat(List.of("x", "h", "r", "s", "y"))
                .extracting(sizes::bytes)
                .containsExactly(4L * 3 * 4, 4L * 3 * 2048, 4L * 3 * 2048, 4L * 3 * 4, 4L * 3 * 4);
        assertThat(sizes.bytes("up")).as("a weight is none").isZero();
        // x is read at the end again; h and r are there at the same time.
        assertThat(sizes.peak()).isEqualTo(4L * 3 * (4 + 2048 + 2048));
    }

    /** The number of positions that are not zero is known only when they have been computed. */
    @Test
    void aShapeThatDependsOnTheDataCountsNothing() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .node("NonZero", List.of("x"), List.of("at"))
                .node("Cast", List.of("at"), List.of("floats"), TinyOnnx.attribute("to", 1))
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);

        ActivationSizes sizes = ActivationSizes.of(model, Map.of("x", Shape.of(2, 4)));

        assertThat(sizes.bytes("floats")).isZero();
        assertThat(sizes.bytes("y")).isEqualTo(4 * 2 * 4);
    }

    @Test
    void aModelThatDoesNotLoadHasTheSizesOfItsInputsOnly() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .node("NoSuchOperator", List.of("x"), List.of("y"))
                .open(folder);

        ActivationSizes sizes = ActivationSizes.of(model, Map.of("x", Shape.of(2, 4)));

        assertThat(sizes.bytes("x")).isEqualTo(4 * 2 * 4);
        assertThat(sizes.bytes("y")).isZero();
    }
}
