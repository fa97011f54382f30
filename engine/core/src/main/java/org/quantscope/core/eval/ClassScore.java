package org.quantscope.core.eval;

import java.util.Comparator;
import java.util.List;
import org.quantscope.core.dataset.Dataset;

/**
 * The figure of one class: its accuracy, its IoU or its average precision, by the task. A mean over all hides a class
 * that died.
 *
 * @param label the class, from 0
 * @param total its samples, positions or labelled boxes
 * @param ofFloat the float model's figure, a fraction
 * @param quantized the quantized model's
 */
public record ClassScore(int label, long total, double ofFloat, double quantized) {
    /** The worst of the quantized model first. */
    static final Comparator<ClassScore> WORST_FIRST =
            Comparator.comparingDouble(ClassScore::quantized).thenComparingInt(ClassScore::label);

    /** All classes, worst of the quantized model first; none if the task or the data has no classes. */
    public static List<ClassScore> of(Evaluation evaluation) {
        Task task = evaluation.accuracy().task();
        if (task instanceof Task.CharacterErrors) {
            return List.of();
        }
        return task.isPooled() && !(task instanceof Task.Detector)
                ? evaluation.accuracy().details().classes()
                : ClassAccuracy.of(evaluation.outcomes()).stream()
                        .map(c -> new ClassScore(c.label(), c.total(), c.floatAccuracy(), c.accuracy()))
                        .toList();
    }

    /** The name of a class in the data, or its number. */
    public static String name(Dataset data, int label) {
        return label >= 0 && label < data.classes().size() ? data.classes().get(label) : Integer.toString(label);
    }
}
