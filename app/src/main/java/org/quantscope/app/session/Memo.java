package org.quantscope.app.session;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;

/**
 * Values that depend only on a key and are computed in the background when they are first requested. Only the last
 * request matters: a request for another key cancels the running computation. Used on the FX thread only.
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
     * Returns the value if it is known, otherwise starts to compute it. A failure is reported once; the key is tried
     * again after another key has been requested.
     *
     * @param then runs when a value that this call could not return is ready, unless another key is requested before
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
                        // If the work runs at once, the call itself returns the value.
                        if (!asking) {
                            then.run();
                        }
                    }
                },
                background::problem);
        asking = false;
    }

    /** Cancels the running computation, because nobody needs it any more. */
    public void stop() {
        latest.cancel();
        asked = null;
        answer = null;
    }

    /** Drops all values. */
    public void clear() {
        stop();
        kept.clear();
    }
}
