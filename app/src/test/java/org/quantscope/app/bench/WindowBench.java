package org.quantscope.app.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javafx.application.Platform;
import javafx.stage.Stage;
import jdk.jfr.FlightRecorder;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.Launcher;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.UiThread;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.ort.OrtRuntime;

/** The whole window with a watch on the FX thread, for benches that do what a person would. */
public abstract class WindowBench {
    protected static final double MILLI = 1e6;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(300);
    private static final int QUIET = 10;
    private static final long PAUSE_MILLIS = 50;

    protected final Stage stage = new Stage();
    protected final MainWindow window;
    protected final ApplicationContext context;
    private final ExecutorService work = Executors.newCachedThreadPool();
    private final AtomicLong handlers = new AtomicLong();
    private final AtomicLong handlersWall = new AtomicLong();
    private final AtomicLong longestHandler = new AtomicLong();

    /** To be called on the FX thread. */
    protected WindowBench(Path folder) {
        // Everything that our code does on the FX thread is an event, a result that arrives here, or part of a pulse.
        window = new MainWindow(stage, new Settings(folder.resolve("settings")), work, new UiThread() {
            @Override
            public void execute(Runnable task) {
                FxThread.executor().execute(() -> metered(task));
            }

            @Override
            public void beforeFrame(Runnable task) {
                FxThread.executor().beforeFrame(() -> metered(task));
            }
        });
        context = window.context();
        stage.setMaximized(false);
        stage.setX(0);
        stage.setY(0);
        // Without a display the screen is smaller than the one that most people have.
        stage.setWidth(1440);
        stage.setHeight(900);
    }

    /** What a bench does with its window, outside the FX thread. */
    protected interface Run<B> {
        void run(B bench, Path folder) throws InterruptedException, IOException;
    }

    /** Makes a window, runs a bench and clears up behind it. */
    protected static <B extends WindowBench> void launch(Function<Path, B> make, Run<B> run)
            throws InterruptedException, IOException {
        Launcher.leaveAProcessorToTheWindow();
        Launcher.drawGroundsDirectly();
        Logger.getLogger("javafx").setLevel(Level.SEVERE);
        // JavaFX tells of its pulses only if there is a recorder when it starts.
        FlightRecorder.getFlightRecorder();
        CountDownLatch started = new CountDownLatch(1);
        Platform.startup(started::countDown);
        started.await();
        // A bench may show windows one after the other.
        Platform.setImplicitExit(false);
        Path folder = Files.createTempDirectory("quantscope-bench");
        try {
            System.out.println(String.format(
                    Locale.ROOT, "load average at the start %s, reading %.1f GB/s", load(), Reading.bandwidth()));
            B bench = ask(() -> make.apply(folder));
            run.run(bench, folder);
            System.out.println("load average at the end " + load());
            onFx(((WindowBench) bench)::close);
            ExecutorService work = ((WindowBench) bench).work;
            work.shutdown();
            work.awaitTermination(5, TimeUnit.SECONDS);
        } finally {
            OrtRuntime.shutdown();
            Platform.exit();
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    protected static String load() {
        return String.format(
                Locale.ROOT,
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    private void close() {
        stage.hide();
        context.close();
    }

    /** Waits until no job runs any more and {@code ready} is so for a while. */
    protected final void onceAtRest(BooleanSupplier ready) throws InterruptedException {
        long until = System.nanoTime() + PATIENCE;
        int quiet = 0;
        while (quiet < QUIET) {
            Thread.sleep(PAUSE_MILLIS);
            quiet = ask(() -> context.jobs().running().isEmpty() && ready.getAsBoolean()) ? quiet + 1 : 0;
            if (System.nanoTime() > until) {
                throw new IllegalStateException("still busy after " + TimeUnit.NANOSECONDS.toSeconds(PATIENCE) + " s");
            }
        }
    }

    /** Runs a piece of our code on the FX thread and adds up the processor time that it takes. */
    protected final void metered(Runnable task) {
        long before = THREADS.getCurrentThreadCpuTime();
        long began = System.nanoTime();
        try {
            task.run();
        } finally {
            handlersWall.addAndGet(System.nanoTime() - began);
            long taken = THREADS.getCurrentThreadCpuTime() - before;
            handlers.addAndGet(taken);
            longestHandler.accumulateAndGet(taken, Math::max);
        }
    }

    /** Asks the FX thread for a sign of life all the time, from its making to its end. */
    final class Watch {
        private final AtomicBoolean on = new AtomicBoolean(true);
        private final AtomicLong stall = new AtomicLong();
        private final AtomicLong stallCpu = new AtomicLong();
        private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::beat);
        private long lastCpu = -1;

        Watch() {
            handlers.set(0);
            handlersWall.set(0);
            longestHandler.set(0);
            thread.start();
        }

        void end() throws InterruptedException {
            on.set(false);
            thread.join();
        }

        /** Processor time of all events and results, in ns. */
        long handlers() {
            return handlers.get();
        }

        /** How long all events and results took, in ns. */
        long handlersWall() {
            return handlersWall.get();
        }

        /** Processor time of the longest event or result since this was asked last, in ns. */
        long takeLongestHandler() {
            return longestHandler.getAndSet(0);
        }

        /** "12.3 ms, with 10.1 ms of CPU": the longest wait for a sign of life, and the most processor time between two of them. */
        String stall() {
            return String.format(
                    Locale.ROOT, "%.1f ms, with %.1f ms of CPU", stall.get() / MILLI, stallCpu.get() / MILLI);
        }

        private void beat() {
            while (on.get()) {
                CountDownLatch answered = new CountDownLatch(1);
                long asked = System.nanoTime();
                Platform.runLater(() -> {
                    stall.accumulateAndGet(System.nanoTime() - asked, Math::max);
                    long now = THREADS.getCurrentThreadCpuTime();
                    if (lastCpu >= 0) {
                        stallCpu.accumulateAndGet(now - lastCpu, Math::max);
                    }
                    lastCpu = now;
                    answered.countDown();
                });
                try {
                    answered.await();
                } catch (InterruptedException e) {
                    return;
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    /** Processor time of the thread that asks, in ns. */
    protected static long cpu() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /** Processor time that a thread has used, in ns: what is left of a measurement on a busy machine. */
    protected static long cpu(String thread) {
        return Arrays.stream(THREADS.dumpAllThreads(false, false))
                .filter(t -> t.getThreadName().equals(thread))
                .mapToLong(t -> THREADS.getThreadCpuTime(t.getThreadId()))
                .sum();
    }

    protected static void print(String what, String figures) {
        int width = Math.max(34, what.length() + 1);
        System.out.println("  " + (what + " ".repeat(width)).substring(0, width) + figures);
    }

    protected static void onFx(Runnable action) {
        ask(() -> {
            action.run();
            return true;
        });
    }

    protected static <T> T ask(Supplier<T> question) {
        var answer = new CompletableFuture<T>();
        Platform.runLater(() -> {
            try {
                answer.complete(question.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.join();
    }
}
