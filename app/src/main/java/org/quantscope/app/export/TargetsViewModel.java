package org.quantscope.app.export;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The formats with how ready the present settings are for each, what stands in the way of the chosen one and how to remove it, and
 * what its file would look like. Follows the settings while {@link #setShowing shown}. For the thread of the scene only.
 */
public final class TargetsViewModel {
    /** Formats that are offered first because they were used. */
    static final int RECENT = 5;

    private static final String RECENT_KEY = "export.recent";
    private static final String OPTION_KEY = "export.option.";
    /** Remedies may make way for each other this often. */
    private static final int ROUNDS = 8;

    /**
     * A format.
     *
     * @param problems in the order of the tensors
     * @param refused why its options are not taken; empty if they are
     * @param recent true if it was used lately
     */
    public record Target(Exporter exporter, List<ExportProblem> problems, Optional<String> refused, boolean recent) {
        public Target {
            problems = List.copyOf(problems);
        }

        public boolean ready() {
            return problems.isEmpty() && refused.isEmpty();
        }

        public long errors() {
            return problems.stream().filter(p -> p.severity() == Severity.ERROR).count();
        }

        public long fixes() {
            return problems.stream().filter(p -> p.fix().isPresent()).count();
        }

        /** For a person: {@code ready}, or how many problems. */
        public String state() {
            return refused.isPresent()
                    ? "option refused"
                    : problems.isEmpty()
                            ? "ready"
                            : problems.size() == 1 ? "1 problem" : Figures.count(problems.size()) + " problems";
        }

        /** What becomes of the settings, in a sentence. */
        public String verdict() {
            return refused.map(why -> "Not ready: " + why + ".")
                    .orElseGet(() -> problems.isEmpty()
                            ? "Every setting is taken as it is."
                            : problems.stream()
                                            .anyMatch(p -> p.severity() == Severity.ERROR
                                                    && p.tensor().isEmpty())
                                    ? "The file would be of no use."
                                    : errors() > 0
                                            ? tensors() + " cannot be carried and will be left as in the model."
                                            : settings(problems.size()) + " taken with a difference.");
        }

        private String tensors() {
            long n = problems.stream()
                    .filter(p -> p.severity() == Severity.ERROR)
                    .map(ExportProblem::tensor)
                    .distinct()
                    .count();
            return n == 1 ? "1 tensor" : Figures.count(n) + " tensors";
        }

        private static String settings(long n) {
            return n == 1 ? "1 setting is" : Figures.count(n) + " settings are";
        }

        /** What the format has no place for, in a sentence. */
        public String loses() {
            return exporter.loses().isEmpty()
                    ? "The format carries every part of the settings."
                    : "Not in this format: "
                            + exporter.loses().stream()
                                    .map(Exporter.Field::words)
                                    .collect(Collectors.joining(", ")) + ".";
        }
    }

    /**
     * What is on show.
     *
     * @param targets those that the filter lets through, recently used ones first
     * @param chosen empty before the first check
     * @param measured false while tensors are being measured, or nothing is open
     * @param previous true if the problems are those of earlier settings
     * @param options of the chosen format, by name, those left at their defaults too
     * @param preview of the chosen format's file
     * @param previewProblem why there is none: the file could not be written either
     * @param inHand the tensor whose lines are marked
     * @param busy true while remedies are being tried
     */
    public record View(
            List<Target> targets,
            Optional<Target> chosen,
            boolean measured,
            boolean previous,
            Map<String, String> options,
            Preview preview,
            Optional<String> previewProblem,
            Optional<TensorId> inHand,
            boolean busy) {
        public boolean mayExport() {
            return measured
                    && !previous
                    && previewProblem.isEmpty()
                    && chosen.map(t -> t.refused().isEmpty()).orElse(false);
        }

        /** True if the remedies are those of the present settings. */
        public boolean mayFix() {
            return measured && !previous && !busy;
        }
    }

    private static final View NOTHING = new View(
            List.of(),
            Optional.empty(),
            false,
            false,
            Map.of(),
            Preview.NONE,
            Optional.empty(),
            Optional.empty(),
            false);

    private record Checked(long version, ExportPlan plan, List<Target> targets) {}

    private record Written(long version, String format, Preview preview) {}

    private record Remedied(SessionState from, List<Edit> edits) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final ExportViewModel export;
    private final Settings settings;
    private final Background background;
    private final LatestWins<Checked> checking;
    private final LatestWins<Preview> previewing;
    private final LatestWins<Optional<Remedied>> fixing;
    private final StringProperty filter = new SimpleStringProperty(this, "filter", "");
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(NOTHING);
    private final Map<String, Map<String, String>> options = new HashMap<>();
    private List<Exporter> order = Exporters.all();
    private Set<String> recent = Set.of();
    private List<Target> all = List.of();
    private @Nullable ExportPlan checkedPlan;
    /** Counts the plans and options that there were. */
    private long version;

    private long checkedVersion = -1;
    private Exporter chosen = Exporters.all().getFirst();
    /** Written by one background piece at a time. */
    private volatile @Nullable Written written;

    private boolean showing;
    private boolean busy;

    public TargetsViewModel(
            Workbench bench,
            Measurements measurements,
            ExportViewModel export,
            Settings settings,
            Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.export = export;
        this.settings = settings;
        this.background = background;
        this.checking = background.latest(LatestWins.Mode.CONFLATE);
        this.previewing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.fixing = background.latest(LatestWins.Mode.CANCEL_STALE);
        for (Exporter exporter : Exporters.all()) {
            Map<String, String> given = new HashMap<>();
            for (OptionDoc option : exporter.options()) {
                settings.text(optionKey(exporter, option.name())).ifPresent(v -> given.put(option.name(), v));
            }
            options.put(exporter.id(), given);
        }
        export.planProperty().subscribe(x -> {
            version++;
            refresh();
        });
        bench.selectionProperty().subscribe(x -> preview());
        filter.subscribe(x -> filtered());
    }

    private static String optionKey(Exporter exporter, String option) {
        return OPTION_KEY + exporter.id() + "." + option;
    }

    /** Nothing is checked or written while nobody looks. */
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
            view.set(NOTHING);
            return;
        }
        List<String> used =
                settings.text(RECENT_KEY).map(t -> List.of(t.split(","))).orElse(List.of());
        List<Exporter> first = used.stream()
                .flatMap(id -> Exporters.all().stream().filter(e -> e.id().equals(id)))
                .distinct()
                .limit(RECENT)
                .toList();
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
        Map<String, Map<String, String>> given = new HashMap<>();
        options.forEach((id, values) -> given.put(id, Map.copyOf(values)));
        List<Exporter> exporters = order;
        Set<String> used = recent;
        long now = version;
        checking.submit(
                (cancel, partial) -> new Checked(
                        now,
                        plan,
                        exporters.stream()
                                .map(e -> check(
                                        e,
                                        plan.withOptions(given.getOrDefault(e.id(), Map.of())),
                                        used.contains(e.id()),
                                        cancel))
                                .toList()),
                this::take,
                e -> background.problem("Export: " + e.getMessage()));
        list();
    }

    private static Target check(Exporter exporter, ExportPlan plan, boolean used, CancelToken cancel) {
        cancel.check();
        try {
            exporter.checkOptions(plan.options());
        } catch (IllegalArgumentException e) {
            return new Target(
                    exporter,
                    exporter.check(plan),
                    Optional.of(String.valueOf(e.getMessage()).replace("format." + exporter.id() + ".", "")),
                    used);
        }
        try {
            return new Target(exporter, exporter.check(plan), Optional.empty(), used);
        } catch (BadInputException e) {
            return new Target(exporter, List.of(), Optional.of(String.valueOf(e.getMessage())), used);
        }
    }

    private void take(Checked checked) {
        all = checked.targets;
        checkedPlan = checked.plan;
        checkedVersion = checked.version;
        list();
        preview();
    }

    /** What is exported is never a format that the filter hides, if it shows any. */
    private void filtered() {
        List<Target> shown = shown();
        if (!shown.isEmpty() && shown.stream().noneMatch(t -> t.exporter.equals(chosen))) {
            choose(shown.getFirst().exporter);
        } else {
            list();
        }
    }

    private List<Target> shown() {
        String wanted = filter.get().strip().toLowerCase(Locale.ROOT);
        return all.stream()
                .filter(t -> (t.exporter.title() + " " + t.exporter.id() + " " + t.exporter.extension())
                        .toLowerCase(Locale.ROOT)
                        .contains(wanted))
                .toList();
    }

    /** Shows what is known. */
    private void list() {
        if (!showing) {
            return;
        }
        List<Target> shown = shown();
        Optional<ExportPlan> plan = export.planProperty().get();
        boolean previous = plan.isEmpty() || checkedVersion != version;
        View v = view.get();
        view.set(new View(
                shown,
                target(chosen),
                plan.isPresent(),
                previous,
                optionsOf(chosen),
                v.preview,
                v.previewProblem,
                bench.selectionProperty().get(),
                busy));
    }

    private Optional<Target> target(Exporter exporter) {
        return all.stream().filter(t -> t.exporter.id().equals(exporter.id())).findFirst();
    }

    private Map<String, String> optionsOf(Exporter exporter) {
        Map<String, String> values = new LinkedHashMap<>();
        Map<String, String> given = options.getOrDefault(exporter.id(), Map.of());
        exporter.options().forEach(o -> values.put(o.name(), given.getOrDefault(o.name(), o.defaultValue())));
        return values;
    }

    private void preview() {
        ExportPlan base = checkedPlan;
        Target target = target(chosen).orElse(null);
        if (!showing || base == null || target == null) {
            return;
        }
        if (target.refused.isPresent()) {
            previewing.cancel();
            show(Preview.NONE, target.refused);
            return;
        }
        Exporter exporter = chosen;
        ExportPlan plan = planFor(base, exporter);
        Optional<TensorId> inHand = bench.selectionProperty().get();
        long of = checkedVersion;
        String name = String.valueOf(export.suggestion(exporter).getFileName());
        previewing.submit(
                (cancel, partial) -> {
                    Written known = written;
                    if (known == null || !known.format.equals(exporter.id()) || known.version != of) {
                        known = new Written(
                                of, exporter.id(), Preview.of(exporter, plan, name, target.problems, cancel));
                        written = known;
                    }
                    Preview plain = known.preview;
                    return inHand.map(plain::marked).orElse(plain);
                },
                ready -> show(ready, Optional.empty()),
                e -> show(Preview.NONE, Optional.of(String.valueOf(e.getMessage()))));
    }

    private ExportPlan planFor(ExportPlan base, Exporter exporter) {
        return base.withOptions(options.getOrDefault(exporter.id(), Map.of()));
    }

    private void show(Preview preview, Optional<String> problem) {
        View v = view.get();
        view.set(new View(
                v.targets,
                v.chosen,
                v.measured,
                v.previous,
                v.options,
                preview,
                problem,
                bench.selectionProperty().get(),
                v.busy));
    }

    /** Takes a format in hand. */
    public void choose(Exporter exporter) {
        if (!exporter.id().equals(chosen.id())) {
            chosen = exporter;
            list();
            preview();
        }
    }

    /** Sets an option of the chosen format; problems and preview follow. It is remembered. */
    public void setOption(String name, String value) {
        Map<String, String> given = options.computeIfAbsent(chosen.id(), id -> new TreeMap<>());
        if (value.equals(optionsOf(chosen).get(name))) {
            return;
        }
        given.put(name, value);
        settings.setText(optionKey(chosen, name), value);
        version++;
        refresh();
    }

    /** The options of the chosen format that differ from what it takes by itself. */
    public Map<String, String> given() {
        return Map.copyOf(options.getOrDefault(chosen.id(), Map.of()));
    }

    public Exporter chosen() {
        return chosen;
    }

    /** A tensor as the window calls it, and as the files do if that is something else. */
    public String name(String tensor) {
        return bench.subject(new TensorId(tensor))
                .map(s -> s.shortName().equals(tensor) ? tensor : s.shortName() + " · " + tensor)
                .orElse(tensor);
    }

    /** Takes the tensor of a problem in hand. */
    public void select(ExportProblem problem) {
        if (!problem.tensor().isEmpty()) {
            bench.select(new TensorId(problem.tensor()));
        }
    }

    /** Applies the remedy of one problem as one step. False if it has none, or if it belongs to earlier settings. */
    public boolean fix(ExportProblem problem) {
        boolean present = view.get().mayFix()
                && target(chosen).map(t -> t.problems.contains(problem)).orElse(false);
        if (!present || problem.fix().isEmpty()) {
            return false;
        }
        bench.apply(problem.fix().get());
        return true;
    }

    /**
     * Applies the remedies of all problems of the chosen format as one step. A tensor with several problems gets its remedies one
     * after the other, each for what the one before made of it.
     */
    public void fixAll() {
        View v = view.get();
        ExportPlan plan = export.planProperty().get().orElse(null);
        if (!v.mayFix() || plan == null || v.chosen.map(Target::fixes).orElse(0L) == 0) {
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
                    // The job has a token of its own, so that a person who cancels it gets the buttons back.
                    CancelToken byHand = new CancelToken();
                    try (Jobs.Handle job = background.start("Applying remedies", byHand)) {
                        return Optional.of(remedied(
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

    private void adopt(Exporter exporter, Remedied found) {
        if (bench.stateProperty().get().filter(found.from::equals).isEmpty()) {
            background.problem("Export: the settings have changed; the remedies were not applied");
            return;
        }
        bench.apply(new Edit.All("remedies for " + exporter.title(), found.edits));
    }

    private static Remedied remedied(
            Exporter exporter,
            ExportPlan start,
            Map<TensorId, QuantizableTensor> subjects,
            Calibration calibration,
            Resolver resolver,
            Jobs.Handle job,
            CancelToken cancel) {
        List<Edit> edits = new ArrayList<>();
        ExportPlan plan = start;
        for (int round = 0; round < ROUNDS; round++) {
            job.report(round, ROUNDS, exporter.title());
            List<Edit> next = firstOfEach(exporter.check(plan));
            SessionState state = new Edit.All("", next).apply(plan.state());
            if (next.isEmpty() || state.equals(plan.state())) {
                break;
            }
            edits.addAll(next);
            if (!next.stream().allMatch(e -> e instanceof Edit.SetOverride s && subjects.containsKey(s.id()))) {
                // What follows from it is known when the model has been analysed again.
                break;
            }
            List<QuantizedTensor> known = QuantizedTensor.of(plan.model(), state, calibration).stream()
                    .filter(t -> t.request().obstacle().isEmpty())
                    .toList();
            plan = new ExportPlan(
                    plan.model(),
                    new Session(state, resolver.ranges(state, calibration, cancel)),
                    resolver.resolve(plan.model(), known, Progress.NONE, cancel),
                    plan.options(),
                    plan.place());
        }
        return new Remedied(start.state(), edits);
    }

    private static List<Edit> firstOfEach(List<ExportProblem> problems) {
        Map<String, Edit> first = new LinkedHashMap<>();
        for (ExportProblem p : problems) {
            p.fix()
                    .ifPresent(edit ->
                            first.putIfAbsent(edit instanceof Edit.SetOverride s ? s.id().name() : p.tensor(), edit));
        }
        return List.copyOf(first.values());
    }

    /** The chosen format was used: it comes first from now on. */
    public void used() {
        List<String> ids = new ArrayList<>(
                settings.text(RECENT_KEY).map(t -> List.of(t.split(","))).orElse(List.of()));
        ids.remove(chosen.id());
        ids.addFirst(chosen.id());
        settings.setText(
                RECENT_KEY,
                ids.stream().filter(id -> !id.isBlank()).limit(RECENT).collect(Collectors.joining(",")));
    }

    /** Part of a title, an id or a file ending. */
    public StringProperty filterProperty() {
        return filter;
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
