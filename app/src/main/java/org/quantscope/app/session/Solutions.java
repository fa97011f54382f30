package org.quantscope.app.session;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The codes of weights whose rounding looks at their whole layer, under the committed settings. Codes are results: they
 * are kept by the hash of what they were made from, so that a setting that was seen before has its codes at once. What
 * is missing is solved in the background, layer by layer.
 */
public final class Solutions {
    private static final long KEPT_BYTES = 256L << 20;

    /** How far the codes of the present settings are. */
    public enum Status {
        /** The tensors are still being measured. */
        WAITING,
        /** Every weight takes its nearest levels. */
        NEAREST,
        /** Every weight has the codes of its rounding. */
        HOLD,
        /** Codes are being solved. */
        WORKING,
        /** A person has stopped it. */
        STOPPED,
        /** There is no calibration data to solve them on. */
        NO_DATA,
        FAILED
    }

    /**
     * What is known.
     *
     * @param solved the codes so far; empty while {@link Status#WAITING}, and for a moment after a change
     * @param measured the errors of weights that have codes of their own
     * @param why why it failed; else empty
     * @param notes what a person should know of the codes, and of what they pass by, in sentences
     */
    public record View(
            Status status,
            Optional<SolvedModel> solved,
            Map<TensorId, Measured> measured,
            String why,
            List<String> notes) {
        static final View WAITING = new View(Status.WAITING, Optional.empty(), Map.of(), "", List.of());

        public View {
            measured = Map.copyOf(measured);
            notes = List.copyOf(notes);
        }

        View as(Status other, String reason) {
            return new View(other, solved, measured, reason, notes);
        }

        /** The settings to evaluate; empty while they are not known. */
        public Optional<Coded> coded() {
            return solved.map(Coded::of);
        }

        /** How many weights have not the codes yet that their rounding would choose. */
        public int open() {
            return solved.map(s -> s.open().size()).orElse(0);
        }
    }

