package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.BadInputException;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.InstrumentedGraph;
import org.quantscope.core.ort.OrtModel;

/**
 * Accuracy of quantized settings of one model on one data set, paired with its float predictions. Owns its ONNX Runtime
 * sessions. Thread safe; batches run one at a time, those of a float baseline and of an evaluation in turn.
 *
 * <p>The float model's predictions are computed once for each batch, by whoever needs them first, and kept. Its outputs are
 * kept for the first samples of the evaluation order up to {@value #LOGIT_BYTES} bytes; the SQNR and the divergence rest on those.
 * What is scored is a {@link Task}.
 */
public final class LiveEvaluator implements AutoCloseable {
    /** Built sessions kept: the tensor in hand, the one before it, and the same two with other settings. */
    private static final int SESSIONS = 4;

    private static final long LOGIT_BYTES = 64L << 20;

    private final Model model;
    private final SampleFeed feed;
    private final OrtModel.Options options;
    private final int[][] batches;
    private final CancelToken closing = new CancelToken();

    /** Held for one batch. Fair, so that a baseline and an evaluation take turns. */
    private final ReentrantLock running = new ReentrantLock(true);
    /** By batch, null until computed; guarded by {@code running}. */
    private final Scoring.@Nullable Reference[] floats;
    private final Optional<Task> chosen;
    /** Null until the first outputs are there; guarded by {@code running}. */
    private @Nullable Scoring scoring;

    /** Guards the sessions and is held while one is built. */
    private final ReentrantLock building = new ReentrantLock();

    private final LinkedHashMap<QuantizedSession.Key, QuantizedSession> sessions = new LinkedHashMap<>(16, 0.75f, true);
    private @Nullable OrtModel floatModel;

    /**
     * @param model with a graph, folded or not as it is to be analysed
     * @param seed of the evaluation order
     * @throws BadInputException if the data does not fit the model's input, or the model has no floating output
     */
    public LiveEvaluator(Model model, Dataset data, long seed) {
        this(model, data, seed, OrtModel.Options.DEFAULT.threads(), Optional.empty());
    }

