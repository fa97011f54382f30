package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Random edits, selections, cancels and openings of models, again and again, with the memory of the process over time, each
 * time after everything was closed. Ends
 * with an error if a session is left or the memory grows.
 */
public final class SoakBench {
    private static final CancelToken NEVER = new CancelToken();
    private static final List<String> MODELS = List.of("fashion_lenet", "fashion_resnet", "fashion_mobilenet");
    private static final int SAMPLES = 1000;
    private static final long CACHE = 64L << 20;
    private static final double MOST_GROWTH = 0.05;

    private SoakBench() {}

    private record Subject(Model model, EvalRequest all, List<TensorId> tensors) {}

    /** Arguments: how many steps (1000), the seed (1). */
    public static void main(String[] args) throws IOException {
        int steps = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        Random random = new Random(args.length > 1 ? Long.parseLong(args[1]) : 1);
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Dataset data = Datasets.open(samples.resolve("fashion_mnist_test.npz")).limit(SAMPLES);
        List<Subject> subjects = new ArrayList<>();
        for (String name : MODELS) {
            subjects.add(subject(samples, name));
        }
        int[] outcomes = new int[3];
        List<Long> memory = new ArrayList<>();
        System.out.println("| step | resident, MB | Java heap in use, MB | sessions open |");
        System.out.println("|--:|--:|--:|--:|");
        try (ExecutorService hands = Executors.newSingleThreadExecutor()) {
            Subject subject = subjects.getFirst();
            LiveEvaluator evaluator = open(subject, data);
            for (int step = 0; step <= steps; step++) {
                if (step % Math.max(1, steps / 20) == 0) {
                    // With nothing open, so that like is compared with like.
                    evaluator.close();
                    System.gc();
                    long heap = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
                    memory.add(resident());
                    System.out.println(String.format(Locale.ROOT, "| %d | %d | %d | %d |", step, memory.getLast() >> 20, heap >> 20, OrtRuntime.liveSessions()));
                    evaluator = open(subject, data);
                }
                if (random.nextInt(20) == 0) {
                    // Sometimes in the middle of an evaluation.
                    LiveEvaluator old = evaluator;
                    EvalRequest request = edit(subject, random);
                    CompletableFuture<Void> running = CompletableFuture.runAsync(() -> old.evaluate(request, NEVER, e -> {}), hands);
                    if (random.nextBoolean()) {
                        settle(running, outcomes);
                    }
                    old.close();
                    settle(running, outcomes);
                    subject = subjects.get(random.nextInt(subjects.size()));
                    evaluator = open(subject, data);
                    outcomes[2]++;
                    continue;
                }
                LiveEvaluator now = evaluator;
                EvalRequest request = edit(subject, random);
                CancelToken cancel = new CancelToken();
                int after = random.nextInt(3) == 0 ? random.nextInt(SAMPLES) : Integer.MAX_VALUE;
                CompletableFuture<Void> running = CompletableFuture.runAsync(
                        () -> now.evaluate(request, cancel, e -> {
                            if (e.seen() > after) {
                                cancel.cancel();
                            }
                        }),
                        hands);
                if (random.nextInt(6) == 0) {
                    cancel.cancel();
                }
                settle(running, outcomes);
            }
            evaluator.close();
        }
        // The first tenth fills caches and arenas.
        List<Long> warm = memory.subList(memory.size() / 5, memory.size());
        double growth = (double) warm.getLast() / warm.getFirst() - 1;
        System.out.println();
        System.out.println(String.format(
                Locale.ROOT,
                "%d steps: %d evaluations complete, %d cancelled, %d models opened; sessions left: %d; resident memory after the first fifth grew by %.1f %%",
                steps, outcomes[0], outcomes[1], outcomes[2], OrtRuntime.liveSessions(), 100 * growth));
        if (OrtRuntime.liveSessions() != 0 || growth > MOST_GROWTH) {
            throw new IllegalStateException("something leaks");
        }
    }

    private static LiveEvaluator open(Subject subject, Dataset data) {
        return new LiveEvaluator(subject.model, data, 1, 2, Optional.empty(), CACHE);
    }

    private static void settle(CompletableFuture<Void> running, int[] outcomes) {
        try {
            running.join();
            outcomes[0]++;
        } catch (RuntimeException e) {
            if (!(e instanceof CancellationException || e.getCause() instanceof CancellationException)) {
                throw e;
            }
            outcomes[1]++;
        }
    }

    /** Another tensor in hand half of the time, other parameters, some activations switched off. */
    private static EvalRequest edit(Subject subject, Random random) {
        Map<TensorId, QuantParams> weights = new HashMap<>(subject.all.weights());
        Map<TensorId, QuantParams> activations = new HashMap<>(subject.all.activations());
        TensorId id = subject.tensors.get(random.nextInt(subject.tensors.size()));
        float factor = 0.5f + random.nextFloat();
        weights.computeIfPresent(id, (k, p) -> scaled(p, factor));
        activations.computeIfPresent(id, (k, p) -> scaled(p, factor));
        if (random.nextInt(4) == 0) {
            activations.remove(subject.tensors.get(random.nextInt(subject.tensors.size())));
        }
        return new EvalRequest(random.nextInt(5) == 0 ? Optional.empty() : Optional.of(id), weights, activations);
    }

    private static QuantParams scaled(QuantParams p, float factor) {
        float[] scales = p.scales();
        for (int i = 0; i < scales.length; i++) {
            scales[i] *= factor;
        }
        return new QuantParams(p.granularity(), scales, p.zeroPoints(), p.qmin(), p.qmax());
    }

    private static Subject subject(Path samples, String name) throws IOException {
        Path file = samples.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        Dataset calibration = Datasets.open(samples.resolve("fashion_mnist_calibration.npz")).limit(64);
        SessionState asked = SessionState.of(FileRef.of(file, NEVER)).withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        SessionState state = asked.withActivationRanges(ActivationRanges.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER).sketches(), asked, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, (a, b, c) -> {}, NEVER);
        List<TensorId> tensors = new ArrayList<>(resolved.weights().keySet());
        tensors.addAll(resolved.activations().keySet());
        tensors.sort(null);
        return new Subject(model, new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()), tensors);
    }

    /** Bytes of this process in memory, from the kernel. */
    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")) * 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmRSS"));
    }
}
