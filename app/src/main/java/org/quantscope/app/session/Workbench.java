package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.History;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * The open model, the choices for it with their history, and which tensor is selected. Everything else that is shown
 * follows from these properties. Used on the FX thread only.
 */
public final class Workbench {
    /** The number of calibrations to keep; for large models each takes some megabytes. */
    private static final int CALIBRATIONS_KEPT = 6;

    private final ReadOnlyObjectWrapper<Optional<OpenModel>> model = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<SessionState>> state = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<TensorId>> selection = new ReadOnlyObjectWrapper<>(Optional.empty());
    private boolean selectionChosen;
    private final ReadOnlyObjectWrapper<Set<TensorId>> chosen = new ReadOnlyObjectWrapper<>(Set.of());
    private final ReadOnlyObjectWrapper<Optional<Path>> sessionFile = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Map<TensorId, MomentSketch>> seen = new ReadOnlyObjectWrapper<>(Map.of());
    private final ReadOnlyBooleanWrapper dirty = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper canUndo = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper canRedo = new ReadOnlyBooleanWrapper();
    private final ReadOnlyStringWrapper undoTitle = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper redoTitle = new ReadOnlyStringWrapper("");
    private final Map<FileRef, Dataset> datasets = new HashMap<>();
    /** The float models to compare with that were chosen for the open model; undo and redo find them here. */
    private final Map<FileRef, OpenModel> references = new HashMap<>();
    /**
     * The calibration of each form of the open model on each data set, by {@link #calibrationKey}; undo and redo find
     * it here.
     */
    private final LruCache<String, Calibration> calibrations = LruCache.ofEntries(CALIBRATIONS_KEPT);

    /** What settings of snapshots have scored, by {@link Snapshot#key}. */
    private final ReadOnlyObjectWrapper<Map<String, List<SnapshotScore>>> scores =
            new ReadOnlyObjectWrapper<>(Map.of());

    private final Changes changes = new Changes();

    private Calibration calibration = Calibration.NONE;
    /** The calibration from the session file, for the form of the model that it belongs to. */
    private Calibration stored = Calibration.NONE;

    /** The key of the calibration that holds what layers read. */
    private String inputsOf = "";

    private String storedVariant = "";
    private String storedKey = "";
    private Resolver resolver = new Resolver();
    private Optional<History> history = Optional.empty();
    /** Corrected forms of the open model, by {@link #variantOf}; undo and redo find them here. */
    private final Map<String, Model> corrected = new HashMap<>();

    private String variant = "";
    /**
     * The model that {@code analysed} was made from. Placing quantizers makes a new model, which is kept until either
     * changes.
     */
    private Optional<Model> unplaced = Optional.empty();

    private Set<TensorId> placed = Set.of();
    private Optional<Model> analysed = Optional.empty();
    private Listing listing = Listing.of(Optional.empty(), Set.of(), Map.of());

    /** The quantizable tensors of a model, listed once because they are needed in every frame of a gesture. */
    private record Listing(
            Optional<Model> model,
            Set<TensorId> own,
            Map<TensorId, MomentSketch> seen,
            List<QuantizableTensor.Weight> weights,
            List<QuantizableTensor.Activation> activations,
            Map<TensorId, QuantizableTensor> byId) {
        /** @param own tensors with their own spec; a bias among them is listed too */
        static Listing of(Optional<Model> model, Set<TensorId> own, Map<TensorId, MomentSketch> seen) {
            List<QuantizableTensor.Weight> weights =
                    model.map(m -> OpenModel.weights(m, own)).orElse(List.of());
            List<QuantizableTensor.Activation> activations =
                    model.map(m -> OpenModel.activations(m, seen)).orElse(List.of());
            Map<TensorId, QuantizableTensor> byId = new HashMap<>();
            activations.forEach(a -> byId.put(a.id(), a));
            weights.forEach(w -> byId.put(w.id(), w));
            return new Listing(model, own, seen, weights, activations, byId);
        }
    }

