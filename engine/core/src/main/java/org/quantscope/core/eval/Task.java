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

    /**
     * {@code exp(−Σ ln p / n)} with the probability p of the label at each of the n scored positions, over all samples
     * together. Source: F. Jelinek and others, Perplexity, a measure of the difficulty of speech recognition tasks,
     * J. Acoust. Soc. Am. 62 (1977) S63.
     */
    record Perplexity() implements Task {}

    /**
     * The Kullback-Leibler divergence {@code Σ p·ln(p/q)} of the quantized model's q from the float model's p, in nats,
     * the mean over the scored positions of all samples; over all positions if there are no labels. The float model's
     * own figure is 0.
     */
    record TokenDivergence() implements Task {}

    /**
     * Edits (insertions, deletions, substitutions; V. Levenshtein, 1966) from the decoded to the labelled string, over
     * the length of all labelled strings together. Decoding takes the largest output at each step, joins repeats and
     * drops the blank (A. Graves and others, Connectionist Temporal Classification, ICML 2006, "best path").
     */
    record CharacterErrors() implements Task {}

    /**
     * The mean over the classes of intersection over union of the labelled and the given positions, over all samples
     * together. A class that is neither labelled nor given anywhere is left out of the mean.
     */
    record MeanIou() implements Task {}

    /** How a detector of one class is judged without a threshold. */
    enum Curve {
        /**
         * The area under the ROC curve: the probability that a positive sample scores above a negative one, ties count
         * half (J. Hanley, B. McNeil, Radiology 143 (1982) 29–36).
         */
        AUC,
        /** The error rate where false alarms and misses are equally frequent, on the line between two thresholds. */
        EER
    }

    /** A score for each sample, and a yes or no as its label. */
    record Detector(Curve curve) implements Task {}

    /** How the precisions of detected boxes become one figure. */
    enum BoxRule {
        /** Mean over IoU 0.50 to 0.95 in steps of 0.05 of the precision at 101 recalls (COCO). */
        COCO,
        /** The area under the precision envelope at IoU 0.5 (Pascal VOC from 2010 on). */
        VOC,
        /** The mean precision at 11 recalls at IoU 0.5 (Pascal VOC 2007). */
        VOC11
    }

    /** Average precision of boxes, the mean over the classes that have a labelled box. */
    record BoxPrecision(BoxRule rule) implements Task {}

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
                new Perplexity(),
                new TokenDivergence(),
                new CharacterErrors(),
                new MeanIou(),
                new Detector(Curve.AUC),
                new Detector(Curve.EER),
                new BoxPrecision(BoxRule.COCO),
                new BoxPrecision(BoxRule.VOC),
                new BoxPrecision(BoxRule.VOC11),
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
            case Perplexity _ -> "perplexity";
            case TokenDivergence _ -> "kl";
            case CharacterErrors _ -> "cer";
            case MeanIou _ -> "mean-iou";
            case Detector(Curve curve) -> curve == Curve.AUC ? "auc" : "eer";
            case BoxPrecision(BoxRule rule) ->
                switch (rule) {
                    case COCO -> "coco-ap";
                    case VOC -> "voc-ap";
                    case VOC11 -> "voc-ap11";
                };
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
            case Perplexity _ -> "perplexity";
            case TokenDivergence _ -> "KL per token";
            case CharacterErrors _ -> "CER";
            case MeanIou _ -> "mean IoU";
            case Detector(Curve curve) -> curve == Curve.AUC ? "ROC AUC" : "EER";
            case BoxPrecision(BoxRule rule) ->
                switch (rule) {
                    case COCO -> "COCO AP";
                    case VOC -> "VOC AP50";
                    case VOC11 -> "VOC AP50 (11 points)";
                };
        };
    }

    /** The name as a heading, with its noun: {@code top-1 accuracy}. */
    default String headline() {
        return switch (this) {
            case TopK _, Binary _ -> title() + " accuracy";
            case Each(Unit unit) -> unit == Unit.POSITION ? "token accuracy" : "label accuracy";
            default -> title();
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
            case Perplexity _ ->
                "e to the mean of −ln p over the scored positions, p the probability of the label: among how many"
                        + " equally likely tokens the model is as unsure; 1 is best.";
            case TokenDivergence _ ->
                "Σ p·ln(p/q) of the quantized model's probabilities q from the float model's p, the mean over the"
                        + " scored positions, in nats; 0 is best. It needs no labels.";
            case CharacterErrors _ ->
                "Edits from the decoded to the labelled string over the length of all labelled strings; 0 is best. The"
                        + " largest output at each step counts, repeats are joined, blanks dropped.";
            case MeanIou _ ->
                "Intersection over union of labelled and given positions, over all samples, the mean over the classes.";
            case Detector(Curve curve) ->
                curve == Curve.AUC
                        ? "Probability that a positive sample scores above a negative one, ties half; 50 % is chance."
                        : "Error rate at the threshold where false alarms and misses are equally frequent; less is"
                                + " better.";
            case BoxPrecision(BoxRule rule) ->
                switch (rule) {
                    case COCO ->
                        "Precision of the detected boxes at 101 recalls, the mean over IoU 0.50 to 0.95 and the"
                                + " classes.";
                    case VOC ->
                        "Area under the precision of the detected boxes over recall at IoU 0.5, the mean over the"
                                + " classes.";
                    case VOC11 ->
                        "Precision of the detected boxes at 11 recalls at IoU 0.5, the mean over the classes.";
                };
        };
    }

    /**
     * True if the figure is a share of what is right, out of samples, positions or labels; else a score is any finite
     * number.
     */
    default boolean isProportion() {
        return switch (this) {
            case TopK _, Binary _, Each _, Every _, Agreement _ -> true;
            default -> false;
        };
    }

    /** What the labels and the output must be, a clause for a person. */
    default String needs() {
        return switch (this) {
            case TopK(int k) ->
                "a class for each sample and an output of more than " + (k == 1 ? "two" : k) + " values a sample";
            case Binary _, Detector _ -> "0 or 1 for each sample and an output of one or two values a sample";
            case Each(Unit unit) -> unit == Unit.POSITION ? POSITIONS : YES_OR_NO;
            case Every(Unit unit) -> unit == Unit.POSITION ? POSITIONS : YES_OR_NO;
            case Regression _ -> "floating labels, one for each value of the output";
            case Agreement _ -> "an output of one vector of classes a sample";
            case Cosine _ -> "more than one value a sample";
            case Deviation _ -> "an output";
            case Perplexity _ ->
                "a label for each token, and an output of tokens × classes that are logits, probabilities or their"
                        + " logarithms";
            case TokenDivergence _ -> "an output of tokens × classes, known by labels for each token or by its name";
            case CharacterErrors _ ->
                "a row of labels for each sample, and an output of steps × classes with more steps";
            case MeanIou _ -> POSITIONS + ", of no more than " + OverlapPool.MOST_CLASSES + " classes";
            case BoxPrecision _ ->
                "floating labels of boxes × 5 (four numbers, class), and an output of detections × 6 (four numbers,"
                        + " score, class)";
        };
    }

    /** What a class for each position needs. */
    String POSITIONS = "a label for each position of a sample, and an output with a value for each position and class";

    /** What several labels need. */
    String YES_OR_NO = "0 or 1 for each value of the output";

    /** True if the figure is one of a sum over a sum, such as of all positions, and not the mean of the samples' scores. */
    default boolean isRatio() {
        return switch (this) {
            case Each _, Perplexity _, TokenDivergence _, CharacterErrors _ -> true;
            default -> false;
        };
    }

    /** True if the figure belongs to all samples together: no score of single samples adds up to it. */
    default boolean isPooled() {
        return switch (this) {
            case MeanIou _, Detector _, BoxPrecision _ -> true;
            default -> false;
        };
    }

    /** True if the figure is shown as a percentage. */
    default boolean isFraction() {
        return isProportion() || isPooled() || this instanceof CharacterErrors;
    }

    /** The unit for a person: {@code %} for a fraction, empty for a number without one. */
    default String unitName() {
        return switch (this) {
            case TokenDivergence _ -> "nats";
            default -> isFraction() ? "%" : "";
        };
    }

    /** The figure that a mean score stands for: a perplexity is saved as e to the mean. */
    default double figure(double mean) {
        return this instanceof Perplexity ? Math.exp(mean) : mean;
    }

    /** False if the score is an error. */
    default boolean higherIsBetter() {
        return switch (this) {
            case Regression _, Deviation _, Perplexity _, TokenDivergence _, CharacterErrors _ -> false;
            case Detector(Curve curve) -> curve == Curve.AUC;
            default -> true;
        };
    }

    /** Which way is better, for a person. */
    default String direction() {
        return higherIsBetter() ? "higher is better" : "lower is better";
    }

    /** True if there is a class for each position of a sample. */
    default boolean needsPositions() {
        return switch (this) {
            case Each(Unit unit) -> unit == Unit.POSITION;
            case Every(Unit unit) -> unit == Unit.POSITION;
            case Perplexity _, TokenDivergence _, CharacterErrors _, MeanIou _ -> true;
            default -> false;
        };
    }

    /** True if the scores compare with labels or targets. */
    default boolean needsLabels() {
        return switch (this) {
            case Agreement _, Cosine _, Deviation _, TokenDivergence _ -> false;
            default -> true;
        };
    }

    /** True if scoring needs the float model's whole output. */
    default boolean comparesOutputs() {
        return switch (this) {
            case Cosine _, Deviation _, TokenDivergence _ -> true;
            default -> false;
        };
    }
}
