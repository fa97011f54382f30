package org.quantscope.core.layerwise;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.FreeMemory;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.GraphWalk;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * The values that layers read, one after the other in graph order, in the float model and in the model quantized so far.
 * Of each batch what the layers behind will need is kept, so a step runs only what lies between two layers. Batches for
 * which there is no memory are run from the samples again; the results are the same. While a batch is taken the next one
 * is computed. For one caller at a time.
 */
final class InputWalk implements AutoCloseable {
    /** The most bytes of values that are kept, and at most an eighth of the memory that is free. */
    static final long MOST_BYTES = 512L << 20;

    private static final int SHARE = 8;
    /**
     * After so many bytes of values the garbage is collected: the serial collector would rather let the heap grow to
     * its limit than look for large arrays that nobody needs any more.
     */
    private static final long GARBAGE_BYTES = 256L << 20;

    /** A heap in which less is used is left alone. */
    private static final long LARGE_HEAP = 384L << 20;

    private final Model model;
    private final ResolvedSettings settings;
    private final SampleFeed feed;
    private final List<int[]> batches = new ArrayList<>();
    private final long most;
    private final CancelToken cancel;
    private final Network plain;
    private final Network quantized;
    private final Map<String, NativeTensor> parameters = new LinkedHashMap<>();
    private long held;
    private long garbage;

    /**
     * The values of one batch.
     *
     * @param shape of the samples only, without padding
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Values(float[] values, Shape shape) {}

    /** Receives a value in one batch. */
    @FunctionalInterface
    interface Taker {
        /** @param quantized before the value's own quantizer; the same object as {@code plain} if nothing differs */
        void take(Values plain, Values quantized);
    }

    /**
     * @param settings what is quantized
     * @param changed stored tensors that have other values in the quantized model
     * @param values in the order in which they will be asked for, which is that of the graph
     */
    InputWalk(
            Model model,
            ResolvedSettings settings,
            Set<TensorId> changed,
            SampleFeed feed,
            List<String> values,
            CancelToken cancel) {
        this(model, settings, changed, feed, values, Math.min(MOST_BYTES, FreeMemory.bytes() / SHARE), cancel);
    }

    /** @param most the most bytes of values that are kept */
    InputWalk(
            Model model,
            ResolvedSettings settings,
            Set<TensorId> changed,
            SampleFeed feed,
            List<String> values,
            long most,
            CancelToken cancel) {
        this.model = model;
        this.settings = settings;
        this.feed = feed;
        this.most = most;
        this.cancel = cancel;
        int samples = feed.data().size();
        for (int from = 0; from < samples; from += feed.batchSize()) {
            batches.add(IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                    .toArray());
        }
        List<String> computed =
                values.stream().filter(v -> !feed.inputs().contains(v)).toList();
        Set<String> behind = behindQuantized(changed);
        plain = new Network(computed, OrtModel.Options.DEFAULT);
        quantized = new Network(
                computed.stream().filter(behind::contains).toList(), OrtModel.Options.DEFAULT.withoutFusing());
    }

    /** The values that are computed from anything that is quantized, before their own quantizers. */
    private Set<String> behindQuantized(Set<TensorId> changed) {
        Set<String> behind = new HashSet<>();
        Set<String> moved = new HashSet<>();
        changed.forEach(id -> moved.add(id.name()));
        settings.activations().keySet().forEach(id -> moved.add(id.name()));
        for (OnnxNode node : model.graph().orElseThrow().nodes()) {
            if (node.reads().stream().anyMatch(moved::contains)) {
                behind.addAll(node.outputs());
                moved.addAll(node.outputs());
            }
        }
        return behind;
    }

    /** True if a value differs in the quantized model, its own quantizer left out. */
    boolean isDrifted(String value) {
        return quantized.values.contains(value);
    }

    /** True if the next value has to be computed from the samples for some batches, for want of memory. */
    boolean beginsAgain() {
        return plain.beginsAgain() || quantized.beginsAgain();
    }

