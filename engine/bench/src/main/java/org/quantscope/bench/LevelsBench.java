package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.BakedWeights;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.InstrumentedGraph.Way;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

/**
 * The time of each scheme on all activations of a network, beside the uniform grid in both of its forms in the graph
 * and the float network, in one run.
 */
public final class LevelsBench {
    private static final CancelToken NEVER = new CancelToken();
    private static final int ROUNDS = 7;
    private static final int BATCHES = 4;
    private static final List<String> MODELS = List.of("fashion_resnet", "fashion_mobilenet", "fashion_vit");

    private LevelsBench() {}

    private record Timed(
            String title,
            Map<Way, Integer> ways,
            QuantizedSession session,
            QuantizedSession.Feeds feeds,
            double feedMillis,
            List<Double> millis) {
        double least() {
            return millis.stream().mapToDouble(d -> d).min().orElseThrow();
        }
    }

    /** Arguments: names of sample models; without any, the usual three. */
    public static void main(String[] args) throws IOException {
        for (String name : args.length == 0 ? MODELS : Arrays.asList(args)) {
            run(name);
        }
    }

    private static void run(String name) throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Path file = samples.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        SessionState base = SessionState.of(FileRef.of(file, NEVER)).withWeights(Optional.empty());
        Map<TensorId, MomentSketch> seen = Engine.observe(
                        model,
                        Datasets.open(samples.resolve("fashion_mnist_calibration.npz"))
                                .limit(128),
                        (a, b, c) -> {},
                        NEVER)
                .sketches();
        Dataset data = Datasets.open(samples.resolve("fashion_mnist_test.npz"));
        SampleFeed feed = SampleFeed.of(model, data);

        Map<String, Map<TensorId, QuantParams>> settings = new LinkedHashMap<>();
        settings.put("float", Map.of());
        settings.put("uniform 8", activations(model, base, seen, Quantizers.byId("uniform"), 8));
        settings.put("uniform 9", activations(model, base, seen, Quantizers.byId("uniform"), 9));
        for (Quantizer scheme : Quantizers.all()) {
            if (!scheme.traits().isAffine() && scheme.traits().blockSize() == 0) {
                int most = Math.min(8, scheme.traits().maxBits());
                if (scheme.traits().minBits() < most) {
                    settings.put(scheme.id() + " 4", activations(model, base, seen, scheme, 4));
                }
                settings.put(scheme.id() + " " + most, activations(model, base, seen, scheme, most));
            }
        }
        List<Timed> all = new ArrayList<>();
        settings.forEach((title, activations) -> all.add(timed(model, title, activations)));
        try {
            for (int round = -1; round < ROUNDS; round++) {
                for (Timed t : all) {
                    long from = System.nanoTime();
                    for (int b = 0; b < BATCHES; b++) {
                        int first = b * feed.batchSize();
                        t.session.logits(
                                feed,
                                IntStream.range(first, first + feed.batchSize()).toArray(),
                                t.feeds,
                                NEVER);
                    }
                    if (round >= 0) {
                        t.millis.add((System.nanoTime() - from) * 1e-6);
                    }
                }
            }
        } finally {
            all.forEach(t -> {
                t.feeds.close();
                t.session.loaded().forEach(OrtModel::close);
            });
        }
        double plain = all.get(0).least();
        double codes = all.get(1).least() - plain;
        double chain = all.get(2).least() - plain;
        System.out.println();
        System.out.println("### " + name + ", " + BATCHES * feed.batchSize() + " samples, " + seen.size()
                + " activations, 2 threads");
        System.out.println();
        System.out.println(
                "| activations | ways | ms | of float | quantizers alone: of uniform codes | of the uniform chain |"
                        + " feeds of one request, ms |");
        System.out.println("|---|---|--:|--:|--:|--:|--:|");
        for (Timed t : all) {
            double own = t.least() - plain;
            System.out.println(String.format(
                    Locale.ROOT,
                    "| %s | %s | %.1f | %.2f | %.1f | %.1f | %.2f |",
                    t.title,
                    t.ways,
                    t.least(),
                    t.least() / plain,
                    own / codes,
                    own / chain,
                    t.feedMillis));
        }
    }

    private static Map<TensorId, QuantParams> activations(
            Model model, SessionState base, Map<TensorId, MomentSketch> seen, Quantizer scheme, int bits) {
        QuantSpec spec = scheme.adapt(QuantSpec.ACTIVATIONS.withBits(bits).withSigned(true));
        SessionState state = base.withActivations(Optional.of(spec));
        Calibration calibration = Calibration.of(new Observed(seen, Map.of()));
        return Engine.resolve(model, state, calibration, (a, b, c) -> {}, NEVER).activations();
    }

    private static Timed timed(Model model, String title, Map<TensorId, QuantParams> activations) {
        EvalRequest request = new EvalRequest(Optional.empty(), Map.of(), new HashMap<>(activations));
        QuantizedSession.Key key = QuantizedSession.Key.of(request, model);
        Map<Way, Integer> ways = new TreeMap<>();
        key.activations().values().forEach(form -> ways.merge(form.way(), 1, Integer::sum));
        QuantizedSession session =
                QuantizedSession.build(model, key, false, new BakedWeights(0), OrtModel.Options.DEFAULT, NEVER);
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < ROUNDS; i++) {
            long from = System.nanoTime();
            session.feeds(request, NEVER).close();
            least = Math.min(least, (System.nanoTime() - from) * 1e-6);
        }
        return new Timed(title, ways, session, session.feeds(request, NEVER), least, new ArrayList<>());
    }
}
