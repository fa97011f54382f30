package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class LiveEvaluatorTest {
    private static final TensorId W = new TensorId("w");
    private static final TensorId X = new TensorId("x");
    private static final EvalRequest FLOAT = new EvalRequest(Optional.empty(), Map.of(), Map.of());

    @TempDir
    private Path folder;

    private static QuantParams params(float scale, int bits) {
        int max = (1 << (bits - 1)) - 1;
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {0}, -max, max);
    }

    /** y = x: the prediction is the largest input. */
    private Model identity(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, 3)
                .output("y", batch, 3)
                .weight("w", Shape.of(3, 3), 1, 0, 0, 0, 1, 0, 0, 0, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
    }

    private static int largest(MemoryData data, int sample) {
        int best = 0;
        for (int k = 1; k < 3; k++) {
            best = data.value(sample, k) > data.value(sample, best) ? k : best;
        }
        return best;
    }

    private static MemoryData data(int size) {
        MemoryData[] self = new MemoryData[1];
        // Every fifth label is wrong.
        self[0] = new MemoryData(
                size, Shape.of(3), i -> i % 5 == 0 ? (largest(self[0], i) + 1) % 3 : largest(self[0], i));
        return self[0];
    }

    /** Both models alike, all samples seen. */
    private static AccuracyEstimate estimate(Task task, double score, int total) {
        return new AccuracyEstimate(
                task,
                score,
                score,
                total,
                total,
                OptionalInt.of(total),
                new PairedInterval(0, 0),
                Double.POSITIVE_INFINITY,
                OptionalDouble.of(0),
                new AccuracyEstimate.Details(
                        total,
                        Double.NaN,
                        Double.NaN,
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        0,
                        OptionalInt.empty(),
                        Optional.of(new FigureIntervals(
                                FigureIntervals.Method.WILSON,
                                FigureIntervals.wilson(score, total),
                                FigureIntervals.wilson(score, total))),
                        List.of()));
    }

    @Test
    void accuracyCountsEverySampleOnceAndReportsFromTheHundredthSampleOn() throws IOException {
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(250), 3)) {
            List<AccuracyEstimate> partial = new ArrayList<>();

            AccuracyEstimate whole = evaluator.evaluate(FLOAT, new CancelToken(), partial::add);

            assertThat(partial).extracting(AccuracyEstimate::seen).containsExactly(100, 125, 150, 175, 200, 225, 250);
            assertThat(partial.getLast()).isEqualTo(whole);
            assertThat(whole).isEqualTo(estimate(new Task.TopK(1), 0.8, 250));
            assertThat(partial.getFirst().deltaLo()).isNegative();
            assertThat(partial.getFirst().deltaHi()).isPositive();
        }
    }

    @Test
    void fixedBatchesArePaddedAndThePaddingIsNotCounted() throws IOException {
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(7), data(25), 3)) {
            List<Integer> seen = new ArrayList<>();

            AccuracyEstimate whole = evaluator.evaluate(FLOAT, new CancelToken(), e -> seen.add(e.seen()));

            assertThat(seen).containsExactly(25);
            assertThat(whole.correct()).isEqualTo(20);
        }
    }

    @Test
    void aCoarseWeightAndACoarseActivationChangeThePredictionsTheyShould() throws IOException {
        MemoryData data = data(300);
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data, 1)) {
            QuantParams coarse = params(2, 2);
            int right = data.count(i -> {
                int best = 0;
                for (int k = 1; k < 3; k++) {
                    best = coarse.grid(0).quantize(data.value(i, k))
                                    > coarse.grid(0).quantize(data.value(i, best))
                            ? k
                            : best;
                }
                return best == data.label(i);
            });

            AccuracyEstimate activation = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), Map.of(), Map.of(X, coarse)), new CancelToken(), e -> {});
            AccuracyEstimate zeroed = evaluator.evaluate(
                    new EvalRequest(Optional.of(W), Map.of(W, params(4, 2)), Map.of()), new CancelToken(), e -> {});

            assertThat(activation.correct()).isEqualTo(right);
            assertThat(activation.floatCorrect()).isEqualTo(240);
            assertThat(activation.logitSqnrDb()).isBetween(0.0, 20.0);
            // All weights round to 0: every logit is 0 and the first class wins.
            assertThat(zeroed.correct()).isEqualTo(data.count(i -> data.label(i) == 0));
            assertThat(zeroed.logitSqnrDb()).isZero();
        }
    }

    @Test
    void noSessionIsBuiltWhileTheTensorInHandOrAnActivationMoves() throws IOException {
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(20), 1)) {
            evaluator.floatBaseline(new CancelToken(), e -> {});
            evaluator.prepare(new EvalRequest(Optional.of(W), Map.of(), Map.of(X, params(1, 8))), new CancelToken());
            int before = OrtRuntime.liveSessions();

            for (int i = 1; i < 20; i++) {
                evaluator.evaluate(
                        new EvalRequest(Optional.of(W), Map.of(W, params(i, 4)), Map.of(X, params(1f / i, 8))),
                        new CancelToken(),
                        e -> {});
            }

            assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
        }
    }

    /** x → Relu → ·w → Relu → ·v → y: something to keep in front of the second product. */
    private Model layers() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 3)
                .output("y", -1, 3)
                .weight("w", Shape.of(3, 3), 1, 0.2f, 0, 0, 1, 0, 0.1f, 0, 1)
                .weight("v", Shape.of(3, 3), 1, 0, 0, 0.3f, 1, 0, 0, 0, 1)
                .node("Relu", List.of("x"), List.of("r"))
                .node("MatMul", List.of("r", "w"), List.of("m"))
                .node("Relu", List.of("m"), List.of("s"))
                .node("MatMul", List.of("s", "v"), List.of("y"))
                .open(folder);
    }

    @Test
    void anActivationInHandIsSwitchedOffAndOnWithoutANewSession() throws IOException {
        TensorId moving = new TensorId("s");
        try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data(300), 1)) {
            EvalRequest on = new EvalRequest(Optional.of(moving), Map.of(), Map.of(moving, params(2, 3)));
            EvalRequest off = new EvalRequest(Optional.of(moving), Map.of(), Map.of());
            AccuracyEstimate coarse = evaluator.evaluate(on, new CancelToken(), e -> {});
            int sessions = OrtRuntime.liveSessions();

            assertThat(evaluator.evaluate(off, new CancelToken(), e -> {}).logitSqnrDb())
                    .isInfinite();
            assertThat(evaluator.evaluate(on, new CancelToken(), e -> {})).isEqualTo(coarse);

            assertThat(coarse.logitSqnrDb()).isLessThan(20);
            assertThat(OrtRuntime.liveSessions()).isEqualTo(sessions);
        }
    }

    /** An average is rounded again, to the grid of what it is the average of. */
    @Test
    void whatIsTiedToTheActivationInHandIsSwitchedOffWithIt() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 1, 4, 4)
                .output("y", -1, 4)
                .weight("w", Shape.of(1, 1, 1, 1), 0.7f)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node(
                        "AveragePool",
                        List.of("c"),
                        List.of("p"),
                        TinyOnnx.attribute("kernel_shape", 2L, 2),
                        TinyOnnx.attribute("strides", 2L, 2))
                .node("Conv", List.of("p", "w"), List.of("d"))
                .node("Flatten", List.of("d"), List.of("y"))
                .open(folder);
        TensorId moving = new TensorId("c");
        assertThat(model.graph().orElseThrow().placement().tied(Map.of(moving, params(2, 3))))
                .containsOnlyKeys(new TensorId("p"));
        MemoryData data = MemoryData.unlabelled(300, Shape.of(1, 4, 4));
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1)) {
            EvalRequest on = new EvalRequest(Optional.of(moving), Map.of(), Map.of(moving, params(2, 3)));
            EvalRequest off = new EvalRequest(Optional.of(moving), Map.of(), Map.of());
            AccuracyEstimate coarse = evaluator.evaluate(on, new CancelToken(), e -> {});

            assertThat(evaluator.evaluate(off, new CancelToken(), e -> {}).logitSqnrDb())
                    .isInfinite();
            assertThat(evaluator.evaluate(on, new CancelToken(), e -> {})).isEqualTo(coarse);

            assertThat(coarse.logitSqnrDb()).isLessThan(30);
            assertThat(evaluator.sessionsBuilt()).isEqualTo(1);
        }
    }

    /** Four small ones, but of large models only as many as the bytes allow, and the newest in any case. */
    @Test
    void fewerSessionsAreKeptOfALargeModel() throws IOException {
        Model model = layers();
        for (long bytes : new long[] {1L << 30, 1}) {
            SessionPool pool = new SessionPool(model, new OrtModel.Options(1, true), bytes);
            int before = OrtRuntime.liveSessions();
            for (int i = 1; i < 9; i++) {
                pool.lease(
                                new EvalRequest(Optional.empty(), Map.of(W, params(i, 4)), Map.of()),
                                false,
                                new CancelToken())
                        .close();
            }
            assertThat(OrtRuntime.liveSessions() - before).isEqualTo(bytes == 1 ? 1 : 4);
            assertThat(pool.built()).isEqualTo(8);
            pool.lease(new EvalRequest(Optional.empty(), Map.of(W, params(8, 4)), Map.of()), false, new CancelToken())
                    .close();
            assertThat(pool.built()).as("the newest is kept").isEqualTo(8);
            pool.release().forEach(OrtModel::close);
        }
    }

    @Test
    void aSessionRefusesToSwitchOffWhatItAlwaysRuns() throws IOException {
        EvalRequest request = new EvalRequest(
                Optional.of(new TensorId("s")), Map.of(), Map.of(X, params(0.1f, 8), new TensorId("s"), params(2, 3)));
        Model model = layers();
        QuantizedSession session = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, new CancelToken());
        try {
            assertThatThrownBy(
                            () -> session.feeds(new EvalRequest(Optional.of(X), Map.of(), Map.of()), new CancelToken()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot switch off [x]");
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    @Test
    void whatIsInFrontOfTheTensorInHandIsKeptWithinTheBudgetAndChangesNoFigure() throws IOException {
        Map<TensorId, QuantParams> activations = Map.of(X, params(0.1f, 8), new TensorId("s"), params(0.1f, 8));
        TensorId v = new TensorId("v");
        MemoryData data = data(1000);
        // One batch of codes is 25 × 3 bytes.
        for (long budget : new long[] {0, 700, 1 << 20}) {
            try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data, 1, 2, Optional.empty(), budget);
                    LiveEvaluator plain = new LiveEvaluator(layers(), data, 1, 1, Optional.empty(), 0)) {
                for (int i = 1; i < 4; i++) {
                    EvalRequest request = new EvalRequest(
                            Optional.of(v), Map.of(W, params(0.1f, 4), v, params(0.1f * i, 4)), activations);
                    assertThat(evaluator.evaluate(request, new CancelToken(), e -> {}))
                            .isEqualTo(plain.evaluate(request, new CancelToken(), e -> {}));
                }
                assertThat(evaluator.cacheUse().bytes()).isEqualTo(budget == 0 ? 0 : budget == 700 ? 675 : 3000);
                assertThat(evaluator.cacheUse().budget()).isEqualTo(budget);
            }
        }
    }

    @Test
    void theBudgetCanBeChangedAndChangesNoFigure() throws IOException {
        TensorId v = new TensorId("v");
        EvalRequest request = new EvalRequest(Optional.of(v), Map.of(v, params(0.1f, 4)), Map.of(X, params(0.1f, 8)));
        // One batch is 25 × 3 floats.
        try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data(1000), 1)) {
            AccuracyEstimate figure = evaluator.evaluate(request, new CancelToken(), e -> {});
            assertThat(evaluator.cacheUse()).isEqualTo(new CacheUse(12_000, LiveEvaluator.DEFAULT_CACHE_BYTES, 40, 40));

            evaluator.setCacheBudget(5_000);
            assertThat(evaluator.cacheUse()).isEqualTo(new CacheUse(0, 5_000, 0, 40));
            assertThat(evaluator.evaluate(request, new CancelToken(), e -> {})).isEqualTo(figure);
            assertThat(evaluator.cacheUse()).isEqualTo(new CacheUse(4_800, 5_000, 16, 40));

            evaluator.setCacheBudget(0);
            assertThat(evaluator.evaluate(request, new CancelToken(), e -> {})).isEqualTo(figure);
            assertThat(evaluator.cacheUse().bytes()).isZero();
            evaluator.setCacheBudget(1 << 20);
            evaluator.prepare(request, new CancelToken());
            assertThat(evaluator.cacheUse().batches()).isEqualTo(40);
            assertThat(evaluator.evaluate(request, new CancelToken(), e -> {})).isEqualTo(figure);
            assertThatThrownBy(() -> evaluator.setCacheBudget(-1)).hasMessageContaining("-1");
        }
    }

    @Test
    void aChangeInFrontOfTheTensorInHandIsSeen() throws IOException {
        TensorId v = new TensorId("v");
        try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data(300), 1);
                LiveEvaluator plain = new LiveEvaluator(layers(), data(300), 1, 1, Optional.empty(), 0)) {
            for (float scale : new float[] {0.1f, 2, 0.1f, 4}) {
                EvalRequest request =
                        new EvalRequest(Optional.of(v), Map.of(v, params(0.1f, 4)), Map.of(X, params(scale, 4)));
                assertThat(evaluator.evaluate(request, new CancelToken(), e -> {}))
                        .isEqualTo(plain.evaluate(request, new CancelToken(), e -> {}));
                EvalRequest weight = new EvalRequest(
                        Optional.of(v), Map.of(W, params(scale, 4), v, params(0.1f, 4)), Map.of(X, params(0.1f, 4)));
                assertThat(evaluator.evaluate(weight, new CancelToken(), e -> {}))
                        .isEqualTo(plain.evaluate(weight, new CancelToken(), e -> {}));
            }
        }
    }

    @Test
    void aQuantizerWhoseCodesAreKeptCanBeSwitchedOff() throws IOException {
        TensorId v = new TensorId("v");
        TensorId s = new TensorId("s");
        try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data(300), 1);
                LiveEvaluator plain = new LiveEvaluator(layers(), data(300), 1, 1, Optional.empty(), 0)) {
            for (Map<TensorId, QuantParams> activations :
                    List.of(Map.of(X, params(0.1f, 8), s, params(2, 3)), Map.of(X, params(0.1f, 8)))) {
                EvalRequest request = new EvalRequest(Optional.of(v), Map.of(v, params(0.1f, 4)), activations);
                assertThat(evaluator.evaluate(request, new CancelToken(), e -> {}))
                        .isEqualTo(plain.evaluate(request, new CancelToken(), e -> {}));
            }
        }
    }

    /** Files are often sorted by class, so the first samples of one say little of the rest. */
    @Test
    void theOrderIsRandomAndTheSameForTheSameSeed() throws IOException {
        List<List<Integer>> orders = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(300), seed)) {
                SampleOutcomes outcomes = evaluator
                        .evaluateSamples(FLOAT, new CancelToken(), e -> {})
                        .outcomes();
                orders.add(IntStream.range(0, 300).map(outcomes::sample).boxed().toList());
            }
        }
        assertThat(orders.getFirst())
                .doesNotHaveDuplicates()
                .isEqualTo(orders.get(1))
                .isNotEqualTo(orders.get(2));
        // Each third of the file has about a third of the first batch: 33 of 100, standard deviation 4.
        for (int third = 0; third < 3; third++) {
            int from = 100 * third;
            assertThat(orders.getFirst().subList(0, 100).stream()
                            .filter(i -> i >= from && i < from + 100)
                            .count())
                    .isBetween(17L, 50L);
        }
    }

    @Test
    void preparedMovesRunOnlyWhatDependsOnTheTensorInHand() throws IOException {
        TensorId v = new TensorId("v");
        EvalRequest request = new EvalRequest(Optional.of(v), Map.of(v, params(0.1f, 4)), Map.of(X, params(0.1f, 8)));
        try (LiveEvaluator evaluator = new LiveEvaluator(layers(), data(1000), 1)) {
            evaluator.prepare(request, new CancelToken());
            // No quantizer is at the cut: floats cross it.
            assertThat(evaluator.cacheUse().bytes()).isEqualTo(1000 * 3 * 4);
        }
    }

    @Test
    void sessionsOfEarlierSettingsAreFreedAndSoIsAllOnClose() throws IOException {
        int before = OrtRuntime.liveSessions();
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(20), 1)) {
            for (int i = 1; i < 12; i++) {
                evaluator.evaluate(
                        new EvalRequest(Optional.empty(), Map.of(W, params(i, 4)), Map.of()),
                        new CancelToken(),
                        e -> {});
            }
            assertThat(OrtRuntime.liveSessions() - before).isEqualTo(5);
        }
        assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
    }

    @Test
    void aCancelledEvaluationEndsAndTheNextOneIsWhole() throws IOException {
        MemoryData data = data(1000);
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data, 1)) {
            CancelToken cancel = new CancelToken();
            List<AccuracyEstimate> partial = new ArrayList<>();

            assertThatThrownBy(() -> evaluator.evaluate(FLOAT, cancel, e -> {
                        partial.add(e);
                        if (e.seen() == 300) {
                            cancel.cancel();
                        }
                    }))
                    .isInstanceOf(CancellationException.class);

            assertThat(partial).extracting(AccuracyEstimate::seen).endsWith(300).doesNotContain(325);
            assertThat(evaluator.evaluate(FLOAT, new CancelToken(), e -> {}).correct())
                    .isEqualTo(800);
        }
    }

    /** A chain of large products: one batch takes far longer than the wait for its end may. */
    private Model slow() throws IOException {
        TinyOnnx tiny = new TinyOnnx(13)
                .input("x", 1, 600, 600)
                .output("y", 1, 10)
                .randomWeight("w", Shape.of(600, 600), -0.05f, 0.05f);
        String at = "x";
        for (int i = 0; i < 400; i++) {
            tiny.node("MatMul", List.of(at, "w"), List.of("m" + i));
            tiny.node("Softmax", List.of("m" + i), List.of("s" + i), TinyOnnx.attribute("axis", -1L));
            at = "s" + i;
        }
        return tiny.node("ReduceMean", List.of(at), List.of("mean"), TinyOnnx.attribute("keepdims", 0L))
                .node("Expand", List.of("mean", "shape"), List.of("y"))
                .weight64("shape", 1, 10)
                .open(folder);
    }

    private static void awaitNativeRun() {
        while (OrtRuntime.runningNow() == 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    @Timeout(30)
    void cancelEndsARunningBatch() throws Exception {
        MemoryData data = new MemoryData(50, Shape.of(600, 600), i -> 0);
        try (LiveEvaluator evaluator = new LiveEvaluator(slow(), data, 1)) {
            CancelToken cancel = new CancelToken();
            CompletableFuture<AccuracyEstimate> running =
                    CompletableFuture.supplyAsync(() -> evaluator.floatBaseline(cancel, e -> {}));
            awaitNativeRun();

            long from = System.nanoTime();
            cancel.cancel();

            assertThatThrownBy(running::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(CancellationException.class);
            assertThat(System.nanoTime() - from).isLessThan(TimeUnit.SECONDS.toNanos(2));
        }
    }

    @Test
    @Timeout(30)
    void closeEndsWhatRunsAndLaterCallsAreCancelled() throws Exception {
        MemoryData data = new MemoryData(50, Shape.of(600, 600), i -> 0);
        int before = OrtRuntime.liveSessions();
        LiveEvaluator evaluator = new LiveEvaluator(slow(), data, 1);
        CompletableFuture<AccuracyEstimate> running =
                CompletableFuture.supplyAsync(() -> evaluator.floatBaseline(new CancelToken(), e -> {}));
        awaitNativeRun();

        evaluator.close();

        assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
        assertThatThrownBy(running::join).hasCauseInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> evaluator.evaluate(FLOAT, new CancelToken(), e -> {}))
                .isInstanceOf(CancellationException.class);
        evaluator.close();
    }

    @Test
    void baselineAndEvaluationMayRunTogether() throws Exception {
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(2000), 1)) {
            CompletableFuture<AccuracyEstimate> baseline =
                    CompletableFuture.supplyAsync(() -> evaluator.floatBaseline(new CancelToken(), e -> {}));
            AccuracyEstimate evaluated = evaluator.evaluate(FLOAT, new CancelToken(), e -> {});

            assertThat(baseline.get(20, TimeUnit.SECONDS).correct()).isEqualTo(1600);
            assertThat(evaluated.floatCorrect()).isEqualTo(1600);
        }
    }

    @Test
    void dataThatDoesNotFitIsRefusedWithBothShapes() throws IOException {
        Model model = identity(-1);

        assertThatThrownBy(() -> new LiveEvaluator(model, new MemoryData(5, Shape.of(8, 8), i -> 0), 1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("8×8")
                .hasMessageContaining("N×3");
    }

    @Test
    void aTensorThatTheModelLacksIsNamed() throws IOException {
        try (LiveEvaluator evaluator = new LiveEvaluator(identity(-1), data(5), 1)) {
            EvalRequest unknown =
                    new EvalRequest(Optional.empty(), Map.of(new TensorId("nowhere"), params(1, 8)), Map.of());
            assertThatThrownBy(() -> evaluator.evaluate(unknown, new CancelToken(), e -> {}))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("nowhere");
        }
    }

    @Test
    void valuesAreCastToTheTypeOfTheInput() throws IOException {
        for (DType type : List.of(DType.F64, DType.F16, DType.U8, DType.I64)) {
            Model model = new TinyOnnx(13)
                    .input("x", type, -1, 3)
                    .output("y", -1, 3)
                    .node("Cast", List.of("x"), List.of("y"), TinyOnnx.attribute("to", 1L))
                    .open(folder);
            MemoryData data = data(40);
            int right = data.count(i -> {
                int best = 0;
                for (int k = 1; k < 3; k++) {
                    best = cast(data.value(i, k), type) > cast(data.value(i, best), type) ? k : best;
                }
                return best == data.label(i);
            });
            try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1)) {
                assertThat(evaluator.floatBaseline(new CancelToken(), e -> {}).correct())
                        .as(type.toString())
                        .isEqualTo(right);
            }
        }
    }

    private static float cast(float v, DType type) {
        return switch (type) {
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(v));
            case U8 -> Math.clamp((int) v, 0, 255);
            case I64 -> (long) v;
            default -> v;
        };
    }
}
