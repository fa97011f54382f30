package org.quantscope.core.lesson;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.eval.Task;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.figure.Figures;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.tensor.NearNames;

/**
 * A figure of the present settings, or of settings that differ from them: {@code mse}, {@code mse with calibrator=mse},
 * {@code accuracy with weights.bits=4}. Settings behind {@code with} are those of the selected tensor, of all weights if
 * their name begins with {@code weights.}, or of activations with {@code activations.}; {@code select} names another
 * tensor, {@code budget} gives each weight the bits that pay, so many on average, {@code metric} is what is scored,
 * {@code correct} a correction of the float model and {@code corrupt} what makes the evaluated samples worse. They apply in the
 * order: corrupt, metric, activations, weights, budget, correct, select, the selected tensor.
 *
 * @param figure what is computed
 * @param selected change of the selected tensor
 * @param weights change of all weights
 * @param activations change of activations
 * @param select name of another tensor
 * @param budget average bits; empty to leave the bits as they are
 * @param metric what is scored; empty to leave it as it is
 * @param correction of the float model; empty for none more
 * @param corrupted what is done to the samples that are evaluated; empty to leave them as they are
 */
record Quantity(
        Figure figure,
        SpecChange selected,
        SpecChange weights,
        SpecChange activations,
        Optional<String> select,
        OptionalDouble budget,
        Optional<Task> metric,
        Optional<Act.Correct> correction,
        Optional<Corrupted> corrupted) {
    private static final String WITH = " with ";
    private static final String ALL = "weights.";
    private static final String ACTIVATIONS = "activations.";
    private static final String SELECT = "select";
    private static final String BUDGET = "budget";
    private static final String METRIC = "metric";
    private static final String CORRECT = "correct";
    private static final String CORRUPT = "corrupt";

    /** @throws IllegalArgumentException naming what is not known */
    static Quantity parse(String text) {
        String spaced = text.strip().replaceAll("\\s+", " ");
        int with = spaced.indexOf(WITH);
        String id = with < 0 ? spaced : spaced.substring(0, with);
        Figure figure = Figures.byId(id)
                .orElseThrow(() -> new IllegalArgumentException("\"" + id
                        + "\" is no figure; near: "
                        + String.join(
                                ", ",
                                NearNames.of(
                                        id,
                                        Figures.all().stream().map(Figure::id).toList(),
                                        3))
                        + "; quantscope list figures has all"));
        Map<String, String> selected = new LinkedHashMap<>();
        Map<String, String> weights = new LinkedHashMap<>();
        Map<String, String> activations = new LinkedHashMap<>();
        Optional<String> select = Optional.empty();
        OptionalDouble budget = OptionalDouble.empty();
        Optional<Task> metric = Optional.empty();
        Optional<Act.Correct> correction = Optional.empty();
        Optional<Corrupted> corrupted = Optional.empty();
        if (with >= 0) {
            // A clip has a comma of its own, so settings are parted by commas that a name follows.
            for (String pair : spaced.substring(with + WITH.length()).split(",\\s*(?=[a-z.-]+=)", -1)) {
                String[] keyValue = pair.split("=", 2);
                if (keyValue.length != 2) {
                    throw new IllegalArgumentException("with: name=value is needed, got \"" + pair + "\"");
                }
                if (keyValue[0].startsWith(ALL)) {
                    weights.put(keyValue[0].substring(ALL.length()), keyValue[1].strip());
                } else if (keyValue[0].startsWith(ACTIVATIONS)) {
                    activations.put(keyValue[0].substring(ACTIVATIONS.length()), keyValue[1].strip());
                } else if (keyValue[0].equals(SELECT)) {
                    select = Optional.of(keyValue[1].strip());
                } else if (keyValue[0].equals(METRIC)) {
                    metric = Optional.of(Acts.task(keyValue[1].strip()));
                } else if (keyValue[0].equals(CORRECT)) {
                    correction = Optional.of(Acts.correction(keyValue[1].strip()));
                } else if (keyValue[0].equals(CORRUPT)) {
                    corrupted = Optional.of(Corrupted.parse(keyValue[1].strip()));
                } else if (keyValue[0].equals(BUDGET)) {
                    budget = OptionalDouble.of(averageBits(keyValue[1].strip()));
                } else {
                    selected.put(keyValue[0], keyValue[1].strip());
                }
            }
        }
        return new Quantity(
                figure,
                new SpecChange(selected),
                new SpecChange(weights),
                new SpecChange(activations),
                select,
                budget,
                metric,
                correction,
                corrupted);
    }

    /** @throws IllegalArgumentException if it is no number above 0 */
    static double averageBits(String text) {
        try {
            double bits = Double.parseDouble(text);
            if (bits > 0 && Double.isFinite(bits)) {
                return bits;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IllegalArgumentException("budget: a number of bits above 0 is needed, got \"" + text + "\"");
    }
}
