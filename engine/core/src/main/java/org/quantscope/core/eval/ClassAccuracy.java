package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * How well one class is recognized. A mean over all samples hides a class that died.
 *
 * @param label the class, from 0
 * @param total its samples, or its positions
 * @param ofFloat those that the float model gives this class
 * @param quantized those that the quantized model does
 * @param lost those that only the float model gives this class
 */
public record ClassAccuracy(int label, int total, int ofFloat, int quantized, int lost) {
    public double accuracy() {
        return (double) quantized / total;
    }

    public double floatAccuracy() {
        return (double) ofFloat / total;
    }

    /** Those that only the quantized model gives this class. */
    public int gained() {
        return quantized - ofFloat + lost;
    }

    /** The 95 % interval of quantized − float for samples such as these, an unbounded population. */
    public PairedInterval change() {
        return PairedInterval.of(gained(), lost, total, Long.MAX_VALUE);
    }

    /** All classes that have samples, worst of the quantized model first; none if the data has no labels. */
    public static List<ClassAccuracy> of(SampleOutcomes outcomes) {
        TreeMap<Integer, int[]> counts = new TreeMap<>();
        for (int i = 0; i < outcomes.size(); i++) {
            outcomes.outcome(i).ifPresent(outcome -> {
                if (outcome.sequence().isPresent()) {
                    SampleOutcomes.Sequence at = outcome.sequence().get();
                    for (int p = 0; p < at.labels().size(); p++) {
                        if (at.labels().get(p) >= 0) {
                            count(
                                    counts,
                                    at.labels().get(p),
                                    at.ofFloat().get(p),
                                    at.quantized().get(p));
                        }
                    }
                } else {
                    OptionalInt label = outcome.label();
                    if (label.isPresent()) {
                        count(counts, label.getAsInt(), outcome.floatClass(), outcome.quantizedClass());
                    }
                }
            });
        }
        List<ClassAccuracy> all = new ArrayList<>();
        counts.forEach((label, n) -> all.add(new ClassAccuracy(label, n[0], n[1], n[2], n[3])));
        all.sort(Comparator.comparingDouble(ClassAccuracy::accuracy).thenComparingInt(ClassAccuracy::label));
        return all;
    }

    private static void count(TreeMap<Integer, int[]> counts, int label, int ofFloat, int quantized) {
        int[] n = counts.computeIfAbsent(label, k -> new int[4]);
        n[0]++;
        n[1] += ofFloat == label ? 1 : 0;
        n[2] += quantized == label ? 1 : 0;
        n[3] += ofFloat == label && quantized != label ? 1 : 0;
    }
}
