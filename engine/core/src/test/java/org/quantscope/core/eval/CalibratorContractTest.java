package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;

/**
 * With 8 bits no calibrator for activations is more than 5 points below min–max. All sample models on all samples, on
 * symmetric grids too: {@code CalibratorMatrix} in {@code engine/bench}.
 */
class CalibratorContractTest {
    private static final CancelToken NEVER = new CancelToken();

    @ParameterizedTest
    @CsvSource({"digits_mlp, digits", "fashion_lenet, fashion_mnist"})
    void noCalibratorIsFarBelowMinMax(String name, String data) throws IOException {
        Path folder = Path.of(System.getProperty("quantscope.samples"));
        Path file = folder.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        Dataset calibration =
                Datasets.open(folder.resolve(data + "_calibration.npz")).limit(100);
        Calibration seen = Calibration.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER));
        SessionState base = SessionState.of(FileRef.of(file, NEVER)).withWeights(Optional.of(QuantSpec.WEIGHTS));
        Resolver resolver = new Resolver();
        Map<String, Double> scores = new TreeMap<>();
        try (LiveEvaluator evaluator = Engine.evaluator(
                model, Datasets.open(folder.resolve(data + "_test.npz")).limit(200))) {
            for (Calibrator calibrator : Calibrators.all()) {
                if (!calibrator.isForWeights()) {
                    QuantSpec spec = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto(calibrator.id()));
                    ResolvedSettings settings = resolver.resolve(
                            model, base.withActivations(Optional.of(spec)), seen, (a, b, c) -> {}, NEVER);
                    EvalRequest request = new EvalRequest(Optional.empty(), settings.weights(), settings.activations());
                    scores.put(
                            calibrator.id(),
                            evaluator.evaluate(request, NEVER, e -> {}).score());
                }
            }
        }

        double least = scores.getOrDefault("minmax", 0.0) - 0.05;
        assertThat(least).isGreaterThan(0.8);
        assertThat(scores)
                .hasSizeGreaterThan(10)
                .allSatisfy((id, score) -> assertThat(score).as(id).isGreaterThanOrEqualTo(least));
    }
}
