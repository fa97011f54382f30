package org.quantscope.core.budget;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LayerMacs;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Gives each weight of a model the bits that pay: the least loss on calibration data, without labels, under a budget.
 * The loss is the Kullback-Leibler divergence of the quantized model's answers from the float model's, or, for a model
 * whose answers are no classes, the share of noise in its outputs. It is always that of the whole mixture, with
 * activations as the settings have them, and with weights at their nearest levels.
 *
 * <p>What was measured is kept, also after a cancellation, so that a further budget costs only what is new. Thread safe;
 * one call runs at a time.
 */
public final class MixedPrecision implements AutoCloseable {
    /** The seed of the order in which calibration samples are evaluated; complete figures do not depend on it. */
    public static final long SEED = 1;

    private static final int FRONT = 20;

    private final Question asked;
    private final Resolver resolver;
    private final LiveEvaluator evaluator;
    private final LayerMacs macs;
    private final List<TensorInfo> weights = new ArrayList<>();
    private final List<QuantSpec> specs = new ArrayList<>();
    /** For each part the indices of its weights, which have the same bits. */
    private final List<List<Integer>> parts = new ArrayList<>();

    private final List<WeightGroup> groups;
    private final Map<TensorId, Integer> pinned = new TreeMap<>();
    private final Map<Alone, Double> alone = new HashMap<>();
    private final Map<Integer, Assignment> uniforms = new HashMap<>();
    private final BitSearch.Space space;
    private final BitSearch search;
    private Progress progress = Progress.NONE;
    private boolean divergence = true;

    /** One weight that is quantized while all else is in float. */
    private record Alone(TensorId weight, int bits) {}

    /** What a budget counts. */
    public enum Unit {
        /** Bits of codes for each weight, the mean over all quantized weights. */
        AVERAGE_BITS,
        /** Bytes of all stored tensors, scales and zero points included. */
        BYTES,
        /**
         * Multiplications for one sample times the bits of both factors, over all layers with a stored weight.
         *
         * @see LayerMacs#bitOperations
         */
        BIT_OPERATIONS
    }

    /**
     * What is asked.
     *
     * @param model with a graph, as analysed
     * @param state says how weights are quantized but for their bits, which activations are, and what is chosen for the
     *     result's rounding; a weight with settings of its own keeps all of them but its bits
     * @param calibration of activations, if the state quantizes them
     * @param pinned weights with settings of their own that keep their bits too
     * @param widths to choose from, such as 2, 3, 4, 6, 8
     * @param unit what budgets count
     */
    public record Question(
            Model model,
            SessionState state,
            Calibration calibration,
            Set<TensorId> pinned,
            List<Integer> widths,
            Unit unit) {
        public Question {
            pinned = Collections.unmodifiableSet(new TreeSet<>(pinned));
            widths = List.copyOf(new TreeSet<>(widths));
        }
    }

    /**
     * An assignment.
     *
     * @param bits of each weight that takes part
     * @param averageBits mean bits of codes over these weights and those whose bits are fixed
     * @param sizeBytes of all stored tensors
     * @param bitOperations for one sample, as {@link Unit#BIT_OPERATIONS} counts them
     * @param loss the divergence in nats, or the share of noise
     */
    public record Assignment(
            Map<TensorId, Integer> bits, double averageBits, long sizeBytes, double bitOperations, double loss) {
        public Assignment {
            bits = Collections.unmodifiableMap(new LinkedHashMap<>(bits));
        }

        /** What it costs. */
        public double in(Unit unit) {
            return switch (unit) {
                case AVERAGE_BITS -> averageBits;
                case BYTES -> sizeBytes;
                case BIT_OPERATIONS -> bitOperations;
            };
        }
    }

    /**
     * The outcome.
     *
     * @param chosen within the budget
     * @param state the settings with the chosen bits
     * @param alone for each weight the loss if it alone is quantized, with its chosen bits
     * @param front assignments that no other measured one beats in both size and loss, from small to large
     * @param evaluations how many assignments were measured
     */
    public record Outcome(
            Assignment chosen,
            SessionState state,
            Map<TensorId, Double> alone,
            List<Assignment> front,
            int evaluations) {
        public Outcome {
            alone = Collections.unmodifiableMap(new LinkedHashMap<>(alone));
            front = List.copyOf(front);
        }
    }

