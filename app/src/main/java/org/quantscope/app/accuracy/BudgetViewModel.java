package org.quantscope.app.accuracy;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.BudgetState.Choices;
import org.quantscope.app.accuracy.BudgetState.Found;
import org.quantscope.app.accuracy.BudgetState.Status;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.Comparison;
import org.quantscope.core.budget.MixedPrecision;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Question;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Spends a bit budget on the weights: measures on the calibration data which mixtures of bits lose least, lets a person
 * move the budget over what was measured, and gives the weights the bits of one mixture as one undo step. The accuracy
 * of the mixture in hand follows, batch by batch.
 */
public final class BudgetViewModel implements AutoCloseable {
    private static final String UNIT = "budget.unit";
    private static final String TARGET = "budget.target";
    private static final String ROUNDING = "budget.rounding";

    /**
     * Everything that the measured losses rest on.
     *
     * @param base the choices without bits that were given here
     * @param observed what is known of activations and of the inputs of layers, where the settings need it
     */
    private record Basis(
            Model model,
            Optional<Model> reference,
            SessionState base,
            List<Object> observed,
            Dataset data,
            Set<TensorId> pinned,
            List<Integer> widths,
            Unit unit) {}

    /** Settings that were given here, to the weights of a base: undo brings earlier ones back. */
    private record Given(SessionState base, Map<TensorId, Set<QuantSpec>> specs) {
        Given and(Map<TensorId, QuantSpec> more) {
            Map<TensorId, Set<QuantSpec>> all = new TreeMap<>(specs);
            more.forEach((id, spec) -> {
                Set<QuantSpec> known = new HashSet<>(all.getOrDefault(id, Set.of()));
                known.add(spec);
                all.put(id, known);
            });
            return new Given(base, all);
        }
    }

    /** Something to show on the way, or the end. */
    private record Step(double share, String what, Optional<Found> found) {}

    private record Settled(Assignment best, Map<TensorId, Double> alone, Found found, List<Assignment> measured) {}

    private record Scored(Assignment of, AccuracyEstimate figure) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final AccuracyViewModel accuracy;
    private final Background background;
    private final Settings settings;
    private final LatestWins<Step> measuring;
    private final LatestWins<Settled> settling;
    private final LatestWins<Scored> scoring;
    private final LatestWins<Comparison> comparing;
    private final ReadOnlyObjectWrapper<BudgetState> view;
    private Choices choices;
    private @Nullable Basis basis;
    private @Nullable MixedPrecision search;
    private @Nullable LiveEvaluator scoredBy;
    private List<Assignment> measured = List.of();
    private Optional<Given> given = Optional.empty();
    /** What the chosen assignment may cost, in the unit of the choices. */
    private double budget;

    private boolean applying;
    /** Where a gesture began. */
    private Optional<Assignment> before = Optional.empty();

    public BudgetViewModel(
            Workbench bench,
            Measurements measurements,
            AccuracyViewModel accuracy,
            Background background,
            Settings settings) {
        this.bench = bench;
        this.measurements = measurements;
        this.accuracy = accuracy;
        this.background = background;
        this.settings = settings;
        this.measuring = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.settling = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.scoring = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.comparing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.choices = remembered();
        this.view = new ReadOnlyObjectWrapper<>(BudgetState.nothing(Status.IMPOSSIBLE, "", choices));
        bench.modelProperty().subscribe(x -> given = Optional.empty());
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
        refresh();
    }

    private Choices remembered() {
        Unit unit =
                settings.text(UNIT).filter(Unit.BIT_OPERATIONS.name()::equals).isPresent()
                        ? Unit.BIT_OPERATIONS
                        : Unit.BYTES;
        BitTarget target = settings.text(TARGET)
                .flatMap(id ->
                        BitTarget.all().stream().filter(t -> t.id().equals(id)).findFirst())
                .orElse(BitTarget.FREE);
        String rounding = settings.text(ROUNDING)
                .filter(id -> Roundings.all().stream().anyMatch(r -> r.id().equals(id)))
                .orElse(QuantSpec.NEAREST);
        return new Choices(unit, target, rounding, false);
    }

