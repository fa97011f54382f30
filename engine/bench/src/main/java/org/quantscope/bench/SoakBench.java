package org.quantscope.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;

/**
 * The work of a long day, at random and without a pause: edits in every scheme, evaluations, sweeps, corrections,
 * exports, imports, other models and damaged files, half of it cancelled at a random moment. Prints the memory of the
 * process over time, each time with everything closed. Fails if a session is left open, a step fails in an unexpected
 * way, or the memory grows.
 */
public final class SoakBench {
    private static final double MOST_GROWTH = 0.05;
    private static final int MEASUREMENTS = 20;
    /**
     * The longest delay in milliseconds between the start of a step and its cancellation. The logarithm of the delay is
     * uniform, so that short ones are frequent.
     */
    private static final double LONGEST_DELAY = 1000;

    private SoakBench() {}

    /** Kinds of step, and the share of each in percent. */
    private enum Kind {
        EVALUATE("edit and evaluate", 44),
        SWEEP("sensitivity", 4),
        LAYERS("errors inside the network", 6),
        CALIBRATE("calibrate", 4),
        CORRECT("correct", 3),
        EXPORT("export, verify, import", 17),
        OPEN("open another model", 10),
        DAMAGED("open a damaged file", 12);

        private final String title;
        private final int share;

        Kind(String title, int share) {
            this.title = title;
            this.share = share;
        }

        static Kind any(Random random) {
            int at = random.nextInt(Stream.of(values()).mapToInt(k -> k.share).sum());
            for (Kind kind : values()) {
                at -= kind.share;
                if (at < 0) {
                    return kind;
                }
            }
            throw new AssertionError("shares sum up");
        }
    }

    /** How often each kind of step ended in which way. */
    private static final class Outcomes {
        private int done;
        private int cancelled;
        private int refused;
    }

    /** Arguments: the number of steps (1000) and the seed (1). */
    public static void main(String[] args) throws IOException {
        int steps = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
        Random random = new Random(args.length > 1 ? Long.parseLong(args[1]) : 1);
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Map<Kind, Outcomes> outcomes = new EnumMap<>(Kind.class);
        List<Long> memory = new ArrayList<>();
        System.out.println("| step | resident, MB | of it Java heap, MB | sessions open | files mapped |");
        System.out.println("|--:|--:|--:|--:|--:|");
        try (ScheduledExecutorService hand = Executors.newSingleThreadScheduledExecutor();
                SoakDesk desk = new SoakDesk(samples, random)) {
            for (int step = 0; step <= steps; step++) {
                if (step % Math.max(1, steps / MEASUREMENTS) == 0) {
                    desk.clear();
                    memory.add(measure(step, samples));
                    desk.open(new CancelToken());
                }
                one(Kind.any(random), desk, random, hand, outcomes);
            }
        }
        System.out.println();
        System.out.println("| step | done | cancelled | refused |");
        System.out.println("|---|--:|--:|--:|");
        outcomes.forEach((kind, o) ->
                System.out.printf(Locale.ROOT, "| %s | %d | %d | %d |%n", kind.title, o.done, o.cancelled, o.refused));
        // Caches fill and code is compiled in the first fifth, so it is left out.
        double before = median(memory.subList(memory.size() / 5, memory.size() * 2 / 5));
        double after = median(memory.subList(memory.size() * 4 / 5, memory.size()));
        double growth = after / before - 1;
        System.out.println();
        System.out.println(String.format(
                Locale.ROOT,
                "%d steps; sessions left: %d; resident memory without the Java heap, median of the second fifth %.0f"
                        + " MB, of the last %.0f MB: %+.1f %%",
                steps,
                OrtRuntime.liveSessions(),
                before / (1 << 20),
                after / (1 << 20),
                100 * growth));
        if (OrtRuntime.liveSessions() != 0 || growth > MOST_GROWTH) {
            throw new IllegalStateException("something leaks");
        }
    }

    private static void one(
            Kind kind, SoakDesk desk, Random random, ScheduledExecutorService hand, Map<Kind, Outcomes> outcomes)
            throws IOException {
        Outcomes counts = outcomes.computeIfAbsent(kind, k -> new Outcomes());
        CancelToken cancel = new CancelToken();
        boolean closes = kind == Kind.OPEN && random.nextBoolean();
        long delay = (long) (1000 * Math.pow(LONGEST_DELAY, random.nextDouble()));
        ScheduledFuture<?> later = null;
        if (closes) {
            // As if the window was closed in the middle of an evaluation.
            later = hand.schedule(desk::closeEvaluator, delay, TimeUnit.MICROSECONDS);
        } else if (kind == Kind.SWEEP || random.nextBoolean()) {
            // Sweeps are cancelled more often, because they take as long as everything else together.
            later = hand.schedule(cancel::cancel, delay, TimeUnit.MICROSECONDS);
        }
        try {
            switch (kind) {
                case EVALUATE -> desk.evaluate(cancel);
                case SWEEP -> desk.sweep(cancel);
                case LAYERS -> desk.layers(cancel);
                case CALIBRATE -> desk.calibrate(cancel);
                case CORRECT -> desk.correct(cancel);
                case EXPORT -> desk.export(cancel);
                case OPEN -> {
                    if (closes) {
                        desk.evaluate(cancel);
                    }
                    desk.open(cancel);
                }
                case DAMAGED -> desk.damaged(cancel);
            }
            counts.done++;
        } catch (CancellationException e) {
            counts.cancelled++;
        } catch (BadInputException e) {
            counts.refused++;
        } finally {
            if (later != null) {
                later.cancel(false);
            }
            desk.reopenIfClosed();
        }
    }

    /** Prints a row and returns the resident memory of this process without the Java heap, in bytes. */
    private static long measure(int step, Path samples) throws IOException {
        System.gc();
        // The C library returns free memory to the system whenever a session is closed. Closing one more returns what
        // was freed after the last one.
        OrtModel.load(Files.readAllBytes(samples.resolve("digits_mlp.onnx")), "digits_mlp", OrtModel.Options.DEFAULT)
                .close();
        // The collector returns heap memory to the system in its own thread, so the lowest of several readings counts.
        long resident = Long.MAX_VALUE;
        for (int i = 0; i < 10; i++) {
            LockSupport.parkNanos(100_000_000);
            resident = Math.min(resident, resident());
        }
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
        long mapped;
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            mapped = maps.filter(l -> l.contains(SoakDesk.FOLDER_PREFIX) || l.endsWith(".onnx") || l.endsWith(".npz"))
                    .count();
        }
        System.out.println(String.format(
                Locale.ROOT,
                "| %d | %d | %d | %d | %d |",
                step,
                resident >> 20,
                heap >> 20,
                OrtRuntime.liveSessions(),
                mapped));
        return resident - heap;
    }

    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")) * 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmRSS"));
    }

    private static double median(List<Long> values) {
        List<Long> sorted = values.stream().sorted().toList();
        int n = sorted.size();
        return n == 0 ? Double.NaN : (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2.0;
    }
}
