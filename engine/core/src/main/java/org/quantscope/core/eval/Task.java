package org.quantscope.core.eval;

import java.util.List;
import java.util.Optional;

/**
 * What a model is for, as far as it can be scored: each sample gets a score from the output, and the figure is the mean of
 * the scores. The float model's output is scored on the same samples, so the two figures are paired.
 */
public sealed interface Task {
    /**
     * The label is among the k classes with the largest outputs: 1, else 0. Of equal outputs the class with the smaller
     * index is the larger one.
     */
    record TopK(int k) implements Task {
        public TopK {
            if (k < 1) {
                throw new IllegalArgumentException("k: at least 1, got " + k);
            }
        }
    }

    /**
     * Yes or no, right or wrong. One output says yes above its threshold: 0.5 where the model ends in a Sigmoid, else 0. Of
     * two outputs the larger one counts.
     */
    record Binary() implements Task {}

    /** The mean loss over the values of one sample against its targets: the figure is the MSE or the MAE. */
    record Regression(Loss loss) implements Task {}

    /** How far an output is from its target. */
    enum Loss {
        SQUARED,
        ABSOLUTE
    }

    /** The class is the one that the float model gives: 1, else 0. Needs no labels; the float model's own figure is 1. */
    record Agreement() implements Task {}

    /** {@code Σ f·q / √(Σf²·Σq²)} of the float output f and the quantized output q of one sample; 1 if both are zero, 0 if one is. */
    record Cosine() implements Task {}

    /** The mean of |q − f| over the values of one sample. Needs no labels; the float model's own figure is 0. */
    record Deviation() implements Task {}

    /** Every task, in the order in which they are offered. */
    static List<Task> all() {
        return List.of(
                new TopK(1),
                new TopK(5),
                new Binary(),
                new Regression(Loss.SQUARED),
                new Regression(Loss.ABSOLUTE),
                new Agreement(),
                new Cosine(),
                new Deviation());
    }

    /** The task with an id; empty if there is none. */
    static Optional<Task> byId(String id) {
        return all().stream().filter(t -> t.id().equals(id)).findFirst();
    }

    /** Fixed; kept in sessions and named in the output of the command line. */
    default String id() {
        return switch (this) {
            case TopK(int k) -> "top" + k;
            case Binary _ -> "binary";
            case Regression(Loss loss) -> loss == Loss.SQUARED ? "mse" : "mae";
            case Agreement _ -> "agreement";
            case Cosine _ -> "cosine";
            case Deviation _ -> "float-mae";
        };
    }

    /** For a person, in a few letters. */
    default String title() {
        return switch (this) {
            case TopK(int k) -> "top-" + k;
            case Binary _ -> "binary";
            case Regression(Loss loss) -> loss == Loss.SQUARED ? "MSE" : "MAE";
            case Agreement _ -> "same class as float";
            case Cosine _ -> "cosine to float";
            case Deviation _ -> "MAE to float";
        };
    }

    /** With its noun, for a heading: {@code top-1 accuracy}. */
    default String headline() {
        return switch (this) {
            case TopK _, Binary _ -> title() + " accuracy";
            case Regression _, Agreement _, Cosine _, Deviation _ -> title();
        };
    }

    /** One sentence for a person. */
    default String explanation() {
        return switch (this) {
            case TopK(int k) ->
                k == 1
                        ? "Share of samples whose largest output is the label's."
                        : "Share of samples whose label is among the " + k + " largest outputs.";
            case Binary _ ->
                "Share of samples whose yes or no is the label's; one output is yes above 0, or above 0.5 behind a"
                        + " Sigmoid.";
            case Regression(Loss loss) ->
                "Mean " + (loss == Loss.SQUARED ? "squared" : "absolute")
                        + " difference of the outputs from the targets; less is better.";
            case Agreement _ -> "Share of samples that get the float model's class. It needs no labels.";
            case Cosine _ ->
                "Cosine of the angle between the quantized and the float output, the mean over the samples. It needs"
                        + " no labels.";
            case Deviation _ ->
                "Mean absolute difference of the outputs from the float model's; less is better. It needs no labels.";
        };
    }

    /** True if a score is 0 or 1, so that the mean is a share of the samples; any finite number otherwise. */
    default boolean isProportion() {
        return switch (this) {
            case TopK _, Binary _, Agreement _ -> true;
            case Regression _, Cosine _, Deviation _ -> false;
        };
    }

    /** False if the score is an error. */
    default boolean higherIsBetter() {
        return switch (this) {
            case TopK _, Binary _, Agreement _, Cosine _ -> true;
            case Regression _, Deviation _ -> false;
        };
    }

    /** True if a score cannot be had without the float model's whole output. */
    default boolean comparesOutputs() {
        return switch (this) {
            case Cosine _, Deviation _ -> true;
            case TopK _, Binary _, Regression _, Agreement _ -> false;
        };
    }
}
