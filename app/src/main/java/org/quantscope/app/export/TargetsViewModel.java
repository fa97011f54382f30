package org.quantscope.app.export;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.tensor.TensorId;

/**
 * The export formats: how ready the present settings are for each, the problems of the chosen format with their
 * remedies, and a preview of its file. Follows the settings while it is {@link #setShowing shown}. Used on the FX
 * thread only.
 */
public final class TargetsViewModel {
    private record Checked(long version, ExportPlan plan, List<CheckedFormat> targets) {}

    private record Written(long version, String format, Preview preview) {}

    private final Workbench bench;
    private final ExportViewModel export;
    private final FormatMemory memory;
    private final Background background;
    private final LatestWins<Checked> checking;
    private final LatestWins<Preview> previewing;
    private final LatestWins<Optional<Remedies>> fixing;
    private final StringProperty filter = new SimpleStringProperty(this, "filter", "");
    private final ReadOnlyObjectWrapper<TargetsState> view = new ReadOnlyObjectWrapper<>(TargetsState.NOTHING);
    private List<Exporter> order = Exporters.all();
    private Set<String> recent = Set.of();
    private List<CheckedFormat> all = List.of();
    private @Nullable ExportPlan checkedPlan;
    /** Increases with each new plan or option, so that late results can be recognized. */
    private long version;

    private long checkedVersion = -1;
    private Exporter chosen = Exporters.all().getFirst();
    /** Only one background task at a time writes it. */
    private volatile @Nullable Written written;

    private boolean showing;
    private boolean busy;

    public TargetsViewModel(Workbench bench, ExportViewModel export, Settings settings, Background background) {
        this.bench = bench;
        this.export = export;
        this.memory = new FormatMemory(settings);
        this.background = background;
        this.checking = background.latest(LatestWins.Mode.CONFLATE);
        this.previewing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.fixing = background.latest(LatestWins.Mode.CANCEL_STALE);
        export.planProperty().subscribe(x -> {
            version++;
            refresh();
        });
        bench.selectionProperty().subscribe(x -> preview());
        filter.subscribe(x -> filtered());
    }

    /** Says whether the view is visible; nothing is checked or written while it is not. */
    public void setShowing(boolean on) {
        showing = on;
        if (!on) {
            checking.cancel();
            previewing.cancel();
            fixing.cancel();
            busy = false;
            written = null;
            all = List.of();
            checkedPlan = null;
            checkedVersion = -1;
            filter.set("");
            view.set(TargetsState.NOTHING);
            return;
        }
        List<Exporter> first = memory.recent();
        recent = first.stream().map(Exporter::id).collect(Collectors.toSet());
        order = Stream.concat(first.stream(), Exporters.all().stream())
                .distinct()
                .toList();
        chosen = order.getFirst();
        refresh();
    }

    private void refresh() {
        if (!showing) {
            return;
        }
        ExportPlan plan = export.planProperty().get().orElse(null);
        if (plan == null) {
            checking.cancel();
            previewing.cancel();
            list();
            return;
        }
        Map<Exporter, Map<String, String>> given = new HashMap<>();
        order.forEach(e -> given.put(e, memory.given(e)));
        List<Exporter> exporters = order;
        Set<String> used = recent;
        long now = version;
        checking.submit(
                (cancel, partial) -> new Checked(
                        now,
                        plan,
                        exporters.stream()
                                .map(e -> CheckedFormat.of(
                                        e,
                                        plan.withOptions(given.getOrDefault(e, Map.of())),
                                        used.contains(e.id()),
                                        cancel))
                                .toList()),
                this::take,
                e -> background.problem("Export: " + e.getMessage()));
        list();
    }

    private void take(Checked checked) {
        all = checked.targets;
        checkedPlan = checked.plan;
        checkedVersion = checked.version;
        list();
        preview();
    }

    /** Chooses a format that passes the filter, if any does: a hidden one must not be exported. */
    private void filtered() {
        List<CheckedFormat> shown = shown();
        if (!shown.isEmpty() && shown.stream().noneMatch(t -> t.exporter().equals(chosen))) {
            choose(shown.getFirst().exporter());
        } else {
            list();
        }
    }

    private List<CheckedFormat> shown() {
        String wanted = filter.get().strip().toLowerCase(Locale.ROOT);
        return all.stream()
                .filter(t -> (t.exporter().title() + " " + t.exporter().id() + " "
                                + t.exporter().extension())
                        .toLowerCase(Locale.ROOT)
                        .contains(wanted))
                .toList();
    }

    /** Shows what is known so far. */
    private void list() {
        if (!showing) {
            return;
        }
        List<CheckedFormat> shown = shown();
        Optional<ExportPlan> plan = export.planProperty().get();
        boolean previous = plan.isEmpty() || checkedVersion != version;
        view.set(view.get()
                .withFormats(shown, target(chosen), memory.values(chosen))
                .withProgress(plan.isPresent() ? Optional.empty() : Optional.of(export.waitsFor()), previous, busy)
                .withSelected(bench.selectionProperty().get()));
    }

    private Optional<CheckedFormat> target(Exporter exporter) {
        return all.stream().filter(t -> t.exporter().id().equals(exporter.id())).findFirst();
    }

