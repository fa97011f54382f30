package org.quantscope.app.session;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;

/**
 * Values that depend on a key alone, computed in the background when they are first asked for. Only the key that was asked
 * for last matters: another one cancels what is being computed. For the thread of the window only.
 *
 * @param <K> everything that the value depends on
 */
public final class Memo<K, V> {
    private final Background background;
    private final LatestWins<V> latest;
    private final LruCache<K, V> kept;
    private @Nullable K asked;
    private @Nullable V answer;
    private boolean asking;

    public Memo(Background background, LruCache<K, V> kept) {
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.kept = kept;
    }

    /**
     * The value, if it is known; else it is computed. What fails is told once, and tried again when another key has been asked
     * for in between.
     *
     * @param then runs when a value is there that this call could not give, unless another key is asked for before
     */
    public Optional<V> ask(K key, LatestWins.Work<V> work, Runnable then) {
        if (!key.equals(asked)) {
            latest.cancel();
            asked = key;
            answer = kept.get(key);
            if (answer == null) {
                compute(key, work, then);
            }
        }
        return Optional.ofNullable(answer);
    }

    private void compute(K key, LatestWins.Work<V> work, Runnable then) {
        asking = true;
        latest.submit(
                work,
                made -> {
                    kept.put(key, made);
                    if (key.equals(asked)) {
                        answer = made;
                        // Work that runs at once is given by the call itself.
                        if (!asking) {
                            then.run();
                        }
                    }
                },
                background::problem);
        asking = false;
    }

    /** Nobody waits any more; what is being computed is cancelled. */
    public void stop() {
        latest.cancel();
        asked = null;
        answer = null;
    }

    /** Forgets all values. */
    public void clear() {
        stop();
        kept.clear();
    }
}
