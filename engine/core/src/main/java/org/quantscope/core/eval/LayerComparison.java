package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.TensorId;

/**
 * The values inside a quantized model against those of the float model, on some samples of one data set. A value is
 * compared as its readers see it, after its quantizer; mask values of the float model are left out. Owns its ONNX Runtime sessions. Thread safe; one comparison runs
 * at a time.
 *
 * <p>Requests that differ only in the parameters of the selected weight or of the activations share a session. Of the
 * last comparison the float model's values are kept, up to {@value #KEPT_BYTES} bytes.
 */
public final class LayerComparison implements AutoCloseable {
    /** Two kinds of request, for the selected weight and for the one before it. */
    private static final int SESSIONS = 4;

    private static final long KEPT_BYTES = 64L << 20;

    private final Model model;
    private final SampleFeed feed;
    private final Masks masks;
    private final OrtModel.Options options;
    private final CancelToken closing = new CancelToken();
    /** Held while a comparison runs; guards everything below. */
    private final ReentrantLock running = new ReentrantLock(true);

    private final LinkedHashMap<SessionKey, QuantizedSession> sessions = new LinkedHashMap<>(16, 0.75f, true);
    private @Nullable FloatSide floats;

    private record SessionKey(QuantizedSession.Key key, List<TensorId> taps) {}

    /** A session of the float model that also gives the tapped values, with the values of its last run. */
    private static final class FloatSide {
        final List<TensorId> taps;
        final OrtModel loaded;
        int[] samples = new int[0];
        final List<List<FloatOutput>> kept = new ArrayList<>();

        FloatSide(List<TensorId> taps, OrtModel loaded) {
            this.taps = taps;
            this.loaded = loaded;
        }
    }

    /**
     * @param model with a graph, in the form that is analysed: BatchNormalization folded or not
     * @param threads threads that one operator may use, at least 1
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model's input
     */
    public LayerComparison(Model model, Dataset data, int threads) {
        WeightMemory.check(model, WeightMemory.FLOAT + WeightMemory.QUANTIZED, "the comparison of layers");
        this.model = model;
        this.feed = SampleFeed.of(model, data);
        this.masks = new Masks(model.graph().orElseThrow());
        this.options = new OrtModel.Options(threads, true);
    }

    /** The data that samples are taken from. */
    public Dataset data() {
        return feed.data();
    }

    /**
     * At most this many samples, the same at each call, spread evenly over the data set. Where the rows of a batch
     * influence each other, they stand for their batches.
     */
    public int[] someSamples(int atMost) {
        int n = Math.min(
                feed.rowsInteract() ? Math.max(1, atMost / feed.batchSize()) : atMost,
                feed.data().size());
        return IntStream.range(0, n)
                .map(i -> (int) ((long) i * feed.data().size() / n))
                .toArray();
    }

    /**
     * Compares the values of both models. Where the rows of a batch influence each other, a sample alone has no values: it
     * is run and compared with the batch that it lies in in the file, and the results say of how many samples they are.
     *
     * @param values names of floating values that the graph computes, or of its input
     * @param samples indices into the data set, at least 1
     * @return one result for each value, in that order
     * @throws CancellationException if cancelled, also while a batch runs, or closed
     * @throws org.quantscope.core.io.BadInputException if a tensor of the request is not one of the model's
     */
    public List<LayerError> compare(EvalRequest request, List<TensorId> values, int[] samples, CancelToken cancel) {
        CancelToken token = new CancelToken();
        try (CancelToken.Registration _ = cancel.onCancel(token::cancel);
                CancelToken.Registration _ = closing.onCancel(token::cancel)) {
            running.lock();
            try {
                token.check();
                return run(request.withTies(model), values, feed.rowsInteract() ? batchesOf(samples) : samples, token);
            } finally {
                running.unlock();
            }
        }
    }

    /** All samples of the batches that hold these, in the order of the file. */
    private int[] batchesOf(int[] samples) {
        int size = feed.batchSize();
        return Arrays.stream(samples)
                .map(s -> s / size)
                .distinct()
                .sorted()
                .flatMap(b -> IntStream.range(
                        b * size, Math.min((b + 1) * size, feed.data().size())))
                .toArray();
    }

