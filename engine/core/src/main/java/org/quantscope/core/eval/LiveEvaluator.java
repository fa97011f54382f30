package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * <p>The float model's predictions are computed once for each batch, by whoever needs them first, and kept. Its logits are
 * kept for the first samples of the evaluation order up to {@value #LOGIT_BYTES} bytes; the SQNR of the logits rests on those.
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
    private final @Nullable FloatBatch[] floats;

    /** Guards the sessions and is held while one is built. */
    private final ReentrantLock building = new ReentrantLock();

    private final LinkedHashMap<QuantizedSession.Key, QuantizedSession> sessions = new LinkedHashMap<>(16, 0.75f, true);
    private @Nullable OrtModel floatModel;

    /** What the float model says to one batch. */
    private static final class FloatBatch {
        final int[] top;
        /** Null if they are too many to keep. */
        final @Nullable Logits logits;

        FloatBatch(int[] top, @Nullable Logits logits) {
            this.top = top;
            this.logits = logits;
        }
    }

    /**
     * @param model with a graph, folded or not as it is to be analysed
     * @param seed of the evaluation order
     * @throws BadInputException if the data does not fit the model's input, has no labels, or the model makes no predictions
     */
    public LiveEvaluator(Model model, Dataset data, long seed) {
        this(model, data, seed, OrtModel.Options.DEFAULT.threads());
    }

    /**
     * Like the other one, on that many threads.
     *
     * @param threads of one operator, at least 1
     */
    public LiveEvaluator(Model model, Dataset data, long seed, int threads) {
        this.model = model;
        this.options = new OrtModel.Options(threads, true);
        this.feed = SampleFeed.of(model, data);
        if (!data.hasLabels()) {
            throw new BadInputException(data.file(), "labels", "accuracy needs labels, the data has none");
        }
        Logits.predictionOutput(model);
        this.batches = batches(data.size(), feed.batchSize(), seed);
        this.floats = new @Nullable FloatBatch[batches.length];
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
            int correct = 0;
            int seen = 0;
            AccuracyEstimate estimate = new AccuracyEstimate(0, 0, 1, samples(), 1, 0, 0, Double.POSITIVE_INFINITY);
            for (int b = 0; b < batches.length; b++) {
                int[] top = floatBatch(b, linked.token).top;
                for (int i = 0; i < top.length; i++) {
                    correct += top[i] == feed.data().label(batches[b][i]) ? 1 : 0;
                }
                seen += top.length;
                estimate = new AccuracyEstimate(correct, correct, seen, samples(), seen, 0, 0, Double.POSITIVE_INFINITY);
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
     * Evaluates batch by batch in a fixed random order.
     *
     * @param partial called on the working thread after each batch, the last time with the complete figure
     * @return the complete figure
     * @throws CancellationException if cancelled, also in the middle of a batch, or closed
     * @throws BadInputException if a tensor of the request is none of the model's
     */
    public AccuracyEstimate evaluate(EvalRequest asked, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        EvalRequest request = asked.withTies(model);
        try (Linked linked = new Linked(cancel, closing);
                Leased leased = lease(request, linked.token);
                QuantizedSession.Feeds feeds = leased.session.feeds(request, linked.token)) {
            Tally tally = new Tally();
            AccuracyEstimate estimate = tally.estimate(samples());
            for (int b = 0; b < batches.length; b++) {
                FloatBatch reference = floatBatch(b, linked.token);
                Logits quantized;
                running.lock();
                try {
                    quantized = leased.session.logits(feed, batches[b], feeds, linked.token);
                } finally {
                    running.unlock();
                }
                tally.add(batches[b], reference, quantized);
                estimate = tally.estimate(samples());
                partial.accept(estimate);
            }
            return estimate;
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

    private FloatBatch floatBatch(int b, CancelToken cancel) {
        running.lock();
        try {
            cancel.check();
            FloatBatch known = floats[b];
            if (known != null) {
                return known;
            }
            Logits logits = Logits.of(floatModel(cancel), model, feed, batches[b], Map.of(), cancel);
            int[] top = new int[logits.rows()];
            for (int i = 0; i < top.length; i++) {
                top[i] = logits.top(i);
            }
            long before = (long) b * feed.batchSize() * logits.classes() * Float.BYTES;
            FloatBatch computed = new FloatBatch(top, before < LOGIT_BYTES ? logits : null);
            floats[b] = computed;
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

    /** The running counts of one evaluation. */
    private final class Tally {
        private int correct;
        private int floatCorrect;
        private int gained;
        private int lost;
        private int agree;
        private int seen;
        private double signal;
        private double noise;

        void add(int[] samples, FloatBatch reference, Logits quantized) {
            for (int i = 0; i < samples.length; i++) {
                int label = feed.data().label(samples[i]);
                int top = quantized.top(i);
                boolean right = top == label;
                boolean floatRight = reference.top[i] == label;
                correct += right ? 1 : 0;
                floatCorrect += floatRight ? 1 : 0;
                gained += right && !floatRight ? 1 : 0;
                lost += !right && floatRight ? 1 : 0;
                agree += top == reference.top[i] ? 1 : 0;
            }
            seen += samples.length;
            Logits kept = reference.logits;
            if (kept != null) {
                float[] f = kept.values();
                float[] q = quantized.values();
                for (int i = 0; i < f.length; i++) {
                    double d = (double) f[i] - q[i];
                    signal += (double) f[i] * f[i];
                    noise += d * d;
                }
            }
        }

        AccuracyEstimate estimate(int total) {
            int n = Math.max(1, seen);
            PairedInterval interval = PairedInterval.of(gained, lost, n, total);
            double sqnr = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
            return new AccuracyEstimate(correct, floatCorrect, n, total, agree, interval.lo(), interval.hi(), sqnr);
        }
    }
}
