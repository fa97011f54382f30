package org.quantscope.core.adaptive;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;

/**
 * Every {@link RangeMode} on every data set, on the same samples in the same order: that of the file, as they would come
 * to a device. Nothing is chosen on these samples.
 *
 * @param ranges the settings in each mode
 * @param evaluators makes an evaluator in {@link LiveEvaluator#FILE_ORDER}; closed here
 */
public record AdaptiveComparison(AdaptiveRanges ranges, Function<Dataset, LiveEvaluator> evaluators) {

    /** A data set under the name that people know it by. */
    public record Named(String name, Dataset data) {}

    /**
     * One mode on one data set.
     *
     * @param figure the score beside that of the float model
     * @param delta 95 % interval of quantized − float for samples such as these; empty where the score is no share with
     *     one answer a sample
     * @param againstFixed this mode − fixed ranges on the same samples; empty where there is no such count
     */
    public record Figure(AccuracyEstimate figure, Optional<PairedInterval> delta, Optional<Paired> againstFixed) {}

    /**
     * Two modes on the same samples.
     *
     * @param gained samples that only the one is right on
     * @param lost samples that only the other is right on
     * @param interval of (gained − lost) / n, 95 %, for samples such as these
     */
    public record Paired(int gained, int lost, PairedInterval interval) {}

    /**
     * A cell of the table.
     *
     * @param figure empty if the mode cannot be evaluated
     * @param refusal why not; empty if it can
     */
    public record Cell(RangeMode mode, Optional<Figure> figure, Optional<String> refusal) {}

    /**
     * A column of the table.
     *
     * @param batch how many samples a batch has
     * @param cells in the order of the modes, as far as they have been evaluated
     */
    public record Column(String data, int samples, int batch, List<Cell> cells) {
        public Column {
            cells = List.copyOf(cells);
        }
    }

    /**
     * Evaluates.
     *
     * @param modes in the order in which they are shown; {@link RangeMode#FIXED} comes first if it is among them
     * @param partial takes the columns so far after each cell, on this thread
     * @throws BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public List<Column> run(
            List<RangeMode> modes,
            List<Named> data,
            Progress progress,
            CancelToken cancel,
            Consumer<List<Column>> partial) {
        List<Column> columns = new ArrayList<>();
        long total = data.stream().mapToLong(d -> d.data().size()).sum() * modes.size();
        long before = 0;
        for (Named named : data) {
            int n = named.data().size();
            try (LiveEvaluator evaluator = evaluators.apply(named.data())) {
                // What cannot be scored at all is refused here, and not mode by mode.
                evaluator.floatBaseline(cancel, part -> {});
                List<Cell> cells = new ArrayList<>();
                columns.add(new Column(named.name(), n, evaluator.batchSize(), cells));
                Optional<Evaluation> fixed = Optional.empty();
                for (RangeMode mode : modes) {
                    cancel.check();
                    long done = before;
                    String what = mode.title() + ", " + named.name();
                    progress.report(done, total, what);
                    try {
                        Evaluation found = evaluator.evaluateSamples(
                                ranges.request(mode),
                                cancel,
                                part -> progress.report(done + part.accuracy().seen(), total, what));
                        fixed = mode == RangeMode.FIXED ? Optional.of(found) : fixed;
                        cells.add(new Cell(mode, Optional.of(figure(mode, found, fixed)), Optional.empty()));
                    } catch (BadInputException e) {
                        cells.add(new Cell(mode, Optional.empty(), Optional.of(String.valueOf(e.getMessage()))));
                    }
                    before += n;
                    columns.set(columns.size() - 1, new Column(named.name(), n, evaluator.batchSize(), cells));
                    partial.accept(List.copyOf(columns));
                }
            }
        }
        return List.copyOf(columns);
    }

    private static Figure figure(RangeMode mode, Evaluation found, Optional<Evaluation> fixed) {
        AccuracyEstimate figure = found.accuracy();
        SampleOutcomes outcomes = found.outcomes();
        int lost = outcomes.count(SampleOutcomes.Change.LOST);
        int gained = outcomes.count(SampleOutcomes.Change.GAINED);
        boolean single = isSingle(figure) && figure.correct() - figure.floatCorrect() == gained - lost;
        return new Figure(
                figure,
                single ? Optional.of(PairedInterval.of(gained, lost, figure.seen(), Long.MAX_VALUE)) : Optional.empty(),
                mode == RangeMode.FIXED ? Optional.empty() : fixed.flatMap(f -> paired(f, found)));
    }

    private static boolean isSingle(AccuracyEstimate figure) {
        return figure.task().isProportion() && figure.details().scored() == figure.seen();
    }

    /** Empty where the score is no count of samples whose class is right. */
    private static Optional<Paired> paired(Evaluation fixed, Evaluation found) {
        SampleOutcomes a = fixed.outcomes();
        SampleOutcomes b = found.outcomes();
        if (!isSingle(found.accuracy()) || a.classes() == 0 || a.positions() > 1) {
            return Optional.empty();
        }
        int gained = 0;
        int lost = 0;
        for (int i = 0; i < b.size(); i++) {
            if (a.sample(i) != b.sample(i)) {
                throw new IllegalStateException("samples: not in the same order");
            }
            boolean was = a.label(i) == a.quantizedClass(i);
            boolean is = b.label(i) == b.quantizedClass(i);
            gained += is && !was ? 1 : 0;
            lost += was && !is ? 1 : 0;
        }
        return found.accuracy().correct() - fixed.accuracy().correct() == gained - lost
                ? Optional.of(new Paired(gained, lost, PairedInterval.of(gained, lost, b.size(), Long.MAX_VALUE)))
                : Optional.empty();
    }
}
