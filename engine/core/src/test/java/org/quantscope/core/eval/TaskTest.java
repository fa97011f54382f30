package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** The model copies its input, quantized on a coarse grid: every figure is computed again from the samples. */
class TaskTest {
    private static final int SAMPLES = 230;
    private static final QuantParams COARSE =
            new QuantParams(Granularity.TENSOR, new float[] {1.3f}, new int[] {0}, -3, 3);
    private static final Grid GRID = COARSE.grid(0);

    @TempDir
    private Path folder;

    /** A product with the identity: its input is an activation that can be quantized. */
    private Model copy(int values, String... more) throws IOException {
        TinyOnnx tiny = new TinyOnnx(13)
                .input("x", -1, values)
                .output("y", -1, values)
                .weight("w", Shape.of(values, values), identity(values));
        String at = "m";
        tiny.node("MatMul", List.of("x", "w"), List.of(more.length == 0 ? "y" : at));
        for (int i = 0; i < more.length; i++) {
            String out = i == more.length - 1 ? "y" : "t" + i;
            tiny.node(more[i], List.of(at), List.of(out));
            at = out;
        }
        return tiny.open(folder);
    }

    private static float[] identity(int n) {
        float[] w = new float[n * n];
        for (int i = 0; i < n; i++) {
            w[i * n + i] = 1;
        }
        return w;
    }

