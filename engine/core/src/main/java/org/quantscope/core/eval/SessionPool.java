package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.tensor.TensorId;

/** Sessions for quantized settings of one model. They are built on demand, and the last few are kept. Thread safe. */
final class SessionPool {
    /** The most sessions to keep: for the selected tensor and the one before it, and for both under other settings. */
    private static final int MOST = 4;
    /** If the sessions take more bytes than this together, fewer are kept; the newest always is. */
    private static final long MOST_BYTES = 1L << 30;

    private static final long BAKED_BYTES = 256L << 20;

    private final Model model;
    private final OrtModel.Options options;
    private final long mostBytes;
    private final BakedWeights baked = new BakedWeights(BAKED_BYTES);
    private final AtomicInteger built = new AtomicInteger();
    /** Guards the sessions and is held while one is built. */
    private final ReentrantLock building = new ReentrantLock();

    private final LinkedHashMap<QuantizedSession.Key, QuantizedSession> sessions = new LinkedHashMap<>(16, 0.75f, true);

    SessionPool(Model model, OrtModel.Options options) {
        this(model, options, MOST_BYTES);
    }

    /** @param mostBytes the most bytes to keep, if there is more than one session */
    SessionPool(Model model, OrtModel.Options options, long mostBytes) {
        this.mostBytes = mostBytes;
        this.model = model;
        this.options = options;
    }

    /** The number of sessions built so far. */
    int built() {
        return built.get();
    }

    /**
     * A session that serves the request; it is built if there is none.
     *
     * @param cut whether to cut before the selected tensor, if one has to be built
     * @throws java.util.concurrent.CancellationException if cancelled
     * @throws org.quantscope.core.io.BadInputException if a tensor of the request is not one of the model's
     */
    Leased lease(EvalRequest request, boolean cut, CancelToken cancel) {
        QuantizedSession.Key key = QuantizedSession.Key.of(request, model);
        building.lock();
        try {
            cancel.check();
            QuantizedSession session = sessions.get(key);
            if (session == null) {
                session = switchedOff(key, request).orElse(null);
            }
            if (session == null) {
                // What is not going to be kept must not take memory beside the one that is built.
                while (!sessions.isEmpty() && bytes() > mostBytes) {
                    retireOldest();
                }
                session = QuantizedSession.build(model, key, cut, baked, options, cancel);
                built.incrementAndGet();
                sessions.put(key, session);
                while (sessions.size() > MOST || (sessions.size() > 1 && bytes() > mostBytes)) {
                    retireOldest();
                }
            }
            return new Leased(
                    session, session.loaded().stream().map(OrtModel::lease).toList());
        } finally {
            building.unlock();
        }
    }

    /**
     * A session that can serve the request because its selected activation is switched off; the form of its quantizer
     * then does not matter.
     */
    private Optional<QuantizedSession> switchedOff(QuantizedSession.Key key, EvalRequest request) {
        Map<TensorId, Form> on = new HashMap<>(key.activations());
        on.keySet().retainAll(request.activations().keySet());
        return sessions.entrySet().stream()
                .filter(e -> e.getKey().selected().equals(key.selected())
                        && e.getKey().apart() == key.apart()
                        && e.getKey().others().equals(key.others())
                        && e.getKey().values().equals(key.values()))
                .filter(e -> {
                    Map<TensorId, Form> off = new HashMap<>(e.getKey().activations());
                    off.entrySet().removeAll(on.entrySet());
                    return off.size() + on.size() == e.getKey().activations().size()
                            && e.getValue().switchable().containsAll(off.keySet());
                })
                .map(Map.Entry::getValue)
                .reduce((older, newer) -> newer);
    }

    /** A session that is not freed before this is closed. */
    record Leased(QuantizedSession session, List<OrtModel.Lease> leases) implements AutoCloseable {
        @Override
        public void close() {
            leases.forEach(OrtModel.Lease::close);
        }
    }

    private void retireOldest() {
        Iterator<QuantizedSession> oldest = sessions.values().iterator();
        oldest.next().loaded().forEach(OrtModel::retire);
        oldest.remove();
    }

    private long bytes() {
        return sessions.values().stream().mapToLong(QuantizedSession::bytes).sum();
    }

    /** Hands over all native sessions, for the caller to close. */
    List<OrtModel> release() {
        building.lock();
        try {
            List<OrtModel> held = new ArrayList<>();
            sessions.values().forEach(s -> held.addAll(s.loaded()));
            sessions.clear();
            return held;
        } finally {
            building.unlock();
        }
    }
}
