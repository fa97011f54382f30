package org.quantscope.core.lesson;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.AlteredSamples;
import org.quantscope.core.eval.Task;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.synthetic.SyntheticTensor;

/**
 * A lesson as its file says it.
 *
 * @param id lower case with hyphens; persisted with a person's progress
 * @param minutes how long it takes
 * @param needs ids of lessons to be done before
 * @param able what a person can do afterwards
 * @param intro Markdown before the first step
 * @param file its file, for messages
 */
public record Lesson(
        String id,
        String title,
        int minutes,
        List<String> needs,
        List<String> able,
        String intro,
        List<Step> steps,
        String file) {
    public Lesson {
        needs = List.copyOf(needs);
        able = List.copyOf(able);
        steps = List.copyOf(steps);
    }

    /** A part of the window that a step may cover or fade. */
    public enum Card {
        LIST,
        HISTOGRAM,
        CURVE,
        PAGES,
        QUANTIZER,
        ERROR,
        ACCURACY;

        /** In files. */
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Optional<Card> byId(String id) {
            return Stream.of(values()).filter(c -> c.id().equals(id)).findFirst();
        }

        static List<String> ids() {
            return Stream.of(values()).map(Card::id).toList();
        }
    }

    /**
     * One step: a text, and in this order what it may have.
     *
     * @param id that of the lesson and the number of the step, from 1
     * @param text Markdown
     * @param stage what is opened; empty to go on with what is open
     * @param prediction asked before anything is shown
     * @param goals all of which must be reached
     * @param reveal what is shown after the prediction
     * @param why a question after the reveal
     * @param solution acts and answers that pass the step
     * @param wrongs acts and answers that must not pass it
     * @param line of its heading
     */
    public record Step(
            String id,
            String title,
            String text,
            Optional<Stage> stage,
            Optional<Prediction> prediction,
            List<Goal> goals,
            Optional<Reveal> reveal,
            Optional<Why> why,
            List<String> hints,
            Optional<Attempt> solution,
            List<Attempt> wrongs,
            int line) {
        public Step {
            goals = List.copyOf(goals);
            hints = List.copyOf(hints);
            wrongs = List.copyOf(wrongs);
        }
    }

    /**
     * What a step opens.
     *
     * @param model the name of a file, beside the lesson or among the samples; empty if {@code synthetic} is given
     * @param acts settings that it begins with
     * @param covered cards that are not shown before the reveal
     * @param faded cards that are not needed
     */
    public record Stage(
            Optional<String> model,
            Optional<SyntheticTensor> synthetic,
            Optional<DataFile> data,
            Optional<DataFile> calibrationData,
            List<Act> acts,
            Set<Card> covered,
            Set<Card> faded,
            int line) {
        public Stage {
            acts = List.copyOf(acts);
            covered = Set.copyOf(covered);
            faded = Set.copyOf(faded);
        }
    }

    /**
     * Data of a stage.
     *
     * @param limit the first so many samples; empty for all
     * @param light what the stored values are multiplied with before anything else; 1 leaves them as they are
     * @param broken how many samples, from the first on, have values {@value AlteredSamples#BROKEN} times too large
     * @param corrupted what else makes the samples worse; empty to leave them as they are
     */
    public record DataFile(String name, OptionalInt limit, double light, int broken, Optional<Corrupted> corrupted) {}

    /**
     * Lines of a file that the settings are exported to.
     *
     * @param format id of a format that is text
     * @param find the first line is the first one that holds this text; empty for the first line of the file
     * @param lines how many lines
     */
    public record Excerpt(String format, String find, int lines) {}

    /** Something that a person does in the window. */
    public sealed interface Act {
        /** Changes settings of the selected tensor. */
        record ChangeSelected(SpecChange change) implements Act {}

        /** Changes settings of all weights, and forgets those that a weight has of its own. */
        record ChangeWeights(SpecChange change) implements Act {}

        /** Quantizes activations, with changes of the defaults. */
        record ChangeActivations(SpecChange change) implements Act {}

        /** Selects a stored tensor or an activation. */
        record Select(String tensor) implements Act {}

        /**
         * Corrects the float model.
         *
         * @param options by name; one left out has its default
         */
        record Correct(String correction, Map<String, String> options) implements Act {
            public Correct {
                options = Map.copyOf(options);
            }
        }

        /** Chooses what is scored. */
        record Score(Task task) implements Act {}

        /** Gives each weight the bits that pay, by a search on the calibration data. */
        record GiveBits(double averageBits) implements Act {}
    }

    /** A question before the reveal, whose true answer the engine computes. */
    public sealed interface Prediction {
        String question();

        /** One of several texts is true. */
        record Choose(String question, List<Option> options) implements Prediction {
            public Choose {
                options = List.copyOf(options);
            }
        }

        /**
         * A number.
         *
         * @param byHandle true if it is answered by placing the upper handle of the range
         */
        record Estimate(String question, Expression of, Tolerance tolerance, boolean byHandle) implements Prediction {
            public String unit() {
                return of.unit();
            }
        }

        /**
         * An order.
         *
         * @param least true if the least comes first
         */
        record Sort(String question, Figure by, List<Item> items, boolean least) implements Prediction {
            public Sort {
                items = List.copyOf(items);
            }
        }

        /** The bits of the code of a value in the present grid. */
        record TypeBits(String question, double value) implements Prediction {}
    }

    /** A text with the condition under which it is the true one. */
    public record Option(String text, Condition when) {}

    /** A text with the settings that it stands for. */
    public record Item(String text, Quantity quantity) {}

    /** How far a number may be off. */
    public record Tolerance(double amount, boolean relative) {
        boolean allows(double answer, double truth) {
            return Math.abs(answer - truth) <= (relative ? amount * Math.abs(truth) : amount) * (1 + 1e-12);
        }

        @Override
        public String toString() {
            return relative
                    ? String.format(Locale.ROOT, "± %.0f %%", 100 * amount)
                    : String.format(Locale.ROOT, "± %s", trimmed(amount));
        }

        private static String trimmed(double x) {
            return x == Math.rint(x) ? Long.toString((long) x) : Double.toString(x);
        }
    }

    /** What must be reached. */
    public record Goal(String text, Condition condition) {}

    /**
     * What is shown after the prediction.
     *
     * @param acts done by the program
     * @param text Markdown with figures in double braces
     * @param files lines of exported files, shown below the text
     */
    public record Reveal(List<Act> acts, String text, List<Excerpt> files) {
        public Reveal {
            acts = List.copyOf(acts);
            files = List.copyOf(files);
        }
    }

    /** A question after the reveal. */
    public record Why(String question, List<Reason> reasons) {
        public Why {
            reasons = List.copyOf(reasons);
        }
    }

    /**
     * An answer to a why.
     *
     * @param because what is said to who chooses it
     */
    public record Reason(String text, boolean right, String because) {}

    /** An answer to a prediction. */
    public sealed interface Answer {
        /** @param index from 0 */
        record Chosen(int index) implements Answer {}

        record Figure(double value) implements Answer {}

        /** @param indexes of the items in the order in which they are put, from 0 */
        record Order(List<Integer> indexes) implements Answer {
            public Order {
                indexes = List.copyOf(indexes);
            }

            @Override
            public String toString() {
                return indexes.stream().map(i -> Integer.toString(i + 1)).collect(Collectors.joining(", "));
            }
        }

        /** @param bits the most significant first */
        record Bits(String bits) implements Answer {}
    }

    /**
     * What somebody does and answers in a step.
     *
     * @param why index of the reason that is chosen, from 0
     */
    public record Attempt(List<Act> acts, Optional<Answer> answer, OptionalInt why, int line) {
        public Attempt {
            acts = List.copyOf(acts);
        }
    }
}
