package org.quantscope.core.sweep;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;

/**
 * Evaluates the points of a plan, and keeps what the next ones share with them: opened and corrected models, what was seen
 * of activations, the float model's outputs, ranges. A figure does not depend on what was evaluated before it, and is the
 * one that {@code eval} gives. For one thread at a time.
 */
public final class SharedWork implements AutoCloseable {
    private static final int MODELS = 4;
    private static final int EVALUATORS = 2;

    private final SweepPlan plan;
    private final int threads;
    private final Function<String, Optional<ActivationSketches>> known;
    private final Resolver resolver = new Resolver();
    private final Map<String, OpenedModel> opened = new LinkedHashMap<>();
    private final Map<String, Running> running = new LinkedHashMap<>();

    /**
     * @param threads the number of batches that are evaluated at once, at least 1
     */
    public SharedWork(SweepPlan plan, int threads) {
        this(plan, threads, setup -> Optional.empty());
    }

    /**
     * @param known gives what was seen of the activations of a setup, if somebody has looked already
     */
    public SharedWork(SweepPlan plan, int threads, Function<String, Optional<ActivationSketches>> known) {
        this.plan = plan;
        this.threads = threads;
        this.known = known;
    }

    /** An evaluator with what does not depend on the settings. */
    private record Running(LiveEvaluator evaluator, LiveEvaluator.Reading how, List<String> doubts) {}

    /**
     * The row of a point: its figures, or, if its settings cannot be, the reason under {@code refused}.
     *
     * @throws BadInputException if its model or data cannot be used
     * @throws IOException if a file cannot be read
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public SweepRow row(SweepPoint point, CancelToken cancel) throws IOException {
        long start = System.nanoTime();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("point", point.number());
        fields.put("key", point.key());
        fields.put("model", point.model().name());
        fields.put("settings", point.settings().fields(plan.shards()));
        boolean refused = false;
        try {
            fields.putAll(evaluated(point, cancel));
        } catch (BadInputException | CorrectionUnavailableException | IllegalArgumentException e) {
            cancel.check();
            fields.put("refused", String.valueOf(e.getMessage()));
            refused = true;
        }
        return new SweepRow(point.number(), RowText.of(fields), refused, (System.nanoTime() - start) / 1e9);
    }

    private Map<String, Object> evaluated(SweepPoint point, CancelToken cancel) throws IOException {
        PointSettings settings = point.settings();
        if (settings.quantizesNothing()) {
            throw new IllegalArgumentException("weights and activations: both stay in float, so nothing is quantized");
        }
        OpenedModel plain = uncorrected(point.model(), cancel);
        OpenedModel of = corrected(point, plain, cancel);
        SessionState state = state(point, of).withCorrections(of.corrections());
        Calibration calibration = Calibration.NONE;
        Optional<Dataset> calibrating = of.calibrationData();
        if (calibrating.isPresent()) {
            if (state.looksAtActivations()) {
                calibration = of.calibration(seen(point), cancel);
            }
            state = state.withCalibrationData(Optional.of(FileRef.of(calibrating.get())));
        } else if (state.activations().isPresent()) {
            throw new IllegalArgumentException("activations: their ranges need calibration_data");
        }
        calibration = of.withMoments(calibration, state, settings.tensor().orElse(Axis.ALL), cancel);
        Scored scored = state.scored().withOutput(point.model().output());
        Model run = of.model().withGraph(of.model().graph().orElseThrow().withScored(scored));
        ResolvedSettings nearest = resolver.resolve(run, state, calibration, Progress.NONE, cancel);
        Optional<EqualizationOffer> first = EqualizationOffer.of(run, state, Progress.NONE, cancel);
        SolvedModel solved = solved(run, state, nearest, calibrating, cancel);
        ResolvedSettings resolved = solved.settings();

        Running on = running(point, of, run, cancel);
        List<String> notes = new ArrayList<>(on.how.notes());
        notes.addAll(on.doubts);
        notes.addAll(CodeNotes.of(solved.model(), state, resolved, solved.solved()));
        Evaluation evaluated = on.evaluator.evaluateSamples(solved.request(Optional.empty()), cancel, part -> {});
        AccuracyEstimate figure = evaluated.accuracy();
        notes.addAll(EvalFields.collapse(figure));
        first.ifPresent(offer -> notes.add(EvalFields.offer(offer)));
        Map<String, Object> fields = new LinkedHashMap<>(
                EvalFields.of(figure, on.how, of.reference(), ModelSize.of(solved.model(), resolved), notes));
        fields.putAll(EvalFields.changes(evaluated.outcomes()));
        fields.putAll(EvalFields.leftFloat(LeftFloat.of(solved.model(), state)));
        fields.putAll(EvalFields.ranges(nearest, calibration));
        if (plan.shards() > 1) {
            fields.put("paired", paired(figure, evaluated.outcomes()));
        }
        return fields;
    }

    /** How many samples changed, so that parts of the data can be added up exactly. */
    private static Map<String, Object> paired(AccuracyEstimate figure, SampleOutcomes outcomes) {
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("samples", figure.seen());
        figure.agree().ifPresent(n -> counts.put("agree", n));
        counts.put("gained", outcomes.count(SampleOutcomes.Change.GAINED));
        counts.put("lost", outcomes.count(SampleOutcomes.Change.LOST));
        return counts;
    }

