package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Placement.Site;
import org.quantscope.core.onnx.Placement.State;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** Models as PyTorch 1.13 writes them, with random weights; {@code pytorch/export_models.py} made them. */
class PyTorchExportsTest {
    /** The rewritten graph with nothing quantized, and the folded model, against the file itself, at two sizes of every free dimension. */
    @ParameterizedTest
    @CsvSource({
        "batch_norms, 1x1x10x10", "batch_norms, 5x1x10x10",
        "shapes, 1x1x9x11", "shapes, 3x1x12x8",
        "recurrent, 1x7x4", "recurrent, 3x2x4",
        "branches, 1x6", "branches, 4x6"
    })
    void rewritingAndFoldingChangeNothing(String name, String dims) throws IOException {
        Model model = open(name);
        Model folded = Engine.analysed(model);
        long[] shape =
                Arrays.stream(dims.split("x", -1)).mapToLong(Long::parseLong).toArray();
        float[] x = new float[(int) Shape.of(shape).count()];
        Random random = new Random(11);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] plain = run(InstrumentedGraph.plain(model), Map.of(), x, Shape.of(shape));

        assertThat(difference(plain, rewritten(model, x, Shape.of(shape)))).isLessThanOrEqualTo(1e-5);
        assertThat(difference(plain, rewritten(folded, x, Shape.of(shape)))).isLessThanOrEqualTo(1e-4);
    }

    @Test
    void normalizationIsFoldedWhereALayerIsInFront() throws IOException {
        Model folded = Engine.analysed(open("batch_norms"));

        // The last one stands behind a ReLU.
        assertThat(folded.graph().orElseThrow().proto().getGraph().getNodeList())
                .filteredOn(n -> n.getOpType().equals("BatchNormalization"))
                .hasSize(1);
        assertThat(folded.tensors())
                .filteredOn(t -> t.info().kind() == TensorKind.WEIGHT)
                .extracting(t -> t.id().name())
                .containsExactly("a.weight", "g.weight", "d.weight", "t.weight", "f.weight");
        assertThat(folded.find(new TensorId("d.weight")).orElseThrow().info().isDepthwise())
                .isTrue();
    }

    @Test
    void recurrentNetworksAndSubgraphsStayInFloatAndSayWhy() throws IOException {
        assertThat(floats("recurrent"))
                .anyMatch(s -> s.reason().matches("LSTM .* is a recurrent network, which runs in float"));
        assertThat(floats("recurrent")).anyMatch(s -> s.reason().contains("GRU"));
        assertThat(floats("branches")).anyMatch(s -> s.reason().matches("If .* runs a subgraph, which stays in float"));
    }

    private static List<Site> floats(String name) throws IOException {
        return Engine.analysed(open(name)).graph().orElseThrow().placement().in(State.FLOAT);
    }

    private static float[] rewritten(Model model, float[] x, Shape shape) {
        List<Tensor> weights = model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .toList();
        Optional<TensorId> selected = weights.stream().map(Tensor::id).findFirst();
        Map<TensorId, TensorData> baked = new HashMap<>();
        weights.stream().skip(1).forEach(t -> baked.put(t.id(), t.data()));
        InstrumentedGraph graph = InstrumentedGraph.build(model, selected, baked, Map.of(), Set.of());
        Map<String, NativeTensor> feeds = new HashMap<>();
        selected.ifPresent(id -> feeds.put(
                graph.weightFeed().orElseThrow(),
                NativeTensor.of(
                        weights.getFirst().data().toFloats(),
                        weights.getFirst().info().shape(),
                        DType.F32)));
        return run(graph.graph(), feeds, x, shape);
    }

    private static float[] run(RunnableGraph model, Map<String, NativeTensor> more, float[] x, Shape shape) {
        Map<String, NativeTensor> feeds = new HashMap<>(more);
        feeds.put("input", NativeTensor.of(x, shape, DType.F32));
        try (OrtModel loaded = OrtModel.load(model, "export", OrtModel.Options.DEFAULT)) {
            return loaded.run(feeds, List.of("logits"), new CancelToken())
                    .getFirst()
                    .values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    /** Largest difference over the largest value. */
    private static double difference(float[] a, float[] b) {
        assertThat(b).hasSameSizeAs(a);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i]));
            difference = Math.max(difference, Math.abs(a[i] - b[i]));
        }
        return difference / largest;
    }

    private static Model open(String name) throws IOException {
        try {
            return ModelLoaders.open(
                    Path.of(Objects.requireNonNull(PyTorchExportsTest.class.getResource("pytorch/" + name + ".onnx"))
                            .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
