package org.quantscope.core.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

class WeightGroupTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    @TempDir
    private Path folder;

    private static List<WeightGroup> groups(Model model) {
        return WeightGroup.of(
                model,
                model.tensors().stream()
                        .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                        .map(t -> t.id())
                        .toList());
    }

    private static Set<Set<String>> names(List<WeightGroup> groups) {
        return groups.stream()
                .map(g -> g.members().stream().map(TensorId::name).collect(Collectors.toSet()))
                .collect(Collectors.toSet());
    }

    private TinyOnnx square(String... weights) {
        TinyOnnx model = new TinyOnnx(17).input("x", -1, 4, 4).output("y", -1, 4, 4);
        for (String weight : weights) {
            model.randomWeight(weight, Shape.of(4, 4), -1, 1);
        }
        return model;
    }

    /** A transformer as torch exports it: query, key and value of each block, and nothing else. */
    @Test
    void queryKeyAndValueOfTheSampleGoTogether() throws IOException {
        List<WeightGroup> groups = groups(Engine.open(SAMPLES.resolve("adder_gpt.onnx"), true));
        assertThat(names(groups))
                .containsExactlyInAnyOrder(
                        Set.of("onnx::MatMul_178", "onnx::MatMul_179", "onnx::MatMul_180"),
                        Set.of("onnx::MatMul_184", "onnx::MatMul_185", "onnx::MatMul_186"));
        assertThat(groups.getFirst().why())
                .singleElement()
                .asString()
                .startsWith("they read /blocks.0/n1/")
                .endsWith("and their results are multiplied with each other");
    }

    @Test
    void networksOfPicturesHaveNoGroups() throws IOException {
        for (String file : List.of("fashion_resnet.onnx", "fashion_mobilenet.onnx", "digits_mlp.onnx")) {
            assertThat(groups(Engine.open(SAMPLES.resolve(file), true)))
                    .as(file)
                    .isEmpty();
        }
    }

    @Test
    void equalValuesGoTogetherAlsoTransposed() throws IOException {
        float[] w = {1, 2, 3, 4, 5, 6};
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 3)
                .weight("a", Shape.of(2, 3), w)
                .weight("back", Shape.of(3, 2), 1, 4, 2, 5, 3, 6)
                .weight("copy", Shape.of(2, 3), w)
                .weight("other", Shape.of(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9)
                .weight("near", Shape.of(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 10)
                .node("MatMul", List.of("x", "a"), List.of("h"))
                .node("MatMul", List.of("h", "back"), List.of("i"))
                .node("MatMul", List.of("i", "copy"), List.of("j"))
                .node("MatMul", List.of("j", "other"), List.of("k"))
                .node("MatMul", List.of("k", "near"), List.of("y"))
                .open(folder);
        List<WeightGroup> groups = groups(model);
        assertThat(names(groups)).containsExactly(Set.of("a", "back", "copy"));
        assertThat(groups.getFirst().why()).containsExactly("they hold the same values");
    }

    /** Gate and what it gates read one value; what is computed of their product reads another. */
    @Test
    void aGateGoesWithWhatItGates() throws IOException {
        Model model = square("gate", "up", "down")
                .node("MatMul", List.of("x", "gate"), List.of("g"))
                .node("Sigmoid", List.of("g"), List.of("s"))
                .node("Mul", List.of("g", "s"), List.of("silu"))
                .node("MatMul", List.of("x", "up"), List.of("u"))
                .node("Mul", List.of("silu", "u"), List.of("h"))
                .node("MatMul", List.of("h", "down"), List.of("d"))
                .node("Add", List.of("d", "x"), List.of("y"))
                .open(folder);
        assertThat(names(groups(model))).containsExactly(Set.of("gate", "up"));
    }

    /** Rotary positions, scaling, a mask and heads in between change nothing; a cross-attention's query stands alone. */
    @Test
    void attentionIsFoundBehindRotationAndMask() throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 4, 4)
                .input("memory", -1, 4, 4)
                .output("y", -1, 4, 4)
                .randomWeight("q", Shape.of(4, 4), -1, 1)
                .randomWeight("k", Shape.of(4, 4), -1, 1)
                .randomWeight("v", Shape.of(4, 4), -1, 1)
                .randomWeight("cos", Shape.of(4, 4), -1, 1)
                .randomWeight("sin", Shape.of(4, 4), -1, 1)
                .randomWeight("mask", Shape.of(4, 4), -1, 1)
                .weight("two", Shape.of(), 2)
                .node("MatMul", List.of("x", "q"), List.of("xq"))
                .node("MatMul", List.of("memory", "k"), List.of("xk"))
                .node("MatMul", List.of("memory", "v"), List.of("xv"))
                .node("Mul", List.of("xk", "cos"), List.of("c"))
                .node("Neg", List.of("xk"), List.of("n"))
                .node("Mul", List.of("n", "sin"), List.of("s"))
                .node("Add", List.of("c", "s"), List.of("rotated"))
                .node("Transpose", List.of("rotated"), List.of("kt"), TinyOnnx.attribute("perm", 0, 2, 1))
                .node("MatMul", List.of("xq", "kt"), List.of("scores"))
                .node("Div", List.of("scores", "two"), List.of("scaled"))
                .node("Add", List.of("scaled", "mask"), List.of("masked"))
                .node("Softmax", List.of("masked"), List.of("p"))
                .node("MatMul", List.of("p", "xv"), List.of("y"))
                .open(folder);
        assertThat(names(groups(model))).containsExactly(Set.of("k", "v"));
    }

    @Test
    void anAttentionOperatorJoinsWhatItReads() throws IOException {
        Model model = square("q", "k", "v", "o")
                .node("MatMul", List.of("x", "q"), List.of("xq"))
                .node("MatMul", List.of("x", "k"), List.of("xk"))
                .node("MatMul", List.of("x", "v"), List.of("xv"))
                .node("MultiHeadAttention", List.of("xq", "xk", "xv"), List.of("a"), TinyOnnx.attribute("num_heads", 2))
                .in("com.microsoft")
                .node("MatMul", List.of("a", "o"), List.of("y"))
                .open(folder);
        assertThat(names(groups(model))).containsExactly(Set.of("q", "k", "v"));
    }

    /** Layers side by side of one input are one wide layer; branches with other kernels or inputs are not. */
    @Test
    void resultsPutSideBySideGoTogetherWhereOneLayerCouldMakeThem() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2, 6, 6)
                .output("y", -1, 9, 6, 6)
                .randomWeight("a", Shape.of(3, 2, 1, 1), -1, 1)
                .randomWeight("b", Shape.of(2, 2, 1, 1), -1, 1)
                .randomWeight("wide", Shape.of(2, 2, 3, 3), -1, 1)
                .randomWeight("later", Shape.of(2, 3, 1, 1), -1, 1)
                .node("Conv", List.of("x", "a"), List.of("ya"))
                .node("Conv", List.of("x", "b"), List.of("yb"))
                .node("Relu", List.of("yb"), List.of("rb"))
                .node("Conv", List.of("x", "wide"), List.of("yw"), TinyOnnx.attribute("pads", 1, 1, 1, 1))
                .node("Conv", List.of("ya", "later"), List.of("yl"))
                .node("Concat", List.of("ya", "rb", "yw", "yl"), List.of("y"), TinyOnnx.attribute("axis", 1))
                .open(folder);
        List<WeightGroup> groups = groups(model);
        assertThat(names(groups)).containsExactly(Set.of("a", "b"));
        assertThat(groups.getFirst().why()).containsExactly("they read x and their results are put side by side");
    }

    /** Two heads of one trunk, a sum of two layers, and a product of layers that read different values: no groups. */
    @Test
    void layersThatNeverMeetAsOneStayApart() throws IOException {
        Model model = square("h1", "h2", "s1", "s2", "t")
                .output("z", -1, 4, 4)
                .output("product", -1, 4, 4)
                .node("MatMul", List.of("x", "h1"), List.of("y"))
                .node("MatMul", List.of("x", "h2"), List.of("z"))
                .node("MatMul", List.of("x", "s1"), List.of("a"))
                .node("MatMul", List.of("x", "s2"), List.of("b"))
                .node("Add", List.of("a", "b"), List.of("sum"))
                .node("MatMul", List.of("sum", "t"), List.of("u"))
                .node("Mul", List.of("u", "y"), List.of("product"))
                .open(folder);
        assertThat(groups(model)).isEmpty();
    }
}
