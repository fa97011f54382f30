package org.quantscope.core.eval;

import java.util.Optional;

/** Running sums of the scores of both models, for the intervals of their figures. For one thread. */
final class ScoreSums {
    private final Task task;
    private final PairedMeans differences = new PairedMeans();
    private final PairedMeans before = new PairedMeans();
    private final PairedMeans after = new PairedMeans();
    private final RatioMoments ratio = new RatioMoments();
    private double sumBefore;
    private double sumAfter;
    private long weights;
    private int some;
    private int gained;
    private int lost;

    ScoreSums(Task task) {
        this.task = task;
    }

    /**
     * Takes up one sample.
     *
     * @param weight what there is to be right in it, or how much of it is scored
     */
    void add(double was, double is, int weight) {
        sumBefore += was;
        sumAfter += is;
        weights += weight;
        some += weight > 0 ? 1 : 0;
        gained += is > was ? 1 : 0;
        lost += is < was ? 1 : 0;
        if (task.isRatio()) {
            ratio.add(was, is, weight);
        } else if (!task.isProportion()) {
            differences.add(is - was);
            before.add(was);
            after.add(is);
        }
    }

    /**
     * The interval of the difference over all samples.
     *
     * @param total all samples; {@link Long#MAX_VALUE} for samples such as these
     * @param scored those with anything to score
     */
    PairedInterval difference(long total, long scored) {
        return task.isRatio()
                ? ratio.difference(task::figure, this::slope, total)
                : task.isProportion()
                        ? PairedInterval.of(gained, lost, Math.max(1, some), Math.max(1, scored))
                        : differences.interval(total);
    }

    /** The derivative of {@link Task#figure}. */
    private double slope(double mean) {
        return task instanceof Task.Perplexity ? Math.exp(mean) : 1;
    }

    /** The intervals of both figures; empty if nothing is scored. */
    Optional<FigureIntervals> intervals() {
        boolean counts = task.isRatio() || task.isProportion();
        if (counts && weights == 0) {
            return Optional.empty();
        }
        double f = sumBefore / weights;
        double q = sumAfter / weights;
        if (task.isProportion() && task.isRatio()) {
            return Optional.of(new FigureIntervals(
                    FigureIntervals.Method.CLUSTERED,
                    FigureIntervals.clustered(f, ratio.before(), some),
                    FigureIntervals.clustered(q, ratio.after(), some)));
        }
        if (task.isRatio()) {
            return Optional.of(
                    new FigureIntervals(FigureIntervals.Method.RATIO, ends(ratio.before()), ends(ratio.after())));
        }
        return Optional.of(
                task.isProportion()
                        ? new FigureIntervals(
                                FigureIntervals.Method.WILSON,
                                FigureIntervals.wilson(f, (double) weights),
                                FigureIntervals.wilson(q, (double) weights))
                        : new FigureIntervals(
                                FigureIntervals.Method.STUDENT,
                                before.interval(Long.MAX_VALUE),
                                after.interval(Long.MAX_VALUE)));
    }

    /** The ends of a mean as those of its figure. A mean of −ln p, of divergences or of edits is never below 0. */
    private PairedInterval ends(PairedInterval mean) {
        return new PairedInterval(task.figure(Math.max(0, mean.lo())), task.figure(mean.hi()));
    }
}
