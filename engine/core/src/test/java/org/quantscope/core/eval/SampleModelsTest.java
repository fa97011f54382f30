package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.Breadth;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The sample models are what their manifest says, and quantized they do what an independent run found. */
class SampleModelsTest {
    private static final CancelToken NEVER = new CancelToken();

    /** The float model runs once for all that is asked of it. */
    private static final Map<String, Folded> FOLDED = new HashMap<>();

    /** The figures are those of all samples; fewer have more noise. */
    private static final int UNEQUALIZED = Breadth.of(1500, 10_000);

    private static final double UNEQUALIZED_NOISE = Breadth.of(0.04, 0.01);

    private record Folded(Model model, LiveEvaluator evaluator) {
        static Folded open(String name, int samples) throws IOException {
            Model model = BatchNormFolding.fold(ModelLoaders.open(sample(name + ".onnx")));
            Dataset data = Datasets.open(sample("fashion_mnist_test.npz")).limit(samples);
            return new Folded(model, new LiveEvaluator(model, data, 1));
        }
    }

    @AfterAll
    static void close() {
        FOLDED.values().forEach(folded -> folded.evaluator.close());
        FOLDED.clear();
    }

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private static JsonNode manifest() {
        return JsonMapper.shared().readTree(sample("MANIFEST.json").toFile());
    }

    /** All that classify; in a usual run those that cost little. */
    static Stream<JsonNode> models() {
        Set<String> few = Set.of("digits_mlp.onnx", "fashion_lenet.onnx");
        return StreamSupport.stream(manifest().spliterator(), false)
                .filter(e -> e.get("kind").asString().equals("model") && !e.has("metric"))
                .filter(e -> Breadth.of(few.contains(e.get("file").asString()), true));
    }

    /** Name, bits, granularity, samples, accuracy and how far from it other samples may be. */
    static Stream<Arguments> quantized() {
        List<Arguments> few = List.of(
                arguments("fashion_lenet_unequalized", 8, "tensor", UNEQUALIZED, 0.10, UNEQUALIZED_NOISE),
                arguments("fashion_lenet_unequalized", 8, "channel", UNEQUALIZED, 0.61, UNEQUALIZED_NOISE),
                arguments("fashion_lenet", 4, "tensor", 2000, 0.893, 0.01));
        List<Arguments> others = List.of(
                arguments("fashion_mobilenet", 4, "tensor", 2000, 0.4805, 0.01),
                arguments("fashion_mobilenet", 4, "channel", 2000, 0.909, 0.01),
                arguments("fashion_resnet", 4, "tensor", 2000, 0.756, 0.01),
                arguments("fashion_resnet", 4, "channel", 2000, 0.904, 0.01),
                arguments("fashion_vit", 4, "channel", 1000, 0.887, 0.02));
        return Stream.concat(few.stream(), Breadth.of(List.<Arguments>of(), others).stream());
    }

