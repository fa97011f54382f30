package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.TensorProtos;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.rewrite.InstrumentedGraph.Way;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

class InstrumentedGraphTest {
    private static final TensorId X = new TensorId("x");
    private static final TensorId Y = new TensorId("y");
    private static final TensorId W = new TensorId("w");

    @TempDir
    private Path folder;

    private static float[] run(RunnableGraph model, Map<String, NativeTensor> feeds, String output) {
        try (OrtModel loaded = OrtModel.load(model, "tiny.onnx", new OrtModel.Options(1, false))) {
            return loaded.run(feeds, List.of(output), new CancelToken())
                    .getFirst()
                    .values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    private static void feed(
            Map<String, NativeTensor> feeds, InstrumentedGraph.ActivationFeeds names, UniformGrid grid) {
        QuantParams params = new QuantParams(
                Granularity.TENSOR, new float[] {grid.scale()}, new int[] {grid.zeroPoint()}, grid.qmin(), grid.qmax());
        names.feed(
                Optional.of(params),
                (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
        feeds.put(names.on(), NativeTensor.flag(true));
    }

    /** x → Relu → y with a quantizer on both: y = grid(relu(grid(x))), exactly, ties and infinities included. */
    @ParameterizedTest
    @CsvSource({
        "7, BYTES",
        "8, BYTES",
        "10, BYTES",
        "11, BYTES",
        "12, BYTES",
        "13, BYTES",
        "21, BYTES",
        "11, CODES",
        "13, CODES",
        "13, CHAIN"
    })
    void activationQuantizersAreTheGridOfTheEngine(int opset, Way way) throws IOException {
        Model model = new TinyOnnx(opset)
                .input("x", -1, 8)
                .output("y", -1, 8)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);
        UniformGrid in = new UniformGrid(0.25f, 100, 0, 200);
        UniformGrid out = new UniformGrid(0.7f, -3, -128, 127);
        float[] x = new float[8 * 64];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i - 200) * 0.125f;
        }
        x[0] = Float.NEGATIVE_INFINITY;
        x[1] = Float.POSITIVE_INFINITY;
        x[2] = Float.MAX_VALUE;
        x[3] = -1e9f;
        x[4] = -0f;
        InstrumentedGraph graph = InstrumentedGraph.build(
                model, Optional.empty(), Map.of(), Map.of(X, Form.CODES, Y, new Form(way, 0)), Set.of());
        Map<String, NativeTensor> feeds = new HashMap<>();
        feeds.put("x", NativeTensor.of(x, Shape.of(64, 8), DType.F32));
        feed(feeds, graph.activations().get(X), in);
        feed(feeds, graph.activations().get(Y), out);

        float[] y = run(graph.graph(), feeds, "y");

        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = out.quantize(Math.max(0, in.quantize(x[i])));
            // Round(-0.4) is -0 and stays so; adding 0 leaves one zero.
            y[i] += 0f;
        }
        assertThat(y).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFedWeightGivesWhatTheBakedOneGives(boolean constantNode) throws IOException {
        TinyOnnx tiny = new TinyOnnx(13).input("x", -1, 4).output("y", -1, 3);
        Model model = (constantNode
                        ? tiny.constantNode("w", Shape.of(4, 3), -1, 1)
                        : tiny.randomWeight("w", Shape.of(4, 3), -1, 1))
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        float[] other = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        float[] x = {1, 0, 0, 0, 0, 1, 0, 2};
        InstrumentedGraph fed = InstrumentedGraph.build(model, Optional.of(W), Map.of(), Map.of(), Set.of());
        InstrumentedGraph baked =
                InstrumentedGraph.build(model, Optional.empty(), Map.of(W, TensorData.of(other)), Map.of(), Set.of());

        float[] one = run(
                fed.graph(),
                Map.of(
                        "x",
                        NativeTensor.of(x, Shape.of(2, 4), DType.F32),
                        fed.weightFeed().orElseThrow(),
                        NativeTensor.of(other, Shape.of(4, 3), DType.F32)),
                "y");
        float[] two = run(baked.graph(), Map.of("x", NativeTensor.of(x, Shape.of(2, 4), DType.F32)), "y");

        assertThat(one).containsExactly(1, 2, 3, 24, 27, 30);
        assertThat(two).containsExactly(one);
    }

    @Test
    void halfPrecisionModelsTakeFloatFeeds() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", DType.F16, -1, 2)
                .output("y", DType.F16, -1, 2)
                .weight("w", DType.F16, Shape.of(2, 2), 1, 0, 0, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        InstrumentedGraph graph =
                InstrumentedGraph.build(model, Optional.of(W), Map.of(), Map.of(Y, Form.CODES), Set.of());
        Map<String, NativeTensor> feeds = new HashMap<>();
        feeds.put("x", NativeTensor.of(new float[] {0.4f, 3}, Shape.of(1, 2), DType.F16));
        feeds.put(
                graph.weightFeed().orElseThrow(), NativeTensor.of(new float[] {2, 0, 0, 2}, Shape.of(2, 2), DType.F32));
        feed(feeds, graph.activations().get(Y), new UniformGrid(0.5f, 0, -8, 7));

        assertThat(run(graph.graph(), feeds, "y")).containsExactly(1f, 3.5f);
    }

    @Test
    void quantizersComeBehindTheWholeLayerAndNotOnMovedValues() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 1, 4, 4)
                .output("y", -1, 2)
                .randomWeight("w", Shape.of(2, 1, 3, 3), -1, 1)
                .randomWeight("shift", Shape.of(1, 2, 1, 1), -1, 1)
                .randomWeight("fc", Shape.of(2, 2), -1, 1)
                .node("Conv", List.of("x", "w"), List.of("conv"))
                .node("Add", List.of("conv", "shift"), List.of("shifted"))
                .node("Relu", List.of("shifted"), List.of("relu"))
                .node("GlobalMaxPool", List.of("relu"), List.of("pooled"))
                .node("Flatten", List.of("pooled"), List.of("flat"))
                .node("MatMul", List.of("flat", "fc"), List.of("y"))
                .open(folder);

