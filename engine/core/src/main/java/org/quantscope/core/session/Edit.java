package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.eval.Task;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * One step that a person takes, from a state to the next one. The only way a session changes; undone and redone as a
 * whole by {@link History}.
 */
public sealed interface Edit {
    /** What it does, in a few words, for the undo menu: {@code Undo <title>}. */
    String title();

    /** The state after it; equal to {@code state} if it changes nothing. */
    SessionState apply(SessionState state);

    /** Gives one tensor a spec of its own; if it was kept in float, it is quantized again. */
    record SetOverride(TensorId id, QuantSpec spec) implements Edit {
        @Override
        public String title() {
            return "change " + id;
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withOverride(id, spec).withKeptFloat(without(state.keptFloat(), id));
        }
    }

    /** Removes a tensor's own spec, so that the default applies again. */
    record ClearOverride(TensorId id) implements Edit {
        @Override
        public String title() {
            return "reset " + id;
        }

        @Override
        public SessionState apply(SessionState state) {
            Map<TensorId, QuantSpec> specs = new TreeMap<>(state.overrides());
            specs.remove(id);
            return state.withOverrides(specs);
        }
    }

    /** Sets the default of all weights; empty keeps them float. Overrides stay. */
    record SetWeights(Optional<QuantSpec> spec) implements Edit {
        @Override
        public String title() {
            return spec.map(s -> "quantize weights to " + s.bits() + " bits").orElse("keep weights in float");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withWeights(spec);
        }
    }

    /** Sets the default of all activations; empty keeps them float. Overrides stay. */
    record SetActivations(Optional<QuantSpec> spec) implements Edit {
        @Override
        public String title() {
            return spec.map(s -> "quantize activations to " + s.bits() + " bits")
                    .orElse("keep activations in float");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withActivations(spec);
        }
    }

    /** Keeps one tensor in float, or lets it be quantized again. Its own spec is remembered. */
    record KeepFloat(TensorId id, boolean on) implements Edit {
        @Override
        public String title() {
            return on ? "keep " + id + " in float" : "quantize " + id;
        }

        @Override
        public SessionState apply(SessionState state) {
            Set<TensorId> ids = without(state.keptFloat(), id);
            if (on) {
                ids.add(id);
            }
            return state.withKeptFloat(ids);
        }
    }

    /**
     * Adds a quantizer with parameters of its own at activations where the rules of placement have none, or removes it
     * again.
     */
    record PlaceQuantizers(Set<TensorId> ids, boolean on) implements Edit {
        public PlaceQuantizers {
            ids = Collections.unmodifiableSet(new TreeSet<>(ids));
        }

        @Override
        public String title() {
            String what = ids.size() == 1 ? ids.iterator().next().name() : ids.size() + " values";
            return on ? "quantize at " + what : "no quantizer at " + what;
        }

        @Override
        public SessionState apply(SessionState state) {
            Set<TensorId> all = new TreeSet<>(state.addedQuantizers());
            if (on) {
                all.addAll(ids);
            } else {
                all.removeAll(ids);
            }
            return state.withAddedQuantizers(all);
        }
    }

    /** Folds BatchNormalization before analysis, or leaves it in. */
    record SetFoldBatchNorm(boolean on) implements Edit {
        @Override
        public String title() {
            return on ? "fold batch normalization" : "keep batch normalization";
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withFoldBatchNorm(on);
        }
    }

    /**
     * Corrects the float model once more. Corrections need a model whose BatchNormalization is folded, so folding is
     * switched on too.
     *
     * @param name title of the correction, for a person
     */
    record ApplyCorrection(AppliedCorrection correction, String name) implements Edit {
        @Override
        public String title() {
            return name;
        }

        @Override
        public SessionState apply(SessionState state) {
            List<AppliedCorrection> all = new ArrayList<>(state.corrections());
            all.add(correction);
            return state.withFoldBatchNorm(true).withCorrections(all);
        }
    }

    /**
     * Removes one correction; the others stay in their order.
     *
     * @param index of the correction, from 0; an index without a correction changes nothing
     * @param name title of the correction, for a person
     */
    record RemoveCorrection(int index, String name) implements Edit {
        @Override
        public String title() {
            return "remove " + name;
        }

        @Override
        public SessionState apply(SessionState state) {
            List<AppliedCorrection> rest = new ArrayList<>(state.corrections());
            if (index >= 0 && index < rest.size()) {
                rest.remove(index);
            }
            return state.withCorrections(rest);
        }
    }

    /** Records that the model has moved, or that its changed content is accepted. */
    record RelinkModel(FileRef model) implements Edit {
        @Override
        public String title() {
            return "relink the model";
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withModel(model);
        }
    }

