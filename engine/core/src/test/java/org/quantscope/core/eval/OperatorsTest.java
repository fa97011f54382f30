package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.rewrite.InstrumentedGraph.Way;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** With its quantizers built in and switched off, and a weight fed as it is stored, a network computes what it computes without them. */
class OperatorsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final double SAME = 1e-5;
    /** Folding rounds weights anew. */
    private static final double FOLDED = 1e-4;

    @TempDir
    private Path folder;

    /** What comes in: a shape, the batch included, and values. */
    static final class Given {
        private final Shape shape;
        private final float[] values;

        Given(Shape shape, float[] values) {
            this.shape = shape;
            this.values = values;
        }

        static Given random(long... dims) {
            Shape shape = Shape.of(dims);
            Random random = new Random(11);
            float[] values = new float[(int) shape.count()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            return new Given(shape, values);
        }
    }

    /** {@code operators/make_cases.py} wrote them, with what the reference evaluator of the onnx package 1.23 makes of each. */
    static Stream<Arguments> cases() throws IOException {
        try (InputStream in = Objects.requireNonNull(
                Model.class.getResourceAsStream("/org/quantscope/core/onnx/operators/cases.json"))) {
            return StreamSupport.stream(JsonMapper.shared().readTree(in).spliterator(), false)
                    .map(c -> Arguments.of(c.get("name").asString(), c));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void everyCaseGivesItsExpectedValues(String name, JsonNode c) throws IOException {
        Path file = folder.resolve("case.onnx");
        Files.write(file, Base64.getDecoder().decode(c.get("model").asString()));
        Model model = ModelLoaders.open(file);
        long[] dims = StreamSupport.stream(c.get("shape").spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
        Given given = new Given(Shape.of(dims), floats(c.get("x")));
        float[] expected = floats(c.get("y"));

        assertThat(model.graph().orElseThrow().opset()).isEqualTo(c.get("opset").asInt());
        assertThat(difference(expected, plain(model, given))).as("as it is").isLessThanOrEqualTo(SAME);
        assertThat(difference(expected, switchedOff(model, given)))
                .as("quantizers off")
                .isLessThanOrEqualTo(SAME);
        Model folded = Engine.analysed(model);
        assertThat(difference(expected, switchedOff(folded, given)))
                .as("folded, quantizers off")
                .isLessThanOrEqualTo(FOLDED);
        // At 16 bits a network that is quantized throughout is still near; one that lost its way is not.
        assertThat(difference(expected, quantized(folded, given)))
                .as("quantized")
                .isLessThanOrEqualTo(0.02);
    }

    @Test
    void theCasesCoverTheOperatorSets() throws IOException {
        TreeSet<Integer> opsets = new TreeSet<>();
        cases().forEach(a -> opsets.add(((JsonNode) a.get()[1]).get("opset").asInt()));

        assertThat(opsets).contains(7, 9, 11, 13, 17, 21, 25);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void recurrentNetworksAndSubgraphsStayInFloat(String name, JsonNode c) throws IOException {
        Path file = folder.resolve("case.onnx");
        Files.write(file, Base64.getDecoder().decode(c.get("model").asString()));

        List<String> reasons =
                ModelLoaders.open(file).graph().orElseThrow().placement().in(Placement.State.FLOAT).stream()
                        .map(Placement.Site::reason)
                        .toList();

        if (name.startsWith("LSTM")) {
            assertThat(reasons).anyMatch(r -> r.contains("recurrent network"));
        } else if (name.startsWith("If")) {
            assertThat(reasons).anyMatch(r -> r.contains("subgraph"));
        } else {
            assertThat(reasons).noneMatch(r -> r.contains("recurrent") || r.contains("subgraph"));
        }
    }

    static Stream<Arguments> networks() throws IOException, URISyntaxException {
        Path samples = Path.of(System.getProperty("quantscope.samples"));
        Stream.Builder<Arguments> all = Stream.builder();
        try (Stream<Path> files = Files.list(samples)) {
            files.filter(f -> f.toString().endsWith(".onnx"))
                    .sorted()
                    .forEach(f -> all.add(Arguments.of(
                            f,
                            f.getFileName().toString().startsWith("fashion")
                                    ? Given.random(16, 1, 28, 28)
                                    : Given.random(16, 1, 8, 8))));
        }
        Map<String, Given> exports = Map.of(
                "batch_norms",
                Given.random(5, 1, 10, 10),
                "shapes",
                Given.random(3, 1, 12, 8),
                "recurrent",
                Given.random(3, 2, 4),
                "branches",
                Given.random(4, 6));
        for (var export : exports.entrySet()) {
            Path file = Path.of(Objects.requireNonNull(
                            Model.class.getResource("/org/quantscope/core/onnx/pytorch/" + export.getKey() + ".onnx"))
                    .toURI());
            all.add(Arguments.of(file, export.getValue()));
        }
        return all.build();
    }

    /** BatchNormalization kept and folded. */
    @ParameterizedTest
    @MethodSource("networks")
    void switchedOffQuantizersChangeNoNetwork(Path file, Given anyShape) throws IOException {
        for (boolean fold : new boolean[] {false, true}) {
            Model model = Engine.open(file, fold);
            Given given = fitted(model, anyShape);
            assertThat(difference(plain(model, given), switchedOff(model, given)))
                    .as("%s, folded: %s", file.getFileName(), fold)
                    .isLessThanOrEqualTo(SAME);
        }
    }

    /** The sizes that the model fixes. */
    private static Given fitted(Model model, Given given) {
        List<Long> wanted =
                model.graph().orElseThrow().inputs().getFirst().shape().orElseThrow();
        long[] dims = wanted.size() == given.shape.rank()
                ? given.shape.toArray()
                : new long[] {given.shape.dim(0), given.shape.count() / given.shape.dim(0)};
        for (int d = 0; d < dims.length; d++) {
            dims[d] = wanted.get(d) > 0 ? wanted.get(d) : dims[d];
        }
        return Given.random(dims);
    }

    private static float[] plain(Model model, Given given) {
        return run(model, InstrumentedGraph.plain(model), Map.of(), given);
    }

    /** All quantizers in it, in all their ways, and off; the first weight fed and the others built in, as they are stored. */
    private static float[] switchedOff(Model model, Given given) {
        int opset = model.graph().orElseThrow().opset();
        List<Form> forms = Stream.of(
                        Form.CODES,
                        Form.CHAIN,
                        Form.BYTES,
                        new Form(Way.STEPS, 3),
                        new Form(Way.EVEN_TABLE, 0),
                        new Form(Way.BENT_TABLE, 0))
                .limit(opset >= 12 ? 6 : opset >= 9 ? 4 : 3)
                .toList();
        List<TensorInfo> activations = model.graph().orElseThrow().activations();
        Map<TensorId, Form> quantized = new HashMap<>();
        for (int i = 0; i < activations.size(); i++) {
            quantized.put(activations.get(i).id(), forms.get(i % forms.size()));
        }
        List<Tensor> weights = model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .toList();
        Map<TensorId, TensorData> baked = new HashMap<>();
        weights.stream().skip(1).forEach(t -> baked.put(t.id(), t.data()));
        InstrumentedGraph graph = InstrumentedGraph.build(
                model, weights.stream().map(Tensor::id).findFirst(), baked, quantized, Set.of());
        Map<String, NativeTensor> feeds = new HashMap<>();
        graph.weightFeed()
                .ifPresent(name -> feeds.put(
                        name,
                        NativeTensor.of(
                                weights.getFirst().data().toFloats(),
                                weights.getFirst().info().shape(),
                                DType.F32)));
        graph.activations().values().forEach(names -> {
            names.feed(
                    Optional.empty(),
                    (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
            feeds.put(names.on(), NativeTensor.flag(false));
        });
        assertThat(graph.activations()).hasSameSizeAs(activations);
        return run(model, graph.graph(), feeds, given);
    }

    /** All activations on, on a grid of 2^16 levels from -64 to 64. */
    private static float[] quantized(Model model, Given given) {
        QuantParams fine =
                new QuantParams(Granularity.TENSOR, new float[] {0x1p-9f}, new int[] {0}, -(1 << 15), (1 << 15) - 1);
        Map<TensorId, Form> quantized = new HashMap<>();
        model.graph().orElseThrow().activations().forEach(a -> quantized.put(a.id(), Form.of(fine, 13)));
        InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), Map.of(), quantized, Set.of());
        Map<String, NativeTensor> feeds = new HashMap<>();
        graph.activations().values().forEach(names -> {
            names.feed(
                    Optional.of(fine),
                    (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
            feeds.put(names.on(), NativeTensor.flag(true));
        });
        return run(model, graph.graph(), feeds, given);
    }

    private static float[] run(Model model, RunnableGraph graph, Map<String, NativeTensor> more, Given given) {
        Map<String, NativeTensor> feeds = new HashMap<>(more);
        DType type = model.graph().orElseThrow().inputs().getFirst().type().orElse(DType.F32);
        float[] values = given.values.clone();
        if (!type.isFloating()) {
            // Small whole numbers: rows of a table.
            for (int i = 0; i < values.length; i++) {
                values[i] = (int) Math.abs(values[i] * 3);
            }
        }
        feeds.put(model.graph().orElseThrow().inputName(), NativeTensor.of(values, given.shape, type));
        String output = model.graph().orElseThrow().outputNames().getFirst();
        try (OrtModel loaded = OrtModel.load(graph, "case", new OrtModel.Options(1, false))) {
            return loaded.run(feeds, List.of(output), NEVER).getFirst().values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    /** Largest difference over the largest value. */
    private static double difference(float[] a, float[] b) {
        assertThat(b).hasSameSizeAs(a);
        double largest = IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i]))
                .max()
                .orElse(0);
        return IntStream.range(0, a.length)
                        .mapToDouble(i -> Math.abs((double) a[i] - b[i]))
                        .max()
                        .orElse(0)
                / largest;
    }

    private static float[] floats(JsonNode list) {
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) list.get(i).asDouble();
        }
        return values;
    }
}
