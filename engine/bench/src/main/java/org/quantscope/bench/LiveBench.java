package org.quantscope.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.OnnxQdqExporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * How fast the accuracy follows a drag: every weight and activation at 8 bits, and each tensor's range moved in turn,
 * for each model named. After each move the usual way is measured: write a QDQ model, make a new session of it,
 * evaluate it.
 */
public final class LiveBench {
    private static final CancelToken NEVER = new CancelToken();
    private static final int MOVES = 3;
    private static final int ROUNDS = 5;
    private static final int THREADS = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
    private static final List<String> MODELS =
            List.of("fashion_mobilenet", "fashion_resnet", "fashion_lenet", "fashion_vit");

    private final Model model;
    private final SessionState state;
    private final EvalRequest all;
    private final Dataset data;
    private final SampleFeed feed;
    private final int[][] batches;
    private final int[][] small;

    private LiveBench(String name) throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Path file = samples.resolve(name + ".onnx");
        model = Engine.open(file, true);
        Dataset calibration = Datasets.open(samples.resolve("fashion_mnist_calibration.npz"));
        state = SessionState.of(FileRef.of(file, NEVER)).withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration seen = Calibration.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, (a, b, c) -> {}, NEVER);
        all = new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations());
        data = Datasets.open(samples.resolve("fashion_mnist_test.npz"));
        feed = SampleFeed.of(model, data);
        batches = batches(feed.batchSize());
        try (LiveEvaluator ours = new LiveEvaluator(model, data, Engine.EVALUATION_SEED, THREADS, Optional.empty())) {
            small = batches(ours.batchSize());
        }
    }

    private int[][] batches(int size) {
        return IntStream.range(0, Math.ceilDiv(data.size(), size))
                .mapToObj(b -> IntStream.range(b * size, Math.min(data.size(), (b + 1) * size))
                        .toArray())
                .toArray(int[][]::new);
    }

    /** Arguments: names of sample models; without any, the four that the documentation names. */
    public static void main(String[] args) throws IOException {
        System.out.println(Runtime.getRuntime().availableProcessors() + " processors, " + THREADS
                + " threads each way, JDK " + Runtime.version() + ", load average at the start " + load());
        for (String name : args.length == 0 ? MODELS : Arrays.asList(args)) {
            System.out.println();
            System.out.println("### " + name);
            System.out.println();
            new LiveBench(name).run();
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

    /** Runs {@code work} and returns the milliseconds that it took. */
    private static double time(Runnable work) {
        long from = System.nanoTime();
        work.run();
        return (System.nanoTime() - from) * 1e-6;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(d -> d).average().orElse(Double.NaN);
    }

    private static double worst(List<Double> values) {
        return values.stream().mapToDouble(d -> d).max().orElse(Double.NaN);
    }

    private static double least(List<Double> values) {
        return values.stream().mapToDouble(d -> d).min().orElse(Double.NaN);
    }

    /** Evaluates all samples in a plain session, one batch after the other, each computed by all its threads. */
    private void oneAfterAnother(OrtModel session) {
        for (int[] batch : batches) {
            Logits.of(session, model, feed, batch, Map.of(), NEVER);
        }
    }

    /** Evaluates all samples in a session with as many batches at once as there are threads. */
    private void sideBySide(OrtModel session, int[][] parts, ExecutorService workers) {
        List<Future<?>> open = new ArrayList<>();
        for (int[] batch : parts) {
            open.add(workers.submit(() -> Logits.of(session, model, feed, batch, Map.of(), NEVER)));
        }
        for (Future<?> f : open) {
            try {
                f.get();
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void throughput(LiveEvaluator evaluator) {
        RunnableGraph plain = InstrumentedGraph.plain(model);
        EvalRequest weightsOnly = new EvalRequest(Optional.empty(), all.weights(), Map.of());
        try (OrtModel divided = OrtModel.load(plain, "plain", new OrtModel.Options(THREADS, true));
                OrtModel single = OrtModel.load(plain, "plain", new OrtModel.Options(1, true));
                ExecutorService workers = Executors.newFixedThreadPool(THREADS)) {
            List<Way> ways = List.of(
                    new Way(
                            "float, plain ONNX Runtime, batches of " + batches[0].length + " one after another",
                            () -> oneAfterAnother(divided)),
                    new Way(
                            "float, plain ONNX Runtime, batches of " + batches[0].length + " side by side",
                            () -> sideBySide(single, batches, workers)),
                    new Way(
                            "float, plain ONNX Runtime, batches of " + small[0].length + " side by side",
                            () -> sideBySide(single, small, workers)),
                    new Way("ours, weights quantized", () -> evaluator.evaluate(weightsOnly, NEVER, e -> {})),
                    new Way("ours, weights and activations quantized", () -> evaluator.evaluate(all, NEVER, e -> {})));
            for (int round = -1; round < ROUNDS; round++) {
                for (Way way : ways) {
                    double cpu = cpu();
                    double wall = time(way.work);
                    if (round >= 0) {
                        way.wall.add(wall);
                        way.cpu.add(cpu() - cpu);
                    }
                }
            }
            double wall = ways.stream()
                    .limit(3)
                    .mapToDouble(w -> median(w.wall))
                    .min()
                    .orElseThrow();
            double cpu =
                    ways.stream().limit(3).mapToDouble(w -> median(w.cpu)).min().orElseThrow();
            System.out.println("| the whole set of " + data.size()
                    + ", float reference known | samples/s | of the faster float | processor time, ms | of the"
                    + " cheaper float |");
            System.out.println("|---|--:|--:|--:|--:|");
            for (Way way : ways) {
                System.out.println(String.format(
                        Locale.ROOT,
                        "| %s | %.0f | %.0f %% | %.0f | %.0f %% |",
                        way.name,
                        data.size() / median(way.wall) * 1e3,
                        100 * wall / median(way.wall),
                        median(way.cpu),
                        100 * cpu / median(way.cpu)));
            }
            System.out.println();
        }
    }

    private static final class Way {
        private final String name;
        private final Runnable work;
        private final List<Double> wall = new ArrayList<>();
        private final List<Double> cpu = new ArrayList<>();

        Way(String name, Runnable work) {
            this.name = name;
            this.work = work;
        }
    }

    private static QuantParams moved(QuantParams p, int step) {
        float[] scales = p.scales();
        for (int i = 0; i < scales.length; i++) {
            scales[i] *= 1 + 0.01f * step;
        }
        return p.isAffine() ? new QuantParams(p.granularity(), scales, p.zeroPoints(), p.qmin(), p.qmax()) : p;
    }

    private EvalRequest moved(TensorId id, int step) {
        Map<TensorId, QuantParams> weights = new HashMap<>(all.weights());
        Map<TensorId, QuantParams> activations = new HashMap<>(all.activations());
        weights.computeIfPresent(id, (k, p) -> moved(p, step));
        activations.computeIfPresent(id, (k, p) -> moved(p, step));
        return new EvalRequest(Optional.of(id), weights, activations);
    }

    /**
     * One evaluation.
     *
     * @param first milliseconds to the first figure
     * @param last milliseconds to the last figure
     * @param cpu processor time in milliseconds
     */
    private record Timing(double first, double last, double cpu, int seen, double width) {}

    /**
     * Processor time of all threads of this process, in milliseconds. It does not depend on what else the machine does.
     */
    private static double cpu() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getProcessCpuTime() * 1e-6
                : Double.NaN;
    }

    private static Timing evaluate(LiveEvaluator evaluator, EvalRequest request) {
        double cpu = cpu();
        long from = System.nanoTime();
        long[] first = new long[1];
        AccuracyEstimate[] figure = new AccuracyEstimate[1];
        evaluator.evaluate(request, NEVER, e -> {
            if (figure[0] == null && e.seen() >= Math.min(100, e.total())) {
                figure[0] = e;
                first[0] = System.nanoTime();
            }
        });
        return new Timing(
                (first[0] - from) * 1e-6,
                (System.nanoTime() - from) * 1e-6,
                cpu() - cpu,
                figure[0].seen(),
                figure[0].deltaHi() - figure[0].deltaLo());
    }

    private Timing today(EvalRequest request, Path file) {
        double cpu = cpu();
        long from = System.nanoTime();
        long first = 0;
        try {
            new OnnxQdqExporter()
                    .write(new ExportPlan(model, state, request.weights(), request.activations()), file, NEVER);
            try (OrtModel session =
                    OrtModel.load(Files.readAllBytes(file), "qdq", new OrtModel.Options(THREADS, true))) {
                for (int[] batch : batches) {
                    Logits logits = Logits.of(session, model, feed, batch, Map.of(), NEVER);
                    for (int i = 0; i < logits.rows(); i++) {
                        logits.top(i);
                    }
                    first = first == 0 ? System.nanoTime() : first;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Timing((first - from) * 1e-6, (System.nanoTime() - from) * 1e-6, cpu() - cpu, 0, 0);
    }

    /** Tensors in graph order: each activation, then the weights of the layers that read it. */
    private List<TensorId> inGraphOrder() {
        List<TensorId> order = new ArrayList<>();
        for (TensorInfo a : model.graph().orElseThrow().activations()) {
            if (all.activations().containsKey(a.id())) {
                order.add(a.id());
            }
            for (Tensor t : model.tensors()) {
                boolean reads = t.info().consumers().stream()
                        .anyMatch(c -> a.consumers().stream()
                                .anyMatch(other -> other.node().equals(c.node())));
                if (reads && all.weights().containsKey(t.id()) && !order.contains(t.id())) {
                    order.add(t.id());
                }
            }
        }
        all.weights().keySet().stream()
                .filter(id -> !order.contains(id))
                .sorted()
                .forEach(order::add);
        return order;
    }

    private void run() throws IOException {
        Path file = Files.createTempFile("quantscope-bench", ".onnx");
        try (LiveEvaluator evaluator =
                        new LiveEvaluator(model, data, Engine.EVALUATION_SEED, THREADS, Optional.empty());
                LiveEvaluator uncached =
                        new LiveEvaluator(model, data, Engine.EVALUATION_SEED, THREADS, Optional.empty(), 0)) {
            evaluator.floatBaseline(NEVER, e -> {});
            uncached.floatBaseline(NEVER, e -> {});
            throughput(evaluator);

            List<TensorId> order = inGraphOrder();
            List<Double> firstWeights = new ArrayList<>();
            List<Double> firstActivations = new ArrayList<>();
            List<Double> gains = new ArrayList<>();
            List<Double> lateGains = new ArrayList<>();
            List<Double> cpuGains = new ArrayList<>();
            List<Double> lateCpuGains = new ArrayList<>();
            double cpuOurs = 0;
            double cpuToday = 0;
            List<Double> firstRatios = new ArrayList<>();
            List<Double> firstToFirst = new ArrayList<>();
            List<Double> lastRatios = new ArrayList<>();
            List<Double> ours = new ArrayList<>();
            List<Double> theirs = new ArrayList<>();
            List<Double> preparing = new ArrayList<>();
            List<Double> filling = new ArrayList<>();
            List<Double> selecting = new ArrayList<>();
            List<Double> widths = new ArrayList<>();
            int samples = Integer.MAX_VALUE;
            long kept = 0;
            System.out.println(
                    "| tensor | kind | first figure, ms | all, front kept, ms | all, nothing kept, ms | today's way,"
                            + " ms | times faster | times cheaper |");
            System.out.println("|---|---|--:|--:|--:|--:|--:|--:|");
            for (int t = 0; t < order.size(); t++) {
                TensorId id = order.get(t);
                preparing.add(time(() -> uncached.prepare(moved(id, 0), NEVER)));
                // The first evaluation of a tensor that was not prepared: sessions are built, and no intermediate
                // values are kept yet.
                selecting.add(evaluate(evaluator, moved(id, -1)).first);
                filling.add(time(() -> evaluator.prepare(moved(id, 0), NEVER)));
                kept = Math.max(kept, evaluator.cacheUse().bytes());
                List<Double> first = new ArrayList<>();
                List<Double> last = new ArrayList<>();
                List<Double> cost = new ArrayList<>();
                List<Timing> without = new ArrayList<>();
                List<Timing> today = new ArrayList<>();
                for (int move = 1; move <= MOVES; move++) {
                    Timing with = evaluate(evaluator, moved(id, move));
                    first.add(with.first);
                    last.add(with.last);
                    cost.add(with.cpu);
                    samples = Math.min(samples, with.seen);
                    widths.add(with.width);
                    if (move == 2) {
                        without.add(evaluate(uncached, moved(id, move)));
                        today.add(today(moved(id, move), file));
                    }
                }
                (all.weights().containsKey(id) ? firstWeights : firstActivations).addAll(first);
                double todayLast = median(today.stream().map(Timing::last).toList());
                double gain = median(without.stream().map(Timing::last).toList()) / median(last);
                double cheaper = median(without.stream().map(Timing::cpu).toList()) / median(cost);
                gains.add(gain);
                cpuGains.add(cheaper);
                if (t >= order.size() * 2 / 3) {
                    lateGains.add(gain);
                    lateCpuGains.add(cheaper);
                }
                cpuOurs += mean(cost);
                cpuToday += mean(today.stream().map(Timing::cpu).toList());
                ours.add(median(last));
                theirs.add(todayLast);
                firstRatios.add(todayLast / median(first));
                firstToFirst.add(median(today.stream().map(Timing::first).toList()) / median(first));
                lastRatios.add(todayLast / median(last));
                System.out.println(String.format(
                        Locale.ROOT,
                        "| %s | %s | %.1f | %.0f | %.0f | %.0f | %.1f | %.1f |",
                        id.name(),
                        all.weights().containsKey(id) ? "weight" : "activation",
                        median(first),
                        median(last),
                        median(without.stream().map(Timing::last).toList()),
                        todayLast,
                        gain,
                        cheaper));
            }
            System.out.println();
            say(String.format(
                    Locale.ROOT,
                    "first figure, a weight moved: median %.1f ms, worst %.1f ms; an activation moved: median %.1f ms,"
                            + " worst %.1f ms; on %d samples at least, interval %.2f points wide (median)",
                    median(firstWeights),
                    worst(firstWeights),
                    median(firstActivations),
                    worst(firstActivations),
                    samples,
                    100 * median(widths)));
            say(String.format(
                    Locale.ROOT,
                    "just selected, nothing built or kept: first figure median %.1f ms, worst %.1f ms; building the"
                        + " sessions alone: median %.1f ms, worst %.1f ms; keeping the front for all samples: median"
                        + " %.0f ms",
                    median(selecting),
                    worst(selecting),
                    median(preparing),
                    worst(preparing),
                    median(filling)));
            say(String.format(
                    Locale.ROOT,
                    "whole set after a move, front kept against nothing kept: median %.1f times (%.1f by processor"
                        + " time), in the last third of the network median %.1f (%.1f), least %.1f (%.1f); at most %d"
                        + " MB kept of %d",
                    median(gains),
                    median(cpuGains),
                    median(lateGains),
                    median(lateCpuGains),
                    least(lateGains),
                    least(lateCpuGains),
                    kept >> 20,
                    evaluator.cacheUse().budget() >> 20));
            say(String.format(
                    Locale.ROOT,
                    "against today's way, mean over all %d tensors: %.0f times faster to the first figure (its first"
                            + " 100 samples: %.1f), %.1f times to the last (ratio of the mean times %.1f, of the mean"
                            + " processor times %.1f)",
                    order.size(),
                    mean(firstRatios),
                    mean(firstToFirst),
                    mean(lastRatios),
                    mean(theirs) / mean(ours),
                    cpuToday / cpuOurs));
        } finally {
            Files.delete(file);
        }
    }

    private static void say(String line) {
        System.out.println("- " + line);
    }
}