    private OpenedModel uncorrected(SweepModel model, CancelToken cancel) throws IOException {
        OpenedModel there = opened.remove(model.name());
        return keep(model.name(), there == null ? OpenedModel.of(plan, model, cancel) : there);
    }

    private OpenedModel corrected(SweepPoint point, OpenedModel plain, CancelToken cancel) throws IOException {
        if (point.settings().corrections().isEmpty()) {
            return plain;
        }
        String key = form(point);
        OpenedModel there = opened.remove(key);
        if (there == null) {
            List<AskedCorrection> asked = point.settings().corrections().stream()
                    .map(AskedCorrection::parse)
                    .toList();
            there = plain.corrected(
                    asked,
                    state(point, plain),
                    resolver,
                    model -> known.apply(point.model().name()),
                    cancel);
        }
        return keep(key, there);
    }

    /** Keeps a model as the one used last; the one that was used least recently makes room. */
    private OpenedModel keep(String key, OpenedModel model) {
        opened.put(key, model);
        if (opened.size() > MODELS) {
            opened.remove(opened.keySet().iterator().next());
        }
        return model;
    }

    /** Names the form of the model that a point is evaluated on: two points of one name share it. */
    private static String form(SweepPoint point) {
        List<String> corrections = point.settings().corrections();
        boolean bySettings = corrections.stream()
                .anyMatch(c -> AskedCorrection.parse(c).correction().needsData());
        PointSettings rest =
                new PointSettings(corrections, 0, bySettings ? point.settings().values() : Map.of());
        return point.model().name() + " " + rest.key(1);
    }

    /** Where what was seen of the activations of a point's model is looked up before it is computed. */
    private Function<OpenedModel, Optional<ActivationSketches>> seen(SweepPoint point) {
        return model -> known.apply(setup(point).orElse(""));
    }

    /**
     * Names what the activations of a point's model depend on; empty if nobody can know before the point is evaluated,
     * because a correction goes by its settings.
     */
    public static Optional<String> setup(SweepPoint point) {
        String form = form(point);
        boolean plain = point.settings().corrections().isEmpty();
        boolean bySettings = point.settings().corrections().stream()
                .anyMatch(c -> AskedCorrection.parse(c).correction().needsData());
        return bySettings ? Optional.empty() : Optional.of(plain ? point.model().name() : form);
    }

    /**
     * What is seen in one part of the calibration data of a point's model, alone.
     *
     * @throws IllegalArgumentException if the plan names no calibration data for it
     */
    public ActivationSketches observed(SweepPoint point, int shard, CancelToken cancel) throws IOException {
        OpenedModel of = corrected(point, uncorrected(point.model(), cancel), cancel);
        if (of.calibrationData().isEmpty()) {
            throw new IllegalArgumentException(
                    "calibration_data: " + point.model().name() + " has none");
        }
        return of.sketches(of.observed(shard, cancel));
    }

    private static SessionState state(SweepPoint point, OpenedModel of) {
        return PointStates.of(point, of.ref(), of.model(), of.calibrationData().isPresent());
    }

    private static SolvedModel solved(
            Model model, SessionState state, ResolvedSettings nearest, Optional<Dataset> data, CancelToken cancel) {
        SolvedModel held = SolvedModel.of(model, state, nearest, Map.of());
        if (held.open().isEmpty()) {
            return held;
        }
        Dataset samples =
                data.orElseThrow(() -> new IllegalArgumentException("rounding: all but nearest need calibration_data"));
        return RoundingPass.run(model, state, nearest, Map.of(), samples, Progress.NONE, cancel)
                .solved();
    }

    private Running running(SweepPoint point, OpenedModel of, Model run, CancelToken cancel) throws IOException {
        String key = form(point) + " " + point.settings().shard();
        Running there = running.remove(key);
        if (there == null) {
            while (running.size() >= EVALUATORS) {
                Objects.requireNonNull(
                                running.remove(running.keySet().iterator().next()))
                        .evaluator
                        .close();
            }
            there = start(point, of, run, cancel);
        }
        running.put(key, there);
        return there;
    }

    private Running start(SweepPoint point, OpenedModel of, Model run, CancelToken cancel) throws IOException {
        SweepModel model = point.model();
        Dataset all = Datasets.open(model.data(), Optional.empty(), cancel);
        Dataset data = Shards.part(
                model.limit().isPresent() ? all.limit(model.limit().getAsInt()) : all,
                point.settings().shard(),
                plan.shards());
        LiveEvaluator evaluator =
                new LiveEvaluator(run, of.reference(), data, Engine.EVALUATION_SEED, threads, model.metric(), 0);
        boolean started = false;
        try {
            LiveEvaluator.Reading how = evaluator.how(cancel);
            model.metric().filter(task -> !how.possible().contains(task)).ifPresent(task -> {
                throw new IllegalArgumentException("metric: " + task.id() + " does not fit the model and the data");
            });
            AccuracyEstimate baseline = evaluator.floatBaseline(cancel, part -> {});
            Running made = new Running(evaluator, how, evaluator.doubts(baseline, cancel));
            started = true;
            return made;
        } finally {
            if (!started) {
                evaluator.close();
            }
        }
    }

    @Override
    public void close() {
        List<Running> open = List.copyOf(running.values());
        running.clear();
        open.forEach(r -> r.evaluator.close());
    }
}
