package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.LabelForm;

/**
 * Figures of small made-up data beside those of an independent computation in Python with NumPy: AUC by all pairs, EER
 * by bisection on the ROC polyline, IoU by masks, AP by pycocotools' and the VOC devkit's rules written again, intervals
 * by their formulas.
 */
class MetricVectorsTest {
    private static final double CLOSE = 1e-9;

    private static double made(int i) {
        return ((i * 7919 + 13) % 101) / 50.0 - 1.01;
    }

    @ParameterizedTest
    @CsvSource({"AUC, 0.6456043956043956", "EER, 0.4411764705882353"})
    void aDetectorWithTiesIsThatOfAllPairsAndOfTheRocLine(Task.Curve curve, double wanted) {
        RocPool pool = new RocPool(curve, 40);
        for (int i = 0; i < 40; i++) {
            // Few different scores, so that many are tied.
            float score = (float) (Math.rint((Math.rint(made(i) * 5) / 5 + (i % 3 == 0 ? 0.4 : 0)) * 5) / 5);
            RocPool.Scored part = new RocPool.Scored(score, i % 3 == 0);
            pool.add(i, part, new RocPool.Scored(-score, i % 3 == 0));
        }
        Pool.Pooled pooled = pool.pooled();

        assertThat(pooled.ofFloat()).isEqualTo(wanted, within(CLOSE));
        assertThat(pooled.quantized()).isEqualTo(1 - wanted, within(CLOSE));
        assertThat(pooled.intervals().ofFloat().lo()).isLessThan(wanted);
        assertThat(pooled.intervals().ofFloat().hi()).isGreaterThan(wanted);
    }

    @Test
    void withoutAPositiveThereIsNoFigureAndAPerfectDetectorHasNoError() {
        RocPool none = new RocPool(Task.Curve.AUC, 2);
        RocPool perfect = new RocPool(Task.Curve.EER, 2);
        for (int i = 0; i < 2; i++) {
            RocPool.Scored no = new RocPool.Scored(i, false);
            none.add(i, no, no);
            RocPool.Scored right = new RocPool.Scored(i, i == 1);
            perfect.add(i, right, right);
        }

        assertThat(none.pooled().ofFloat()).isNaN();
        assertThat(perfect.pooled().ofFloat()).isZero();
    }

    @Test
    void overlapLeavesOutUnscoredPositionsAndClassesThatAreNowhere() {
        OverlapPool pool = new OverlapPool(4);
        for (int s = 0; s < 3; s++) {
            int from = 12 * s;
            int[] labels = IntStream.range(from, from + 12)
                    .map(i -> i % 9 == 0 ? Dataset.UNSCORED : i * 5 % 3)
                    .toArray();
            int[] given = IntStream.range(from, from + 12)
                    .map(i -> (i * 7 + i / 6) % 4)
                    .map(c -> c == 3 ? 0 : c)
                    .toArray();
            pool.add(s, OverlapPool.Overlap.of(labels, given), OverlapPool.Overlap.of(labels, given));
        }
        Pool.Pooled pooled = pool.pooled();

        assertThat(pooled.ofFloat()).isEqualTo(0.20555555555555557, within(CLOSE));
        assertThat(pooled.classes()).extracting(ClassScore::label).containsExactly(2, 1, 0);
        assertThat(pooled.classes()).extracting(ClassScore::quantized).containsExactly(1 / 6.0, 0.2, 0.25);
        assertThat(pooled.scored()).isEqualTo(32);
        assertThat(pooled.difference().hi()).isZero();
    }

