package org.quantscope.linalg;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.testkit.Breadth;

/** Runs the sample models on their data. */
final class SampleRun {
    static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    private SampleRun() {}

    static Model open(String model) throws IOException {
        return Engine.open(SAMPLES.resolve(model + ".onnx"), true);
    }

    static Dataset data(String name, int limit) throws IOException {
        return Datasets.open(SAMPLES.resolve(name + ".npz")).limit(limit);
    }

    static Correction.Output equalize(Model model) {
        return new CrossLayerEqualization()
                .apply(
                        new Correction.Input(model, Map.of(), Optional.empty(), Optional.empty()),
                        Progress.NONE,
                        new CancelToken());
    }

    /** max|y' − y| / max|y| over all logits. */
    static double change(Model before, Model after, Dataset data) {
        SampleFeed feed = SampleFeed.of(before, data);
        double largest = 0;
        double moved = 0;
        try (OrtModel a = OrtModel.load(InstrumentedGraph.plain(before), "before", OrtModel.Options.DEFAULT);
                OrtModel b = OrtModel.load(InstrumentedGraph.plain(after), "after", OrtModel.Options.DEFAULT)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                float[] x = Logits.of(a, before, feed, batch, Map.of(), new CancelToken())
                        .values();
                float[] y = Logits.of(b, after, feed, batch, Map.of(), new CancelToken())
                        .values();
                for (int i = 0; i < x.length; i++) {
                    largest = Math.max(largest, Math.abs(x[i]));
                    moved = Math.max(moved, Math.abs((double) x[i] - y[i]));
                }
            }
        }
        return moved / largest;
    }

    /**
     * A session with weights of {@code bits} bits and activations of {@code activationBits} bits (0 leaves them in
     * float), calibrated on {@code calibration}.
     */
    static Session settings(Model model, int bits, boolean perChannel, int activationBits, Dataset calibration) {
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS
                        .withBits(bits)
                        .withGranularity(perChannel ? Granularity.CHANNEL : Granularity.TENSOR)));
        if (activationBits == 0) {
            return Session.of(state);
        }
        state = state.withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(activationBits)));
        Calibration seen = Calibration.of(Engine.observe(model, calibration, Progress.NONE, new CancelToken()));
        return new Session(state, new Resolver().ranges(state, seen, new CancelToken()));
    }

    static ResolvedSettings resolve(Model model, Session session) {
        return Engine.resolve(model, session.state(), session.calibration(), Progress.NONE, new CancelToken());
    }

    static AccuracyEstimate evaluate(Model model, Session session, Dataset data) {
        ResolvedSettings resolved = resolve(model, session);
        try (LiveEvaluator evaluator = Engine.evaluator(model, data)) {
            return evaluator.evaluate(
                    new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                    new CancelToken(),
                    x -> {});
        }
    }

    /** One to be equalized, one with depthwise convolutions, and one that has nothing to equalize. */
    static List<String> models() {
        return Breadth.of(
                List.of("fashion_lenet_unequalized", "fashion_mobilenet", "fashion_vit"),
                List.of(
                        "fashion_lenet",
                        "fashion_lenet_unequalized",
                        "fashion_mobilenet",
                        "fashion_mobilenet_folded",
                        "fashion_resnet",
                        "fashion_vit"));
    }
}
