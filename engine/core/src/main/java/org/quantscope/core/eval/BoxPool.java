package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.LabelForm;

/**
 * Average precision of boxes.
 *
 * <p>In each sample and class the detections, best score first, take labelled boxes. COCO: of those not yet taken, the
 * one with the largest IoU of at least the threshold, of equals the last (pycocotools, {@code evaluateImg}). VOC: the
 * one with the largest IoU, and if that is taken already or its IoU below 0.5, the detection is false (Everingham and
 * others, Int. J. Comput. Vis. 88 (2010) 303–338, §4.2). At most {@value #MOST_A_CLASS} detections of a class count in
 * one sample. Coordinates are continuous: a width is right − left. There are no boxes that count neither way (VOC's
 * "difficult", COCO's crowds).
 *
 * <p>Over all samples detections are ordered by score, equal ones by sample, and each precision is the largest at that
 * recall or beyond. Classes without a labelled box are left out. A detection takes 8 bytes for each model; more than
 * {@value #MOST} are refused.
 */
final class BoxPool implements Pool {
    static final int MOST_A_CLASS = 100;
    static final int MOST = 1 << 22;
    /** Numbers of a labelled box: four, and its class. */
    static final int LABEL = 5;
    /** Numbers of a detection: four, its score, its class. */
    static final int DETECTION = 6;

    private static final int THRESHOLDS = 10;

    /** One detection: whether it is true at each threshold, as bits. */
    private record Found(int label, float score, short right) {}

    /**
     * One sample.
     *
     * @param boxes labelled boxes by class
     */
    record Boxes(List<Found> found, TreeMap<Integer, Integer> boxes) implements Part {}

    /** More detections than are kept. */
    static final class TooMany extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private record Sample(int index, Boxes ofFloat, Boxes quantized) {}

    /** All detections of one class, best first. */
    @SuppressWarnings("ArrayRecordComponent") // made once, read here, never compared
    private record Ranked(int[] sample, short[] right) {}

    private final Task.BoxRule rule;
    private final List<Sample> samples = new ArrayList<>();
    private long kept;

    BoxPool(Task.BoxRule rule) {
        this.rule = rule;
    }

    /**
     * Compares the boxes of one sample.
     *
     * @param labels rows of {@value #LABEL}; a negative class is padding
     * @param output {@value #DETECTION} numbers for each detection from {@code from} on; a negative class is padding
     */
    static Boxes read(Task.BoxRule rule, LabelForm form, float[] labels, float[] output, int from, int length) {
        TreeMap<Integer, List<double[]>> wanted = new TreeMap<>();
        for (int i = 0; i < labels.length; i += LABEL) {
            if (labels[i + 4] >= 0) {
                wanted.computeIfAbsent((int) labels[i + 4], k -> new ArrayList<>())
                        .add(form.boxes().corners(labels, i));
            }
        }
        TreeMap<Integer, List<Integer>> given = new TreeMap<>();
        for (int i = from; i < from + length; i += DETECTION) {
            if (output[i + 5] >= 0) {
                given.computeIfAbsent(Math.round(output[i + 5]), k -> new ArrayList<>())
                        .add(i);
            }
        }
        List<Found> found = new ArrayList<>();
        given.forEach((label, rows) -> {
            rows.sort(Comparator.comparingDouble(i -> -output[i + 4]));
            List<double[]> boxes = wanted.getOrDefault(label, List.of());
            int taken = Math.min(MOST_A_CLASS, rows.size());
            double[][] iou = new double[taken][boxes.size()];
            for (int d = 0; d < taken; d++) {
                double[] box = form.outputBoxes().corners(output, rows.get(d));
                for (int g = 0; g < boxes.size(); g++) {
                    iou[d][g] = iou(box, boxes.get(g));
                }
            }
            short[] right = new short[taken];
            for (int t = 0; t < (rule == Task.BoxRule.COCO ? THRESHOLDS : 1); t++) {
                match(rule, iou, 0.5 + 0.05 * t, t, right);
            }
            for (int d = 0; d < taken; d++) {
                found.add(new Found(label, output[rows.get(d) + 4], right[d]));
            }
        });
        TreeMap<Integer, Integer> counts = new TreeMap<>();
        wanted.forEach((label, boxes) -> counts.put(label, boxes.size()));
        return new Boxes(found, counts);
    }

    private static void match(Task.BoxRule rule, double[][] iou, double threshold, int bit, short[] right) {
        boolean[] taken = new boolean[iou.length == 0 ? 0 : iou[0].length];
        for (int d = 0; d < iou.length; d++) {
            int best = -1;
            double most = rule == Task.BoxRule.COCO ? Math.min(threshold, 1 - 1e-10) : 0;
            for (int g = 0; g < taken.length; g++) {
                boolean free = rule != Task.BoxRule.COCO || !taken[g];
                if (free && (rule == Task.BoxRule.COCO ? iou[d][g] >= most : iou[d][g] > most)) {
                    best = g;
                    most = iou[d][g];
                }
            }
            if (best >= 0 && !taken[best] && most >= Math.min(threshold, 1 - 1e-10)) {
                taken[best] = true;
                right[d] |= (short) (1 << bit);
            }
        }
    }