    /**
     * Opens a model in place of the present one.
     *
     * @param start the choices to start from; they count as saved
     * @param file the session file that they were read from
     * @param data the opened data sets that {@code start} refers to
     * @param ranges the ranges of activations in the session file
     * @param activations the sketches of activations, if they are known for the calibration data
     */
    public void show(
            OpenModel opened,
            SessionState start,
            ActivationRanges ranges,
            Optional<Path> file,
            List<Dataset> data,
            Optional<ActivationSketches> activations) {
        datasets.clear();
        references.keySet().retainAll(start.reference().map(Set::of).orElse(Set.of()));
        corrected.keySet().retainAll(Set.of(variantOf(start)));
        data.forEach(this::keep);
        selection.set(Optional.empty());
        selectionChosen = false;
        state.set(Optional.empty());
        calibrations.clear();
        resolver = new Resolver();
        stored = new Session(start, ranges).calibration();
        storedVariant = variantOf(start);
        storedKey = calibrationKey(start);
        activations.ifPresent(run -> calibrations.put(calibrationKey(run), stored.withSeen(run)));
        scores.set(Map.of());
        model.set(Optional.of(opened));
        sessionFile.set(file);
        take(History.of(start));
    }

    /** Remembers what settings have scored, from a session file. */
    public void know(Map<String, List<SnapshotScore>> results) {
        scores.set(Map.copyOf(results));
    }

    /** Remembers what the settings of a snapshot have scored; an earlier score that rests on the same is replaced. */
    public void scored(Snapshot snapshot, SnapshotScore score) {
        String key = snapshot.key();
        List<SnapshotScore> known = scores.get().getOrDefault(key, List.of());
        if (known.contains(score)) {
            return;
        }
        List<SnapshotScore> all = new ArrayList<>(known);
        all.removeIf(s -> s.rests().equals(score.rests()));
        all.add(score);
        Map<String, List<SnapshotScore>> next = new HashMap<>(scores.get());
        next.put(key, List.copyOf(all));
        scores.set(Map.copyOf(next));
    }

    /** What settings of snapshots have scored, by {@link Snapshot#key}. */
    public ReadOnlyObjectProperty<Map<String, List<SnapshotScore>>> scoresProperty() {
        return scores.getReadOnlyProperty();
    }

    /** A session that was put aside, with everything that belongs to it. */
    public static final class Kept {
        private final Optional<OpenModel> model;
        private final Optional<History> history;
        private final Optional<Path> sessionFile;
        private final Map<FileRef, Dataset> datasets;
        private final Map<FileRef, OpenModel> references;
        private final Map<String, Model> corrected;
        private final String calibrationKey;
        private final Calibration calibration;
        private final Calibration stored;
        private final String storedVariant;
        private final String storedKey;
        private final Resolver resolver;
        private final Optional<TensorId> selection;
        private final Map<String, List<SnapshotScore>> scores;

        private Kept(Workbench of) {
            model = of.model.get();
            history = of.history;
            sessionFile = of.sessionFile.get();
            datasets = Map.copyOf(of.datasets);
            references = Map.copyOf(of.references);
            corrected = Map.copyOf(of.corrected);
            calibrationKey = of.calibrationKey();
            calibration = of.calibration;
            stored = of.stored;
            storedVariant = of.storedVariant;
            storedKey = of.storedKey;
            resolver = of.resolver;
            selection = of.selection.get();
            scores = of.scores.get();
        }
    }

    /** The open session as it is, undo steps included, to be given back by {@link #giveBack}. */
    public Kept keep() {
        return new Kept(this);
    }

    /** Opens a session again that was put aside; closes the present one if nothing was open then. */
    public void giveBack(Kept kept) {
        datasets.clear();
        datasets.putAll(kept.datasets);
        references.clear();
        references.putAll(kept.references);
        corrected.clear();
        corrected.putAll(kept.corrected);
        selection.set(Optional.empty());
        selectionChosen = false;
        state.set(Optional.empty());
        calibrations.clear();
        calibrations.put(kept.calibrationKey, kept.calibration);
        stored = kept.stored;
        storedVariant = kept.storedVariant;
        storedKey = kept.storedKey;
        resolver = kept.resolver;
        scores.set(kept.scores);
        model.set(kept.model);
        sessionFile.set(kept.sessionFile);
        if (kept.history.isPresent()) {
            take(kept.history.get());
            kept.selection.ifPresent(this::select);
        } else {
            history = Optional.empty();
            dirty.set(false);
            canUndo.set(false);
            canRedo.set(false);
            changes.all();
        }
    }

