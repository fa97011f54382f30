package org.quantscope.app.tensors;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.model.Model;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.sensitivity.SensitivityCache;
import org.quantscope.core.sensitivity.SensitivityReport;
import org.quantscope.core.sensitivity.SensitivityScope;
import org.quantscope.core.sensitivity.SensitivityStore;
import org.quantscope.core.sensitivity.SensitivitySweep;
import org.quantscope.core.sensitivity.TensorSensitivity;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The sensitivity of every quantized tensor under the committed settings. A sweep starts when the user asks for it. If
 * settings change meanwhile, it continues with the new ones; after a cancellation it continues where it stopped, even
 * in a later run of the program. Figures that an edit affects are marked as previous until they are swept again. An
 * action in the menu of the tensor list requests those figures at once that the ranking depends on.
 */
public final class SensitivityViewModel {
    /** The state of the sweep. */
    public enum Status {
        /** Nothing can be swept: the model cannot be run, there is no data, or nothing is quantized. */
        IMPOSSIBLE,
        /** Some figures for the present settings are missing or rest on a part of the samples, and no sweep runs. */
        IDLE,
        RUNNING,
        /** All figures belong to the present settings and rest on all samples. */
        DONE
    }

    /**
     * What to show.
     *
     * @param why the reason why nothing can be swept, as text for the user; empty if a sweep is possible
     * @param tensors the tensors with at least one figure
     * @param known number of figures for the present settings on all samples
     * @param wanted number of figures altogether
     */
    public record View(Status status, String why, Map<TensorId, ShownSensitivity> tensors, int known, int wanted) {
        static final View NOTHING = new View(Status.IMPOSSIBLE, "no model is open", Map.of(), 0, 0);

        public View {
            tensors = Map.copyOf(tensors);
        }
    }

    private static final int SCOPES_KEPT = 4;

    /** What the figures of one cache have in common. */
    private record Scope(
            String modelKey,
            boolean folded,
            Set<TensorId> addedQuantizers,
            Dataset data,
            Optional<Task> task,
            Model reference) {}

    /** The input of a sweep: the committed parameters, the models and the data. */
    private record Swept(Scope scope, Model model, Model reference, ResolvedSettings resolved) {}

    /** The figures of a tensor, each with the settings under which it was found. */
    private record Found(TensorSensitivity figures, Swept onlyOf, Swept allButOf) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final Background background;
    private final LatestWins<SensitivityReport> lookups;
    private final LatestWins<SensitivityReport> sweeps;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private final SensitivityStore store;
    /**
     * Caches for the open file. There are new ones for each file, because files beside it may have changed. Never used
     * on the FX thread: opening a cache takes time, and other threads wait for it meanwhile.
     */
    private volatile LruCache<Scope, SensitivityCache> caches = LruCache.ofEntries(SCOPES_KEPT);

    private final Map<TensorId, Found> found = new HashMap<>();
    private @Nullable Swept setting;
    /** What is being swept; null if no sweep runs. */
    private @Nullable Swept running;
    /** True if the next settings are to be ranked without being asked. */
    private boolean follows;
    /** What is being ranked; null if no ranking runs. */
    private @Nullable Swept ranked;
    /** True if a sweep has ended while an edit was being measured. */
    private boolean over;

    private @Nullable AccuracyEstimate all;
    private int known;
    private int wanted;

