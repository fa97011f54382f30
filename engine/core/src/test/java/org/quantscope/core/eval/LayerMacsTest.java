package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class LayerMacsTest {
    @TempDir
    private Path folder;

    private static Dataset data(long... dims) {
        return MemoryData.unlabelled(6, Shape.of(dims));
    }

    private static double of(LayerMacs macs, String weight) {
        return macs.bySample().getOrDefault(new TensorId(weight), 0.0);
    }

    @Test
    void convolutionsCountTheirOutputsTimesTheKernelOfAGroup() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4, 8, 8)
                .output("y", -1, 2, 8, 8)
                .randomWeight("plain", Shape.of(6, 4, 3, 3), -1, 1)
                .randomWeight("grouped", Shape.of(6, 3, 3, 3), -1, 1)
                .randomWeight("back", Shape.of(6, 2, 2, 2), -1, 1)
                .node("Conv", List.of("x", "plain"), List.of("h"), TinyOnnx.attribute("pads", 1, 1, 1, 1))
                .node(
                        "Conv",
                        List.of("h", "grouped"),
                        List.of("i"),
                        TinyOnnx.attribute("group", 2),
                        TinyOnnx.attribute("strides", 2, 2),
                        TinyOnnx.attribute("pads", 1, 1, 1, 1))
                .node("ConvTranspose", List.of("i", "back"), List.of("y"), TinyOnnx.attribute("strides", 2, 2))
                .open(folder);
        LayerMacs macs = LayerMacs.of(model, data(4, 8, 8));
        assertThat(of(macs, "plain")).isEqualTo(6 * 8 * 8 * 4 * 9);
        assertThat(of(macs, "grouped")).isEqualTo(6 * 4 * 4 * 3 * 9);
        assertThat(of(macs, "back")).isEqualTo(6 * 4 * 4 * 2 * 4);
        assertThat(macs.unknown()).isEmpty();
    }

    @Test
    void productsCountTheirOutputsTimesTheSummedAxis() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 5, 4)
                .output("y", -1, 2, 3)
                .randomWeight("m", Shape.of(4, 3), -1, 1)
                .randomWeight("first", Shape.of(7, 5), -1, 1)
                .randomWeight("e", Shape.of(2, 7), -1, 1)
                .node("MatMul", List.of("x", "m"), List.of("h"))
                .node("MatMul", List.of("first", "h"), List.of("i"))
                .node("Einsum", List.of("i", "e"), List.of("y"), TinyOnnx.attribute("equation", "bsf,os->bof"))
                .open(folder);
        LayerMacs macs = LayerMacs.of(model, data(5, 4));
        assertThat(of(macs, "m")).isEqualTo(5 * 4 * 3);
        assertThat(of(macs, "first")).isEqualTo(7 * 5 * 3);
        assertThat(of(macs, "e")).isEqualTo(2 * 7 * 3);
    }

    /** A Gemm with a transposed weight, a weight behind a Transpose, one of two layers, and a batch that is fixed. */
    @Test
    void turnedAndSharedWeightsCountEachUse() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", 3, 4)
                .output("y", 3, 4)
                .randomWeight("g", Shape.of(5, 4), -1, 1)
                .randomWeight("t", Shape.of(4, 5), -1, 1)
                .randomWeight("twice", Shape.of(4, 4), -1, 1)
                .node("Gemm", List.of("x", "g"), List.of("h"), TinyOnnx.attribute("transB", 1))
                .node("Transpose", List.of("t"), List.of("tt"), TinyOnnx.attribute("perm", 1, 0))
                .node("MatMul", List.of("h", "tt"), List.of("i"))
                .node("MatMul", List.of("i", "twice"), List.of("j"))
                .node("MatMul", List.of("j", "twice"), List.of("y"))
                .open(folder);
        LayerMacs macs = LayerMacs.of(model, data(4));
        assertThat(of(macs, "g")).isEqualTo(4 * 5);
        assertThat(of(macs, "t")).isEqualTo(5 * 4);
        assertThat(of(macs, "twice")).isEqualTo(2 * 4 * 4);
    }

    /** A shape that depends on the values is that of the first sample; a weight of unknown shape at its layer is named. */
    @Test
    void whatTheGraphDoesNotTellIsNamed() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .output("z", -1, 2)
                .randomWeight("ok", Shape.of(4, 4), -1, 1)
                .randomWeight("byData", Shape.of(2, 2), -1, 1)
                .randomWeight("reshaped", Shape.of(16), -1, 1)
                .weight64("shape", 4, 4)
                .node("MatMul", List.of("x", "ok"), List.of("h"))
                .node("Reshape", List.of("reshaped", "shape"), List.of("r"))
                .node("MatMul", List.of("h", "r"), List.of("y"))
                .node("NonZero", List.of("x"), List.of("at"))
                .node("Cast", List.of("at"), List.of("floats"), TinyOnnx.attribute("to", 1))
                .node("Transpose", List.of("floats"), List.of("pairs"), TinyOnnx.attribute("perm", 1, 0))
                .node("MatMul", List.of("pairs", "byData"), List.of("z"))
                .open(folder);
        LayerMacs macs = LayerMacs.of(model, data(4));
        assertThat(macs.bySample()).containsOnlyKeys(new TensorId("ok"), new TensorId("byData"));
        // sin(0) is the only zero of the first sample's four values.
        assertThat(of(macs, "byData")).isEqualTo(3 * 2 * 2);
        assertThat(macs.unknown()).extracting(TensorId::name).containsExactly("reshaped");
    }

    @Test
    void bitOperationsMultiplyByTheBitsOfBothFactors() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 3)
                .randomWeight("a", Shape.of(4, 5), -1, 1)
                .randomWeight("b", Shape.of(5, 3), -1, 1)
                .node("MatMul", List.of("x", "a"), List.of("h"))
                .node("MatMul", List.of("h", "b"), List.of("y"))
                .open(folder);
        LayerMacs macs = LayerMacs.of(model, data(4));
        assertThat(macs.bitOperations(Map.of())).isEqualTo((20 + 15) * 32 * 32);
        assertThat(macs.bitOperations(Map.of(new TensorId("a"), 4, new TensorId("b"), 2, new TensorId("h"), 8)))
                .isEqualTo(20 * 4 * 32 + 15 * 2 * 8);
    }
}