    @Test
    void everyFileIsListedWithItsHash() throws IOException, NoSuchAlgorithmException {
        Set<String> listed = new HashSet<>();
        for (JsonNode entry : manifest()) {
            Path file = sample(entry.get("file").asString());
            listed.add(entry.get("file").asString());
            assertThat(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))))
                    .as(file.toString())
                    .isEqualTo(entry.get("sha256").asString());
            assertThat(entry.get("license").asString()).isNotEmpty();
            assertThat(entry.get("source").asString()).isNotEmpty();
        }
        try (Stream<Path> files = Files.list(sample("."))) {
            assertThat(listed)
                    .isEqualTo(files.map(f -> f.getFileName().toString())
                            .filter(f -> f.matches(".*\\.(onnx|safetensors|npz)"))
                            .collect(Collectors.toSet()));
        }
    }

    /** The accuracy on all samples. A session with no quantizer in it must give the same logits, bit by bit; a tenth of the samples show it. */
    @ParameterizedTest
    @MethodSource("models")
    void floatAccuracyIsReproducedExactlyAndQuantizersSwitchedOffChangeNothing(JsonNode entry) throws IOException {
        Model model = ModelLoaders.open(sample(entry.get("file").asString()));
        Dataset data = Datasets.open(sample(entry.get("data").asString()));
        JsonNode expected = entry.get("float32");
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1)) {
            AccuracyEstimate baseline = evaluator.floatBaseline(NEVER, e -> {});

            int correct = expected.get("correct").asInt();
            int total = expected.get("total").asInt();
            double share = (double) correct / total;
            assertThat(baseline)
                    .usingRecursiveComparison()
                    .ignoringFields("details")
                    .isEqualTo(new AccuracyEstimate(
                            new Task.TopK(1),
                            share,
                            share,
                            total,
                            total,
                            OptionalInt.of(total),
                            new PairedInterval(0, 0),
                            Double.POSITIVE_INFINITY,
                            OptionalDouble.of(0)));
            assertThat(expected.get("accuracy").asDouble()).isEqualTo((double) correct / total);

            AccuracyEstimate off = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), Map.of(), Map.of()), total / 10, NEVER, e -> {});
            assertThat(off.seen()).isBetween(total / 10, total / 10 + evaluator.batchSize());
            assertThat(off.agree()).hasValue(off.seen());
            assertThat(off.score()).isEqualTo(off.floatScore());
            assertThat(off.logitSqnrDb()).isEqualTo(Double.POSITIVE_INFINITY);
            assertThat(off.klDivergence()).hasValue(0);
        }
        assertThat(data.classes()).hasSize(entry.get("classes").size());
        assertThat(model.graph().orElseThrow().inputName())
                .isEqualTo(entry.get("input").get("name").asString());
        assertThat(model.graph().orElseThrow().inputs().getFirst().shape().orElseThrow().stream()
                        .map(d -> d < 0 ? "N" : d.toString())
                        .toList())
                .isEqualTo(StreamSupport.stream(entry.get("input").get("shape").spliterator(), false)
                        .map(JsonNode::asString)
                        .toList());
    }

    /** In a usual run of a thousand samples; the accuracy on all of them only in a whole one. */
    @Test
    void foldingKeepsTheLogitsOfTheSampleOnEverySample() throws IOException {
        Model model = ModelLoaders.open(sample("fashion_mobilenet.onnx"));
        Dataset data = Datasets.open(sample("fashion_mnist_test.npz"));
        Model folded = BatchNormFolding.fold(model);
        assertThat(folded.graph().orElseThrow().activations()).hasSize(23);
        Dataset some = data.limit(1000);
        try (LiveEvaluator evaluator = new LiveEvaluator(folded, Breadth.of(some, data), 1)) {
            assertThat(evaluator.floatBaseline(NEVER, e -> {}).correct()).isEqualTo(Breadth.of(937, 9228));
        }
        assertThat(largestRelativeDifference(model, folded, some)).isLessThanOrEqualTo(1e-4);
    }

    private static double largestRelativeDifference(Model one, Model other, Dataset data) {
        EvalRequest plain = new EvalRequest(Optional.empty(), Map.of(), Map.of());
        QuantizedSession a =
                QuantizedSession.build(one, QuantizedSession.Key.of(plain, one), OrtModel.Options.DEFAULT, NEVER);
        QuantizedSession b =
                QuantizedSession.build(other, QuantizedSession.Key.of(plain, other), OrtModel.Options.DEFAULT, NEVER);
        SampleFeed feed = SampleFeed.of(one, data);
        double largest = 0;
        double difference = 0;
        try (var _ = a.loaded().getFirst();
                var _ = b.loaded().getFirst();
                QuantizedSession.Feeds none = a.feeds(plain, NEVER)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                float[] x = a.logits(feed, batch, none, NEVER).values();
                float[] y = b.logits(feed, batch, none, NEVER).values();
                for (int i = 0; i < x.length; i++) {
                    largest = Math.max(largest, Math.abs(x[i]));
                    difference = Math.max(difference, Math.abs(x[i] - y[i]));
                }
            }
        }
        return difference / largest;
    }

    /** Weights only, restricted symmetric min-max, normalization folded; figures of the table in sample-models/README.md. */
    @ParameterizedTest
    @MethodSource("quantized")
    void quantizedAccuracyIsThatOfAnIndependentRun(
            String name, int bits, String granularity, int samples, double accuracy, double noise) throws IOException {
        Folded folded = FOLDED.get(name);
        if (folded == null) {
            folded = Folded.open(name, samples);
            FOLDED.put(name, folded);
        }
        assertThat(folded.evaluator.samples()).isEqualTo(samples);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits).withGranularity(Granularity.parse(granularity));
        Map<TensorId, QuantParams> weights = new HashMap<>();
        for (Tensor t : folded.model.tensors()) {
            if (t.info().kind() == TensorKind.WEIGHT) {
                weights.put(t.id(), RangeResolver.resolve(t, spec, NEVER).params());
            }
        }
        AccuracyEstimate estimate =
                folded.evaluator.evaluate(new EvalRequest(Optional.empty(), weights, Map.of()), NEVER, e -> {});

        assertThat(estimate.score()).isEqualTo(accuracy, within(noise));
    }
}
