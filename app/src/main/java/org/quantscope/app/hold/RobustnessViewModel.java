package org.quantscope.app.hold;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.robustness.Robustness;
import org.quantscope.core.versus.Side;

/**
 * Both models on samples that get worse: at the severity of the slider on the first samples, at once, and at every whole
 * severity on all of them when asked. Used on the FX thread only.
 */
public final class RobustnessViewModel {
    /** So many samples answer the slider. */
    static final int LIVE = 500;

    private static final List<Double> SEVERITIES =
            IntStream.rangeClosed(0, Corrupted.MOST).mapToObj(i -> (double) i).toList();

    private record Run(String doing, double share, List<Robustness.Point> points, boolean done) {}

    private record Live(
            Optional<Robustness.Point> point, Optional<SamplePicture> before, Optional<SamplePicture> after) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Run> latest;
    private final LatestWins<Live> moving;
    private final ReadOnlyObjectWrapper<RobustnessState> view;
    private boolean open;
    private Optional<Corruption> chosen = Optional.empty();
    private double severity;
    private boolean running;
    private String doing = "";
    private double share = -1;
    private List<Robustness.Point> curve = List.of();
    private @Nullable InHand answered;
    private @Nullable InHand lookedAt;
    private Live live = new Live(Optional.empty(), Optional.empty(), Optional.empty());
    private List<Corruption> fitting = List.of();
    private @Nullable Dataset fittingOf;

    public RobustnessViewModel(Workbench bench, Solutions solutions, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.moving = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.changes().on(Changes.Stage.OTHERS, this::changed);
    }

    /** Begins to look; the live figure follows what is in hand until {@link #close}. */
    public void open() {
        open = true;
        lookedAt = null;
        changed();
    }

    /** Stops what runs. */
    public void close() {
        open = false;
        stop();
        moving.cancel();
    }

    private void changed() {
        if (!open) {
            return;
        }
        Dataset data = bench.evaluationData().orElse(null);
        if (!Objects.equals(data, fittingOf)) {
            fittingOf = data;
            fitting = data == null ? List.of() : Robustness.fitting(data);
            chosen = chosen.filter(fitting::contains).or(() -> fitting.stream().findFirst());
            curve = List.of();
        }
        InHand now = InHand.of(bench, solutions).orElse(null);
        InHand before = lookedAt;
        if (now != null && (before == null || !now.same(before))) {
            look();
        }
        refresh();
    }

    /** Chooses what makes the samples worse. */
    public void choose(Corruption corruption) {
        if (!chosen.equals(Optional.of(corruption))) {
            stop();
            chosen = Optional.of(corruption);
            curve = List.of();
            look();
        }
    }

    /**
     * Moves the slider.
     *
     * @param value 0 to {@value Corrupted#MOST}
     */
    public void setSeverity(double value) {
        if (value != severity) {
            severity = value;
            look();
        }
    }

    /** Evaluates the first samples at the severity of the slider. */
    private void look() {
        InHand now = InHand.of(bench, solutions).orElse(null);
        Corruption corruption = chosen.orElse(null);
        lookedAt = now;
        if (now == null || corruption == null || !open) {
            refresh();
            return;
        }
        Corrupted how = new Corrupted(corruption.id(), severity);
        live = new Live(Optional.empty(), live.before, live.after);
        refresh();
        moving.submit(
                (cancel, partial) -> looked(now, how, cancel, partial),
                made -> {
                    live = made;
                    refresh();
                },
                e -> background.problem("Robustness: " + e.getMessage()));
    }

    private static Live looked(InHand now, Corrupted how, CancelToken cancel, Consumer<Live> partial)
            throws IOException {
        Dataset some = now.data().size() > LIVE ? now.data().limit(LIVE) : now.data();
        Optional<SamplePicture> before =
                Datasets.corrupted(some, Optional.empty()).picture(0);
        Optional<SamplePicture> after =
                Datasets.corrupted(some, Optional.of(how)).picture(0);
        partial.accept(new Live(Optional.empty(), before, after));
        Robustness.Point point =
                robustness(now, some, now.side(Progress.NONE, cancel)).point(how, cancel);
        return new Live(Optional.of(point), before, after);
    }

    private static Robustness robustness(InHand now, Dataset data, Side side) {
        return new Robustness(
                data,
                new EvalRequest(
                        Optional.empty(),
                        side.solved().settings().weights(),
                        side.solved().settings().activations()),
                worse -> Engine.evaluatorBesideWindow(
                        side.solved().model(), now.reference(), worse, now.now().metric(), 0));
    }

    /** Computes the curve on all samples, with progress and cancel. Does nothing while that is impossible. */
    public void start() {
        InHand now = InHand.of(bench, solutions).orElse(null);
        Corruption corruption = chosen.orElse(null);
        if (now == null || corruption == null) {
            return;
        }
        running = true;
        doing = "";
        share = -1;
        curve = List.of();
        answered = now;
        refresh();
        latest.submit(
                (cancel, partial) -> run(now, corruption, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    curve = made.points;
                    running = !made.done;
                    refresh();
                },
                e -> {
                    running = false;
                    background.problem("Robustness: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(InHand now, Corruption corruption, CancelToken cancel, Consumer<Run> partial) {
        try (Jobs.Handle job = background.start("Evaluating worse samples", cancel)) {
            List<List<Robustness.Point>> so = new ArrayList<>(List.of(List.of()));
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, so.getFirst(), false));
            };
            List<Robustness.Curve> all = robustness(now, now.data(), now.side(progress, cancel))
                    .run(
                            List.of(corruption),
                            SEVERITIES,
                            progress,
                            cancel,
                            part -> so.set(0, part.getFirst().points()));
            return new Run("", 1, all.getFirst().points(), true);
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

    /** Stops the curve; the points that are known stay. */
    public void stop() {
        if (running) {
            latest.cancel();
            running = false;
            refresh();
        }
    }

    private void refresh() {
        RobustnessState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private RobustnessState state() {
        InHand now = InHand.of(bench, solutions).orElse(null);
        InHand of = answered;
        String obstacle = InHand.obstacle(bench);
        Optional<Dataset> data = bench.evaluationData();
        return new RobustnessState(
                obstacle.isEmpty() && open && fitting.isEmpty()
                        ? "No corruption makes sense for this data: its samples are ids or the like."
                        : obstacle,
                fitting,
                chosen,
                severity,
                running,
                doing,
                share,
                curve,
                !curve.isEmpty() && (now == null || of == null || !now.same(of)),
                live.point,
                data.map(d -> "first " + Math.min(LIVE, d.size()) + " of " + d.size() + " samples")
                        .orElse(""),
                live.before,
                live.after,
                data.map(d -> String.valueOf(d.file().getFileName())).orElse(""));
    }

    public ReadOnlyObjectProperty<RobustnessState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
