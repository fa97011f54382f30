package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorKind;

class BatchNormFoldingTest {
    @TempDir
    private Path folder;

    private static TinyOnnx norm(TinyOnnx tiny, String prefix, int channels) {
        Shape shape = Shape.of(channels);
        return tiny.randomWeight(prefix + "gamma", shape, -2, 2)
                .randomWeight(prefix + "beta", shape, -1, 1)
                .randomWeight(prefix + "mean", shape, -1, 1)
                .randomWeight(prefix + "var", shape, 0.1f, 3);
    }

    private static List<String> normInputs(String x, String prefix) {
        return List.of(x, prefix + "gamma", prefix + "beta", prefix + "mean", prefix + "var");
    }

    private static List<String> names(Model model) {
        return model.tensors().stream().map(t -> t.id().name()).toList();
    }

    private static float[] run(Model model, Shape input) {
        float[] x = new float[(int) input.count()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i * 0.7) * 2;
        }
        try (OrtModel loaded = OrtModel.load(InstrumentedGraph.plain(model), "tiny.onnx", OrtModel.Options.DEFAULT);
                NativeTensor fed = NativeTensor.of(x, input, DType.F32)) {
            return loaded.run(Map.of("x", fed), List.of("y"), new CancelToken())
                    .getFirst()
                    .values();
        }
    }

    private static void assertSameFunction(Model folded, Model model, Shape input) {
        float[] expected = run(model, input);
        float[] actual = run(folded, input);
        float largest = 0;
        for (float v : expected) {
            largest = Math.max(largest, Math.abs(v));
        }
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) Math.abs(actual[i] - expected[i])).isLessThanOrEqualTo(1e-5 * largest);
        }
    }

    /** Ordinary, grouped and depthwise, with and without a bias, in both kinds of convolution. */
    @ParameterizedTest
    @CsvSource({
        "Conv, 1, false",
        "Conv, 2, true",
        "Conv, 4, false",
        "ConvTranspose, 1, true",
        "ConvTranspose, 2, false",
        "ConvTranspose, 4, true"
    })
    void convolutionsKeepTheirFunction(String op, int groups, boolean bias) throws IOException {
        Shape weight = op.equals("Conv") ? Shape.of(8, 4 / groups, 3, 3) : Shape.of(4, 8 / groups, 3, 3);
        TinyOnnx tiny = norm(
                new TinyOnnx(13)
                        .input("x", -1, 4, 6, 6)
                        .output("y", -1, 8, -1, -1)
                        .randomWeight("c.weight", weight, -1, 1),
                "n.",
                8);
        if (bias) {
            tiny.randomWeight("c.bias", Shape.of(8), -1, 1);
        }
        Model model = tiny.node(
                        op,
                        bias ? List.of("x", "c.weight", "c.bias") : List.of("x", "c.weight"),
                        List.of("c"),
                        TinyOnnx.attribute("group", (long) groups))
                .node("BatchNormalization", normInputs("c", "n."), List.of("y"), TinyOnnx.attribute("epsilon", 1e-3f))
                .open(folder);

        Model folded = BatchNormFolding.fold(model);

        assertThat(names(folded)).containsExactly("c.weight", "c.bias");
        assertThat(folded.tensors())
                .extracting(t -> t.info().kind())
                .containsExactly(TensorKind.WEIGHT, TensorKind.BIAS);
        assertThat(folded.notes()).isEmpty();
        assertSameFunction(folded, model, Shape.of(2, 4, 6, 6));
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 1, true", "1, 0.5, 2, true", "0, 2, 0.25, false"})
    void gemmKeepsItsFunctionWithItsFactors(long transB, float alpha, float beta, boolean bias) throws IOException {
        TinyOnnx tiny = norm(
                new TinyOnnx(13)
                        .input("x", -1, 4)
                        .output("y", -1, 6)
                        .randomWeight("w", transB == 1 ? Shape.of(6, 4) : Shape.of(4, 6), -1, 1),
                "n.",
                6);
        if (bias) {
            tiny.randomWeight("b", Shape.of(6), -1, 1);
        }
        Model model = tiny.node(
                        "Gemm",
                        bias ? List.of("x", "w", "b") : List.of("x", "w"),
                        List.of("g"),
                        TinyOnnx.attribute("transB", transB),
                        TinyOnnx.attribute("alpha", alpha),
                        TinyOnnx.attribute("beta", beta))
                .node("BatchNormalization", normInputs("g", "n."), List.of("y"))
                .open(folder);

        Model folded = BatchNormFolding.fold(model);

        assertThat(names(folded)).containsExactly("w", bias ? "b" : "w_bias");
        assertSameFunction(folded, model, Shape.of(3, 4));
    }

    @Test
    void valuesInConstantNodesAreFolded() throws IOException {
        Model model = norm(
                        new TinyOnnx(13)
                                .input("x", -1, 2, 4, 4)
                                .output("y", -1, 3, 4, 4)
                                .constantNode("w", Shape.of(3, 2, 1, 1), -1, 1),
                        "",
                        3)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node("BatchNormalization", normInputs("c", ""), List.of("y"))
                .open(folder);

        Model folded = BatchNormFolding.fold(model);

        assertThat(names(folded)).containsExactlyInAnyOrder("w", "w_bias");
        assertSameFunction(folded, model, Shape.of(1, 2, 4, 4));
    }

    /** A bias that two layers share is copied for the one that changes. */
    @Test
    void aSharedBiasIsCopied() throws IOException {
        Model model = norm(
                        new TinyOnnx(13)
                                .input("x", -1, 2, 4, 4)
                                .output("y", -1, 2, 4, 4)
                                .randomWeight("a", Shape.of(2, 2, 1, 1), -1, 1)
                                .randomWeight("b", Shape.of(2, 2, 1, 1), -1, 1)
                                .randomWeight("shared", Shape.of(2), -1, 1),
                        "",
                        2)
                .node("Conv", List.of("x", "a", "shared"), List.of("one"))
                .node("BatchNormalization", normInputs("one", ""), List.of("normalized"))
                .node("Conv", List.of("normalized", "b", "shared"), List.of("y"))
                .open(folder);

        Model folded = BatchNormFolding.fold(model);

        assertThat(names(folded)).containsExactlyInAnyOrder("a", "a_bias", "b", "shared");
        assertSameFunction(folded, model, Shape.of(1, 2, 4, 4));
    }

    @Test
    void whatCannotBeFoldedStaysAndIsNoted() throws IOException {
        Model model = norm(
                        norm(
                                new TinyOnnx(13)
                                        .input("x", -1, 2, 4, 4)
                                        .output("y", -1, 2, 4, 4)
                                        .output("z", -1, 2, 4, 4)
                                        .randomWeight("w", Shape.of(2, 2, 1, 1), -1, 1)
                                        .randomWeight("v", Shape.of(2, 2, 1, 1), -1, 1),
                                "one.",
                                2),
                        "two.",
                        2)
                .node("Conv", List.of("x", "w"), List.of("a"))
                .node("BatchNormalization", normInputs("a", "one."), List.of("b"))
                .node("Conv", List.of("b", "w"), List.of("y"))
                // Its input is a graph output too: it keeps its value, without a note, because nothing is wrong with
                // it.
                .node("Conv", List.of("x", "v"), List.of("z"))
                .node("BatchNormalization", normInputs("z", "two."), List.of("unused"))
                .open(folder);

        Model folded = BatchNormFolding.fold(model);

        assertThat(names(folded)).isEqualTo(names(model));
        assertThat(folded.notes()).singleElement().asString().contains("the weight w has another use");
    }

    @Test
    void aNormalizationInTrainingModeStays() throws IOException {
        Model model = norm(
                        new TinyOnnx(15)
                                .input("x", -1, 2, 4, 4)
                                .output("y", -1, 2, 4, 4)
                                .randomWeight("w", Shape.of(2, 2, 1, 1), -1, 1),
                        "",
                        2)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node(
                        "BatchNormalization",
                        normInputs("c", ""),
                        List.of("y", "m", "v"),
                        TinyOnnx.attribute("training_mode", 1L))
                .open(folder);

        assertThat(BatchNormFolding.fold(model).notes())
                .singleElement()
                .asString()
                .contains("statistics of the batch");
    }

    @Test
    void aModelWithoutNormalizationIsItself() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);

        assertThat(BatchNormFolding.fold(model)).isSameAs(model);
    }

    /** The exporter's own folding is the reference for the sample: the same tensors up to float32 rounding. */
    @Test
    void theSampleFoldsToWhatItsExporterFolded() throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples"));
        Model folded = BatchNormFolding.fold(ModelLoaders.open(samples.resolve("fashion_mobilenet.onnx")));
        Model reference = ModelLoaders.open(samples.resolve("fashion_mobilenet_folded.onnx"));

        List<Tensor> ours = weights(folded);
        List<Tensor> theirs = weights(reference);
        assertThat(ours).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.size(); i++) {
            float[] a = ours.get(i).data().toFloats();
            float[] b = theirs.get(i).data().toFloats();
            assertThat(a).hasSameSizeAs(b);
            for (int k = 0; k < a.length; k++) {
                assertThat(Math.abs(a[k] - b[k])).isLessThanOrEqualTo(1e-6f * Math.max(1, Math.abs(b[k])));
            }
        }
    }

    /** Weights by the order in which the graph uses them: the two files name them differently. */
    private static List<Tensor> weights(Model model) {
        List<Tensor> found = new ArrayList<>();
        for (OnnxGraph.BiasSite site : model.graph().orElseThrow().biases()) {
            found.add(model.find(site.weight()).orElseThrow());
            found.add(model.find(site.bias()).orElseThrow());
        }
        return found;
    }
}
