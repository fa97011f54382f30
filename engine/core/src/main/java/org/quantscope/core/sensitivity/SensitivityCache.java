package org.quantscope.core.sensitivity;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;

/**
 * Figures of one model on one data set with one metric, kept under the exact setting that made them: a sweep that was cut
 * short goes on where it ended, and after an edit only what the edit touches is evaluated anew. Lives as long as the program.
 * The least recently used figures go first. Thread safe.
 */
public final class SensitivityCache {
    private static final int KEPT = 1 << 16;

    private final Map<String, AccuracyEstimate> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, AccuracyEstimate> eldest) {
            return size() > KEPT;
        }
    };

    /** The figure of a setting that rests on the most samples. */
    synchronized Optional<AccuracyEstimate> find(String setting) {
        return Optional.ofNullable(kept.get(setting));
    }

    /** Keeps a figure, unless one that rests on more samples is known. */
    synchronized void keep(String setting, AccuracyEstimate figure) {
        AccuracyEstimate known = kept.get(setting);
        if (known == null || known.seen() < figure.seen()) {
            kept.put(setting, figure);
        }
    }

    /** Settings of which a figure is kept. */
    public synchronized int size() {
        return kept.size();
    }
}
