package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.TinyModels;

class BiasCorrectionTest {
    private static Correction.Output correct(Model model, Dataset data, Session settings) {
        return new BiasCorrection()
                .apply(
                        new Correction.Input(model, Map.of(), Optional.of(data), Optional.of(settings)),
                        Progress.NONE,
                        new CancelToken());
    }

    @Test
    void bringsMobilenetWithFourBitWeightsAQuarterOfItsAccuracyBack() throws Exception {
        Model model = SampleRun.open("fashion_mobilenet");
        Dataset calibration = SampleRun.data("fashion_mnist_calibration", 128);
        Dataset test = SampleRun.data("fashion_mnist_test", 2000);
        Session settings = SampleRun.settings(model, 4, false, 0, calibration);
        double before = SampleRun.evaluate(model, settings, test).score();

        Correction.Output output = correct(model, calibration, settings);

        assertThat(output.kept()).isEmpty();
        assertThat(output.changed())
                .hasSize(18)
                .allMatch(id -> output.model().find(id).orElseThrow().info().kind() == TensorKind.BIAS);
        assertThat(SampleRun.evaluate(output.model(), settings, test).score() - before)
                .isGreaterThan(0.25);
    }

    @Test
    void theMeanOfEachLogitIsThatOfTheFloatModelAgain() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 100);
        Session settings = SampleRun.settings(model, 3, false, 0, data);
        double[] wanted = means(model, data);
        double[] shifted = means(baked(model, settings), data);
        double[] corrected = means(baked(correct(model, data, settings).model(), settings), data);
        double worst = 0;
        for (int c = 0; c < wanted.length; c++) {
            worst = Math.max(worst, Math.abs(shifted[c] - wanted[c]));
            assertThat(Math.abs(corrected[c] - wanted[c])).isLessThan(1e-4);
        }
        assertThat(worst).isGreaterThan(0.05);
    }

    @Test
    void activationsInTheSettingsCountToo() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 64);
        float[] weightsOnly = bias(
                correct(model, data, SampleRun.settings(model, 4, false, 0, data))
                        .model(),
                "f1.bias");
        float[] both = bias(
                correct(model, data, SampleRun.settings(model, 4, false, 3, data))
                        .model(),
                "f1.bias");
        assertThat(both).isNotEqualTo(weightsOnly);
    }

    @Test
    void aLayerWithoutABiasGetsOne() throws Exception {
        Model model = SampleRun.open("fashion_vit");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 32);
        Session settings = SampleRun.settings(model, 4, false, 0, data);
        Correction.Output output = correct(model, data, settings);
        List<TensorId> added =
                output.changed().stream().filter(id -> model.find(id).isEmpty()).toList();
        List<TensorId> others = output.changed().stream()
                .filter(id -> model.find(id).isPresent())
                .toList();
        assertThat(others).isNotEmpty();
        assertThat(output.changed().size())
                .isEqualTo(output.model().tensors().stream()
                                .filter(t -> settings.state().weights().isPresent()
                                        && t.info().kind() == TensorKind.WEIGHT)
                                .count()
                        - output.kept().size());
        assertThat(added).allMatch(id -> output.model().find(id).isPresent());
    }

    @Test
    void weightsThatStayFloatAreLeftAloneAndNamed() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 32);
        Session settings = Session.of(
                SampleRun.settings(model, 4, false, 0, data).state().withKeptFloat(Set.of(new TensorId("c1.weight"))));
        Correction.Output output = correct(model, data, settings);
        assertThat(output.kept()).containsExactly("c1.weight: its weight stays float");
        assertThat(output.changed()).doesNotContain(new TensorId("c1.bias"));
    }

    /** The calibration data of the correction also gives the importances that the ranges of its weights depend on. */
    @Test
    void rangesThatRestOnImportanceAreThoseOfTheCalibrationData() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 64);
        Session plain = SampleRun.settings(model, 4, false, 0, data);
        QuantSpec spec = plain.state().weights().orElseThrow().withClip(new Clip.Auto("weighted-mse"));
        Session weighted = Session.of(plain.state().withWeights(Optional.of(spec)));
        Calibration seen = Calibration.of(Engine.observe(model, data, Progress.NONE, new CancelToken()));
        Map<TensorId, QuantSpec> fixed = new HashMap<>();
        Engine.resolve(model, weighted.state(), seen, Progress.NONE, new CancelToken())
                .weights()
                .forEach((id, params) -> fixed.put(id, spec.withClip(new Clip.Fixed(params))));
        Session given = Session.of(weighted.state().withOverrides(fixed));

        float[] corrected = bias(correct(model, data, weighted).model(), "f1.bias");

        assertThat(corrected).isEqualTo(bias(correct(model, data, given).model(), "f1.bias"));
        assertThat(corrected).isNotEqualTo(bias(correct(model, data, plain).model(), "f1.bias"));
    }

    @Test
    void aGemmThatMultipliesItsBiasGetsAShareOfTheShift(@TempDir Path folder) throws Exception {
        float[] weight = new float[64 * 2];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) Math.sin(i);
        }
        var gemm = TinyModels.node("Gemm", List.of("x", "w", "b"), "y")
                .addAttribute(AttributeProto.newBuilder()
                        .setName("beta")
                        .setType(AttributeProto.AttributeType.FLOAT)
                        .setF(4));
        var graph = TinyModels.graph(gemm)
                .setInput(0, TinyModels.value("x", -1, 64))
                .setOutput(0, TinyModels.value("y", -1, 2))
                .addInitializer(TinyModels.floats("w", new long[] {64, 2}, weight))
                .addInitializer(TinyModels.floats("b", new long[] {2}, 1, 2));
        Model model = Engine.open(
                Files.write(
                        folder.resolve("gemm.onnx"),
                        TinyModels.model(13, graph).build().toByteArray()),
                true);
        Dataset data = SampleRun.data("digits_calibration", 100);
        Session settings = SampleRun.settings(model, 2, false, 0, data);

        double[] wanted = means(model, data);
        double[] shifted = means(baked(model, settings), data);
        double[] corrected = means(baked(correct(model, data, settings).model(), settings), data);

        for (int c = 0; c < 2; c++) {
            assertThat(Math.abs(shifted[c] - wanted[c])).isGreaterThan(0.01);
            assertThat(Math.abs(corrected[c] - wanted[c])).isLessThan(1e-4);
        }
    }

    /**
     * With few bits both the unit of the integer bias and the step of the quantizer after the layer are large. The bias
     * cannot mend the error of that quantizer, so it must not count.
     */
    @Test
    void theShiftIsMeasuredInFrontOfTheLayersOwnQuantizerAndWithItsIntegerBias(@TempDir Path folder) throws Exception {
        int inputs = 64;
        float[] weight = new float[inputs * 2];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) Math.sin(i);
        }
        var graph = TinyModels.graph(TinyModels.node("Gemm", List.of("x", "w", "b"), "y"))
                .setInput(0, TinyModels.value("x", -1, inputs))
                .setOutput(0, TinyModels.value("y", -1, 2))
                .addInitializer(TinyModels.floats("w", new long[] {inputs, 2}, weight))
                .addInitializer(TinyModels.floats("b", new long[] {2}, 0.3f, -0.21f));
        Model model = Engine.open(
                Files.write(
                        folder.resolve("gemm.onnx"),
                        TinyModels.model(13, graph).build().toByteArray()),
                true);
        Dataset data = SampleRun.data("digits_calibration", 100);
        Session settings = SampleRun.settings(model, 3, false, 3, data);
        ResolvedSettings resolved = SampleRun.resolve(model, settings);
        Grid x = resolved.activations().get(new TensorId("x")).grid(0);
        Grid w = resolved.weights().get(new TensorId("w")).grid(0);
        double unit = (double) resolved.activations().get(new TensorId("x")).scale(0)
                * resolved.weights().get(new TensorId("w")).scale(0);
        float[] bias = {0.3f, -0.21f};

        float[] corrected = bias(correct(model, data, settings).model(), "b");

        float[] sample = new float[inputs];
        for (int c = 0; c < 2; c++) {
            double wanted = bias[c];
            double got = unit * Math.rint(bias[c] / unit);
            assertThat(Math.abs(got - bias[c]))
                    .as("what rounding the bias does")
                    .isGreaterThan(0.01);
            for (int s = 0; s < data.size(); s++) {
                data.fill(new int[] {s}, sample);
                for (int i = 0; i < inputs; i++) {
                    wanted += (double) sample[i] * weight[2 * i + c] / data.size();
                    got += (double) x.quantize(sample[i]) * w.quantize(weight[2 * i + c]) / data.size();
                }
            }
            assertThat((double) corrected[c]).isCloseTo(bias[c] + wanted - got, within(1e-4));
        }
        assertThat(resolved.activations())
                .as("the layer has a quantizer of its own behind it")
                .containsKey(new TensorId("y"));
    }

    @Test
    void settingsWithoutRangesAreBadInput() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        Dataset data = SampleRun.data("fashion_mnist_calibration", 32);
        Session settings =
                Session.of(SampleRun.settings(model, 4, false, 8, data).state());
        assertThatThrownBy(() -> correct(model, data, settings))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("activation_ranges");
    }

    private static float[] bias(Model model, String name) {
        return model.find(new TensorId(name)).orElseThrow().data().toFloats();
    }

    private static Model baked(Model model, Session settings) {
        ModelRewrite rewrite = new ModelRewrite(model);
        SampleRun.resolve(model, settings)
                .weights()
                .forEach((id, params) -> rewrite.values(
                        id, ErrorPass.fakeQuantize(model.find(id).orElseThrow(), params, new CancelToken())));
        return rewrite.model();
    }

    private static double[] means(Model model, Dataset data) {
        SampleFeed feed = SampleFeed.of(model, data);
        try (OrtModel loaded = OrtModel.load(InstrumentedGraph.plain(model), "plain", OrtModel.Options.DEFAULT)) {
            int[] all = IntStream.range(0, data.size()).toArray();
            Logits logits = Logits.of(loaded, model, feed, all, Map.of(), new CancelToken());
            double[] means = new double[logits.classes()];
            for (int i = 0; i < logits.values().length; i++) {
                means[i % means.length] += logits.values()[i] / (double) logits.rows();
            }
            return means;
        }
    }
}
