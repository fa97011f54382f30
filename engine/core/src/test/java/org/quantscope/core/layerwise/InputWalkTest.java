package org.quantscope.core.layerwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.GraphPrefix;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

class InputWalkTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 230;
    /** What the layers read, in their order. */
    private static final List<String> VALUES = List.of("x", "r", "moved", "e", "r");

    /**
     * Five layers with a residual connection, a shape that is computed once and used twice, a constant that two layers
     * need, an output of the graph that a layer reads too, and an early value that the last layer reads.
     *
     * @param batch −1 if it is free
     */
    private static Model model(Path folder, int batch) throws IOException {
        return new TinyOnnx(17)
                .input("x", batch, 6)
                .output("e", batch, 8)
                .output("y", batch, 4)
                .randomWeight("w1", Shape.of(6, 8), -1, 1)
                .randomWeight("w2", Shape.of(8, 8), -1, 1)
                .randomWeight("w3", Shape.of(8, 8), -1, 1)
                .randomWeight("w4", Shape.of(8, 4), -1, 1)
                .randomWeight("w5", Shape.of(8, 4), -1, 1)
                .constantNode("k", Shape.of(8), -1, 1)
                .node("MatMul", List.of("x", "w1"), List.of("a"))
                .node("Relu", List.of("a"), List.of("r"))
                .node("MatMul", List.of("r", "w2"), List.of("b"))
                .node("Add", List.of("b", "r"), List.of("s"))
                .node("Shape", List.of("s"), List.of("shape"))
                .node("Reshape", List.of("s", "shape"), List.of("shaped"))
                .node("Add", List.of("shaped", "k"), List.of("moved"))
                .node("MatMul", List.of("moved", "w3"), List.of("c"))
                .node("Reshape", List.of("c", "shape"), List.of("d"))
                .node("Add", List.of("d", "k"), List.of("e"))
                .node("MatMul", List.of("e", "w4"), List.of("f"))
                .node("MatMul", List.of("r", "w5"), List.of("g"))
                .node("Add", List.of("f", "g"), List.of("y"))
                .open(folder);
    }

    private static ResolvedSettings settings(Model model, Dataset data) throws IOException {
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4)));
        Calibration calibration = Calibration.of(Engine.observe(model, data, Progress.NONE, NEVER));
        return Engine.resolve(model, state, calibration, Progress.NONE, NEVER);
    }

    private static Map<TensorId, float[]> halved(Model model, Set<TensorId> weights) {
        Map<TensorId, float[]> values = new LinkedHashMap<>();
        for (TensorId id : weights) {
            float[] w = model.find(id).orElseThrow().data().toFloats();
            for (int i = 0; i < w.length; i++) {
                w[i] = Math.round(w[i] * 2) / 2f;
            }
            values.put(id, w);
        }
        return values;
    }

    /** Each value in one run of all that is before it, with the weights that the quantized model has by then. */
    private static List<float[]> atOnce(
            Model model, ResolvedSettings settings, Map<TensorId, float[]> now, SampleFeed feed, String value) {
        Map<TensorId, InstrumentedGraph.Form> forms = new HashMap<>();
        settings.activations().forEach((id, params) -> forms.put(id, InstrumentedGraph.Form.of(params, 17)));
        forms.remove(new TensorId(value));
        Map<TensorId, TensorData> baked = new HashMap<>();
        now.forEach((id, values) -> baked.put(id, TensorData.of(values)));
        InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), baked, forms, Set.of());
        GraphPrefix prefix = GraphPrefix.upTo(graph.graph(), value);
        List<float[]> batches = new ArrayList<>();
        Map<String, NativeTensor> parameters = new HashMap<>();
        settings.activations().forEach((id, params) -> {
            InstrumentedGraph.ActivationFeeds names = graph.activations().get(id);
            if (names != null && prefix.inputs().contains(names.key())) {
                parameters.put(names.on(), NativeTensor.flag(true));
                names.feed(
                        Optional.of(params),
                        (name, type, shape, values) -> parameters.put(name, NativeTensor.of(values, shape, type)));
            }
        });
        try (OrtModel loaded = OrtModel.load(prefix.model(), "tiny", OrtModel.Options.DEFAULT.withoutFusing())) {
            for (int[] batch : batches(feed)) {
                try (SampleFeed.Batch fed = feed.load(batch, prefix.inputs())) {
                    Map<String, NativeTensor> all = new HashMap<>(parameters);
                    all.putAll(fed.byInput());
                    float[] values =
                            loaded.run(all, List.of(value), NEVER).getFirst().values();
                    batches.add(values);
                }
            }
        } finally {
            parameters.values().forEach(NativeTensor::close);
        }
        return batches;
    }

    private static List<int[]> batches(SampleFeed feed) {
        return IntStream.iterate(0, from -> from < SAMPLES, from -> from + feed.batchSize())
                .mapToObj(from -> IntStream.range(from, Math.min(SAMPLES, from + feed.batchSize()))
                        .toArray())
                .toList();
    }

    /**
     * Whatever is kept, each value is that of a run from the samples, in which the layers before have the weights that
     * they had been given when it was asked for.
     */
    @ParameterizedTest
    @CsvSource({"-1, 0", "-1, 9000", "-1, 1000000", "64, 9000", "64, 1000000"})
    void valuesAreThoseOfARunFromTheSamples(int batch, long most, @TempDir Path folder) throws IOException {
        Model model = model(folder, batch);
        Dataset data = MemoryData.unlabelled(SAMPLES, Shape.of(6));
        ResolvedSettings settings = settings(model, data);
        assertThat(settings.activations()).containsKeys(new TensorId("r"), new TensorId("e"));
        SampleFeed feed = SampleFeed.of(model, data);
        Map<TensorId, float[]> now = halved(model, settings.weights().keySet());
        List<Boolean> again = new ArrayList<>();

        try (InputWalk walk = new InputWalk(model, settings, now.keySet(), feed, VALUES, most, NEVER)) {
            for (int i = 0; i < VALUES.size(); i++) {
                String value = VALUES.get(i);
                assertThat(walk.isDrifted(value)).isEqualTo(i > 0);
                again.add(walk.beginsAgain());
                List<InputWalk.Values> plain = new ArrayList<>();
                List<InputWalk.Values> quantized = new ArrayList<>();
                walk.forEach(value, now, (x, seen) -> {
                    plain.add(x);
                    quantized.add(seen);
                });
                if (i > 0) {
                    same(plain, atOnce(model, ResolvedSettings.NONE, Map.of(), feed, value), feed);
                    same(quantized, atOnce(model, settings, now, feed, value), feed);
                }
                // The layer that reads it gets other codes now, which those behind it have to see.
                float[] solved = now.get(new TensorId("w" + (i + 1)));
                for (int k = 0; k < solved.length; k++) {
                    solved[k] += k % 2 == 0 ? 0.5f : 0;
                }
            }
        }
        assertThat(again).startsWith(false, false);
        assertThat(again.subList(2, 5)).contains(most < 10_000);
    }

    private static void same(List<InputWalk.Values> found, List<float[]> wanted, SampleFeed feed) {
        List<int[]> batches = batches(feed);
        assertThat(found).hasSize(batches.size());
        for (int b = 0; b < found.size(); b++) {
            InputWalk.Values values = found.get(b);
            assertThat(values.shape()).isEqualTo(Shape.of(batches.get(b).length, 8));
            for (int i = 0; i < values.shape().count(); i++) {
                assertThat(values.values()[i]).isCloseTo(wanted.get(b)[i], within(1e-5f));
            }
        }
    }

    @Test
    void valuesComeInTheOrderOfTheGraph(@TempDir Path folder) throws IOException {
        Model model = model(folder, -1);
        SampleFeed feed = SampleFeed.of(model, MemoryData.unlabelled(4, Shape.of(6)));
        try (InputWalk walk = new InputWalk(model, ResolvedSettings.NONE, Set.of(), feed, List.of("r", "e"), NEVER)) {
            assertThatThrownBy(() -> walk.forEach("e", Map.of(), (x, seen) -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("r comes before e");
        }
    }
}
