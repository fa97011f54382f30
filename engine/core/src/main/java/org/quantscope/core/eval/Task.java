package org.quantscope.core.eval;

import java.util.List;
import java.util.Optional;

/**
 * What is scored: each sample gets a score from the model's output, and the figure is the mean of the scores. The float
 * model's output is scored on the same samples, so the two figures are paired.
 */
public sealed interface Task {
    /**
     * 1 if the label is among the k classes with the largest outputs, else 0. Of two equal outputs the one with the
     * smaller index counts as larger.
     */
    record TopK(int k) implements Task {
        public TopK {
            if (k < 1) {
                throw new IllegalArgumentException("k: at least 1, got " + k);
            }
        }
    }

    /**
     * A yes-or-no decision: 1 if it is right, else 0. One output means yes above its threshold, which is 0.5 if the
     * model ends in a Sigmoid, else 0. Of two outputs the larger one decides.
     */
    record Binary() implements Task {}

    /** What there are several of in one sample. */
    enum Unit {
        /** A class for each position of a text, or for each point of a picture. */
        POSITION,
        /** A yes or no for each of several labels. */
        LABEL
    }

    /** The share of the scored positions, or of the labels, that are right, over all samples together. */
    record Each(Unit unit) implements Task {}

    /** 1 if every scored position, or every label, of a sample is right, else 0. */
    record Every(Unit unit) implements Task {}

    /** The mean loss over the values of one sample against its targets. The figure is the MSE or the MAE. */
    record Regression(Loss loss) implements Task {}

    /** How far an output is from its target. */
    enum Loss {
        SQUARED,
        ABSOLUTE
    }

    /** 1 if the class is the same as the float model's, else 0. Needs no labels; the float model's own figure is 1. */
    record Agreement() implements Task {}

    /**
     * {@code Σ f·q / √(Σf²·Σq²)} with the float output f and the quantized output q of one sample; 1 if both are all
     * zero, 0 if only one is.
     */
    record Cosine() implements Task {}

    /** The mean of |q − f| over the values of one sample. Needs no labels; the float model's own figure is 0. */
    record Deviation() implements Task {}

    /** Every task, in the order in which they are offered. */
    static List<Task> all() {
        return List.of(
                new TopK(1),
                new TopK(5),
                new Binary(),
                new Each(Unit.POSITION),
                new Every(Unit.POSITION),
                new Each(Unit.LABEL),
                new Every(Unit.LABEL),
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

    /** Fixed: it is saved in sessions and printed by the command line. */
    default String id() {
        return switch (this) {
            case TopK(int k) -> "top" + k;
            case Binary _ -> "binary";
            case Each(Unit unit) -> unit == Unit.POSITION ? "token-accuracy" : "label-accuracy";
            case Every(Unit unit) -> unit == Unit.POSITION ? "exact-sequences" : "exact-labels";
            case Regression(Loss loss) -> loss == Loss.SQUARED ? "mse" : "mae";
            case Agreement _ -> "agreement";
            case Cosine _ -> "cosine";
            case Deviation _ -> "float-mae";
        };
    }

    /** The name for a person, in a few letters. */
    default String title() {
        return switch (this) {
            case TopK(int k) -> "top-" + k;
            case Binary _ -> "binary";
            case Each(Unit unit) -> unit == Unit.POSITION ? "tokens right" : "labels right";
            case Every(Unit unit) -> unit == Unit.POSITION ? "exact sequences" : "exact label sets";
            case Regression(Loss loss) -> loss == Loss.SQUARED ? "MSE" : "MAE";
            case Agreement _ -> "same class as float";
            case Cosine _ -> "cosine to float";
            case Deviation _ -> "MAE to float";
        };
    }

    /** The name as a heading, with its noun: {@code top-1 accuracy}. */
    default String headline() {
        return switch (this) {
            case TopK _, Binary _ -> title() + " accuracy";
            case Each(Unit unit) -> unit == Unit.POSITION ? "token accuracy" : "label accuracy";
            case Every _, Regression _, Agreement _, Cosine _, Deviation _ -> title();
        };
    }

    /** An explanation for a person, in one sentence. */
    default String explanation() {
        return switch (this) {
            case TopK(int k) ->
                k == 1
                        ? "Share of samples whose largest output is the label's."
                        : "Share of samples whose label is among the " + k + " largest outputs.";
            case Binary _ ->
                "Share of samples whose yes or no is the label's; one output is yes above 0, or above 0.5 behind a"
                        + " Sigmoid.";
            case Each(Unit unit) ->
                unit == Unit.POSITION
                        ? "Share of the scored positions whose largest output is the label's, over all samples."
                        : "Share of the labels whose yes or no is right, over all samples.";
            case Every(Unit unit) ->
                unit == Unit.POSITION
                        ? "Share of samples with the right class at every scored position."
                        : "Share of samples with every label right.";
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

    /**
     * True if the figure is a share of what is right, out of samples, positions or labels; else a score is any finite
     * number.
     */
    default boolean isProportion() {
        return switch (this) {
            case TopK _, Binary _, Each _, Every _, Agreement _ -> true;
            case Regression _, Cosine _, Deviation _ -> false;
        };
    }

    /** False if the score is an error. */
    default boolean higherIsBetter() {
        return switch (this) {
            case TopK _, Binary _, Each _, Every _, Agreement _, Cosine _ -> true;
            case Regression _, Deviation _ -> false;
        };
    }

    /** True if there is a class for each position of a sample. */
    default boolean needsPositions() {
        return switch (this) {
            case Each(Unit unit) -> unit == Unit.POSITION;
            case Every(Unit unit) -> unit == Unit.POSITION;
            case TopK _, Binary _, Regression _, Agreement _, Cosine _, Deviation _ -> false;
        };
    }

    /** True if the scores compare with labels or targets. */
    default boolean needsLabels() {
        return switch (this) {
            case TopK _, Binary _, Each _, Every _, Regression _ -> true;
            case Agreement _, Cosine _, Deviation _ -> false;
        };
    }

    /** True if scoring needs the float model's whole output. */
    default boolean comparesOutputs() {
        return switch (this) {
            case Cosine _, Deviation _ -> true;
            case TopK _, Binary _, Each _, Every _, Regression _, Agreement _ -> false;
        };
    }
}
