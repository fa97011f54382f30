package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** Folding constants and padding: fewer nodes, the same function. */
class FoldingTest {
    @TempDir
    private Path folder;

    @Test
    void arithmeticOnFixedDimensionsIsComputed() throws IOException {
        Model model = flattening(2).open(folder);

        Model folded = ConstantFolding.fold(model);

        assertThat(operators(folded)).containsExactly("Reshape");
        assertThat(folded.tensors()).extracting(t -> t.id().name()).containsExactly("shape");
        assertThat(folded.find(new TensorId("shape")).orElseThrow().data().integer(1))
                .isEqualTo(12);
        same(model, folded, Shape.of(2, 3, 4));
    }

    @Test
    void aFreeBatchStaysFreeAndWhatIsKnownBesideItIsComputed() throws IOException {
        Model model = flattening(-1).open(folder);

        Model folded = ConstantFolding.fold(model);

        assertThat(operators(folded)).containsExactly("Shape", "Gather", "Squeeze", "Unsqueeze", "Concat", "Reshape");
        same(model, folded, Shape.of(2, 3, 4));
        same(model, folded, Shape.of(5, 3, 4));
    }

    /** x to [x0, x1·x2], as exporters write it. */
    private static TinyOnnx flattening(long batch) {
        return new TinyOnnx(11)
                .input("x", batch, 3, 4)
                .output("y")
                .weight64("zero", 0)
                .weight64("one", 1)
                .weight64("two", 2)
                .node("Shape", List.of("x"), List.of("s"))
                .node("Gather", List.of("s", "zero"), List.of("n1"))
                .node("Squeeze", List.of("n1"), List.of("n"))
                .node("Unsqueeze", List.of("n"), List.of("nu"), TinyOnnx.attribute("axes", 0, new long[0]))
                .node("Gather", List.of("s", "one"), List.of("a"))
                .node("Slice", List.of("s", "two", "three"), List.of("b"))
                .weight64("three", 3)
                .node("Mul", List.of("a", "b"), List.of("ab"))
                .node("Concat", List.of("nu", "ab"), List.of("shape"), TinyOnnx.attribute("axis", 0L))
                .node("Reshape", List.of("x", "shape"), List.of("y"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWeightBehindATransposeIsOne(boolean constantNode) throws IOException {
        TinyOnnx tiny = new TinyOnnx(13).input("x", -1, 4).output("y", -1, 3);
        Model model = (constantNode
                        ? tiny.constantNode("w", Shape.of(3, 4), -1, 1)
                        : tiny.randomWeight("w", Shape.of(3, 4), -1, 1))
                .node("Identity", List.of("w"), List.of("copy"))
                .node("Transpose", List.of("copy"), List.of("t"))
                .node("MatMul", List.of("x", "t"), List.of("y"))
                .open(folder);

        Model folded = Engine.analysed(model);

        Tensor w = folded.find(new TensorId("w")).orElseThrow();
        assertThat(w.info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(w.info().shape()).isEqualTo(Shape.of(4, 3));
        assertThat(w.info().channelAxis()).hasValue(1);
        assertThat(operators(folded)).doesNotContain("Transpose", "Identity");
        same(model, folded, Shape.of(7, 4));
    }

    @Test
    void aWeightWithTwoReadersIsStoredTwice() throws IOException {
        Model simple = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("Transpose", List.of("w"), List.of("t"))
                .node("MatMul", List.of("x", "t"), List.of("a"))
                .node("MatMul", List.of("a", "w"), List.of("y"))
                .open(folder);

        assertThat(ConstantFolding.fold(simple).tensors())
                .extracting(t -> t.id().name())
                .containsExactly("w", "t");
        same(simple, ConstantFolding.fold(simple), Shape.of(3, 4));
        assertThat(operators(ConstantFolding.fold(simple))).containsExactly("MatMul", "MatMul");
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 11, 13, 18, 25})
    void aPadWithZerosGoesIntoTheConvolution(int opset) throws IOException {
        Model model = padded(opset, 0, 1);

        Model folded = PadFolding.fold(model);

        assertThat(operators(folded)).containsExactly("Conv");
        assertThat(folded.tensors()).extracting(t -> t.id().name()).containsExactly("w");
        same(model, folded, Shape.of(2, 1, 4, 5));
    }

    @Test
    void aPadWithAnythingElseStays() throws IOException {
        for (Model model : List.of(padded(13, 1.5f, 1), padded(13, 0, -1))) {
            assertThat(PadFolding.fold(model)).isSameAs(model);
        }
    }

    private Model padded(int opset, float value, long top) throws IOException {
        TinyOnnx tiny =
                new TinyOnnx(opset).input("x", -1, 1, 4, 5).output("y").randomWeight("w", Shape.of(2, 1, 3, 3), -1, 1);
        if (opset < 11) {
            tiny.node(
                    "Pad",
                    List.of("x"),
                    List.of("p"),
                    TinyOnnx.attribute("pads", 0, 0, top, 2, 0, 0, 3, 4),
                    TinyOnnx.attribute("value", value));
        } else {
            tiny.weight64("pads", 0, 0, top, 2, 0, 0, 3, 4)
                    .weight("value", Shape.of(), value)
                    .node("Pad", List.of("x", "pads", "value"), List.of("p"));
        }
        return tiny.node("Conv", List.of("p", "w"), List.of("y"), TinyOnnx.attribute("pads", 1, 0, 0, 1))
                .open(folder);
    }

    private static List<String> operators(Model model) {
        return model.graph().orElseThrow().proto().getGraph().getNodeList().stream()
                .map(NodeProto::getOpType)
                .filter(op -> !op.equals("Constant"))
                .toList();
    }

    private static void same(Model one, Model other, Shape shape) {
        float[] x = new float[(int) shape.count()];
        Random random = new Random(3);
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        float[] a = run(one, x, shape);
        float[] b = run(other, x, shape);
        assertThat(b).hasSameSizeAs(a);
        for (int i = 0; i < a.length; i++) {
            assertThat(b[i]).isEqualTo(a[i], within(1e-5f));
        }
    }

    private static float[] run(Model model, float[] x, Shape shape) {
        try (NativeTensor fed = NativeTensor.of(x, shape, DType.F32);
                OrtModel loaded = OrtModel.load(InstrumentedGraph.plain(model), "folding", OrtModel.Options.DEFAULT)) {
            return loaded.run(Map.of("x", fed), List.of("y"), new CancelToken())
                    .getFirst()
                    .values();
        }
    }
}