    /** Intersection over union; 0 if a box has no area. */
    static double iou(double[] a, double[] b) {
        double w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
        double h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
        double both = w > 0 && h > 0 ? w * h : 0;
        double union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both;
        return both == 0 ? 0 : both / union;
    }

    @Override
    public void add(int sample, Part ofFloat, Part quantized) {
        Sample added = new Sample(sample, (Boxes) ofFloat, (Boxes) quantized);
        kept += added.ofFloat.found.size() + added.quantized.found.size();
        if (kept > 2L * MOST) {
            throw new TooMany();
        }
        samples.add(added);
    }

    @Override
    public Pooled pooled() {
        List<Sample> inOrder =
                samples.stream().sorted(Comparator.comparingInt(Sample::index)).toList();
        int n = inOrder.size();
        TreeMap<Integer, Integer> boxes = new TreeMap<>();
        inOrder.forEach(s -> s.quantized.boxes.forEach((label, count) -> boxes.merge(label, count, Integer::sum)));
        int[] labels = boxes.keySet().stream().mapToInt(Integer::intValue).toArray();
        Ranked[][] ranked = new Ranked[2][labels.length];
        for (int c = 0; c < labels.length; c++) {
            ranked[0][c] = rank(inOrder, labels[c], false);
            ranked[1][c] = rank(inOrder, labels[c], true);
        }
        int[] once = new int[n];
        Arrays.fill(once, 1);
        double[][] replicates = new double[n < 2 ? 0 : REPLICATES][];
        for (int r = 0; r < replicates.length; r++) {
            int[] times = Pool.drawn(n, r);
            replicates[r] =
                    new double[] {mean(inOrder, labels, ranked[0], times), mean(inOrder, labels, ranked[1], times)};
        }
        List<ClassScore> classes = IntStream.range(0, labels.length)
                .mapToObj(c -> {
                    int there = Objects.requireNonNull(boxes.get(labels[c]));
                    return new ClassScore(
                            labels[c],
                            there,
                            precision(ranked[0][c], once, there),
                            precision(ranked[1][c], once, there));
                })
                .toList();
        return Pooled.of(
                mean(inOrder, labels, ranked[0], once),
                mean(inOrder, labels, ranked[1], once),
                replicates,
                classes,
                boxes.values().stream().mapToInt(Integer::intValue).sum());
    }

    private static Ranked rank(List<Sample> samples, int label, boolean quantized) {
        record At(float score, int sample, short right) {}
        List<At> all = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            for (Found f : quantized ? samples.get(i).quantized.found : samples.get(i).ofFloat.found) {
                if (f.label == label) {
                    all.add(new At(f.score, i, f.right));
                }
            }
        }
        all.sort(Comparator.comparingDouble(a -> -a.score));
        short[] right = new short[all.size()];
        for (int i = 0; i < right.length; i++) {
            right[i] = all.get(i).right;
        }
        return new Ranked(all.stream().mapToInt(At::sample).toArray(), right);
    }

    private double mean(List<Sample> samples, int[] labels, Ranked[] ranked, int[] times) {
        double sum = 0;
        int classes = 0;
        for (int c = 0; c < labels.length; c++) {
            long boxes = 0;
            for (int i = 0; i < times.length; i++) {
                boxes += (long) times[i] * samples.get(i).quantized.boxes.getOrDefault(labels[c], 0);
            }
            if (boxes > 0) {
                sum += precision(ranked[c], times, boxes);
                classes++;
            }
        }
        return classes == 0 ? Double.NaN : sum / classes;
    }

    private double precision(Ranked ranked, int[] times, long boxes) {
        double sum = 0;
        int thresholds = rule == Task.BoxRule.COCO ? THRESHOLDS : 1;
        for (int t = 0; t < thresholds; t++) {
            sum += precision(ranked, times, boxes, t);
        }
        return sum / thresholds;
    }

    private double precision(Ranked ranked, int[] times, long boxes, int bit) {
        int n = ranked.right.length;
        double[] recall = new double[n];
        double[] envelope = new double[n];
        double hits = 0;
        double all = 0;
        int steps = 0;
        for (int i = 0; i < n; i++) {
            int weight = times[ranked.sample[i]];
            if (weight > 0) {
                hits += (ranked.right[i] >> bit & 1) == 1 ? weight : 0;
                all += weight;
                recall[steps] = hits / boxes;
                envelope[steps++] = hits / all;
            }
        }
        for (int i = steps - 2; i >= 0; i--) {
            envelope[i] = Math.max(envelope[i], envelope[i + 1]);
        }
        if (rule == Task.BoxRule.VOC) {
            double area = 0;
            for (int i = 0; i < steps; i++) {
                area += (recall[i] - (i == 0 ? 0 : recall[i - 1])) * envelope[i];
            }
            return area;
        }
        int points = rule == Task.BoxRule.COCO ? 100 : 10;
        double sum = 0;
        int i = 0;
        for (int k = 0; k <= points; k++) {
            while (i < steps && recall[i] < (double) k / points) {
                i++;
            }
            sum += i < steps ? envelope[i] : 0;
        }
        return sum / (points + 1);
    }
}
