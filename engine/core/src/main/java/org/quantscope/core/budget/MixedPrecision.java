package org.quantscope.core.budget;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
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
 */
public final class MixedPrecision implements AutoCloseable {
    private static final int FRONT = 20;
    private static final long SEED = 1;

    private final Model model;
    private final SessionState state;
    private final Calibration calibration;
    private final Resolver resolver;
    private final LiveEvaluator evaluator;
    private final List<TensorInfo> weights = new ArrayList<>();
    private final List<QuantSpec> specs = new ArrayList<>();
    private final BitSearch.Space space;
    private final BitSearch search;
    private final Unit unit;
    private final Progress progress;
    private final CancelToken cancel;
    private boolean divergence = true;

    /** What a budget counts. */
    public enum Unit {
        /** Bits of codes for each weight, the mean over all quantized weights. */
        AVERAGE_BITS,
        /** Bytes of all stored tensors, scales and zero points included. */
        BYTES
    }

    /**
     * An assignment.
     *
     * @param bits of each weight that takes part
     * @param averageBits mean bits of codes over these weights and those whose bits are fixed
     * @param sizeBytes of all stored tensors
     * @param loss the divergence in nats, or the share of noise
     */
    public record Assignment(Map<TensorId, Integer> bits, double averageBits, long sizeBytes, double loss) {
        public Assignment {
            bits = Collections.unmodifiableMap(new LinkedHashMap<>(bits));
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
     * @param model with a graph, as analysed
     * @param state says how weights are quantized but for their bits; weights with settings of their own keep theirs
     * @param calibration of activations, if the state quantizes them
     * @param data the calibration data
     * @param widths to choose from, such as 2, 3, 4, 6, 8
     * @param unit what budgets count
     * @throws IllegalArgumentException if no weight can be given other bits, or a scheme does not take any of the widths
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     */
    public MixedPrecision(
            Model model,
            SessionState state,
            Calibration calibration,
            Dataset data,
            List<Integer> widths,
            Unit unit,
            Resolver resolver,
            Progress progress,
            CancelToken cancel) {
        this.model = model;
        this.state = state;
        this.calibration = calibration;
        this.resolver = resolver;
        this.unit = unit;
        this.progress = progress;
        this.cancel = cancel;
        List<List<Integer>> choices = new ArrayList<>();
        for (QuantizedTensor tensor : QuantizedTensor.of(model, state, calibration)) {
            boolean free = tensor.info().kind() == TensorKind.WEIGHT
                    && !state.overrides().containsKey(tensor.info().id());
            if (free) {
                QuantSpec spec = tensor.choice().spec();
                List<Integer> taken = new TreeSet<>(widths)
                        .stream().filter(b -> takes(spec, b)).toList();
                if (taken.isEmpty()) {
                    throw new IllegalArgumentException(
                            "bits: " + spec.quantizer().title() + " takes none of " + widths + " for "
                                    + tensor.info().id());
                }
                weights.add(tensor.info());
                specs.add(spec);
                choices.add(taken);
            }
        }
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("no weight is quantized whose bits could be chosen");
        }
        this.space = new BitSearch.Space(choices);
        this.evaluator = new LiveEvaluator(model, data, SEED);
        this.search = new BitSearch(space, size(), this::loss, cancel);
    }

