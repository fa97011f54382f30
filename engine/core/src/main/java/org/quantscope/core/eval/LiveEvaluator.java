package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;

/**
 * Accuracy of quantized settings of one model on one data set, paired with its float predictions. Owns its ONNX Runtime
 * sessions. Thread safe. Batches run side by side, one on each thread: small operators gain more from that than from being
 * divided. Their results are counted in the evaluation order.
 *
 * <p>The float model's predictions are computed once for each batch and kept. The SQNR and the divergence rest on the samples
 * whose float outputs are kept too, the first of the evaluation order ({@link FloatPredictions}).
 * What is scored is a {@link Task}.
 *
 * <p>With a tensor in hand, what is computed in front of it is kept too, so that a move costs only what depends on it:
 * under the exact settings in front, within a budget, and computed again where the budget ends.
 */
public final class LiveEvaluator implements AutoCloseable {
    /** Bytes of intermediate values kept at most, in native memory. */
    public static final long DEFAULT_CACHE_BYTES = 1L << 30;

    /** Samples that a figure rests on at least, if there are as many. */
    public static final int FIRST_FIGURE = 100;

    /**
     * Samples of one batch. By measurement: more and the values of a wide layer leave the cache on their way from one operator to
     * the next (a depthwise network takes a fifth longer with 100), fewer and small models pay for each call. The first 100 samples are work for four threads.
     */
    private static final int MOST_AT_ONCE = 25;

    private final Model model;
    private final SampleFeed feed;
    private final int batchSize;
    private final int[][] batches;
    private final CancelToken closing = new CancelToken();
    private final InOrder runner;
    private final FloatPredictions floats;
    private final SessionPool sessions;
    private final PrefixCache cache;
    private volatile long cacheBudget;

    /**
     * On two threads.
     *
     * @param model with a graph, folded or not as it is to be analysed
     * @param seed of the evaluation order
     * @throws BadInputException if the data does not fit the model's input, or the model has no floating output
     */
    public LiveEvaluator(Model model, Dataset data, long seed) {
        this(model, data, seed, 2, Optional.empty());
    }

