package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * A session's choices turned into explicit parameters for one model.
 *
 * @param weights each quantized weight; also another stored floating tensor that has an override of its own
 * @param activations each quantized activation; one that is tied to another and rounded again has that one's parameters
 */
public record ResolvedSettings(Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
    public ResolvedSettings {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
    }

    /**
     * Resolves every quantized tensor of {@code model} (folded and with quantizers placed as the state says).
     *
     * @throws BadInputException if an override names no tensor of the model, a spec does not fit its tensor, or an activation has no range
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static ResolvedSettings resolve(Model model, SessionState state, Progress progress, CancelToken cancel) {
        return resolve(model, state, Importances.NONE, progress, cancel);
    }

    /** The same with importances for calibrators that need them. */
    public static ResolvedSettings resolve(
            Model model, SessionState state, Importances importances, Progress progress, CancelToken cancel) {
        return resolve(model, state, importances, new ResolutionCache(), progress, cancel);
    }

    /**
     * As {@link #resolve(Model, SessionState, Importances, Progress, CancelToken)}, with a cache of this very model, so that only specs
     * that have not been seen before are computed. Tensors are resolved on all cores.
     */
    public static ResolvedSettings resolve(
            Model model,
            SessionState state,
            Importances importances,
            ResolutionCache cache,
            Progress progress,
            CancelToken cancel) {
        List<TensorInfo> activations = model.graph().map(OnnxGraph::activations).orElse(List.of());
        checkNames(model, state);

        List<Tensor> quantized = new ArrayList<>();
        for (Tensor tensor : model.tensors()) {
            if (specOf(tensor.info(), state).isPresent()) {
                quantized.add(tensor);
            }
        }
        AtomicInteger done = new AtomicInteger();
        Map<TensorId, QuantParams> weights = new ConcurrentHashMap<>();
        quantized.parallelStream().forEach(tensor -> {
            cancel.check();
            weights.put(tensor.id(), resolveWeight(tensor, state, importances, cache, cancel));
            progress.report(
                    done.incrementAndGet(), quantized.size(), tensor.id().name());
        });
        Map<TensorId, QuantParams> ranges = new HashMap<>();
        for (TensorInfo activation : activations) {
            state.activationSpec(activation.id())
                    .ifPresent(spec -> ranges.put(activation.id(), resolveActivation(activation.id(), spec, state)));
        }
        model.graph().ifPresent(graph -> ranges.putAll(graph.placement().tied(ranges)));
        return new ResolvedSettings(weights, ranges);
    }

    /**
     * The spec that a stored tensor is quantized with, empty if it stays float: weights by the session's default or their own
     * override, other floating tensors only by an override of their own.
     */
    public static Optional<QuantSpec> specOf(TensorInfo tensor, SessionState state) {
        if (!tensor.dtype().isFloating()) {
            return Optional.empty();
        }
        return tensor.kind() == TensorKind.WEIGHT || state.overrides().containsKey(tensor.id())
                ? state.weightSpec(tensor.id())
                : Optional.empty();
    }

    /**
     * The parameters of one activation by its spec and the observed ranges; no data is looked at. A scheme that fits its levels has those that the
     * state keeps for this very request, else evenly spread ones.
     *
     * @throws BadInputException if the spec is not per tensor or needs a range that the state does not have
     */
    public static QuantParams resolveActivation(TensorId id, QuantSpec spec, SessionState state) {
        if (!(spec.granularity() instanceof Granularity.PerTensor)) {
            throw new BadInputException(
                    "", id.name(), "granularity " + spec.granularity() + ": activations are quantized per tensor");
        }
        return switch (spec.clip()) {
            case Clip.Fixed fixed -> {
                if (fixed.params().slices() != 1) {
                    throw new BadInputException(
                            "", id.name(), fixed.params().slices() + " scales: activations are quantized per tensor");
                }
                yield fixed.params();
            }
            case Clip.Manual manual -> fromRange(id, spec, manual.range(), state);
            case Clip.Auto auto -> {
                ClipRange observed = state.activationRanges().get(id);
                if (observed == null) {
                    throw new BadInputException(
                            "", "activation_ranges", "no range for activation " + id + ": calibrate with data first");
                }
                yield fromRange(id, spec, observed, state);
            }
            case Clip.ManualPerChannel perChannel ->
                throw new BadInputException(
                        "",
                        id.name(),
                        perChannel.ranges().size() + " ranges for channels: activations are quantized per tensor");
            case Clip.ManualPerBlock perBlock ->
                throw new BadInputException(
                        "",
                        id.name(),
                        perBlock.ranges().size() + " ranges for blocks: activations are quantized per tensor");
        };
    }

    private static QuantParams fromRange(TensorId id, QuantSpec spec, ClipRange range, SessionState state) {
        try {
            Quantizer quantizer = Quantizers.byId(spec.scheme());
            quantizer.check(spec);
            FittedLevels fitted = state.activationLevels().get(id);
            return fitted != null && fitted.answer(spec, range)
                    ? fitted.params()
                    : quantizer.resolve(spec, Granularity.TENSOR, List.of(range));
        } catch (IllegalArgumentException e) {
            throw refused(id, e);
        }
    }

    private static QuantParams resolveWeight(
            Tensor tensor, SessionState state, Importances importances, ResolutionCache cache, CancelToken cancel) {
        QuantSpec spec = specOf(tensor.info(), state).orElseThrow();
        try {
            return cache.resolve(tensor, spec, importances, cancel).params();
        } catch (IllegalArgumentException e) {
            throw refused(tensor.id(), e);
        }
    }

    static BadInputException refused(TensorId id, IllegalArgumentException e) {
        BadInputException bad = new BadInputException("", id.name(), String.valueOf(e.getMessage()));
        bad.initCause(e);
        return bad;
    }

    private static void checkNames(Model model, SessionState state) {
        Set<String> known = new TreeSet<>();
        Set<String> values = new TreeSet<>();
        model.graph().ifPresent(graph -> graph.values().forEach(a -> values.add(a.id().name())));
        for (TensorId id : state.addedQuantizers()) {
            checkName("added_quantizers", id, values, model);
        }
        model.tensors().forEach(t -> known.add(t.id().name()));
        known.addAll(values);
        for (TensorId id : state.overrides().keySet()) {
            checkName("overrides", id, known, model);
        }
        for (TensorId id : state.keptFloat()) {
            checkName("keep_float", id, known, model);
        }
    }

    private static void checkName(String field, TensorId id, Set<String> known, Model model) {
        if (!known.contains(id.name())) {
            String near = String.join(", ", NearNames.of(id.name(), known, 3));
            throw new BadInputException(
                    "",
                    field,
                    id + " is no " + (field.equals("added_quantizers") ? "floating activation" : "tensor") + " of "
                            + model.file().getFileName() + (near.isEmpty() ? "" : "; near names: " + near));
        }
    }
}
