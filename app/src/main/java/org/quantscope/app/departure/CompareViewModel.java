package org.quantscope.app.departure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.departure.CompareState.Which;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.departure.ComparedForms;
import org.quantscope.core.departure.NetworkComparison;
import org.quantscope.core.departure.TwoForms;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;

/**
 * Compares the open model with a deployed form of it, or with two, on the data that is open; pairs of tensors can be
 * changed.
 */
public final class CompareViewModel {
    private static final String FEW = "100";

    /** A run, finished or not. */
    private record Run(String doing, double share, Optional<ComparedForms> result) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Run> latest;
    private final FormResult one = new FormResult();
    private final FormResult two = new FormResult();
    private final ReadOnlyObjectWrapper<CompareState> view;
    private @Nullable TwoForms between;
    private String samples = FEW;
    private boolean running;
    private String doing = "";
    private double share = -1;
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
        one.choose(null);
        two.choose(null);
        between = null;
        outcome = "";
        refresh();
    }

    /** Chooses the deployed file or folder, and compares if that is possible. */
    public void choose(Path file) {
        chose(one, file);
        start();
    }

    /** Chooses a second deployed file or folder, to see which of the two is nearer, and compares if that is possible. */
    public void chooseSecond(Path file) {
        chose(two, file);
        start();
    }

    /** Forgets the second form. What was found of the first remains. */
    public void removeSecond() {
        chose(two, null);
    }

    private void chose(FormResult form, @Nullable Path file) {
        if (running) {
            stop();
        }
        form.choose(file);
        between = null;
        outcome = "";
        refresh();
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
    void pair(Which form, String name, String to) {
        (form == Which.FIRST ? one : two).pair(name, to);
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
        ComparedForms.Form first = one.asked().orElse(null);
        Dataset data = data().orElse(null);
        Path floats = bench.stateProperty().get().map(s -> s.model().path()).orElse(null);
        if (!view.get().mayRun() || first == null || data == null || floats == null) {
            return;
        }
        Optional<ComparedForms.Form> second = two.asked();
        OptionalDouble n = samples.isEmpty() ? OptionalDouble.empty() : Figures.parse(samples);
        Dataset some = n.isPresent() ? data.limit((int) Math.min(data.size(), n.getAsDouble())) : data;
        running = true;
        doing = "";
        share = -1;
        outcome = "";
        refresh();
        latest.submit(
                (cancel, partial) -> run(floats, first, second, some, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    made.result.ifPresent(result -> took(result, first, second));
                    refresh();
                },
                e -> {
                    running = false;
                    outcome = String.valueOf(e.getMessage());
                    background.problem("Compare: " + e.getMessage());
                    refresh();
                });
    }

    private void took(ComparedForms result, ComparedForms.Form first, Optional<ComparedForms.Form> second) {
        running = false;
        one.took(result.first(), first);
        result.second().ifPresent(s -> two.took(s.alone(), second.orElseThrow()));
        between = result.second().flatMap(ComparedForms.Second::between).orElse(null);
        outcome = said(result);
        Stream.concat(
                        result.first().first().stream(),
                        result.second().flatMap(s -> s.alone().first()).stream())
                .findFirst()
                .ifPresent(d -> bench.select(d.name()));
    }

    private Run run(
            Path floats,
            ComparedForms.Form first,
            Optional<ComparedForms.Form> second,
            Dataset data,
            CancelToken cancel,
            Consumer<Run> partial) {
        String with = first.file().getFileName()
                + second.map(s -> " and " + s.file().getFileName()).orElse("");
        try (Jobs.Handle job = background.start("Comparing with " + with, cancel)) {
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            ComparedForms result = ComparedForms.of(ModelLoaders.open(floats), data, first, second, progress, cancel);
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

    private static String said(ComparedForms result) {
        if (result.second().isEmpty()) {
            return said(result.first());
        }
        ComparedForms.Second second = result.second().get();
        List<String> sentences = new ArrayList<>();
        sentences.add("First form: " + said(result.first()));
        sentences.add("Second form: " + said(second.alone()));
        second.between().filter(b -> b.answers() > 0).ifPresent(b -> sentences.add(said(b)));
        return String.join("\n", sentences);
    }

    private static String said(TwoForms between) {
        return "The two forms answer " + Figures.count(between.flips().size()) + " of "
                + Figures.count(between.answers()) + " samples differently: of these the first form answers "
                + Figures.count(between.firstAgrees()) + " as the float model does, the second "
                + Figures.count(between.secondAgrees()) + ".";
    }

    private static String said(NetworkComparison result) {
        if (result.tensors().isEmpty()) {
            return "Nothing was compared.";
        }
        int without = result.alignment().onlyFloat().size();
        String counted = Figures.count(result.tensors().size()) + " tensors compared on "
                + Figures.count(result.samples())
                + (result.samples() == 1 ? " sample" : " samples")
                + (without == 0 ? "." : ", " + Figures.count(without) + " have no counterpart.")
                + (result.first().isEmpty() ? " Nothing departs: the deployed grids explain the error." : "");
        return Stream.concat(Stream.of(counted), result.notes().stream()).collect(Collectors.joining(" "));
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
        return new CompareState(
                obstacle(),
                bench.analysed().flatMap(Model::graph).isPresent() && data().isEmpty(),
                one.shown(),
                two.shown(),
                Optional.ofNullable(between),
                samples,
                badSamples(),
                running,
                doing,
                share,
                outcome,
                one.isChanged() || two.isChanged());
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
