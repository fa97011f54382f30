package org.quantscope.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.OnnxQdqExporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sensitivity.SensitivityCache;
import org.quantscope.core.sensitivity.SensitivitySweep;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * How long a sensitivity sweep takes for each tensor, with every weight and activation at 8 bits. After every few
 * evaluations of the sweep, the same evaluation is measured in the usual way: write a QDQ model, make a new session of
 * it, evaluate it.
 */
public final class SensitivityBench {
    private static final CancelToken NEVER = new CancelToken();
    private static final int THREADS = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
    /**
     * One evaluation out of this many is measured in the usual way. The number does not divide the evaluations of a
     * sweep, so that tensors of every kind are measured.
     */
    private static final int NAIVE_EVERY = 7;

    private SensitivityBench() {}

    /**
     * Arguments: the number of samples to evaluate on, then names of sample models. The defaults are 2000,
     * {@code fashion_resnet} and {@code fashion_mobilenet}.
     */
    public static void main(String[] args) throws IOException {
        System.out.println(Runtime.getRuntime().availableProcessors() + " processors, " + THREADS
                + " threads each way, JDK " + Runtime.version() + ", load average at the start " + load());
        System.out.println();
        System.out.println(
                "| model | samples | tensors | evaluations | sweep, s | a tensor, s | an evaluation, ms | today's way,"
                        + " ms | times faster | times cheaper |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        int samples = args.length == 0 ? 2000 : Integer.parseInt(args[0]);
        for (String name : args.length < 2
                ? List.of("fashion_resnet", "fashion_mobilenet")
                : Arrays.asList(args).subList(1, args.length)) {
            run(name, samples);
        }
        System.out.println();
        System.out.println("load average at the end " + load());
    }

    private static String load() {
        return String.format(
                Locale.ROOT,
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    /** Processor time of all threads of this process, in milliseconds. */
    private static double cpu() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getProcessCpuTime() * 1e-6
                : Double.NaN;
    }

    private static void run(String name, int samples) throws IOException {
        Path folder = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Path file = folder.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        SessionState state =
                SessionState.of(FileRef.of(file, NEVER)).withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration seen = Calibration.of(Engine.observe(
                model, Datasets.open(folder.resolve("fashion_mnist_calibration.npz")), Progress.NONE, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, Progress.NONE, NEVER);
        Dataset data = Datasets.open(folder.resolve("fashion_mnist_test.npz")).limit(samples);
        SensitivitySweep sweep =
                new SensitivitySweep(model, resolved.weights(), resolved.activations(), new SensitivityCache());
        Naive naive = new Naive(model, state, resolved, data, sweep);
        String[] now = {""};
        double begun = System.nanoTime() * 1e-6;
        double cpuBegun = cpu();
        try (LiveEvaluator evaluator = Engine.evaluator(model, data)) {
            sweep.run(
                    evaluator,
                    data.size(),
                    (done, total, what) -> now[0] = what,
                    NEVER,
                    part -> naive.evaluated(now[0]));
        } finally {
            Files.deleteIfExists(naive.file);
        }
        // Time of the sweep alone, with the predictions of the float model and the building of sessions.
        double wall = System.nanoTime() * 1e-6 - begun - naive.wall;
        double cost = cpu() - cpuBegun - naive.cpu;
        int evaluations = 1 + 2 * sweep.tensors().size();
        System.out.println(String.format(
                Locale.ROOT,
                "| `%s` | %d | %d | %d | %.1f | %.2f | %.0f | %.0f | %.1f | %.1f |",
                name,
                data.size(),
                sweep.tensors().size(),
                evaluations,
                wall * 1e-3,
                wall * 1e-3 / sweep.tensors().size(),
                wall / evaluations,
                naive.wall / naive.count,
                naive.wall / naive.count / (wall / evaluations),
                naive.cpu / naive.count / (cost / evaluations)));
    }

    /** The usual way, for some of the evaluations of a sweep. */
    private static final class Naive {
        private final Model model;
        private final SessionState state;
        private final ResolvedSettings all;
        private final SampleFeed feed;
        private final int[][] batches;
        private final SensitivitySweep sweep;
        private final Path file = Files.createTempFile("quantscope-bench", ".onnx");
        private int seen;
        private int count;
        private double wall;
        private double cpu;

        Naive(Model model, SessionState state, ResolvedSettings all, Dataset data, SensitivitySweep sweep)
                throws IOException {
            this.model = model;
            this.state = state;
            this.all = all;
            this.sweep = sweep;
            this.feed = SampleFeed.of(model, data);
            int size = feed.batchSize();
            this.batches = IntStream.range(0, Math.ceilDiv(data.size(), size))
                    .mapToObj(b -> IntStream.range(b * size, Math.min(data.size(), (b + 1) * size))
                            .toArray())
                    .toArray(int[][]::new);
        }

        /**
         * Measures the evaluation if it is the next one to be measured.
         *
         * @param what a text such as {@code only f.0.weight, 3 of 99}
         */
        void evaluated(String what) {
            if (seen++ % NAIVE_EVERY != 0) {
                return;
            }
            Map<TensorId, QuantParams> weights = new HashMap<>(all.weights());
            Map<TensorId, QuantParams> activations = new HashMap<>(all.activations());
            sweep.tensors().stream()
                    .filter(t -> what.startsWith("only " + t.id() + ", "))
                    .findFirst()
                    .ifPresent(t -> {
                        weights.keySet().retainAll(List.of(t.id()));
                        activations.keySet().retainAll(List.of(t.id()));
                    });
            sweep.tensors().stream()
                    .filter(t -> what.startsWith("all but " + t.id() + ", "))
                    .findFirst()
                    .ifPresent(t -> {
                        weights.remove(t.id());
                        activations.remove(t.id());
                    });
            double cpuBefore = SensitivityBench.cpu();
            long from = System.nanoTime();
            try {
                new OnnxQdqExporter().write(new ExportPlan(model, state, weights, activations), file, NEVER);
                try (OrtModel session =
                        OrtModel.load(Files.readAllBytes(file), "qdq", new OrtModel.Options(THREADS, true))) {
                    for (int[] batch : batches) {
                        Logits logits = Logits.of(session, model, feed, batch, Map.of(), NEVER);
                        for (int i = 0; i < logits.rows(); i++) {
                            logits.top(i);
                        }
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            wall += (System.nanoTime() - from) * 1e-6;
            cpu += SensitivityBench.cpu() - cpuBefore;
            count++;
        }
    }
}
