package org.quantscope.app.departure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.departure.CompareState.First;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.departure.Alignment;
import org.quantscope.core.departure.Departure;
import org.quantscope.core.departure.NetworkComparison;
import org.quantscope.core.departure.Pairs;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;

/** Compares the open model with a deployed form of it, on the data that is open; pairs of tensors can be changed. */
public final class CompareViewModel {
    private static final String FEW = "100";

    /** A run, finished or not. */
    private record Run(String doing, double share, Optional<NetworkComparison> result) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<CompareState> view;
    private final Map<String, String> pairs = new LinkedHashMap<>();
    private @Nullable Path deployed;
    private String samples = FEW;
    private boolean running;
    private String doing = "";
    private double share = -1;
    private @Nullable NetworkComparison found;
    private Map<String, String> comparedWith = Map.of();
    private String outcome = "";

    public CompareViewModel(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(m -> forget());
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private void forget() {
        latest.cancel();
        running = false;
        found = null;
        deployed = null;
        pairs.clear();
        comparedWith = Map.of();
        outcome = "";
        refresh();
    }

    /** Chooses the deployed file or folder, and compares if that is possible. */
    public void choose(Path file) {
        if (running) {
            stop();
        }
        deployed = file;
        found = null;
        pairs.clear();
        comparedWith = Map.of();
        outcome = "";
        refresh();
        start();
    }

    /** Sets how many samples are compared; empty for all. */
    public void setSamples(String text) {
        samples = text.strip();
        refresh();
    }

    /**
     * Says which deployed tensor one of the float model is.
     *
     * @param to empty for none
     */
    public void pair(String name, String to) {
        // A deployed tensor is one tensor: who had it before has none.
        pairs.entrySet().removeIf(e -> !to.isEmpty() && e.getValue().equals(to));
        Row row = view.get().rows().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElse(null);
        if (row == null || row.deployed().equals(to)) {
            return;
        }
        pairs.put(name, to.isEmpty() ? Pairs.NONE : to);
        refresh();
    }

    private String badSamples() {
        if (samples.isEmpty()) {
            return "";
        }
        OptionalDouble n = Figures.parse(samples);
        return n.isEmpty() || n.getAsDouble() < 1 || n.getAsDouble() != Math.rint(n.getAsDouble())
                ? "a number of samples, 1 or more, is needed"
                : "";
    }

    private Optional<Dataset> data() {
        return bench.evaluationData().or(bench::calibrationData);
    }

    private String obstacle() {
        Model model = bench.analysed().orElse(null);
        if (model == null) {
            return "No model is open.";
        }
        if (model.graph().isEmpty()) {
            return "This file holds weights without a graph: there is nothing to run.";
        }
        if (model.own().isPresent()) {
            return "The open model is quantized itself: open its float original, and compare it with this file.";
        }
        return data().isEmpty() ? "Both are run on the same data, and there is none: choose some." : "";
    }

    /** Compares. Does nothing while that is impossible. */
    public void start() {
        Path file = deployed;
        Dataset data = data().orElse(null);
        Path floats = bench.stateProperty().get().map(s -> s.model().path()).orElse(null);
        if (!view.get().mayRun() || file == null || data == null || floats == null) {
            return;
        }
        OptionalDouble n = samples.isEmpty() ? OptionalDouble.empty() : Figures.parse(samples);
        Dataset some = n.isPresent() ? data.limit((int) Math.min(data.size(), n.getAsDouble())) : data;
        Map<String, String> given = Map.copyOf(pairs);
        running = true;
        doing = "";
        share = -1;
        outcome = "";
        refresh();
        latest.submit(
                (cancel, partial) -> run(floats, file, some, given, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    made.result.ifPresent(result -> {
                        running = false;
                        found = result;
                        comparedWith = given;
                        outcome = said(result);
                        result.first().ifPresent(d -> bench.select(d.name()));
                    });
                    refresh();
                },
                e -> {
                    running = false;
                    outcome = String.valueOf(e.getMessage());
                    background.problem("Compare: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(
            Path floats,
            Path file,
            Dataset data,
            Map<String, String> given,
            CancelToken cancel,
            Consumer<Run> partial) {
        try (Jobs.Handle job = background.start("Comparing with " + file.getFileName(), cancel)) {
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            NetworkComparison result = NetworkComparison.of(
                    new NetworkComparison.Task(ModelLoaders.open(floats), file, data, given), progress, cancel);
            return new Run("", 1, Optional.of(result));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (CancellationException e) {
            // From the list of jobs.
            background.ui().execute(() -> {
                if (running && !latest.isBusy()) {
                    stopped();
                }
            });
            throw e;
        }
    }

    /** Stops what runs. */
    public void stop() {
        if (running) {
            latest.cancel();
            stopped();
        }
    }

    private void stopped() {
        running = false;
        outcome = "Stopped.";
        refresh();
    }

    private static String said(NetworkComparison result) {
        if (result.tensors().isEmpty()) {
            return "Nothing was compared.";
        }
        int without = result.alignment().onlyFloat().size();
        return Figures.count(result.tensors().size()) + " tensors compared on " + Figures.count(result.samples())
                + (result.samples() == 1 ? " sample" : " samples")
                + (without == 0 ? "." : ", " + Figures.count(without) + " have no counterpart.")
                + (result.first().isEmpty() ? " Nothing departs: the deployed grids explain the error." : "");
    }

    /** Selects a tensor in the window. */
    public void select(String name) {
        bench.select(new TensorId(name));
    }

    private void refresh() {
        CompareState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private CompareState state() {
        NetworkComparison shown = found;
        Path file = deployed;
        return new CompareState(
                obstacle(),
                bench.analysed().flatMap(Model::graph).isPresent() && data().isEmpty(),
                file == null ? "" : Invisible.escaped(String.valueOf(file.getFileName())),
                samples,
                badSamples(),
                running,
                doing,
                share,
                shown == null ? List.of() : rows(shown),
                shown == null ? List.of() : deployedNames(shown),
                shown == null ? Optional.empty() : shown.first().map(CompareViewModel::first),
                shown == null ? List.of() : shown.notes(),
                outcome,
                shown != null && !pairs.equals(comparedWith));
    }

    private static First first(Departure d) {
        return new First(
                d.name().name(),
                d.cause().title(),
                d.part(),
                d.said(),
                d.figures().orElse(""));
    }

    private static List<String> deployedNames(NetworkComparison shown) {
        Set<String> names = new TreeSet<>(shown.alignment().onlyDeployed());
        shown.alignment().pairs().forEach(p -> names.add(p.deployed()));
        return List.copyOf(names);
    }

    private List<Row> rows(NetworkComparison shown) {
        Map<String, Alignment.Pair> found = shown.alignment().pairs().stream()
                .collect(Collectors.toMap(p -> p.name().name(), p -> p, (a, b) -> a));
        Map<String, List<String>> ambiguous = new HashMap<>();
        shown.alignment().ambiguous().forEach(a -> ambiguous.put(a.name().name(), a.candidates()));
        List<Row> rows = new ArrayList<>();
        for (NetworkComparison.Row row : shown.tensors()) {
            Alignment.Pair pair = found.get(row.name().name());
            String layout = pair == null || pair.layout().equals("same") ? "" : ", " + pair.layout();
            rows.add(row(
                    row.name().name(),
                    row.deployed(),
                    pair == null ? "" : pair.how().said() + layout,
                    row.errorDb(),
                    row.explainedDb(),
                    row.departs(),
                    shown.first().filter(d -> d.name().equals(row.name())).isPresent()));
        }
        for (String name : shown.alignment().onlyFloat()) {
            List<String> candidates = ambiguous.getOrDefault(name, List.of());
            rows.add(row(
                    name,
                    "",
                    candidates.isEmpty() ? "no counterpart" : "ambiguous: " + String.join(" or ", candidates),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    false,
                    shown.first().filter(d -> d.name().name().equals(name)).isPresent()));
        }
        return rows;
    }

    private Row row(
            String name,
            String deployed,
            String how,
            OptionalDouble error,
            OptionalDouble explained,
            boolean departs,
            boolean first) {
        String chosen = pairs.get(name);
        String now = chosen == null ? deployed : chosen.equals(Pairs.NONE) ? "" : chosen;
        return new Row(name, now, how, error, explained, departs, first, !now.equals(deployed));
    }

    public boolean isRunning() {
        return view.get().running();
    }

    /** True if {@link #start} would begin. */
    public boolean mayRun() {
        return view.get().mayRun();
    }

    /** Calls {@code listener} now and after each change. */
    public Subscription onChange(Runnable listener) {
        return view.subscribe(v -> listener.run());
    }

    ReadOnlyObjectProperty<CompareState> stateProperty() {
        return view.getReadOnlyProperty();
    }
}
