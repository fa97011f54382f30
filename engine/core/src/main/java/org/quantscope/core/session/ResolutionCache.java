package org.quantscope.core.session;

import java.util.LinkedHashMap;
import java.util.Map;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * What the specs of one model's stored tensors were resolved to, kept under the exact spec. One cache belongs to one
 * {@link org.quantscope.core.model.Model}: folding changes weights and keeps their names, so a folded model needs its own.
 *
 * <p>The least recently used entries go when the kept slices pass the budget. Thread safe; two threads that ask for the
 * same missing entry at once both compute it.
 */
public final class ResolutionCache {
    /** Slices kept by default; one takes about 32 bytes. */
    public static final long DEFAULT_BUDGET = 1 << 20;

    /** @param importances by identity, where the calibrator needs one; {@link Importances#NONE} where not */
    private record Key(TensorId id, QuantSpec spec, Importances importances) {}

    private final long budget;
    private final LinkedHashMap<Key, Resolution> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long slices;

    public ResolutionCache() {
        this(DEFAULT_BUDGET);
    }

    /** @param budget slices to keep over all entries; the newest entry is kept whatever its size */
    public ResolutionCache(long budget) {
        this.budget = budget;
    }

    /**
     * {@link RangeResolver#resolve(Tensor, QuantSpec, Importances, CancelToken)}, or what it gave before.
     *
     * @throws IllegalArgumentException if the spec does not fit the tensor
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Resolution resolve(Tensor tensor, QuantSpec spec, Importances importances, CancelToken cancel) {
        boolean weighted = spec.clip() instanceof Clip.Auto auto
                && Calibrators.byId(auto.calibratorId()).needsImportance();
        Key key = new Key(tensor.id(), spec, weighted ? importances : Importances.NONE);
        synchronized (kept) {
            Resolution found = kept.get(key);
            if (found != null) {
                return found;
            }
        }
        Resolution made = RangeResolver.resolve(tensor, spec, importances, cancel);
        synchronized (kept) {
            Resolution before = kept.put(key, made);
            slices += weight(made) - (before == null ? 0 : weight(before));
            var eldest = kept.entrySet().iterator();
            while (slices > budget && kept.size() > 1) {
                Map.Entry<Key, Resolution> entry = eldest.next();
                slices -= weight(entry.getValue());
                eldest.remove();
            }
        }
        return made;
    }

    /** In slices: a codebook of eight levels takes about as much as a slice. */
    private static long weight(Resolution r) {
        return r.params().slices()
                + r.params().codebooks().stream().mapToLong(CodebookGrid::size).sum() / 8;
    }

    /** Entries kept. */
    public int size() {
        synchronized (kept) {
            return kept.size();
        }
    }
}
