package org.quantscope.spark;

import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkException;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.sweep.SweepRun;

/**
 * The launcher of a sweep on Spark: {@code --master URL -o DIR PLAN.json [--json]}. It prints and ends as {@code quantscope
 * sweep} does: 0 done, 2 wrong usage, 3 bad input, 4 a fault, 130 cancelled.
 */
public final class Main {
    private static final int DONE = 0;
    private static final int USAGE = 2;
    private static final int BAD_INPUT = 3;
    private static final int FAULT = 4;
    private static final int CANCELLED = 130;
    private static final long DRAIN_SECONDS = 20;

    private Main() {}

    /** Runs a sweep, then ends the process. */
    public static void main(String[] args) {
        SparkOptions options;
        try {
            options = SparkOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("quantscope: " + e.getMessage());
            System.exit(USAGE);
            return;
        }
        CancelToken cancel = new CancelToken();
        CountDownLatch finished = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            cancel.cancel();
            try {
                finished.await(DRAIN_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        int code;
        try {
            code = run(options, cancel);
        } finally {
            finished.countDown();
        }
        System.exit(code);
    }

    private static int run(SparkOptions options, CancelToken cancel) {
        long start = System.nanoTime();
        try {
            SweepRun.Outcome outcome = SweepRun.run(
                    options.plan(), options.output(), new SparkWork(options.master(), cancel), progress(), cancel);
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.println(
                    options.json()
                            ? "{\"points\":" + outcome.points() + ",\"done\":" + outcome.done() + ",\"skipped\":"
                                    + outcome.skipped() + ",\"refused\":" + outcome.refused() + ",\"seconds\":"
                                    + seconds + "}"
                            : outcome.said() + String.format(Locale.ROOT, ", %.6g s", seconds));
            return DONE;
        } catch (CancellationException e) {
            return complain("cancelled", CANCELLED);
        } catch (BadInputException e) {
            return cancel.isCancelled()
                    ? complain("cancelled", CANCELLED)
                    : complain(String.valueOf(e.getMessage()), BAD_INPUT);
        } catch (IOException e) {
            return cancel.isCancelled() ? complain("cancelled", CANCELLED) : complain(Reason.of(e), BAD_INPUT);
        } catch (RuntimeException e) {
            return cancel.isCancelled() ? complain("cancelled", CANCELLED) : complain(said(e), FAULT);
        }
    }

    /** What an executor could not do is told in many lines, the first of which says it. */
    private static String said(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof SparkException)) {
            cause = cause.getCause();
        }
        return "a fault of the program: "
                + String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }

    private static int complain(String problem, int code) {
        System.err.println("quantscope: " + problem.replaceAll("\\R", " ").strip());
        return code;
    }

    /** A line on stderr for every tenth of the points, so that a log of a long run stays short. */
    private static Progress progress() {
        long[] next = {0};
        return (done, total, what) -> {
            if (done >= next[0]) {
                next[0] = done + Math.max(1, total / 10);
                System.err.println("quantscope: " + what);
            }
        };
    }
}
