package org.quantscope.core.improve;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.quantscope.core.budget.MixedPrecision;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** What each step would make of the settings so far, chosen on one half of the calibration data. */
final class Candidates {
    static final String ROUNDING = "least-output-error";

    /** Calibrators that are tried: each is the best of its kind, and none assumes a distribution. */
    private static final List<String> OF_WEIGHTS = List.of("minmax", "mse", "output-mse");

    private static final List<String> OF_ACTIVATIONS = List.of("minmax", "percentile", "mse", "entropy");

    private final Improvement improvement;

    Candidates(Improvement improvement) {
        this.improvement = improvement;
    }

    Candidate of(Step.Kind kind, Fitted now, double budget) {
        return switch (kind) {
            case START, NARROWER -> throw new IllegalArgumentException("kind: " + kind + " is not tried");
            case EQUALIZATION -> equalization(now);
            case RANGES -> ranges(now);
            case ROUNDING -> rounding(now);
            case BITS -> bits(now, budget);
        };
    }

    private Candidate equalization(Fitted now) {
        SessionState state = now.state();
        if (!state.foldBatchNorm()) {
            return new Candidate.Nothing("batch normalization is not folded, and equalization needs that");
        }
        if (state.corrections().stream().anyMatch(c -> c.id().equals(EqualizationOffer.CORRECTION))) {
            return new Candidate.Nothing("the model is equalized already");
        }
        AppliedCorrection applied =
                new AppliedCorrection(EqualizationOffer.CORRECTION, Map.of(), Optional.empty(), Optional.empty());
        Correction.Output output;
        Edit edit;
        try {
            Correction correction = Corrections.byId(EqualizationOffer.CORRECTION);
            Optional<String> unavailable = correction.unavailable();
            if (unavailable.isPresent()) {
                return new Candidate.Nothing(unavailable.get());
            }
            edit = new Edit.ApplyCorrection(applied, correction.title());
            output = correction.apply(
                    new Correction.Input(now.model(), Map.of(), Optional.empty(), Optional.empty()),
                    improvement.stage(Step.Kind.EQUALIZATION),
                    improvement.cancel());
        } catch (IllegalArgumentException | CorrectionUnavailableException e) {
            return new Candidate.Nothing(String.valueOf(e.getMessage()));
        }
        if (output.changed().isEmpty()) {
            return new Candidate.Nothing("no layer passes its channels on to another that could take their factors"
                    + (output.kept().isEmpty() ? "" : "; " + output.kept().getFirst()));
        }
        Model made = output.model();
        Model placed = state.addedQuantizers().isEmpty()
                ? made
                : made.withGraph(made.graph().orElseThrow().withQuantizersAt(state.addedQuantizers()));
        int n = output.changed().size();
        return new Candidate.Change(
                n + (n == 1 ? " tensor changed" : " tensors changed"),
                edit,
                improvement.fit(Step.Kind.EQUALIZATION, placed, edit.apply(state)));
    }

    /** Each quantized tensor whose range a calibrator chooses, weights first. */
    private Candidate ranges(Fitted now) {
        List<Edit> edits = new ArrayList<>();
        List<String> said = new ArrayList<>();
        Fitted best = ranges(now, true, OF_WEIGHTS, edits, said);
        best = ranges(best, false, OF_ACTIVATIONS, edits, said);
        return edits.isEmpty()
                ? new Candidate.Nothing("no other calibrator loses less")
                : new Candidate.Change(
                        String.join(", ", said), new Edit.All("ranges: " + String.join(", ", said), edits), best);
    }

    private Fitted ranges(Fitted from, boolean weights, List<String> ids, List<Edit> edits, List<String> said) {
        Fitted best = from;
        double least = improvement.choosingLoss(from);
        Optional<Edit> chosen = Optional.empty();
        String title = "";
        for (String id : ids) {
            improvement.cancel().check();
            Edit edit = changed(
                    from,
                    "ranges",
                    weights,
                    spec -> spec.clip() instanceof Clip.Auto ? spec.withClip(new Clip.Auto(id)) : spec);
            SessionState next = edit.apply(from.state());
            if (next.equals(from.state())) {
                continue;
            }
            try {
                Fitted fitted = improvement.fit(Step.Kind.RANGES, from.model(), next);
                double loss = improvement.choosingLoss(fitted);
                if (loss < least) {
                    least = loss;
                    best = fitted;
                    chosen = Optional.of(edit);
                    title = (weights ? "weights " : "activations ")
                            + inText(Calibrators.byId(id).title());
                }
            } catch (BadInputException e) {
                // A calibrator that a tensor here does not allow, such as one that needs a layer that it has not.
            }
        }
        if (chosen.isPresent()) {
            edits.add(chosen.get());
            said.add(title);
        }
        return best;
    }

