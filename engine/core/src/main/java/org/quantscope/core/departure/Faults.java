package org.quantscope.core.departure;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.TensorId;

/**
 * Finds the first tensor at which something is wrong: codes that are read by other parameters than they were written with,
 * grids that do not fit their values, and nodes that compute something else. For one use.
 */
final class Faults {
    /** An activation's grid is too wide from this many times its values on, and this many times what is usual. */
    private static final double WIDE = 1.9;

    private static final double WIDER_THAN_OTHERS = 1.6;
    /** A grid of less of the range of its values is exceeded. */
    private static final double EXCEEDED = 0.9;

    /** One of more than so many times the range of its values is not filled. */
    private static final double UNFILLED = 1.5;

    /** More than one of so many grids exceeded or not filled is no fault of one. */
    private static final int FEW_OF = 8;
    /** Fewer samples do not show how far values reach. */
    private static final int ENOUGH_FOR_WIDE = 8;

    private final Model model;
    private final Pairing pairing;
    private final List<String> notes;
    private final Causes causes;
    /** What the file alone shows, by the tensor at which it shows. */
    private final Map<TensorId, Departure> shown = new LinkedHashMap<>();

    Faults(Model model, Deployed deployed, Pairing pairing, List<String> notes) {
        this.model = model;
        this.pairing = pairing;
        this.notes = notes;
        this.causes = new Causes(model, deployed, pairing);
    }

    /** True if the file itself shows something wrong at a tensor. */
    boolean at(TensorId id) {
        return shown.containsKey(id);
    }

    /**
     * The first departure.
     *
     * @param kept the first batch
     * @param samples that were compared in all
     * @param worst the batch in which a tensor departs most
     */
    Optional<Departure> first(
            Map<TensorId, Sums> sums,
            Map<TensorId, Reach> reaches,
            Search.Batch kept,
            int samples,
            Function<TensorId, Search.Batch> worst,
            CancelToken cancel) {
        Map<TensorId, Departure> misfits = misfits(reaches, kept, samples);
        for (TensorId id : pairing.ids()) {
            cancel.check();
            otherReading(id).ifPresent(d -> shown.put(id, d));
            Departure misfit = misfits.get(id);
            if (misfit != null) {
                shown.putIfAbsent(id, misfit);
            }
        }
        for (TensorId id : pairing.ids()) {
            boolean departs = Objects.requireNonNull(sums.get(id)).departs();
            Departure seen = shown.get(id);
            if (!departs && seen == null) {
                continue;
            }
            boolean reading = otherReading(id).isPresent();
            if (departs && !reading) {
                Departure found = causes.of(id, worst.apply(id), cancel);
                return Optional.of(found.cause() == Cause.KERNEL && seen != null ? seen : found);
            }
            return Optional.of(Objects.requireNonNull(seen));
        }
        return leftFloat();
    }

    /** Codes that are written by one grid and read by another. */
    private Optional<Departure> otherReading(TensorId id) {
        Deployed.Value v = pairing.value(id);
        if (v.grid().isEmpty() || v.readAs().isEmpty() || v.grid().equals(v.readAs())) {
            return Optional.empty();
        }
        QuantParams w = v.grid().get();
        QuantParams r = v.readAs().get();
        boolean scale = w.scale(0) != r.scale(0);
        return Optional.of(fileFault(
                id,
                scale ? Cause.RANGE : Cause.ZERO_POINT,
                id.name(),
                String.format(
                        Locale.ROOT,
                        "its codes are written with scale %.6g and zero point %d, and read with scale %.6g and zero"
                                + " point %d%s",
                        w.scale(0),
                        w.zeroPoint(0),
                        r.scale(0),
                        r.zeroPoint(0),
                        scale
                                ? String.format(Locale.ROOT, ": %.3g times the values", r.scale(0) / w.scale(0))
                                : String.format(
                                        Locale.ROOT,
                                        ": every value is %+d steps off",
                                        w.zeroPoint(0) - r.zeroPoint(0)))));
    }

    static Departure fileFault(TensorId id, Cause cause, String part, String said) {
        return new Departure(id, cause, part, said, OptionalDouble.empty(), OptionalDouble.empty(), true, List.of());
    }