    /**
     * Like the other one, on that many threads.
     *
     * @param threads of one operator, at least 1
     * @param chosen what to score; empty, or what the model and the data do not allow: what fits them best
     */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads, Optional<Task> chosen) {
        this.model = model;
        this.options = new OrtModel.Options(threads, true);
        this.feed = SampleFeed.of(model, data);
        Logits.predictionOutput(model);
        this.batches = batches(data.size(), feed.batchSize(), seed);
        this.floats = new Scoring.@Nullable Reference[batches.length];
        this.chosen = chosen;
    }

    private static int[][] batches(int samples, int size, long seed) {
        int[] order = new int[samples];
        Random random = new Random(seed);
        for (int i = 0; i < samples; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        int[][] batches = new int[(samples + size - 1) / size][];
        for (int b = 0; b < batches.length; b++) {
            batches[b] = Arrays.copyOfRange(order, b * size, Math.min(samples, (b + 1) * size));
        }
        return batches;
    }

    /** The number of samples an evaluation sees. */
    public int samples() {
        return feed.data().size();
    }

    /** How many samples run at once. */
    public int batchSize() {
        return feed.batchSize();
    }

    /**
     * Computes and keeps the float model's predictions on all samples; reports float accuracy as it grows. In the estimate
     * both models are the float one: delta 0, all samples agree, the SQNR is infinite.
     *
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     */
    public AccuracyEstimate floatBaseline(CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        try (Linked linked = new Linked(cancel, closing)) {
            double scores = 0;
            int seen = 0;
            Scoring by = scoring(linked.token);
            AccuracyEstimate estimate = by.baseline(0, 1, samples());
            for (int b = 0; b < batches.length; b++) {
                Scoring.Reference reference = reference(b, linked.token);
                for (int i = 0; i < reference.rows(); i++) {
                    scores += reference.score(i);
                }
                seen += reference.rows();
                estimate = by.baseline(scores, seen, samples());
                partial.accept(estimate);
            }
            return estimate;
        }
    }

    /**
     * Builds the session for a request ahead of time, so that a change of {@code inHand}'s parameters, or of those of the
     * activations, needs none.
     *
     * @throws CancellationException if cancelled or closed
     */
    public void prepare(EvalRequest request, CancelToken cancel) {
        try (Linked linked = new Linked(cancel, closing)) {
            lease(request.withTies(model), linked.token).close();
        }
    }

    /**
     * What is scored, the automatic choice first, and what could be scored instead. Runs the float model on one batch if nothing has run yet.
     *
     * @throws CancellationException if cancelled or closed
     * @throws BadInputException if the model's outputs do not fit the targets
     */
    public List<Task> tasks(CancelToken cancel) {
        try (Linked linked = new Linked(cancel, closing)) {
            return scoring(linked.token).possible();
        }
    }

    /** Evaluates batch by batch as {@link #evaluateSamples} does, for a caller that wants the figure only. */
    public AccuracyEstimate evaluate(EvalRequest request, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluateSamples(request, cancel, e -> partial.accept(e.accuracy())).accuracy();
    }

    /**
     * Evaluates batch by batch in a fixed random order.
     *
     * @param partial called on the working thread after each batch, the last time with the complete figure
     * @return the complete figure
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     * @throws BadInputException if a tensor of the request is none of the model's
     */
    public Evaluation evaluateSamples(EvalRequest asked, CancelToken cancel, Consumer<Evaluation> partial) {
        EvalRequest request = asked.withTies(model);
        try (Linked linked = new Linked(cancel, closing);
                Leased leased = lease(request, linked.token);
                QuantizedSession.Feeds feeds = leased.session.feeds(request, linked.token)) {
            Scoring.Tally tally = scoring(linked.token).tally(samples());
            Evaluation evaluation = tally.evaluation();
            for (int b = 0; b < batches.length; b++) {
                Scoring.Reference reference = reference(b, linked.token);
                Logits quantized;
                running.lock();
                try {
                    quantized = leased.session.logits(feed, batches[b], feeds, linked.token);
                } finally {
                    running.unlock();
                }
                tally.add(batches[b], reference, quantized);
                evaluation = tally.evaluation();
                partial.accept(evaluation);
            }
            return evaluation;
        }
    }

    /** Terminates what runs, waits for it, releases the sessions. What is called later is cancelled. */
    @Override
    public void close() {
        closing.cancel();
        List<OrtModel> all = new ArrayList<>();
        building.lock();
        try {
            sessions.values().forEach(s -> all.add(s.loaded()));
            sessions.clear();
            if (floatModel != null) {
                all.add(floatModel);
                floatModel = null;
            }
        } finally {
            building.unlock();
        }
        all.forEach(OrtModel::close);
        all.forEach(OrtModel::awaitRelease);
    }

    private Scoring scoring(CancelToken cancel) {
        running.lock();
        try {
            Scoring known = scoring;
            if (known == null) {
                reference(0, cancel);
                known = Objects.requireNonNull(scoring);
            }
            return known;
        } finally {
            running.unlock();
        }
    }

    /** What the float model says to a batch; with its outputs if the task is about those. */
    private Scoring.Reference reference(int b, CancelToken cancel) {
        running.lock();
        try {
            cancel.check();
            Scoring.Reference known = floats[b];
            if (known != null && (known.hasOutputs() || scoring == null || !scoring.task().comparesOutputs())) {
                return known;
            }
            Logits outputs = Logits.of(floatModel(cancel), model, feed, batches[b], Map.of(), cancel);
            Scoring by = scoring;
            if (by == null) {
                by = Scoring.of(model, feed.data(), chosen, outputs);
                scoring = by;
            }
            Scoring.Reference computed = by.reference(batches[b], outputs);
            long before = (long) b * feed.batchSize() * outputs.classes() * Float.BYTES;
            floats[b] = before < LOGIT_BYTES ? computed : computed.withoutOutputs();
            return computed;
        } finally {
            running.unlock();
        }
    }

    private OrtModel floatModel(CancelToken cancel) {
        building.lock();
        try {
            cancel.check();
            OrtModel known = floatModel;
            if (known == null) {
                known = OrtModel.load(InstrumentedGraph.plain(model), String.valueOf(model.file().getFileName()), options);
                floatModel = known;
            }
            return known;
        } finally {
            building.unlock();
        }
    }

    private Leased lease(EvalRequest request, CancelToken cancel) {
        QuantizedSession.Key key = QuantizedSession.Key.of(request);
        building.lock();
        try {
            cancel.check();
            QuantizedSession session = sessions.get(key);
            if (session == null) {
                session = QuantizedSession.build(model, key, options, cancel);
                sessions.put(key, session);
                Iterator<QuantizedSession> oldest = sessions.values().iterator();
                while (sessions.size() > SESSIONS) {
                    oldest.next().loaded().retire();
                    oldest.remove();
                }
            }
            return new Leased(session, session.loaded().lease());
        } finally {
            building.unlock();
        }
    }

    private record Leased(QuantizedSession session, OrtModel.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            lease.close();
        }
    }

    /** A token that is cancelled when either of two others is. */
    private static final class Linked implements AutoCloseable {
        private final CancelToken token = new CancelToken();
        private final CancelToken.Registration first;
        private final CancelToken.Registration second;

        Linked(CancelToken a, CancelToken b) {
            first = a.onCancel(token::cancel);
            second = b.onCancel(token::cancel);
        }

        @Override
        public void close() {
            first.close();
            second.close();
        }
    }
}
