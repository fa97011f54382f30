package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
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
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Compares an exported QDQ model with the live evaluation, weights and activations at 8 bits. ONNX Runtime runs the
 * file twice: node by node, which is what the file says, and with int8 kernels in place of the nodes, which round
 * differently. Then it reports how sure the model is of the samples with another answer, and which kernels the
 * differences begin in.
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
                names = files.map(f -> f.getFileName().toString())
                        .filter(n -> n.endsWith(".onnx"))
                        .map(n -> n.replace(".onnx", ""))
                        .sorted()
                        .toList();
            }
        }
        System.out.println(
                "| model, weights | samples | live, correct | as written: same answer as live | largest logit"
                        + " difference | correct | int8 kernels: same answer as live | largest logit difference |"
                        + " correct |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        List<String> margins = new ArrayList<>();
        List<String> origins = new ArrayList<>();
        List<String> mixes = new ArrayList<>();
        for (String name : names) {
            for (Granularity granularity : List.of(Granularity.TENSOR, Granularity.CHANNEL)) {
                row(samples, name, granularity, margins, origins, mixes);
            }
        }
        System.out.println();
        System.out.println(
                "Samples by the distance of the two largest logits as written, in steps of the logits' grid; in front"
                        + " of the slash those that int8 kernels answer otherwise.");
        System.out.println();
        System.out.println("| model, weights | 0 | 1 | 2 | 3 | more |");
        System.out.println("|---|--:|--:|--:|--:|--:|");
        margins.forEach(System.out::println);
        System.out.println();
        System.out.println(
                "Codes of the first samples behind each quantizer whose own inputs are the same both ways, by the node"
                        + " in front of it.");
        System.out.println();
        System.out.println(KernelDifferences.HEADER);
        origins.forEach(System.out::println);
        System.out.println();
        System.out.println("Int8 kernels for all but Softmax, which runs as written.");
        System.out.println();
        System.out.println("| model, weights | same answer as written | largest logit difference | correct |");
        System.out.println("|---|--:|--:|--:|");
        mixes.forEach(System.out::println);
    }

    private static void row(
            Path samples,
            String name,
            Granularity granularity,
            List<String> margins,
            List<String> origins,
            List<String> mixes)
            throws IOException {
        Path file = samples.resolve(name + ".onnx");
        String prefix = name.startsWith("digits") ? "digits" : "fashion_mnist";
        Dataset data = Datasets.open(samples.resolve(prefix + "_test.npz"));
        Dataset calibration = Datasets.open(samples.resolve(prefix + "_calibration.npz"));
        Model model = Engine.open(file, true);
        SessionState state = SessionState.of(FileRef.of(file, NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withGranularity(granularity)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration seen = Calibration.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER));
        Resolver resolver = new Resolver();
        ResolvedSettings resolved = resolver.resolve(model, state, seen, (a, b, c) -> {}, NEVER);
        ExportPlan plan = new ExportPlan(model, new Session(state, resolver.ranges(state, seen, NEVER)), resolved);
        Path folder = Files.createTempDirectory("quantscope-bench");
        Path exported = folder.resolve(name + ".qdq.onnx");
        try {
            Exporters.export(Exporters.byId("onnx-qdq"), plan, exported, NEVER);
            byte[] bytes = Files.readAllBytes(exported);
            EvalRequest request = new EvalRequest(Optional.empty(), plan.weights(), plan.activations()).withTies(model);
            SampleFeed feed = SampleFeed.of(model, data);
            Tally written = new Tally();
            Tally kernels = new Tally();
            Margins near = new Margins(model.graph()
                    .orElseThrow()
                    .predictionOutput()
                    .map(TensorId::new)
                    .map(plan.activations()::get)
                    .map(p -> p.scales()[0])
                    .orElse(1f));
            int correct = 0;
            QuantizedSession live = QuantizedSession.build(
                    model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, NEVER);
            try (OrtModel _ = live.loaded().getFirst();
                    OrtModel asWritten = OrtModel.load(bytes, name, new OrtModel.Options(2, false));
                    OrtModel fused = OrtModel.load(bytes, name, new OrtModel.Options(2, true));
                    QuantizedSession.Feeds feeds = live.feeds(request, NEVER)) {
                for (int[] batch : batches(feed)) {
                    Logits ours = live.logits(feed, batch, feeds, NEVER);
                    for (int i = 0; i < batch.length; i++) {
                        correct += ours.top(i) == data.label(batch[i]) ? 1 : 0;
                    }
                    written.add(ours, Logits.of(asWritten, model, feed, batch, Map.of(), NEVER), data, batch);
                    Logits integers = Logits.of(fused, model, feed, batch, Map.of(), NEVER);
                    kernels.add(ours, integers, data, batch);
                    near.add(ours, integers);
                }
            }
            String what = "`" + name + "`, per " + (granularity.equals(Granularity.TENSOR) ? "tensor" : "channel");
            margins.add("| " + what + " | " + near.text() + " |");
            origins.addAll(KernelDifferences.rows(what, bytes, feed));
            Optional<byte[]> softmax = KernelDifferences.kept(bytes, "Softmax");
            if (softmax.isPresent()) {
                Tally kept = new Tally();
                try (OrtModel mixed = OrtModel.load(softmax.get(), name, new OrtModel.Options(2, true));
                        OrtModel asWritten = OrtModel.load(bytes, name, new OrtModel.Options(2, false))) {
                    for (int[] batch : batches(feed)) {
                        kept.add(
                                Logits.of(asWritten, model, feed, batch, Map.of(), NEVER),
                                Logits.of(mixed, model, feed, batch, Map.of(), NEVER),
                                data,
                                batch);
                    }
                }
                mixes.add("| " + what + " | " + kept.text(data.size()) + " |");
            }
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %d | %.2f %% | %s | %s |%n",
                    what,
                    data.size(),
                    100.0 * correct / data.size(),
                    written.text(data.size()),
                    kernels.text(data.size()));
        } finally {
            Files.deleteIfExists(exported);
            Files.delete(folder);
        }
    }

    private static List<int[]> batches(SampleFeed feed) {
        int size = feed.data().size();
        return IntStream.iterate(0, from -> from < size, from -> from + feed.batchSize())
                .mapToObj(from -> IntStream.range(from, Math.min(size, from + feed.batchSize()))
                        .toArray())
                .toList();
    }

    /** The margin between the best and the second best answer, and how often another runtime gives another answer. */
    private static final class Margins {
        private static final int LAST = 4;

        private final float step;
        private final int[] all = new int[LAST + 1];
        private final int[] other = new int[LAST + 1];

        Margins(float step) {
            this.step = step;
        }

        void add(Logits written, Logits kernels) {
            int classes = written.classes();
            for (int i = 0; i < written.rows(); i++) {
                int top = written.top(i);
                float first = written.values()[i * classes + top];
                float second = Float.NEGATIVE_INFINITY;
                for (int c = 0; c < classes; c++) {
                    second = c == top ? second : Math.max(second, written.values()[i * classes + c]);
                }
                int at = Math.min(LAST, Math.round((first - second) / step));
                all[at]++;
                other[at] += kernels.top(i) == top ? 0 : 1;
            }
        }

        String text() {
            return IntStream.rangeClosed(0, LAST)
                    .mapToObj(i -> other[i] + " / " + all[i])
                    .collect(Collectors.joining(" | "));
        }
    }

    /** How much a runtime's answers differ from those of the live evaluation. */
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
            return String.format(
                    Locale.ROOT,
                    "%.2f %% | %.3g | %.2f %%",
                    100.0 * agree / samples,
                    largest,
                    100.0 * correct / samples);
        }
    }
}