    /** Takes other choices; those that losses rest on make it necessary to measure again. */
    public void choose(Choices other) {
        choices = other;
        settings.setText(UNIT, other.unit().name());
        settings.setText(TARGET, other.target().id());
        settings.setText(ROUNDING, other.rounding());
        view.set(view.get().with(other));
        refresh();
    }

    // What can be measured.

    private void refresh() {
        String why = obstacle();
        Basis next = why.isEmpty() ? basis() : null;
        if (!Objects.equals(next, basis)
                || !why.equals(
                        view.get().status() == Status.IMPOSSIBLE ? view.get().why() : "")) {
            drop();
            basis = next;
            view.set(BudgetState.nothing(next == null ? Status.IMPOSSIBLE : Status.READY, why, choices));
            return;
        }
        LiveEvaluator now = accuracy.evaluator();
        if (!Objects.equals(now, scoredBy)) {
            scoredBy = now;
            scoring.cancel();
            view.set(view.get().scored(Map.of(), Optional.empty()));
            view.get().chosen().ifPresent(this::score);
        }
        boolean applied = isApplied();
        if (applied != view.get().applied()) {
            view.set(view.get().applied(applied));
        }
    }

    private String obstacle() {
        if (bench.analysed().isEmpty() || bench.stateProperty().get().isEmpty()) {
            return "Open a model first (Ctrl+O).";
        }
        if (bench.analysed().get().graph().isEmpty()) {
            return "This file holds weights without a graph: there is nothing to run on data.";
        }
        if (bench.calibrationData().isEmpty()) {
            return "Which bits pay is measured on calibration data, a few hundred samples without labels: choose some"
                    + " under “Data…” (Ctrl+Shift+O).";
        }
        SessionState state = bench.stateProperty().get().get();
        if (bench.weights().stream().allMatch(w -> state.spec(w.info()).isEmpty())) {
            return "No weight is quantized: give the weights bits first.";
        }
        return measurements.snapshotProperty().get().obstacle().orElse("");
    }

    private Basis basis() {
        SessionState base = base(bench.stateProperty().get().orElseThrow());
        Calibration calibration = bench.calibration();
        boolean activations = base.activations().isPresent()
                || bench.activations().stream()
                        .anyMatch(a -> base.spec(a.info()).isPresent());
        return new Basis(
                bench.analysed().orElseThrow(),
                bench.reference(),
                base.withEvaluationData(Optional.empty()).withMetric(Optional.empty()),
                List.of(
                        activations ? calibration.sketches() : "",
                        base.needsImportance() || base.needsMoments() ? calibration.importances() : ""),
                bench.calibrationData().orElseThrow(),
                choices.all() ? Set.of() : base.overrides().keySet(),
                choices.target().widths(),
                choices.unit());
    }

    /** The choices without the bits that were given here and have not been changed since. */
    private SessionState base(SessionState state) {
        if (given.isEmpty()) {
            return state;
        }
        Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
        Map<TensorId, QuantSpec> earlier = given.get().base().overrides();
        given.get().specs().forEach((id, known) -> {
            QuantSpec now = own.get(id);
            if (now != null && known.contains(now)) {
                QuantSpec was = earlier.get(id);
                if (was == null) {
                    own.remove(id);
                } else {
                    own.put(id, was);
                }
            }
        });
        return state.withOverrides(own);
    }

    private void drop() {
        MixedPrecision old = letGo();
        if (old != null) {
            background.work().execute(old::close);
        }
    }

    private @Nullable MixedPrecision letGo() {
        measuring.cancel();
        settling.cancel();
        scoring.cancel();
        comparing.cancel();
        MixedPrecision old = search;
        search = null;
        measured = List.of();
        applying = false;
        before = Optional.empty();
        return old;
    }

