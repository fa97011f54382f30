package org.quantscope.core.figure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.SyntheticTensor;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

class FiguresTest {
    private static final FileRef REF = new FileRef(Path.of("m"), "0".repeat(64));
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.root"), "sample-models");

    private final CancelToken cancel = new CancelToken();
    private final FigureSources sources = new FigureSources(1, 1);

    @AfterEach
    void close() {
        sources.close();
    }

    private FigureSource source(Tensor tensor, QuantSpec spec) {
        Model model =
                new Model(Path.of("m"), "synthetic", OptionalInt.empty(), List.of(tensor), Optional.empty(), List.of());
        return sources.of(new FigureSource.Scene(
                model,
                model,
                SessionState.of(REF).withWeights(Optional.of(spec)),
                Optional.of(tensor.id()),
                Calibration.NONE,
                Optional.empty(),
                Optional.empty()));
    }

    private static OptionalDouble figure(String id, FigureSource source) {
        return Figures.byId(id).orElseThrow().of(source);
    }

    private static double value(String id, FigureSource source) {
        return figure(id, source).orElseThrow();
    }

    @Test
    void idsAreDistinctAndEveryFigureSaysWhatItIs() {
        assertThat(new HashSet<>(Figures.all().stream().map(Figure::id).toList()))
                .hasSameSizeAs(Figures.all());
        assertThat(Figures.all()).allSatisfy(f -> {
            assertThat(f.title()).isNotBlank();
            assertThat(f.doc()).endsWith(".");
        });
    }

    /** Errors, codes and levels of one tensor are those that the engine's own passes give. */
    @Test
    void figuresOfATensorAreTheEngines() {
        Tensor tensor = new SyntheticTensor(Distribution.LAPLACE, 1, 4096).tensor("w");
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Manual(ClipRange.symmetric(3.5f)));
        FigureSource source = source(tensor, spec);
        float[] x = tensor.data().toFloats();
        double squares = 0;
        double clipped = 0;
        double clippedSquares = 0;
        for (float v : x) {
            double q = Math.clamp(Math.rint(v / 0.5f), -7, 7) * 0.5;
            squares += (v - q) * (v - q);
            clipped += Math.abs(v) > 3.5f ? 1 : 0;
            clippedSquares += Math.abs(v) > 3.5f ? (v - q) * (v - q) : 0;
        }

        assertThat(value("scale", source)).isEqualTo(0.5);
        assertThat(value("bits", source)).isEqualTo(4);
        assertThat(value("codes", source)).isEqualTo(15);
        assertThat(value("highest_level", source)).isEqualTo(3.5);
        assertThat(value("mse", source)).isCloseTo(squares / x.length, within(1e-9));
        assertThat(value("rmse_in_steps", source)).isCloseTo(Math.sqrt(squares / x.length) / 0.5, within(1e-6));
        assertThat(value("clipped", source)).isEqualTo(clipped);
        assertThat(value("clipping_share", source)).isCloseTo(100 * clippedSquares / squares, within(1e-6));
        assertThat(value("error_over_least", source)).isGreaterThan(1);
        assertThat(value("least_mse", source)).isLessThan(value("mse", source));
    }

    @Test
    void aFigureThatDoesNotExistIsEmptyAndNotZero() {
        Tensor tensor = new SyntheticTensor(Distribution.NORMAL, 1, 64).tensor("w");

        assertThat(figure("accuracy", source(tensor, QuantSpec.WEIGHTS))).isEmpty();
        assertThat(figure("channels", source(tensor, QuantSpec.WEIGHTS))).isEmpty();
        assertThat(figure("output_sqnr_db", source(tensor, QuantSpec.WEIGHTS))).isEmpty();
        assertThat(figure(
                        "rmse_in_steps",
                        source(tensor, QuantSpec.WEIGHTS.withScheme("nf4").withBits(4))))
                .isEmpty();
    }

    @Test
    void oneLoudChannelSilencesTheOthersUntilEachHasItsScale() {
        Tensor tensor = new SyntheticTensor(
                        Distribution.LOUD_CHANNEL, Map.of("channels", 8.0, "loudness", 1000.0), 1, 4096)
                .tensor("w");
        FigureSource together = source(tensor, QuantSpec.WEIGHTS);
        FigureSource apart = source(tensor, QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL));

        assertThat(value("channels", together)).isEqualTo(8);
        assertThat(value("loud_to_quiet", together)).isBetween(700.0, 1500.0);
        assertThat(value("channels_silenced", together)).isEqualTo(7);
        assertThat(value("channels_silenced", apart)).isZero();
        assertThat(figure("scale", apart)).isEmpty();
    }

    @Test
    void figuresOfAModelAreThoseOfAnEvaluation() throws IOException {
        Model model = Engine.open(SAMPLES.resolve("digits_mlp.onnx"), true);
        Dataset data = Datasets.open(SAMPLES.resolve("digits_test.npz")).limit(100);
        SessionState state = SessionState.of(REF).withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)));
        TensorId weight = model.tensors().stream()
                .filter(t -> t.info().shape().rank() == 2)
                .findFirst()
                .orElseThrow()
                .id();
        FigureSource source = sources.of(new FigureSource.Scene(
                model, model, state, Optional.of(weight), Calibration.NONE, Optional.empty(), Optional.of(data)));
        ResolvedSettings settings = Engine.resolve(model, state, Progress.NONE, cancel);
        AccuracyEstimate expected;
        try (LiveEvaluator evaluator = Engine.evaluator(model, data)) {
            expected = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), settings.weights(), Map.of()), cancel, partial -> {});
        }
        ErrorReport error = ErrorPass.measure(
                model.find(weight).orElseThrow(),
                settings.find(weight).orElseThrow().params(),
                cancel);

        assertThat(value("accuracy", source)).isEqualTo(100 * expected.score());
        assertThat(value("float_accuracy", source)).isEqualTo(100 * expected.floatScore());
        assertThat(value("flips", source)).isEqualTo(100 - expected.agree().getAsInt());
        assertThat(value("sqnr_db", source)).isEqualTo(error.sqnrDb().orElseThrow());
        assertThat(value("model_bytes", source)).isLessThan(value("float_bytes", source) / 4);
    }
}