    /** @param store where figures are kept from one run of the program to the next */
    public SensitivityViewModel(
            Workbench bench, Measurements measurements, SensitivityStore store, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.store = store;
        this.background = background;
        this.lookups = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.sweeps = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            found.clear();
            caches = LruCache.ofEntries(SCOPES_KEPT);
        });
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    /** The reason why nothing can be swept; empty if a sweep is possible. */
    private String obstacle() {
        Optional<Model> model = bench.analysed();
        return model.isEmpty()
                ? "no model is open"
                : model.get().graph().isEmpty()
                        ? "this file holds weights without a graph: there is nothing to run"
                        : bench.evaluationData().isEmpty()
                                ? "needs data to evaluate on"
                                : bench.weights().stream()
                                                        .allMatch(w ->
                                                                bench.spec(w).isEmpty())
                                                && bench.activations().stream()
                                                        .allMatch(a ->
                                                                bench.spec(a).isEmpty())
                                        ? "everything stays in float"
                                        : "";
    }

    private void refresh() {
        String why = obstacle();
        if (!why.isEmpty()) {
            setting = null;
            running = null;
            follows = false;
            ranked = null;
            lookups.cancel();
            sweeps.cancel();
            found.clear();
            show(new View(Status.IMPOSSIBLE, why, Map.of(), 0, 0));
            return;
        }
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        if (!measured.complete()) {
            // The running sweep is still useful for the tensors that the edit does not affect.
            return;
        }
        Swept now = setting(measured);
        boolean rank = follows;
        follows = false;
        if (now.equals(setting)) {
            if (over) {
                over = false;
                running = null;
                announce();
            }
            return;
        }
        Swept before = setting;
        setting = now;
        all = null;
        known = 0;
        if (before != null && !before.scope.equals(now.scope)) {
            found.clear();
        }
        announce();
        if (running != null) {
            sweep(now);
            return;
        }
        ranked = rank ? now : null;
        lookups.submit(
                (cancel, partial) -> look(now, rank, cancel, partial), report -> take(now, report), this::failed);
    }

    private SensitivityReport look(Swept of, boolean rank, CancelToken cancel, Consumer<SensitivityReport> partial) {
        SensitivitySweep sweep = sweepOf(of, cancel);
        SensitivityReport known = sweep.known(of.scope.data.size());
        if (!rank || sweep.isRanked()) {
            return known;
        }
        partial.accept(known);
        try (Jobs.Handle job = background.start("Sensitivity", cancel);
                LiveEvaluator evaluator = evaluator(of)) {
            return sweep.rank(evaluator, job, cancel, partial);
        }
    }

    /**
     * A separate evaluator, so that the sessions of the live accuracy are kept; its memory is freed when it is closed.
     */
    private static LiveEvaluator evaluator(Swept of) {
        return Engine.evaluatorBesideWindow(of.model, of.reference, of.scope.data, of.scope.task, 0);
    }

    /**
     * Call this before an edit that asks for a new ranking. If the figure of every tensor alone is known, those that
     * the edit affects and the ranking depends on are evaluated again without a click.
     */
    public void follow() {
        View v = view.get();
        Swept now = setting;
        boolean known = now != null
                && v.tensors.size() == now.resolved.own().size()
                && v.tensors.values().stream().noneMatch(ShownSensitivity::onlyPrevious)
                && v.tensors.values().stream()
                        .allMatch(d -> d.figures()
                                .onlyThis()
                                .filter(AccuracyEstimate::isComplete)
                                .isPresent());
        follows = known || (ranked != null && ranked.equals(now));
    }

    private Swept setting(Measurements.Snapshot measured) {
        SessionState state = bench.stateProperty().get().orElseThrow();
        Dataset data = bench.evaluationData().orElseThrow();
        Model model = bench.analysed().orElseThrow();
        Model reference = bench.reference().orElse(model);
        Scope scope = new Scope(
                state.modelKey(), state.foldBatchNorm(), state.addedQuantizers(), data, state.metric(), reference);
        return new Swept(scope, model, reference, measured.resolved());
    }

    private SensitivitySweep sweepOf(Swept of, CancelToken cancel) {
        SensitivityCache cache = caches.computeIfAbsent(
                of.scope,
                s -> store.open(SensitivityScope.of(
                        s.modelKey, s.folded, s.addedQuantizers, of.model, of.reference, s.data, s.task, cancel)));
        return new SensitivitySweep(of.model, of.resolved.weights(), of.resolved.activations(), cache);
    }

    /** Starts a sweep, or cancels the running one. */
    public void toggle() {
        if (running != null) {
            sweeps.cancel();
            running = null;
            announce();
        } else if (setting != null) {
            if (bench.stateProperty().get().orElseThrow().choosesCodes()) {
                background.notices().done(Roundings.nearestOnly("the sensitivity"));
            }
            sweep(setting);
        }
    }

    private void sweep(Swept of) {
        lookups.cancel();
        over = false;
        running = of;
        announce();
        sweeps.submit(
                (cancel, partial) -> run(of, cancel, partial),
                report -> {
                    if (report.isComplete() && of.equals(running)) {
                        // An edit that is still being measured may need more figures.
                        over = !measurements.snapshotProperty().get().complete();
                        running = over ? running : null;
                    }
                    take(of, report);
                },
                e -> {
                    if (of.equals(running)) {
                        running = null;
                        announce();
                    }
                    failed(e);
                });
    }

    private SensitivityReport run(Swept of, CancelToken cancel, Consumer<SensitivityReport> partial) {
        try (Jobs.Handle job = background.start("Sensitivity", cancel)) {
            SensitivitySweep sweep = sweepOf(of, cancel);
            SensitivityReport before = sweep.known(of.scope.data.size());
            partial.accept(before);
            if (before.isComplete()) {
                return before;
            }
            try (LiveEvaluator evaluator = evaluator(of)) {
                return sweep.run(evaluator, SensitivitySweep.QUICK, job, cancel, partial);
            }
        } catch (CancellationException e) {
            background.ui().execute(() -> {
                if (of.equals(running) && of.equals(setting)) {
                    running = null;
                    announce();
                }
            });
            throw e;
        }
    }

    private void failed(Throwable e) {
        background.problem("Sensitivity: " + e.getMessage());
    }

    /** Accepts figures that were found under settings that may have changed since. */
    private void take(Swept of, SensitivityReport report) {
        Swept now = setting;
        if (now == null || !of.scope.equals(now.scope)) {
            return;
        }
        if (of.equals(now)) {
            all = report.baseline().orElse(null);
            known = report.known();
            wanted = report.wanted();
        }
        for (TensorSensitivity fresh : report.tensors()) {
            if (fresh.onlyThis().isPresent() || fresh.allButThis().isPresent()) {
                Found old = found.get(fresh.name());
                found.put(
                        fresh.name(),
                        old == null
                                ? new Found(fresh, of, of)
                                : new Found(
                                        new TensorSensitivity(
                                                fresh.name(),
                                                fresh.kind(),
                                                fresh.onlyThis().or(old.figures::onlyThis),
                                                fresh.allButThis().or(old.figures::allButThis)),
                                        fresh.onlyThis().isPresent() ? of : old.onlyOf,
                                        fresh.allButThis().isPresent() ? of : old.allButOf));
            }
        }
        announce();
    }

    private void announce() {
        Swept now = setting;
        if (now == null) {
            return;
        }
        IdentityHashMap<Swept, Set<TensorId>> changes = new IdentityHashMap<>();
        Map<TensorId, ShownSensitivity> tensors = new HashMap<>();
        found.forEach((id, f) -> {
            if (now.resolved.find(id).isPresent()) {
                Set<TensorId> only = changes.computeIfAbsent(f.onlyOf, of -> now.resolved.changedSince(of.resolved));
                Set<TensorId> allBut =
                        changes.computeIfAbsent(f.allButOf, of -> now.resolved.changedSince(of.resolved));
                boolean others = allBut.size() > 1 || (allBut.size() == 1 && !allBut.contains(id));
                tensors.put(id, new ShownSensitivity(f.figures, only.contains(id), others, Optional.ofNullable(all)));
            }
        });
        int count = 1 + 2 * now.resolved.own().size();
        Status status =
                running != null ? Status.RUNNING : known == count && wanted == count ? Status.DONE : Status.IDLE;
        show(new View(status, "", tensors, known, count));
    }

    private void show(View next) {
        if (!Objects.equals(next, view.get())) {
            view.set(next);
        }
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
