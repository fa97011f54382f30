package org.quantscope.core.layerwise;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model in which the weights have the values of the codes that a rounding chose for them, and the biases that moved
 * with them theirs. Rounding these weights to nearest with {@code settings} gives the same codes again, so whatever
 * evaluates or writes a model needs to know nothing more of the rounding.
 *
 * @param model with the solved weights in it; the given one if there are none
 * @param settings with the parameters that belong to the codes
 * @param solved the results in use, each made from exactly these settings
 * @param open the weights whose rounding needs calibration data and has no result, or one made from other settings; they have their nearest
 *     levels
 */
public record SolvedModel(
        Model model, ResolvedSettings settings, Map<TensorId, SolvedWeight> solved, Set<TensorId> open) {
    public SolvedModel {
        solved = Collections.unmodifiableMap(new TreeMap<>(solved));
        open = Collections.unmodifiableSet(new TreeSet<>(open));
    }

    /**
     * The model with those of the known results in it that still hold.
     *
     * @param model folded, corrected and with added quantizers as the state says
     * @param resolved the settings with every weight at its nearest level
     * @throws BadInputException if a result says that it was made from these settings and does not fit the model
     */
    public static SolvedModel of(
            Model model, SessionState state, ResolvedSettings resolved, Map<TensorId, SolvedWeight> known) {
        Set<TensorId> open = asking(resolved);
        if (open.isEmpty()) {
            return new SolvedModel(model, resolved, Map.of(), Set.of());
        }
        Map<TensorId, SolvedWeight> holding = new TreeMap<>();
        MadeFrom.of(model, state, resolved)
                .forEach((id, key) -> Optional.ofNullable(known.get(id))
                        .filter(result -> result.madeFrom().equals(key) && open.contains(id))
                        .ifPresent(result -> holding.put(id, result)));
        open.removeAll(holding.keySet());
        return applied(model, resolved, holding, open);
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

    static SolvedModel applied(
            Model model, ResolvedSettings resolved, Map<TensorId, SolvedWeight> holding, Set<TensorId> open) {
        ModelRewrite rewrite = null;
        ResolvedSettings settings = resolved;
        Map<TensorId, float[]> biases = new LinkedHashMap<>();
        for (Map.Entry<TensorId, SolvedWeight> entry : holding.entrySet()) {
            if (entry.getValue() instanceof SolvedWeight.Solution solution) {
                rewrite = rewrite == null ? new ModelRewrite(model) : rewrite;
                settings = settings.with(entry.getKey(), solution.params());
                QuantParams params = settings.find(entry.getKey()).orElseThrow().params();
                if (!params.equals(solution.params())) {
                    throw refused(entry.getKey(), "its scales are smaller than this model allows");
                }
                rewrite.values(entry.getKey(), values(model, entry.getKey(), solution));
                solution.bias().ifPresent(bias -> biases.put(bias.id(), bias.values()));
            }
        }
        for (Map.Entry<TensorId, float[]> bias : biases.entrySet()) {
            long count = model.find(bias.getKey()).map(t -> t.data().count()).orElse(0L);
            if (count != bias.getValue().length) {
                throw refused(
                        bias.getKey(), bias.getValue().length + " values for a bias of the model that has " + count);
            }
            java.util.Objects.requireNonNull(rewrite).values(bias.getKey(), bias.getValue());
        }
        return new SolvedModel(rewrite == null ? model : rewrite.model(), settings, holding, open);
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
