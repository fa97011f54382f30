package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LogitChange;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.TinyModels;

/** Factors of channels are folded into what stands in front, and the function stays the same. */
class ScaledChannelsTest {
    private static final int CHANNELS = 6;

    @TempDir
    Path folder;

    private final Random random = new Random(3);

    private float[] values(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private GraphProto.Builder graph(NodeProto.Builder... nodes) {
        GraphProto.Builder graph = TinyModels.graph(nodes);
        graph.setInput(0, TinyModels.value("x", -1, 4)).setOutput(0, TinyModels.value("y", -1, 3));
        return graph.addInitializer(TinyModels.floats("in", new long[] {4, CHANNELS}, values(4 * CHANNELS)))
                .addInitializer(TinyModels.floats("w", new long[] {CHANNELS, 3}, values(CHANNELS * 3)))
                .addInitializer(TinyModels.floats("c", new long[] {CHANNELS}, values(CHANNELS)))
                .addInitializer(TinyModels.floats("d", new long[] {CHANNELS}, values(CHANNELS)))
                .addInitializer(TinyModels.floats("half", new long[] {}, 0.5f));
    }

    private Model open(GraphProto.Builder graph) throws Exception {
        Path file = folder.resolve("m.onnx");
        Files.write(file, TinyModels.model(17, graph).build().toByteArray());
        return Engine.open(file, true);
    }

    private static NodeProto.Builder node(String op, String out, String... in) {
        return TinyModels.node(op, List.of(in), out);
    }

    private static final NodeProto.Builder FIRST = node("MatMul", "a", "x", "in");
    private static final NodeProto.Builder LAST = node("MatMul", "y", "h", "w");

    /** Between a layer and the layer that reads {@code h}. */
    private NodeProto.Builder[] nodes(String name) {
        NodeProto.Builder[] between = switch (name) {
            case "bias" -> new NodeProto.Builder[] {node("Add", "h", "a", "c")};
            case "relu" -> new NodeProto.Builder[] {node("Add", "b", "c", "a"), node("Relu", "h", "b")};
            case "gain" ->
                new NodeProto.Builder[] {
                    node("Sigmoid", "b", "a"), node("Mul", "e", "c", "b"), node("Add", "h", "e", "d")
                };
            case "normalization" -> new NodeProto.Builder[] {node("LayerNormalization", "h", "a", "c", "d")};
            case "gelu" -> new NodeProto.Builder[] {node("Tanh", "b", "a"), node("Mul", "h", "b", "half")};
            case "gate" ->
                new NodeProto.Builder[] {
                    node("MatMul", "g", "x", "in2"), node("Sigmoid", "s", "g"), node("Mul", "h", "s", "a")
                };
            case "divided" -> new NodeProto.Builder[] {node("Tanh", "b", "a"), node("Div", "h", "b", "c")};
            case "tanh" -> new NodeProto.Builder[] {node("Tanh", "h", "a")};
            default -> throw new IllegalArgumentException(name);
        };
        NodeProto.Builder[] all = new NodeProto.Builder[between.length + 2];
        all[0] = FIRST;
        System.arraycopy(between, 0, all, 1, between.length);
        all[all.length - 1] = LAST;
        return all;
    }

    private Model model(String name) throws Exception {
        GraphProto.Builder graph = graph(nodes(name));
        if (name.equals("gate")) {
            graph.addInitializer(TinyModels.floats("in2", new long[] {4, CHANNELS}, values(4 * CHANNELS)));
        }
        return open(graph);
    }

    private static double[] factors(int n) {
        double[] s = new double[n];
        for (int c = 0; c < n; c++) {
            s[c] = Math.pow(3, c - 2);
        }
        return s;
    }

    @ParameterizedTest
    @CsvSource({
        "bias, in c",
        "relu, in c",
        "gain, c d",
        "normalization, c d",
        "gelu, half",
        "gate, in",
        "divided, c",
        "tanh, h_factors"
    })
    void aFactorGoesIntoWhatStandsInFrontAndTheFunctionStays(String name, String into) throws Exception {
        Model model = model(name);
        ScaledChannels channels = new ScaledChannels(model, Optional.empty(), new CancelToken());

        Correction.Output output = channels.divided(Map.of("h", factors(CHANNELS)));

        List<String> expected = new ArrayList<>(List.of(into.split(" ", -1)));
        expected.add("w");
        assertThat(output.changed().stream().map(TensorId::name)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(change(model, output.model())).isLessThan(2e-6);
        float[] w = model.find(new TensorId("w")).orElseThrow().data().toFloats();
        float[] now =
                output.model().find(new TensorId("w")).orElseThrow().data().toFloats();
        for (int i = 0; i < w.length; i++) {
            assertThat(now[i]).isEqualTo((float) (w[i] * factors(CHANNELS)[i / 3]));
        }
        assertThat(output.notes()).hasSize(name.equals("tanh") ? 1 : 0);
    }

    private static double change(Model before, Model after) {
        return LogitChange.largest(before, after, Optional.empty(), Progress.NONE, new CancelToken())
                .orElseThrow();
    }

    @Test
    void aValueThatSomethingElseComputesWithIsLeftAlone() throws Exception {
        GraphProto.Builder graph = graph(
                FIRST,
                node("Tanh", "h", "a"),
                node("MatMul", "p", "h", "w"),
                node("Softmax", "z", "h"),
                node("MatMul", "q", "z", "w2"),
                node("Add", "y", "p", "q"));
        graph.addInitializer(TinyModels.floats("w2", new long[] {CHANNELS, 3}, values(CHANNELS * 3)));
        Model model = open(graph);

        ScaledChannels channels = new ScaledChannels(model, Optional.empty(), new CancelToken());

        assertThat(channels.ways().stream().map(w -> w.read().value())).doesNotContain("h");
        assertThat(channels.kept())
                .anySatisfy(why -> assertThat(why).contains("h: h has other readers", "quantized by itself"));
    }

    @Test
    void aSharedConstantIsNotChanged() throws Exception {
        GraphProto.Builder graph = graph(
                FIRST,
                node("Tanh", "b", "a"),
                node("Mul", "h", "b", "c"),
                node("MatMul", "p", "h", "w"),
                node("ReduceSum", "r", "c"),
                node("Add", "y", "p", "r"));
        Model model = open(graph);

        Correction.Output output =
                new ScaledChannels(model, Optional.empty(), new CancelToken()).divided(Map.of("h", factors(CHANNELS)));

        assertThat(output.changed().stream().map(TensorId::name)).containsExactly("w", "h_factors");
        assertThat(output.notes().getFirst()).contains("the constant c of Mul", "has other uses");
        assertThat(change(model, output.model())).isLessThan(2e-6);
    }

    @Test
    void factorsReachTheValuesOfAttentionThroughItsProductsAndMoves() throws Exception {
        Model model = SampleRun.open("fashion_vit");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 8);
        ScaledChannels channels = new ScaledChannels(model, Optional.of(data), new CancelToken());

        assertThat(channels.ways())
                .hasSize(13)
                .allSatisfy(way -> assertThat(way.fold()).isPresent());
        Map<String, double[]> factors = new HashMap<>();
        for (ScaledChannels.Way way : channels.ways()) {
            double[] s = new double[way.read().channels()];
            Arrays.setAll(s, c -> Math.exp(random.nextGaussian()));
            factors.put(way.read().value(), s);
        }
        Correction.Output output = channels.divided(factors);
        assertThat(SampleRun.change(model, output.model(), data)).isLessThan(1e-5);
        assertThat(output.notes()).isEmpty();
    }

    @Test
    void channelsOfAttentionWithAnotherUseHaveNoTrace() throws Exception {
        // The queries are the values as well: a factor of them changes the weights of the mean.
        GraphProto.Builder graph = graph(
                FIRST,
                node("Transpose", "t", "a"),
                node("MatMul", "s", "a", "t"),
                node("Softmax", "p", "s"),
                node("MatMul", "h", "p", "a"),
                LAST);
        Model model = open(graph);
        Dataset data = SampleRun.data("digits_calibration", 8);
        AttentionTrace trace = new AttentionTrace(model, new FirstFeatures(data, 4), new CancelToken());

        AttentionTrace.Found found = trace.of(ReadValue.in(model).values().stream()
                .filter(v -> v.value().equals("h"))
                .findFirst()
                .orElseThrow());

        assertThat(found.trace()).isEmpty();
        assertThat(found.why()).contains("have another use");
    }

    @Test
    void balancedFactorsHaveTheGeometricMeanOne() {
        double[] s = ScaledChannels.balanced(new double[] {1, 4, 16});

        assertThat(s).containsExactly(new double[] {0.25, 1, 4}, within(1e-12));
    }
}
