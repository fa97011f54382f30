package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** What every metric promises, on models that give back their input, rounded to a coarse grid. */
class MetricsContractTest {
    private static final int SAMPLES = 60;
    private static final QuantParams COARSE =
            new QuantParams(Granularity.TENSOR, new float[] {0.7f}, new int[] {0}, -3, 3);

    @TempDir
    private Path folder;

    private Model copy(String output, long... sample) throws IOException {
        long[] dims = new long[sample.length + 1];
        dims[0] = -1;
        System.arraycopy(sample, 0, dims, 1, sample.length);
        int last = (int) sample[sample.length - 1];
        float[] identity = new float[last * last];
        for (int i = 0; i < last; i++) {
            identity[i * last + i] = 1;
        }
        return new TinyOnnx(13)
                .input("x", dims)
                .output(output, dims)
                .weight("w", Shape.of(last, last), identity)
                .node("MatMul", List.of("x", "w"), List.of(output))
                .open(folder);
    }

    private static int[][] rows(int length, int classes, int ignoredEvery) {
        int[][] rows = new int[SAMPLES][length];
        for (int i = 0; i < SAMPLES; i++) {
            for (int k = 0; k < length; k++) {
                rows[i][k] = (i + k) % ignoredEvery == 0 ? Dataset.UNSCORED : (i * 5 + k * 3) % classes;
            }
        }
        return rows;
    }

    private static AccuracyEstimate evaluate(Model model, MemoryData data, Task task) {
        try (LiveEvaluator evaluator = new LiveEvaluator(model, data, 1, 1, Optional.of(task))) {
            assertThat(evaluator.tasks(new CancelToken())).contains(task);
            AccuracyEstimate figure = evaluator
                    .evaluateSamples(
                            new EvalRequest(Optional.empty(), Map.of(), Map.of(new TensorId("x"), COARSE)),
                            new CancelToken(),
                            x -> {})
                    .accuracy();
            AccuracyEstimate baseline = evaluator.floatBaseline(new CancelToken(), x -> {});
            assertThat(baseline.score()).as(task.id()).isEqualTo(figure.floatScore(), within(1e-12));
            return figure;
        }
    }

    /** @param least the smallest class of a label */
    private static MemoryData strings(int least) {
        int[][] labels = rows(2, 5, 50);
        for (int[] row : labels) {
            for (int k = 0; k < 2; k++) {
                row[k] = row[k] == Dataset.UNSCORED ? row[k] : row[k] + least;
            }
        }
        return new MemoryData(SAMPLES, Shape.of(4, 6), i -> 0).withLabels(Shape.of(2), labels);
    }

    private MemoryData tokens() {
        return new MemoryData(SAMPLES, Shape.of(4, 6), i -> 0).withLabels(Shape.of(4), rows(4, 6, 3));
    }

    @Test
    void everyMetricHasAFigureAnIntervalAndADirectionOnDataThatItFits() throws IOException {
        Set<Task> seen = new HashSet<>();
        record Case(Model model, MemoryData data) {}
        MemoryData boxes = new MemoryData(SAMPLES, Shape.of(4, 6), i -> 0)
                .withTargets(Shape.of(2, 5), (i, k) -> k % 5 == 4 ? i % 2 : k % 5 < 2 ? -3 : 2 + i % 2);
        List<Case> cases = List.of(
                new Case(copy("logits", 8), new MemoryData(SAMPLES, Shape.of(8), i -> i % 8)),
                new Case(copy("y", 1), new MemoryData(SAMPLES, Shape.of(1), i -> i % 2)),
                new Case(copy("logits", 4, 6), tokens()),
                new Case(
                        copy("y", 5),
                        new MemoryData(SAMPLES, Shape.of(5), i -> 0).withLabels(Shape.of(5), rows(5, 2, 7))),
                new Case(
                        copy("y", 3, 2, 4),
                        new MemoryData(SAMPLES, Shape.of(3, 2, 4), i -> 0).withLabels(Shape.of(3, 2), rows(6, 4, 5))),
                new Case(copy("y", 4, 6), strings(1)),
                new Case(copy("y", 4, 6), boxes));
        for (Case of : cases) {
            List<Task> possible;
            try (LiveEvaluator evaluator = new LiveEvaluator(of.model, of.data, 1)) {
                possible = evaluator.tasks(new CancelToken());
            }
            for (Task task : possible) {
                if (!seen.add(task)) {
                    continue;
                }
                AccuracyEstimate figure = evaluate(of.model, of.data, task);
                assertThat(figure.score()).as(task.id()).isFinite();
                assertThat(figure.delta()).as(task.id()).isEqualTo(figure.score() - figure.floatScore());
                FigureIntervals intervals = figure.details().intervals().orElseThrow();
                assertThat(figure.floatScore())
                        .as(task.id())
                        .isBetween(
                                intervals.ofFloat().lo() - 1e-9,
                                intervals.ofFloat().hi() + 1e-9);
                assertThat(intervals.quantized().lo())
                        .isLessThanOrEqualTo(intervals.quantized().hi());
                assertThat(figure.deltaHi() - figure.deltaLo())
                        .as("all samples are seen")
                        .isZero();
                assertThat(figure.details().scored()).isPositive();
                assertThat(Task.byId(task.id())).contains(task);
                assertThat(task.needs()).isNotBlank();
                assertThat(task.explanation()).endsWith(".");
            }
        }
        assertThat(seen).containsExactlyInAnyOrderElementsOf(Task.all());
    }

