package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.BadInputException;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.InstrumentedGraph;
import org.quantscope.core.onnx.InstrumentedGraph.Form;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.tensor.TensorId;

/**
 * Accuracy of quantized settings of one model on one data set, paired with its float predictions. Owns its ONNX Runtime
 * sessions. Thread safe. Batches run side by side, one on each thread: small operators gain more from that than from being
 * divided. Their results are counted in the evaluation order.
 *
 * <p>The float model's predictions are computed once for each batch, by whoever needs them first, and kept. Its outputs are
 * kept for the first samples of the evaluation order up to {@value #LOGIT_BYTES} bytes; the SQNR and the divergence rest on those.
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

    /** Built sessions kept: the tensor in hand, the one before it, and the same two with other settings. */
    private static final int SESSIONS = 4;

    /**
     * Samples of one batch. By measurement: more and the values of a wide layer leave the cache on their way from one operator to
     * the next (a depthwise network takes a fifth longer with 100), fewer and small models pay for each call. The first 100 samples are work for four threads.
     */
    private static final int MOST_AT_ONCE = 25;

    private static final long LOGIT_BYTES = 64L << 20;
    /** Batches that are computed before they are counted. */
    private static final int MOST_AHEAD = 128;

    private static final long BAKED_BYTES = 256L << 20;

    private final Model model;
    private final Model reference;
    private final SampleFeed feed;
    private final OrtModel.Options options = new OrtModel.Options(1, true);
    private final int threads;
    private final int batchSize;
    private final int[][] batches;
    private final CancelToken closing = new CancelToken();
    private final ExecutorService workers;

    /** By batch, null until computed. */
    private final AtomicReferenceArray<Scoring.@Nullable Reference> floats;
    /** Held while the float model runs one batch for {@link #floats}. */
    private final Object[] computing;

    private final Optional<Task> chosen;
    /** Held while the first outputs are computed. */
    private final ReentrantLock starting = new ReentrantLock();
    /** Null until the first outputs are there. */
    private volatile @Nullable Scoring scoring;

    /** Guards the sessions and is held while one is built. */
    private final ReentrantLock building = new ReentrantLock();

    private final AtomicInteger built = new AtomicInteger();
    private final LinkedHashMap<QuantizedSession.Key, QuantizedSession> sessions = new LinkedHashMap<>(16, 0.75f, true);
    private final BakedWeights baked = new BakedWeights(BAKED_BYTES);
    private final PrefixCache cache;
    private volatile long cacheBudget;
    private @Nullable OrtModel floatModel;

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
    public LiveEvaluator(Model model, Model reference, Dataset data, long seed, int threads, Optional<Task> chosen, long cacheBytes) {
        if (threads < 1 || cacheBytes < 0) {
            throw new IllegalArgumentException("threads: at least 1, cache: at least 0 bytes, got " + threads + " and " + cacheBytes);
        }
        this.model = model;
        this.reference = reference;
        this.threads = threads;
        this.feed = SampleFeed.of(model, data);
        Logits.predictionOutput(model);
        this.batchSize = feed.batchSize(MOST_AT_ONCE);
        this.batches = batches(data.size(), batchSize, seed);
        this.floats = new AtomicReferenceArray<>(batches.length);
        this.computing = IntStream.range(0, batches.length).mapToObj(b -> new Object()).toArray();
        this.chosen = chosen;
        this.cacheBudget = cacheBytes;
        this.cache = new PrefixCache(cacheBytes, batches.length);
        this.workers = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("evaluation-", 0).factory());
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
        return built.get();
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
            Scoring by = scoring(linked.token);
            double[] scores = new double[1];
            int[] seen = new int[1];
            AccuracyEstimate[] estimate = {by.baseline(0, 1, samples())};
            inOrder(linked.token, b -> reference(b, linked.token), (b, reference) -> {
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
                Leased leased = lease(request, linked.token)) {
            if (!leased.session.isCut() || cacheBudget == 0) {
                return;
            }
            try (PrefixCache.Use use = cache.use(leased.session.settingsInFront(request));
                    QuantizedSession.Feeds feeds = leased.session.feeds(request, linked.token)) {
                inOrder(linked.token, b -> use.get(b).isPresent() || keepFront(leased.session, b, feeds, use, linked.token), (b, kept) -> kept);
            }
        }
    }

    private boolean keepFront(QuantizedSession session, int b, QuantizedSession.Feeds feeds, PrefixCache.Use use, CancelToken cancel) {
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
            return scoring(linked.token).possible();
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
    public AccuracyEstimate evaluate(EvalRequest request, int atLeast, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        return evaluateSamples(request, atLeast, cancel, e -> partial.accept(e.accuracy())).accuracy();
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

    private Evaluation evaluateSamples(EvalRequest asked, int atLeast, CancelToken cancel, Consumer<Evaluation> partial) {
        if (atLeast < 1) {
            throw new IllegalArgumentException("samples: at least 1, got " + atLeast);
        }
        int wanted = (int) Math.min(batches.length, ((long) atLeast + batchSize - 1) / batchSize);
        EvalRequest request = asked.withTies(model);
        try (Linked linked = new Linked(cancel, closing);
                Leased leased = lease(request, linked.token);
                PrefixCache.Use use = cache.use(leased.session.settingsInFront(request));
                QuantizedSession.Feeds feeds = leased.session.feeds(request, linked.token)) {
            Scoring.Tally tally = scoring(linked.token).tally(samples());
            Evaluation[] evaluation = {tally.evaluation()};
            inOrder(
                    wanted,
                    linked.token,
                    b -> new Pair(reference(b, linked.token), quantized(leased.session, b, feeds, use, linked.token)),
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

    private Logits quantized(QuantizedSession session, int b, QuantizedSession.Feeds feeds, PrefixCache.Use use, CancelToken cancel) {
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

    /** Takes the result of one batch; false ends the whole. */
    @FunctionalInterface
    private interface Taker<R> {
        boolean take(int batch, R result);
    }

    private <R> void inOrder(CancelToken cancel, IntFunction<R> compute, Taker<R> taker) {
        inOrder(batches.length, cancel, compute, taker);
    }

    /** Computes the first batches on the workers and hands the results over on this thread, in order. When it returns or throws, none is being computed. */
    private <R> void inOrder(int count, CancelToken cancel, IntFunction<R> compute, Taker<R> taker) {
        Results<R> results = new Results<>(count, cancel, compute);
        try {
            for (int b = 0; b < count; b++) {
                cancel.check();
                if (!taker.take(b, results.take(b))) {
                    return;
                }
            }
        } finally {
            results.end();
        }
    }

    /**
     * The results of one caller's batches. As many chains of tasks as there are workers: each task computes the next batch and
     * puts its successor behind what other callers have put into the queue meanwhile, so callers take turns and no worker
     * waits for this one to count.
     */
    private final class Results<R> {
        private final int count;
        private final CancelToken cancel;
        private final IntFunction<R> compute;
        private final Map<Integer, R> results = new HashMap<>();
        private @Nullable Throwable failure;
        private int next;
        private int taken;
        private int chains;
        private boolean ending;

        Results(int count, CancelToken cancel, IntFunction<R> compute) {
            this.count = count;
            this.cancel = cancel;
            this.compute = compute;
        }

        synchronized R take(int batch) {
            taken = batch;
            boolean interrupted = false;
            while (true) {
                R result = results.remove(batch);
                if (result != null) {
                    if (interrupted) {
                        Thread.currentThread().interrupt();
                    }
                    return result;
                }
                if (failure != null) {
                    rethrow(failure);
                }
                while (chains < threads && hasMore()) {
                    chains++;
                    submit();
                }
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                    cancel.cancel();
                }
            }
        }

        /** Starts nothing more and waits for what runs. Only the first failure, or the cancel, was told. */
        synchronized void end() {
            ending = true;
            cancel.cancel();
            boolean interrupted = false;
            while (chains > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private synchronized boolean hasMore() {
            return !ending && failure == null && next < count && next < taken + MOST_AHEAD;
        }

        private void submit() {
            try {
                workers.execute(this::link);
            } catch (RejectedExecutionException e) {
                CancellationException closed = new CancellationException("the evaluator is closed");
                closed.initCause(e);
                over(closed);
            }
        }

        private void link() {
            int batch;
            synchronized (this) {
                if (!hasMore()) {
                    over(null);
                    return;
                }
                batch = next++;
            }
            try {
                cancel.check();
                R result = compute.apply(batch);
                synchronized (this) {
                    results.put(batch, result);
                    notifyAll();
                }
            } catch (RuntimeException | Error e) {
                over(e);
                return;
            }
            submit();
        }

        /** The end of one chain. */
        private synchronized void over(@Nullable Throwable why) {
            chains--;
            failure = failure == null ? why : failure;
            notifyAll();
        }

        private static void rethrow(Throwable failure) {
            switch (failure) {
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                default -> throw new IllegalStateException(failure);
            }
        }
    }

    /** Terminates what runs, waits for it, releases the sessions. What is called later is cancelled. */
    @Override
    public void close() {
        closing.cancel();
        workers.shutdown();
        List<OrtModel> all = new ArrayList<>();
        building.lock();
        try {
            sessions.values().forEach(s -> all.addAll(s.loaded()));
            sessions.clear();
            if (floatModel != null) {
                all.add(floatModel);
                floatModel = null;
            }
        } finally {
            building.unlock();
        }
        // First, so that its memory is given back with that of the sessions.
        cache.close();
        all.forEach(OrtModel::close);
        all.forEach(OrtModel::awaitRelease);
    }

    private Scoring scoring(CancelToken cancel) {
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
                keep(0, known, outputs);
                scoring = known;
            }
            return known;
        } finally {
            starting.unlock();
        }
    }

    /** What the float model says to a batch; with its outputs if the task is about those. */
    private Scoring.Reference reference(int b, CancelToken cancel) {
        Scoring by = scoring(cancel);
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
        return Logits.of(floatModel(cancel), model, feed, batches[b], Map.of(), cancel);
    }

    private Scoring.Reference keep(int b, Scoring by, Logits outputs) {
        Scoring.Reference computed = by.reference(batches[b], outputs);
        long before = (long) b * batchSize * outputs.classes() * Float.BYTES;
        floats.set(b, before < LOGIT_BYTES ? computed : computed.withoutOutputs());
        return computed;
    }

    private OrtModel floatModel(CancelToken cancel) {
        building.lock();
        try {
            cancel.check();
            OrtModel known = floatModel;
            if (known == null) {
                known = OrtModel.load(InstrumentedGraph.plain(reference), String.valueOf(model.file().getFileName()), options);
                floatModel = known;
            }
            return known;
        } finally {
            building.unlock();
        }
    }

    private Leased lease(EvalRequest request, CancelToken cancel) {
        QuantizedSession.Key key = QuantizedSession.Key.of(request, model);
        building.lock();
        try {
            cancel.check();
            QuantizedSession session = sessions.get(key);
            if (session == null) {
                session = switchedOff(key, request).orElse(null);
            }
            if (session == null) {
                session = QuantizedSession.build(model, key, cacheBudget > 0, baked, options, cancel);
                built.incrementAndGet();
                sessions.put(key, session);
                Iterator<QuantizedSession> oldest = sessions.values().iterator();
                while (sessions.size() > SESSIONS) {
                    oldest.next().loaded().forEach(OrtModel::retire);
                    oldest.remove();
                }
            }
            return new Leased(session, session.loaded().stream().map(OrtModel::lease).toList());
        } finally {
            building.unlock();
        }
    }

    /** A session that serves the request with the activation in hand switched off; its quantizer may have any form. */
    private Optional<QuantizedSession> switchedOff(QuantizedSession.Key key, EvalRequest request) {
        Map<TensorId, Form> on = new HashMap<>(key.activations());
        on.keySet().retainAll(request.activations().keySet());
        return sessions.entrySet().stream()
                .filter(e -> e.getKey().inHand().equals(key.inHand()) && e.getKey().others().equals(key.others()))
                .filter(e -> {
                    Map<TensorId, Form> off = new HashMap<>(e.getKey().activations());
                    off.entrySet().removeAll(on.entrySet());
                    return off.size() + on.size() == e.getKey().activations().size() && e.getValue().switchable().containsAll(off.keySet());
                })
                .map(Map.Entry::getValue)
                .reduce((older, newer) -> newer);
    }

    private record Leased(QuantizedSession session, List<OrtModel.Lease> leases) implements AutoCloseable {
        @Override
        public void close() {
            leases.forEach(OrtModel.Lease::close);
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
