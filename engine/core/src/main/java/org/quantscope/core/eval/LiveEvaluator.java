package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.NonFiniteWeights;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;

/**
 * Accuracy of quantized settings of one model on one data set, paired with its float predictions. Owns its ONNX Runtime
 * sessions. Thread safe. Batches run side by side, one on each thread; for small operators that is faster than dividing
 * one operator among threads. {@linkplain SampleFeed#isLarge Large samples} run one at a time, with all threads. Results are counted in the evaluation order.
 *
 * <p>The float model's predictions are computed once for each batch and kept. The SQNR and the divergence are computed
 * over those samples whose float outputs are kept too, which are the first of the evaluation order
 * ({@link FloatPredictions}). A {@link Task} says what is scored.
 *
 * <p>If a tensor is selected, the values computed before it are kept too, so that a change of it costs only what
 * depends on it. They are kept under the exact settings that they depend on and within a budget; for batches beyond the
 * budget they are computed again.
 */
public final class LiveEvaluator implements AutoCloseable {
    /** Default budget for intermediate values in native memory, in bytes. */
    public static final long DEFAULT_CACHE_BYTES = 1L << 30;

    /** The fewest samples behind a reported figure, if the data set has as many. */
    public static final int FIRST_FIGURE = 100;

    /**
     * The most samples of one batch, as measured: with more, the values of a wide layer leave the cache between one
     * operator and the next (a depthwise network takes a fifth longer with 100); with fewer, small models pay for the
     * calls. The first 100 samples occupy four threads.
     */
    private static final int MOST_AT_ONCE = 25;

    /** The seed that keeps the order of the file, for ranges that follow the samples before. */
    public static final long FILE_ORDER = Long.MIN_VALUE;

    private final Model model;
    private final Model reference;
    private final SampleFeed feed;
    private final OrtModel.Options options;
    private final int batchSize;
    private final int[][] batches;
    private final CancelToken closing = new CancelToken();
    private volatile @Nullable List<NonFiniteWeights.Found> nonFinite;
    private final InOrder runner;
    private final FloatPredictions floats;
    private final SessionPool sessions;
    private final PrefixCache cache;
    private volatile long cacheBudget;

    /**
     * An evaluator with two threads.
     *
     * @param model with a graph, in the form to be analysed: BatchNormalization folded or not
     * @param seed of the evaluation order
     * @throws BadInputException if the data does not fit the model's input, or the model has no floating output
     */
    public LiveEvaluator(Model model, Dataset data, long seed) {
        this(model, data, seed, 2, Optional.empty());
    }