    private static Evaluation evaluate(Model model, MemoryData data, Optional<Task> task) {
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1, 1, task)) {
            List<Evaluation> partial = new ArrayList<>();
            Evaluation whole = evaluator.evaluateSamples(
                    new EvalRequest(Optional.empty(), Map.of(), Map.of(new TensorId("x"), COARSE)),
                    new CancelToken(),
                    partial::add);
            assertThat(partial.getLast().accuracy()).isEqualTo(whole.accuracy());
            assertThat(partial.getFirst().outcomes().size()).isEqualTo(100);
            return whole;
        }
    }

    private static double[] row(MemoryData data, int sample, int values, boolean quantized) {
        return IntStream.range(0, values)
                .mapToDouble(k -> quantized ? GRID.quantize(data.value(sample, k)) : data.value(sample, k))
                .toArray();
    }

    private static int rank(double[] row, int label) {
        return (int) IntStream.range(0, row.length)
                .filter(c -> row[c] > row[label] || (row[c] == row[label] && c < label))
                .count();
    }

    private static double[] softmax(double[] row) {
        double sum = Arrays.stream(row).map(Math::exp).sum();
        return Arrays.stream(row).map(v -> Math.exp(v) / sum).toArray();
    }

    private static int best(double[] row) {
        return IntStream.range(0, row.length)
                .filter(c -> rank(row, c) == 0)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void topOneAndTopFiveCountTheLabelsPlace() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(8), i -> (i * 7) % 8);
        for (int k : new int[] {1, 5}) {
            AccuracyEstimate figure = evaluate(copy(8), data, k == 1 ? Optional.empty() : Optional.of(new Task.TopK(k)))
                    .accuracy();

            assertThat(figure.task()).isEqualTo(new Task.TopK(k));
            assertThat(figure.floatCorrect())
                    .isEqualTo(data.count(i -> rank(row(data, i, 8, false), data.label(i)) < k));
            assertThat(figure.correct()).isEqualTo(data.count(i -> rank(row(data, i, 8, true), data.label(i)) < k));
        }
    }

    @Test
    void eachSamplesClassesProbabilitiesAndMarginsAreThoseOfTheSoftmax() throws IOException {
        MemoryData data = new MemoryData(
                SAMPLES,
                Shape.of(8),
                i -> (best(row(new MemoryData(1, Shape.of(8), x -> 0), i, 8, false)) + (i % 3 == 0 ? 1 : 0)) & 7);
        Evaluation evaluation = evaluate(copy(8), data, Optional.empty());
        SampleOutcomes outcomes = evaluation.outcomes();
        double klDivergence = 0;
        int lost = 0;
        for (int i = 0; i < SAMPLES; i++) {
            SampleOutcomes.Outcome o = outcomes.outcome(i).orElseThrow();
            double[] p = softmax(row(data, o.sample(), 8, false));
            double[] q = softmax(row(data, o.sample(), 8, true));
            int was = best(row(data, o.sample(), 8, false));
            int is = best(row(data, o.sample(), 8, true));
            assertThat(List.of(o.floatClass(), o.quantizedClass(), o.label().orElseThrow()))
                    .isEqualTo(List.of(was, is, data.label(o.sample())));
            assertThat(new double[] {
                        o.floatOfFloat(),
                        o.floatOfQuantized().orElseThrow(),
                        o.quantizedOfFloat(),
                        o.quantizedOfQuantized()
                    })
                    .containsExactly(new double[] {p[was], p[is], q[was], q[is]}, within(1e-6));
            double[] sorted = Arrays.stream(q).sorted().toArray();
            assertThat(o.quantizedMargin()).isEqualTo(sorted[7] - sorted[6], within(1e-6));
            for (int c = 0; c < 8; c++) {
                klDivergence += p[c] * Math.log(p[c] / q[c]);
            }
            lost += was == data.label(o.sample()) && is != was ? 1 : 0;
        }
        assertThat(evaluation.accuracy().klDivergence().orElseThrow()).isEqualTo(klDivergence / SAMPLES, within(1e-6));
        assertThat(outcomes.count(SampleOutcomes.Change.LOST)).isEqualTo(lost).isPositive();
        int changed = SAMPLES - outcomes.count(SampleOutcomes.Change.NONE);
        assertThat(evaluation.accuracy().agree()).isEqualTo(OptionalInt.of(SAMPLES - changed));
        assertThat(outcomes.count(SampleOutcomes.Change.GAINED) + outcomes.count(SampleOutcomes.Change.OTHER))
                .isEqualTo(changed - lost);
        assertThat(evaluation.accuracy().correct() - evaluation.accuracy().floatCorrect())
                .isEqualTo(outcomes.count(SampleOutcomes.Change.GAINED) - lost);
    }

    @Test
    void oneOutputIsYesAboveItsThreshold() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(1), i -> i % 2);

        AccuracyEstimate logit = evaluate(copy(1), data, Optional.empty()).accuracy();
        AccuracyEstimate sigmoid =
                evaluate(copy(1, "Sigmoid"), data, Optional.empty()).accuracy();

        int was = data.count(i -> (data.value(i, 0) > 0 ? 1 : 0) == data.label(i));
        int is = data.count(i -> (GRID.quantize(data.value(i, 0)) > 0 ? 1 : 0) == data.label(i));
        assertThat(List.of(logit.task(), sigmoid.task())).containsOnly(new Task.Binary());
        assertThat(List.of(logit.floatCorrect(), sigmoid.floatCorrect())).containsOnly(was);
        assertThat(List.of(logit.correct(), sigmoid.correct())).containsOnly(is);
        assertThat(was).isNotEqualTo(is);
    }

    @Test
    void twoOutputsAreBinaryToo() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(2), i -> i % 2);

        AccuracyEstimate figure = evaluate(copy(2), data, Optional.empty()).accuracy();

        assertThat(figure.task()).isEqualTo(new Task.Binary());
        assertThat(figure.correct()).isEqualTo(data.count(i -> best(row(data, i, 2, true)) == data.label(i)));
    }

    @Test
    void floatingLabelsAreTargetsOfARegression() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(3), i -> 0)
                .withTargets(Shape.of(3), (i, k) -> (float) Math.cos(i + k));
        for (Task.Loss loss : Task.Loss.values()) {
            AccuracyEstimate figure = evaluate(
                            copy(3),
                            data,
                            loss == Task.Loss.SQUARED ? Optional.empty() : Optional.of(new Task.Regression(loss)))
                    .accuracy();

            double[] sums = new double[2];
            for (int i = 0; i < SAMPLES; i++) {
                for (int k = 0; k < 3; k++) {
                    double was = Math.abs((double) data.value(i, k) - data.target(i, k));
                    double is = Math.abs((double) GRID.quantize(data.value(i, k)) - data.target(i, k));
                    sums[0] += (loss == Task.Loss.SQUARED ? was * was : was) / 3;
                    sums[1] += (loss == Task.Loss.SQUARED ? is * is : is) / 3;
                }
            }
            assertThat(figure.task()).isEqualTo(new Task.Regression(loss));
            assertThat(figure.floatScore()).isEqualTo(sums[0] / SAMPLES, within(1e-9));
            assertThat(figure.score()).isEqualTo(sums[1] / SAMPLES, within(1e-9));
            assertThat(figure.delta()).isEqualTo((sums[1] - sums[0]) / SAMPLES, within(1e-9));
            assertThat(figure.agreement()).isEmpty();
            assertThat(figure.interval().hi() - figure.interval().lo()).isZero();
        }
    }

    @Test
    void targetsThatAreNotAsManyAsTheOutputsAreRefused() throws IOException {
        MemoryData data = new MemoryData(5, Shape.of(3), i -> 0).withTargets(Shape.of(2), (i, k) -> 0);
        Model model = copy(3);

        assertThatThrownBy(() -> evaluate(model, data, Optional.empty()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("2 targets")
                .hasMessageContaining("3 outputs");
    }

    @Test
    void withoutLabelsTheFloatModelsAnswersCount() throws IOException {
        MemoryData data = MemoryData.unlabelled(SAMPLES, Shape.of(8));

        AccuracyEstimate figure =
                evaluate(copy(8, "Softmax"), data, Optional.empty()).accuracy();

        int same = data.count(i -> best(row(data, i, 8, true)) == best(row(data, i, 8, false)));
        assertThat(figure.task()).isEqualTo(new Task.Agreement());
        assertThat(figure.correct()).isEqualTo(same).isLessThan(SAMPLES);
        assertThat(figure.floatScore()).isEqualTo(1);
        assertThat(figure.agreement()).isEqualTo(OptionalDouble.of((double) same / SAMPLES));
    }

    @Test
    void anEmbeddingIsComparedByItsAngleAndOneOutputByItsDistance() throws IOException {
        MemoryData data = MemoryData.unlabelled(SAMPLES, Shape.of(4));

        AccuracyEstimate angle =
                evaluate(copy(4), data, Optional.of(new Task.Cosine())).accuracy();
        AccuracyEstimate distance = evaluate(copy(1), MemoryData.unlabelled(SAMPLES, Shape.of(1)), Optional.empty())
                .accuracy();

        double cosine = 0;
        for (int i = 0; i < SAMPLES; i++) {
            double[] f = row(data, i, 4, false);
            double[] q = row(data, i, 4, true);
            double dot = IntStream.range(0, 4).mapToDouble(k -> f[k] * q[k]).sum();
            double norms = Math.sqrt(Arrays.stream(f).map(v -> v * v).sum()
                    * Arrays.stream(q).map(v -> v * v).sum());
            cosine += norms == 0 ? 0 : dot / norms;
        }
        assertThat(angle.score()).isEqualTo(cosine / SAMPLES, within(1e-9));
        assertThat(angle.floatScore()).isEqualTo(1, within(1e-12));
        assertThat(distance.task()).isEqualTo(new Task.Deviation());
        MemoryData one = MemoryData.unlabelled(SAMPLES, Shape.of(1));
        double mean = IntStream.range(0, SAMPLES)
                        .mapToDouble(i -> Math.abs((double) one.value(i, 0) - GRID.quantize(one.value(i, 0))))
                        .sum()
                / SAMPLES;
        assertThat(distance.score()).isEqualTo(mean, within(1e-9));
    }

    @Test
    void whatDoesNotFitGivesWayToTheAutomaticChoice() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(8), i -> 0);

        assertThat(evaluate(copy(8), data, Optional.of(new Task.Regression(Task.Loss.SQUARED)))
                        .accuracy()
                        .task())
                .isEqualTo(new Task.TopK(1));
        try (LiveEvaluator evaluator = new LiveEvaluator(copy(8), data, 1)) {
            assertThat(evaluator.tasks(new CancelToken()))
                    .containsExactly(
                            new Task.TopK(1),
                            new Task.TopK(5),
                            new Task.Cosine(),
                            new Task.Deviation(),
                            new Task.Agreement());
        }
    }

    @Test
    void anOutputWithAnExtentIsComparedAsAWhole() throws IOException {
        Model picture = new TinyOnnx(13)
                .input("x", -1, 2, 3, 3)
                .output("y", -1, 2, 3, 3)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);

        assertThat(evaluate(picture, MemoryData.unlabelled(SAMPLES, Shape.of(2, 3, 3)), Optional.empty())
                        .accuracy()
                        .task())
                .isEqualTo(new Task.Cosine());
    }

    @Test
    void everyTaskIsFoundByItsId() {
        assertThat(Task.all())
                .allSatisfy(task -> assertThat(Task.byId(task.id())).contains(task));
        assertThat(Task.all())
                .extracting(Task::id)
                .containsExactly(
                        "top1",
                        "top5",
                        "binary",
                        "token-accuracy",
                        "exact-sequences",
                        "label-accuracy",
                        "exact-labels",
                        "perplexity",
                        "kl",
                        "cer",
                        "mean-iou",
                        "auc",
                        "eer",
                        "coco-ap",
                        "voc-ap",
                        "voc-ap11",
                        "mse",
                        "mae",
                        "agreement",
                        "cosine",
                        "float-mae");
    }
}