    /** Everything that codes depend on. */
    private record Asked(
            Model model,
            SessionState state,
            ResolvedSettings resolved,
            Optional<Dataset> data,
            Importances importances) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final Background background;
    private final LatestWins<View> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.WAITING);
    /** By the hash of what they were made from. */
    private final LruCache<String, SolvedWeight> kept = LruCache.ofWeight(KEPT_BYTES, SolvedWeight::bytes);

    private Map<TensorId, SolvedWeight> newest = Map.of();
    private @Nullable Asked asked;

    public Solutions(Workbench bench, Measurements measurements, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            newest = Map.of();
            asked = null;
        });
        bench.changes().on(Changes.Stage.SOLUTIONS, this::refresh);
    }

    /** The settings in hand as they would be exported; empty until all ranges and codes are known. */
    public Optional<ExportPlan> plan() {
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        return view.get()
                .solved()
                .filter(codes -> measured.complete() && codes.open().isEmpty())
                .flatMap(codes -> bench.analysed()
                        .flatMap(model -> bench.stateProperty()
                                .get()
                                .map(state -> new ExportPlan(
                                                codes.model(),
                                                new Session(state, measured.ranges(), codes.solved()),
                                                codes.settings())
                                        .withReference(bench.reference().orElse(model)))));
    }

    /** Remembers codes from a session file. */
    public void know(Map<TensorId, SolvedWeight> results) {
        results.values().forEach(result -> kept.put(result.madeFrom(), result));
        newest = results;
    }

    /** Solves what is missing again, after it was stopped or has failed. */
    public void restart() {
        asked = null;
        refresh();
    }

    private void refresh() {
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        Model model = bench.analysed().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        if (model == null || state == null || !measured.complete()) {
            asked = null;
            latest.cancel();
            show(View.WAITING);
            return;
        }
        Asked next = new Asked(model, state, measured.resolved(), bench.calibrationData(), bench.importances());
        if (next.equals(asked)) {
            return;
        }
        asked = next;
        if (!asks(next.resolved)) {
            latest.cancel();
            SolvedModel plain = SolvedModel.of(model, state, next.resolved, Map.of());
            show(new View(Status.NEAREST, Optional.of(plain), Map.of(), "", List.of()));
            return;
        }
        Map<TensorId, SolvedWeight> earlier = newest;
        show(View.WAITING);
        latest.submit((cancel, partial) -> solve(next, earlier, cancel, partial), this::show, e -> {
            background.problem(e);
            show(view.get().as(Status.FAILED, String.valueOf(e.getMessage())));
        });
    }

    /** True if the rounding of any weight looks at more than the weight. */
    private static boolean asks(ResolvedSettings resolved) {
        return resolved.tensors().stream()
                .anyMatch(tensor -> !tensor.isActivation() && !tensor.spec().isNearest());
    }

    private View solve(Asked of, Map<TensorId, SolvedWeight> earlier, CancelToken cancel, Consumer<View> partial) {
        SolvedModel held =
                SolvedModel.of(of.model, of.state, of.resolved, (id, key) -> Optional.ofNullable(kept.get(key)));
        if (held.open().isEmpty()) {
            return view(Status.HOLD, of, held, cancel);
        }
        View meanwhile = view(Status.WORKING, of, held.meanwhile(earlier), cancel);
        if (of.data.isEmpty()) {
            return meanwhile.as(Status.NO_DATA, "");
        }
        partial.accept(meanwhile);
        try (Jobs.Handle job = background.start("Rounding weights", cancel)) {
            SolvedModel solved = RoundingPass.run(
                            of.model, of.state, of.resolved, held.solved(), of.data.get(), job, cancel)
                    .solved();
            solved.solved().values().forEach(result -> kept.put(result.madeFrom(), result));
            return view(Status.HOLD, of, solved, cancel);
        } catch (CancellationException e) {
            background.ui().execute(() -> stopped(of));
            throw e;
        }
    }

    private View view(Status status, Asked of, SolvedModel solved, CancelToken cancel) {
        Map<TensorId, Measured> measured = new LinkedHashMap<>();
        solved.values().forEach((id, chosen) -> {
            ResolvedTensor tensor = solved.settings().find(id).orElse(null);
            if (tensor != null) {
                Tensor weight = of.model.find(id).orElseThrow();
                float[] values = chosen.data().toFloats();
                ErrorFigures error = ErrorFigures.of(ErrorPass.measure(weight, tensor.params(), values, cancel));
                boolean asAsked = of.resolved
                        .find(id)
                        .map(nearest -> nearest.params().equals(tensor.params()))
                        .orElse(true);
                measured.put(
                        id,
                        new Measured(
                                        tensor.spec(),
                                        asAsked
                                                ? tensor.requested()
                                                : tensor.params().effective(),
                                        tensor.params(),
                                        error)
                                .withOutput(measurements
                                        .outputs()
                                        .of(weight, of.importances, cancel)
                                        .map(layer -> layer.error(values, cancel))));
            }
        });
        List<String> notes = CodeNotes.of(of.model, of.state, solved.settings(), solved.solved());
        return new View(status, Optional.of(solved), measured, "", notes);
    }

    /** A person has cancelled, and nothing newer is waiting: what is there stays, and is marked. */
    private void stopped(Asked of) {
        if (of.equals(asked) && view.get().status() == Status.WORKING) {
            show(view.get().as(Status.STOPPED, ""));
        }
    }

    private void show(View next) {
        next.solved().filter(solved -> !solved.solved().isEmpty()).ifPresent(solved -> newest = solved.solved());
        if (!next.equals(view.get())) {
            view.set(next);
            bench.changes().behind(Changes.Stage.SOLUTIONS);
        }
    }

    /** The codes for a session file: those that hold for the present settings. */
    public Map<TensorId, SolvedWeight> toSave() {
        return view.get().solved().map(SolvedModel::solved).orElse(Map.of());
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
