package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

class FloatWeightsTest {
    @TempDir
    private Path folder;

    /** Names, shapes and reasons, one a line. */
    private static List<String> listed(Model model) {
        return model.graph().orElseThrow().floatWeights().stream()
                .map(w ->
                        w.info().id() + " " + w.info().shape() + ": " + w.site().reason())
                .toList();
    }

    private static List<String> weights(Model model) throws IOException {
        SessionState state = SessionState.of(FileRef.of(model.file(), new CancelToken()));
        assertThat(Engine.resolve(model, state, Progress.NONE, new CancelToken())
                        .weights()
                        .keySet())
                .containsExactlyInAnyOrderElementsOf(model.tensors().stream()
                        .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                        .map(t -> t.id())
                        .toList());
        return model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .map(t -> t.id().name())
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"LSTM, 4", "GRU, 3", "RNN, 1"})
    void weightsOfRecurrentNetworksAreListedWithTheReason(String op, int gates) throws IOException {
        Model model = new TinyOnnx(14)
                .input("x", 5, 1, 3)
                .output("y", 5, 1, 4)
                .randomWeight("W", Shape.of(1, gates * 2L, 3), -1, 1)
                .constantNode("R", Shape.of(1, gates * 2L, 2), -1, 1)
                .randomWeight("B", Shape.of(1, gates * 4L), -1, 1)
                .randomWeight("fc", Shape.of(2, 4), -1, 1)
                .weight64("shape", 5, 1, 2)
                .node(op, List.of("x", "W", "R", "B"), List.of("states"), TinyOnnx.attribute("hidden_size", 2))
                .node("Reshape", List.of("states", "shape"), List.of("flat"))
                .node("MatMul", List.of("flat", "fc"), List.of("y"))
                .open(folder);

        // Node names count the nodes; the first is the Constant.
        String why = ": " + op + " " + op + "1 is a recurrent network, which runs in float";
        assertThat(listed(model)).containsExactly("W 1×" + gates * 2 + "×3" + why, "R 1×" + gates * 2 + "×2" + why);
        assertThat(weights(model)).containsExactly("fc");
    }

    /** One weight of the main graph that only a branch reads, one that a layer reads too, one behind an Identity and one that lies inside. */
    @Test
    void weightsThatOnlySubgraphsReadAreWeights() throws IOException {
        TinyOnnx then = new TinyOnnx(14)
                .output("t", 1, 3)
                .node("MatMul", List.of("x", "outer"), List.of("a"))
                .node("MatMul", List.of("a", "both"), List.of("t"));
        TinyOnnx other = new TinyOnnx(14)
                .output("e", 1, 3)
                .randomWeight("inner", Shape.of(3, 3), -1, 1)
                .node("MatMul", List.of("x", "inner"), List.of("b"))
                .node("Gemm", List.of("b", "copy"), List.of("e"));
        Model model = new TinyOnnx(14)
                .input("flag", DType.BOOL)
                .input("x", 1, 3)
                .output("y", 1, 3)
                .randomWeight("outer", Shape.of(3, 3), -1, 1)
                .randomWeight("both", Shape.of(3, 3), -1, 1)
                .randomWeight("shared", Shape.of(3, 3), -1, 1)
                .node("Identity", List.of("shared"), List.of("copy"))
                .node(
                        "If",
                        List.of("flag"),
                        List.of("i"),
                        TinyOnnx.attribute("then_branch", then),
                        TinyOnnx.attribute("else_branch", other))
                .node("MatMul", List.of("i", "both"), List.of("y"))
                .open(folder);

        assertThat(listed(model)).isEmpty();
        assertThat(weights(model)).containsExactlyInAnyOrder("outer", "both", "shared", "If1/else_branch/inner");
    }

    /** A name inside hides the one outside; a weight of a recurrent network inside a subgraph is there because of the subgraph. */
    @Test
    void namesInsideHideThoseOutside() throws IOException {
        TinyOnnx then = new TinyOnnx(14)
                .output("t", 5, 1, 1, 2)
                .randomWeight("W", Shape.of(1, 2, 3), -1, 1)
                .randomWeight("R", Shape.of(1, 2, 2), -1, 1)
                .node("RNN", List.of("x", "W", "R"), List.of("t"), TinyOnnx.attribute("hidden_size", 2));
        TinyOnnx other = new TinyOnnx(14)
                .output("e", 5, 1, 1, 2)
                .node("Add", List.of("x", "x"), List.of("outer"))
                .node("MatMul", List.of("x", "outer"), List.of("e"));
        Model model = new TinyOnnx(14)
                .input("flag", DType.BOOL)
                .input("x", 5, 1, 3)
                .output("y", 5, 1, 1, 2)
                .randomWeight("outer", Shape.of(3, 2), -1, 1)
                .node(
                        "If",
                        List.of("flag"),
                        List.of("y"),
                        TinyOnnx.attribute("then_branch", then),
                        TinyOnnx.attribute("else_branch", other))
                .open(folder);

        String why = ": If If0 runs a subgraph, which stays in float";
        assertThat(listed(model)).containsExactly("If0/then_branch/W 1×2×3" + why, "If0/then_branch/R 1×2×2" + why);
    }

    /** Numbers that an operator makes of integers or of none, and what is made of these. */
    @Test
    void weightsMadeInTheModelAreListed() throws IOException {
        Model model = new TinyOnnx(14)
                .input("x", 1, 3)
                .output("y", 1, 3)
                .weight64("shape", 3, 3)
                .weight64("codes", Shape.of(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9)
                .randomWeight("scale", Shape.of(1), 0.5f, 1)
                .node("ConstantOfShape", List.of("shape"), List.of("zeros"))
                .node("MatMul", List.of("x", "zeros"), List.of("a"))
                .node("Cast", List.of("codes"), List.of("numbers"), TinyOnnx.attribute("to", DataType.FLOAT_VALUE))
                .node("Transpose", List.of("numbers"), List.of("turned"))
                .node("MatMul", List.of("a", "turned"), List.of("b"))
                .node("Reshape", List.of("codes", "shape"), List.of("same"))
                .node("Cast", List.of("same"), List.of("again"), TinyOnnx.attribute("to", DataType.FLOAT_VALUE))
                .node("Mul", List.of("again", "scale"), List.of("scaled"))
                .node("MatMul", List.of("b", "scaled"), List.of("y"))
                .open(folder);

        assertThat(listed(model))
                .containsExactly(
                        "zeros 3×3: made by ConstantOfShape ConstantOfShape0 in the model, not stored as floating"
                                + " numbers",
                        "numbers 3×3: made by Cast Cast2 in the model, not stored as floating numbers",
                        "again scalar: Mul Mul7 computes a layer's weight from it in the model",
                        "scale 1: Mul Mul7 computes a layer's weight from it in the model");
        assertThat(weights(model)).isEmpty();
    }

    @Test
    void weightsCutOutOrJoinedInTheModelAreListed() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", 1, 4)
                .output("y", 1, 8)
                .randomWeight("whole", Shape.of(4, 8), -1, 1)
                .randomWeight("left", Shape.of(4, 4), -1, 1)
                .randomWeight("right", Shape.of(4, 4), -1, 1)
                .node("Split", List.of("whole"), List.of("half", "other"), TinyOnnx.attribute("axis", 1))
                .node("MatMul", List.of("x", "half"), List.of("a"))
                .node("Concat", List.of("left", "right"), List.of("joined"), TinyOnnx.attribute("axis", 1))
                .node("MatMul", List.of("a", "joined"), List.of("y"))
                .open(folder);

        assertThat(listed(model))
                .containsExactly(
                        "whole 4×8: Split Split0 computes a layer's weight from it in the model",
                        "left 4×4: Concat Concat2 computes a layer's weight from it in the model",
                        "right 4×4: Concat Concat2 computes a layer's weight from it in the model");
        assertThat(weights(model)).isEmpty();
    }

    /** A small one is written out when the file is opened and is a weight like any other. */
    @Test
    void aSparseWeightIsListedIfItIsNotWrittenOut() {
        TensorProto values = TensorProto.newBuilder()
                .setName("w")
                .setDataType(DataType.FLOAT_VALUE)
                .addDims(1)
                .addFloatData(2)
                .build();
        GraphProto graph = GraphProto.newBuilder()
                .addInput(ai.onnx.proto.OnnxMl.ValueInfoProto.newBuilder().setName("x"))
                .addSparseInitializer(SparseTensorProto.newBuilder()
                        .setValues(values)
                        .addDims(3)
                        .addDims(5))
                .addNode(NodeProto.newBuilder()
                        .setOpType("MatMul")
                        .setName("m")
                        .addInput("x")
                        .addInput("w")
                        .addOutput("y"))
                .build();

        assertThat(FloatWeights.of(graph).stream()
                        .map(w -> w.info().id() + " " + w.info().shape() + ": "
                                + w.site().reason()))
                .containsExactly("w 3×5: stored sparse, with too many values to be written out for MatMul m");
    }

    @Test
    void aShapeInsideThatCannotBeIsPassedOver() {
        TensorProto bad = TensorProto.newBuilder()
                .setName("w")
                .setDataType(DataType.FLOAT_VALUE)
                .addDims(-1)
                .addDims(Long.MAX_VALUE)
                .build();
        NodeProto read = NodeProto.newBuilder()
                .setOpType("MatMul")
                .addInput("x")
                .addInput("w")
                .addOutput("t")
                .build();
        GraphProto body =
                GraphProto.newBuilder().addInitializer(bad).addNode(read).build();
        NodeProto branch = NodeProto.newBuilder()
                .setOpType("If")
                .addInput("x")
                .addOutput("y")
                .addAttribute(ai.onnx.proto.OnnxMl.AttributeProto.newBuilder()
                        .setName("then_branch")
                        .setG(body))
                .build();

        assertThat(FloatWeights.of(GraphProto.newBuilder().addNode(branch).build()))
                .isEmpty();
    }

    @Test
    void foldingKeepsTheList() throws IOException {
        Model model = Engine.analysed(new TinyOnnx(14)
                .input("x", 5, 1, 3)
                .output("y", 5, 1, 1, 2)
                .constantNode("W", Shape.of(1, 2, 3), -1, 1)
                .randomWeight("R", Shape.of(1, 2, 2), -1, 1)
                .node("RNN", List.of("x", "W", "R"), List.of("y"), TinyOnnx.attribute("hidden_size", 2))
                .open(folder));

        assertThat(model.graph().orElseThrow().floatWeights())
                .extracting(w -> w.info().id())
                .containsExactly(new TensorId("W"), new TensorId("R"));
        assertThat(Optional.of(model.tensors().getFirst().info().kind())).contains(TensorKind.CONSTANT);
    }
}
