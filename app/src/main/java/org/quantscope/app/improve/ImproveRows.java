package org.quantscope.app.improve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.app.improve.ImproveState.Axis;
import org.quantscope.app.improve.ImproveState.Bar;
import org.quantscope.app.improve.ImproveState.Form;
import org.quantscope.app.improve.ImproveState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Task;
import org.quantscope.core.improve.Step;
import org.quantscope.core.improve.StepScore;

/** The steps of an improvement as a waterfall: from the float model down to the start, then up step by step. */
final class ImproveRows {
    private static final double MARGIN = 0.06;

    private ImproveRows() {}

    /** How a step stands to the present settings. */
    enum Standing {
        PLAIN,
        /** It is the newest of those in force: one undo takes it back. */
        LAST,
        /** It was taken back, and one redo makes it again. */
        NEXT,
        UNDONE
    }

    /** Gives the standing of a step. */
    interface Standings {
        Standing of(List<Step> steps, int index);
    }

    /** The axis that all bars fit on; empty without scores. */
    static Optional<Axis> axis(List<Step> steps) {
        double lo = Double.POSITIVE_INFINITY;
        double hi = Double.NEGATIVE_INFINITY;
        AccuracyEstimate figure = null;
        for (int i = 0; i < steps.size(); i++) {
            StepScore score = steps.get(i).score().orElse(null);
            if (score != null && Double.isFinite(score.figure().score())) {
                figure = score.figure();
                Bar bar = bar(steps, i).orElseThrow();
                for (double x : new double[] {figure.floatScore(), bar.to(), bar.lo(), bar.hi()}) {
                    lo = Math.min(lo, x);
                    hi = Math.max(hi, x);
                }
            }
        }
        if (figure == null) {
            return Optional.empty();
        }
        Task task = figure.task();
        double room = Math.max((hi - lo) * MARGIN, Math.max(Math.abs(hi) * 1e-3, 1e-9));
        double least = task.isProportion() ? Math.max(0, lo - room) : lo - room;
        double most = task.isProportion() ? Math.min(1, hi + room) : hi + room;
        return Optional.of(
                new Axis(least, most, Figures.score(task, least), Figures.score(task, most), figure.floatScore()));
    }

    private static Optional<Bar> bar(List<Step> steps, int index) {
        Step step = steps.get(index);
        StepScore score = step.score().orElse(null);
        if (score == null) {
            return Optional.empty();
        }
        AccuracyEstimate figure = score.figure();
        double from = index == 0
                ? figure.floatScore()
                : steps.get(index - 1).score().orElseThrow().figure().score();
        double to = figure.score();
        Optional<PairedInterval> gain = score.gain();
        boolean better = figure.task().higherIsBetter() ? to >= from : to <= from;
        return Optional.of(new Bar(
                from,
                to,
                gain.map(g -> from + g.lo()).orElse(to),
                gain.map(g -> from + g.hi()).orElse(to),
                better ? Form.BETTER : Form.WORSE));
    }

    static List<Row> of(List<Step> steps, String unit, Standings standings) {
        List<Row> rows = new ArrayList<>();
        steps.stream().findFirst().flatMap(Step::score).ifPresent(score -> rows.add(ofFloat(score.figure())));
        for (int i = 0; i < steps.size(); i++) {
            rows.add(row(steps, i, unit, standings.of(steps, i)));
        }
        return rows;
    }

    private static Row ofFloat(AccuracyEstimate figure) {
        double score = figure.floatScore();
        return new Row(
                "float",
                "Float",
                figure.task().title() + " of the float model on the evaluation data",
                Optional.of(new Bar(Double.NEGATIVE_INFINITY, score, score, score, Form.WHOLE)),
                Figures.score(figure.task(), score),
                "",
                "",
                "",
                "the float model on " + Figures.count(figure.seen()) + " evaluation samples",
                true,
                false,
                false,
                false);
    }

    private static Row row(List<Step> steps, int index, String unit, Standing standing) {
        Step step = steps.get(index);
        Step before = steps.get(Math.max(0, index - 1));
        Optional<AccuracyEstimate> figure = step.score().map(StepScore::figure);
        Optional<Bar> bar = bar(steps, index);
        boolean moved = index == 0 || step.kept();
        return new Row(
                step.kind().id(),
                step.kind().title(),
                step.kind().doc(),
                moved ? bar : Optional.empty(),
                figure.map(f -> Figures.score(f.task(), f.score())).orElse(""),
                moved && figure.isPresent()
                        ? Figures.difference(
                                figure.get().task(),
                                bar.orElseThrow().to() - bar.orElseThrow().from())
                        : "",
                step.score()
                        .flatMap(StepScore::gain)
                        .map(g -> interval(figure.orElseThrow().task(), g))
                        .orElse(""),
                Figures.small(step.loss()),
                step.said(before.loss(), unit),
                step.kept(),
                standing == Standing.NEXT || standing == Standing.UNDONE,
                standing == Standing.LAST,
                standing == Standing.NEXT);
    }

    private static String interval(Task task, PairedInterval gain) {
        return task.isProportion()
                ? Figures.points(gain.lo()) + " to " + Figures.points(gain.hi())
                : Figures.difference(task, gain.lo()) + " to " + Figures.difference(task, gain.hi());
    }
}
