package org.quantscope.app.device;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CancellationException;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.device.BudgetFigures;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.device.DeviceProfile;
import org.quantscope.core.device.DeviceShapes;
import org.quantscope.core.device.MeasuredSpeed;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.DeviceBudget;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;

/**
 * What the settings in hand ask of a device, beside a board, and how long both models take on this machine. Nothing is
 * computed while the view is not visible. Used on the FX thread only.
 */
public final class DeviceViewModel {
    private static final String BOARD = "device.board";

    /** What to show. */
    public sealed interface View {
        /** There are no figures, or none yet; {@code why} says why, and is empty if no model is open. */
        record Nothing(String why) implements View {}

        /**
         * The figures.
         *
         * @param board the board to compare with
         * @param speed what was measured with these settings
         * @param measuring true while it is being measured
         * @param budget each limit beside the value in hand
         * @param refused why what was typed last is no limit; empty if it is one
         */
        record Shown(
                DeviceCost cost,
                Optional<DeviceProfile> board,
                Optional<MeasuredSpeed> speed,
                boolean measuring,
                List<BudgetLine> budget,
                String refused)
                implements View {
            public Shown {
                budget = List.copyOf(budget);
            }
        }
    }

    /** Shapes of a model with certain data. */
    private record Known(Model model, Optional<Dataset> data, DeviceShapes shapes) {}

    private record Counted(Known known, DeviceCost cost) {}

    private final Workbench bench;
    private final ExportViewModel export;
    private final AccuracyViewModel accuracy;
    private final Settings settings;
    private final Background background;
    private final LatestWins<Counted> counting;
    private final LatestWins<Optional<MeasuredSpeed>> timing;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(new View.Nothing(""));
    private Optional<DeviceProfile> board;
    private boolean showing;
    private boolean measuring;
    private String refused = "";
    private @Nullable Known known;
    private @Nullable DeviceCost cost;
    private @Nullable ExportPlan measuredFor;
    private @Nullable MeasuredSpeed measured;

    public DeviceViewModel(
            Workbench bench,
            ExportViewModel export,
            AccuracyViewModel accuracy,
            Settings settings,
            Background background) {
        this.bench = bench;
        this.export = export;
        this.accuracy = accuracy;
        this.settings = settings;
        this.background = background;
        this.counting = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.timing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.board = settings.text(BOARD).flatMap(DeviceProfile::byId);
        export.planProperty().subscribe(x -> refresh());
        bench.modelProperty().subscribe(x -> refresh());
        bench.stateProperty().subscribe(x -> showAgain());
        accuracy.viewProperty().subscribe(x -> showAgain());
    }

    /** Says whether the view is visible. */
    public void setShowing(boolean on) {
        showing = on;
        if (!on) {
            counting.cancel();
        }
        refresh();
    }

    /** The boards to choose from. */
    public List<DeviceProfile> boards() {
        return DeviceProfile.all();
    }

    /** Compares with another board, or with none; remembered. */
    public void choose(Optional<DeviceProfile> other) {
        if (!other.equals(board)) {
            board = other;
            settings.setText(BOARD, other.map(DeviceProfile::id).orElse(""));
            refresh();
        }
    }

    private void refresh() {
        if (!showing) {
            return;
        }
        ExportPlan plan = export.planProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        if (model == null || model.graph().isEmpty() || plan == null) {
            counting.cancel();
            known = null;
            cost = null;
            view.set(new View.Nothing(
                    model == null
                            ? ""
                            : model.graph().isEmpty()
                                    ? "This file holds weights without a graph: what one sample costs is not known."
                                    : "The settings are not complete yet: activations need calibration data."));
            return;
        }
        Optional<Dataset> data = bench.evaluationData();
        Known before = known;
        Optional<DeviceProfile> with = board;
        Model counted = plan.model();
        counting.submit(
                (cancel, partial) -> {
                    Known now = before != null && before.model.equals(counted) && before.data.equals(data)
                            ? before
                            : new Known(counted, data, DeviceShapes.of(counted, data, cancel));
                    return new Counted(now, DeviceCost.of(now.shapes, plan.resolved(), with));
                },
                found -> {
                    known = found.known;
                    cost = found.cost;
                    show();
                },
                e -> {
                    cost = null;
                    view.set(new View.Nothing(String.valueOf(e.getMessage())));
                });
        if (cost == null) {
            view.set(new View.Nothing("Counting…"));
        } else {
            show();
        }
    }

