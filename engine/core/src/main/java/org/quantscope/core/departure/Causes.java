package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.departure.Departure.Trial;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * Why one tensor departs. Each suspected part of the deployed node is put into our simulation of it, or what a fault would
 * do to its values is done to ours: a cause is one by which the departure vanishes. All are tried; the first in the order
 * of {@link Cause} is named.
 */
final class Causes {
    private final Model model;
    private final OnnxGraph graph;
    private final Deployed deployed;
    private final Pairing pairing;

    Causes(Model model, Deployed deployed, Pairing pairing) {
        this.model = model;
        this.graph = model.graph().orElseThrow();
        this.deployed = deployed;
        this.pairing = pairing;
    }

    /** A cause that would explain, with the values that it would give. */
    record Suspect(Cause cause, TensorId name, String part, String said, Values gives) {}

    /** The cause at a tensor, in the batch in which it departs most. */
    Departure of(TensorId id, Search.Batch batch, CancelToken cancel) {
        Values d = Objects.requireNonNull(batch.deployed().get(id));
        Values r = Objects.requireNonNull(batch.replayed().get(id));
        Values s = Objects.requireNonNull(batch.simulated().get(id));
        Sums before = sums(id, d, r, s);
        Segment segment = Segment.of(graph, id.name(), name -> pairing.ids().contains(new TensorId(name)));
        List<Suspect> suspects = new ArrayList<>();
        Optional<Values> theirs = Optional.empty();
        if (segment.layers().isEmpty()) {
            suspects.addAll(new Preprocessed(graph, segment).suspects(id, d, s));
        }
        if (deployed.floats().isPresent()) {
            suspects.addAll(stored(id, segment, batch, cancel));
            theirs = theirs(id, batch, s.shape(), cancel);
            theirs.ifPresent(t -> OperatorDifference.of(model, deployed, pairing, segment, id)
                    .ifPresent(o -> suspects.add(new Suspect(o.cause(), o.name(), o.part(), o.said(), t))));
        }
        Values plain = unclamped(id, batch, cancel);
        Optional<Shape> source = segment.reads().stream()
                .map(name -> batch.deployed().get(new TensorId(name)))
                .filter(Objects::nonNull)
                .map(Values::shape)
                .filter(shape -> shape.count() == d.shape().count() && !shape.equals(d.shape()))
                .findFirst();
        suspects.addAll(new ValueSuspects(
                        pairing.simulation().grid(id),
                        segment.endsInRelu(id.name()),
                        !segment.layers().isEmpty(),
                        source)
                .of(id, d, s, plain));
        List<Trial> tried = new ArrayList<>();
        Suspect best = null;
        double left = Double.POSITIVE_INFINITY;
        suspects.sort(Comparator.comparing(Suspect::cause));
        for (Suspect suspect : suspects) {
            Sums after = sums(id, d, r, suspect.gives);
            tried.add(new Trial(suspect.cause, suspect.part, after.difference()));
            boolean gone = vanishes(before, after);
            if (gone && best == null) {
                best = suspect;
                left = after.difference();
            }
        }
        boolean inSteps = before.step() > 0;
        if (best == null) {
            String why = theirs.isPresent() && !vanishes(before, sums(id, d, r, theirs.get()))
                    ? "the deployed weights, bias and operator do not give the deployed values"
                    : "nothing that was tried explains it";
            return new Departure(
                    id,
                    Cause.KERNEL,
                    segment.said(),
                    why + (before.channel() >= 0 ? "; channel " + before.channel() + " departs most" : ""),
                    OptionalDouble.of(before.difference()),
                    OptionalDouble.empty(),
                    inSteps,
                    tried);
        }
        return new Departure(
                best.name,
                best.cause,
                best.part,
                best.said,
                OptionalDouble.of(before.difference()),
                OptionalDouble.of(left),
                inSteps,
                tried);
    }

    private Sums sums(TensorId id, Values d, Values r, Values s) {
        Sums sums = new Sums(d.shape(), pairing.simulation().grid(id), pairing.exact());
        sums.add(d.shape(), d.values(), r.values(), s.values());
        return sums;
    }

    /** True if nothing is left that departs, or a tenth of it and less than a step. */
    private static boolean vanishes(Sums before, Sums after) {
        double left = before.excessOf(after);
        return left <= 1 || (left < before.excessOf(before) / 10 && after.difference() < 1 && after.step() > 0);
    }

