package org.quantscope.app.hold;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.adaptive.AdaptiveComparison;
import org.quantscope.core.adaptive.AdaptiveComparison.Column;
import org.quantscope.core.adaptive.AdaptiveComparison.Named;
import org.quantscope.core.adaptive.AdaptiveRanges;
import org.quantscope.core.adaptive.RangeMode;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.versus.Side;

/** The settings in hand with ranges from five places, on the evaluation data and others. Used on the FX thread only. */
public final class AdaptiveViewModel {
    private record Asked(InHand hand, List<Path> others) {}

    private record Run(String doing, double share, List<Column> columns, boolean done) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<AdaptiveState> view;
    private final List<Path> others = new ArrayList<>();
    private boolean running;
    private String doing = "";
    private double share = -1;
    private List<Column> columns = List.of();
    private @Nullable Asked answered;

    public AdaptiveViewModel(Workbench bench, Solutions solutions, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(m -> {
            stop();
            columns = List.of();
            others.clear();
            refresh();
        });
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private String obstacle() {
        String why = InHand.obstacle(bench);
        return !why.isEmpty()
                ? why
                : bench.calibrationData().isEmpty()
                        ? "There is no calibration data yet: fixed ranges, windows and clusters begin with it."
                        : bench.stateProperty()
                                        .get()
                                        .filter(s -> s.activations().isPresent()
                                                || bench.activations().stream()
                                                        .anyMatch(a ->
                                                                s.spec(a.info()).isPresent()))
                                        .isEmpty()
                                ? "Activations are in float: quantize them first."
                                : "";
    }

    /** Reports on another data set too. */
    public void add(Path file) {
        if (!others.contains(file)) {
            others.add(file);
            refresh();
        }
    }

    /** Compares, with progress and cancel. Does nothing while that is impossible. */
    public void start() {
        InHand hand = InHand.of(bench, solutions).orElse(null);
        if (hand == null || !obstacle().isEmpty()) {
            return;
        }
        Asked now = new Asked(hand, List.copyOf(others));
        running = true;
        doing = "";
        share = -1;
        columns = List.of();
        answered = now;
        refresh();
        latest.submit(
                (cancel, partial) -> run(now, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    columns = made.columns;
                    running = !made.done;
                    refresh();
                },
                e -> {
                    running = false;
                    background.problem("Ranges that follow the data: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(Asked now, CancelToken cancel, Consumer<Run> partial) throws IOException {
        try (Jobs.Handle job = background.start("Comparing ranges that follow the data", cancel)) {
            List<List<Column>> so = new ArrayList<>(List.of(List.of()));
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, so.getFirst(), false));
            };
            InHand hand = now.hand;
            Side side = hand.side(progress, cancel);
            ResolvedSettings settings = side.solved().settings();
            if (AdaptiveRanges.following(settings).isEmpty()) {
                throw new BadInputException(
                        "", "activations", "none has evenly spaced levels: no range could follow the data");
            }
            List<Named> data = new ArrayList<>(List.of(named(hand.data())));
            for (Path other : now.others) {
                data.add(named(Datasets.open(other)));
            }
            List<RangeMode> modes = List.of(RangeMode.values());
            AdaptiveRanges ranges = AdaptiveRanges.of(
                    side.solved().model(),
                    settings,
                    modes,
                    hand.calibrating(),
                    AdaptiveRanges.Options.DEFAULT,
                    progress,
                    cancel);
            List<Column> all = new AdaptiveComparison(
                            ranges,
                            samples -> Engine.evaluatorInFileOrder(
                                    side.solved().model(),
                                    hand.reference(),
                                    samples,
                                    hand.now().metric(),
                                    1))
                    .run(modes, data, progress, cancel, part -> so.set(0, part));
            return new Run("", 1, all, true);
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

    private static Named named(Dataset data) {
        String name = String.valueOf(data.file().getFileName());
        return new Named(data.corrupted().map(said -> name + ", " + said).orElse(name), data);
    }

    /** Stops what runs; what was found stays. */
    public void stop() {
        if (running) {
            latest.cancel();
            running = false;
            refresh();
        }
    }

    private void refresh() {
        AdaptiveState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private AdaptiveState state() {
        Asked of = answered;
        Optional<InHand> now = InHand.of(bench, solutions);
        boolean same = of != null
                && of.others.equals(others)
                && now.filter(n -> n.same(of.hand)).isPresent();
        return new AdaptiveState(
                obstacle(),
                running,
                doing,
                share,
                columns,
                others.stream().map(p -> String.valueOf(p.getFileName())).toList(),
                !columns.isEmpty() && !same,
                notes());
    }

    private List<String> notes() {
        if (columns.isEmpty()) {
            return List.of();
        }
        List<String> notes = new ArrayList<>();
        notes.add("A batch has " + columns.getFirst().batch() + " samples in the order of the file; the window has "
                + AdaptiveRanges.Options.DEFAULT.window() + " samples, there are up to "
                + AdaptiveRanges.Options.DEFAULT.clusters() + " clusters for each activation.");
        if (bench.calibrationData()
                .map(Dataset::sha256)
                .equals(bench.evaluationData().map(Dataset::sha256))) {
            notes.add("The ranges were chosen on the samples that are reported on: the figures flatter them.");
        }
        return notes;
    }

    public ReadOnlyObjectProperty<AdaptiveState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