    /**
     * Prepares a search.
     *
     * @param data the calibration data
     * @param evaluator of the model on that data; it is closed with the search
     * @throws IllegalArgumentException if no weight can be given other bits, or a scheme does not take any of the widths
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     */
    public MixedPrecision(Question asked, Dataset data, LiveEvaluator evaluator, Resolver resolver) {
        this.asked = asked;
        this.resolver = resolver;
        this.evaluator = evaluator;
        List<List<Integer>> choices = new ArrayList<>();
        List<TensorId> all = new ArrayList<>();
        for (QuantizedTensor tensor : QuantizedTensor.of(asked.model, asked.state, asked.calibration)) {
            TensorId id = tensor.info().id();
            QuantSpec spec = tensor.choice().spec();
            if (tensor.info().kind() == TensorKind.WEIGHT) {
                all.add(id);
                if (asked.pinned.contains(id) && asked.state.overrides().containsKey(id)) {
                    pinned.put(id, spec.bits());
                } else {
                    weights.add(tensor.info());
                    specs.add(spec);
                    choices.add(widths(id, spec));
                }
            }
        }
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("no weight is quantized whose bits could be chosen");
        }
        this.macs = LayerMacs.of(asked.model, data);
        this.groups = WeightGroup.of(asked.model, all);
        List<List<Integer>> shared = new ArrayList<>();
        divide(choices, shared);
        this.space = new BitSearch.Space(shared);
        this.search = new BitSearch(space, bits -> size(each(bits)), this::loss);
    }

    private List<Integer> widths(TensorId id, QuantSpec spec) {
        List<Integer> taken = asked.widths.stream().filter(b -> takes(spec, b)).toList();
        if (taken.isEmpty()) {
            throw new IllegalArgumentException(
                    "bits: " + spec.quantizer().title() + " takes none of " + asked.widths + " for " + id);
        }
        return taken;
    }

    private static boolean takes(QuantSpec spec, int bits) {
        try {
            spec.withBits(bits).check();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Makes parts of the weights, and for each the widths that all of its weights may have. */
    private void divide(List<List<Integer>> choices, List<List<Integer>> shared) {
        Map<TensorId, WeightGroup> groupOf = new HashMap<>();
        groups.forEach(group -> group.members().forEach(id -> groupOf.put(id, group)));
        Map<WeightGroup, List<Integer>> members = new HashMap<>();
        for (int i = 0; i < weights.size(); i++) {
            WeightGroup group = groupOf.get(weights.get(i).id());
            if (group == null) {
                parts.add(List.of(i));
            } else {
                members.computeIfAbsent(group, _ -> {
                            List<Integer> part = new ArrayList<>();
                            parts.add(part);
                            return part;
                        })
                        .add(i);
            }
        }
        Set<TensorId> uncounted = asked.unit == Unit.BIT_OPERATIONS ? macs.unknown() : Set.of();
        for (List<Integer> part : parts) {
            List<TensorId> ids = part.stream().map(i -> weights.get(i).id()).toList();
            Set<Integer> widths = new TreeSet<>(choices.get(part.getFirst()));
            part.forEach(i -> widths.retainAll(choices.get(i)));
            // A member that a person has set speaks for its group.
            Set<Integer> set = Optional.ofNullable(groupOf.get(ids.getFirst())).stream()
                    .flatMap(g -> g.members().stream())
                    .filter(pinned::containsKey)
                    .map(id -> Objects.requireNonNull(pinned.get(id)))
                    .collect(Collectors.toSet());
            if (set.size() == 1) {
                int follow = set.iterator().next();
                widths.clear();
                if (part.stream().allMatch(i -> takes(specs.get(i), follow))) {
                    widths.add(follow);
                }
            }
            if (widths.isEmpty()) {
                throw new IllegalArgumentException("bits: " + names(ids) + " must have the same bits, and no width of "
                        + asked.widths + " is one that all of them can have");
            }
            // Where bits cost nothing that is counted, fewer of them buy nothing.
            boolean free = uncounted.containsAll(ids);
            shared.add(free ? List.of(Collections.max(widths)) : List.copyOf(widths));
        }
    }

    private static String names(List<TensorId> ids) {
        return ids.stream().map(TensorId::name).collect(Collectors.joining(", "));
    }

    /** The bits of each weight from those of each part. */
    private List<Integer> each(List<Integer> ofParts) {
        Integer[] bits = new Integer[weights.size()];
        for (int p = 0; p < parts.size(); p++) {
            for (int i : parts.get(p)) {
                bits[i] = ofParts.get(p);
            }
        }
        return List.of(bits);
    }

    private double size(List<Integer> bits) {
        return switch (asked.unit) {
            case AVERAGE_BITS -> averageBits(bits);
            case BYTES -> bytes(bits);
            case BIT_OPERATIONS -> bitOperations(bits);
        };
    }

    private double averageBits(List<Integer> bits) {
        double codes = 0;
        double count = 0;
        for (int i = 0; i < bits.size(); i++) {
            long n = weights.get(i).shape().count();
            codes += (double) n * bits.get(i);
            count += n;
        }
        for (Map.Entry<TensorId, Integer> set : pinned.entrySet()) {
            Tensor tensor = asked.model.find(set.getKey()).orElseThrow();
            long n = tensor.info().shape().count();
            codes += (double) n * set.getValue();
            count += n;
        }
        return codes / count;
    }

    private long bytes(List<Integer> bits) {
        return ModelSize.of(asked.model, resolved(bits, new CancelToken())).quantizedBytes();
    }

    private double bitOperations(List<Integer> bits) {
        Map<TensorId, Integer> all = new HashMap<>(pinned);
        resolved(bits, new CancelToken())
                .tensors()
                .forEach(tensor -> all.put(tensor.id(), tensor.spec().bits()));
        return macs.bitOperations(all);
    }

    /** The settings with these bits. */
    private SessionState state(List<Integer> bits) {
        Map<TensorId, QuantSpec> own = new TreeMap<>(asked.state.overrides());
        for (int i = 0; i < bits.size(); i++) {
            own.put(weights.get(i).id(), specs.get(i).withBits(bits.get(i)));
        }
        return asked.state.withOverrides(own);
    }

    private ResolvedSettings resolved(List<Integer> bits, CancelToken cancel) {
        return resolver.resolve(asked.model, state(bits), asked.calibration, Progress.NONE, cancel);
    }

    private double loss(List<Integer> ofParts, CancelToken cancel) {
        ResolvedSettings settings = resolved(each(ofParts), cancel);
        double loss = loss(new EvalRequest(Optional.empty(), settings.weights(), settings.activations()), cancel);
        int done = search.evaluations() + 1;
        progress.report(
                search.steps(), search.stepsInAll(), done + (done == 1 ? " mixture" : " mixtures") + " measured");
        return loss;
    }

    private double loss(EvalRequest request, CancelToken cancel) {
        AccuracyEstimate figure = evaluator.evaluate(request, cancel, _ -> {});
        OptionalDouble nats = figure.klDivergence();
        divergence = nats.isPresent();
        return nats.isPresent() ? nats.getAsDouble() : Math.pow(10, -figure.logitSqnrDb() / 10);
    }

    /** The loss of a setting, such as one with codes that were chosen by a rounding. */
    public synchronized double lossOf(EvalRequest request, CancelToken cancel) {
        return loss(request, cancel);
    }

    /** True if the loss is a divergence, in nats; false if it is a share of noise. */
    public boolean isDivergence() {
        return divergence;
    }

    /** How many samples a loss rests on. */
    public int samples() {
        return evaluator.samples();
    }

    public Question asked() {
        return asked;
    }

    /** Weights that must have the same bits, pinned ones among them. */
    public List<WeightGroup> groups() {
        return groups;
    }

    /** The weights that keep the bits that a person gave them. */
    public Map<TensorId, Integer> pinned() {
        return Collections.unmodifiableMap(pinned);
    }

    /**
     * Weights whose multiplications the graph does not tell. They are not in the bit-operations; where a budget counts
     * these, such weights keep the most bits.
     */
    public Set<TensorId> uncounted() {
        Set<TensorId> all = new LinkedHashSet<>(macs.unknown());
        all.retainAll(weights.stream().map(TensorInfo::id).collect(Collectors.toSet()));
        return all;
    }

    /** What all weights at their most bits cost, in the unit of the budget. */
    public synchronized double most() {
        return size(each(space.most()));
    }

    /** What all weights at their fewest bits cost, in the unit of the budget. */
    public synchronized double least() {
        return size(each(space.uniform(0)));
    }

    /**
     * The assignment with the least loss found within a budget; never one that loses more than the uniform ones that
     * fit. Also looks at the whole way down, for the front.
     *
     * @param budget in the unit
     * @throws IllegalArgumentException if the fewest bits do not fit
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Outcome within(double budget, Progress progress, CancelToken cancel) {
        return outcome(best(budget, progress, cancel), progress, cancel);
    }

    /** As {@link #within}, the assignment alone. */
    public synchronized Assignment best(double budget, Progress progress, CancelToken cancel) {
        this.progress = progress;
        if (budget < least() - 1e-9) {
            throw new IllegalArgumentException(
                    "the fewest bits give " + shown(least()) + ", more than " + shown(budget));
        }
        return assignment(search.within(budget, cancel));
    }

    /**
     * All weights at one width, which need not be one of those to choose from. A weight that cannot have it, or may not
     * because another one that it goes with is pinned, has the nearest one below that it may have, or its fewest bits.
     */
    public synchronized Assignment uniform(int bits, CancelToken cancel) {
        Assignment known = uniforms.get(bits);
        if (known == null) {
            List<Integer> near = each(space.uniform(bits));
            List<Integer> all = new ArrayList<>(near);
            for (int p = 0; p < parts.size(); p++) {
                boolean chooses = space.widths().get(p).size() > 1;
                for (int i : parts.get(p)) {
                    if (chooses && parts.get(p).stream().allMatch(j -> takes(specs.get(j), bits))) {
                        all.set(i, bits);
                    }
                }
            }
            ResolvedSettings settings = resolved(all, cancel);
            double loss = all.equals(near)
                    ? search.cost(space.uniform(bits), cancel)
                    : loss(new EvalRequest(Optional.empty(), settings.weights(), settings.activations()), cancel);
            known = assignment(all, loss);
            uniforms.put(bits, known);
        }
        return known;
    }

    /** The front alone, from small to large: at most 20 assignments. */
    public synchronized List<Assignment> front(Progress progress, CancelToken cancel) {
        this.progress = progress;
        search.down(0, cancel);
        for (int bits : space.all()) {
            search.cost(space.uniform(bits), cancel);
        }
        return search.front(FRONT).stream().map(this::assignment).toList();
    }

    /** Everything that was measured so far, from small to large in the unit of the budget. */
    public synchronized List<Assignment> measured() {
        return search.measured().stream()
                .sorted(Comparator.comparingDouble(BitSearch.Point::size).thenComparingDouble(BitSearch.Point::cost))
                .map(this::assignment)
                .toList();
    }

    /** How many assignments were measured so far. */
    public synchronized int evaluations() {
        return search.evaluations();
    }

    /** An outcome with an assignment of the front. */
    public synchronized Outcome outcome(Assignment chosen, Progress progress, CancelToken cancel) {
        List<Assignment> front = front(progress, cancel);
        return new Outcome(chosen, state(chosen), alone(chosen, cancel), front, search.evaluations() + alone.size());
    }

    /** The settings with the bits of an assignment. */
    public SessionState state(Assignment chosen) {
        return state(bits(chosen));
    }

    private List<Integer> bits(Assignment chosen) {
        return weights.stream()
                .map(w -> Objects.requireNonNull(chosen.bits().get(w.id())))
                .toList();
    }

    /** For each weight the loss if it alone is quantized, with the bits of an assignment. */
    public synchronized Map<TensorId, Double> alone(Assignment chosen, CancelToken cancel) {
        ResolvedSettings settings = resolved(bits(chosen), cancel);
        Map<TensorId, Double> losses = new LinkedHashMap<>();
        for (TensorInfo weight : weights) {
            ResolvedTensor tensor = settings.find(weight.id()).orElseThrow();
            Alone key = new Alone(weight.id(), tensor.spec().bits());
            Double known = alone.get(key);
            if (known == null) {
                known = loss(new EvalRequest(Optional.empty(), Map.of(weight.id(), tensor.params()), Map.of()), cancel);
                alone.put(key, known);
            }
            losses.put(weight.id(), known);
        }
        return losses;
    }

    private Assignment assignment(BitSearch.Point p) {
        return assignment(each(p.bits()), p.cost());
    }

    private Assignment assignment(List<Integer> each, double loss) {
        Map<TensorId, Integer> bits = new LinkedHashMap<>();
        for (int i = 0; i < weights.size(); i++) {
            bits.put(weights.get(i).id(), each.get(i));
        }
        return new Assignment(bits, averageBits(each), bytes(each), bitOperations(each), loss);
    }

    private String shown(double amount) {
        return switch (asked.unit) {
            case BYTES -> String.format(Locale.ROOT, "%.0f bytes", amount);
            case AVERAGE_BITS -> String.format(Locale.ROOT, "%.3g bits on average", amount);
            case BIT_OPERATIONS -> String.format(Locale.ROOT, "%.4g bit-operations", amount);
        };
    }

    @Override
    public void close() {
        evaluator.close();
    }
}
