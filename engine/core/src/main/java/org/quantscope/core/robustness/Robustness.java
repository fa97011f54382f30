package org.quantscope.core.robustness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;

/**
 * The float and the quantized model on the same samples, which get worse from severity to severity. The calibration stays
 * what it was: that is the question.
 *
 * @param data the samples; a corruption that they have already is replaced
 * @param settings how the model is quantized
 * @param evaluators makes the evaluator of the model on other samples; closed here
 */
public record Robustness(Dataset data, EvalRequest settings, Function<Dataset, LiveEvaluator> evaluators) {

    /**
     * Both models at one severity.
     *
     * @param said the corruption and its amount, for people; empty at severity 0
     * @param lost samples that float gets right and the quantized model wrong; likewise {@code gained}, and {@code other}
     *     for changes between wrong classes
     * @param delta quantized − float, 95 % interval for samples such as these (an unbounded population); that of the
     *     evaluation for scores that are no shares
     */
    public record Point(
            double severity,
            Optional<String> said,
            AccuracyEstimate figure,
            int lost,
            int gained,
            int other,
            PairedInterval delta) {
        /** The interval of the float model's share; empty if the score is none. */
        public Optional<ShareInterval> ofFloat() {
            return figure.task().isProportion()
                    ? Optional.of(ShareInterval.of(
                            figure.floatCorrect(), figure.details().scored()))
                    : Optional.empty();
        }

        /** The interval of the quantized model's share; empty if the score is none. */
        public Optional<ShareInterval> quantized() {
            return figure.task().isProportion()
                    ? Optional.of(
                            ShareInterval.of(figure.correct(), figure.details().scored()))
                    : Optional.empty();
        }
    }

    /** The points of one corruption, in the order of the severities. */
    public record Curve(Corruption corruption, List<Point> points) {
        public Curve {
            points = List.copyOf(points);
        }
    }

    /** The corruptions that make sense for the data. */
    public static List<Corruption> fitting(Dataset data) {
        return Corruptions.all().stream()
                .filter(c -> {
                    try {
                        Datasets.corrupted(data, Optional.of(new Corrupted(c.id(), 1)));
                        return true;
                    } catch (BadInputException e) {
                        return false;
                    }
                })
                .toList();
    }

    /**
     * Evaluates every corruption at every severity. Severity 0 is evaluated once for all.
     *
     * @param severities 0 to {@value Corrupted#MOST}
     * @param partial takes the curves so far after each point, on this thread
     * @throws BadInputException if a corruption makes no sense for the data
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public List<Curve> run(
            List<Corruption> corruptions,
            List<Double> severities,
            Progress progress,
            CancelToken cancel,
            Consumer<List<Curve>> partial) {
        List<Corrupted> asked = new ArrayList<>();
        corruptions.forEach(c -> severities.forEach(s -> asked.add(new Corrupted(c.id(), s))));
        asked.forEach(c -> Datasets.corrupted(data, Optional.of(c)));
        Optional<Point> clean = Optional.empty();
        List<Curve> curves = new ArrayList<>();
        int done = 0;
        for (Corruption corruption : corruptions) {
            List<Point> points = new ArrayList<>();
            curves.add(new Curve(corruption, points));
            for (double severity : severities) {
                cancel.check();
                progress.report(done, asked.size(), corruption.title() + ", severity " + Corrupted.number(severity));
                Point point = severity == 0 && clean.isPresent()
                        ? clean.get()
                        : point(new Corrupted(corruption.id(), severity), cancel);
                clean = severity == 0 ? Optional.of(point) : clean;
                points.add(point);
                curves.set(curves.size() - 1, new Curve(corruption, points));
                done++;
                partial.accept(List.copyOf(curves));
            }
        }
        return List.copyOf(curves);
    }

    /**
     * Both models at one severity.
     *
     * @throws BadInputException if the corruption makes no sense for the data
     */
    public Point point(Corrupted corrupted, CancelToken cancel) {
        Dataset worse = Datasets.corrupted(data, Optional.of(corrupted));
        try (LiveEvaluator evaluator = evaluators.apply(worse)) {
            Evaluation found = evaluator.evaluateSamples(settings, cancel, part -> {});
            AccuracyEstimate figure = found.accuracy();
            int lost = found.outcomes().count(SampleOutcomes.Change.LOST);
            int gained = found.outcomes().count(SampleOutcomes.Change.GAINED);
            boolean single = figure.task().isProportion()
                    && figure.details().scored() == figure.seen()
                    && figure.correct() - figure.floatCorrect() == gained - lost;
            return new Point(
                    corrupted.severity(),
                    worse.corrupted(),
                    figure,
                    lost,
                    gained,
                    found.outcomes().count(SampleOutcomes.Change.OTHER),
                    single ? PairedInterval.of(gained, lost, figure.seen(), Long.MAX_VALUE) : figure.interval());
        }
    }
}
