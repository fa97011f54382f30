package org.quantscope.core.layerwise;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * A model whose weights have the codes that roundings chose for them. It can be evaluated as it is, with
 * {@link #request} on the float model, or as a {@link #model} of its own, in which the weights have the values of the
 * codes and rounding to nearest gives the same codes again, so that whatever writes a model needs to know nothing of
 * roundings. Immutable; thread safe.
 */
public final class SolvedModel {
    private final Model base;
    private final ResolvedSettings resolved;
    private final ResolvedSettings settings;
    private final Map<TensorId, SolvedWeight> solved;
    private final Set<TensorId> open;
    private final Map<TensorId, ChosenValues> values;
    private @Nullable Model model;

    private SolvedModel(
            Model base,
            ResolvedSettings resolved,
            Map<TensorId, SolvedWeight> solved,
            Set<TensorId> open,
            Map<TensorId, SolvedWeight> meanwhile) {
        this.base = base;
        this.resolved = resolved;
        this.solved = Collections.unmodifiableMap(new TreeMap<>(solved));
        this.open = Collections.unmodifiableSet(new TreeSet<>(open));
        Map<TensorId, ChosenValues> chosen = new LinkedHashMap<>();
        ResolvedSettings all = resolved;
        Map<TensorId, SolvedWeight> used = new TreeMap<>(meanwhile);
        used.putAll(this.solved);
        for (Map.Entry<TensorId, SolvedWeight> entry : used.entrySet()) {
            if (entry.getValue() instanceof SolvedWeight.Solution solution) {
                TensorId id = entry.getKey();
                all = all.with(id, solution.params());
                if (!all.find(id).orElseThrow().params().equals(solution.params())) {
                    throw refused(id, "its scales are smaller than this model allows");
                }
                chosen.put(id, new ChosenValues(solution.madeFrom(), TensorData.of(values(base, id, solution))));
                solution.bias().ifPresent(bias -> {
                    long count = base.find(bias.id()).map(t -> t.data().count()).orElse(0L);
                    if (count != bias.values().length) {
                        throw refused(
                                bias.id(), bias.values().length + " values for a bias of the model that has " + count);
                    }
                    chosen.put(
                            bias.id(), new ChosenValues(solution.madeFrom() + " bias", TensorData.of(bias.values())));
                });
            }
        }
        this.settings = all;
        this.values = Collections.unmodifiableMap(chosen);
    }

    /**
     * The model with those of the known results in it that still hold.
     *
     * @param model folded, corrected and with added quantizers as the state says
     * @param resolved the settings with every weight at its nearest level
     * @param known results by the name of their weight
     * @throws BadInputException if a result says that it was made from these settings and does not fit the model
     */
    public static SolvedModel of(
            Model model, SessionState state, ResolvedSettings resolved, Map<TensorId, SolvedWeight> known) {
        return of(
                model,
                state,
                resolved,
                (id, key) -> Optional.ofNullable(known.get(id))
                        .filter(result -> result.madeFrom().equals(key)));
    }

    /**
     * The same with another way to find results.
     *
     * @param known gives the result for a weight and the hash of what it is to be made from
     */
    public static SolvedModel of(
            Model model,
            SessionState state,
            ResolvedSettings resolved,
            BiFunction<TensorId, String, Optional<SolvedWeight>> known) {
        Set<TensorId> open = asking(resolved);
        if (open.isEmpty()) {
            return new SolvedModel(model, resolved, Map.of(), Set.of(), Map.of());
        }
        Map<TensorId, SolvedWeight> holding = new TreeMap<>(obstacles(model, open));
        MadeFrom.of(model, state, resolved).forEach((id, key) -> {
            if (open.contains(id) && !holding.containsKey(id)) {
                known.apply(id, key).ifPresent(result -> holding.put(id, result));
            }
        });
        open.removeAll(holding.keySet());
        return new SolvedModel(model, resolved, holding, open, Map.of());
    }

    static SolvedModel complete(Model model, ResolvedSettings resolved, Map<TensorId, SolvedWeight> results) {
        return new SolvedModel(model, resolved, results, Set.of(), Map.of());
    }

    /**
     * The same model, in which open weights have codes that were made from other settings of other weights, until
     * there are better ones. They stay open.
     *
     * @param earlier results of the same weights; one with another grid than the weight has now is left out
     */
    public SolvedModel meanwhile(Map<TensorId, SolvedWeight> earlier) {
        Map<TensorId, SolvedWeight> fitting = new TreeMap<>();
        for (TensorId id : open) {
            QuantParams now = resolved.find(id).orElseThrow().params();
            if (earlier.get(id) instanceof SolvedWeight.Solution solution
                    && solution.params().granularity().equals(now.granularity())
                    && solution.params().qmin() == now.qmin()
                    && solution.params().qmax() == now.qmax()
                    && solution.params().codebooks().equals(now.codebooks())
                    && resolved.with(id, solution.params())
                            .find(id)
                            .orElseThrow()
                            .params()
                            .equals(solution.params())) {
                fitting.put(id, solution);
            }
        }
        return fitting.isEmpty() ? this : new SolvedModel(base, resolved, solved, open, fitting);
    }

    /** The weights whose rounding looks at more than the weight itself. */
    static Set<TensorId> asking(ResolvedSettings resolved) {
        Set<TensorId> ids = new TreeSet<>();
        resolved.tensors().stream()
                .filter(tensor -> !tensor.isActivation() && !tensor.spec().isNearest())
                .map(ResolvedTensor::id)
                .forEach(ids::add);
        return ids;
    }

    /** Those of some weights that no rounding can look at further, with the reason. */
    static Map<TensorId, SolvedWeight.Nearest> obstacles(Model model, Set<TensorId> asking) {
        Map<TensorId, WeightedLayer> byWeight = new LinkedHashMap<>();
        if (model.graph().isPresent()) {
            WeightedLayer.of(model).forEach(layer -> byWeight.put(layer.id(), layer));
        }
        Map<TensorId, SolvedWeight.Nearest> found = new TreeMap<>();
        for (TensorId id : asking) {
            WeightedLayer layer = byWeight.get(id);
            Optional<String> obstacle = layer == null
                    ? Optional.of("no layer multiplies its input by it as a matrix")
                    : layer.fixedWeight(model).or(() -> LayerInputs.obstacle(layer));
            obstacle.ifPresent(why -> found.put(id, new SolvedWeight.Nearest("", why)));
        }
        return found;
    }

    static float[] values(Model model, TensorId id, SolvedWeight.Solution solution) {
        Tensor weight = model.find(id).orElseThrow(() -> refused(id, "the model stores no such weight"));
        try {
            return solution.codes().values(weight.info(), solution.params());
        } catch (IllegalArgumentException e) {
            throw refused(id, String.valueOf(e.getMessage()));
        }
    }

    private static BadInputException refused(TensorId id, String why) {
        return new BadInputException("", "codes." + id, why);
    }

    /** The settings with the parameters that belong to the codes. */
    public ResolvedSettings settings() {
        return settings;
    }

    /** The results in use, each made from exactly these settings. */
    public Map<TensorId, SolvedWeight> solved() {
        return solved;
    }

    /**
     * The weights whose rounding needs calibration data and has no result, or one made from other settings; they have
     * their nearest levels, or the codes they have {@link #meanwhile}.
     */
    public Set<TensorId> open() {
        return open;
    }

    /** The values of weights with codes, and of the biases that moved with them. */
    public Map<TensorId, ChosenValues> values() {
        return values;
    }

    /** An evaluation of the float model with these codes. */
    public EvalRequest request(Optional<TensorId> selected) {
        return new EvalRequest(selected, settings.weights(), settings.activations(), values);
    }

    /** The model with the values of the codes in it; the float model itself if there are none. */
    public synchronized Model model() {
        Model made = model;
        if (made == null) {
            if (values.isEmpty()) {
                made = base;
            } else {
                ModelRewrite rewrite = new ModelRewrite(base);
                values.forEach((id, chosen) -> rewrite.values(id, chosen.data().toFloats()));
                made = rewrite.model();
            }
            model = made;
        }
        return made;
    }

    /** The weights that keep their nearest levels although their rounding would choose others, with the reason. */
    public Map<TensorId, String> kept() {
        Map<TensorId, String> kept = new TreeMap<>();
        solved.forEach((id, result) -> {
            if (result instanceof SolvedWeight.Nearest(var _, String why)) {
                kept.put(id, why);
            }
        });
        return kept;
    }
}