    /** Opens what a lesson shows, in place of the present session. */
    public void show(Staged staged) {
        show(staged.model(), staged.state(), ActivationRanges.NONE, Optional.empty(), staged.data(), Optional.empty());
    }

    /** Keeps an opened data set, so that the state may refer to it. */
    public FileRef keep(Dataset data) {
        FileRef ref = FileRef.of(data);
        datasets.put(ref, data);
        return ref;
    }

    /** Keeps an opened float model to compare with, so that the state may refer to its file. */
    public void keepReference(OpenModel reference) {
        references.put(reference.file(), reference);
    }

    /** Applies an edit as one undo step; an edit that changes nothing is ignored. */
    public void apply(Edit edit) {
        history.ifPresent(h -> take(h.apply(edit)));
    }

    /** All steps, with the present position among them; empty if no model is open. */
    public Optional<History> history() {
        return history;
    }

    /** Undoes or redoes until {@code steps} steps are done. */
    public void goTo(int steps) {
        history.ifPresent(h -> take(h.at(steps)));
    }

    public void undo() {
        history.ifPresent(h -> take(h.undo()));
    }

    public void redo() {
        history.ifPresent(h -> take(h.redo()));
    }

    /** Records that {@code written} has been saved to {@code file}. */
    public void saved(SessionState written, Path file) {
        sessionFile.set(Optional.of(file));
        history.ifPresent(h -> take(h.markSaved(written)));
    }

    /** Marks the open session as unsaved, for restored work, or for a session whose model has moved. */
    public void markUnsaved() {
        history.ifPresent(h -> take(h.markSaved(SessionState.of(new FileRef(Path.of(""), "")))));
    }

    /** Selects a tensor of the model; an unknown one changes nothing. */
    public void select(TensorId id) {
        if (subject(id).isPresent()) {
            selectionChosen = true;
            selection.set(Optional.of(id));
            changes.behind(Changes.Stage.TENSOR_LIST);
        }
    }

    /** False as long as the selected tensor is only the first one of what was opened. */
    public boolean selectionChosen() {
        return selectionChosen;
    }

    /** Sets all tensors that are marked in the list, the selected one among them. */
    public void choose(Set<TensorId> ids) {
        chosen.set(Set.copyOf(ids));
    }

    /** Stores the result of a calibration run. */
    public void sawActivations(ActivationSketches sketches) {
        String key = calibrationKey(sketches);
        Calibration before = calibrations.find(key).orElse(key.equals(storedKey) ? stored : Calibration.NONE);
        Calibration now = before.withSeen(sketches);
        calibrations.put(key, now);
        if (state.get().filter(s -> calibrationKey(s).equals(key)).isPresent()) {
            calibration = now;
            seen.set(calibration.sketches());
            changes.behind(Changes.Stage.CALIBRATION);
        }
    }

    /**
     * Stores what the layers of one form of the model read. They may take much memory, so they are kept for one form at
     * a time.
     *
     * @param key the {@link #calibrationKey()} that they were computed for
     */
    void sawInputs(String key, ModelMoments moments) {
        if (!key.equals(inputsOf)) {
            calibrations.find(inputsOf).ifPresent(c -> calibrations.put(inputsOf, c.withoutMoments()));
        }
        inputsOf = key;
        Calibration before = calibrations.find(key).orElse(key.equals(storedKey) ? stored : Calibration.NONE);
        Calibration now = before.withMoments(moments);
        calibrations.put(key, now);
        if (key.equals(calibrationKey())) {
            calibration = now;
            changes.behind(Changes.Stage.CALIBRATION);
        }
    }