    /**
     * Hands over a value in each batch.
     *
     * @param value the next one
     * @param now the values of all tensors that differ in the quantized model; what was computed of an earlier value
     *     stays as it was
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    void forEach(String value, Map<TensorId, float[]> now, Taker taker) {
        boolean given = feed.inputs().contains(value);
        boolean drifted = isDrifted(value);
        try (Step floats = given ? null : plain.step(value, Map.of());
                Step rounded = drifted ? quantized.step(value, now) : null) {
            IntFunction<Both> compute = b -> {
                cancel.check();
                int[] batch = batches.get(b);
                Values x = floats == null
                        ? new Values(feed.values(value, batch), feed.shape(value, batch.length))
                        : floats.run(b);
                return new Both(x, rounded == null ? x : rounded.run(b));
            };
            if (batches.isEmpty()) {
                return;
            }
            inTurn(batches.size(), compute, both -> taker.take(both.plain, both.quantized));
        }
    }

    private record Both(Values plain, Values quantized) {}

    /** Computes the next one while the one before is taken; never two at once, and none is left when this returns. */
    private static <T> void inTurn(int count, IntFunction<T> compute, Consumer<T> take) {
        try (ExecutorService ahead = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("input-walk").factory())) {
            Future<T> next = ahead.submit(() -> compute.apply(0));
            for (int i = 1; i <= count; i++) {
                int index = i;
                T now = result(next);
                if (index < count) {
                    next = ahead.submit(() -> compute.apply(index));
                }
                take.accept(now);
            }
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        plain.close();
        quantized.close();
        parameters.values().forEach(NativeTensor::close);
        parameters.clear();
    }

    /** The float model, or the quantized one, on its way. */
    private final class Network implements AutoCloseable {
        private final List<String> values;
        private final OrtModel.Options options;
        /** What is kept of each batch; null where nothing is, and before the first step. */
        private final List<@Nullable Map<String, NativeTensor>> kept = new ArrayList<>();

        private int next;

        Network(List<String> values, OrtModel.Options options) {
            this.values = values;
            this.options = feed.options(options);
            batches.forEach(b -> kept.add(null));
        }

        Step step(String value, Map<TensorId, float[]> now) {
            if (!values.get(next).equals(value)) {
                throw new IllegalArgumentException("value: " + values.get(next) + " comes before " + value);
            }
            return new Step(this, next++, now);
        }