    // Measuring.

    /** Measures which mixtures lose least, or goes on where it was stopped. */
    public void measure() {
        Basis of = basis;
        if (of == null || view.get().status() == Status.MEASURING) {
            return;
        }
        MixedPrecision held = search;
        Calibration calibration = bench.calibration();
        Resolver resolver = bench.resolver();
        view.set(view.get().at(Status.MEASURING, 0, "", ""));
        measuring.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Mixed precision", cancel)) {
                        MixedPrecision by = held != null ? held : open(of, calibration, resolver);
                        background.ui().execute(() -> opened(of, by));
                        by.front(
                                (done, total, what) -> {
                                    job.report(done, total, what);
                                    partial.accept(
                                            new Step((double) done / Math.max(1, total), what, Optional.empty()));
                                },
                                cancel);
                        return new Step(1, "", Optional.of(found(by, resolver, cancel)));
                    } catch (CancellationException e) {
                        background.ui().execute(() -> stopped(of));
                        throw e;
                    }
                },
                this::step,
                e -> failed("", e));
    }

    private static MixedPrecision open(Basis of, Calibration calibration, Resolver resolver) {
        Model model = Engine.scored(of.model, of.base.scored());
        LiveEvaluator evaluator =
                Engine.evaluatorBesideWindow(model, of.reference.orElse(model), of.data, Optional.empty(), 0);
        try {
            return new MixedPrecision(
                    new Question(of.model, of.base, calibration, of.pinned, of.widths, of.unit),
                    of.data,
                    evaluator,
                    resolver);
        } catch (RuntimeException e) {
            evaluator.close();
            throw e;
        }
    }

    private void opened(Basis of, MixedPrecision by) {
        if (of.equals(basis)) {
            search = by;
        } else {
            background.work().execute(by::close);
        }
    }

    private static Found found(MixedPrecision by, Resolver resolver, CancelToken cancel) {
        Question asked = by.asked();
        ResolvedSettings resolved =
                resolver.resolve(asked.model(), asked.state(), asked.calibration(), Progress.NONE, cancel);
        return new Found(
                by.front(Progress.NONE, cancel),
                by.isDivergence(),
                by.samples(),
                by.groups(),
                by.pinned(),
                asked.unit() == Unit.BIT_OPERATIONS ? by.uncounted() : Set.of(),
                CodeNotes.tables(asked.model(), resolved),
                by.evaluations());
    }

    private void step(Step step) {
        MixedPrecision by = search;
        if (step.found.isEmpty() || by == null) {
            view.set(view.get().at(Status.MEASURING, step.share, step.what, ""));
            return;
        }
        measured = by.measured();
        view.set(view.get().measured(step.found.get()));
        // The hand begins where the settings are, or at the nearest that there is.
        Unit unit = choices.unit();
        double now = measurements.snapshotProperty().get().size().quantizedBytes();
        chooseBy(now, unit == Unit.BYTES, Assignment::sizeBytes);
    }

    private void stopped(Basis of) {
        if (of.equals(basis) && view.get().status() == Status.MEASURING) {
            view.set(
                    view.get().at(Status.STOPPED, view.get().share(), view.get().progress(), ""));
        }
    }

    private void failed(String what, Throwable e) {
        applying = false;
        String why = what + e.getMessage();
        background.problem("Mixed precision: " + why);
        if (view.get().status() == Status.MEASURING) {
            view.set(view.get().at(Status.FAILED, 0, "", why));
        } else {
            view.set(view.get().busy(false).compared(view.get().comparison(), false));
        }
    }

    /** Stops measuring; what was measured is kept. */
    public void stop() {
        measuring.cancel();
    }

    // The budget.

    private interface Cost {
        double of(Assignment assignment);
    }

    /** Takes the assignment that loses least at a cost, of those that were measured. Nothing is applied. */
    public void chooseBudget(double most) {
        Unit unit = choices.unit();
        chooseBy(most, true, a -> a.in(unit));
    }

    /** The same by bytes, whatever the budget counts. */
    public void chooseBytes(double most) {
        chooseBy(most, choices.unit() == Unit.BYTES, Assignment::sizeBytes);
    }

    private void chooseBy(double most, boolean exact, Cost cost) {
        if (view.get().found().isEmpty() || measured.isEmpty()) {
            return;
        }
        Assignment best = measured.stream()
                .filter(a -> cost.of(a) <= most + 1e-9)
                .min(Comparator.comparingDouble(Assignment::loss))
                .orElseGet(() -> measured.stream()
                        .min(Comparator.comparingDouble(cost::of))
                        .orElseThrow());
        double costs = best.in(choices.unit());
        take(best, exact ? Math.max(most, costs) : costs);
    }

    /** Takes the next larger or smaller assignment of the front. */
    public void step(int by) {
        Assignment now = view.get().chosen().orElse(null);
        Found found = view.get().found().orElse(null);
        if (now == null || found == null) {
            return;
        }
        Unit unit = choices.unit();
        List<Assignment> front = found.front();
        Optional<Assignment> next = by > 0
                ? front.stream().filter(a -> a.in(unit) > now.in(unit)).findFirst()
                : front.reversed().stream()
                        .filter(a -> a.in(unit) < now.in(unit))
                        .findFirst();
        next.ifPresent(a -> take(a, a.in(unit)));
    }

    /** Takes the smallest or the largest assignment of the front. */
    public void end(boolean largest) {
        view.get().found().ifPresent(found -> {
            Assignment a = largest ? found.front().getLast() : found.front().getFirst();
            take(a, a.in(choices.unit()));
        });
    }

    private void take(Assignment one, double most) {
        budget = most;
        if (view.get().chosen().filter(one::equals).isPresent()) {
            return;
        }
        settling.cancel();
        applying = false;
        view.set(view.get().choosing(one, false, false, Map.of()));
        view.set(view.get().applied(isApplied()));
        score(one);
    }

    /** Marks where a gesture begins, so that it can be taken back. */
    public void begin() {
        before = view.get().chosen();
    }

    /** Takes the gesture back. */
    public void back() {
        before.ifPresent(a -> take(a, a.in(choices.unit())));
        before = Optional.empty();
    }

    /** Spends the room that the budget leaves, in the background. */
    public void settle() {
        MixedPrecision by = search;
        BudgetState now = view.get();
        before = Optional.empty();
        if (by == null || !now.isOpen() || now.settled()) {
            return;
        }
        double most = Math.max(budget, now.chosen().orElseThrow().in(choices.unit()));
        Resolver resolver = bench.resolver();
        view.set(now.busy(true));
        settling.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Mixed precision: the rest of the budget", cancel)) {
                        Assignment best = by.best(most, job, cancel);
                        Map<TensorId, Double> alone = by.alone(best, cancel);
                        return new Settled(best, alone, found(by, resolver, cancel), by.measured());
                    } catch (CancellationException e) {
                        background.ui().execute(() -> {
                            applying = false;
                            view.set(view.get().busy(false));
                        });
                        throw e;
                    }
                },
                this::settled,
                e -> failed("", e));
    }

    private void settled(Settled end) {
        measured = end.measured;
        Assignment was = view.get().chosen().orElseThrow();
        view.set(view.get().measured(end.found).choosing(end.best, true, false, end.alone));
        if (!was.equals(end.best)) {
            score(end.best);
        }
        if (applying) {
            applyNow();
        } else {
            view.set(view.get().applied(isApplied()));
        }
    }

    // Accuracy.

    private void score(Assignment one) {
        MixedPrecision by = search;
        LiveEvaluator on = accuracy.evaluator();
        scoredBy = on;
        if (by == null || on == null || view.get().scored().containsKey(one)) {
            scoring.cancel();
            return;
        }
        Resolver resolver = bench.resolver();
        scoring.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Accuracy of the mixture", cancel)) {
                        Question asked = by.asked();
                        ResolvedSettings resolved = resolver.resolve(
                                asked.model(), by.state(one), asked.calibration(), Progress.NONE, cancel);
                        return new Scored(
                                one,
                                on.evaluate(
                                        new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                                        cancel,
                                        part -> {
                                            job.report(
                                                    part.seen(),
                                                    part.total(),
                                                    part.seen() + " of " + part.total() + " samples");
                                            partial.accept(new Scored(one, part));
                                        }));
                    }
                },
                this::scored,
                e -> failed("accuracy: ", e));
    }

    private void scored(Scored now) {
        Map<Assignment, AccuracyEstimate> all = new HashMap<>(view.get().scored());
        if (now.figure.isComplete()) {
            all.put(now.of, now.figure);
        }
        boolean shown = view.get().chosen().filter(now.of::equals).isPresent();
        view.set(view.get()
                .scored(all, shown ? Optional.of(now.figure) : view.get().accuracy()));
    }

    // Giving the weights their bits.

    /** Gives the weights the bits of the chosen assignment and the chosen rounding, as one undo step. */
    public void apply() {
        BudgetState now = view.get();
        if (!now.isOpen()) {
            return;
        }
        if (now.settled()) {
            applyNow();
        } else {
            applying = true;
            settle();
        }
    }

    private void applyNow() {
        applying = false;
        Basis of = basis;
        Assignment chosen = view.get().chosen().orElse(null);
        if (of == null || chosen == null) {
            return;
        }
        Map<TensorId, QuantSpec> specs = specs(chosen);
        given = Optional.of(given.filter(g -> g.base.equals(of.base))
                .orElse(new Given(of.base, Map.of()))
                .and(specs));
        bench.apply(new Edit.AdoptAll(
                String.format(Locale.ROOT, "mixed precision, %.3g bits on average", chosen.averageBits()), specs));
        refresh();
    }

    private Map<TensorId, QuantSpec> specs(Assignment chosen) {
        MixedPrecision by = search;
        if (by == null) {
            return Map.of();
        }
        Map<TensorId, QuantSpec> specs = new TreeMap<>(
                Comparison.rounded(by.state(chosen), chosen, choices.rounding()).overrides());
        specs.keySet().retainAll(chosen.bits().keySet());
        return specs;
    }

    private boolean isApplied() {
        Assignment chosen = view.get().chosen().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        return chosen != null
                && search != null
                && state != null
                && state.overrides().entrySet().containsAll(specs(chosen).entrySet());
    }

    // Comparing.

    /** Compares with a better rounding at the cost in hand: the chosen one, or the usual one. */
    public void compare() {
        MixedPrecision by = search;
        Assignment near = view.get().chosen().orElse(null);
        if (by == null || near == null || !view.get().isOpen()) {
            return;
        }
        String rounding = choices.rounding().equals(QuantSpec.NEAREST) ? Comparison.USUAL : choices.rounding();
        List<Integer> uniforms = choices.target().uniforms();
        Optional<LiveEvaluator> on = Optional.ofNullable(accuracy.evaluator());
        Resolver resolver = bench.resolver();
        Dataset data = bench.calibrationData().orElseThrow();
        view.set(view.get().compared(Optional.empty(), true));
        comparing.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Bits or rounding", cancel)) {
                        return Comparison.of(by, near, uniforms, rounding, data, resolver, on, job, cancel);
                    } catch (CancellationException e) {
                        background.ui().execute(() -> view.set(view.get().compared(Optional.empty(), false)));
                        throw e;
                    }
                },
                made -> view.set(view.get().compared(Optional.of(made), false)),
                e -> failed("comparison: ", e));
    }

    public ReadOnlyObjectProperty<BudgetState> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** Cancels what runs and frees what it needs. */
    @Override
    public void close() {
        MixedPrecision old = letGo();
        basis = null;
        if (old != null) {
            old.close();
        }
    }
}