        assertThat(model.graph().orElseThrow().activations())
                .extracting(a -> a.id().name())
                .containsExactly("x", "relu", "y");
    }

    /** Written out, LayerNorm adds a small constant to a variance; on a grid both could become 0 and be divided by. */
    @Test
    void aVarianceIsNotQuantized() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 2)
                .weight("epsilon", Shape.of(), 1e-5f)
                .randomWeight("w", Shape.of(4, 2), -1, 1)
                .node("Mul", List.of("x", "x"), List.of("square"))
                .node("ReduceMean", List.of("square"), List.of("variance"))
                .node("Add", List.of("variance", "epsilon"), List.of("positive"))
                .node("Sqrt", List.of("positive"), List.of("deviation"))
                .node("Div", List.of("x", "deviation"), List.of("normalized"))
                .node("MatMul", List.of("normalized", "w"), List.of("y"))
                .open(folder);

        assertThat(model.graph().orElseThrow().activations())
                .extracting(a -> a.id().name())
                .containsExactly("x", "square", "normalized", "y");
    }

    @Test
    void integerValuesAndShapesAreNoActivations() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .weight("offset", Shape.of(1), 1)
                .node("Shape", List.of("x"), List.of("shape"))
                .node("Cast", List.of("shape"), List.of("as_float"), TinyOnnx.attribute("to", 1L))
                .node("Mul", List.of("as_float", "offset"), List.of("scaled"))
                .node("Cast", List.of("scaled"), List.of("back"), TinyOnnx.attribute("to", 7L))
                .node("Reshape", List.of("x", "back"), List.of("reshaped"))
                .node("Sigmoid", List.of("reshaped"), List.of("y"))
                .open(folder);

        assertThat(model.graph().orElseThrow().activations())
                .extracting(a -> a.id().name())
                .containsExactly("reshaped", "y");
    }

    /** Values beside the file are put into the session; folding leaves them where they are. */
    @Test
    void externalTensorsAreRunAndFolded() throws IOException {
        TinyOnnx tiny = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .weight("w", Shape.of(2, 2), 1, 2, 3, 4)
                .weight("v", Shape.of(2, 2), 2, 0, 0, 2);
        for (String s : List.of("gamma", "beta", "mean")) {
            tiny.weight(s, Shape.of(2), 1, 1);
        }
        Model inside = tiny.weight("variance", Shape.of(2), 3, 3)
                .node("MatMul", List.of("x", "v"), List.of("doubled"))
                .node("Gemm", List.of("doubled", "w"), List.of("g"))
                .node("BatchNormalization", List.of("g", "gamma", "beta", "mean", "variance"), List.of("y"))
                .open(folder);
        Model model = TinyOnnx.withExternal(inside, "v", folder);
        Model folded = BatchNormFolding.fold(model);
        float[] x = {1, 2};

        float[] expected =
                run(InstrumentedGraph.plain(inside), Map.of("x", NativeTensor.of(x, Shape.of(1, 2), DType.F32)), "y");
        assertThat(run(InstrumentedGraph.plain(model), Map.of("x", NativeTensor.of(x, Shape.of(1, 2), DType.F32)), "y"))
                .containsExactly(expected);
        assertThat(folded.graph().orElseThrow().proto().getGraph().getInitializerList())
                .filteredOn(TensorProtos::isExternal)
                .hasSize(1);
        float[] y =
                run(InstrumentedGraph.plain(folded), Map.of("x", NativeTensor.of(x, Shape.of(1, 2), DType.F32)), "y");
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isEqualTo(expected[i], within(1e-5f));
        }
    }

    @Test
    void anUnknownActivationIsRefused() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 8)
                .output("y", -1, 8)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);

        assertThatThrownBy(() ->
                        InstrumentedGraph.build(model, Optional.empty(), Map.of(), Map.of(W, Form.CODES), Set.of()))
                .hasMessageContaining("no quantizable activation w");
    }
}
