package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;

/**
 * An exported QDQ model with weights and activations at 8 bits, in ONNX Runtime beside the live evaluation: once with its nodes run
 * as they are written, which is what the file says, and once with int8 kernels in place of them, which round otherwise.
 */
public final class ExportBench {
    private static final CancelToken NEVER = new CancelToken();

    private ExportBench() {}

    /** @param args names of sample models without {@code .onnx}; all of them if there are none */
    public static void main(String[] args) throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        List<String> names = List.of(args);
        if (names.isEmpty()) {
            try (Stream<Path> files = Files.list(samples)) {
                names = files.map(f -> f.getFileName().toString()).filter(n -> n.endsWith(".onnx")).map(n -> n.replace(".onnx", "")).sorted().toList();
            }
        }
        System.out.println("| model, weights | samples | live, correct | as written: same answer as live | largest logit difference | correct | int8 kernels: same answer as live | largest logit difference | correct |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        for (String name : names) {
            for (Granularity granularity : List.of(Granularity.TENSOR, Granularity.CHANNEL)) {
                row(samples, name, granularity);
            }
        }
    }

    private static void row(Path samples, String name, Granularity granularity) throws IOException {
        Path file = samples.resolve(name + ".onnx");
        String prefix = name.startsWith("digits") ? "digits" : "fashion_mnist";
        Dataset data = Datasets.open(samples.resolve(prefix + "_test.npz"));
        Dataset calibration = Datasets.open(samples.resolve(prefix + "_calibration.npz"));
        Model model = Engine.open(file, true);
        SessionState choices = SessionState.of(FileRef.of(file, NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withGranularity(granularity)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        SessionState state = choices.withActivationRanges(ActivationRanges.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER).sketches(), choices, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, (a, b, c) -> {}, NEVER);
        ExportPlan plan = new ExportPlan(model, state, resolved.weights(), resolved.activations());
        Path folder = Files.createTempDirectory("quantscope-bench");
        Path exported = folder.resolve(name + ".qdq.onnx");
        try {
            Exporters.export(Exporters.byId("onnx-qdq"), plan, exported, NEVER);
            byte[] bytes = Files.readAllBytes(exported);
            EvalRequest request = new EvalRequest(Optional.empty(), plan.weights(), plan.activations()).withTies(model);
            SampleFeed feed = SampleFeed.of(model, data);
            Tally written = new Tally();
            Tally kernels = new Tally();
            int correct = 0;
            QuantizedSession live = QuantizedSession.build(model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, NEVER);
            try (OrtModel _ = live.loaded().getFirst();
                    OrtModel asWritten = OrtModel.load(bytes, name, new OrtModel.Options(2, false));
                    OrtModel fused = OrtModel.load(bytes, name, new OrtModel.Options(2, true));
                    QuantizedSession.Feeds feeds = live.feeds(request, NEVER)) {
                for (int from = 0; from < data.size(); from += feed.batchSize()) {
                    int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize())).toArray();
                    Logits ours = live.logits(feed, batch, feeds, NEVER);
                    for (int i = 0; i < batch.length; i++) {
                        correct += ours.top(i) == data.label(batch[i]) ? 1 : 0;
                    }
                    written.add(ours, Logits.of(asWritten, model, feed, batch, Map.of(), NEVER), data, batch);
                    kernels.add(ours, Logits.of(fused, model, feed, batch, Map.of(), NEVER), data, batch);
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "| `%s`, per %s | %d | %.2f %% | %s | %s |%n",
                    name,
                    granularity.equals(Granularity.TENSOR) ? "tensor" : "channel",
                    data.size(),
                    100.0 * correct / data.size(),
                    written.text(data.size()),
                    kernels.text(data.size()));
        } finally {
            Files.deleteIfExists(exported);
            Files.delete(folder);
        }
    }

    /** How far a runtime's answers are from the live ones. */
    private static final class Tally {
        private int agree;
        private int correct;
        private double largest;

        void add(Logits live, Logits theirs, Dataset data, int[] batch) {
            for (int i = 0; i < batch.length; i++) {
                agree += live.top(i) == theirs.top(i) ? 1 : 0;
                correct += theirs.top(i) == data.label(batch[i]) ? 1 : 0;
            }
            for (int i = 0; i < live.values().length; i++) {
                largest = Math.max(largest, Math.abs((double) live.values()[i] - theirs.values()[i]));
            }
        }

        String text(int samples) {
            return String.format(Locale.ROOT, "%.2f %% | %.3g | %.2f %%", 100.0 * agree / samples, largest, 100.0 * correct / samples);
        }
    }
}