    /** The form of the model and the data that {@link #calibration()} belongs to; empty if no model is open. */
    String calibrationKey() {
        return state.get().map(this::calibrationKey).orElse("");
    }

    private String calibrationKey(ActivationSketches run) {
        return run.modelSha256() + (run.foldBatchNorm() ? " folded" : "") + " on " + run.dataSha256();
    }

    private String calibrationKey(SessionState of) {
        return variantOf(of) + " on "
                + of.calibrationData().map(FileRef::digest).orElse("");
    }

    private Calibration calibration(SessionState of) {
        Calibration known = calibrations.get(calibrationKey(of));
        return known != null ? known : variantOf(of).equals(storedVariant) ? stored : Calibration.NONE;
    }

    /** The calibration of the analysed model on the present calibration data. */
    public Calibration calibration() {
        return calibration;
    }

    /** Resolves choices to parameters; it remembers results for every form of the open model. */
    public Resolver resolver() {
        return resolver;
    }

    /** Tells followers about changes, in a fixed order. */
    public Changes changes() {
        return changes;
    }

    /** The result of a calibration run, if it belongs to the present model, folding and calibration data. */
    public Optional<ActivationSketches> observed() {
        Optional<Dataset> data = calibrationData();
        return calibration
                .seen()
                .filter(o -> model.get().isPresent()
                        && state.get()
                                .flatMap(SessionState::calibrationData)
                                .filter(ref -> o.restsOn(
                                        state.get().get().modelKey(),
                                        ref.digest(),
                                        foldsBatchNorm(),
                                        data.map(d -> (long) d.size()).orElse(o.samples())))
                                .isPresent());
    }

    /** The importances of the weights, from the calibration data. */
    public Importances importances() {
        return calibration.importances();
    }

    /** True if what a calibrator needs to know of a tensor is known. */
    public boolean knows(Calibrator calibrator, QuantizableTensor subject) {
        if (!calibrator.isForWeights()) {
            return true;
        }
        return subject instanceof QuantizableTensor.Weight w
                && (calibrator.needsMoments()
                        ? importances().moments(w.id()).isPresent()
                        : importances().of(w.info()).isPresent());
    }

    /** The model in the form that is analysed: folded, corrected and with added quantizers as the state says. */
    public Optional<Model> analysed() {
        return state.get().isPresent() ? analysed : uncorrected();
    }

    /** The model before its corrections, folded as the state says. */
    public Optional<Model> uncorrected() {
        return model.get().map(m -> m.analysed(foldsBatchNorm()));
    }

    /**
     * The float model that accuracy is compared with: the chosen one, else the open one before its corrections, also
     * those that its file holds.
     */
    public Optional<Model> reference() {
        Optional<OpenModel> other = state.get().flatMap(SessionState::reference).map(references::get);
        return other.map(m -> m.analysed(foldsBatchNorm()))
                .or(() -> model.get().map(m -> m.reference(foldsBatchNorm())));
    }

    /**
     * Identifies the analysed form among all forms of the open file; results stored under it hold for that form only.
     */
    public String variant() {
        return variant;
    }

    /** Stores the corrected model for a state; must be called before that state is applied. */
    public void keepCorrected(SessionState of, Model correctedModel) {
        corrected.put(variantOf(of), correctedModel);
    }

    /** True if the model for a state is known. */
    public boolean knowsModel(SessionState of) {
        return of.corrections().isEmpty() || corrected.containsKey(variantOf(of));
    }

    /** The {@link #variant} that belongs to a state. */
    public String variantOf(SessionState of) {
        return of.modelKey() + (of.foldBatchNorm() ? " folded" : "");
    }

    private void analyse(SessionState next) {
        variant = variantOf(next);
        Optional<Model> base = next.corrections().isEmpty()
                ? model.get().map(m -> m.analysed(next.foldBatchNorm()))
                : Optional.ofNullable(corrected.get(variant));
        if (base.isEmpty()) {
            throw new IllegalStateException(
                    "corrections: the model of this state was not computed before it was taken");
        }
        if (!base.equals(unplaced) || !next.addedQuantizers().equals(placed)) {
            unplaced = base;
            placed = next.addedQuantizers();
            analysed = base.map(m -> Engine.placed(m, placed));
        }
    }

