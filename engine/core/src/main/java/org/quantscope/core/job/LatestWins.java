package org.quantscope.core.job;

import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Background work of which only the newest request matters. At most one piece runs and at most one waits; a request that
 * arrives while another waits replaces it. Thread safe; never blocks the caller.
 *
 * <p>Short work is conflated: what runs is finished and its result delivered, so that a stream of requests faster than the
 * work still shows results. Long work is cancelled as soon as it is stale, and nothing of it is delivered afterwards.
 */
public final class LatestWins<R> {
    /** What a new request does to the running one. */
    public enum Mode {
        /** The running piece finishes and is delivered, then the newest request runs. */
        CONFLATE,
        /** The running piece is cancelled and no longer delivered; the newest request runs when it has stopped. */
        CANCEL_STALE
    }

    /** A piece of work. */
    @FunctionalInterface
    public interface Work<R> {
        /**
         * @param cancel to be looked at often
         * @param partial takes results on the way, each of which stands for those before it
         */
        R run(CancelToken cancel, Consumer<R> partial) throws Exception;
    }

    private static final class Request<R> {
        final Work<R> work;
        final Consumer<R> onResult;
        final Consumer<Throwable> onFailure;
        final CancelToken cancel = new CancelToken();
        /** The newest result on the way that has not been delivered yet. */
        final AtomicReference<@Nullable R> onTheWay = new AtomicReference<>();

        Request(Work<R> work, Consumer<R> onResult, Consumer<Throwable> onFailure) {
            this.work = work;
            this.onResult = onResult;
            this.onFailure = onFailure;
        }
    }

    private final Mode mode;
    private final Executor work;
    private final Executor result;
    private final Executor progress;
    private final Object lock = new Object();
    private @Nullable Request<R> running;
    private @Nullable Request<R> waiting;

    /**
     * @param work runs the pieces
     * @param result runs the consumers of results and failures
     */
    public LatestWins(Mode mode, Executor work, Executor result) {
        this(mode, work, result, result);
    }

    /**
     * @param work runs the pieces
     * @param result runs the consumers of final results and failures
     * @param progress runs the consumers of results on the way; of those that wait for it only the newest is delivered.
     *     On the same thread as {@code result}
     */
    public LatestWins(Mode mode, Executor work, Executor result, Executor progress) {
        this.mode = mode;
        this.work = work;
        this.result = result;
        this.progress = progress;
    }

    /**
     * Asks for {@code piece}, in place of whatever is still waiting.
     *
     * @param onResult takes results on the way, where a newer one replaces one that still waits to be delivered, and then
     *     the final one
     * @param onFailure takes what the piece throws, except a {@link CancellationException}
     */
    public void submit(Work<R> piece, Consumer<R> onResult, Consumer<Throwable> onFailure) {
        Request<R> request = new Request<>(piece, onResult, onFailure);
        Request<R> stale = null;
        boolean start;
        synchronized (lock) {
            start = running == null;
            if (start) {
                running = request;
            } else {
                waiting = request;
                stale = mode == Mode.CANCEL_STALE ? running : null;
            }
        }
        if (stale != null) {
            stale.cancel.cancel();
        }
        if (start) {
            work.execute(() -> run(request));
        }
    }

    /** Drops what waits and cancels what runs; nothing more of either is delivered. */
    public void cancel() {
        Request<R> stale;
        synchronized (lock) {
            waiting = null;
            stale = running;
        }
        if (stale != null) {
            stale.cancel.cancel();
        }
    }

    /** True while a piece runs or waits. */
    public boolean isBusy() {
        synchronized (lock) {
            return running != null;
        }
    }

    private void run(Request<R> request) {
        try {
            if (!request.cancel.isCancelled()) {
                R value = request.work.run(request.cancel, partial -> deliverOnTheWay(request, partial));
                deliver(request, value);
            }
        } catch (CancellationException e) {
            // Whoever cancelled knows already.
        } catch (Throwable e) {
            result.execute(() -> {
                if (!request.cancel.isCancelled()) {
                    request.onFailure.accept(e);
                }
            });
        } finally {
            next();
        }
    }

    private void deliverOnTheWay(Request<R> request, R value) {
        if (request.onTheWay.getAndSet(value) != null) {
            return;
        }
        progress.execute(() -> {
            R newest = request.onTheWay.getAndSet(null);
            if (newest != null && !request.cancel.isCancelled()) {
                request.onResult.accept(newest);
            }
        });
    }

    private void deliver(Request<R> request, R value) {
        request.onTheWay.set(null);
        result.execute(() -> {
            if (!request.cancel.isCancelled()) {
                request.onResult.accept(value);
            }
        });
    }

    private void next() {
        Request<R> request;
        synchronized (lock) {
            request = waiting;
            running = request;
            waiting = null;
        }
        if (request != null) {
            work.execute(() -> run(request));
        }
    }
}
