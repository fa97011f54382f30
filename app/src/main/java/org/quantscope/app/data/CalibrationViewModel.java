package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Whether the calibration data is good enough: how ranges settle, who sets them, which samples are odd; these can be left
 * out, one undo step each. Used on the FX thread only.
 */
public final class CalibrationViewModel {
    /** What was asked: the same question has the same answer. */
    private record Asked(Model model, Dataset data, Optional<Dataset> evaluation, QuantSpec spec) {}

    private record Found(DataCheck check, Map<TensorId, Double> outside, List<CalibrationState.Tile> odd) {}

    /** A run, finished or not. */
    private record Run(String doing, double share, Optional<Found> found) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<CalibrationState> view;
    private boolean running;
    private String doing = "";
    private double share = -1;
    private @Nullable Asked answered;
    private @Nullable Found found;

    public CalibrationViewModel(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(m -> {
            stop();
            found = null;
            answered = null;
            refresh();
        });
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private Optional<Asked> asked() {
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.calibrationData().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        return model == null || data == null || state == null || model.graph().isEmpty()
                ? Optional.empty()
                : Optional.of(new Asked(
                        model, data, bench.evaluationData(), state.activations().orElse(QuantSpec.ACTIVATIONS)));
    }

    private String obstacle() {
        Model model = bench.analysed().orElse(null);
        return model == null
                ? "No model is open."
                : model.graph().isEmpty()
                        ? "This file holds weights without a graph: there are no activations to calibrate."
                        : bench.calibrationData().isEmpty() ? "There is no calibration data yet: choose some." : "";
    }

    /** Looks at the data, with progress and cancel. Does nothing while that is impossible. */
    public void start() {
        Asked now = asked().orElse(null);
        if (now == null) {
            return;
        }
        running = true;
        doing = "";
        share = -1;
        refresh();
        latest.submit(
                (cancel, partial) -> run(now, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    made.found.ifPresent(f -> {
                        running = false;
                        found = f;
                        answered = now;
                    });
                    refresh();
                },
                e -> {
                    running = false;
                    background.problem("Calibration data: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(Asked now, CancelToken cancel, Consumer<Run> partial) {
        try (Jobs.Handle job = background.start("Looking at the calibration data", cancel)) {
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            Map<TensorId, MomentSketch> seen =
                    Engine.observe(now.model, now.data, progress, cancel).sketches();
            DataCheck check = DataCheck.of(now.model, now.data, now.spec, seen, progress, cancel);
            Map<TensorId, Double> outside = new HashMap<>();
            if (now.evaluation.isPresent()) {
                Engine.observe(now.model, now.evaluation.get(), progress, cancel)
                        .sketches()
                        .forEach((id, other) -> {
                            MomentSketch known = seen.get(id);
                            if (known != null && known.count() > 0 && other.count() > 0) {
                                double within = other.countWithin(known.min(), known.max());
                                outside.put(id, Math.max(0, 1 - within / other.count()));
                            }
                        });
            }
            Dataset whole = SampleSubset.undropped(now.data);
            List<CalibrationState.Tile> odd = new ArrayList<>();
            for (DataCheck.Odd o : check.odd()) {
                cancel.check();
                odd.add(new CalibrationState.Tile(o.index(), o.why(), o.moved(), whole.picture(o.index())));
            }
            return new Run("", 1, Optional.of(new Found(check, Map.copyOf(outside), odd)));
        } catch (CancellationException e) {
            // From the list of jobs.
            background.ui().execute(() -> {
                if (running && !latest.isBusy()) {
                    running = false;
                    refresh();
                }
            });
            throw e;
        }
    }

    /** Stops what runs; what was found before stays. */
    public void stop() {
        if (running) {
            latest.cancel();
            running = false;
            refresh();
        }
    }

    /**
     * Leaves a sample out of the calibration data, or uses it again, as one undo step; the ranges follow, and the rest is
     * looked at again.
     *
     * @param sample in the file, from 0
     */
    public void leaveOut(int sample, boolean out) {
        Dataset data = bench.calibrationData().orElse(null);
        if (data == null) {
            return;
        }
        Dataset whole = SampleSubset.undropped(data);
        SortedSet<Integer> left = new TreeSet<>(data.dropped());
        boolean changes = out ? left.add(sample) : left.remove(sample);
        if (!changes || sample >= whole.size()) {
            return;
        }
        if (left.size() == whole.size()) {
            background.problem("Calibration data: one sample at least must stay.");
            return;
        }
        bench.apply(new Edit.LeaveOut(sample, out, bench.keep(SampleSubset.dropping(whole, left))));
        start();
    }

    private void refresh() {
        CalibrationState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private CalibrationState state() {
        Found shown = found;
        SortedSet<Integer> left = bench.calibrationData().map(Dataset::dropped).orElse(new TreeSet<>());
        return new CalibrationState(
                obstacle(),
                bench.analysed().flatMap(Model::graph).isPresent()
                        && bench.calibrationData().isEmpty(),
                running,
                doing,
                share,
                shown == null ? "" : shown.check.sentence(),
                shown != null && !asked().equals(Optional.ofNullable(answered)),
                shown == null ? List.of() : rows(shown),
                shown == null
                        ? List.of()
                        : shown.odd.stream()
                                .filter(tile -> !left.contains(tile.index()))
                                .toList(),
                left,
                shown == null ? List.of() : shown.check.notes());
    }

    private static List<CalibrationState.Row> rows(Found shown) {
        return shown.check.tensors().stream()
                .map(of -> new CalibrationState.Row(
                        of.id().name(),
                        QuantizableTensor.activationName(of.id().name()),
                        text(of.range()),
                        of.setBy(),
                        text(of.without()),
                        of.narrowed(),
                        Optional.ofNullable(shown.outside.get(of.id()))
                                .map(OptionalDouble::of)
                                .orElse(OptionalDouble.empty()),
                        of.course()))
                .sorted(Comparator.comparingDouble(CalibrationState.Row::narrowed)
                        .reversed())
                .toList();
    }

    private static String text(ClipRange range) {
        return Figures.small(range.lo()) + " … " + Figures.small(range.hi());
    }

    public ReadOnlyObjectProperty<CalibrationState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