        /** The walk through the graph in which some stored tensors have other values. */
        GraphWalk walk(Map<TensorId, float[]> now) {
            if (this == plain) {
                return GraphWalk.of(InstrumentedGraph.plain(model), values);
            }
            Map<TensorId, InstrumentedGraph.Form> forms = new HashMap<>();
            int opset = model.graph().orElseThrow().opset();
            settings.activations().forEach((a, params) -> forms.put(a, InstrumentedGraph.Form.of(params, opset)));
            Map<TensorId, TensorData> baked = new HashMap<>();
            now.forEach((tensor, floats) -> baked.put(tensor, TensorData.of(floats)));
            InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), baked, forms, Set.of());
            if (parameters.isEmpty()) {
                settings.activations().forEach((a, params) -> feed(graph, a, params));
            }
            return GraphWalk.of(
                    graph.graph(), values.stream().map(graph::unquantized).toList());
        }

        private void feed(InstrumentedGraph graph, TensorId activation, QuantParams params) {
            InstrumentedGraph.ActivationFeeds names =
                    Objects.requireNonNull(graph.activations().get(activation));
            parameters.put(names.on(), NativeTensor.flag(true));
            names.feed(
                    Optional.of(params),
                    (name, type, shape, numbers) -> parameters.put(name, NativeTensor.of(numbers, shape, type)));
        }

        boolean beginsAgain() {
            return next > 0 && next < values.size() && kept.stream().anyMatch(Objects::isNull);
        }

        private void drop(int batch) {
            Map<String, NativeTensor> old = kept.set(batch, null);
            if (old != null) {
                old.values().forEach(this::free);
            }
        }

        private void free(NativeTensor value) {
            held -= value.bytes();
            value.close();
        }

        @Override
        public void close() {
            for (int b = 0; b < kept.size(); b++) {
                drop(b);
            }
        }
    }

    /** The way of one network from the layers before to a value. */
    private final class Step implements AutoCloseable {
        private final Network network;
        private final int index;
        private final GraphWalk walk;
        private final String name;
        private final Set<String> keep;
        private @Nullable Running on;
        private @Nullable Running again;

        Step(Network network, int index, Map<TensorId, float[]> now) {
            this.network = network;
            this.index = index;
            GraphWalk structure = network.walk(Map.of());
            boolean everywhere = network.kept.stream().anyMatch(Objects::isNull);
            Set<String> read = everywhere
                    ? structure.fromStart(index).stored()
                    : structure.on(index).stored();
            Map<TensorId, float[]> needed = new HashMap<>(now);
            needed.keySet().removeIf(id -> !read.contains(id.name()));
            walk = needed.isEmpty() ? structure : network.walk(needed);
            name = walk.value(index);
            keep = walk.canKeep(index) ? walk.kept(index) : Set.of();
        }

        /** A part that is loaded. */
        private record Running(
                GraphWalk.Part part, @Nullable OrtModel loaded) implements AutoCloseable {
            @Override
            public void close() {
                if (loaded != null) {
                    loaded.close();
                }
            }
        }

        private Running load(GraphWalk.Part part) {
            RunnableGraph graph = part.model();
            return new Running(
                    part,
                    part.given().isEmpty()
                            ? null
                            : OrtModel.load(graph, String.valueOf(model.file().getFileName()), network.options));
        }

        Values run(int batch) {
            Map<String, NativeTensor> before = network.kept.get(batch);
            Running running;
            if (before == null) {
                running = again == null ? load(walk.fromStart(index)) : again;
                again = running;
            } else {
                running = on == null ? load(walk.on(index)) : on;
                on = running;
            }
            return run(running, before == null ? Map.of() : before, batch);
        }

        private Values run(Running running, Map<String, NativeTensor> before, int batch) {
            int rows = batches.get(batch).length;
            Set<String> inputs = running.part.inputs();
            Values[] found = new Values[1];
            Map<String, NativeTensor> behind = new LinkedHashMap<>();
            OrtModel loaded = running.loaded;
            if (loaded == null) {
                found[0] = real(Objects.requireNonNull(before.get(name)).floats(name), rows);
            } else {
                try (SampleFeed.Batch fed = feed.load(batches.get(batch), inputs)) {
                    Map<String, NativeTensor> all = new LinkedHashMap<>(parameters);
                    all.putAll(fed.byInput());
                    all.putAll(before);
                    all.keySet().retainAll(inputs);
                    Set<String> wanted = new HashSet<>(keep);
                    wanted.retainAll(running.part.given());
                    behind.putAll(loaded.run(all, List.of(name), wanted, cancel, out -> found[0] = real(out, rows)));
                }
            }
            behind.values().forEach(value -> held += value.bytes());
            keep(batch, before, behind);
            drop(Float.BYTES * (long) found[0].values.length);
            return found[0];
        }

        /** Puts what a step gave beside what is still needed of the steps before, if there is memory for all of it. */
        private void keep(int batch, Map<String, NativeTensor> before, Map<String, NativeTensor> behind) {
            before.forEach((value, tensor) -> {
                if (keep.contains(value)) {
                    behind.put(value, tensor);
                } else {
                    network.free(tensor);
                }
            });
            network.kept.set(batch, behind);
            if (held > most || !walk.canKeep(index)) {
                network.drop(batch);
            }
        }

        /** Padding stands behind the samples. */
        private Values real(FloatOutput out, int samples) {
            Shape shape = out.shape();
            long rows = shape.dim(0) * feed.realValues(out, samples) / Math.max(1, out.values().length);
            return new Values(
                    out.values(),
                    Shape.of(IntStream.range(0, shape.rank())
                            .mapToLong(i -> i == 0 ? rows : shape.dim(i))
                            .toArray()));
        }

        @Override
        public void close() {
            if (on != null) {
                on.close();
            }
            if (again != null) {
                again.close();
            }
        }
    }

    /**
     * Counts large arrays that nobody needs any more.
     *
     * @param more their bytes
     */
    void drop(long more) {
        garbage += more;
        Runtime java = Runtime.getRuntime();
        if (garbage > GARBAGE_BYTES && java.totalMemory() - java.freeMemory() > LARGE_HEAP) {
            garbage = 0;
            System.gc();
        }
    }
}
