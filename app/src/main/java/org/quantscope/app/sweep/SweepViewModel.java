package org.quantscope.app.sweep;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.TriedViewModel;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sweep.SweepResults;
import org.quantscope.core.sweep.SweepResults.Result;

/**
 * Results of {@code quantscope sweep} for the open model. Those on the open data that no smaller one beats become points of
 * the strip; any other can be gone back to from the ranking.
 */
public final class SweepViewModel {
    /** More points would push what was tried by hand out of the strip. */
    static final int MOST_POINTS = 30;

    /** What to show. */
    public sealed interface View {}

    /** @param why nothing is shown, a sentence; empty before a folder was chosen */
    public record Nothing(String why) implements View {}

    /** @param folder that is being read */
    public record Reading(Path folder) implements View {}

    /**
     * The ranking.
     *
     * @param lines best first
     * @param points how many of them stand in the strip
     * @param note what is not among them and why, sentences
     */
    public record Ranking(Path folder, List<Line> lines, int points, String note) implements View {
        public Ranking {
            lines = List.copyOf(lines);
        }
    }

    /**
     * A line of the ranking.
     *
     * @param refusal why these settings cannot be gone back to; empty if they can
     */
    public record Line(int rank, Result result, String refusal) {}

    private final Workbench bench;
    private final TriedViewModel tried;
    private final LatestWins<SweepResults> reading;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(this, "view", new Nothing(""));

    public SweepViewModel(Workbench bench, TriedViewModel tried, Background background) {
        this.bench = bench;
        this.tried = tried;
        this.reading = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            reading.cancel();
            view.set(new Nothing(""));
        });
    }

    /** Reads the folder of a sweep. */
    public void open(Path folder) {
        SessionState state = bench.stateProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        if (state == null || model == null) {
            view.set(new Nothing("Open a model first (Ctrl+O)."));
            return;
        }
        view.set(new Reading(folder));
        FileRef ref = state.model();
        reading.submit(
                (cancel, partial) -> SweepResults.read(folder, ref, model, cancel),
                results -> show(folder, results),
                e -> view.set(new Nothing(String.valueOf(e.getMessage()))));
    }

    /** Stops reading. */
    public void close() {
        reading.cancel();
        if (view.get() instanceof Reading) {
            view.set(new Nothing("Stopped."));
        }
    }

    private void show(Path folder, SweepResults found) {
        SessionState now = bench.stateProperty().get().orElse(null);
        if (now == null) {
            return;
        }
        List<Line> lines = new ArrayList<>();
        for (Result result : found.results()) {
            lines.add(new Line(
                    lines.size() + 1,
                    result,
                    result.state().isPresent()
                            ? ""
                            : "A corrected model, or a part of divided data: do it again with the command line."));
        }
        List<Result> here =
                found.results().stream().filter(r -> isOfNow(r, now)).toList();
        List<Result> front = front(here);
        tried.addAll(front.stream().map(this::point).toList());
        view.set(new Ranking(folder, lines, front.size(), note(found, here.size(), front.size())));
    }

    /** True if the window would show the same figure: on all of the open data, with the open calibration data. */
    private static boolean isOfNow(Result result, SessionState now) {
        return result.state().isPresent()
                && result.whole()
                && now.evaluationData()
                        .map(d -> d.digest().equals(result.data()))
                        .orElse(false)
                && (result.state().get().activations().isEmpty()
                        || now.calibrationData().map(FileRef::digest).equals(result.calibration()));
    }

    /** Those that no smaller or equal one beats, the best {@value #MOST_POINTS} of them, from small to large. */
    static List<Result> front(List<Result> results) {
        List<Result> bySize = results.stream()
                .sorted(Comparator.comparingLong(Result::bytes)
                        .thenComparingDouble(r -> r.metric().higherIsBetter() ? -r.score() : r.score()))
                .toList();
        List<Result> front = new ArrayList<>();
        @Nullable Result best = null;
        for (Result r : bySize) {
            if (best == null || (r.metric().higherIsBetter() ? r.score() > best.score() : r.score() < best.score())) {
                front.add(r);
                best = r;
            }
        }
        return front.size() > MOST_POINTS ? front.subList(front.size() - MOST_POINTS, front.size()) : front;
    }

    private Tried point(Result r) {
        SessionState choices = r.state().orElseThrow();
        return new Tried(
                TriedViewModel.label(choices),
                "sweep: " + r.settings(),
                r.bytes(),
                r.metric(),
                r.score(),
                (int) r.n(),
                r.outputSqnrDb(),
                choices);
    }

    private static String note(SweepResults found, int here, int front) {
        List<String> parts = new ArrayList<>();
        int elsewhere = found.results().size() - here;
        if (front > 0) {
            parts.add(front + " of them stand in the strip below: no smaller one is better.");
        }
        if (elsewhere > 0) {
            parts.add(elsewhere + (elsewhere == 1 ? " is" : " are")
                    + " of other data than the open one, of a part of it, or of a corrected model, and not in"
                    + " the strip.");
        }
        if (found.refused() > 0) {
            parts.add(found.refused() + " points had settings that cannot be.");
        }
        if (found.open() > 0) {
            parts.add(found.open() + " points are not evaluated yet.");
        }
        if (found.ofOthers() > 0) {
            parts.add(found.ofOthers() + " points are of other models.");
        }
        return String.join(" ", parts);
    }

    /** Goes to the settings of a line, as one undo step. */
    public void adopt(Line line) {
        if (line.refusal().isEmpty()) {
            tried.adopt(point(line.result()));
        }
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** The folder that is shown; empty if none is. */
    Optional<Path> folder() {
        return view.get() instanceof Ranking r ? Optional.of(r.folder()) : Optional.empty();
    }
}