    private Map<TensorId, Departure> misfits(Map<TensorId, Reach> reaches, Search.Batch kept, int samples) {
        Set<TensorId> twice = pairing.simulation().roundedTwice();
        if (!twice.isEmpty()) {
            notes.add("The float model's file holds " + twice.size()
                    + (twice.size() == 1 ? " weight" : " weights")
                    + " in codes (" + twice.iterator().next().name()
                    + (twice.size() == 1 ? "" : " is the first")
                    + "). The deployed ones differ from them by no more than both were rounded, and are used to say"
                    + " what quantization explains.");
        }
        Map<TensorId, GridFit.Misfit> activations = new LinkedHashMap<>();
        double usual = usualWidth(reaches);
        Map<QuantParams, Integer> shared = new HashMap<>();
        pairing.ids().forEach(id -> pairing.simulation().grid(id).ifPresent(g -> shared.merge(g, 1, Integer::sum)));
        int grids = 0;
        for (TensorId id : pairing.ids()) {
            Optional<QuantParams> grid = pairing.simulation().grid(id);
            Values f = kept.floats().get(id);
            Reach reach = reaches.get(id);
            if (grid.isPresent() && f != null && reach != null && pairing.exact()) {
                grids++;
                GridFit.of(f.values(), Optional.empty(), grid.get(), reach.least(), reach.most())
                        // A grid that several values share fits the widest of them; that of a bounded function its
                        // bounds.
                        .filter(m -> !m.wide()
                                || (samples >= ENOUGH_FOR_WIDE
                                        && shared.getOrDefault(grid.get(), 0) < 2
                                        && !isBounded(id)
                                        && usual(grid.get(), reach) > wideFrom(usual)))
                        .ifPresent(m -> activations.put(id, m));
            }
        }
        dropUnlike(activations, reaches);
        Map<TensorId, GridFit.Misfit> weights = new LinkedHashMap<>();
        Map<TensorId, LayerPair> layerOf = new HashMap<>();
        int gridded = 0;
        for (LayerPair layer : pairing.layers()) {
            if (layer.grid().isPresent()) {
                gridded++;
                QuantParams g = layer.grid().get();
                GridFit.of(
                                layer.weight().data().toFloats(),
                                Optional.of(Slicing.of(layer.weight().info(), g.granularity())),
                                g,
                                1,
                                0)
                        .ifPresent(m -> {
                            weights.putIfAbsent(layer.behind(), m);
                            layerOf.putIfAbsent(layer.behind(), layer);
                        });
            }
        }
        Map<TensorId, Departure> all = new HashMap<>();
        dropReduced(weights, gridded, "weights").forEach((id, m) -> {
            String name = Objects.requireNonNull(layerOf.get(id)).weight().id().name();
            all.put(id, fileFault(id, m.cause(), name, said(name, m)));
        });
        dropReduced(activations, grids, "activations")
                .forEach((id, m) -> all.putIfAbsent(id, fileFault(id, m.cause(), id.name(), said(id.name(), m))));
        return all;
    }

    /**
     * How many times as wide as its values a grid of an activation usually is here: calibration has seen other samples, and
     * mostly more of them. The lower median of all.
     */
    private double usualWidth(Map<TensorId, Reach> reaches) {
        double[] widths = pairing.ids().stream()
                .filter(id -> pairing.simulation().grid(id).isPresent() && reaches.containsKey(id))
                .mapToDouble(id ->
                        usual(pairing.simulation().grid(id).orElseThrow(), Objects.requireNonNull(reaches.get(id))))
                .sorted()
                .toArray();
        return widths.length == 0 ? 1 : widths[(widths.length - 1) / 2];
    }

    /** How many times as wide a grid is as the values of a usual number of samples. */
    private static double usual(QuantParams grid, Reach reach) {
        return GridFit.width(grid, reach.usualLeast(), reach.usualMost());
    }

