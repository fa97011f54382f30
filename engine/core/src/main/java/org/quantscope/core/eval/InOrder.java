package org.quantscope.core.eval;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;

/** Computes batches side by side on threads of its own and hands the results over in order. Thread safe. */
final class InOrder implements AutoCloseable {
    /** The most batches that are computed before they are taken. */
    private static final int MOST_AHEAD = 128;

    private final int threads;
    private final ExecutorService workers;

    /** @param threads the number of batches that run at once, at least 1 */
    InOrder(int threads) {
        this.threads = threads;
        this.workers = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("evaluation-", 0).factory());
    }

    /** Receives the result of one batch; returning false stops the whole run. */
    @FunctionalInterface
    interface Taker<R> {
        boolean take(int batch, R result);
    }

    /**
     * Computes batches 0 to {@code count − 1} on the workers and hands the results over on this thread. When it returns
     * or throws, no batch is being computed.
     *
     * @throws CancellationException if cancelled or closed
     */
    <R> void run(int count, CancelToken cancel, IntFunction<R> compute, Taker<R> taker) {
        Results<R> results = new Results<>(count, cancel, compute);
        try {
            for (int b = 0; b < count; b++) {
                cancel.check();
                if (!taker.take(b, results.take(b))) {
                    return;
                }
            }
        } finally {
            results.end();
        }
    }

    /** Accepts no more work; what is running continues. */
    @Override
    public void close() {
        workers.shutdown();
    }

    /**
     * The results of one caller's batches. There are as many chains of tasks as workers. A task computes the next batch
     * and then submits its successor, behind the tasks that other callers have submitted meanwhile; so callers take
     * turns, and no worker waits for a caller.
     */
    private final class Results<R> {
        private final int count;
        private final CancelToken cancel;
        private final IntFunction<R> compute;
        private final Map<Integer, R> results = new HashMap<>();
        private @Nullable Throwable failure;
        private int next;
        private int taken;
        private int chains;
        private boolean ending;

        Results(int count, CancelToken cancel, IntFunction<R> compute) {
            this.count = count;
            this.cancel = cancel;
            this.compute = compute;
        }

        synchronized R take(int batch) {
            taken = batch;
            boolean interrupted = false;
            while (true) {
                R result = results.remove(batch);
                if (result != null) {
                    if (interrupted) {
                        Thread.currentThread().interrupt();
                    }
                    return result;
                }
                if (failure != null) {
                    rethrow(failure);
                }
                while (chains < threads && hasMore()) {
                    chains++;
                    submit();
                }
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                    cancel.cancel();
                }
            }
        }

        /** Starts no more batches and waits for those that run. Failures after the first are dropped. */
        synchronized void end() {
            ending = true;
            cancel.cancel();
            boolean interrupted = false;
            while (chains > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private synchronized boolean hasMore() {
            return !ending && failure == null && next < count && next < taken + MOST_AHEAD;
        }

        private void submit() {
            try {
                workers.execute(this::link);
            } catch (RejectedExecutionException e) {
                CancellationException closed = new CancellationException("the evaluator is closed");
                closed.initCause(e);
                over(closed);
            }
        }

        private void link() {
            int batch;
            synchronized (this) {
                if (!hasMore()) {
                    over(null);
                    return;
                }
                batch = next++;
            }
            try {
                cancel.check();
                R result = compute.apply(batch);
                synchronized (this) {
                    results.put(batch, result);
                    notifyAll();
                }
            } catch (RuntimeException | Error e) {
                over(e);
                return;
            }
            submit();
        }

        /** Ends one chain, with the failure that stopped it, if any. */
        private synchronized void over(@Nullable Throwable why) {
            chains--;
            failure = failure == null ? why : failure;
            notifyAll();
        }

        private static void rethrow(Throwable failure) {
            switch (failure) {
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                default -> throw new IllegalStateException(failure);
            }
        }
    }
}
