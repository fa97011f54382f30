package org.quantscope.core.figure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.MixedPrecision;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.figure.FigureSource.Scene;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The figures of many scenes, which share what is dear: the evaluators with the float model's answers, what calibration
 * data has shown, and every figure that was computed before. Models and data are told apart by their identity, so a
 * caller keeps what it has opened. Used by one thread at a time; {@link #during} sees to that.
 */
public final class FigureSources implements AutoCloseable {
    private static final int MOST_SOURCES = 48;
    private static final int MOST_EVALUATORS = 3;
    private static final int MOST_CALIBRATIONS = 6;
    private static final int MOST_CORRECTED = 12;
    private static final int MOST_CORRUPTED = 12;

    private final Resolver resolver = new Resolver();
    private final long evaluationSeed;
    private final int threads;
    private final Map<Object, FigureSource> sources = limited(MOST_SOURCES);
    private final Map<Object, ModelFigures> models = limited(MOST_SOURCES);
    private final Map<Object, Calibration> calibrations = limited(MOST_CALIBRATIONS);
    private final Map<Object, Optional<LayerMoments>> moments = limited(MOST_CALIBRATIONS);
    private final Map<Object, SessionState> mixtures = new HashMap<>();
    private final Map<Object, Correction.Output> corrected = limited(MOST_CORRECTED);
    private final Map<Object, Dataset> corrupted = limited(MOST_CORRUPTED);
    private final LinkedHashMap<Object, LiveEvaluator> evaluators = new LinkedHashMap<>(8, 0.75f, true);
    private CancelToken cancel = new CancelToken();

    /** An object as a key: equal only to itself. */
    private record Same(@Nullable Object object) {
        static Same of(Optional<?> some) {
            return new Same(some.orElse(null));
        }

        @Override
        @SuppressWarnings("ReferenceEquality") // what makes it a key
        public boolean equals(@Nullable Object other) {
            return other instanceof Same same && same.object == object;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(object);
        }
    }

    /**
     * @param evaluationSeed of the evaluation order; complete figures do not depend on it
     * @param threads how many batches to evaluate at once
     */
    public FigureSources(long evaluationSeed, int threads) {
        this.evaluationSeed = evaluationSeed;
        this.threads = threads;
    }

    private static <V> Map<Object, V> limited(int most) {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, V> eldest) {
                return size() > most;
            }
        };
    }

    /**
     * Does some work with these sources; another thread waits so long.
     *
     * @param token stops the work
     */
    public synchronized <T> T during(CancelToken token, Supplier<T> work) {
        CancelToken before = cancel;
        cancel = token;
        try {
            return work.get();
        } finally {
            cancel = before;
        }
    }

    CancelToken cancel() {
        return cancel;
    }

    Resolver resolver() {
        return resolver;
    }

    /** The figures of a scene. */
    public synchronized FigureSource of(Scene scene) {
        List<Object> key = new ArrayList<>(key(scene));
        key.add(scene.selected());
        return sources.computeIfAbsent(key, k -> new FigureSource(scene, this));
    }

    private static List<Object> key(Scene scene) {
        return List.of(
                new Same(scene.model()),
                new Same(scene.reference()),
                scene.state(),
                new Same(scene.calibration()),
                Same.of(scene.calibrationData()),
                Same.of(scene.evaluationData()));
    }

    /** What does not depend on the selected tensor. */
    ModelFigures whole(Scene scene) {
        List<Object> key = key(scene);
        ModelFigures known = models.get(key);
        if (known == null) {
            known = new ModelFigures(scene, this);
            models.put(key, known);
        }
        return known;
    }

    /** What the calibration of a scene says, or what its data shows, as far as the settings need it. */
    Calibration calibration(Scene scene) {
        SessionState state = scene.state();
        Model model = scene.model();
        Calibration known = scene.calibration();
        boolean wanting = (looksAtActivations(scene)
                        && known.activations().isEmpty()
                        && known.sketches().isEmpty())
                || (state.needsImportance()
                        && known.seen().isEmpty()
                        && known.sketches().isEmpty());
        if (model.graph().isEmpty() || !(wanting || state.needsMoments())) {
            return known;
        }
        Dataset data = scene.calibrationData()
                .orElseThrow(() -> new BadInputException(
                        "", "calibration-data", "these settings need calibration data, and the stage names none"));
        if (wanting) {
            known = calibrations.computeIfAbsent(
                    List.of(new Same(model), new Same(data)),
                    k -> Calibration.of(ActivationCalibration.run(model, data, Progress.NONE, cancel)));
        }
        return MomentsPass.complete(known, model, state, data, Progress.NONE, cancel);
    }

    private static boolean looksAtActivations(Scene scene) {
        return scene.state().activations().isPresent()
                || Stream.concat(scene.state().overrides().keySet().stream(), scene.selected().stream())
                        .anyMatch(
                                id -> FigureSource.activation(scene.model(), id).isPresent());
    }

    /**
     * The settings that a search gives for a budget of bits, as the command {@code budget} does: widths of 2, 3, 4, 6 and
     * 8 bits, measured on the calibration data. Weights with bits of their own are given others.
     *
     * @param averageBits bits of codes for each weight, on average
     * @throws BadInputException if there is no calibration data, or the budget cannot be met
     */
    public SessionState within(Scene scene, double averageBits) {
        Dataset data = scene.calibrationData()
                .orElseThrow(() -> new BadInputException(
                        "", "budget", "bits are given by calibration data, and the stage names none"));
        SessionState base = scene.state().withOverrides(Map.of());
        List<Object> key = List.of(new Same(scene.model()), base, new Same(data), averageBits);
        SessionState known = mixtures.get(key);
        if (known != null) {
            return known;
        }
        Scene plain = scene.with(base);
        try (LiveEvaluator evaluator =
                        new LiveEvaluator(scene.model(), data, MixedPrecision.SEED, threads, Optional.empty());
                MixedPrecision search = new MixedPrecision(
                        new MixedPrecision.Question(
                                scene.model(),
                                base,
                                calibration(plain),
                                Set.of(),
                                BitTarget.FREE.widths(),
                                MixedPrecision.Unit.AVERAGE_BITS),
                        data,
                        evaluator,
                        resolver)) {
            SessionState found = search.state(search.best(averageBits, Progress.NONE, cancel));
            mixtures.put(key, found);
            return found;
        } catch (IllegalArgumentException e) {
            throw new BadInputException("", "budget", String.valueOf(e.getMessage()));
        }
    }

    /**
     * A correction of the scene's model, computed under the scene's settings with its calibration data.
     *
     * @throws BadInputException if it cannot be computed here
     */
    public Correction.Output corrected(Scene scene, String id, Map<String, String> options) {
        List<Object> key =
                List.of(new Same(scene.model()), scene.state(), Same.of(scene.calibrationData()), id, options);
        Correction.Output known = corrected.get(key);
        if (known == null) {
            Correction correction = Corrections.byId(id);
            Optional<Dataset> data = correction.needsData() ? scene.calibrationData() : Optional.empty();
            if (correction.needsData() && data.isEmpty()) {
                throw new BadInputException(
                        "", "calibration-data", id + " rests on calibration data, and the stage names none");
            }
            Session session = new Session(scene.state(), resolver.ranges(scene.state(), calibration(scene), cancel));
            try {
                known = correction.apply(
                        new Correction.Input(scene.model(), options, data, Optional.of(session)),
                        Progress.NONE,
                        cancel);
            } catch (CorrectionUnavailableException e) {
                throw new BadInputException("", "correct", String.valueOf(e.getMessage()));
            }
            corrected.put(key, known);
        }
        return known;
    }

    /**
     * The scene with that correction in place of those that it has: the model and the ranges that come of it. What is
     * compared with stays.
     */
    public Scene with(Scene scene, String id, Map<String, String> options) {
        SessionState state = scene.state().withCorrections(List.of());
        Scene before = new Scene(
                scene.reference(),
                scene.reference(),
                state,
                scene.selected(),
                Calibration.NONE,
                scene.calibrationData(),
                scene.evaluationData());
        Correction.Output output = corrected(before, id, options);
        Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
        own.putAll(output.ranges());
        return new Scene(
                output.model(),
                scene.reference(),
                state.withOverrides(own),
                scene.selected(),
                Calibration.NONE,
                scene.calibrationData(),
                scene.evaluationData());
    }

    /**
     * The scene with worse samples to evaluate on; the calibration data stays.
     *
     * @throws BadInputException if there is no such data, or the corruption makes no sense for it
     */
    public Scene with(Scene scene, Corrupted worse) {
        Dataset data = scene.evaluationData()
                .orElseThrow(() ->
                        new BadInputException("", "corrupt", "there is no data to evaluate on, the stage names none"));
        Dataset made = corrupted.computeIfAbsent(
                List.of(new Same(data), worse), k -> Datasets.corrupted(data, Optional.of(worse)));
        return new Scene(
                scene.model(),
                scene.reference(),
                scene.state(),
                scene.selected(),
                scene.calibration(),
                scene.calibrationData(),
                Optional.of(made));
    }

    /** What the layer of a weight reads; empty if it reads nothing as a matrix. */
    Optional<LayerMoments> moments(Model model, TensorId id, Dataset data) {
        List<Object> key = List.of(new Same(model), id, new Same(data));
        Optional<LayerMoments> known = moments.get(key);
        if (known == null) {
            known = MomentsPass.run(model, id::equals, data, Progress.NONE, cancel)
                    .of(id);
            moments.put(key, known);
        }
        return known;
    }

    /** How many samples the quantized model gets right, beside the float model. */
    AccuracyEstimate accuracy(Scene scene, Dataset data, EvalRequest request) {
        Optional<Task> metric = scene.state().metric();
        List<Object> key = List.of(new Same(scene.model()), new Same(scene.reference()), new Same(data), metric);
        LiveEvaluator evaluator = evaluators.get(key);
        if (evaluator == null) {
            evaluator = new LiveEvaluator(scene.model(), scene.reference(), data, evaluationSeed, threads, metric, 0);
            evaluators.put(key, evaluator);
            if (evaluators.size() > MOST_EVALUATORS) {
                Objects.requireNonNull(evaluators.pollFirstEntry()).getValue().close();
            }
        }
        return evaluator.evaluate(request, cancel, partial -> {});
    }

    /** Closes the evaluators; figures that need one cannot be computed any more. */
    @Override
    public synchronized void close() {
        evaluators.values().forEach(LiveEvaluator::close);
        evaluators.clear();
        sources.clear();
        models.clear();
    }
}