    private static List<float[]> boxes(int a, int n) {
        List<float[]> boxes = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float x = 10 * ((i * 37 + a) % 7);
            float y = 10 * ((i * 53 + a) % 5);
            boxes.add(new float[] {x, y, x + 12 + i % 3, y + 10 + i % 2, i % 2});
        }
        return boxes;
    }

    private static float rounded(double x) {
        return (float) (Math.rint(x * 100) / 100);
    }

    private static List<float[]> detections(List<float[]> boxes, int k) {
        List<float[]> found = new ArrayList<>();
        for (int i = 0; i < boxes.size(); i++) {
            float[] b = boxes.get(i);
            float score = rounded(0.9 - 0.07 * ((i * 3 + k * 5) % 11));
            float off = (i + k) % 4;
            found.add(new float[] {b[0] + off, b[1] + off / 2, b[2] + off, b[3] + off / 2, score, b[4]});
            if (i % 2 == 0) {
                found.add(new float[] {b[0] + 1, b[1], b[2] + 2, b[3] + 1, rounded(score - 0.11), b[4]});
            }
            if (i == 3) {
                found.add(new float[] {b[0] + 30, b[1], b[2] + 30, b[3], 0.95f, b[4]});
            }
        }
        return found;
    }

    /** Rows one after the other, padded by rows of class −1. */
    private static float[] flat(List<float[]> rows, int width) {
        float[] all = new float[(rows.size() + 2) * width];
        for (int i = 0; i < rows.size() + 2; i++) {
            if (i < rows.size()) {
                System.arraycopy(rows.get(i), 0, all, i * width, width);
            } else {
                all[(i + 1) * width - 1] = -1;
            }
        }
        return all;
    }

    private static List<float[]> inForm(List<float[]> corners, LabelForm.Box form) {
        return corners.stream()
                .map(c -> {
                    float[] b = c.clone();
                    if (form != LabelForm.Box.XYXY) {
                        b[2] = c[2] - c[0];
                        b[3] = c[3] - c[1];
                    }
                    if (form == LabelForm.Box.CXCYWH) {
                        b[0] = (c[0] + c[2]) / 2;
                        b[1] = (c[1] + c[3]) / 2;
                    }
                    return b;
                })
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "COCO,  XYXY,   0.2934317058079433, 0.39492564641079486, 0.19193776520509193",
        "COCO,  XYWH,   0.2934317058079433, 0.39492564641079486, 0.19193776520509193",
        "VOC,   XYXY,   0.5678987678987679, 0.6786546786546787,  0.4571428571428572",
        "VOC,   CXCYWH, 0.5678987678987679, 0.6786546786546787,  0.4571428571428572",
        "VOC11, XYXY,   0.5701369337732973, 0.6727414000141273,  0.46753246753246747"
    })
    void averagePrecisionIsThatOfBothRules(
            Task.BoxRule rule, LabelForm.Box form, double mean, double first, double second) {
        LabelForm forms = new LabelForm(form, form, 0);
        BoxPool pool = new BoxPool(rule);
        List<List<float[]>> labelled = List.of(boxes(0, 4), boxes(3, 3), List.of(), boxes(5, 5));
        // The order of evaluation is not that of the file.
        for (int k : new int[] {2, 0, 3, 1}) {
            List<float[]> found =
                    k == 2 ? List.of(new float[] {0, 0, 10, 10, 0.5f, 1}) : detections(labelled.get(k), k);
            float[] rows = flat(inForm(found, form), 6);
            BoxPool.Boxes part =
                    BoxPool.read(rule, forms, flat(inForm(labelled.get(k), form), 5), rows, 0, rows.length);
            pool.add(k, part, part);
        }
        Pool.Pooled pooled = pool.pooled();

        assertThat(pooled.ofFloat()).isEqualTo(mean, within(CLOSE));
        assertThat(pooled.classes()).extracting(ClassScore::label).containsExactly(1, 0);
        assertThat(pooled.classes().getFirst().quantized()).isEqualTo(second, within(CLOSE));
        assertThat(pooled.classes().getLast().quantized()).isEqualTo(first, within(CLOSE));
        assertThat(pooled.scored()).isEqualTo(12);
    }

    @Test
    void boxesWithoutAnAreaOverlapNothing() {
        assertThat(BoxPool.iou(new double[] {1, 1, 1, 5}, new double[] {0, 0, 4, 4}))
                .isZero();
        assertThat(BoxPool.iou(new double[] {0, 0, 0, 0}, new double[] {0, 0, 0, 0}))
                .isZero();
        assertThat(BoxPool.iou(new double[] {0, 0, 2, 2}, new double[] {1, 0, 3, 2}))
                .isEqualTo(1 / 3.0, within(1e-15));
    }

    @ParameterizedTest
    @CsvSource({
        "'0 1 1 0 1 2 2 0', '1 1 2', 0",
        "'0 0 0', '1 2', 2",
        "'3 3 0 3', '', 2",
        "'1 2 3', '2 3', 1",
        "'1 0 2 0 4', '1 3 4', 1",
    })
    void stringsJoinRepeatsAndDropBlanks(String steps, String wanted, int edits) {
        int[] classes = numbers(steps);
        int[] label = numbers(wanted);
        int length = BestPath.decode(classes, 0);

        assertThat(BestPath.edits(classes, length, label, label.length)).isEqualTo(edits);
        assertThat(BestPath.edits(label, label.length, classes, length)).isEqualTo(edits);
    }

    private static int[] numbers(String text) {
        return text == null || text.isBlank()
                ? new int[0]
                : IntStream.of(java.util.Arrays.stream(text.split(" ", -1))
                                .mapToInt(Integer::parseInt)
                                .toArray())
                        .toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "0.9, 50, 0.7863976856252035, 0.9565242350681096",
        "0, 10, 0, 0.2775327998628892",
        "1, 10, 0.7224672001371107, 1"
    })
    void wilsonsInterval(double share, double n, double lo, double hi) {
        PairedInterval interval = FigureIntervals.wilson(share, n);

        assertThat(interval.lo()).isEqualTo(lo, within(1e-12));
        assertThat(interval.hi()).isEqualTo(hi, within(1e-12));
    }

    @Test
    void ratiosOfSumsVaryBySample() {
        double[] before = {1, 2, 0, 3, 1, 5};
        double[] after = {2, 2, 1, 3, 0, 6};
        double[] weights = {4, 5, 3, 6, 4, 7};
        RatioMoments moments = new RatioMoments();
        for (int i = 0; i < weights.length; i++) {
            moments.add(before[i], after[i], weights[i]);
        }

        assertThat(moments.before().lo()).isEqualTo(0.15512643540920462, within(1e-4));
        assertThat(moments.after().hi()).isEqualTo(0.8045801101865332, within(1e-4));
        PairedInterval difference = moments.difference(Math::exp, Math::exp, 20);
        assertThat(difference.lo()).isEqualTo(-0.1350125572261805, within(1e-4));
        assertThat(difference.hi()).isEqualTo(0.35100163512101107, within(1e-4));
        PairedInterval whole = moments.difference(x -> x, x -> 1, 6);
        assertThat(whole.lo()).isEqualTo(2 / 29.0, within(CLOSE));
        assertThat(whole.hi()).isEqualTo(whole.lo());
    }

    @Test
    void theResamplingsAreTheSameEachTimeAndPoissonIsPoisson() {
        assertThat(Pool.drawn(50, 7)).isEqualTo(Pool.drawn(50, 7)).isNotEqualTo(Pool.drawn(50, 8));
        assertThat(IntStream.of(Pool.drawn(50, 7)).sum()).isEqualTo(50);
        assertThat(IntStream.range(0, 10_000)
                        .map(i -> OverlapPool.poisson((i + 0.5) / 10_000))
                        .average()
                        .orElseThrow())
                .isEqualTo(1, within(1e-3));
        assertThat(OverlapPool.poisson(0.3678)).isZero();
        assertThat(OverlapPool.poisson(0.3679)).isOne();
    }
}
