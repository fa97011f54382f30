package org.quantscope.core.sensitivity;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;

/**
 * Figures of one {@link SensitivityScope}, kept under the exact setting that made them: a sweep that was cut short goes on where it
 * ended, and after an edit only what the edit touches is evaluated anew. The least recently used figures go first. Thread safe.
 *
 * <p>One of a {@link SensitivityStore} begins with the figures of earlier runs of the program and is written back; others live as
 * long as the program.
 */
public final class SensitivityCache {
    /** Figures that are kept: about 100 bytes each. */
    static final int KEPT = 1 << 15;

    private record Shelf(SensitivityStore store, SensitivityScope scope) {}

    private final Optional<Shelf> shelf;
    private final Object writing = new Object();
    private final Map<String, AccuracyEstimate> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, AccuracyEstimate> eldest) {
            return size() > KEPT;
        }
    };
    private boolean unsaved;
    private Instant saved = Instant.MIN;

    /** Of this run of the program only. */
    public SensitivityCache() {
        shelf = Optional.empty();
    }

    SensitivityCache(SensitivityStore store, SensitivityScope scope, Map<String, AccuracyEstimate> known) {
        shelf = Optional.of(new Shelf(store, scope));
        kept.putAll(known);
        saved = store.now();
    }

    /** The figure of a setting that rests on the most samples. */
    synchronized Optional<AccuracyEstimate> find(String setting) {
        return Optional.ofNullable(kept.get(setting));
    }

    /** Keeps a figure, unless one that rests on more samples is known. Writes now and then. */
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

    /** Writes what has not been written; a cache without a store does nothing. A failure is logged: the figures stay known. */
    void save() {
        // One after the other, so that the last one written has the most figures.
        synchronized (writing) {
            Map<String, AccuracyEstimate> all;
            synchronized (this) {
                if (!unsaved || shelf.isEmpty()) {
                    return;
                }
                unsaved = false;
                saved = shelf.get().store.now();
                all = new LinkedHashMap<>(kept);
            }
            shelf.get().store.save(shelf.get().scope, all);
        }
    }

    /** Settings of which a figure is kept. */
    public synchronized int size() {
        return kept.size();
    }
}
