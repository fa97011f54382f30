package org.quantscope.core.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

class SensitivitySweepTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId FIRST = new TensorId("0.weight");

    private final Model model;
    private final Dataset data = Datasets.open(sample("digits_test.npz"));
    private final ResolvedSettings settings;

    /** Coarse settings, so that something is lost. */
    SensitivitySweepTest() throws IOException {
        model = Engine.open(sample("digits_mlp.onnx"), true);
        SessionState state = SessionState.of(FileRef.of(sample("digits_mlp.onnx"), NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(3)));
        Dataset calibration = Datasets.open(sample("digits_calibration.npz"));
        settings = Engine.resolve(
                model,
                state,
                Calibration.of(Engine.observe(model, calibration, Progress.NONE, NEVER)),
                Progress.NONE,
                NEVER);
    }

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private SensitivitySweep sweep(SensitivityCache cache) {
        return new SensitivitySweep(model, settings.weights(), settings.activations(), cache);
    }

    private LiveEvaluator evaluator() {
        return Engine.evaluator(model, data);
    }

    @Test
    void everyFigureIsWhatAnEvaluationOfThatSettingGives() {
        SensitivitySweep sweep = sweep(new SensitivityCache());
        SensitivityReport report;
        int built;
        try (LiveEvaluator evaluator = evaluator()) {
            report = sweep.run(evaluator, data.size(), Progress.NONE, NEVER, part -> {});
            built = evaluator.sessionsBuilt();
        }

        int weights = settings.weights().size();
        int activations = sweep.tensors().size() - weights;
        assertThat(weights).isEqualTo(3);
        assertThat(activations).isGreaterThan(2);
        assertThat(built).isLessThanOrEqualTo(1 + 2 * (weights + activations));
        assertThat(report.isComplete()).isTrue();
        assertThat(report.tensors()).hasSize(sweep.tensors().size());
        try (LiveEvaluator other = new LiveEvaluator(model, data, 77)) {
            assertSame(report.baseline(), other, settings.weights(), settings.activations());
            for (TensorSensitivity tensor : report.tensors()) {
                Map<TensorId, QuantParams> w = new HashMap<>(settings.weights());
                Map<TensorId, QuantParams> a = new HashMap<>(settings.activations());
                w.remove(tensor.name());
                a.remove(tensor.name());
                assertSame(tensor.allButThis(), other, w, a);
                w = new HashMap<>(settings.weights());
                a = new HashMap<>(settings.activations());
                w.keySet().retainAll(List.of(tensor.name()));
                a.keySet().retainAll(List.of(tensor.name()));
                assertSame(tensor.onlyThis(), other, w, a);
                assertThat(tensor.kind()).isEqualTo(w.isEmpty() ? TensorKind.ACTIVATION : TensorKind.WEIGHT);
            }
        }
        assertThat(report.tensors().getFirst().loss().getAsDouble()).isPositive();
    }

    private static void assertSame(
            Optional<AccuracyEstimate> figure,
            LiveEvaluator by,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations) {
        AccuracyEstimate expected =
                by.evaluate(new EvalRequest(Optional.empty(), weights, activations), NEVER, e -> {});
        assertThat(figure.orElseThrow().correct()).isEqualTo(expected.correct());
        assertThat(figure.get().agree()).isEqualTo(expected.agree());
        // Sums in another order.
        assertThat(figure.get().logitSqnrDb())
                .isCloseTo(expected.logitSqnrDb(), org.assertj.core.api.Assertions.within(1e-9));
    }

    @Test
    void theFirstRoundRestsOnFewSamplesAndTheReportSaysSo() {
        SensitivitySweep sweep = sweep(new SensitivityCache());
        List<SensitivityReport> parts = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        try (LiveEvaluator evaluator = evaluator()) {
            sweep.run(
                    evaluator,
                    150,
                    (done, total, what) -> texts.add(done + "/" + total + " " + what),
                    NEVER,
                    parts::add);
        }

        int evaluations = 1 + 2 * sweep.tensors().size();
        assertThat(parts).hasSize(2 * evaluations);
        SensitivityReport quick = parts.get(evaluations - 1);
        assertThat(quick.known()).isZero();
        assertThat(quick.wanted()).isEqualTo(evaluations);
        assertThat(quick.baseline().orElseThrow().seen()).isEqualTo(150);
        assertThat(quick.tensors()).allSatisfy(t -> assertThat(t.seen()).isEqualTo(150));
        assertThat(parts.getFirst().tensors())
                .allSatisfy(t -> assertThat(t.onlyThis()).isEmpty());
        assertThat(parts.getLast().isComplete()).isTrue();
        assertThat(texts.getFirst())
                .isEqualTo("0/" + 150 * evaluations + " all, 1 of " + evaluations + " on 150 samples");
        assertThat(texts.getLast())
                .startsWith(500 * evaluations + "/" + 500 * evaluations + " all but ")
                .endsWith(", " + evaluations + " of " + evaluations);
    }

    @Test
    void aSweepThatWasCancelledGoesOnWhereItEnded() {
        SensitivityCache cache = new SensitivityCache();
        int evaluations = 1 + 2 * sweep(cache).tensors().size();
        CancelToken cancel = new CancelToken();
        List<SensitivityReport> before = new ArrayList<>();
        List<SensitivityReport> after = new ArrayList<>();
        try (LiveEvaluator evaluator = evaluator()) {
            assertThatThrownBy(() -> sweep(cache).run(evaluator, data.size(), Progress.NONE, cancel, part -> {
                        before.add(part);
                        if (before.size() == 4) {
                            cancel.cancel();
                        }
                    }))
                    .isInstanceOf(CancellationException.class);
        }
        assertThat(sweep(cache).known(data.size()).known()).isEqualTo(4);
        try (LiveEvaluator evaluator = evaluator()) {
            sweep(cache).run(evaluator, data.size(), Progress.NONE, NEVER, after::add);
        }

        assertThat(after).hasSize(evaluations - 4);
        assertThat(after.getLast().isComplete()).isTrue();
    }

    @Test
    void aSweepThatWasCutShortGoesOnAfterARestart(@TempDir Path folder) {
        SensitivityScope scope = new SensitivityScope("ab".repeat(32));
        int evaluations = 1 + 2 * sweep(new SensitivityCache()).tensors().size();
        CancelToken cancel = new CancelToken();
        List<SensitivityReport> before = new ArrayList<>();
        try (LiveEvaluator evaluator = evaluator()) {
            assertThatThrownBy(() -> sweep(new SensitivityStore(folder).open(scope))
                            .run(evaluator, data.size(), Progress.NONE, cancel, part -> {
                                before.add(part);
                                if (before.size() == 4) {
                                    cancel.cancel();
                                }
                            }))
                    .isInstanceOf(CancellationException.class);
        }

        // The intervals of the figures are not kept: a ranking does not show them.
        assertThat(sweep(new SensitivityStore(folder).open(scope)).known(data.size()))
                .usingRecursiveComparison()
                .withEqualsForType(Double::equals, Double.class)
                .ignoringFieldsMatchingRegexes(".*details\\.intervals")
                .isEqualTo(before.getLast());
        List<SensitivityReport> after = new ArrayList<>();
        try (LiveEvaluator evaluator = evaluator()) {
            sweep(new SensitivityStore(folder).open(scope))
                    .run(evaluator, data.size(), Progress.NONE, NEVER, after::add);
        }
        assertThat(after).hasSize(evaluations - 4);
        assertThat(sweep(new SensitivityStore(folder).open(scope)).known(data.size()))
                .usingRecursiveComparison()
                .withEqualsForType(Double::equals, Double.class)
                .ignoringFieldsMatchingRegexes(".*details\\.intervals")
                .isEqualTo(after.getLast());
        assertThat(after.getLast().isComplete()).isTrue();
    }

    @Test
    void anEditLeavesTheFiguresThatItDoesNotTouch() {
        SensitivityCache cache = new SensitivityCache();
        try (LiveEvaluator evaluator = evaluator()) {
            sweep(cache).run(evaluator, 100, Progress.NONE, NEVER, part -> {});
        }
        QuantParams old = settings.weights().get(FIRST);
        Map<TensorId, QuantParams> changed = new HashMap<>(settings.weights());
        changed.put(
                FIRST,
                new QuantParams(
                        old.granularity(), new float[] {old.scale(0) * 1.5f}, new int[] {0}, old.qmin(), old.qmax()));

        SensitivityReport report =
                new SensitivitySweep(model, changed, settings.activations(), cache).known(data.size());

        assertThat(report.baseline()).isEmpty();
        assertThat(report.byName().get(FIRST).onlyThis()).isEmpty();
        assertThat(report.byName().get(FIRST).allButThis()).isPresent();
        assertThat(report.tensors())
                .filteredOn(t -> !t.name().equals(FIRST))
                .isNotEmpty()
                .allSatisfy(t -> {
                    assertThat(t.onlyThis()).isPresent();
                    assertThat(t.allButThis()).isEmpty();
                });
        assertThat(report.known()).isEqualTo(sweep(cache).tensors().size());
        assertThat(report.tensors().getLast().name()).isEqualTo(FIRST);
    }

    @Test
    void aRankingEvaluatesOnlyTheTensorsThatHaveChanged() {
        SensitivityCache cache = new SensitivityCache();
        QuantParams old = settings.weights().get(FIRST);
        Map<TensorId, QuantParams> changed = new HashMap<>(settings.weights());
        changed.put(
                FIRST,
                new QuantParams(
                        old.granularity(), new float[] {old.scale(0) * 1.5f}, new int[] {0}, old.qmin(), old.qmax()));
        SensitivitySweep next = new SensitivitySweep(model, changed, settings.activations(), cache);
        List<SensitivityReport> parts = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        try (LiveEvaluator evaluator = evaluator()) {
            sweep(cache).run(evaluator, 100, Progress.NONE, NEVER, part -> {});
            assertThat(sweep(cache).isRanked()).isTrue();
            assertThat(next.isRanked()).isFalse();
            next.rank(evaluator, (done, total, what) -> texts.add(what), NEVER, parts::add);
        }

        assertThat(parts).hasSize(1);
        assertThat(texts.getFirst()).isEqualTo("only 0.weight, 1 of 1");
        assertThat(next.isRanked()).isTrue();
        assertThat(parts.getFirst().byName().get(FIRST).onlyThis().orElseThrow().isComplete())
                .isTrue();
        assertThat(parts.getFirst().baseline()).isEmpty();
    }

    @Test
    void theSameCodesOnAnotherTensorAreAnotherSetting() {
        QuantParams params = settings.weights().get(FIRST);
        SensitivityCache cache = new SensitivityCache();
        try (LiveEvaluator evaluator = evaluator()) {
            new SensitivitySweep(model, Map.of(FIRST, params), Map.of(), cache)
                    .run(evaluator, 500, Progress.NONE, NEVER, part -> {});
        }

        TensorId second = new TensorId("2.weight");
        assertThat(new SensitivitySweep(model, Map.of(second, params), Map.of(), cache)
                        .known(500)
                        .byName()
                        .get(second)
                        .onlyThis())
                .isEmpty();
        assertThat(new SensitivitySweep(model, Map.of(FIRST, params), Map.of(), cache)
                        .known(500)
                        .isComplete())
                .isTrue();
    }

    @Test
    void nothingQuantizedIsACompleteReportOfTheFloatModel() {
        SensitivityCache cache = new SensitivityCache();
        try (LiveEvaluator evaluator = evaluator()) {
            SensitivityReport report = new SensitivitySweep(model, Map.of(), Map.of(), cache)
                    .run(evaluator, 1000, Progress.NONE, NEVER, part -> {});

            assertThat(report.tensors()).isEmpty();
            assertThat(report.baseline().orElseThrow().delta()).isZero();
        }
    }

    @Test
    void theTensorsAreThoseWithParametersOfTheirOwn() {
        assertThat(sweep(new SensitivityCache()).tensors())
                .extracting(TensorInfo::id)
                .startsWith(FIRST, new TensorId("2.weight"), new TensorId("4.weight"));
        assertThat(sweep(new SensitivityCache()).tensors())
                .extracting(TensorInfo::id)
                .doesNotHaveDuplicates();
    }

    private static TensorSensitivity tensor(String name, double score, double db) {
        AccuracyEstimate e = new AccuracyEstimate(
                new Task.TopK(1),
                score,
                0.9,
                100,
                100,
                OptionalInt.empty(),
                new PairedInterval(0, 0),
                db,
                OptionalDouble.empty());
        return new TensorSensitivity(new TensorId(name), TensorKind.WEIGHT, Optional.of(e), Optional.empty());
    }

    @Test
    void theWorstLosesMostAccuracyThenHasTheLowestOutputSqnr() {
        TensorSensitivity unknown =
                new TensorSensitivity(new TensorId("unknown"), TensorKind.WEIGHT, Optional.empty(), Optional.empty());
        SensitivityReport report = new SensitivityReport(
                Optional.empty(),
                List.of(
                        unknown,
                        tensor("gains", 0.95, 40),
                        tensor("equal", 0.9, Double.POSITIVE_INFINITY),
                        tensor("b", 0.9, 20),
                        tensor("a", 0.9, 20),
                        tensor("nan", 0.9, Double.NaN),
                        tensor("collapse", 0.1, 30)),
                0,
                15,
                100);

        assertThat(report.tensors())
                .extracting(t -> t.name().name())
                .containsExactly("collapse", "nan", "a", "b", "equal", "gains", "unknown");
    }

    @Test
    void aLossOfAnErrorIsItsGrowth() {
        AccuracyEstimate worse = new AccuracyEstimate(
                new Task.Regression(Task.Loss.SQUARED),
                3,
                1,
                10,
                10,
                OptionalInt.empty(),
                new PairedInterval(2, 2),
                10,
                OptionalDouble.empty());
        AccuracyEstimate all = new AccuracyEstimate(
                new Task.Regression(Task.Loss.SQUARED),
                8,
                1,
                10,
                10,
                OptionalInt.empty(),
                new PairedInterval(7, 7),
                5,
                OptionalDouble.empty());

        assertThat(TensorSensitivity.loss(worse)).isEqualTo(2);
        assertThat(new TensorSensitivity(FIRST, TensorKind.WEIGHT, Optional.empty(), Optional.of(worse))
                        .recovered(Optional.of(all)))
                .hasValue(5);
    }
}