    /** As the last constructor, with {@code model} as its own reference and {@link #DEFAULT_CACHE_BYTES}. */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads, Optional<Task> chosen) {
        this(model, model, data, seed, threads, chosen);
    }

    /**
     * As the last constructor, with {@link #DEFAULT_CACHE_BYTES}.
     *
     * @param reference the float model to compare with: {@code model} before it was corrected, with the same input and
     *     outputs
     */
    public LiveEvaluator(Model model, Model reference, Dataset data, long seed, int threads, Optional<Task> chosen) {
        this(model, reference, data, seed, threads, chosen, DEFAULT_CACHE_BYTES);
    }

    /** As the last constructor, with {@code model} as its own reference. */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads, Optional<Task> chosen, long cacheBytes) {
        this(model, model, data, seed, threads, chosen, cacheBytes);
    }

    /**
     * An evaluator.
     *
     * @param model with a graph, in the form to be analysed: BatchNormalization folded or not
     * @param reference the float model to compare with: {@code model}, or what it was before it was corrected, with the
     *     same input and outputs
     * @param seed of the evaluation order; {@link #FILE_ORDER} for that of the file
     * @param threads the number of batches that run at once, at least 1
     * @param chosen what to score; if it is empty, or the model and the data do not allow it, the task that fits them
     *     best is taken
     * @param cacheBytes budget for intermediate values before the selected tensor; 0 keeps none
     * @throws BadInputException if the data does not fit the model's input, the model has no floating output, or its
     *     values need more memory than there is
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
        WeightMemory.check(model, WeightMemory.FLOAT + WeightMemory.QUANTIZED, "evaluation");
        this.model = OutputChoice.of(model, data, new CancelToken());
        this.reference = reference;
        this.feed = SampleFeed.of(this.model, data);
        Logits.predictionOutput(this.model);
        this.batchSize = feed.batchSize(MOST_AT_ONCE);
        this.batches = batches(data.size(), batchSize, seed, feed.rowsInteract());
        // Side by side, two runs would need the memory of both, in each of two sessions.
        boolean large = feed.isLarge();
        this.options = feed.options(new OrtModel.Options(large ? threads : 1, true));
        this.floats = new FloatPredictions(this.model, reference, feed, batches, chosen, options);
        this.sessions = new SessionPool(this.model, options);
        this.cacheBudget = cacheBytes;
        this.cache = new PrefixCache(cacheBytes, batches.length);
        this.runner = new InOrder(large ? 1 : threads);
    }

    /**
     * The samples of each batch, in a random order. Samples whose rows influence each other stay together as they are
     * in the file; then only the order of the batches is random.
     */
    private static int[][] batches(int samples, int size, long seed, boolean together) {
        int count = (samples + size - 1) / size;
        int[] order = shuffled(together ? count : samples, seed);
        int[][] batches = new int[count][];
        for (int b = 0; b < count; b++) {
            batches[b] = together
                    ? IntStream.range(order[b] * size, Math.min(samples, (order[b] + 1) * size))
                            .toArray()
                    : Arrays.copyOfRange(order, b * size, Math.min(samples, (b + 1) * size));
        }
        return batches;
    }

    private static int[] shuffled(int n, long seed) {
        if (seed == FILE_ORDER) {
            return IntStream.range(0, n).toArray();
        }
        int[] order = new int[n];
        Random random = new Random(seed);
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** The number of samples in an evaluation. */
    public int samples() {
        return feed.data().size();
    }

    /** The number of samples in a batch. */
    public int batchSize() {
        return batchSize;
    }

    /** The number of sessions built for quantized settings so far. */
    public int sessionsBuilt() {
        return sessions.built();
    }

    /** How much is kept of the values before the selected tensor. */
    public CacheUse cacheUse() {
        return cache.stand();
    }

    /**
     * Sets the most bytes of intermediate values to keep, at least 0; what exceeds it is freed as soon as no evaluation
     * uses it.
     */
    public void setCacheBudget(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("cache: at least 0 bytes, got " + bytes);
        }
        cacheBudget = bytes;
        cache.setBudget(bytes);
    }

    /**
     * Computes and keeps the float model's predictions on all samples; reports float accuracy as it grows. The estimate
     * compares the float model with itself: delta 0, all samples agree, the SQNR is infinite.
     *
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     */
    public AccuracyEstimate floatBaseline(CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        try (Linked linked = new Linked(cancel, closing)) {
            Scoring by = floats.scoring(linked.token);
            Scoring.Baseline baseline = by.checked().baseline(samples());
            AccuracyEstimate[] estimate = new AccuracyEstimate[1];
            runner.run(batches.length, linked.token, b -> floats.of(b, linked.token), (b, reference) -> {
                baseline.add(batches[b], reference);
                if (isFigure(b, batches.length)) {
                    estimate[0] = baseline.estimate(b == batches.length - 1);
                    partial.accept(estimate[0]);
                }
                return true;
            });
            return estimate[0];
        }
    }

    /**
     * Does ahead of time what the evaluations of a request have in common. Builds the session, so that changing the
     * parameters of {@code selected} or of the activations needs no new one, and computes the values to be kept before
     * the selected tensor.
     *
     * @throws CancellationException if cancelled or closed
     */
    public void prepare(EvalRequest asked, CancelToken cancel) {
        EvalRequest request = asked.withTies(model);
        if (WindowedRun.wanted(request)) {
            return;
        }
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
     * Everything that could be scored; what is scored automatically comes first. Runs the float model on one batch if
     * it has not run yet.
     *
     * @throws CancellationException if cancelled or closed
     */
    public List<Task> tasks(CancelToken cancel) {
        return how(cancel).possible();
    }

    /**
     * How the outputs are scored, and what is wrong with the weights. Runs the float model on one batch if it has not run yet.
     *
     * @throws CancellationException if cancelled or closed
     */
    public Reading how(CancelToken cancel) {
        try (Linked linked = new Linked(cancel, closing)) {
            Scoring by = floats.scoring(linked.token);
            List<String> notes = new ArrayList<>(feed.notes());
            notes.addAll(by.notes());
            if (!reference.file().equals(model.file())) {
                notes.add("The float figures are those of " + reference.file().getFileName() + ".");
            }
            NonFiniteWeights.sentence(nonFinite(linked.token)).ifPresent(notes::add);
            return new Reading(
                    by.output(),
                    model.graph().orElseThrow().floatingOutputs(),
                    by.task(),
                    by.possible(),
                    notes,
                    by.refusal(),
                    by.remedy(),
                    by.have());
        }
    }

    /**
     * How the outputs are scored.
     *
     * @param output the name of the output that is scored
     * @param outputs the names of all that could be
     * @param task what is scored
     * @param possible everything that could be scored; the automatic choice comes first
     * @param notes what a person should know about the data and its labels, in sentences
     * @param refusal why the labels cannot be scored, a clause; empty if they can, or are not needed
     * @param remedy a numbering of the labels under which they could be
     * @param have the shapes of labels and output, a clause
     */
    public record Reading(
            String output,
            List<String> outputs,
            Task task,
            List<Task> possible,
            List<String> notes,
            Optional<String> refusal,
            Optional<LabelNumbers> remedy,
            String have) {}

    /** Looks at the weights once. */
    private List<NonFiniteWeights.Found> nonFinite(CancelToken cancel) {
        List<NonFiniteWeights.Found> known = nonFinite;
        if (known == null) {
            known = NonFiniteWeights.in(model.tensors(), cancel);
            nonFinite = known;
        }
        return known;
    }

    /** Sentences, if the float model's complete figure casts doubt on the data or on the reading of its labels. */
    public List<String> doubts(AccuracyEstimate baseline, CancelToken cancel) {
        try (Linked linked = new Linked(cancel, closing)) {
            return floats.scoring(linked.token).doubts(baseline);
        }
    }

    /** As {@link #evaluateSamples}, for a caller that needs only the figure. */
    public AccuracyEstimate evaluate(EvalRequest request, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluate(request, samples(), cancel, partial);
    }

    /**
     * Evaluates the first samples of the evaluation order only.
     *
     * @param atLeast the number of samples, at least 1; rounded up to whole batches
     */
    public AccuracyEstimate evaluate(
            EvalRequest request, int atLeast, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluateSamples(request, atLeast, cancel, e -> partial.accept(e.accuracy()))
                .accuracy();
    }

    /**
     * Evaluates batch by batch in a fixed random order.
     *
     * @param partial called on the working thread after each batch from sample {@value #FIRST_FIGURE} on, the last time
     *     with the complete figure
     * @return the complete figure
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     * @throws BadInputException if a tensor of the request is not one of the model's
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
        if (WindowedRun.wanted(request)) {
            return followed(request, wanted, cancel, partial);
        }
        try (Linked linked = new Linked(cancel, closing);
                SessionPool.Leased leased = sessions.lease(request, cacheBudget > 0, linked.token);
                PrefixCache.Use use = cache.use(leased.session().settingsInFront(request));
                QuantizedSession.Feeds feeds = leased.session().feeds(request, linked.token)) {
            Scoring.Tally tally = floats.scoring(linked.token).checked().tally(samples());
            Evaluation[] evaluation = new Evaluation[1];
            runner.run(
                    wanted,
                    linked.token,
                    b -> new Pair(floats.of(b, linked.token), quantized(leased.session(), b, feeds, use, linked.token)),
                    (b, pair) -> {
                        tally.add(batches[b], pair.reference, pair.quantized);
                        if (isFigure(b, wanted)) {
                            evaluation[0] = tally.evaluation(b == wanted - 1);
                            partial.accept(evaluation[0]);
                        }
                        return true;
                    });
            return evaluation[0];
        }
    }

    /** Evaluates ranges that follow the samples before: in the evaluation order, one sample after the other. */
    private Evaluation followed(EvalRequest request, int wanted, CancelToken cancel, Consumer<Evaluation> partial) {
        try (Leg leg = new Leg(request, cancel)) {
            Scoring.Tally tally = leg.scoring().tally(samples());
            Evaluation evaluation = null;
            for (int b = 0; b < wanted; b++) {
                tally.add(batches[b], leg.floats(b), leg.outputs(b));
                if (isFigure(b, wanted)) {
                    evaluation = tally.evaluation(b == wanted - 1);
                    partial.accept(evaluation);
                }
            }
            return Objects.requireNonNull(evaluation);
        }
    }

    /**
     * The outputs of one quantized form of the model, batch by batch, from the first one on; closed by the one who asked
     * for it.
     */
    final class Leg implements AutoCloseable {
        private final Linked linked;
        private final SessionPool.@Nullable Leased leased;
        private final QuantizedSession.@Nullable Feeds feeds;
        /** Null if no range follows the samples before. */
        private final @Nullable WindowedRun windowed;

        private Leg(EvalRequest asked, CancelToken cancel) {
            EvalRequest request = asked.withTies(model);
            linked = new Linked(cancel, closing);
            SessionPool.Leased held = null;
            try {
                if (WindowedRun.wanted(request)) {
                    windowed = new WindowedRun(model, feed, request, options, linked.token);
                    feeds = null;
                    leased = null;
                    return;
                }
                windowed = null;
                held = sessions.lease(request, false, linked.token);
                feeds = held.session().feeds(request, linked.token);
                leased = held;
            } catch (RuntimeException e) {
                if (held != null) {
                    held.close();
                }
                linked.close();
                throw e;
            }
        }

        int[][] batches() {
            return batches;
        }

        Scoring scoring() {
            return floats.scoring(linked.token).checked();
        }

        Scoring.Reference floats(int batch) {
            return floats.of(batch, linked.token);
        }

        Logits outputs(int batch) {
            linked.token.check();
            if (windowed != null) {
                return windowed.outputs(batches[batch], linked.token);
            }
            return Objects.requireNonNull(leased)
                    .session()
                    .logits(feed, batches[batch], Objects.requireNonNull(feeds), linked.token);
        }

        @Override
        public void close() {
            if (windowed != null) {
                windowed.close();
            }
            if (feeds != null && leased != null) {
                feeds.close();
                leased.close();
            }
            linked.close();
        }
    }

    /** What is needed to compare these settings with others sample by sample. */
    Leg leg(EvalRequest request, CancelToken cancel) {
        return new Leg(request, cancel);
    }

    /**
     * True if there is a figure to report after this batch: it has enough samples for a meaningful interval, or all of
     * them.
     */
    private boolean isFigure(int batch, int count) {
        return (batch + 1) * (long) batchSize >= FIRST_FIGURE || batch == count - 1;
    }

    /** The outputs of both models for a batch. */
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

    /** Stops what is running, waits for it, and frees the sessions. Later calls fail as cancelled. */
    @Override
    public void close() {
        closing.cancel();
        runner.close();
        List<OrtModel> all = Stream.concat(sessions.release().stream(), floats.release().stream())
                .toList();
        // The cache goes first, so that its memory is returned to the system together with that of the sessions.
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