    /** Softmax in double, of what the model gives. */
    private static double log(MemoryData data, int sample, int position, int of, boolean quantized) {
        double sum = 0;
        double own = 0;
        for (int c = 0; c < 6; c++) {
            double x = data.value(sample, position * 6 + c);
            x = quantized ? COARSE.grid(0).quantize((float) x) : x;
            sum += Math.exp(x);
            own = c == of ? x : own;
        }
        return own - Math.log(sum);
    }

    @Test
    void perplexityAndDivergenceCountScoredTokensOnly() throws IOException {
        MemoryData data = tokens();
        int[][] labels = rows(4, 6, 3);
        double nll = 0;
        double floatNll = 0;
        double divergence = 0;
        int n = 0;
        for (int i = 0; i < SAMPLES; i++) {
            for (int p = 0; p < 4; p++) {
                if (labels[i][p] == Dataset.UNSCORED) {
                    continue;
                }
                n++;
                nll -= log(data, i, p, labels[i][p], true);
                floatNll -= log(data, i, p, labels[i][p], false);
                for (int c = 0; c < 6; c++) {
                    double f = log(data, i, p, c, false);
                    divergence += Math.exp(f) * (f - log(data, i, p, c, true));
                }
            }
        }
        AccuracyEstimate perplexity = evaluate(copy("logits", 4, 6), data, new Task.Perplexity());
        AccuracyEstimate kl = evaluate(copy("logits", 4, 6), data, new Task.TokenDivergence());

        assertThat(perplexity.score()).isEqualTo(Math.exp(nll / n), within(1e-6));
        assertThat(perplexity.floatScore()).isEqualTo(Math.exp(floatNll / n), within(1e-6));
        assertThat(perplexity.details().scored()).isEqualTo(n);
        assertThat(kl.score()).isEqualTo(divergence / n, within(1e-7));
        assertThat(kl.floatScore()).isZero();
        assertThat(perplexity.isLoss()).isEqualTo(perplexity.score() > perplexity.floatScore());
        assertThat(perplexity.details().worstSample()).isPresent();
    }

    @Test
    void stringsMayBeShorterThanTheOutputAndABlankAsALabelIsRefused() throws IOException {
        AccuracyEstimate figure = evaluate(copy("y", 4, 6), strings(1), new Task.CharacterErrors());
        assertThat(figure.task()).isEqualTo(new Task.CharacterErrors());
        assertThat(figure.floatScore()).isBetween(0.1, 2.0);

        assertThatThrownBy(() -> evaluate(copy("y", 4, 6), strings(0), new Task.CharacterErrors()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has the blank, 0, as a label");
    }

    @Test
    void aDetectorWithoutAPositiveSampleIsRefusedByName() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(1), i -> 0);

        assertThatThrownBy(() -> evaluate(copy("y", 1), data, new Task.Detector(Task.Curve.EER)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no sample is labelled 1");
    }

    @Test
    void outputsThatAreNotFiniteAreRefusedByName() throws IOException {
        // The logarithm of negative numbers is NaN.
        Model model = new TinyOnnx(13)
                .input("x", -1, 4, 6)
                .output("logits", -1, 4, 6)
                .node("Log", List.of("x"), List.of("logits"))
                .open(folder);

        assertThatThrownBy(() -> {
                    try (LiveEvaluator evaluator =
                            new LiveEvaluator(model, tokens(), 1, 1, Optional.of(new Task.Perplexity()))) {
                        evaluator.floatBaseline(new CancelToken(), x -> {});
                    }
                })
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("logits")
                .hasMessageContaining("there is no perplexity of that");
    }
}