    /** Chooses the data that activations are calibrated on, also after it has moved; empty if none is wanted any more. */
    record RelinkCalibrationData(Optional<FileRef> data) implements Edit {
        @Override
        public String title() {
            return "relink the calibration data";
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withCalibrationData(data);
        }
    }

    /** Chooses the data that accuracy is computed on, also after it has moved. */
    record SetEvaluationData(Optional<FileRef> data) implements Edit {
        @Override
        public String title() {
            return "change the evaluation data";
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withEvaluationData(data);
        }
    }

    /** Chooses what the model may cost and must reach. */
    record SetBudget(DeviceBudget budget) implements Edit {
        @Override
        public String title() {
            return "change the budget";
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withBudget(budget);
        }
    }

    /**
     * Leaves one sample out of the calibration data, or uses it again.
     *
     * @param sample of the file, from 0
     * @param data the data without all samples that are left out then
     */
    record LeaveOut(int sample, boolean out, FileRef data) implements Edit {
        @Override
        public String title() {
            return (out ? "leave out sample " : "use sample ") + sample + (out ? "" : " again");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withCalibrationData(Optional.of(data));
        }
    }

    /** Chooses the output that is scored, and whether it is averaged over a mask. */
    record SetScored(Scored scored) implements Edit {
        @Override
        public String title() {
            return "score " + scored.output().orElse("the output that fits");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withScored(scored);
        }
    }

    /** Chooses the float model to compare with; empty for the model before its corrections. */
    record SetReference(Optional<FileRef> model) implements Edit {
        @Override
        public String title() {
            return model.map(ref -> "compare with " + ref.path().getFileName()).orElse("compare with the model itself");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withReference(model);
        }
    }

    /** Chooses what is scored; empty for the task that fits the model and the data best. */
    record SetMetric(Optional<Task> task) implements Edit {
        @Override
        public String title() {
            return task.map(t -> "score " + t.title()).orElse("let the data say what is scored");
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withMetric(task);
        }
    }

    /**
     * Gives each of many tensors a spec in one step, as "calibrate all" does. Other tensors keep theirs.
     *
     * @param what the title, for example {@code calibrate all with mse}
     */
    record AdoptAll(String what, Map<TensorId, QuantSpec> specs) implements Edit {
        public AdoptAll {
            specs = Collections.unmodifiableMap(new TreeMap<>(specs));
        }

        @Override
        public String title() {
            return what;
        }

        @Override
        public SessionState apply(SessionState state) {
            Map<TensorId, QuantSpec> all = new TreeMap<>(state.overrides());
            all.putAll(specs);
            return state.withOverrides(all);
        }
    }

    /** Keeps the present settings under a name. */
    record TakeSnapshot(String name) implements Edit {
        @Override
        public String title() {
            return "take the snapshot " + name;
        }

        /** @throws IllegalArgumentException if there is one of that name, or it is none */
        @Override
        public SessionState apply(SessionState state) {
            List<Snapshot> all = new ArrayList<>(state.snapshots());
            all.add(Snapshot.of(name, state));
            return state.withSnapshots(all);
        }
    }

    /** Gives a snapshot another name; one that is not there changes nothing. */
    record RenameSnapshot(String from, String to) implements Edit {
        @Override
        public String title() {
            return "rename the snapshot " + from + " to " + to;
        }

        /** @throws IllegalArgumentException if there is another of that name, or it is none */
        @Override
        public SessionState apply(SessionState state) {
            return state.withSnapshots(state.snapshots().stream()
                    .map(s -> s.name().equals(from) ? s.named(to) : s)
                    .toList());
        }
    }

    /** Removes a snapshot; one that is not there changes nothing. */
    record DeleteSnapshot(String name) implements Edit {
        @Override
        public String title() {
            return "delete the snapshot " + name;
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.withSnapshots(state.snapshots().stream()
                    .filter(s -> !s.name().equals(name))
                    .toList());
        }
    }

    /** Goes back to the settings of a snapshot; one that is not there changes nothing. Model and data stay. */
    record RestoreSnapshot(String name) implements Edit {
        @Override
        public String title() {
            return "restore the snapshot " + name;
        }

        @Override
        public SessionState apply(SessionState state) {
            return state.snapshot(name).map(s -> s.on(state)).orElse(state);
        }
    }

    /** Several edits as one step. */
    record All(String what, List<Edit> edits) implements Edit {
        public All {
            edits = List.copyOf(edits);
        }

        @Override
        public String title() {
            return what;
        }

        @Override
        public SessionState apply(SessionState state) {
            SessionState s = state;
            for (Edit edit : edits) {
                s = edit.apply(s);
            }
            return s;
        }
    }

    private static Set<TensorId> without(Set<TensorId> ids, TensorId id) {
        Set<TensorId> rest = new TreeSet<>(ids);
        rest.remove(id);
        return rest;
    }
}
