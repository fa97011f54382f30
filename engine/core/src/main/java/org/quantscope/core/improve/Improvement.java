package org.quantscope.core.improve;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;

/**
 * Makes a quantized model better, step by step: equalization, ranges, rounding, bits under a budget. Everything is
 * chosen on one half of the calibration data, without labels, and a step is kept only if it lowers the loss on the other
 * half, which it has not seen, by at least a hundredth. What is kept is then made from all of the calibration data. The
 * evaluation data decides nothing.
 *
 * <p>The loss is the Kullback-Leibler divergence of the quantized model's answers from the float model's, in nats, or,
 * for a model whose answers are no classes, the share of noise in its outputs.
 */
public final class Improvement {
    /** A step that lowers the loss by less than this share of it is left out: it costs, and chance does as much. */
    static final double LEAST_GAIN = 0.01;

    private static final long SEED = 1;

    private final Asked asked;
    private final Progress progress;
    private final CancelToken cancel;
    private final Consumer<List<Step>> partial;
    private final Dataset chosenOn;
    private final Dataset decidedOn;
    private final Fitting half;
    private final Fitting whole;
    private final Evaluations deciding;
    private final Evaluations choosing;
    private final Optional<Evaluations> reporting;
    private final List<Step> steps = new ArrayList<>();
    private boolean divergence = true;

    /** The state so far, fitted on one half. */
    private @Nullable Fitted now;
    /** Of the newest step that was kept. */
    private @Nullable SampleOutcomes outcomes;

    private double loss;

    /**
     * What is to be improved.
     *
     * @param model with a graph, in the form that the state wants
     * @param reference the float model to compare with
     * @param state the settings; what a person has set by hand for single tensors stays
     * @param calibrationData at least two samples
     * @param evaluationData what each step is reported on, if anything
     * @param averageBits the budget: bits of codes for each quantized weight, on average; empty for what the settings
     *     take now
     * @param steps those wanted; the order is always the same
     * @param threads batches that run at once
     */
    public record Asked(
            Model model,
            Model reference,
            SessionState state,
            Dataset calibrationData,
            Optional<Dataset> evaluationData,
            OptionalDouble averageBits,
            Set<Step.Kind> steps,
            int threads) {
        public Asked {
            if (averageBits.isPresent() && !(averageBits.getAsDouble() > 0)) {
                throw new IllegalArgumentException("average bits: a number above 0, got " + averageBits.getAsDouble());
            }
            Set<Step.Kind> kinds = EnumSet.noneOf(Step.Kind.class);
            kinds.addAll(steps);
            steps = Set.copyOf(kinds);
        }
    }

    /**
     * What was done.
     *
     * @param steps in order, the start first
     * @param divergence true if losses are divergences in nats; false if they are shares of noise
     * @param chosenOn samples on which things were chosen
     * @param decidedOn other samples, on which it was decided whether a step is kept, and which all losses are of
     */
    public record Result(List<Step> steps, boolean divergence, int chosenOn, int decidedOn) {
        public Result {
            steps = List.copyOf(steps);
        }

        /** The model as it stands in the end, made from all of the calibration data. */
        public Fitted last() {
            return steps.getLast().after();
        }

        /** What losses are, in a word for a person. */
        public String unit() {
            return divergence ? "KL" : "noise";
        }
    }

    private Improvement(Asked asked, Progress progress, CancelToken cancel, Consumer<List<Step>> partial) {
        this.asked = asked;
        this.progress = progress;
        this.cancel = cancel;
        this.partial = partial;
        Dataset all = asked.calibrationData();
        if (all.size() < 2) {
            throw new BadInputException(
                    all.file(),
                    "samples",
                    "one half to choose on and one to decide on need at least 2, got " + all.size());
        }
        List<Dataset> halves = SampleSubset.halves(all, SEED);
        this.chosenOn = halves.getFirst();
        this.decidedOn = halves.getLast();
        this.half = new Fitting(chosenOn, cancel);
        this.whole = new Fitting(all, cancel);
        this.choosing = evaluations(chosenOn);
        this.deciding = evaluations(decidedOn);
        this.reporting = asked.evaluationData()
                .map(data -> new Evaluations(
                        asked.reference(), data, asked.threads(), asked.state().metric(), cancel));
    }

    private Evaluations evaluations(Dataset on) {
        return new Evaluations(asked.reference(), on, asked.threads(), Optional.empty(), cancel);
    }

    /**
     * Runs the steps.
     *
     * @param partial called on this thread with the steps so far, after each
     * @throws IllegalArgumentException if the budget is smaller than the fewest bits, or no weight is quantized
     * @throws BadInputException if the data does not fit the model, or is less than two samples
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Result run(Asked asked, Progress progress, CancelToken cancel, Consumer<List<Step>> partial) {
        Improvement improvement = new Improvement(asked, progress, cancel, partial);
        try {
            return improvement.run();
        } finally {
            improvement.choosing.close();
            improvement.deciding.close();
            improvement.reporting.ifPresent(Evaluations::close);
        }
    }

    /**
     * The settings with the most bits that are the same for all weights and keep a budget: where to start under a budget
     * if nobody has chosen bits yet.
     *
     * @throws IllegalArgumentException as {@link #run} does
     */
    public static SessionState within(Model model, SessionState state, double averageBits) {
        SessionState most = state.withWeights(state.weights().map(Bits::widest));
        return new Bits(model, most)
                .narrower(averageBits)
                .map(edit -> edit.apply(most))
                .orElse(most);
    }

