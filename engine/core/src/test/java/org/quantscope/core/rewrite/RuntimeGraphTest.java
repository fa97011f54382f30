package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class RuntimeGraphTest {
    private static final OrtModel.Options OPTIONS = new OrtModel.Options(1, false);
    private static final QuantParams GRID =
            new QuantParams(Granularity.TENSOR, new float[] {0.03f}, new int[] {100}, 0, 255);

    @TempDir
    private Path folder;

    private static TinyOnnx stem() {
        return new TinyOnnx(13)
                .input("x", -1, 1, -1, -1)
                .output("y", -1, 32, -1, -1)
                .randomWeight("first", Shape.of(32, 1, 3, 3), -1, 1)
                .node("Conv", List.of("x", "first"), List.of("stem"), TinyOnnx.attribute("pads", 1L, 1, 1, 1));
    }

    /** How often the finished graph changes the layout of a value, once its results are known to be those of the graph that was given. */
    private long changes(Model model) {
        Map<TensorId, Form> quantized = new HashMap<>();
        model.graph().orElseThrow().activations().forEach(a -> quantized.put(a.id(), Form.BYTES));
        InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), Map.of(), quantized, Set.of());
        byte[] finished = finished(graph, Set.of());

        try (OrtModel given = OrtModel.load(graph.graph(), "tiny.onnx", OPTIONS);
                OrtModel run = OrtModel.loadOptimized(finished, "tiny.onnx", OPTIONS)) {
            assertThat(outputs(run, graph, GRID)).containsExactly(outputs(given, graph, GRID));
        }
        return nodes(finished).stream()
                .filter(n -> n.getOpType().startsWith("Reorder"))
                .count();
    }

    private static byte[] finished(InstrumentedGraph graph, Set<String> alwaysOn) {
        RuntimeGraph marked = RuntimeGraph.of(graph.graph(), graph, Set.of());
        return marked.finish(OrtModel.optimized(marked.forOptimizer(), "tiny.onnx", OPTIONS), alwaysOn)
                .model();
    }

    private static float[] outputs(OrtModel loaded, InstrumentedGraph graph, QuantParams grid) {
        Map<String, NativeTensor> feeds = new HashMap<>();
        Random random = new Random(5);
        float[] x = new float[3 * 9 * 8];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        feeds.put("x", NativeTensor.of(x, Shape.of(3, 1, 9, 8), DType.F32));
        graph.activations().values().forEach(names -> {
            names.feed(
                    Optional.of(grid),
                    (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
            if (loaded.inputNames().contains(names.on())) {
                feeds.put(names.on(), NativeTensor.flag(true));
            }
        });
        try {
            return loaded.run(feeds, List.of("y"), new CancelToken()).getFirst().values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    private static List<NodeProto> nodes(byte[] model) {
        try {
            return ModelProto.parseFrom(model).getGraph().getNodeList();
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    /** The sizes are not written in the file: that both summands have the same follows from the windows. */
    @Test
    void aQuantizedSumOfTwoPathsStaysInBlocks() throws IOException {
        Model model = stem().randomWeight("a1", Shape.of(32, 32, 3, 3), -1, 1)
                .randomWeight("a2", Shape.of(32, 32, 3, 3), -1, 1)
                .randomWeight("b", Shape.of(32, 32, 1, 1), -1, 1)
                .randomWeight("last", Shape.of(32, 32, 1, 1), -1, 1)
                .node(
                        "Conv",
                        List.of("stem", "a1"),
                        List.of("half"),
                        TinyOnnx.attribute("kernel_shape", 3L, 3),
                        TinyOnnx.attribute("pads", 1L, 1, 1, 1),
                        TinyOnnx.attribute("strides", 2L, 2))
                .node(
                        "Conv",
                        List.of("half", "a2"),
                        List.of("long"),
                        TinyOnnx.attribute("kernel_shape", 3L, 3),
                        TinyOnnx.attribute("pads", 1L, 1, 1, 1))
                .node(
                        "Conv",
                        List.of("stem", "b"),
                        List.of("short"),
                        TinyOnnx.attribute("kernel_shape", 1L, 1),
                        TinyOnnx.attribute("strides", 2L, 2))
                .node("Add", List.of("long", "short"), List.of("sum"))
                .node("Conv", List.of("sum", "last"), List.of("y"))
                .open(folder);

        assertThat(changes(model)).as("one at the output").isLessThanOrEqualTo(1);
    }

    @Test
    void aSumThatSpreadsOneOfItsSummandsIsComputedInTheOrdinaryLayout() throws IOException {
        Model model = stem().randomWeight("a", Shape.of(32, 32, 3, 3), -1, 1)
                .randomWeight("b", Shape.of(32, 32, 9, 8), -1, 1)
                .node(
                        "Conv",
                        List.of("stem", "a"),
                        List.of("whole"),
                        TinyOnnx.attribute("kernel_shape", 3L, 3),
                        TinyOnnx.attribute("pads", 1L, 1, 1, 1))
                .node("Conv", List.of("stem", "b"), List.of("one"), TinyOnnx.attribute("kernel_shape", 9L, 8))
                .node("Add", List.of("whole", "one"), List.of("y"))
                .open(folder);

        assertThat(nodesInBlocks(model)).doesNotContain("Add");
        changes(model);
    }

    @ParameterizedTest
    @MethodSource
    void aQuantizerThatIsNeverSwitchedOffIsRunWithoutItsIf(QuantParams grid) throws IOException {
        Model model = stem().randomWeight("last", Shape.of(32, 32, 1, 1), -1, 1)
                .node("Relu", List.of("stem"), List.of("relu"))
                .node("Conv", List.of("relu", "last"), List.of("y"))
                .open(folder);
        Map<TensorId, Form> quantized = new HashMap<>();
        model.graph().orElseThrow().activations().forEach(a -> quantized.put(a.id(), Form.of(grid, 13)));
        InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), Map.of(), quantized, Set.of());
        String selected = graph.activations().get(new TensorId("relu")).on();
        Set<String> all = graph.activations().values().stream()
                .map(InstrumentedGraph.ActivationFeeds::on)
                .collect(Collectors.toSet());
        Set<String> others = all.stream().filter(on -> !on.equals(selected)).collect(Collectors.toSet());
        assertThat(others).isNotEmpty();

        byte[] whole = finished(graph, Set.of());
        try (OrtModel given = OrtModel.load(graph.graph(), "tiny.onnx", OPTIONS)) {
            float[] expected = outputs(given, graph, grid);
            for (Set<String> alwaysOn : List.of(others, all)) {
                byte[] run = finished(graph, alwaysOn);
                assertThat(nodes(run))
                        .filteredOn(n -> n.getOpType().equals("If"))
                        .extracting(n -> n.getInput(0))
                        .hasSize(all.size() - alwaysOn.size())
                        .doesNotContainAnyElementsOf(alwaysOn);
                try (OrtModel loaded = OrtModel.loadOptimized(run, "tiny.onnx", OPTIONS)) {
                    assertThat(loaded.inputNames()).doesNotContainAnyElementsOf(alwaysOn);
                    assertThat(outputs(loaded, graph, grid)).containsExactly(expected);
                }
            }
        }
        assertThat(nodes(whole)).filteredOn(n -> n.getOpType().equals("If")).hasSize(all.size());
    }

    static List<QuantParams> aQuantizerThatIsNeverSwitchedOffIsRunWithoutItsIf() {
        float[] scale = {0.3f};
        return List.of(
                GRID,
                new QuantParams(Granularity.TENSOR, scale, new int[] {7}, 0, 15),
                new QuantParams(Granularity.TENSOR, scale, new int[] {0}, -2048, 2047),
                QuantParams.ofCodebook(Granularity.TENSOR, scale, new CodebookGrid(-1, 0, 1)),
                QuantParams.ofCodebook(
                        Granularity.TENSOR,
                        scale,
                        new CodebookGrid(-8, -3, -1, -0.4f, 0, 0.3f, 1, 2, 3, 5, 7, 8, 9, 10, 12, 13)));
    }

    private static Set<String> nodesInBlocks(Model model) {
        RuntimeGraph marked = RuntimeGraph.of(
                InstrumentedGraph.plain(model),
                InstrumentedGraph.build(model, Optional.empty(), Map.of(), Map.of(), Set.of()),
                Set.of());
        return nodes(marked.finish(OrtModel.optimized(marked.forOptimizer(), "tiny.onnx", OPTIONS), Set.of())
                        .model())
                .stream()
                .filter(n -> n.getOutput(0).endsWith("_blocked"))
                .map(NodeProto::getOpType)
                .collect(Collectors.toSet());
    }
}
