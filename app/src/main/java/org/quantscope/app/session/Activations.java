package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Runs the activations on the calibration data in the background, whenever the model or the data changes. Also makes
 * the edits that concern many tensors at once.
 */
public final class Activations {
    private record Source(Model model, FileRef data) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<ActivationSketches> latest;
    private @Nullable Source asked;
    private boolean quantizeWhenSeen;

    public Activations(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.CALIBRATION, this::refresh);
    }

    /** True if the model has activations and there is data to calibrate them on. */
    public boolean possible() {
        return bench.calibrationData().isPresent()
                && bench.analysed().flatMap(Model::graph).isPresent();
    }

    /**
     * Quantizes all activations with the default setting as soon as they have been calibrated, or keeps them all in
     * float, as one undo step.
     */
    public void quantize(boolean on) {
        if (!on) {
            quantizeWhenSeen = false;
            bench.apply(new Edit.SetActivations(Optional.empty()));
        } else if (bench.seenProperty().get().isEmpty()) {
            quantizeWhenSeen = true;
            asked = null;
            refresh();
        } else {
            quantizeSeen();
        }
    }

    /**
     * Lets one calibrator choose all ranges, as one undo step. It replaces ranges that were set by hand; all other
     * choices stay. A calibrator that goes by calibration data applies only to the weights of which it knows what it needs.
     */
    public void calibrateAll(Calibrator calibrator) {
        Clip clip = new Clip.Auto(calibrator.id());
        if (calibrator.isForWeights()) {
            List<Edit> edits = new ArrayList<>();
            List<QuantizableTensor.Weight> known = bench.weights().stream()
                    .filter(w -> bench.knows(calibrator, w))
                    .toList();
            boolean all = known.size() == bench.weights().size();
            bench.stateProperty().get().ifPresent(state -> {
                if (all) {
                    edits.add(new Edit.SetWeights(state.weights().map(spec -> spec.withClip(clip))));
                }
                known.stream()
                        .filter(w -> !all || state.overrides().containsKey(w.id()))
                        .forEach(w -> bench.spec(w)
                                .ifPresent(spec -> edits.add(new Edit.SetOverride(w.id(), spec.withClip(clip)))));
            });
            bench.apply(new Edit.All("calibrate all with " + calibrator.title(), edits));
            return;
        }
        bench.stateProperty().get().ifPresent(state -> {
            Map<TensorId, QuantSpec> overrides = new TreeMap<>();
            state.overrides().forEach((id, spec) -> overrides.put(id, spec.withClip(clip)));
            bench.apply(new Edit.All(
                    "calibrate all with " + calibrator.title(),
                    List.of(
                            new Edit.SetWeights(state.weights().map(spec -> spec.withClip(clip))),
                            new Edit.SetActivations(state.activations().map(spec -> spec.withClip(clip))),
                            new Edit.AdoptAll("", overrides))));
        });
    }

    /**
     * Gives all weights, or all activations, the setting of one of them, as one undo step. A range set by hand stays
     * with its tensor, and a bias keeps its own setting.
     */
    public void spread(QuantizableTensor from, QuantSpec spec) {
        QuantSpec common = spec.clip() instanceof Clip.Auto ? spec : spec.withClip(new Clip.Auto("minmax"));
        boolean weight = from instanceof QuantizableTensor.Weight;
        List<Edit> edits = new ArrayList<>();
        List<TensorId> ids = (weight ? bench.weights() : bench.activations())
                .stream()
                        .filter(t ->
                                t.info().kind() != TensorKind.BIAS && t.info().kind() != TensorKind.CONSTANT)
                        .map(QuantizableTensor::id)
                        .toList();
        ids.forEach(id -> edits.add(new Edit.ClearOverride(id)));
        edits.add(weight ? new Edit.SetWeights(Optional.of(common)) : new Edit.SetActivations(Optional.of(common)));
        Edit edit = new Edit.All(common.bits() + " bits for all " + (weight ? "weights" : "activations"), edits);
        bench.apply(edit);
    }

    /**
     * Adds quantizers where the placement rules have none, or removes such quantizers, as one undo step. A value
     * without calibration is calibrated first, in the background.
     */
    public void place(Set<TensorId> ids, boolean on) {
        if (!on) {
            bench.apply(new Edit.PlaceQuantizers(ids, false));
            return;
        }
        Optional<Model> model = bench.analysed();
        Optional<Dataset> data = bench.calibrationData();
        List<TensorId> unseen = ids.stream()
                .filter(id -> !bench.seenProperty().get().containsKey(id))
                .toList();
        if (model.isEmpty() || data.isEmpty() || unseen.isEmpty()) {
            bench.stateProperty().get().ifPresent(state -> bench.apply(placing(ids, state)));
        } else {
            look(
                    model.get(),
                    unseen,
                    data.get(),
                    () -> bench.stateProperty().get().ifPresent(state -> bench.apply(placing(ids, state))));
        }
    }

    private static Edit placing(Set<TensorId> ids, SessionState state) {
        List<Edit> edits = new ArrayList<>();
        Edit place = new Edit.PlaceQuantizers(ids, true);
        edits.add(place);
        for (TensorId id : ids) {
            edits.add(new Edit.KeepFloat(id, false));
            if (state.activations().isEmpty() && !state.overrides().containsKey(id)) {
                edits.add(new Edit.SetOverride(id, QuantSpec.ACTIVATIONS));
            }
        }
        return new Edit.All(place.title(), edits);
    }

    private void quantizeSeen() {
        bench.stateProperty()
                .get()
                .ifPresent(state -> bench.apply(
                        new Edit.SetActivations(Optional.of(state.activations().orElse(QuantSpec.ACTIVATIONS)))));
    }

    private void refresh() {
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.calibrationData().orElse(null);
        if (model == null || data == null || model.graph().isEmpty()) {
            asked = null;
            latest.cancel();
            return;
        }
        Source source = new Source(model, bench.keep(data));
        if (source.equals(asked)) {
            return;
        }
        asked = source;
        boolean wantsInputs = !model.graph().get().weightInputs().isEmpty();
        boolean lacksInputs =
                wantsInputs && bench.observed().map(o -> o.inputs().isEmpty()).orElse(true);
        Set<TensorId> seen = bench.observed().map(o -> o.sketches().keySet()).orElse(Set.of());
        List<TensorId> all =
                model.graph().get().activations().stream().map(TensorInfo::id).toList();
        List<TensorId> unseen = lacksInputs
                ? all
                : all.stream().filter(id -> !seen.contains(id)).toList();
        if (unseen.isEmpty()) {
            latest.cancel();
            return;
        }
        look(model, unseen, data, () -> {
            if (quantizeWhenSeen) {
                quantizeWhenSeen = false;
                quantizeSeen();
            }
        });
    }

    /**
     * Calibrates activations in the background, and keeps the results with the earlier ones. If all activations are
     * calibrated, the importances of the weights are computed too.
     */
    private void look(Model model, List<TensorId> ids, Dataset data, Runnable then) {
        String file = bench.stateProperty().get().orElseThrow().modelKey();
        boolean whole = ids.containsAll(model.graph().orElseThrow().activations().stream()
                .map(TensorInfo::id)
                .toList());
        boolean folded = bench.foldsBatchNorm();
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Looking at activations", cancel)) {
                        Observed now = whole
                                ? Engine.observe(model, data, job, cancel)
                                : new Observed(Engine.observe(model, ids, data, job, cancel), Map.of());
                        return new ActivationSketches(file, FileRef.of(data).digest(), folded, data.size(), now);
                    }
                },
                sketches -> {
                    Map<TensorId, MomentSketch> all = new TreeMap<>(
                            bench.observed().map(ActivationSketches::sketches).orElse(Map.of()));
                    all.putAll(sketches.sketches());
                    Map<TensorId, InputPower> inputs = sketches.inputs().isEmpty()
                            ? bench.observed().map(ActivationSketches::inputs).orElse(Map.of())
                            : sketches.inputs();
                    bench.sawActivations(new ActivationSketches(
                            sketches.modelSha256(),
                            sketches.dataSha256(),
                            sketches.foldBatchNorm(),
                            sketches.samples(),
                            all,
                            inputs));
                    then.run();
                },
                e -> background.problem("Activations: " + e.getMessage()));
    }
}
