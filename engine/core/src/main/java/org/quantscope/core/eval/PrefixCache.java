package org.quantscope.core.eval;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.ort.NativeTensor;

/**
 * Keeps the values that cross the cut of a session, for each batch of the evaluation order, in native memory, under the
 * exact settings that they depend on. It has a budget: to make room it drops what is least recently used and not in
 * use; values that still do not fit are not kept, and whoever needs them computes them again. Thread safe.
 */
final class PrefixCache implements AutoCloseable {
    private final int batches;
    private final LinkedHashMap<QuantizedSession.FrontKey, Kept> kept = new LinkedHashMap<>(8, 0.75f, true);
    private long budget;
    private long bytes;
    private boolean closed;
    /** The entry that was asked for last. */
    private @Nullable Kept last;

    /**
     * @param budget the most bytes to keep
     * @param batches the number of batches
     */
    PrefixCache(long budget, int batches) {
        this.budget = budget;
        this.batches = batches;
    }

    /** The values kept under one key. They stay in use until this is closed. */
    final class Use implements AutoCloseable {
        private final QuantizedSession.FrontKey key;
        private final Kept of;
        private boolean over;

        private Use(QuantizedSession.FrontKey key, Kept of) {
            this.key = key;
            this.of = of;
        }

        /** The values that cross the cut for a batch, if they are kept. The cache still owns them. */
        Optional<List<NativeTensor>> get(int batch) {
            synchronized (kept) {
                return Optional.ofNullable(of.byBatch[batch]);
            }
        }

        /**
         * Offers the values that cross the cut for a batch.
         *
         * @return true if the cache now owns them, false if the caller still does
         */
        boolean offer(int batch, List<NativeTensor> crossing) {
            long more = crossing.stream().mapToLong(NativeTensor::bytes).sum();
            synchronized (kept) {
                if (closed || of.byBatch[batch] != null) {
                    return false;
                }
                makeRoom(more);
                if (bytes + more > budget) {
                    return false;
                }
                of.byBatch[batch] = crossing;
                of.bytes += more;
                bytes += more;
                return true;
            }
        }

        /** The number of batches that are kept. */
        int count() {
            synchronized (kept) {
                return of.count();
            }
        }

        @Override
        public void close() {
            synchronized (kept) {
                if (!over) {
                    over = true;
                    of.users--;
                    if (closed && of.users == 0) {
                        of.free();
                    } else if (!closed) {
                        if (of.users == 0 && of.count() == 0) {
                            kept.remove(key, of);
                        }
                        makeRoom(0);
                    }
                }
            }
        }
    }

    private static final class Kept {
        final @Nullable List<NativeTensor>[] byBatch;
        long bytes;
        int users;

        @SuppressWarnings({"unchecked", "rawtypes"}) // Java makes no arrays of generic types
        Kept(int batches) {
            byBatch = new List[batches];
        }

        int count() {
            int n = 0;
            for (List<NativeTensor> b : byBatch) {
                n += b == null ? 0 : 1;
            }
            return n;
        }

        void free() {
            for (int b = 0; b < byBatch.length; b++) {
                List<NativeTensor> tensors = byBatch[b];
                if (tensors != null) {
                    tensors.forEach(NativeTensor::close);
                    byBatch[b] = null;
                }
            }
            bytes = 0;
        }
    }

    Use use(QuantizedSession.FrontKey key) {
        synchronized (kept) {
            Kept of = kept.computeIfAbsent(key, k -> new Kept(batches));
            of.users++;
            last = of;
            return new Use(key, of);
        }
    }

    private void makeRoom(long more) {
        Iterator<Kept> oldest = kept.values().iterator();
        while (bytes + more > budget && oldest.hasNext()) {
            Kept candidate = oldest.next();
            if (candidate.users == 0) {
                bytes -= candidate.bytes;
                candidate.free();
                oldest.remove();
            }
        }
    }

    /** For tests: the number of settings for which values are kept. */
    int keys() {
        synchronized (kept) {
            return kept.size();
        }
    }

    /** The present use of the budget. */
    CacheUse stand() {
        synchronized (kept) {
            return new CacheUse(bytes, budget, last == null ? 0 : last.count(), batches);
        }
    }

    /** Sets another budget in bytes; what exceeds it is freed as soon as nobody uses it. */
    void setBudget(long most) {
        synchronized (kept) {
            budget = most;
            makeRoom(0);
        }
    }

    /** Frees all that is not in use; the rest is freed when its use ends. */
    @Override
    public void close() {
        synchronized (kept) {
            closed = true;
            kept.values().stream().filter(k -> k.users == 0).forEach(Kept::free);
            kept.clear();
            last = null;
            bytes = 0;
        }
    }
}
