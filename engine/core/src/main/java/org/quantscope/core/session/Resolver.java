package org.quantscope.core.session;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.TensorId;

/**
 * The one way from choices to numbers, for every front end. From a model, the choices of a person and a calibration it
 * computes for each tensor the requested range and the parameters, and says which setting decided them.
 *
 * <p>Answers are cached by their {@link Request}, which holds everything that determines them. So one resolver can
 * serve all callers and all forms of a model, folded and corrected ones too, and a setting that was seen before is
 * answered at once. When the cached slices exceed the budget, the least recently used answers are dropped. Thread safe;
 * if two threads ask for the same missing answer at once, both compute it.
 */
public final class Resolver {
    /** Default budget in slices; one takes about 32 bytes. */
    public static final long DEFAULT_BUDGET = 1 << 20;

    private final long budget;
    private final LinkedHashMap<Request, Resolution> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long slices;

    public Resolver() {
        this(DEFAULT_BUDGET);
    }

    /** @param budget slices to keep, in all answers together; the newest answer is kept whatever its size */
    public Resolver(long budget) {
        this.budget = budget;
    }

    /**
     * Resolves every quantized tensor of {@code model}, on all cores.
     *
     * @param model folded, corrected and with added quantizers as the state says
     * @throws BadInputException if the state names a tensor that the model does not have, a spec does not fit its
     *     tensor, an activation has no range, or a weight lacks the importance that its calibrator needs
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public ResolvedSettings resolve(
            Model model, SessionState state, Calibration calibration, Progress progress, CancelToken cancel) {
        checkNames(model, state);
        return resolve(model, QuantizedTensor.of(model, state, calibration), progress, cancel);
    }

    /**
     * Resolves some of the tensors of {@code model}, and the activations tied to them.
     *
     * @throws BadInputException as for all tensors
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public ResolvedSettings resolve(Model model, List<QuantizedTensor> tensors, Progress progress, CancelToken cancel) {
        // In order, so that of several activations without a range the first is named.
        tensors.forEach(Resolver::refuseObstacle);
        AtomicInteger done = new AtomicInteger();
        Map<TensorId, ResolvedTensor> resolved = new ConcurrentHashMap<>();
        tensors.parallelStream().forEach(tensor -> {
            cancel.check();
            resolved.put(tensor.info().id(), resolved(tensor, cancel));
            progress.report(
                    done.incrementAndGet(), tensors.size(), tensor.info().id().name());
        });
        return ResolvedSettings.of(model, resolved.values());
    }

    private static void refuseObstacle(QuantizedTensor tensor) {
        if (tensor.request() instanceof Request.OfActivation activation) {
            activation.obstacle().ifPresent(why -> {
                throw new BadInputException("", "activation_ranges", why);
            });
        }
    }

    private ResolvedTensor resolved(QuantizedTensor tensor, CancelToken cancel) {
        TensorId id = tensor.info().id();
        try {
            return tensor.resolved(resolve(tensor.request(), cancel));
        } catch (IllegalArgumentException e) {
            throw refused(id, e);
        }
    }

    /** The answer to a request, if it is cached; computes nothing. */
    public Optional<Resolution> known(Request request) {
        synchronized (kept) {
            return Optional.ofNullable(kept.get(request));
        }
    }

    /**
     * The answer to a request. A stored tensor is read unless the answer is known; an activation is not.
     *
     * @throws IllegalArgumentException if the spec does not fit the tensor, or there is an {@link Request#obstacle}
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Resolution resolve(Request request, CancelToken cancel) {
        Optional<Resolution> known = known(request);
        if (known.isPresent()) {
            return known.get();
        }
        Resolution made = switch (request) {
            case Request.OfStored(var tensor, var spec, var importances) ->
                RangeResolver.resolve(tensor, spec, importances, cancel);
            case Request.OfActivation activation -> compute(activation, cancel);
        };
        keep(request, made);
        return made;
    }

    private void keep(Request request, Resolution made) {
        synchronized (kept) {
            Resolution before = kept.put(request, made);
            slices += weight(made) - (before == null ? 0 : weight(before));
            var eldest = kept.entrySet().iterator();
            while (slices > budget && kept.size() > 1) {
                Map.Entry<Request, Resolution> entry = eldest.next();
                slices -= weight(entry.getValue());
                eldest.remove();
            }
        }
    }

    /** The size of an answer in slices; a codebook of eight levels takes about as much memory as a slice. */
    private static long weight(Resolution r) {
        return r.params().slices()
                + r.params().codebooks().stream().mapToLong(CodebookGrid::size).sum() / 8;
    }

    private static Resolution compute(Request.OfActivation request, CancelToken cancel) {
        request.obstacle().ifPresent(why -> {
            throw new IllegalArgumentException(why);
        });
        QuantSpec spec = request.spec();
        checkPerTensor(spec);
        if (spec.clip() instanceof Clip.Dynamic(boolean eachSample)) {
            return found(request, eachSample, cancel);
        }
        Optional<ClipRange> range =
                spec.clip() instanceof Clip.Manual(ClipRange byHand) ? Optional.of(byHand) : request.range();
        if (request.levels().isPresent() && range.isPresent()) {
            return new Resolution(List.of(range.get()), request.levels().get().params());
        }
        QuantSpec asked = range.isPresent() ? spec.withClip(new Clip.Manual(range.get())) : spec;
        if (range.isPresent() && request.sketch().isEmpty()) {
            // Without values the scheme spreads its levels evenly.
            List<ClipRange> ranges = List.of(range.get());
            return new Resolution(ranges, asked.checkedQuantizer().resolve(asked, Granularity.TENSOR, ranges));
        }
        return RangeResolver.resolve(request.sketch().orElseGet(MomentSketch::new), asked, cancel);
    }