    private void showAgain() {
        if (showing && view.get() instanceof View.Shown) {
            show();
        }
    }

    private void show() {
        DeviceCost now = cost;
        if (now != null) {
            Optional<MeasuredSpeed> speed = export.planProperty()
                    .get()
                    .filter(plan -> isSame(plan, measuredFor))
                    .flatMap(plan -> Optional.ofNullable(measured));
            view.set(new View.Shown(now, board, speed, measuring, lines(now, speed), refused));
        }
    }

    /** True if two plans are of one model with the same parameters; what else the session holds takes no time. */
    private static boolean isSame(ExportPlan plan, @Nullable ExportPlan other) {
        return other != null
                && plan.model().equals(other.model())
                && plan.resolved().equals(other.resolved())
                && plan.session().solved().equals(other.session().solved());
    }

    private List<BudgetLine> lines(DeviceCost now, Optional<MeasuredSpeed> speed) {
        DeviceBudget budget =
                bench.stateProperty().get().map(SessionState::budget).orElse(DeviceBudget.NONE);
        AccuracyState state = accuracy.viewProperty().get();
        boolean done = state.status() == AccuracyState.Status.DONE;
        Optional<Evaluation> evaluation = done ? state.evaluation() : Optional.empty();
        Set<Limit> pending = EnumSet.noneOf(Limit.class);
        if (speed.isEmpty()) {
            pending.add(Limit.MS);
        }
        if (state.status() == AccuracyState.Status.WAITING || state.status() == AccuracyState.Status.RUNNING) {
            pending.add(Limit.ACCURACY);
            pending.add(Limit.CLASS_ACCURACY);
        }
        DeviceBudget.Figure ms = speed.map(
                        of -> DeviceBudget.Figure.of(of.quantized().median()))
                .orElse(DeviceBudget.Figure.unknown("not measured yet"));
        return BudgetLine.of(
                budget,
                BudgetFigures.of(
                        now,
                        ms,
                        evaluation.map(Evaluation::accuracy),
                        evaluation.map(e -> ClassAccuracy.of(e.outcomes())).orElse(List.of())),
                pending);
    }

    /**
     * Sets a limit, as one undo step.
     *
     * @param typed a number as {@link Limit#unit} says, or nothing for no limit; what is neither is refused in words
     */
    public void setLimit(Limit limit, String typed) {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null) {
            return;
        }
        refused = "";
        try {
            OptionalDouble value = typed.isBlank() ? OptionalDouble.empty() : OptionalDouble.of(limit.parse(typed));
            bench.apply(new Edit.SetBudget(limit.in(state.budget(), value)));
        } catch (IllegalArgumentException e) {
            refused = String.valueOf(e.getMessage());
        }
        showAgain();
    }

    /** Measures the float model and the exported one with the settings in hand, in turn, with progress and cancel. */
    public void measure() {
        ExportPlan plan = export.planProperty().get().orElse(null);
        if (plan == null || measuring) {
            return;
        }
        measuring = true;
        show();
        Optional<Dataset> data = bench.evaluationData();
        timing.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Measuring both models", cancel)) {
                        return Optional.of(MeasuredSpeed.of(plan, data, 1, job, cancel));
                    } catch (CancellationException e) {
                        return Optional.empty();
                    }
                },
                found -> {
                    measuring = false;
                    found.ifPresent(speed -> {
                        measuredFor = plan;
                        measured = speed;
                    });
                    show();
                },
                e -> {
                    measuring = false;
                    background.problem("Measure: " + e.getMessage());
                    show();
                });
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