    /** Bits of codes for each quantized weight, on average; empty if no weight is quantized. */
    public static OptionalDouble averageBits(Model model, SessionState state) {
        return Bits.quantizes(model, state)
                ? OptionalDouble.of(new Bits(model, state).average())
                : OptionalDouble.empty();
    }

    private Result run() {
        SessionState begun = asked.state().withCalibrationData(Optional.of(FileRef.of(asked.calibrationData())));
        Bits bits = new Bits(asked.model(), begun);
        double budget = asked.averageBits().orElse(bits.average());
        Optional<Edit> narrower = bits.narrower(budget);
        start(begun);
        narrower.ifPresent(fewer -> keep(
                Step.Kind.NARROWER,
                fewer.title(),
                fewer,
                fit(half, Step.Kind.NARROWER, asked.model(), fewer.apply(begun)),
                Optional.empty()));
        Candidates candidates = new Candidates(this);
        for (Step.Kind kind : Step.Kind.values()) {
            if (kind.isChoice() && asked.steps().contains(kind)) {
                cancel.check();
                attempt(kind, candidates.of(kind, now(), budget));
            }
        }
        return new Result(steps, divergence, chosenOn.size(), decidedOn.size());
    }

    private void start(SessionState state) {
        now = fit(half, Step.Kind.START, asked.model(), state);
        loss = loss(deciding, now);
        Fitted made = fit(whole, Step.Kind.START, asked.model(), state);
        add(new Step(
                Step.Kind.START,
                "",
                Step.Outcome.KEPT,
                "",
                OptionalDouble.of(loss),
                loss,
                Optional.empty(),
                made,
                score(made)));
    }

    private void attempt(Step.Kind kind, Candidate candidate) {
        switch (candidate) {
            case Candidate.Nothing(String why) ->
                add(left(kind, "", Step.Outcome.NOTHING, why, OptionalDouble.empty()));
            case Candidate.Change(String what, Edit edit, Fitted fitted) -> {
                double tried = loss(deciding, fitted);
                if (tried <= loss * (1 - LEAST_GAIN) && tried < loss) {
                    keep(kind, what, edit, fitted, Optional.of(tried));
                } else {
                    add(left(kind, what, Step.Outcome.NO_GAIN, "", OptionalDouble.of(tried)));
                }
            }
        }
    }

    private Step left(Step.Kind kind, String what, Step.Outcome outcome, String why, OptionalDouble tried) {
        Step before = steps.getLast();
        // Nothing has changed, so the figure is that of the step before.
        Optional<StepScore> score =
                before.score().map(s -> new StepScore(s.figure(), s.how(), s.size(), s.seconds(), Optional.empty()));
        return new Step(kind, what, outcome, why, tried, loss, Optional.empty(), before.after(), score);
    }

    private void keep(Step.Kind kind, String what, Edit edit, Fitted fitted, Optional<Double> known) {
        now = fitted;
        loss = known.isPresent() ? known.get() : loss(deciding, fitted);
        Fitted made = fit(whole, kind, fitted.model(), fitted.state());
        add(new Step(
                kind,
                what,
                Step.Outcome.KEPT,
                "",
                OptionalDouble.of(loss),
                loss,
                Optional.of(edit),
                made,
                score(made)));
    }

    private void add(Step step) {
        steps.add(step);
        partial.accept(List.copyOf(steps));
    }

    Fitted now() {
        return Objects.requireNonNull(now);
    }

    private Fitted fit(Fitting on, Step.Kind kind, Model model, SessionState state) {
        return on.fit(model, state, stage(kind));
    }

    /** Fits a candidate on the half that things are chosen on. */
    Fitted fit(Step.Kind kind, Model model, SessionState state) {
        return fit(half, kind, model, state);
    }

    /** The loss on the half that things are chosen on; infinite if it is no number. */
    double choosingLoss(Fitted fitted) {
        return loss(choosing, fitted);
    }

    private double loss(Evaluations on, Fitted fitted) {
        AccuracyEstimate figure = on.run(fitted, x -> {}).accuracy();
        OptionalDouble nats = figure.klDivergence();
        divergence = nats.isPresent();
        double found = nats.isPresent() ? nats.getAsDouble() : Math.pow(10, -figure.logitSqnrDb() / 10);
        return Double.isNaN(found) ? Double.POSITIVE_INFINITY : found;
    }

    private Optional<StepScore> score(Fitted fitted) {
        return reporting.map(on -> {
            long from = System.nanoTime();
            Evaluation found = on.run(fitted, e -> {
                AccuracyEstimate part = e.accuracy();
                progress.report(part.seen(), part.total(), "evaluation: " + part.seen() + " of " + part.total());
            });
            double seconds = (System.nanoTime() - from) / 1e9;
            Optional<PairedInterval> gain =
                    Optional.ofNullable(outcomes).flatMap(before -> Gain.between(before, found));
            outcomes = found.outcomes();
            return new StepScore(
                    found.accuracy(),
                    on.of(fitted).how(cancel),
                    ModelSize.of(fitted.model(), fitted.solved().settings()),
                    seconds,
                    gain);
        });
    }

    /** Progress of one step. */
    Progress stage(Step.Kind kind) {
        String title = kind.title().toLowerCase(Locale.ROOT);
        return (done, total, what) -> progress.report(done, total, title + (what.isEmpty() ? "" : ": " + what));
    }

    Dataset chosenOn() {
        return chosenOn;
    }

    Fitting half() {
        return half;
    }

    CancelToken cancel() {
        return cancel;
    }
}