    private static boolean takes(QuantSpec spec, int bits) {
        try {
            spec.withBits(bits).check();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private ToDoubleFunction<List<Integer>> size() {
        return switch (unit) {
            case AVERAGE_BITS -> this::averageBits;
            case BYTES -> bits -> bytes(bits);
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
        for (Tensor tensor : model.tensors()) {
            QuantSpec own = state.overrides().get(tensor.id());
            if (own != null
                    && state.spec(tensor.info()).isPresent()
                    && tensor.info().kind() == TensorKind.WEIGHT) {
                long n = tensor.info().shape().count();
                codes += (double) n * own.bits();
                count += n;
            }
        }
        return codes / count;
    }

    private long bytes(List<Integer> bits) {
        return ModelSize.of(model, resolved(bits)).quantizedBytes();
    }

    /** The settings with these bits. */
    private SessionState state(List<Integer> bits) {
        Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
        for (int i = 0; i < bits.size(); i++) {
            own.put(weights.get(i).id(), specs.get(i).withBits(bits.get(i)));
        }
        return state.withOverrides(own);
    }

    private ResolvedSettings resolved(List<Integer> bits) {
        return resolver.resolve(model, state(bits), calibration, Progress.NONE, cancel);
    }

    private double loss(List<Integer> bits) {
        ResolvedSettings settings = resolved(bits);
        double loss = loss(new EvalRequest(Optional.empty(), settings.weights(), settings.activations()));
        int done = search.evaluations() + 1;
        progress.report(0, 0, done + (done == 1 ? " mixture" : " mixtures") + " measured");
        return loss;
    }

    private double loss(EvalRequest request) {
        AccuracyEstimate figure = evaluator.evaluate(request, cancel, _ -> {});
        OptionalDouble nats = figure.klDivergence();
        divergence = nats.isPresent();
        return nats.isPresent() ? nats.getAsDouble() : Math.pow(10, -figure.logitSqnrDb() / 10);
    }

    /** True if the loss is a divergence, in nats; false if it is a share of noise. */
    public boolean isDivergence() {
        return divergence;
    }

    /** The most that the widths allow, and the least, in the unit of the budget. */
    public double most() {
        return size().applyAsDouble(space.most());
    }

    public double least() {
        return size().applyAsDouble(space.uniform(0));
    }

    /**
     * The assignment with the least loss found within a budget; never one that loses more than the uniform ones that
     * fit. Also looks at the whole way down, for the front.
     *
     * @param budget in the unit
     * @throws IllegalArgumentException if the fewest bits do not fit
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Outcome within(double budget) {
        if (budget < least() - 1e-9) {
            throw tooSmall(budget);
        }
        return outcome(search.within(budget));
    }

    /** The settings with the assignment of {@link #within}, which needs the fewest measurements. */
    public SessionState settingsWithin(double budget) {
        if (budget < least() - 1e-9) {
            throw tooSmall(budget);
        }
        return state(search.within(budget).bits());
    }

    private IllegalArgumentException tooSmall(double budget) {
        return new IllegalArgumentException("the fewest bits give " + shown(least()) + ", more than " + shown(budget));
    }

    /** The front alone, from small to large. */
    public List<Assignment> front() {
        search.down(0);
        for (int bits :
                new TreeSet<>(space.widths().stream().flatMap(List::stream).toList())) {
            search.cost(space.uniform(bits));
        }
        return search.front(FRONT).stream().map(this::assignment).toList();
    }

    /** An outcome with an assignment of the front. */
    public Outcome outcome(Assignment chosen) {
        List<Integer> bits = weights.stream()
                .map(w -> java.util.Objects.requireNonNull(chosen.bits().get(w.id())))
                .toList();
        return outcome(new BitSearch.Point(bits, size().applyAsDouble(bits), chosen.loss()));
    }

    private Outcome outcome(BitSearch.Point chosen) {
        List<Assignment> front = front();
        ResolvedSettings settings = resolved(chosen.bits());
        Map<TensorId, Double> alone = new LinkedHashMap<>();
        for (TensorInfo weight : weights) {
            ResolvedTensor tensor = settings.find(weight.id()).orElseThrow();
            alone.put(
                    weight.id(),
                    loss(new EvalRequest(Optional.empty(), Map.of(weight.id(), tensor.params()), Map.of())));
        }
        return new Outcome(
                assignment(chosen), state(chosen.bits()), alone, front, search.evaluations() + weights.size());
    }

    private Assignment assignment(BitSearch.Point p) {
        Map<TensorId, Integer> bits = new LinkedHashMap<>();
        for (int i = 0; i < weights.size(); i++) {
            bits.put(weights.get(i).id(), p.bits().get(i));
        }
        return new Assignment(bits, averageBits(p.bits()), bytes(p.bits()), p.cost());
    }

    private String shown(double amount) {
        return unit == Unit.BYTES
                ? String.format(java.util.Locale.ROOT, "%.0f bytes", amount)
                : String.format(java.util.Locale.ROOT, "%.3g bits on average", amount);
    }

    @Override
    public void close() {
        evaluator.close();
    }
}
