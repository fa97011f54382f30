package org.quantscope.core.departure;

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
            Map<TensorId, float[]> ranges,
            Search.Batch kept,
            int samples,
            Function<TensorId, Search.Batch> worst,
            CancelToken cancel) {
        Map<TensorId, Departure> misfits = misfits(ranges, kept, samples);
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

    private Map<TensorId, Departure> misfits(Map<TensorId, float[]> ranges, Search.Batch kept, int samples) {
        Map<TensorId, GridFit.Misfit> activations = new LinkedHashMap<>();
        double usual = usualWidth(ranges);
        Map<QuantParams, Integer> shared = new HashMap<>();
        pairing.ids().forEach(id -> pairing.simulation().grid(id).ifPresent(g -> shared.merge(g, 1, Integer::sum)));
        int grids = 0;
        for (TensorId id : pairing.ids()) {
            Optional<QuantParams> grid = pairing.simulation().grid(id);
            Values f = kept.floats().get(id);
            float[] range = ranges.get(id);
            if (grid.isPresent() && f != null && range != null && pairing.exact()) {
                grids++;
                GridFit.of(f.values(), Optional.empty(), grid.get(), range[0], range[1])
                        // A grid that several values share fits the widest of them; that of a bounded function its
                        // bounds.
                        .filter(m -> !m.wide()
                                || (samples >= ENOUGH_FOR_WIDE
                                        && shared.getOrDefault(grid.get(), 0) < 2
                                        && !isBounded(id)
                                        && GridFit.width(grid.get(), range[0], range[1]) > wideFrom(usual)))
                        .ifPresent(m -> activations.put(id, m));
            }
        }
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
    private double usualWidth(Map<TensorId, float[]> ranges) {
        double[] widths = pairing.ids().stream()
                .filter(id -> pairing.simulation().grid(id).isPresent() && ranges.containsKey(id))
                .mapToDouble(id -> GridFit.width(
                        pairing.simulation().grid(id).orElseThrow(),
                        Objects.requireNonNull(ranges.get(id))[0],
                        Objects.requireNonNull(ranges.get(id))[1]))
                .sorted()
                .toArray();
        return widths.length == 0 ? 1 : widths[(widths.length - 1) / 2];
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
