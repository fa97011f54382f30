package org.quantscope.core.versus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.versus.TensorDifference.Figures;

/**
 * Two settings of one model beside each other.
 *
 * @param nameA of the first
 * @param nameB of the second
 * @param tensors every tensor that either quantizes: activations in graph order, then weights in that of the file
 * @param sizeA of the model under A
 * @param sizeB of the model under B
 * @param notes what a person should know before trusting a figure, in sentences
 * @param scores both on the same samples; empty without data
 */
public record SettingsComparison(
        String nameA,
        String nameB,
        List<TensorDifference> tensors,
        ModelSize sizeA,
        ModelSize sizeB,
        List<String> notes,
        Optional<SideBySide> scores) {
    public SettingsComparison {
        tensors = List.copyOf(tensors);
        notes = List.copyOf(notes);
    }

    /** The tensors that the two treat differently. */
    public List<TensorDifference> differing() {
        return tensors.stream().filter(t -> !t.isSame()).toList();
    }

    /** The same with scores. */
    public SettingsComparison with(SideBySide found) {
        return new SettingsComparison(nameA, nameB, tensors, sizeA, sizeB, notes, Optional.of(found));
    }

    /**
     * Compares tensor by tensor; runs no model.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SettingsComparison of(Side a, Side b, Progress progress, CancelToken cancel) {
        Map<TensorId, ResolvedTensor> inA = byId(a);
        Map<TensorId, ResolvedTensor> inB = byId(b);
        Set<TensorId> all = new LinkedHashSet<>();
        Stream.of(inA, inB)
                .forEach(one -> one.forEach((id, t) -> {
                    if (t.isActivation()) {
                        all.add(id);
                    }
                }));
        all.addAll(inA.keySet());
        all.addAll(inB.keySet());
        List<TensorDifference> rows = new ArrayList<>();
        for (TensorId id : all) {
            cancel.check();
            Optional<ResolvedTensor> x = Optional.ofNullable(inA.get(id));
            Optional<ResolvedTensor> y = Optional.ofNullable(inB.get(id));
            rows.add(new TensorDifference(
                    id,
                    x.or(() -> y).orElseThrow().isActivation(),
                    TensorDifference.settings(x.map(ResolvedTensor::spec), y.map(ResolvedTensor::spec)),
                    x.map(t -> figures(a, t, cancel)),
                    y.map(t -> figures(b, t, cancel))));
            progress.report(rows.size(), all.size(), id.name());
        }
        return new SettingsComparison(
                a.name(),
                b.name(),
                rows,
                ModelSize.of(a.model(), a.solved().settings()),
                ModelSize.of(b.model(), b.solved().settings()),
                notes(a, b, rows),
                Optional.empty());
    }

    /**
     * Runs both on the same samples.
     *
     * @param evaluators opens an evaluator of a model, with the same data, seed, reference and choice of score each time
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SideBySide scores(
            Side a, Side b, Function<Model, LiveEvaluator> evaluators, Progress progress, CancelToken cancel) {
        try (LiveEvaluator first = evaluators.apply(a.model())) {
            if (a.model().equals(b.model())) {
                return run(first, a, first, b, progress, cancel);
            }
            try (LiveEvaluator second = evaluators.apply(b.model())) {
                return run(first, a, second, b, progress, cancel);
            }
        }
    }

    private static SideBySide run(
            LiveEvaluator first, Side a, LiveEvaluator second, Side b, Progress progress, CancelToken cancel) {
        return SideBySide.of(
                first,
                a.solved().request(Optional.empty()),
                second,
                b.solved().request(Optional.empty()),
                cancel,
                part -> progress.report(
                        part.a().seen(),
                        part.a().total(),
                        "both, sample " + part.a().seen() + " of " + part.a().total()));
    }

    private static Map<TensorId, ResolvedTensor> byId(Side side) {
        Map<TensorId, ResolvedTensor> all = new LinkedHashMap<>();
        side.solved().settings().own().forEach(t -> all.put(t.id(), t));
        return all;
    }

    private static Figures figures(Side side, ResolvedTensor tensor, CancelToken cancel) {
        if (tensor.isActivation()) {
            MomentSketch sketch = side.calibration().sketches().get(tensor.id());
            OptionalDouble sqnr = OptionalDouble.empty();
            if (sketch != null) {
                ErrorEstimate e = sketch.estimate(tensor.params().grid(0));
                double error = e.mse() * e.count();
                // SQNR = 10·log10(Σx²/Σ(x − x̂)²), as of a weight.
                sqnr = e.sumSquares() > 0 && error > 0
                        ? OptionalDouble.of(10 * Math.log10(e.sumSquares() / error))
                        : OptionalDouble.empty();
            }
            return new Figures(tensor.spec(), tensor.params(), sqnr, false);
        }
        Tensor weight = side.model().find(tensor.id()).orElseThrow();
        ChosenValues chosen = side.solved().values().get(tensor.id());
        OptionalDouble sqnr = chosen == null
                ? ErrorPass.measure(weight, tensor.params(), cancel).sqnrDb()
                : ErrorPass.measure(weight, tensor.params(), chosen.data().toFloats(), cancel)
                        .sqnrDb();
        return new Figures(tensor.spec(), tensor.params(), sqnr, true);
    }

    private static List<String> notes(Side a, Side b, List<TensorDifference> rows) {
        List<String> notes = new ArrayList<>();
        SessionState x = a.state();
        SessionState y = b.state();
        if (!x.corrections().equals(y.corrections()) || x.foldBatchNorm() != y.foldBatchNorm()) {
            notes.add("The two rest on different float models (folding or corrections); the error of each tensor is"
                    + " that against its own.");
        }
        boolean calibrated = rows.stream().anyMatch(TensorDifference::activation);
        if (calibrated
                && !x.calibrationData()
                        .map(FileRef::digest)
                        .equals(y.calibrationData().map(FileRef::digest))) {
            notes.add("The two were calibrated on different data.");
        }
        for (Side side : List.of(a, b)) {
            long unseen = rows.stream()
                    .filter(r -> r.activation()
                            && r.settings().stream().anyMatch(s -> s.name().equals("range"))
                            && !side.calibration().sketches().containsKey(r.id()))
                    .filter(r -> (side.equals(a) ? r.a() : r.b())
                            .filter(f -> f.spec().clip() instanceof Clip.Auto)
                            .isPresent())
                    .count();
            if (unseen > 0) {
                notes.add(side.name() + ": the ranges of " + unseen + " activations are those that the session file"
                        + " holds, whatever their calibrator; calibrate to have them chosen.");
            }
        }
        return notes;
    }
}
