package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.departure.NetworkComparison;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Weights inside If, Loop and Scan are listed, fed and written like others; ONNX Runtime runs the file as it came. */
class BodyWeightsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final OrtModel.Options ONE = new OrtModel.Options(1, false);
    private static final Shape SQUARE = Shape.of(4, 4);
    private static final List<String> NAMES =
            List.of("branch/then_branch/w", "branch/else_branch/w", "turns/body/w", "inner/then_branch/deep", "outer");

    @TempDir
    private Path folder;

    private static float[] random(String name, int n) {
        Random random = new Random(name.hashCode());
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextFloat() - .5f;
        }
        return values;
    }

    /** @param values of a weight, by the name that it is to be listed under */
    private Path net(BiFunction<String, float[], float[]> values) throws IOException {
        float[][] w = NAMES.stream().map(n -> values.apply(n, random(n, 16))).toArray(float[][]::new);
        // Both branches store a weight of the same name.
        TinyOnnx then = new TinyOnnx(16)
                .output("t", 1, 4)
                .weight("w", SQUARE, w[0])
                .node("MatMul", List.of("x", "w"), List.of("t"));
        TinyOnnx other = new TinyOnnx(16)
                .output("e", 1, 4)
                .weight("w", SQUARE, w[1])
                .node("Gemm", List.of("x", "w"), List.of("g"))
                .node("MatMul", List.of("g", "outer"), List.of("e"));
        TinyOnnx turn = new TinyOnnx(16)
                .input("i", DType.I64)
                .input("go_in", DType.BOOL)
                .input("s", 1, 4)
                .output("go_out", DType.BOOL)
                .output("s_out", 1, 4)
                .weight("w", SQUARE, w[2])
                .node("Identity", List.of("go_in"), List.of("go_out"))
                .node("MatMul", List.of("s", "w"), List.of("m"))
                .node("Tanh", List.of("m"), List.of("s_out"));
        TinyOnnx deep = new TinyOnnx(16)
                .output("d", 4)
                .weight("deep", SQUARE, w[3])
                .node("MatMul", List.of("row", "deep"), List.of("d"));
        TinyOnnx shallow = new TinyOnnx(16).output("u", 4).node("Neg", List.of("row"), List.of("u"));
        TinyOnnx step = new TinyOnnx(16)
                .input("before", 4)
                .input("row", 4)
                .output("after", 4)
                .output("kept", 4)
                .node("ReduceMax", List.of("row"), List.of("top"), TinyOnnx.attribute("keepdims", 0))
                .node("Greater", List.of("top", "zero"), List.of("up"))
                .named(
                        "inner",
                        "If",
                        List.of("up"),
                        List.of("made"),
                        TinyOnnx.attribute("then_branch", deep),
                        TinyOnnx.attribute("else_branch", shallow))
                .node("Add", List.of("before", "made"), List.of("after"))
                .node("Identity", List.of("after"), List.of("kept"));
        return new TinyOnnx(16)
                .input("x", 1, 4)
                .output("y", 1, 4)
                .weight("zero", Shape.of(), 0)
                .weight("start", Shape.of(4), 0, 0, 0, 0)
                .weight("outer", SQUARE, w[4])
                .weight64("turns_n", 3)
                .node("ReduceSum", List.of("x"), List.of("sum"), TinyOnnx.attribute("keepdims", 0))
                .node("Greater", List.of("sum", "zero"), List.of("which"))
                .named(
                        "branch",
                        "If",
                        List.of("which"),
                        List.of("b"),
                        TinyOnnx.attribute("then_branch", then),
                        TinyOnnx.attribute("else_branch", other))
                .named("turns", "Loop", List.of("turns_n", "", "b"), List.of("l"), TinyOnnx.attribute("body", turn))
                .named(
                        "scan",
                        "Scan",
                        List.of("start", "l"),
                        List.of("last", "y"),
                        TinyOnnx.attribute("body", step),
                        TinyOnnx.attribute("num_scan_inputs", 1))
                .write(folder);
    }

    private static float[] run(OrtModel loaded, float[] x, Map<String, NativeTensor> more) {
        Map<String, NativeTensor> feeds = new HashMap<>(more);
        feeds.put("x", NativeTensor.of(x, Shape.of(1, 4), DType.F32));
        try (loaded) {
            return loaded.run(feeds, List.of("y"), NEVER).getFirst().values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    private static float[] run(Path file, float[] x) throws IOException {
        return run(OrtModel.load(Files.readAllBytes(file), "body", ONE), x, Map.of());
    }

    /** Constant weights are packed by the runtime, and sums come in another order. */
    private static final Offset<Float> LAST_BIT = Offset.offset(1e-6f);

    private static final float[][] BOTH_WAYS = {{.3f, .9f, -.2f, .4f}, {-.7f, -.1f, .2f, -.4f}};

    @Test
    void weightsOfBodiesAreListedAndQuantizedAndTheNetworkStaysWhatItWas() throws IOException {
        Path file = net((name, values) -> values);
        Model model = ModelLoaders.open(file);
        List<Tensor> weights = model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .toList();

        assertThat(weights).extracting(t -> t.id().name()).containsExactlyInAnyOrderElementsOf(NAMES);
        weights.forEach(t -> assertThat(t.data().toFloats()).isEqualTo(random(t.id().name(), 16)));
        assertThat(model.notes())
                .anyMatch(n -> n.startsWith(
                        "stored inside subgraphs (If, Loop, Scan) and read from the main graph here: 4, as "));
        assertThat(model.graph().orElseThrow().floatWeights())
                .noneMatch(f -> NAMES.contains(f.info().id().name()));

        // Weights on 3 bits: fed and built in, and written as pairs, against the file with the same values in its
        // bodies.
        SessionState state = SessionState.of(new FileRef(file, "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)));
        ResolvedSettings resolved = Engine.resolve(model, state, Calibration.NONE, Progress.NONE, NEVER);
        Map<String, float[]> rounded = new HashMap<>();
        weights.forEach(t ->
                rounded.put(t.id().name(), quantized(t, resolved.weights().get(t.id()))));
        Path byHand = net((name, values) -> rounded.get(name));
        Path written = folder.resolve("qdq.onnx");
        Exporters.byId("onnx-qdq").write(new ExportPlan(model, Session.of(state), resolved), written, NEVER);
        for (float[] x : BOTH_WAYS) {
            assertThat(run(plain(model), x, Map.of())).containsExactly(run(file, x), LAST_BIT);
            float[] wanted = run(byHand, x);
            assertThat(difference(wanted, run(file, x))).isGreaterThan(1e-3);
            for (Tensor fed : weights) {
                assertThat(instrumented(model, fed, rounded, x))
                        .as("%s fed", fed.id())
                        .containsExactly(wanted, LAST_BIT);
            }
            assertThat(run(written, x)).containsExactly(wanted, LAST_BIT);
        }
        // The written file beside its float model: its grids explain all of the error.
        NetworkComparison compared = NetworkComparison.of(
                new NetworkComparison.Task(model, written, MemoryData.unlabelled(6, Shape.of(4)), Map.of()),
                Progress.NONE,
                NEVER);
        assertThat(compared.tensors().getLast().errorDb().getAsDouble()).isBetween(1.0, 40.0);
        assertThat(compared.first()).isEmpty();
    }

    private static double difference(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }

    private static float[] quantized(Tensor t, QuantParams p) {
        Slicing slicing = Slicing.of(t.info(), p.granularity());
        float[] x = t.data().toFloats();
        for (int i = 0; i < x.length; i++) {
            x[i] = p.grid(slicing.sliceOf(i)).quantize(x[i]);
        }
        return x;
    }

    private static OrtModel plain(Model model) {
        return OrtModel.load(model.graph().orElseThrow().proto().toByteArray(), "lifted", ONE);
    }

    private static float[] instrumented(Model model, Tensor fed, Map<String, float[]> rounded, float[] x) {
        Map<TensorId, TensorData> baked = new HashMap<>();
        rounded.forEach((name, values) -> baked.put(new TensorId(name), TensorData.of(values)));
        baked.remove(fed.id());
        InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.of(fed.id()), baked, Map.of(), Set.of());
        RunnableGraph runnable = graph.graph();
        return run(
                OrtModel.load(runnable, "body", ONE),
                x,
                Map.of(
                        graph.weightFeed().orElseThrow(),
                        NativeTensor.of(rounded.get(fed.id().name()), SQUARE, DType.F32)));
    }

    /** What a Loop is given may change from turn to turn, and an output of a body is computed inside. */
    @Test
    void whatMayChangeStaysFloatAndIsNamed() throws IOException {
        TinyOnnx turn = new TinyOnnx(16)
                .input("i", DType.I64)
                .input("go_in", DType.BOOL)
                .input("m", 4, 4)
                .input("s", 1, 4)
                .output("go_out", DType.BOOL)
                .output("m_out", 4, 4)
                .output("s_out", 1, 4)
                .node("Identity", List.of("go_in"), List.of("go_out"))
                .node("Neg", List.of("m"), List.of("m_out"))
                .node("MatMul", List.of("s", "m"), List.of("s_out"));
        Model model = new TinyOnnx(16)
                .input("x", 1, 4)
                .output("y", 1, 4)
                .weight("carried", SQUARE, random("carried", 16))
                .weight64("n", 2)
                .named(
                        "turns",
                        "Loop",
                        List.of("n", "", "carried", "x"),
                        List.of("m_last", "y"),
                        TinyOnnx.attribute("body", turn))
                .open(folder);

        assertThat(model.tensors()).noneMatch(t -> t.info().kind() == TensorKind.WEIGHT);
        assertThat(model.graph().orElseThrow().floatWeights()).singleElement().satisfies(f -> {
            TensorInfo info = f.info();
            assertThat(info.id().name()).isEqualTo("carried");
            assertThat(f.site().reason()).isEqualTo("Loop turns runs a subgraph, which stays in float");
        });
    }
}
