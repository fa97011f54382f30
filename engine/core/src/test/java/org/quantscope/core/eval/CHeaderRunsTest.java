package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.Breadth;

/**
 * A written C header is read back and its integers are run through loops that know nothing but the text: each layer
 * gives the codes that the live evaluation gives, or a problem says that no kernel computes it.
 */
class CHeaderRunsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("c-header");

    @TempDir
    private Path folder;

    /** One layer of a header. */
    private record Layer(
            String node,
            List<Integer> shape,
            String from,
            String to,
            Map<String, int[]> arrays,
            Map<String, Double> numbers) {
        int[] array(String suffix) {
            return arrays.get(suffix);
        }

        int integer(String suffix) {
            return (int) (double) numbers.get(suffix);
        }

        boolean runs() {
            return arrays.containsKey("_multiplier");
        }
    }

    private static List<Layer> layers(String header) {
        List<Layer> layers = new ArrayList<>();
        Matcher heads = Pattern.compile("/\\* (.+?): .* \\[[a-z0-9, ]+] = ([0-9x]+).*\n \\* from (.+) to (.+) \\*/\n")
                .matcher(header);
        while (heads.find()) {
            String body = header.substring(heads.end()).split("\n\n", 2)[0];
            Matcher name = Pattern.compile("int8_t (\\w+)\\[").matcher(body);
            assertThat(name.find()).isTrue();
            Map<String, int[]> arrays = new LinkedHashMap<>();
            Matcher array = Pattern.compile("int\\w+ " + name.group(1) + "(\\w*)\\[\\d+] = \\{([^}]*)}")
                    .matcher(body);
            while (array.find()) {
                arrays.put(
                        array.group(1),
                        Pattern.compile(",")
                                .splitAsStream(array.group(2))
                                .map(String::strip)
                                .mapToInt(Integer::parseInt)
                                .toArray());
            }
            Map<String, Double> numbers = new LinkedHashMap<>();
            Matcher number =
                    Pattern.compile(" " + name.group(1) + "(_\\w+) = ([^;]+);").matcher(body);
            while (number.find()) {
                numbers.put(number.group(1), Double.parseDouble(number.group(2)));
            }
            layers.add(new Layer(
                    heads.group(1),
                    Pattern.compile("x")
                            .splitAsStream(heads.group(2))
                            .map(Integer::valueOf)
                            .toList(),
                    heads.group(3),
                    heads.group(4),
                    arrays,
                    numbers));
        }
        return layers;
    }

    /** What the loops of a kernel add up, for one result each. */
    private static final class Sums {
        final Layer layer;
        final long[] sums;
        final int[] channel;

        Sums(Layer layer, int results) {
            this.layer = layer;
            sums = new long[results];
            channel = new int[results];
        }

        void add(int at, int to, int input, int weight) {
            channel[at] = to;
            sums[at] += (long) (input - layer.integer("_input_zero_point")) * weight;
        }

        int code(int at) {
            int[] bias = layer.arrays.get("_bias");
            int c = channel[at];
            long acc = sums[at] + (bias == null ? 0 : bias[c]);
            int slice = layer.array("_multiplier").length > 1 ? c : 0;
            double real = Math.scalb((double) layer.array("_multiplier")[slice], layer.array("_shift")[slice] - 31);
            return Math.toIntExact(Math.clamp(
                    Math.round(acc * real) + layer.integer("_output_zero_point"),
                    layer.integer("_activation_min"),
                    layer.integer("_activation_max")));
        }
    }

    private static Sums run(Layer layer, OnnxNode node, int[] in, Shape inShape, Shape outShape) {
        int results = Math.toIntExact(outShape.count());
        Sums sums = new Sums(layer, results);
        if (node.opType().startsWith("Conv")) {
            convolve(layer, node, in, inShape, outShape, sums);
        } else {
            int k = layer.shape.get(1);
            int n = layer.shape.get(0);
            for (int r = 0; r < results / n; r++) {
                for (int o = 0; o < n; o++) {
                    for (int i = 0; i < k; i++) {
                        sums.add(r * n + o, o, in[r * k + i], layer.array("")[o * k + i]);
                    }
                }
            }
        }
        return sums;
    }

    /** Layouts of the kernels: [out, h, w, in] or depthwise [1, h, w, out]; one axis of space is the second of two. */
    private static void convolve(Layer layer, OnnxNode node, int[] in, Shape inShape, Shape outShape, Sums sums) {
        boolean line = inShape.rank() == 3;
        int samples = (int) inShape.dim(0);
        int ci = (int) inShape.dim(1);
        int hi = line ? 1 : (int) inShape.dim(2);
        int wi = (int) inShape.dim(inShape.rank() - 1);
        int co = (int) outShape.dim(1);
        int ho = line ? 1 : (int) outShape.dim(2);
        int wo = (int) outShape.dim(outShape.rank() - 1);
        int kh = layer.shape.get(1);
        int kw = layer.shape.get(2);
        int sy = line ? 1 : one(node, "strides", 0, 1);
        int sx = one(node, "strides", line ? 0 : 1, 1);
        int dy = line ? 1 : one(node, "dilations", 0, 1);
        int dx = one(node, "dilations", line ? 0 : 1, 1);
        int py = line ? 0 : one(node, "pads", 0, 0);
        int px = one(node, "pads", line ? 0 : 1, 0);
        int group = (int) node.intAttribute("group", 1);
        boolean depthwise = layer.shape.get(0) == 1 && group > 1;
        boolean transpose = node.opType().equals("ConvTranspose");
        int perGroup = depthwise ? 1 : layer.shape.get(3);
        for (int s = 0; s < samples; s++) {
            for (int o = 0; o < co; o++) {
                for (int i = 0; i < perGroup; i++) {
                    int c = o / (co / group) * (ci / group) + i;
                    for (int fy = 0; fy < kh; fy++) {
                        for (int fx = 0; fx < kw; fx++) {
                            int w = layer.array("")[
                                    depthwise ? (fy * kw + fx) * co + o : ((o * kh + fy) * kw + fx) * perGroup + i];
                            for (int y = 0; y < (transpose ? hi : ho); y++) {
                                for (int x = 0; x < (transpose ? wi : wo); x++) {
                                    int there = y * sy - py + fy * dy;
                                    int across = x * sx - px + fx * dx;
                                    int iy = transpose ? y : there;
                                    int ix = transpose ? x : across;
                                    int oy = transpose ? there : y;
                                    int ox = transpose ? across : x;
                                    int at = ((s * co + o) * ho + oy) * wo + ox;
                                    if (oy >= 0 && oy < ho && ox >= 0 && ox < wo) {
                                        boolean inside = iy >= 0 && iy < hi && ix >= 0 && ix < wi;
                                        int code = inside
                                                ? in[((s * ci + c) * hi + iy) * wi + ix]
                                                : layer.integer("_input_zero_point");
                                        sums.add(at, o, code, w);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private static int one(OnnxNode node, String attribute, int at, int none) {
        return node.intsAttribute(attribute).map(v -> (int) (long) v.get(at)).orElse(none);
    }

    /** What a header did on some samples. */
    private record Outcome(int layers, long results, long equal, int farthest, List<ExportProblem> problems) {}

    private Outcome outcome(Model model, SessionState state, Dataset data) throws IOException {
        Calibration seen = Calibration.of(Engine.observe(model, data, Progress.NONE, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, Progress.NONE, NEVER);
        ActivationRanges ranges = new Resolver().ranges(state, seen, NEVER);
        ExportPlan plan = new ExportPlan(model, new Session(state, ranges), resolved);
        Path file = folder.resolve("layers.h");
        EXPORTER.write(plan, file, NEVER);

        SampleFeed feed = SampleFeed.of(model, data);
        int[] samples = IntStream.range(0, 1).toArray();
        List<Layer> layers =
                layers(Files.readString(file)).stream().filter(Layer::runs).toList();
        List<TensorId> taps = layers.stream()
                .flatMap(l -> List.of(l.from, l.to).stream())
                .filter(v -> !feed.inputs().contains(v))
                .distinct()
                .map(TensorId::new)
                .toList();
        if (layers.isEmpty()) {
            return new Outcome(0, 0, 0, 0, EXPORTER.check(plan));
        }
        EvalRequest request =
                new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()).withTies(model);
        QuantizedSession session = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), taps, new OrtModel.Options(1, false), NEVER);
        Map<String, FloatOutput> values = new LinkedHashMap<>();
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            session.values(
                            feed,
                            samples,
                            feeds,
                            taps.stream().map(TensorId::name).toList(),
                            NEVER)
                    .forEach(v -> values.put(v.name(), v));
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
        long results = 0;
        long equal = 0;
        int farthest = 0;
        for (Layer layer : layers) {
            OnnxNode node = model.graph().orElseThrow().nodes().stream()
                    .filter(n -> n.toString().equals(layer.node))
                    .findFirst()
                    .orElseThrow();
            float[] in =
                    values.containsKey(layer.from) ? values.get(layer.from).values() : feed.values(layer.from, samples);
            Shape inShape = values.containsKey(layer.from)
                    ? values.get(layer.from).shape()
                    : feed.shape(layer.from, samples.length);
            FloatOutput out = values.get(layer.to);
            Sums sums = run(layer, node, codes(in, layer, "_input"), inShape, out.shape());
            int[] expected = codes(out.values(), layer, "_output");
            for (int i = 0; i < expected.length; i++) {
                int far = Math.abs(sums.code(i) - expected[i]);
                results++;
                equal += far == 0 ? 1 : 0;
                farthest = Math.max(farthest, far);
            }
        }
        return new Outcome(layers.size(), results, equal, farthest, EXPORTER.check(plan));
    }

    private static int[] codes(float[] values, Layer layer, String end) {
        int[] codes = new int[values.length];
        float scale = (float) (double) layer.numbers.get(end + "_scale");
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (int)
                    Math.clamp(Math.rint((double) (values[i] / scale)) + layer.integer(end + "_zero_point"), -128, 127);
        }
        return codes;
    }

    private static SessionState everything(Model model, QuantSpec weights) throws IOException {
        return SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(weights))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
    }

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private static void reproduces(Outcome outcome) {
        assertThat(outcome.farthest).isLessThanOrEqualTo(1);
        assertThat((double) outcome.equal / outcome.results).isGreaterThan(0.998);
        assertThat(outcome.problems)
                .filteredOn(p -> p.severity() == ExportProblem.Severity.ERROR)
                .isEmpty();
    }

    /** Name, data and granularity. */
    static Stream<Arguments> samples() {
        List<Arguments> few = List.of(
                arguments("digits_mlp", "digits", "tensor"),
                arguments("fashion_lenet", "fashion_mnist", "channel"),
                arguments("fashion_mobilenet", "fashion_mnist", "channel"));
        List<Arguments> others = List.of(
                arguments("fashion_resnet", "fashion_mnist", "channel"),
                arguments("fashion_vit", "fashion_mnist", "tensor"));
        return Stream.concat(few.stream(), Breadth.of(List.<Arguments>of(), others).stream());
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everyLayerOfASampleGivesTheCodesOfTheLiveEvaluation(String name, String data, String granularity)
            throws IOException {
        Model model = Engine.open(sample(name + ".onnx"), true);
        Outcome outcome = outcome(
                model,
                everything(model, QuantSpec.WEIGHTS.withGranularity(Granularity.parse(granularity))),
                Datasets.open(sample(data + "_calibration.npz")).limit(16));

        assertThat(outcome.layers).isEqualTo((int) model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .count());
        reproduces(outcome);
    }

    /** Their integers were once those of alpha 1, beta 1 or no bias. */
    @ParameterizedTest
    @ValueSource(strings = {"gemm", "gemm_alpha2", "gemm_alpha2_nobias", "gemm_beta2", "gemm_bias1"})
    void factorsAndSingleBiasesOfAGemmAreInItsIntegers(String name) throws IOException {
        for (String file : List.of(name + ".onnx", "d.npz")) {
            try (var in = Exporter.class.getResourceAsStream("c-header-layers/" + file)) {
                Files.write(folder.resolve(file), in.readAllBytes());
            }
        }
        Model model = Engine.open(folder.resolve(name + ".onnx"), true);
        Outcome outcome = outcome(model, everything(model, QuantSpec.WEIGHTS), Datasets.open(folder.resolve("d.npz")));

        assertThat(outcome.layers).isEqualTo(1);
        reproduces(outcome);
    }

    private Outcome tiny(TinyOnnx graph, long... inputShape) throws IOException {
        Model model = graph.open(folder);
        // A grid of the result that is wider than what the layer gives leaves a clamp something to do.
        SessionState state = everything(model, QuantSpec.WEIGHTS)
                .withOverride(new TensorId("y"), QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-4, 4))));
        return outcome(model, state, new MemoryData(16, Shape.of(inputShape), i -> 0));
    }

    private static TinyOnnx conv(String op, Shape weight, long[] in, long[] out, long group) {
        return new TinyOnnx(13)
                .input("x", in)
                .output("y", out)
                .randomWeight("w", weight, -1, 1)
                .randomWeight("b", Shape.of(out[1]), -1, 1)
                .node(op, List.of("x", "w", "b"), List.of("y"), TinyOnnx.attribute("group", group));
    }

    @Test
    void convolutionsOfOneAxisAndInGroupsAndTransposedRun() throws IOException {
        Outcome line = tiny(conv("Conv", Shape.of(3, 2, 3), new long[] {-1, 2, 9}, new long[] {-1, 3, 7}, 1), 2, 9);
        Outcome groups = tiny(
                conv("Conv", Shape.of(6, 2, 3, 2), new long[] {-1, 4, 5, 5}, new long[] {-1, 6, 3, 4}, 2), 4, 5, 5);
        Outcome depthwise = tiny(
                conv("Conv", Shape.of(8, 1, 3, 2), new long[] {-1, 4, 5, 5}, new long[] {-1, 8, 3, 4}, 4), 4, 5, 5);
        Outcome back = tiny(
                conv("ConvTranspose", Shape.of(2, 3, 3, 2), new long[] {-1, 2, 4, 5}, new long[] {-1, 3, 6, 6}, 1),
                2,
                4,
                5);

        for (Outcome outcome : List.of(line, groups, depthwise, back)) {
            assertThat(outcome.layers).isEqualTo(1);
            reproduces(outcome);
        }
    }

    /** A constant that is added behind a convolution lies along its channels; a Clip between the layer and its quantizer clamps. */
    @Test
    void addedConstantsAndClampsAreInTheIntegers() throws IOException {
        Outcome clamped = tiny(
                new TinyOnnx(13)
                        .input("x", -1, 2, 4, 4)
                        .output("y", -1, 3, 4, 4)
                        .randomWeight("w", Shape.of(3, 2, 1, 1), -2, 2)
                        .randomWeight("b", Shape.of(1, 3, 1, 1), -1, 1)
                        .weight("lo", Shape.of(), -0.5f)
                        .weight("hi", Shape.of(), 0.75f)
                        .node("Conv", List.of("x", "w"), List.of("c"))
                        .node("Add", List.of("c", "b"), List.of("a"))
                        .node("Clip", List.of("a", "lo", "hi"), List.of("y")),
                2,
                4,
                4);

        assertThat(clamped.layers).isEqualTo(1);
        reproduces(clamped);
    }

    private void isRefused(TinyOnnx graph, String why, long... inputShape) throws IOException {
        Outcome outcome = tiny(graph, inputShape);

        assertThat(outcome.layers).isZero();
        assertThat(outcome.problems)
                .filteredOn(p -> p.severity() == ExportProblem.Severity.ERROR)
                .singleElement()
                .satisfies(p -> assertThat(p.tensor()).isEqualTo("w"))
                .extracting(ExportProblem::why)
                .asString()
                .contains(why);
    }

    @Test
    void layersThatNoKernelComputesAreRefusedAndNamed() throws IOException {
        isRefused(
                conv("ConvTranspose", Shape.of(4, 3, 2, 2), new long[] {-1, 4, 4, 4}, new long[] {-1, 6, 5, 5}, 2),
                "2 groups",
                4,
                4,
                4);
        isRefused(
                conv("Conv", Shape.of(2, 1, 2, 2, 2), new long[] {-1, 1, 3, 3, 3}, new long[] {-1, 2, 2, 2, 2}, 1),
                "3 axes of space",
                1,
                3,
                3,
                3);
        isRefused(
                gemm().node("Neg", List.of("c"), List.of("b")).node("Gemm", List.of("x", "w", "b"), List.of("y")),
                "is computed while the model runs",
                4);
        isRefused(
                gemm().node("Gemm", List.of("x", "w"), List.of("y"), TinyOnnx.attribute("alpha", -1f)),
                "alpha -1.0",
                4);
    }

    private static TinyOnnx gemm() {
        return new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 3)
                .randomWeight("w", Shape.of(4, 3), -1, 1)
                .randomWeight("c", Shape.of(3), -1, 1);
    }
}
