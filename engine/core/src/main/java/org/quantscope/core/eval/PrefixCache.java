package org.quantscope.core.eval;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.ort.NativeTensor;

/**
 * What crosses the cut of a session, for the batches of an evaluation order, kept in native memory under the exact settings
 * in front of the cut. Within a budget: to make room, what was used longest ago and is not in use is dropped; what still
 * does not fit is not kept and is computed again by whoever needs it. Thread safe.
 */
final class PrefixCache implements AutoCloseable {
    private final int batches;
    private final LinkedHashMap<QuantizedSession.FrontKey, Kept> kept = new LinkedHashMap<>(8, 0.75f, true);
    private long budget;
    private long bytes;
    private boolean closed;
    /** What was asked for last. */
    private @Nullable Kept last;

    /**
     * @param budget bytes kept at most
     * @param batches how many there are
     */
    PrefixCache(long budget, int batches) {
        this.budget = budget;
        this.batches = batches;
    }

    /** What is kept under one key, in use by somebody until it is closed. */
    final class Use implements AutoCloseable {
        private final QuantizedSession.FrontKey key;
        private final Kept of;
        private boolean over;

        private Use(QuantizedSession.FrontKey key, Kept of) {
            this.key = key;
            this.of = of;
        }

        /** What crosses for a batch, if it is kept; stays the cache's. */
        Optional<List<NativeTensor>> get(int batch) {
            synchronized (kept) {
                return Optional.ofNullable(of.byBatch[batch]);
            }
        }

        /**
         * Offers what crosses for a batch.
         *
         * @return true if the cache has taken it over, false if it stays the caller's
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

        /** How many batches are kept. */
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

    /** For tests: how many settings in front of a cut are remembered. */
    int keys() {
        synchronized (kept) {
            return kept.size();
        }
    }

    /** How it stands. */
    CacheUse stand() {
        synchronized (kept) {
            return new CacheUse(bytes, budget, last == null ? 0 : last.count(), batches);
        }
    }

    /** Sets another budget in bytes; what is above it goes as soon as nobody uses it. */
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