    /** The deployed weight or bias of a layer in place of ours. */
    private List<Suspect> stored(TensorId id, Segment segment, Search.Batch batch, CancelToken cancel) {
        List<Suspect> suspects = new ArrayList<>();
        Simulation simulation = pairing.simulation();
        List<LayerPair> here =
                pairing.layers().stream().filter(l -> segment.has(l.node())).toList();
        for (LayerPair layer : here) {
            Map<TensorId, float[]> weight =
                    Map.of(layer.weight().id(), layer.theirs().values());
            Map<TensorId, float[]> bias = new HashMap<>();
            layer.bias()
                    .ifPresent(b ->
                            bias.put(b.id(), theirBias(layer, (int) b.data().count())));
            suspects.add(new WeightSuspect(graph, layer)
                    .suspect(id, simulated(id, simulation.model(weight), batch, cancel)));
            if (!bias.isEmpty()) {
                BiasSuspect told = new BiasSuspect(layer, simulation.biasUnit(layer));
                suspects.add(told.suspect(id, simulated(id, simulation.model(bias), batch, cancel)));
                Map<TensorId, float[]> both = new HashMap<>(weight);
                both.putAll(bias);
                Values with = simulated(id, simulation.model(both), batch, cancel);
                // The unit of a bias follows the scale of its weight: if both are off, it is for the weight.
                WeightSuspect weights = new WeightSuspect(graph, layer);
                suspects.add(weights.differs() ? weights.suspect(id, with) : told.suspect(id, with));
            }
        }
        return suspects;
    }

    private static float[] theirBias(LayerPair layer, int count) {
        float[] b = layer.theirBias().map(Values::values).orElse(new float[0]);
        return b.length == count ? b : new float[count];
    }

    private Values simulated(TensorId id, Model of, Search.Batch batch, CancelToken cancel) {
        try (ForcedRun run = pairing.forced(of, pairing.ids(), List.of(id.name()))) {
            Values v = Objects.requireNonNull(run.run(batch.fed(), batch.deployed(), List.of(id.name()), cancel)
                    .get(id.name()));
            return onGrid(id, v);
        }
    }

    private Values onGrid(TensorId id, Values v) {
        Optional<QuantParams> grid = pairing.simulation().grid(id);
        return grid.map(g -> Search.rounded(v, g)).orElse(v);
    }

    /** What the deployed model's own floats and operators give. */
    private Optional<Values> theirs(TensorId id, Search.Batch batch, Shape shape, CancelToken cancel) {
        if (graph.requiredInputs().contains(id.name())) {
            return Optional.empty();
        }
        Model floats = deployed.floats().orElseThrow();
        String name = pairing.deployed(id);
        if (floats.graph().orElseThrow().requiredInputs().contains(name)) {
            return Optional.empty();
        }
        Map<TensorId, Values> given = new HashMap<>();
        pairing.pairs().forEach(p -> {
            Values v = batch.deployed().get(new TensorId(p.name()));
            if (v != null && p.layout().isSame()) {
                given.put(new TensorId(p.name()), v);
            }
        });
        if (given.size() < pairing.pairs().size()) {
            return Optional.empty();
        }
        try (ForcedRun run = pairing.forcedTheirs(floats, id)) {
            Values v = Objects.requireNonNull(
                    run.run(batch.fed(), given, List.of(name), cancel).get(name));
            return v.shape().equals(shape) ? Optional.of(onGrid(id, v)) : Optional.empty();
        } catch (BadInputException e) {
            // What the file computes on floats cannot be run: the other suspects are tried without it.
            return Optional.empty();
        }
    }

    /** What our simulation computes in front of a Relu, not rounded; of another operator its own values. */
    private Values unclamped(TensorId id, Search.Batch batch, CancelToken cancel) {
        String name = graph.nodes().stream()
                .filter(n -> n.outputs().contains(id.name()))
                .filter(n -> n.opType().equals("Relu"))
                .map(n -> n.inputs().getFirst())
                .findFirst()
                .orElse(id.name());
        if (graph.requiredInputs().contains(name)) {
            return Objects.requireNonNull(batch.replayed()
                    .getOrDefault(new TensorId(name), batch.fed().get(name)));
        }
        Model ours = pairing.simulation().model(Map.of());
        List<TensorId> given =
                pairing.ids().stream().filter(g -> !g.name().equals(name)).toList();
        try (ForcedRun run = pairing.forced(ours, given, List.of(name))) {
            return Objects.requireNonNull(run.run(batch.fed(), batch.deployed(), List.of(name), cancel)
                    .get(name));
        }
    }
}
