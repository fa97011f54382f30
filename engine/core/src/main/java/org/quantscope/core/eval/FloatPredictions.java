package org.quantscope.core.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;

/**
 * The predictions of the float model for each batch, computed once, by the first caller that needs them. Outputs are
 * kept for the first batches, up to {@value #LOGIT_BYTES} bytes; scores are kept for all batches. Thread safe.
 */
final class FloatPredictions {
    private static final long LOGIT_BYTES = 64L << 20;

    private final Model model;
    private final Model floatModel;
    private final SampleFeed feed;
    private final int[][] batches;
    private final Optional<Task> chosen;
    private final OrtModel.Options options;

    /** One for each batch, null until computed. */
    private final AtomicReferenceArray<Scoring.@Nullable Reference> floats;
    /** Held while the float model runs one batch. */
    private final Object[] computing;

    /** Held while the first outputs are computed. */
    private final ReentrantLock starting = new ReentrantLock();
    /** Null until there are outputs. */
    private volatile @Nullable Scoring scoring;

    /** Guards the session and is held while it is built. */
    private final ReentrantLock loading = new ReentrantLock();

    private @Nullable OrtModel loaded;

    /**
     * @param model the model that is evaluated
     * @param floatModel the model that it is compared with
     * @param batches the samples of each batch
     * @param chosen what to score; if it is empty, or the model and the data do not allow it, the task that fits them
     *     best is taken
     */
    FloatPredictions(
            Model model,
            Model floatModel,
            SampleFeed feed,
            int[][] batches,
            Optional<Task> chosen,
            OrtModel.Options options) {
        this.model = model;
        this.floatModel = floatModel;
        this.feed = feed;
        this.batches = batches;
        this.chosen = chosen;
        this.options = options;
        this.floats = new AtomicReferenceArray<>(batches.length);
        this.computing =
                IntStream.range(0, batches.length).mapToObj(b -> new Object()).toArray();
    }

    /**
     * How the outputs are scored. Runs the float model on the first batch if it has not run yet.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Scoring scoring(CancelToken cancel) {
        Scoring known = scoring;
        if (known != null) {
            return known;
        }
        starting.lock();
        try {
            cancel.check();
            known = scoring;
            if (known == null) {
                Logits outputs = floatOutputs(0, cancel);
                known = Scoring.of(model, feed.data(), chosen, outputs);
                if (known.refusal().isEmpty()) {
                    keep(0, known, outputs);
                }
                scoring = known;
            }
            return known;
        } finally {
            starting.unlock();
        }
    }

    /**
     * The float model's predictions for a batch, with its outputs if the task compares outputs.
     *
     * @throws org.quantscope.core.io.BadInputException if the labels do not fit the output
     */
    Scoring.Reference of(int b, CancelToken cancel) {
        Scoring by = scoring(cancel).checked();
        synchronized (computing[b]) {
            cancel.check();
            Scoring.Reference known = floats.get(b);
            if (known != null && (known.hasOutputs() || !by.task().comparesOutputs())) {
                return known;
            }
            return keep(b, by, floatOutputs(b, cancel));
        }
    }

    private Logits floatOutputs(int b, CancelToken cancel) {
        return Logits.of(loaded(cancel), model, feed, batches[b], Map.of(), cancel);
    }

    private Scoring.Reference keep(int b, Scoring by, Logits outputs) {
        Scoring.Reference computed = by.reference(batches[b], outputs);
        long before = (long) b * batches[0].length * outputs.classes() * Float.BYTES;
        floats.set(b, before < LOGIT_BYTES ? computed : computed.withoutOutputs());
        return computed;
    }

    private OrtModel loaded(CancelToken cancel) {
        loading.lock();
        try {
            cancel.check();
            OrtModel known = loaded;
            if (known == null) {
                known = OrtModel.load(
                        InstrumentedGraph.plain(floatModel),
                        String.valueOf(model.file().getFileName()),
                        options);
                loaded = known;
            }
            return known;
        } finally {
            loading.unlock();
        }
    }

    /** Hands over the session, if there is one, for the caller to close. */
    List<OrtModel> release() {
        loading.lock();
        try {
            List<OrtModel> held = loaded == null ? List.of() : List.of(loaded);
            loaded = null;
            return held;
        } finally {
            loading.unlock();
        }
    }
}