    /** Like the others, with {@link #DEFAULT_CACHE_BYTES}. */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads, Optional<Task> chosen) {
        this(model, model, data, seed, threads, chosen);
    }

    /**
     * Like the others, beside another float model.
     *
     * @param reference the float model that is compared with: {@code model} before it was corrected, with the same input and outputs
     */
    public LiveEvaluator(Model model, Model reference, Dataset data, long seed, int threads, Optional<Task> chosen) {
        this(model, reference, data, seed, threads, chosen, DEFAULT_CACHE_BYTES);
    }

    /** Like the others, with a budget for intermediate values in bytes; 0 for none. */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads, Optional<Task> chosen, long cacheBytes) {
        this(model, model, data, seed, threads, chosen, cacheBytes);
    }

    /**
     * Like the others.
     *
     * @param threads batches that run at once, at least 1
     * @param chosen what to score; empty, or what the model and the data do not allow: what fits them best
     * @param cacheBytes budget for intermediate values in front of the tensor in hand; 0 for none
     */
    public LiveEvaluator(
            Model model,
            Model reference,
            Dataset data,
            long seed,
            int threads,
            Optional<Task> chosen,
            long cacheBytes) {
        if (threads < 1 || cacheBytes < 0) {
            throw new IllegalArgumentException(
                    "threads: at least 1, cache: at least 0 bytes, got " + threads + " and " + cacheBytes);
        }
        this.model = model;
        this.feed = SampleFeed.of(model, data);
        Logits.predictionOutput(model);
        this.batchSize = feed.batchSize(MOST_AT_ONCE);
        this.batches = batches(data.size(), batchSize, seed);
        OrtModel.Options options = new OrtModel.Options(1, true);
        this.floats = new FloatPredictions(model, reference, feed, batches, chosen, options);
        this.sessions = new SessionPool(model, options);
        this.cacheBudget = cacheBytes;
        this.cache = new PrefixCache(cacheBytes, batches.length);
        this.runner = new InOrder(threads);
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
        return batchSize;
    }

    /** Sessions built for quantized settings so far. */
    public int sessionsBuilt() {
        return sessions.built();
    }

    /** How much is kept in front of the tensor in hand. */
    public CacheUse cacheUse() {
        return cache.stand();
    }

    /** Sets the bytes of intermediate values that are kept at most, at least 0; what is above goes as soon as no evaluation uses it. */
    public void setCacheBudget(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cache: at least 0 bytes, got " + bytes);
        }
        cacheBudget = bytes;
        cache.setBudget(bytes);
    }

    /**
     * Computes and keeps the float model's predictions on all samples; reports float accuracy as it grows. In the estimate
     * both models are the float one: delta 0, all samples agree, the SQNR is infinite.
     *
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     */
    public AccuracyEstimate floatBaseline(CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        try (Linked linked = new Linked(cancel, closing)) {
            Scoring by = floats.scoring(linked.token);
            double[] scores = new double[1];
            int[] seen = new int[1];
            AccuracyEstimate[] estimate = {by.baseline(0, 1, samples())};
            runner.run(batches.length, linked.token, b -> floats.of(b, linked.token), (b, reference) -> {
                for (int i = 0; i < reference.rows(); i++) {
                    scores[0] += reference.score(i);
                }
                seen[0] += reference.rows();
                if (isFigure(b, batches.length)) {
                    estimate[0] = by.baseline(scores[0], seen[0], samples());
                    partial.accept(estimate[0]);
                }
                return true;
            });
            return estimate[0];
        }
    }

    /**
     * Does for a request ahead of time what its evaluations have in common: builds the session, so that a change of
     * {@code inHand}'s parameters, or of those of the activations, needs none, and computes what is kept in front of the tensor in hand.
     *
     * @throws CancellationException if cancelled or closed
     */
    public void prepare(EvalRequest asked, CancelToken cancel) {
        EvalRequest request = asked.withTies(model);
        try (Linked linked = new Linked(cancel, closing);
                SessionPool.Leased leased = sessions.lease(request, cacheBudget > 0, linked.token)) {
            if (!leased.session().isCut() || cacheBudget == 0) {
                return;
            }
            try (PrefixCache.Use use = cache.use(leased.session().settingsInFront(request));
                    QuantizedSession.Feeds feeds = leased.session().feeds(request, linked.token)) {
                runner.run(
                        batches.length,
                        linked.token,
                        b -> use.get(b).isPresent() || keepFront(leased.session(), b, feeds, use, linked.token),
                        (b, kept) -> kept);
            }
        }
    }

    private boolean keepFront(
            QuantizedSession session, int b, QuantizedSession.Feeds feeds, PrefixCache.Use use, CancelToken cancel) {
        List<NativeTensor> crossing = session.front(feed, batches[b], feeds, cancel);
        boolean kept = use.offer(b, crossing);
        if (!kept) {
            crossing.forEach(NativeTensor::close);
        }
        return kept;
    }

    /**
     * What is scored, the automatic choice first, and what could be scored instead. Runs the float model on one batch if nothing has run yet.
     *
     * @throws CancellationException if cancelled or closed
     * @throws BadInputException if the model's outputs do not fit the targets
     */
    public List<Task> tasks(CancelToken cancel) {
        try (Linked linked = new Linked(cancel, closing)) {
            return floats.scoring(linked.token).possible();
        }
    }

    /** Evaluates batch by batch as {@link #evaluateSamples} does, for a caller that wants the figure only. */
    public AccuracyEstimate evaluate(EvalRequest request, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluate(request, samples(), cancel, partial);
    }

    /**
     * Evaluates the first samples of the evaluation order only.
     *
     * @param atLeast samples wanted, at least 1; rounded up to whole batches
     */
    public AccuracyEstimate evaluate(
            EvalRequest request, int atLeast, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluateSamples(request, atLeast, cancel, e -> partial.accept(e.accuracy()))
                .accuracy();
    }

    /**
     * Evaluates batch by batch in a fixed random order.
     *
     * @param partial called on the working thread after each batch from sample {@value #FIRST_FIGURE} on, the last time with the complete figure
     * @return the complete figure
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     * @throws BadInputException if a tensor of the request is none of the model's
     */
    public Evaluation evaluateSamples(EvalRequest asked, CancelToken cancel, Consumer<Evaluation> partial) {
        return evaluateSamples(asked, samples(), cancel, partial);
    }

    private Evaluation evaluateSamples(
            EvalRequest asked, int atLeast, CancelToken cancel, Consumer<Evaluation> partial) {
        if (atLeast < 1) {
            throw new IllegalArgumentException("samples: at least 1, got " + atLeast);
        }
        int wanted = (int) Math.min(batches.length, ((long) atLeast + batchSize - 1) / batchSize);
        EvalRequest request = asked.withTies(model);
        try (Linked linked = new Linked(cancel, closing);
                SessionPool.Leased leased = sessions.lease(request, cacheBudget > 0, linked.token);
                PrefixCache.Use use = cache.use(leased.session().settingsInFront(request));
                QuantizedSession.Feeds feeds = leased.session().feeds(request, linked.token)) {
            Scoring.Tally tally = floats.scoring(linked.token).tally(samples());
            Evaluation[] evaluation = {tally.evaluation()};
            runner.run(
                    wanted,
                    linked.token,
                    b -> new Pair(floats.of(b, linked.token), quantized(leased.session(), b, feeds, use, linked.token)),
                    (b, pair) -> {
                        tally.add(batches[b], pair.reference, pair.quantized);
                        if (isFigure(b, wanted)) {
                            evaluation[0] = tally.evaluation();
                            partial.accept(evaluation[0]);
                        }
                        return true;
                    });
            return evaluation[0];
        }
    }

    /** True if there is something to report behind a batch: enough samples for an interval that says something, or all of them. */
    private boolean isFigure(int batch, int count) {
        return (batch + 1) * (long) batchSize >= FIRST_FIGURE || batch == count - 1;
    }

    /** What both models say to a batch. */
    private record Pair(Scoring.Reference reference, Logits quantized) {}

    private Logits quantized(
            QuantizedSession session, int b, QuantizedSession.Feeds feeds, PrefixCache.Use use, CancelToken cancel) {
        if (!session.isCut()) {
            return session.logits(feed, batches[b], feeds, cancel);
        }
        Optional<List<NativeTensor>> known = use.get(b);
        if (known.isPresent()) {
            return session.back(feed, batches[b], feeds, known.get(), cancel);
        }
        List<NativeTensor> crossing = session.front(feed, batches[b], feeds, cancel);
        boolean kept = false;
        try {
            Logits logits = session.back(feed, batches[b], feeds, crossing, cancel);
            kept = use.offer(b, crossing);
            return logits;
        } finally {
            if (!kept) {
                crossing.forEach(NativeTensor::close);
            }
        }
    }

    /** Terminates what runs, waits for it, releases the sessions. What is called later is cancelled. */
    @Override
    public void close() {
        closing.cancel();
        runner.close();
        List<OrtModel> all = Stream.concat(sessions.release().stream(), floats.release().stream())
                .toList();
        // First, so that its memory is given back with that of the sessions.
        cache.close();
        all.forEach(OrtModel::close);
        all.forEach(OrtModel::awaitRelease);
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