    private List<LayerError> run(EvalRequest request, List<TensorId> values, int[] samples, CancelToken cancel) {
        List<TensorId> taps = values.stream()
                .filter(v -> !feed.inputs().contains(v.name()))
                .distinct()
                .toList();
        double[] signal = new double[values.size()];
        double[] noise = new double[values.size()];
        FloatSide plain = floats(taps, samples, cancel);
        QuantizedSession session = session(request, taps, cancel);
        List<String> names = taps.stream().map(TensorId::name).toList();
        try (QuantizedSession.Feeds feeds = session.feeds(request, cancel)) {
            for (int from = 0, b = 0; from < samples.length; from += feed.batchSize(), b++) {
                int[] batch = Arrays.copyOfRange(samples, from, Math.min(samples.length, from + feed.batchSize()));
                List<FloatOutput> f = floatValues(plain, b, batch, names, cancel);
                List<FloatOutput> q = taps.isEmpty() ? List.of() : session.values(feed, batch, feeds, names, cancel);
                for (int v = 0; v < values.size(); v++) {
                    cancel.check();
                    TensorId id = values.get(v);
                    float[] was;
                    float[] is;
                    int count;
                    if (feed.inputs().contains(id.name())) {
                        was = feed.values(id.name(), batch);
                        is = was;
                        count = was.length;
                    } else {
                        FloatOutput out = f.get(taps.indexOf(id));
                        was = out.values();
                        is = q.get(taps.indexOf(id)).values();
                        count = feed.realValues(out, batch.length);
                    }
                    Grid grid = gridBehind(request, id);
                    Masks.Ends ends = masks.ends(id.name(), was, count);
                    for (int i = 0; i < count; i++) {
                        if (ends.isMask(was[i])) {
                            continue;
                        }
                        float y = grid != null && Float.isFinite(is[i]) ? grid.quantize(is[i]) : is[i];
                        double d = (double) was[i] - y;
                        signal[v] += (double) was[i] * was[i];
                        noise[v] += d * d;
                    }
                }
            }
        }
        return IntStream.range(0, values.size())
                .mapToObj(v -> new LayerError(values.get(v), signal[v], noise[v], samples.length))
                .toList();
    }

    /**
     * The grid that a tapped value still has to go through; null if it has none, or if its quantizer comes before the
     * tap.
     */
    private @Nullable Grid gridBehind(EvalRequest request, TensorId value) {
        QuantParams params = request.activations().get(value);
        return params == null || model.graph().orElseThrow().outputNames().contains(value.name())
                ? null
                : params.grid(0);
    }

    private FloatSide floats(List<TensorId> taps, int[] samples, CancelToken cancel) {
        FloatSide known = floats;
        if (known == null || !known.taps.equals(taps)) {
            cancel.check();
            if (known != null) {
                floats = null;
                known.loaded.close();
            }
            known = new FloatSide(
                    taps,
                    OrtModel.load(
                            InstrumentedGraph.tapped(model, taps),
                            String.valueOf(model.file().getFileName()),
                            options));
            floats = known;
        }
        if (!Arrays.equals(known.samples, samples)) {
            known.kept.clear();
            known.samples = samples.clone();
        }
        return known;
    }

    private List<FloatOutput> floatValues(FloatSide plain, int b, int[] batch, List<String> names, CancelToken cancel) {
        if (names.isEmpty()) {
            return List.of();
        }
        if (b < plain.kept.size()) {
            return plain.kept.get(b);
        }
        List<FloatOutput> values;
        try (SampleFeed.Batch fed = feed.load(batch, plain.loaded.inputNames())) {
            values = plain.loaded.run(fed.byInput(), names, cancel);
        }
        long bytes = values.stream()
                .mapToLong(o -> (long) o.values().length * Float.BYTES)
                .sum();
        if (b == plain.kept.size() && bytes * (b + 1) <= KEPT_BYTES) {
            plain.kept.add(values);
        }
        return values;
    }

    private QuantizedSession session(EvalRequest request, List<TensorId> taps, CancelToken cancel) {
        SessionKey key = new SessionKey(QuantizedSession.Key.of(request, model), taps);
        QuantizedSession session = sessions.get(key);
        if (session == null) {
            session = QuantizedSession.build(model, key.key, taps, options, cancel);
            sessions.put(key, session);
            Iterator<QuantizedSession> oldest = sessions.values().iterator();
            while (sessions.size() > SESSIONS) {
                oldest.next().loaded().forEach(OrtModel::close);
                oldest.remove();
            }
        }
        return session;
    }

    /** Stops what is running, waits for it, and frees the sessions. Later calls fail as cancelled. */
    @Override
    public void close() {
        closing.cancel();
        running.lock();
        try {
            List<OrtModel> all = new ArrayList<>();
            sessions.values().forEach(s -> all.addAll(s.loaded()));
            sessions.clear();
            if (floats != null) {
                all.add(floats.loaded);
                floats = null;
            }
            all.forEach(OrtModel::close);
            all.forEach(OrtModel::awaitRelease);
        } finally {
            running.unlock();
        }
    }
}
