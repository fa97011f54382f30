package org.quantscope.core.improve;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * Settings for a person who only wants a file that runs: what the target can hold is measured on one seeded half of the
 * data, the cheapest that is as good as the best is chosen, and it is reported on the other half, which nothing was chosen
 * on. What the target does not take is remedied first.
 *
 * <p>As good as the best means, on the samples that are chosen on: the 95 % interval of the paired difference holds 0, and
 * the score is at most {@link #MOST_LOSS} lower. Where a score is no share of right answers there is no such interval, and
 * the score may be worse by that part of it. Cheapest means: the fewest bytes; then the fewest bit-operations; then what
 * was listed first, which is the simplest.
 */
public final class Recommendation {
    /** The seed of the halves. */
    public static final long SEED = 1;

    /** At most so many samples of the first half are chosen on. */
    public static final int MOST_CHOSEN_ON = 2000;

    /** How much lower the score of what is chosen may be than the best one. */
    public static final double MOST_LOSS = 0.01;

    /** One remedy may cause another problem, so remedies are applied in at most this many rounds. */
    private static final int ROUNDS = 6;

    /**
     * What is asked.
     *
     * @param model with a graph, in the form that the state wants
     * @param reference the float model to compare with
     * @param state what is open; tensors kept in float, corrections and the score stay
     * @param data at least two samples
     * @param calibration what ranges are found on; the half that is chosen on if it is empty, or of the same file as the
     *     data
     * @param threads batches that run at once
     */
    public record Asked(
            Model model,
            Model reference,
            SessionState state,
            RunTarget target,
            Dataset data,
            Optional<Dataset> calibration,
            int threads) {}

    /**
     * One of the settings that were considered.
     *
     * @param figure on the samples that were chosen on; empty if the target cannot hold them
     * @param bytes size of the model's tensors
     * @param bitOperations for one sample
     * @param solved how many problems of the target were remedied
     * @param asGood true if it is as good as the best
     * @param why why it was not measured, a sentence; empty if it was
     */
    public record Tried(
            RecommendedOption option,
            Optional<AccuracyEstimate> figure,
            long bytes,
            double bitOperations,
            int solved,
            boolean asGood,
            String why) {}

    /**
     * What came of it.
     *
     * @param tried in the order in which they were tried
     * @param chosen one of them
     * @param fitted the chosen settings with all that follows from them
     * @param edit what makes them of the state that was asked about
     * @param calibration what ranges were found on
     * @param reported the score on the half that nothing was chosen on
     * @param overFloat the 95 % interval of quantized − float for samples such as these; empty where a sample is not
     *     right or wrong
     * @param chosenOn how many samples were chosen on
     * @param size of the model's tensors
     * @param problems what the target still says of it, warnings only
     * @param how what was scored, and how
     */
    public record Result(
            List<Tried> tried,
            Tried chosen,
            Fitted fitted,
            Edit edit,
            Dataset calibration,
            AccuracyEstimate reported,
            Optional<PairedInterval> overFloat,
            int chosenOn,
            ModelSize size,
            List<ExportProblem> problems,
            LiveEvaluator.Reading how) {
        public Result {
            tried = List.copyOf(tried);
            problems = List.copyOf(problems);
        }
    }

    /** A candidate that the target can hold. */
    private record Held(
            RecommendedOption option,
            Fitted fitted,
            List<Edit> edits,
            int solved,
            List<ExportProblem> left,
            Evaluation found,
            ModelSize size,
            double bitOperations) {
        double merit() {
            AccuracyEstimate a = found.accuracy();
            double score = a.task().higherIsBetter() ? a.score() : -a.score();
            return Double.isNaN(score) ? Double.NEGATIVE_INFINITY : score;
        }
    }

    private final Asked asked;
    private final Exporter exporter;
    private final Progress progress;
    private final CancelToken cancel;
    private final Dataset choosing;
    private final Dataset reporting;
    private final Dataset calibration;
    private final Fitting fitting;
    private final List<Edit> cleared = new ArrayList<>();

    private Recommendation(Asked asked, Progress progress, CancelToken cancel) {
        this.asked = asked;
        this.exporter = asked.target().exporter();
        this.progress = progress;
        this.cancel = cancel;
        if (asked.data().size() < 2) {
            throw new BadInputException(
                    asked.data().file(),
                    "samples",
                    "one half to choose on and one to report on need at least 2, got "
                            + asked.data().size());
        }
        List<Dataset> halves = SampleSubset.halvesOfFile(asked.data(), SEED);
        this.choosing = halves.getFirst().limit(MOST_CHOSEN_ON);
        this.reporting = halves.getLast();
        // The same file holds the half that is reported on.
        Optional<Dataset> others =
                asked.calibration().filter(c -> !c.sha256().equals(asked.data().sha256()));
        this.calibration = others.orElse(halves.getFirst());
        this.fitting = new Fitting(calibration, cancel);
        asked.state().overrides().keySet().forEach(id -> cleared.add(new Edit.ClearOverride(id)));
        if (others.isEmpty()) {
            cleared.add(new Edit.RelinkCalibrationData(Optional.of(FileRef.of(calibration))));
        }
    }

    /**
     * Finds settings.
     *
     * @throws BadInputException if the data does not fit the model or is less than two samples, or if the target can hold
     *     none of the settings, with the reason
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Result of(Asked asked, Progress progress, CancelToken cancel) {
        return new Recommendation(asked, progress, cancel).run();
    }

    private Result run() {
        List<RecommendedOption> options =
                RecommendedOption.of(asked.target(), !exporter.loses().contains(Exporter.Field.ACTIVATIONS));
        List<Held> held = new ArrayList<>();
        Map<RecommendedOption, String> refused = new LinkedHashMap<>();
        Set<SessionState> seen = new HashSet<>();
        try (Evaluations evaluations = new Evaluations(
                asked.reference(), choosing, asked.threads(), asked.state().metric(), cancel)) {
            for (int i = 0; i < options.size(); i++) {
                cancel.check();
                RecommendedOption option = options.get(i);
                progress.report(i, options.size() + 1, option.title());
                try {
                    hold(option, seen, evaluations).ifPresent(held::add);
                } catch (Refused e) {
                    refused.put(option, e.why);
                } catch (BadInputException e) {
                    if (held.isEmpty() && i == options.size() - 1) {
                        throw e;
                    }
                    refused.put(option, e.getMessage());
                }
            }
        }
        if (held.isEmpty()) {
            throw new BadInputException(
                    asked.model().file(),
                    "target",
                    asked.target().title() + " takes none of the settings: "
                            + refused.values().stream().findFirst().orElse("nothing is left to quantize"));
        }
        Held best = held.stream().max(Comparator.comparingDouble(Held::merit)).orElseThrow();
        Held chosen = held.stream()
                .filter(h -> asGood(h, best))
                .min(Comparator.<Held>comparingLong(h -> h.size().quantizedBytes())
                        .thenComparingDouble(Held::bitOperations))
                .orElseThrow();
        List<Tried> tried = new ArrayList<>();
        for (RecommendedOption option : options) {
            held.stream().filter(h -> h.option().equals(option)).findFirst().ifPresent(h -> tried.add(tried(h, best)));
            if (refused.containsKey(option)) {
                tried.add(new Tried(option, Optional.empty(), 0, 0, 0, false, refused.get(option)));
            }
        }
        return report(chosen, tried, tried(chosen, best));
    }

    /** Remedies problems until there are none, and measures; empty if it became what was measured before. */
    private Optional<Held> hold(RecommendedOption option, Set<SessionState> seen, Evaluations evaluations)
            throws Refused {
        List<Edit> edits = new ArrayList<>(cleared);
        edits.add(new Edit.SetWeights(Optional.of(option.weights())));
        edits.add(new Edit.SetActivations(option.activations()));
        SessionState state = new Edit.All("", edits).apply(asked.state());
        int solved = 0;
        for (int round = 0; ; round++) {
            Fitted fitted = fitting.fit(asked.model(), state, Progress.NONE);
            List<ExportProblem> problems = Exporters.problems(exporter, plan(fitted));
            Map<String, Edit> fixes = new LinkedHashMap<>();
            problems.forEach(p -> p.fix().ifPresent(fix -> fixes.putIfAbsent(p.tensor(), fix)));
            SessionState next = new Edit.All("", List.copyOf(fixes.values())).apply(state);
            if (round < ROUNDS && !next.equals(state)) {
                solved += fixes.size();
                edits.addAll(fixes.values());
                state = next;
                continue;
            }
            Optional<ExportProblem> error = problems.stream()
                    .filter(p -> p.severity() == Severity.ERROR)
                    .findFirst();
            if (error.isPresent()) {
                throw new Refused(
                        (error.get().tensor().isEmpty() ? "" : error.get().tensor() + ": ")
                                + error.get().why());
            }
            if (!seen.add(state)) {
                return Optional.empty();
            }
            Evaluation found = evaluations.run(fitted, x -> {});
            DeviceCost cost = DeviceCost.of(
                    fitted.solved().model(),
                    fitted.solved().settings(),
                    Optional.empty(),
                    Optional.of(choosing),
                    cancel);
            return Optional.of(new Held(
                    option,
                    fitted,
                    List.copyOf(edits),
                    solved,
                    problems,
                    found,
                    ModelSize.of(fitted.solved().model(), fitted.solved().settings()),
                    cost.bitOperations()));
        }
    }

    private ExportPlan plan(Fitted fitted) {
        return new ExportPlan(
                        fitted.solved().model(),
                        new Session(
                                fitted.state(),
                                fitting.resolver().ranges(fitted.state(), fitted.calibration(), cancel),
                                fitted.solved().solved()),
                        fitted.solved().settings())
                .withReference(asked.reference())
                .withOptions(asked.target().options());
    }

    private static boolean asGood(Held one, Held best) {
        double loss = best.merit() - one.merit();
        if (!one.found().accuracy().task().isProportion()) {
            return loss <= MOST_LOSS * Math.abs(best.merit());
        }
        Optional<PairedInterval> gain = Gain.between(best.found().outcomes(), one.found());
        return loss <= MOST_LOSS && (gain.isEmpty() || gain.get().hi() >= 0);
    }

    private static Tried tried(Held h, Held best) {
        return new Tried(
                h.option(),
                Optional.of(h.found().accuracy()),
                h.size().quantizedBytes(),
                h.bitOperations(),
                h.solved(),
                asGood(h, best),
                "");
    }

    private Result report(Held chosen, List<Tried> tried, Tried as) {
        progress.report(tried.size(), tried.size() + 1L, "on the other half of the data");
        try (Evaluations evaluations = new Evaluations(
                asked.reference(), reporting, asked.threads(), asked.state().metric(), cancel)) {
            Evaluation found = evaluations.run(
                    chosen.fitted(),
                    e -> progress.report(
                            tried.size(),
                            tried.size() + 1L,
                            "on the other half of the data, " + e.accuracy().seen() + " of "
                                    + e.accuracy().total()));
            return new Result(
                    tried,
                    as,
                    chosen.fitted(),
                    new Edit.All("recommended for " + asked.target().title(), chosen.edits()),
                    calibration,
                    found.accuracy(),
                    Gain.overFloat(found),
                    choosing.size(),
                    chosen.size(),
                    chosen.left(),
                    evaluations.of(chosen.fitted()).how(cancel));
        }
    }

    /** The target cannot hold these settings. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        private final String why;

        Refused(String why) {
            super(why);
            this.why = why;
        }
    }
}