    /**
     * Drops grids that are too narrow, or too wide, where many are. One alone among others that fit is a fault of its own;
     * many at once are what other data than that of the calibration looks like, and are said as that.
     */
    private void dropUnlike(Map<TensorId, GridFit.Misfit> misfits, Map<TensorId, Reach> reaches) {
        Map<QuantParams, TensorId> all = new LinkedHashMap<>();
        Map<QuantParams, Double> exceeded = new LinkedHashMap<>();
        Map<QuantParams, Double> unfilled = new LinkedHashMap<>();
        for (TensorId id : pairing.ids()) {
            Optional<QuantParams> grid = pairing.simulation().grid(id);
            Reach reach = reaches.get(id);
            if (grid.isPresent() && reach != null && !isBounded(id)) {
                all.putIfAbsent(grid.get(), id);
                double width = GridFit.width(grid.get(), reach.least(), reach.most());
                if (width < EXCEEDED) {
                    exceeded.merge(grid.get(), width, Math::min);
                }
                double usual = usual(grid.get(), reach);
                if (usual > UNFILLED) {
                    unfilled.merge(grid.get(), usual, Math::max);
                }
            }
        }
        int few = Math.max(1, all.size() / FEW_OF);
        if (exceeded.size() > few) {
            var worst = Collections.min(exceeded.entrySet(), Map.Entry.comparingByValue());
            notes.add(String.format(
                    Locale.ROOT,
                    "The float values go beyond the grids of %d of %d activations, most beyond that of %s: %.3g times"
                        + " its range. This data is not like that which the ranges were chosen on, or they were chosen"
                        + " to clip; what is cut off is in the error that the grids explain.",
                    exceeded.size(),
                    all.size(),
                    Objects.requireNonNull(all.get(worst.getKey())).name(),
                    1 / worst.getValue()));
            misfits.values().removeIf(m -> !m.wide());
        }
        if (unfilled.size() > few) {
            var worst = Collections.max(unfilled.entrySet(), Map.Entry.comparingByValue());
            notes.add(String.format(
                    Locale.ROOT,
                    "The grids of %d of %d activations are more than %.1f times as wide as the float values, most that"
                            + " of %s: %.3g times. This data is not like that which the ranges were chosen on, or they"
                            + " were chosen with room to spare.",
                    unfilled.size(),
                    all.size(),
                    UNFILLED,
                    Objects.requireNonNull(all.get(worst.getKey())).name(),
                    worst.getValue()));
            misfits.values().removeIf(GridFit.Misfit::wide);
        }
    }

    private static double wideFrom(double usual) {
        return Math.max(WIDE, usual * WIDER_THAN_OTHERS);
    }

    private static String said(String name, GridFit.Misfit misfit) {
        return name + (misfit.slice() >= 0 ? ", channel " + misfit.slice() : "") + ": " + misfit.said();
    }

    /** Where half of all grids are too wide, that was a choice: a bit less, so that sums cannot saturate. */
    private Map<TensorId, GridFit.Misfit> dropReduced(Map<TensorId, GridFit.Misfit> misfits, int of, String what) {
        long wide = misfits.values().stream().filter(GridFit.Misfit::wide).count();
        if (wide >= 2 && 2 * wide >= of) {
            notes.add("The grids of " + wide + " of " + of + " " + what
                    + " are about twice as wide as their values, as with a reduced range.");
            misfits.values().removeIf(GridFit.Misfit::wide);
        }
        return misfits;
    }

    private boolean isBounded(TensorId id) {
        return model.graph().orElseThrow().operatorBefore(id.name()).stream()
                .anyMatch(op -> Set.of("Softmax", "Sigmoid", "Tanh", "LogSoftmax", "HardSigmoid")
                        .contains(op));
    }

    /** A layer that is float in the deployed model, while others are quantized. */
    private Optional<Departure> leftFloat() {
        Set<TensorId> quantized = new HashSet<>();
        pairing.layers().stream()
                .filter(l -> l.grid().isPresent())
                .forEach(l -> quantized.add(l.weight().id()));
        if (quantized.isEmpty()) {
            return Optional.empty();
        }
        return pairing.layers().stream()
                .filter(l ->
                        l.grid().isEmpty() && !quantized.contains(l.weight().id()))
                .findFirst()
                .map(l -> {
                    Departure d = fileFault(
                            l.behind(),
                            Cause.OPERATOR,
                            l.node().opType() + " " + l.node().name(),
                            "left float: the weight " + l.weight().id() + " has no grid, while " + quantized.size()
                                    + " others have; the values do not depart");
                    shown.put(l.behind(), d);
                    return d;
                });
    }
}
