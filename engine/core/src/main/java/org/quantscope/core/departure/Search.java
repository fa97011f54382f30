package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.departure.NetworkComparison.Row;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.TensorId;

/** One comparison of a float model with a deployed form. For one use. */
final class Search {
    /** Samples by which tensors are aligned. */
    private static final int PROBE = 4;
    /** The most bytes of values of one batch, of all that are kept of it. */
    private static final long MOST_BYTES = 256L << 20;

    private static final int KEPT_OF_EACH = 8;

    private final Model model;
    private final OnnxGraph graph;
    private final Deployed deployed;
    private final Dataset data;
    private final NetworkComparison.Task task;
    private final Progress progress;
    private final CancelToken cancel;
    private final SampleFeed feed;
    private final List<String> notes = new ArrayList<>();
    private Alignment alignment = new Alignment(List.of(), List.of(), List.of(), List.of());
    private int rows = 1;

    Search(Model model, Deployed deployed, NetworkComparison.Task task, Progress progress, CancelToken cancel) {
        this.model = model;
        this.graph = model.graph().orElseThrow();
        this.deployed = deployed;
        this.data = task.data();
        this.task = task;
        this.progress = progress;
        this.cancel = cancel;
        this.feed = SampleFeed.of(model, data);
    }

    /** Everything about the tensors of one batch. */
    record Batch(
            Map<String, Values> fed,
            Map<TensorId, Values> floats,
            Map<TensorId, Values> deployed,
            Map<TensorId, Values> replayed,
            Map<TensorId, Values> simulated) {}

    /** The whole comparison. */
    NetworkComparison run() {
        int size = size();
        if (size < data.size()) {
            notes.add("The folder holds values of " + size + " samples; those are compared.");
        }
        try (OrtModel floats = tapped()) {
            Pairing pairing = aligned(floats);
            if (pairing.computed().isEmpty()) {
                notes.add("No tensor of the deployed form was found in the float model, by name, graph or value: say"
                        + " which is which.");
                return new NetworkComparison(deployed.file(), alignment, List.of(), Optional.empty(), size, notes);
            }
            return compared(floats, alignment, pairing, rows(), size);
        }
    }

    /** The number of samples that there are of both. */
    int size() {
        return Math.min(data.size(), deployed.samples());
    }

    SampleFeed feed() {
        return feed;
    }

    /** The float model with every value inside it as an output; the caller closes it. */
    OrtModel tapped() {
        return OrtModel.load(
                InstrumentedGraph.tapped(
                        model, floatValues().stream().map(TensorId::new).toList()),
                String.valueOf(model.file().getFileName()),
                OrtModel.Options.DEFAULT);
    }

    /** Finds out which tensor is which. */
    Pairing aligned(OrtModel floats) {
        List<String> order = floatValues();
        int fixed = fixedBatch();
        int size = size();
        int[] probe = samples(0, fixed > 0 ? fixed : Math.min(PROBE, size), size);
        Map<String, Values> fed = fed(probe);
        Map<String, Values> values = floats(floats, order, fed);
        Map<String, Values> theirs = deployed.run(fed, probe, cancel);
        Aligner aligner = new Aligner(graph, order, values, deployed, theirs);
        aligner.given(task.pairs(), deployed.file());
        aligner.byName();
        deployed.floats().flatMap(Model::graph).ifPresent(aligner::byGraph);
        aligner.byValues();
        alignment = aligner.result();
        long row = values.values().stream().mapToLong(v -> v.values().length).sum() * Float.BYTES / probe.length;
        rows = fixed > 0
                ? fixed
                : feed.rowsInteract()
                        ? feed.batchSize()
                        : Math.clamp(MOST_BYTES / KEPT_OF_EACH / Math.max(1, row), 1, feed.batchSize());
        return new Pairing(model, deployed, aligner.found(), values);
    }

    /** The number of samples of one batch, known once the tensors are {@linkplain #aligned aligned}. */
    int rows() {
        return rows;
    }

    private List<String> floatValues() {
        List<String> order = new ArrayList<>();
        graph.requiredInputs().stream().filter(graph.types()::isFloating).forEach(order::add);
        graph.nodes()
                .forEach(n -> n.outputs().stream()
                        .filter(v -> !v.isEmpty()
                                && !graph.isStored(v)
                                && graph.types().isFloating(v)
                                && graph.types().dependsOnInput(v))
                        .forEach(order::add));
        return order.stream().distinct().toList();
    }

