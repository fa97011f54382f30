package org.quantscope.core.eval;

import java.util.List;
import java.util.Optional;

/**
 * What a model is for, as far as it can be scored: each sample gets a score from the output, and the figure is the mean of
 * the scores. The float model's output is scored on the same samples, so the two figures are paired.
 */
public sealed interface Task {
    /** Every task, in the order in which they are offered. */
    static List<Task> all() {
        return List.of(
                new TopK(1), new TopK(5), new Binary(), new Regression(Loss.SQUARED), new Regression(Loss.ABSOLUTE), new Agreement(), new Cosine(), new Deviation());
    }

    /** Fixed; kept in sessions and named in the output of the command line. */
    String id();

    /** For a person, in a few letters. */
    String title();

    /** With its noun, for a heading: {@code top-1 accuracy}. */
    default String headline() {
        return switch (this) {
            case TopK _, Binary _ -> title() + " accuracy";
            case Regression _, Agreement _, Cosine _, Deviation _ -> title();
        };
    }

    /** One sentence for a person. */
    String explanation();

    /** True if a score is 0 or 1, so that the mean is a share of the samples; any finite number otherwise. */
    boolean isProportion();

    /** False if the score is an error. */
    boolean higherIsBetter();

    /** True if a score cannot be had without the float model's whole output. */
    boolean comparesOutputs();

    /** The task with an id; empty if there is none. */
    static Optional<Task> byId(String id) {
        return all().stream().filter(t -> t.id().equals(id)).findFirst();
    }

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

        @Override
        public String id() {
            return "top" + k;
        }

        @Override
        public String title() {
            return "top-" + k;
        }

        @Override
        public String explanation() {
            return k == 1 ? "Share of samples whose largest output is the label's." : "Share of samples whose label is among the " + k + " largest outputs.";
        }

        @Override
        public boolean isProportion() {
            return true;
        }

        @Override
        public boolean higherIsBetter() {
            return true;
        }

        @Override
        public boolean comparesOutputs() {
            return false;
        }
    }

    /**
     * Yes or no, right or wrong. One output says yes above its threshold: 0.5 where the model ends in a Sigmoid, else 0. Of
     * two outputs the larger one counts.
     */
    record Binary() implements Task {
        @Override
        public String id() {
            return "binary";
        }

        @Override
        public String title() {
            return "binary";
        }

        @Override
        public String explanation() {
            return "Share of samples whose yes or no is the label's; one output is yes above 0, or above 0.5 behind a Sigmoid.";
        }

        @Override
        public boolean isProportion() {
            return true;
        }

        @Override
        public boolean higherIsBetter() {
            return true;
        }

        @Override
        public boolean comparesOutputs() {
            return false;
        }
    }

    /** How far an output is from its target. */
    enum Loss {
        SQUARED,
        ABSOLUTE
    }

    /** The mean loss over the values of one sample against its targets: the figure is the MSE or the MAE. */
    record Regression(Loss loss) implements Task {
        @Override
        public String id() {
            return switch (loss) {
                case SQUARED -> "mse";
                case ABSOLUTE -> "mae";
            };
        }

        @Override
        public String title() {
            return switch (loss) {
                case SQUARED -> "MSE";
                case ABSOLUTE -> "MAE";
            };
        }

        @Override
        public String explanation() {
            return switch (loss) {
                case SQUARED -> "Mean squared difference of the outputs from the targets; less is better.";
                case ABSOLUTE -> "Mean absolute difference of the outputs from the targets; less is better.";
            };
        }

        @Override
        public boolean isProportion() {
            return false;
        }

        @Override
        public boolean higherIsBetter() {
            return false;
        }

        @Override
        public boolean comparesOutputs() {
            return false;
        }
    }

    /** The class is the one that the float model gives: 1, else 0. Needs no labels; the float model's own figure is 1. */
    record Agreement() implements Task {
        @Override
        public String id() {
            return "agreement";
        }

        @Override
        public String title() {
            return "same class as float";
        }

        @Override
        public String explanation() {
            return "Share of samples that get the float model's class. It needs no labels.";
        }

        @Override
        public boolean isProportion() {
            return true;
        }

        @Override
        public boolean higherIsBetter() {
            return true;
        }

        @Override
        public boolean comparesOutputs() {
            return false;
        }
    }

    /** {@code Σ f·q / √(Σf²·Σq²)} of the float output f and the quantized output q of one sample; 1 if both are zero, 0 if one is. */
    record Cosine() implements Task {
        @Override
        public String id() {
            return "cosine";
        }

        @Override
        public String title() {
            return "cosine to float";
        }

        @Override
        public String explanation() {
            return "Cosine of the angle between the quantized and the float output, the mean over the samples. It needs no labels.";
        }

        @Override
        public boolean isProportion() {
            return false;
        }

        @Override
        public boolean higherIsBetter() {
            return true;
        }

        @Override
        public boolean comparesOutputs() {
            return true;
        }
    }

    /** The mean of |q − f| over the values of one sample. Needs no labels; the float model's own figure is 0. */
    record Deviation() implements Task {
        @Override
        public String id() {
            return "float-mae";
        }

        @Override
        public String title() {
            return "MAE to float";
        }

        @Override
        public String explanation() {
            return "Mean absolute difference of the outputs from the float model's; less is better. It needs no labels.";
        }

        @Override
        public boolean isProportion() {
            return false;
        }

        @Override
        public boolean higherIsBetter() {
            return false;
        }

        @Override
        public boolean comparesOutputs() {
            return true;
        }
    }
}