    public boolean foldsBatchNorm() {
        return state.get().map(SessionState::foldBatchNorm).orElse(true);
    }

    public List<QuantizableTensor.Weight> weights() {
        return listing().weights;
    }

    public List<QuantizableTensor.Activation> activations() {
        return listing().activations;
    }

    public Optional<QuantizableTensor> subject(TensorId id) {
        return Optional.ofNullable(listing().byId.get(id));
    }

    private Listing listing() {
        Optional<Model> open = analysed();
        Set<TensorId> own = state.get().map(s -> s.overrides().keySet()).orElse(Set.of());
        if (!open.equals(listing.model)
                || !own.equals(listing.own)
                || !calibration.sketches().equals(listing.seen)) {
            listing = Listing.of(open, own, calibration.sketches());
        }
        return listing;
    }

    /** The committed spec of a tensor; empty if it stays in float. */
    public Optional<QuantSpec> spec(QuantizableTensor subject) {
        return state.get().flatMap(s -> s.spec(subject.info()));
    }

    public Optional<Dataset> evaluationData() {
        return state.get().flatMap(SessionState::evaluationData).map(datasets::get);
    }

    public Optional<Dataset> calibrationData() {
        return state.get().flatMap(SessionState::calibrationData).map(datasets::get);
    }

    private void take(History next) {
        boolean changed = !state.get().equals(Optional.of(next.state()));
        analyse(next.state());
        history = Optional.of(next);
        calibration = calibration(next.state());
        dirty.set(next.hasUnsavedChanges());
        canUndo.set(next.canUndo());
        canRedo.set(next.canRedo());
        undoTitle.set(Invisible.escaped(next.undoTitle().orElse("")));
        redoTitle.set(Invisible.escaped(next.redoTitle().orElse("")));
        state.set(Optional.of(next.state()));
        if (selection.get().flatMap(this::subject).isEmpty()) {
            selection.set(weights().stream().findFirst().map(QuantizableTensor::id));
        }
        seen.set(calibration.sketches());
        if (changed) {
            changes.all();
        }
    }

    public ReadOnlyObjectProperty<Optional<OpenModel>> modelProperty() {
        return model.getReadOnlyProperty();
    }

    /** The choices; empty if no model is open. */
    public ReadOnlyObjectProperty<Optional<SessionState>> stateProperty() {
        return state.getReadOnlyProperty();
    }

    public ReadOnlyObjectProperty<Optional<TensorId>> selectionProperty() {
        return selection.getReadOnlyProperty();
    }

    /** All tensors that are marked in the list; changes of a setting are for each of them. */
    public ReadOnlyObjectProperty<Set<TensorId>> chosenProperty() {
        return chosen.getReadOnlyProperty();
    }

    /** The file that the session was read from or last saved to. */
    public ReadOnlyObjectProperty<Optional<Path>> sessionFileProperty() {
        return sessionFile.getReadOnlyProperty();
    }

    /** The calibration sketch of each activation; empty before a calibration. */
    public ReadOnlyObjectProperty<Map<TensorId, MomentSketch>> seenProperty() {
        return seen.getReadOnlyProperty();
    }

    /** True if there are changes that are not in the session file. */
    public ReadOnlyBooleanProperty dirtyProperty() {
        return dirty.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty canUndoProperty() {
        return canUndo.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty canRedoProperty() {
        return canRedo.getReadOnlyProperty();
    }

    /** The name of the step that {@link #undo} would undo; empty if there is none. */
    public ReadOnlyStringProperty undoTitleProperty() {
        return undoTitle.getReadOnlyProperty();
    }

    public ReadOnlyStringProperty redoTitleProperty() {
        return redoTitle.getReadOnlyProperty();
    }
}