    /** The range of the calibration data as the reference of one that is found while the network runs. */
    private static Resolution found(Request.OfActivation request, boolean eachSample, CancelToken cancel) {
        QuantSpec spec = request.spec();
        if (!spec.checkedQuantizer().traits().isAffine()) {
            throw new IllegalArgumentException("clip: a range that is found while the network runs needs the scheme"
                    + " uniform, got " + spec.scheme());
        }
        MomentSketch sketch = request.sketch().orElseGet(MomentSketch::new);
        QuantSpec fixed = spec.withClip(request.range()
                .<Clip>map(r -> new Clip.Manual(spec.symmetric() ? ClipRange.symmetric(r.absMax()) : r))
                .orElse(Request.REFERENCE));
        Resolution reference = RangeResolver.resolve(sketch, fixed, cancel);
        return new Resolution(
                reference.requested(),
                reference.params().withRunRange(new RunRange.Dynamic(eachSample, spec.symmetric())));
    }

    private static void checkPerTensor(QuantSpec spec) {
        if (!spec.isNearest()) {
            throw new IllegalArgumentException("rounding " + spec.rounding() + ": activations are rounded to nearest");
        }
        String what = !(spec.granularity() instanceof Granularity.PerTensor)
                ? "granularity " + spec.granularity()
                : switch (spec.clip()) {
                    case Clip.Fixed(QuantParams params) when params.slices() != 1 -> params.slices() + " scales";
                    case Clip.ManualPerChannel perChannel -> perChannel.ranges().size() + " ranges for channels";
                    case Clip.ManualPerBlock perBlock -> perBlock.ranges().size() + " ranges for blocks";
                    case Clip.Auto _, Clip.Manual _, Clip.Fixed _, Clip.Dynamic _ -> "";
                };
        if (!what.isEmpty()) {
            throw new IllegalArgumentException(what + ": activations are quantized per tensor");
        }
    }

    /**
     * What a session file keeps of a calibration. For every activation about which anything is known it has the range
     * that its calibrator chooses, even if the activation stays in float or its clip is set by hand, so that it can be
     * quantized later without another run. Levels are fitted to the range in use, even if it is set by hand. An
     * activation whose spec does not fit it is left out.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public ActivationRanges ranges(SessionState state, Calibration calibration, CancelToken cancel) {
        return ranges(state, calibration, request -> {
                    cancel.check();
                    return Optional.of(resolve(request, cancel));
                })
                .orElseThrow();
    }

    /** The same, if it needs no computing; else empty. */
    public Optional<ActivationRanges> knownRanges(SessionState state, Calibration calibration) {
        return ranges(state, calibration, this::known);
    }

    /** @param answer gives the answer to a request; if it is empty for any, there is no result */
    private static Optional<ActivationRanges> ranges(
            SessionState state, Calibration calibration, Function<Request, Optional<Resolution>> answer) {
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        Map<TensorId, FittedLevels> levels = new TreeMap<>();
        for (TensorId id : calibration.activations()) {
            QuantSpec choosing = Calibration.choosing(state, id);
            QuantSpec own = state.activationSpec(id).orElse(choosing);
            Request.OfActivation chooses = Request.of(id, choosing, calibration);
            Request.OfActivation uses = Request.of(id, own, calibration);
            try {
                if (chooses.obstacle().isEmpty()) {
                    Optional<Resolution> chosen = answer.apply(chooses);
                    if (chosen.isEmpty()) {
                        return Optional.empty();
                    }
                    ranges.put(id, chosen.get().requested().getFirst());
                }
                if (FittedLevels.neededBy(own)
                        && !uses.lacksLevels()
                        && uses.obstacle().isEmpty()) {
                    Optional<Resolution> used = answer.apply(uses);
                    if (used.isEmpty()) {
                        return Optional.empty();
                    }
                    FittedLevels.of(own, used.get()).ifPresent(fitted -> levels.put(id, fitted));
                }
            } catch (IllegalArgumentException e) {
                // Resolving this activation will report the problem; here it just has no range.
            }
        }
        return Optional.of(new ActivationRanges(ranges, levels, calibration.maskShares()));
    }

    /** The number of cached answers. */
    public int size() {
        synchronized (kept) {
            return kept.size();
        }
    }

    private static BadInputException refused(TensorId id, IllegalArgumentException e) {
        BadInputException bad = new BadInputException("", id.name(), String.valueOf(e.getMessage()));
        bad.initCause(e);
        return bad;
    }

    private static void checkNames(Model model, SessionState state) {
        Set<String> known = new TreeSet<>();
        Set<String> values = new TreeSet<>();
        model.graph().ifPresent(graph -> graph.values().forEach(a -> values.add(a.id().name())));
        model.tensors().forEach(t -> known.add(t.id().name()));
        known.addAll(values);
        checkNames("added_quantizers", state.addedQuantizers(), "floating activation", values, model);
        checkNames("overrides", state.overrides().keySet(), "tensor", known, model);
        checkNames("keep_float", state.keptFloat(), "tensor", known, model);
    }

    private static void checkNames(
            String field, Collection<TensorId> ids, String what, Set<String> known, Model model) {
        for (TensorId id : ids) {
            if (!known.contains(id.name())) {
                String near = String.join(", ", NearNames.of(id.name(), known, 3));
                throw new BadInputException(
                        "",
                        field,
                        id + " is no " + what + " of " + model.file().getFileName()
                                + (near.isEmpty() ? "" : "; near names: " + near));
            }
        }
    }
}
