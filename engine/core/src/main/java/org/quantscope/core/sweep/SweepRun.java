package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;

/** Runs a plan, or what an earlier run has left of it. */
public final class SweepRun {
    private SweepRun() {}

    /** Evaluates points; each is handed over as soon as it has its row. */
    @FunctionalInterface
    public interface Work {
        /** @param points that have no row yet, in their order */
        void run(SweepPlan plan, List<SweepPoint> points, Sink rows) throws IOException;
    }

    /** Takes rows, in any order. */
    @FunctionalInterface
    public interface Sink {
        void add(SweepRow row) throws IOException;
    }

    /**
     * What came of a run.
     *
     * @param points of the plan
     * @param done evaluated now
     * @param skipped that had their row already
     * @param refused rows, of now and before, whose settings cannot be
     * @param half rows that an earlier run had left half-written, and that were evaluated again
     */
    public record Outcome(int points, int done, int skipped, int refused, int half) {
        /** The same in a sentence. */
        public String said() {
            return points + (points == 1 ? " point: " : " points: ") + done + " evaluated, " + skipped
                    + " there already"
                    + (half > 0 ? " (one was half-written)" : "")
                    + (refused > 0 ? ", " + refused + " refused (the rows say why)" : "");
        }
    }

    /** Evaluates points one after the other in this process. */
    public static Work here(int threads, CancelToken cancel) {
        return (plan, points, rows) -> {
            try (SharedWork work = new SharedWork(plan, threads)) {
                for (SweepPoint point : points) {
                    cancel.check();
                    rows.add(work.row(point, cancel));
                }
            }
        };
    }

    /**
     * Runs what a folder lacks of a plan.
     *
     * @throws BadInputException if the plan or one of its files cannot be used, or the folder belongs to something else
     * @throws java.util.concurrent.CancellationException if cancelled; the rows so far stay
     */
    public static Outcome run(Path planFile, Path folder, Work work, Progress progress, CancelToken cancel)
            throws IOException {
        SweepPlan plan = PlanReader.read(planFile, cancel);
        List<SweepPoint> points = Expansion.of(plan);
        try (SweepFolder to = SweepFolder.open(folder, plan, points, cancel)) {
            int skipped = to.size();
            List<SweepPoint> open =
                    points.stream().filter(p -> !to.has(p.number())).toList();
            progress.report(skipped, points.size(), skipped + " of " + points.size() + " points");
            if (!open.isEmpty()) {
                work.run(plan, open, row -> {
                    to.add(row);
                    progress.report(
                            to.size(),
                            points.size(),
                            to.size() + " of " + points.size() + " points, "
                                    + points.get(row.point()).key());
                });
            }
            Outcome outcome = new Outcome(points.size(), to.size() - skipped, skipped, to.refused(), to.half());
            to.finish(plan, points);
            return outcome;
        }
    }
}