    private Candidate rounding(Fitted now) {
        Edit edit = changed(
                now,
                "rounding: " + inText(Roundings.byId(ROUNDING).title()),
                true,
                spec -> spec.isNearest() && !(spec.clip() instanceof Clip.Fixed) ? spec.withRounding(ROUNDING) : spec);
        SessionState next = edit.apply(now.state());
        if (next.equals(now.state())) {
            return new Candidate.Nothing("no weight takes its nearest levels by choice");
        }
        Fitted fitted = improvement.fit(Step.Kind.ROUNDING, now.model(), next);
        if (fitted.solved().values().isEmpty()) {
            return new Candidate.Nothing(fitted.solved().kept().values().stream()
                    .findFirst()
                    .orElse("no weight has codes that could be chosen"));
        }
        return new Candidate.Change(inText(Roundings.byId(ROUNDING).title()), edit, fitted);
    }

    private Candidate bits(Fitted now, double budget) {
        SessionState state = now.state();
        SessionState next;
        MixedPrecision.Question question = new MixedPrecision.Question(
                now.model(),
                state,
                now.calibration(),
                Bits.pinned(state),
                Bits.WIDTHS,
                MixedPrecision.Unit.AVERAGE_BITS);
        LiveEvaluator evaluator = new LiveEvaluator(now.model(), improvement.chosenOn(), MixedPrecision.SEED);
        try (evaluator;
                MixedPrecision search = new MixedPrecision(
                        question,
                        improvement.chosenOn(),
                        evaluator,
                        improvement.half().resolver())) {
            next = search.state(search.best(budget, improvement.stage(Step.Kind.BITS), improvement.cancel()));
        } catch (IllegalArgumentException e) {
            return new Candidate.Nothing(String.valueOf(e.getMessage()));
        }
        Map<TensorId, QuantSpec> own = new TreeMap<>(next.overrides());
        own.keySet().removeAll(Bits.pinned(state));
        boolean same = own.values().stream()
                .allMatch(spec ->
                        state.weights().map(all -> all.bits() == spec.bits()).orElse(false));
        if (same) {
            return new Candidate.Nothing("the same bits for all weights lose least");
        }
        int least = own.values().stream().mapToInt(QuantSpec::bits).min().orElse(0);
        int most = own.values().stream().mapToInt(QuantSpec::bits).max().orElse(0);
        String what = (least == most ? least + " bits" : least + " to " + most + " bits")
                + String.format(Locale.ROOT, ", %.3g on average", new Bits(now.model(), next).average());
        return new Candidate.Change(
                what, new Edit.AdoptAll("bits: " + what, own), improvement.fit(Step.Kind.BITS, now.model(), next));
    }

    /** Changes the spec of every quantized weight, or of every quantized activation, where that gives one that is allowed. */
    private static Edit changed(Fitted now, String title, boolean weights, UnaryOperator<QuantSpec> change) {
        SessionState state = now.state();
        Map<TensorId, QuantSpec> own = new TreeMap<>();
        for (QuantizedTensor tensor : QuantizedTensor.of(now.model(), state, now.calibration())) {
            TensorId id = tensor.info().id();
            boolean fits = tensor.info().kind() == (weights ? TensorKind.WEIGHT : TensorKind.ACTIVATION);
            QuantSpec spec = state.overrides().get(id);
            if (fits && spec != null) {
                own.put(id, allowed(spec, change));
            }
        }
        Edit overrides = new Edit.AdoptAll(title, own);
        Optional<QuantSpec> all = weights ? state.weights() : state.activations();
        return new Edit.All(
                title,
                all.isEmpty()
                        ? List.of(overrides)
                        : List.of(
                                weights
                                        ? new Edit.SetWeights(Optional.of(allowed(all.get(), change)))
                                        : new Edit.SetActivations(Optional.of(allowed(all.get(), change))),
                                overrides));
    }

    /** A title within a sentence. */
    private static String inText(String title) {
        return title.substring(0, 1).toLowerCase(Locale.ROOT) + title.substring(1);
    }

    private static QuantSpec allowed(QuantSpec spec, UnaryOperator<QuantSpec> change) {
        QuantSpec next = change.apply(spec);
        try {
            next.check();
            return next;
        } catch (IllegalArgumentException e) {
            return spec;
        }
    }
}