    private void preview() {
        ExportPlan base = checkedPlan;
        CheckedFormat target = target(chosen).orElse(null);
        if (!showing || base == null || target == null) {
            return;
        }
        if (target.refused().isPresent()) {
            previewing.cancel();
            show(Preview.NONE, target.refused());
            return;
        }
        Exporter exporter = chosen;
        ExportPlan plan = planFor(base, exporter);
        Optional<TensorId> selected = bench.selectionProperty().get();
        long of = checkedVersion;
        String name = String.valueOf(export.suggestion(exporter).getFileName());
        previewing.submit(
                (cancel, partial) -> {
                    Written known = written;
                    if (known == null || !known.format.equals(exporter.id()) || known.version != of) {
                        known = new Written(
                                of, exporter.id(), Preview.of(exporter, plan, name, target.problems(), cancel));
                        written = known;
                    }
                    Preview plain = known.preview;
                    return selected.map(plain::marked).orElse(plain);
                },
                ready -> show(ready, Optional.empty()),
                e -> show(Preview.NONE, Optional.of(String.valueOf(e.getMessage()))));
    }

    private ExportPlan planFor(ExportPlan base, Exporter exporter) {
        return base.withOptions(memory.given(exporter));
    }

    private void show(Preview preview, Optional<String> problem) {
        view.set(view.get()
                .withPreview(preview, problem)
                .withSelected(bench.selectionProperty().get()));
    }

    /** Chooses a format. */
    public void choose(Exporter exporter) {
        if (!exporter.id().equals(chosen.id())) {
            chosen = exporter;
            list();
            preview();
        }
    }

    /** Sets an option of the chosen format, and remembers it. Problems and preview follow. */
    public void setOption(String name, String value) {
        if (memory.set(chosen, name, value)) {
            version++;
            refresh();
        }
    }

    /** The options of the chosen format that differ from their defaults. */
    public Map<String, String> given() {
        return memory.given(chosen);
    }

    public Exporter chosen() {
        return chosen;
    }

    /** The name of a tensor in the window, with its name in files if that is different. */
    public String name(String tensor) {
        String shown = Invisible.escaped(tensor);
        return bench.subject(new TensorId(tensor))
                .map(QuantizableTensor::shortName)
                .filter(name -> !name.equals(shown))
                .map(name -> name + " · " + shown)
                .orElse(shown);
    }

    /** Selects the tensor that a problem is about. */
    public void select(ExportProblem problem) {
        if (!problem.tensor().isEmpty()) {
            bench.select(new TensorId(problem.tensor()));
        }
    }

    /**
     * Applies the remedy of one problem as one undo step.
     *
     * @return false if there is no remedy, or if the problem belongs to earlier settings
     */
    public boolean fix(ExportProblem problem) {
        boolean present = view.get().mayFix()
                && target(chosen).map(t -> t.problems().contains(problem)).orElse(false);
        if (!present || problem.fix().isEmpty()) {
            return false;
        }
        bench.apply(problem.fix().get());
        return true;
    }

    /**
     * Applies the remedies of all problems of the chosen format as one undo step. If a tensor has several problems,
     * each remedy is found for the setting that the one before it gave.
     */
    public void fixAll() {
        TargetsState v = view.get();
        ExportPlan plan = export.planProperty().get().orElse(null);
        if (!v.mayFix() || plan == null || v.chosen().map(CheckedFormat::fixes).orElse(0L) == 0) {
            return;
        }
        Exporter exporter = chosen;
        Map<TensorId, QuantizableTensor> subjects = new HashMap<>();
        bench.weights().forEach(w -> subjects.put(w.id(), w));
        bench.activations().forEach(a -> subjects.put(a.id(), a));
        Calibration calibration = bench.calibration();
        Resolver resolver = bench.resolver();
        ExportPlan start = planFor(plan, exporter);
        busy = true;
        fixing.submit(
                (cancel, partial) -> {
                    // The job has its own token, so that the buttons become active again when the user cancels it.
                    CancelToken byHand = new CancelToken();
                    try (Jobs.Handle job = background.start("Applying remedies", byHand)) {
                        return Optional.of(Remedies.of(
                                exporter,
                                start,
                                subjects,
                                calibration,
                                resolver,
                                job,
                                CancelToken.when(() -> cancel.isCancelled() || byHand.isCancelled())));
                    } catch (CancellationException e) {
                        return Optional.empty();
                    }
                },
                some -> {
                    busy = false;
                    some.ifPresent(found -> adopt(exporter, found));
                    list();
                },
                e -> {
                    busy = false;
                    background.problem("Export: " + e.getMessage());
                    list();
                });
        list();
    }

    private void adopt(Exporter exporter, Remedies found) {
        if (bench.stateProperty().get().filter(found.from()::equals).isEmpty()) {
            background.problem("Export: the settings have changed; the remedies were not applied");
            return;
        }
        bench.apply(new Edit.All("remedies for " + exporter.title(), found.edits()));
    }

    /** Records that the chosen format was used: from now on it is listed first. */
    public void used() {
        memory.used(chosen);
    }

    /** The filter of the formats: a part of a title, an id or a file ending. */
    public StringProperty filterProperty() {
        return filter;
    }

    public ReadOnlyObjectProperty<TargetsState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