    int fixedBatch() {
        int own = graph.inputs().stream()
                .flatMap(i -> i.shape().stream())
                .filter(s -> !s.isEmpty() && s.getFirst() > 0)
                .mapToInt(s -> Math.toIntExact(s.getFirst()))
                .findFirst()
                .orElse(0);
        int theirs = deployed.fixedBatch();
        if (own > 0 && theirs > 0 && own != theirs) {
            throw new BadInputException(
                    deployed.file(), "input", "takes batches of " + theirs + ", the float model batches of " + own);
        }
        return Math.max(own, theirs);
    }

    /** Samples from one on; the last one again and again where a fixed batch wants more. */
    static int[] samples(int from, int rows, int size) {
        return IntStream.range(from, from + rows)
                .map(i -> Math.min(i, size - 1))
                .toArray();
    }

    Map<String, Values> fed(int[] samples) {
        Map<String, Values> fed = new LinkedHashMap<>();
        feed.inputs()
                .forEach(input ->
                        fed.put(input, new Values(feed.shape(input, samples.length), feed.values(input, samples))));
        return fed;
    }

    Map<String, Values> floats(OrtModel loaded, List<String> order, Map<String, Values> fed) {
        List<String> computed = order.stream().filter(n -> !fed.containsKey(n)).toList();
        Map<String, NativeTensor> feeds = new HashMap<>();
        try {
            graph.inputs().stream().filter(i -> fed.containsKey(i.name())).forEach(i -> {
                Values v = Objects.requireNonNull(fed.get(i.name()));
                feeds.put(
                        i.name(),
                        NativeTensor.of(v.values(), v.shape(), i.type().orElseThrow()));
            });
            Map<String, Values> values = new LinkedHashMap<>();
            order.stream().filter(fed::containsKey).forEach(n -> values.put(n, Objects.requireNonNull(fed.get(n))));
            loaded.run(feeds, computed, cancel)
                    .forEach(out -> values.put(out.name(), new Values(out.shape(), out.values())));
            return values;
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    private NetworkComparison compared(OrtModel floats, Alignment alignment, Pairing pairing, int rows, int size) {
        Simulation simulation = pairing.simulation();
        List<TensorId> ids = pairing.ids();
        Map<TensorId, Sums> sums = new LinkedHashMap<>();
        Map<TensorId, Reach> reaches = new HashMap<>();
        Map<TensorId, Double> worst = new HashMap<>();
        Map<TensorId, Integer> worstAt = new HashMap<>();
        Batch first = null;
        try (ForcedRun plain = pairing.forced(model, ids);
                ForcedRun ours = pairing.forced(simulation.model(Map.of()), ids)) {
            for (int from = 0; from < size; from += rows) {
                progress.report(from, size, "comparing sample " + (from + 1) + " of " + size);
                cancel.check();
                Batch batch = batch(floats, plain, ours, pairing, from, rows, size);
                first = first == null ? batch : first;
                for (TensorId id : ids) {
                    Values f = Objects.requireNonNull(batch.floats.get(id));
                    Values d = Objects.requireNonNull(batch.deployed.get(id));
                    Sums sum = sums.computeIfAbsent(id, k -> new Sums(f.shape(), simulation.grid(k), pairing.exact()));
                    sum.addError(f.values(), d.values());
                    reaches.computeIfAbsent(id, k -> new Reach()).add(f.values(), Math.min(rows, size - from));
                    Values r = batch.replayed.get(id);
                    Values s = batch.simulated.get(id);
                    if (r != null && s != null) {
                        sum.add(f.shape(), d.values(), r.values(), s.values());
                        Sums alone = new Sums(f.shape(), simulation.grid(id), pairing.exact());
                        alone.add(f.shape(), d.values(), r.values(), s.values());
                        if (alone.excess() > worst.getOrDefault(id, 0.0)) {
                            worst.put(id, alone.excess());
                            worstAt.put(id, from);
                        }
                    }
                }
            }
            Batch kept = Objects.requireNonNull(first);
            Map<TensorId, LayerError> explained = explained(pairing, size);
            Faults faults = new Faults(model, deployed, pairing, notes);
            Optional<Departure> found = faults.first(
                    sums,
                    reaches,
                    kept,
                    size,
                    id -> batch(floats, plain, ours, pairing, worstAt.getOrDefault(id, 0), rows, size),
                    cancel);
            return new NetworkComparison(
                    deployed.file(),
                    alignment,
                    ids.stream()
                            .map(id -> row(id, pairing, sums, explained, found, faults))
                            .toList(),
                    found,
                    size,
                    notes);
        }
    }

    private static Row row(
            TensorId id,
            Pairing pairing,
            Map<TensorId, Sums> sums,
            Map<TensorId, LayerError> explained,
            Optional<Departure> found,
            Faults faults) {
        Sums sum = Objects.requireNonNull(sums.get(id));
        double db = sum.measured == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(sum.signal / sum.measured);
        boolean here = found.isPresent() && found.get().name().equals(id);
        return new Row(
                id,
                pairing.deployed(id),
                Double.isNaN(db) ? OptionalDouble.empty() : OptionalDouble.of(db),
                Optional.ofNullable(explained.get(id)).map(LayerError::sqnrDb).orElse(OptionalDouble.empty()),
                sum.excess(),
                sum.departs() || here || faults.at(id));
    }

    private Batch batch(
            OrtModel floats, ForcedRun plain, ForcedRun ours, Pairing pairing, int from, int rows, int size) {
        boolean fixed = fixedBatch() > 0;
        int[] samples = samples(from, fixed ? rows : Math.min(rows, size - from), size);
        Map<String, Values> fed = fed(samples);
        List<TensorId> ids = pairing.ids();
        Map<String, Values> f = floats(floats, ids.stream().map(TensorId::name).toList(), fed);
        Map<TensorId, Values> given = pairing.inOurLayout(deployed.run(fed, samples, cancel), f);
        List<String> computed = pairing.computed();
        Map<TensorId, Values> r = keyed(plain.run(fed, given, computed, cancel));
        Map<TensorId, Values> s = keyed(ours.run(fed, given, computed, cancel));
        for (TensorId id : ids) {
            if (graph.requiredInputs().contains(id.name())) {
                Values x = Objects.requireNonNull(f.get(id.name()));
                r.put(id, x);
                s.put(id, x);
            }
        }
        s.replaceAll(
                (id, v) -> pairing.simulation().grid(id).map(g -> rounded(v, g)).orElse(v));
        return new Batch(fed, keyed(f), given, r, s);
    }

    private static Map<TensorId, Values> keyed(Map<String, Values> values) {
        return values.entrySet().stream()
                .collect(Collectors.toMap(
                        e -> new TensorId(e.getKey()), Map.Entry::getValue, (a, b) -> a, HashMap::new));
    }

    static Values rounded(Values v, QuantParams grid) {
        float[] out = v.values().clone();
        var g = grid.grid(0);
        for (int i = 0; i < out.length; i++) {
            out[i] = Float.isNaN(out[i]) ? out[i] : g.quantize(out[i]);
        }
        return new Values(v.shape(), out);
    }

    private Map<TensorId, LayerError> explained(Pairing pairing, int size) {
        progress.report(size, size, "simulating the deployed grids");
        Dataset some = size < data.size() ? data.limit(size) : data;
        try (LayerComparison layers = new LayerComparison(model, some, OrtModel.Options.DEFAULT.threads())) {
            return layers
                    .compare(
                            pairing.simulation().request(),
                            pairing.ids(),
                            IntStream.range(0, some.size()).toArray(),
                            cancel)
                    .stream()
                    .collect(Collectors.toMap(LayerError::value, Function.identity(), (a, b) -> a));
        }
    }

    /** The grid of 8 bits that a weight is taken to have if nothing tells: symmetric, one scale. */
    static QuantParams assumed(float[] values) {
        float most = 0;
        for (float v : values) {
            most = Math.max(most, Math.abs(v));
        }
        return new QuantParams(Granularity.TENSOR, new float[] {most > 0 ? most / 127 : 1}, new int[1], -127, 127);
    }
}
