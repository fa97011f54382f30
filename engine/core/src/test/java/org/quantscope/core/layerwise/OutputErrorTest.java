package org.quantscope.core.layerwise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class OutputErrorTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    private static final List<Granularity> GRANULARITIES =
            List.of(Granularity.TENSOR, Granularity.CHANNEL, new Granularity.PerBlock(0, 2));

    @TempDir
    private Path folder;

    private static float[] output(Model model, String value, Dataset data) {
        SampleFeed feed = SampleFeed.of(model, data);
        int[] all = IntStream.range(0, data.size()).toArray();
        try (OrtModel loaded = OrtModel.load(
                        InstrumentedGraph.tapped(model, List.of(new TensorId(value))),
                        "tapped",
                        OrtModel.Options.DEFAULT);
                SampleFeed.Batch batch = feed.load(all)) {
            FloatOutput out = loaded.run(batch.byInput(), List.of(value), NEVER).getFirst();
            return out.values();
        }
    }

    /** As ONNX Runtime computes the output with the weight and with the quantized weight. */
    private static void assertAsMeasured(Model model, WeightedLayer layer, Dataset data) {
        GRANULARITIES.forEach(granularity -> assertAsMeasured(model, layer, data, granularity));
    }

    private static void assertAsMeasured(Model model, WeightedLayer layer, Dataset data, Granularity granularity) {
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(3).withGranularity(granularity);
        QuantParams params = RangeResolver.resolve(layer.weight(), spec, NEVER).params();
        ModelRewrite rewrite = new ModelRewrite(model);
        rewrite.values(layer.id(), ErrorPass.fakeQuantize(layer.weight(), params, NEVER));
        String value = layer.node().outputs().getFirst();
        float[] before = output(model, value, data);
        float[] after = output(rewrite.model(), value, data);
        double sum = 0;
        for (int i = 0; i < before.length; i++) {
            double d = (double) after[i] - before[i];
            sum += d * d;
        }

        OutputError error =
                OutputError.of(model, layer.id(), params, data, NEVER).orElseThrow();

        assertThat(error.mse()).as("%s", layer).isCloseTo(sum / before.length, Percentage.withPercentage(0.1));
        assertThat(error.sqnrDb().orElseThrow()).isBetween(3.0, 40.0);
    }

    /** Convolutions with strides, padding and groups, products of matrices. */
    @ParameterizedTest
    @CsvSource({"fashion_mobilenet, 7", "fashion_vit, 7"})
    void isWhatTheLayerComputes(String name, int step) throws IOException {
        Model model = Engine.open(SAMPLES.resolve(name + ".onnx"), true);
        Dataset data =
                Datasets.open(SAMPLES.resolve("fashion_mnist_calibration.npz")).limit(4);
        List<WeightedLayer> layers = WeightedLayer.of(model);
        for (int i = 0; i < layers.size(); i += step) {
            assertAsMeasured(model, layers.get(i), data, GRANULARITIES.get(i % GRANULARITIES.size()));
        }
    }

    /** Dilated, padded on one side only, in one and three dimensions, and grouped. */
    @Test
    void isWhatAnyConvolutionComputes() throws IOException {
        Model one = new TinyOnnx(17)
                .input("x", -1, 2, 9)
                .output("y", -1, 4, -1)
                .randomWeight("w", Shape.of(4, 2, 3), -1, 1)
                .node(
                        "Conv",
                        List.of("x", "w"),
                        List.of("y"),
                        TinyOnnx.attribute("dilations", 2, new long[0]),
                        TinyOnnx.attribute("pads", 0, 3),
                        TinyOnnx.attribute("strides", 2, new long[0]))
                .open(folder);
        assertAsMeasured(one, WeightedLayer.of(one).getFirst(), MemoryData.unlabelled(5, Shape.of(2, 9)));

        Model three = new TinyOnnx(17)
                .input("x", -1, 4, 4, 5, 3)
                .output("y", -1, 6, -1, -1, -1)
                .randomWeight("w", Shape.of(6, 2, 2, 3, 1), -1, 1)
                .node(
                        "Conv",
                        List.of("x", "w"),
                        List.of("y"),
                        TinyOnnx.attribute("group", 2),
                        TinyOnnx.attribute("pads", 1, 0, 0, 0, 2, 0))
                .open(folder);
        assertAsMeasured(three, WeightedLayer.of(three).getFirst(), MemoryData.unlabelled(5, Shape.of(4, 4, 5, 3)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"SAME_UPPER", "SAME_LOWER", "VALID"})
    void isWhatAConvolutionWithAutomaticPaddingComputes(String padding) throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 2, 8, 7)
                .output("y", -1, 3, -1, -1)
                .randomWeight("w", Shape.of(3, 2, 3, 2), -1, 1)
                .node(
                        "Conv",
                        List.of("x", "w"),
                        List.of("y"),
                        TinyOnnx.attribute("auto_pad", padding),
                        TinyOnnx.attribute("strides", 2, 3))
                .open(folder);
        assertAsMeasured(model, WeightedLayer.of(model).getFirst(), MemoryData.unlabelled(5, Shape.of(2, 8, 7)));
    }

    /** A product with a factor, of a weight that is stored the other way round. */
    @Test
    void isWhatAGemmWithAFactorComputes() throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 6)
                .output("y", -1, 5)
                .randomWeight("w", Shape.of(5, 6), -1, 1)
                .node(
                        "Gemm",
                        List.of("x", "w"),
                        List.of("y"),
                        TinyOnnx.attribute("alpha", 0.25f),
                        TinyOnnx.attribute("transB", 1))
                .open(folder);
        assertAsMeasured(model, WeightedLayer.of(model).getFirst(), MemoryData.unlabelled(5, Shape.of(6)));
    }

    /** Two layers read it: its error has two outputs. */
    @Test
    void aWeightOfTwoLayersHasNone() throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("a"))
                .node("MatMul", List.of("a", "w"), List.of("y"))
                .open(folder);
        QuantParams params = RangeResolver.resolve(model.tensors().getFirst(), QuantSpec.WEIGHTS, NEVER)
                .params();

        assertThat(OutputError.of(model, new TensorId("w"), params, MemoryData.unlabelled(5, Shape.of(4)), NEVER))
                .isEmpty();
    }
}
