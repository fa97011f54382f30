package org.quantscope.core.job;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Tells long work to stop. Loops check it at least every millisecond; native calls register a hook. Thread safe. */
public final class CancelToken {
    private final BooleanSupplier stop;
    private volatile boolean cancelled;
    private final List<Runnable> hooks = new ArrayList<>();

    public CancelToken() {
        this(() -> false);
    }

    private CancelToken(BooleanSupplier stop) {
        this.stop = stop;
    }

    /**
     * A token that is also cancelled once {@code stop} returns true. {@code stop} is asked whenever work checks the
     * token; hooks do not learn of it.
     */
    public static CancelToken when(BooleanSupplier stop) {
        return new CancelToken(stop);
    }

    /** Asks the work to stop; the second call does nothing. */
    public void cancel() {
        List<Runnable> toRun;
        synchronized (hooks) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            toRun = List.copyOf(hooks);
            hooks.clear();
        }
        toRun.forEach(Runnable::run);
    }

    public boolean isCancelled() {
        return cancelled || stop.getAsBoolean();
    }

    /** @throws CancellationException if {@link #cancel} was called */
    public void check() {
        if (isCancelled()) {
            throw new CancellationException();
        }
    }

    /**
     * Runs {@code hook} once on {@link #cancel}, immediately if that has happened already. Close the result to
     * unregister the hook.
     */
    public Registration onCancel(Runnable hook) {
        boolean now;
        synchronized (hooks) {
            now = cancelled;
            if (!now) {
                hooks.add(hook);
            }
        }
        if (now) {
            hook.run();
        }
        return () -> {
            synchronized (hooks) {
                hooks.remove(hook);
            }
        };
    }

    /** Undoes an {@link #onCancel}. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
