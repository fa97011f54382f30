package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.TwinTflite;

/** A TensorFlow Lite model and the ONNX model with the same weights are seen alike. */
class TfliteTwinTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    Path folder;

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    /** What is seen of a model. */
    private record Seen(Model model, Observed observed, AccuracyEstimate accuracy) {
        static Seen of(Model model, Dataset calibration, Dataset test, QuantSpec activations) {
            Observed observed = Engine.observe(model, calibration, Progress.NONE, NEVER);
            SessionState state =
                    SessionState.of(new FileRef(model.file(), "00")).withActivations(Optional.of(activations));
            ResolvedSettings resolved = Engine.resolve(model, state, Calibration.of(observed), Progress.NONE, NEVER);
            try (LiveEvaluator evaluator = Engine.evaluator(model, test)) {
                AccuracyEstimate accuracy = evaluator.evaluate(
                        new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()), NEVER, _ -> {});
                return new Seen(model, observed, accuracy);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "digits_mlp, digits, 1000, 64",
        "fashion_lenet, fashion_mnist, 200, 28 28 1",
        "fashion_mobilenet_folded, fashion_mnist, 40, 28 28 1"
    })
    void histogramsAndAccuracyAreThoseOfTheOnnxTwin(String name, String data, int samples, String shape)
            throws IOException {
        Model onnx = Engine.open(sample(name + ".onnx"), true);
        int[] input =
                Arrays.stream(shape.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
        Model lite = Engine.open(Files.write(folder.resolve("twin.tflite"), TwinTflite.of(onnx, input)), true);
        Dataset calibration = Datasets.open(sample(data + "_calibration.npz")).limit(50);
        Dataset test = Datasets.open(sample(data + "_test.npz")).limit(samples);

        Seen theirs = Seen.of(onnx, calibration, test, QuantSpec.ACTIVATIONS);
        Seen ours = Seen.of(lite, calibration, test, QuantSpec.ACTIVATIONS);

        // Names of weights and activations are the file's, also where the layout is another one.
        assertThat(lite.tensors().stream()
                        .filter(t -> t.info().dtype().isFloating())
                        .map(t -> t.id().name()))
                .containsAll(onnx.tensors().stream()
                        .filter(t -> !t.info().consumers().isEmpty()
                                && t.info().shape().rank() > 0)
                        .map(t -> t.id().name())
                        .toList());
        Map<TensorId, MomentSketch> twin = new LinkedHashMap<>(theirs.observed.sketches());
        assertThat(ours.observed.sketches().keySet()).containsAll(twin.keySet());
        twin.forEach((id, sketch) -> {
            MomentSketch same = ours.observed.sketches().get(id);
            double size = sketch.absMax();
            assertThat(same.count()).as(id.name()).isEqualTo(sketch.count());
            assertThat(same.zeros()).as(id.name()).isCloseTo(sketch.zeros(), within(sketch.count() / 5000));
            assertThat((double) same.min()).as(id.name()).isCloseTo(sketch.min(), within(1e-5 * size));
            assertThat((double) same.max()).as(id.name()).isCloseTo(sketch.max(), within(1e-5 * size));
            assertThat(same.mean()).as(id.name()).isCloseTo(sketch.mean(), within(1e-5 * size));
            assertThat(same.std()).as(id.name()).isCloseTo(sketch.std(), within(1e-5 * size));
        });
        assertThat(ours.accuracy.floatScore()).isEqualTo(theirs.accuracy.floatScore());
        if (ours.observed.sketches().size() == twin.size()) {
            assertThat(ours.accuracy.score()).isEqualTo(theirs.accuracy.score());
        }
        for (var weight : onnx.tensors()) {
            if (weight.info().channelAxis().isPresent()) {
                assertThat(lite.find(weight.id()).orElseThrow().info().channelAxis())
                        .as(weight.id().name())
                        .isEqualTo(weight.info().channelAxis());
            }
        }
    }
}
