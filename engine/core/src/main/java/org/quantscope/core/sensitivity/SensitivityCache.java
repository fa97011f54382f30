package org.quantscope.core.sensitivity;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.job.LruCache;

/**
 * The figures of one {@link SensitivityScope}, kept under the exact setting that produced them: an interrupted sweep
 * continues where it stopped, and after an edit only the figures that the edit affects are evaluated again. The least
 * recently used figures are dropped first. Thread safe.
 *
 * <p>A cache from a {@link SensitivityStore} starts with the figures of earlier runs of the program and is written
 * back; any other lives as long as the program.
 */
public final class SensitivityCache {
    /** The most figures to keep; each takes about 100 bytes. */
    static final int KEPT = 1 << 15;

    private record Shelf(SensitivityStore store, SensitivityScope scope) {}

    private final Optional<Shelf> shelf;
    private final Object writing = new Object();
    private final LruCache<String, AccuracyEstimate> kept = LruCache.ofEntries(KEPT);
    private boolean unsaved;
    private Instant saved = Instant.MIN;

    /** A cache that is not saved. */
    public SensitivityCache() {
        shelf = Optional.empty();
    }

    SensitivityCache(SensitivityStore store, SensitivityScope scope, Map<String, AccuracyEstimate> known) {
        shelf = Optional.of(new Shelf(store, scope));
        known.forEach(kept::put);
        saved = store.now();
    }

    /** The figure of a setting, the one over the most samples. */
    synchronized Optional<AccuracyEstimate> find(String setting) {
        return kept.find(setting);
    }

    /** Keeps a figure, unless one over more samples is known. Writes to the store from time to time. */
    void keep(String setting, AccuracyEstimate figure) {
        boolean due;
        synchronized (this) {
            AccuracyEstimate known = kept.get(setting);
            if (known != null && known.seen() >= figure.seen()) {
                return;
            }
            kept.put(setting, figure);
            unsaved = true;
            due = shelf.isPresent()
                    && saved.plus(SensitivityStore.PERIOD)
                            .isBefore(shelf.get().store.now());
        }
        if (due) {
            save();
        }
    }

    /**
     * Writes what has not been written yet; a cache without a store does nothing. A failure is logged, and the figures
     * stay in memory.
     */
    void save() {
        // One write after the other, so that the last one has the most figures.
        synchronized (writing) {
            Map<String, AccuracyEstimate> all;
            synchronized (this) {
                if (!unsaved || shelf.isEmpty()) {
                    return;
                }
                unsaved = false;
                saved = shelf.get().store.now();
                all = kept.copy();
            }
            shelf.get().store.save(shelf.get().scope, all);
        }
    }

    /** The number of settings with a figure. */
    public synchronized int size() {
        return kept.size();
    }
}
