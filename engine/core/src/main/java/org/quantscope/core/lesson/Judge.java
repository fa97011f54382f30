package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.quantscope.core.figure.FigureSource;
import org.quantscope.core.figure.FigureSource.Scene;
import org.quantscope.core.figure.FigureSources;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Goal;
import org.quantscope.core.lesson.Lesson.Option;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Reason;
import org.quantscope.core.lesson.Lesson.Why;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.UniformGrid;

/**
 * Finds out what is true of a scene: computes the answers of predictions, judges those that were given, and looks
 * whether goals are reached. Used by one thread at a time.
 */
public final class Judge {
    /** Longer lines of a file are cut. */
    private static final int LONGEST = 100;

    /** What there are several of: {@code bits per value}, {@code squared tensor units}. */
    private static final Pattern MANY = Pattern.compile("\\b([a-z]{2,}[a-rt-z])s\\b");

    /** A unit that names one thing, {@code a code}. */
    private static final String ONE = "a ";

    private final Scene scene;
    private final FigureSources sources;
    private final CancelToken cancel;

    /**
     * One thing that was looked at.
     *
     * @param goal what was wanted, for a person
     * @param figure id of the figure that decides; empty if there is none
     * @param value of the figure, where it has one
     * @param passed true if it is so
     */
    public record Finding(String goal, String figure, OptionalDouble value, String unit, boolean passed) {}

    /** @param sources compute figures, and keep them between judges */
    public Judge(Scene scene, FigureSources sources, CancelToken cancel) {
        this.scene = scene;
        this.sources = sources;
        this.cancel = cancel;
    }

    OptionalDouble value(Quantity quantity) {
        return sources.during(cancel, () -> quantity.figure().of(sources.of(scene(quantity))));
    }

    OptionalDouble value(Expression expression) {
        OptionalDouble left = value(expression.left());
        if (expression.right().isEmpty() || left.isEmpty()) {
            return left;
        }
        OptionalDouble right = value(expression.right().get());
        double both = right.isPresent() ? expression.of(left.getAsDouble(), right.getAsDouble()) : Double.NaN;
        return Double.isFinite(both) ? OptionalDouble.of(both) : OptionalDouble.empty();
    }

    private Scene scene(Quantity quantity) {
        try {
            Scene at = scene;
            if (quantity.corrupted().isPresent()) {
                at = sources.with(at, quantity.corrupted().get());
            }
            if (quantity.metric().isPresent()) {
                at = changed(at, new Lesson.Act.Score(quantity.metric().get()));
            }
            if (!quantity.activations().settings().isEmpty()) {
                at = changed(at, new Lesson.Act.ChangeActivations(quantity.activations()));
            }
            if (!quantity.weights().settings().isEmpty()) {
                at = changed(at, new Lesson.Act.ChangeWeights(quantity.weights()));
            }
            if (quantity.budget().isPresent()) {
                at = at.with(sources.within(at, quantity.budget().getAsDouble()));
            }
            if (quantity.correction().isPresent()) {
                Lesson.Act.Correct correct = quantity.correction().get();
                at = sources.with(at, correct.correction(), correct.options());
            }
            if (quantity.select().isPresent()) {
                at = at.with(Acts.selection(quantity.select().get(), at.model()));
            }
            return quantity.selected().settings().isEmpty()
                    ? at
                    : changed(at, new Lesson.Act.ChangeSelected(quantity.selected()));
        } catch (IllegalArgumentException e) {
            throw new BadInputException("", "with", String.valueOf(e.getMessage()));
        }
    }

    private static Scene changed(Scene scene, Lesson.Act act) {
        return scene.with(
                Acts.edit(act, scene.model(), scene.state(), scene.selected()).apply(scene.state()));
    }

    private double need(Quantity quantity) {
        return value(quantity).orElseThrow(() -> missing(quantity));
    }

    private double need(Expression expression) {
        return value(expression).orElseThrow(() -> missing(expression.left()));
    }

    private static BadInputException missing(Quantity quantity) {
        return new BadInputException("", quantity.figure().id(), "does not exist for what the step has open");
    }

    boolean holds(Condition condition) {
        double left = need(condition.left());
        double right = condition.right().isPresent() ? need(condition.right().get()) : condition.number();
        return condition.comparison().holds(left, right)
                && condition.more().stream().allMatch(this::holds);
    }

    /**
     * The true answer.
     *
     * @throws BadInputException if the lesson is not clear: a figure does not exist, or not exactly one choice is true
     */
    public Answer truth(Prediction prediction) {
        return switch (prediction) {
            case Prediction.Choose choose -> {
                List<Integer> right = new ArrayList<>();
                for (int i = 0; i < choose.options().size(); i++) {
                    Option option = choose.options().get(i);
                    if (holds(option.when())) {
                        right.add(i);
                    }
                }
                if (right.size() != 1) {
                    throw new BadInputException(
                            "", "choices", "exactly one must be true, " + right.size() + " are: " + figures(choose));
                }
                yield new Answer.Chosen(right.getFirst());
            }
            case Prediction.Estimate estimate -> new Answer.Figure(need(estimate.of()));
            case Prediction.Sort sort -> {
                double[] values = sort.items().stream()
                        .mapToDouble(item -> need(item.quantity()))
                        .toArray();
                yield new Answer.Order(IntStream.range(0, values.length)
                        .boxed()
                        .sorted((a, b) -> sort.least()
                                ? Double.compare(values[a], values[b])
                                : Double.compare(values[b], values[a]))
                        .toList());
            }
            case Prediction.TypeBits bits -> new Answer.Bits(bits(bits.value()));
        };
    }

    private String figures(Prediction.Choose choose) {
        return String.join(
                "; ",
                choose.options().stream()
                        .map(o -> o.when().text() + ", it is "
                                + number(need(o.when().left())))
                        .toList());
    }

    /** The code of a value in the selected tensor's grid, in two's complement if codes are signed. */
    private String bits(double value) {
        return sources.during(cancel, () -> bits(value, sources.of(scene)));
    }

    private static String bits(double value, FigureSource source) {
        Grid grid = source.grid().orElseThrow(() -> new BadInputException("", "bits", "there is no single grid"));
        int width = source.spec().map(QuantSpec::bits).orElseThrow();
        int code = grid instanceof UniformGrid uniform ? uniform.code((float) value) : grid.index((float) value);
        String all = Integer.toBinaryString((1 << width) | (code & ((1 << width) - 1)));
        return all.substring(1);
    }

    /** Whether an answer is right, with the figure behind it. */
    public Finding judge(Prediction prediction, Answer answer) {
        Answer truth = truth(prediction);
        return switch (prediction) {
            case Prediction.Choose choose -> {
                Option right = choose.options().get(((Answer.Chosen) truth).index());
                Expression of = right.when().left();
                yield new Finding(
                        prediction.question(), of.left().figure().id(), value(of), of.unit(), truth.equals(answer));
            }
            case Prediction.Estimate estimate -> {
                double value = ((Answer.Figure) truth).value();
                boolean passed = answer instanceof Answer.Figure(double given)
                        && estimate.tolerance().allows(given, value);
                yield new Finding(
                        prediction.question(),
                        estimate.of().left().figure().id(),
                        OptionalDouble.of(value),
                        estimate.unit(),
                        passed);
            }
            case Prediction.Sort sort -> {
                Quantity first = sort.items()
                        .get(((Answer.Order) truth).indexes().getFirst())
                        .quantity();
                yield new Finding(
                        prediction.question(),
                        sort.by().id(),
                        value(first),
                        sort.by().unit(),
                        truth.equals(answer) || (answer instanceof Answer.Order order && isOrdered(sort, order)));
            }
            case Prediction.TypeBits _ ->
                new Finding(prediction.question(), "", OptionalDouble.empty(), "", truth.equals(answer));
        };
    }

    /** Equal values may stand in either order. */
    private boolean isOrdered(Prediction.Sort sort, Answer.Order order) {
        double[] values = order.indexes().stream()
                .mapToDouble(i -> need(sort.items().get(i).quantity()))
                .toArray();
        return IntStream.range(1, values.length)
                .allMatch(i -> sort.least() ? values[i - 1] <= values[i] : values[i - 1] >= values[i]);
    }

    /** Whether a goal is reached. */
    public Finding judge(Goal goal) {
        Expression left = goal.condition().left();
        OptionalDouble value = value(left);
        return new Finding(
                goal.text(),
                left.left().figure().id(),
                value,
                left.unit(),
                value.isPresent() && holds(goal.condition()));
    }

    static Finding judge(Why why, Reason chosen) {
        return new Finding(why.question(), "", OptionalDouble.empty(), "", chosen.right());
    }

    /** The truth as text for a person. */
    public String say(Prediction prediction, Answer truth) {
        return switch (prediction) {
            case Prediction.Choose choose ->
                choose.options().get(((Answer.Chosen) truth).index()).text();
            case Prediction.Estimate estimate -> said(((Answer.Figure) truth).value(), estimate.unit());
            case Prediction.Sort sort ->
                String.join(
                        " → ",
                        ((Answer.Order) truth)
                                .indexes().stream()
                                        .map(i -> sort.items().get(i).text() + " ("
                                                + number(
                                                        need(sort.items().get(i).quantity())) + ")")
                                        .toList());
            case Prediction.TypeBits _ -> ((Answer.Bits) truth).bits();
        };
    }

    /**
     * A text with its figures: {@code {{mse}}} becomes the number. A figure that does not exist becomes a dash.
     */
    public String fill(String text) {
        Matcher found = LessonReader.PLACEHOLDER.matcher(text);
        StringBuilder filled = new StringBuilder();
        while (found.find()) {
            OptionalDouble value = value(Expression.parse(found.group(1)));
            found.appendReplacement(
                    filled, Matcher.quoteReplacement(value.isPresent() ? number(value.getAsDouble()) : "–"));
        }
        return found.appendTail(filled).toString();
    }

    /** The text of a reveal with its figures, and the lines of files below it. */
    public String fill(Lesson.Reveal reveal) {
        StringBuilder text = new StringBuilder(fill(reveal.text()));
        reveal.files()
                .forEach(file -> text.append("\n\n```\n").append(lines(file)).append("```\n"));
        return text.toString();
    }

    /** The selected tensor as SVG; empty if there is none. */
    String picture() {
        return sources.during(cancel, () -> sources.of(scene).picture());
    }

    /** What the settings do to the selected tensor. */
    List<String> sentences() {
        return sources.during(cancel, () -> sources.of(scene).sentences());
    }

    /** @throws BadInputException if the format is unknown, or the file has no such line */
    private String lines(Lesson.Excerpt file) {
        List<String> all;
        try {
            all = sources.during(cancel, () -> sources.of(scene).lines(file.format()));
        } catch (IllegalArgumentException e) {
            throw new BadInputException("", "files", String.valueOf(e.getMessage()));
        }
        int first = 0;
        while (first < all.size() && !all.get(first).contains(file.find())) {
            first++;
        }
        if (first == all.size()) {
            throw new BadInputException(
                    "", "files", "no line of the " + file.format() + " file holds \"" + file.find() + "\"");
        }
        StringBuilder text = new StringBuilder();
        for (String line : all.subList(first, Math.min(all.size(), first + file.lines()))) {
            text.append(line.length() <= LONGEST ? line : line.substring(0, LONGEST - 1) + "…")
                    .append('\n');
        }
        return text.toString();
    }

    /** The figures that a text names and that do not exist for this scene. */
    List<String> missing(String text) {
        Matcher found = LessonReader.PLACEHOLDER.matcher(text);
        List<String> missing = new ArrayList<>();
        while (found.find()) {
            if (value(Expression.parse(found.group(1))).isEmpty()) {
                missing.add(found.group(1));
            }
        }
        return missing;
    }

    /** A number with its unit as one says it: {@code 1 value}, {@code equal}, {@code 1.02 times as much}, {@code code 8}, {@code 71.6 %}. */
    public static String said(double x, String unit) {
        String number = number(x);
        if (unit.isEmpty()) {
            return number;
        }
        if (unit.equals(Expression.TIMES)) {
            return number.equals("1") ? "equal" : number + " times as much";
        }
        if (unit.startsWith(ONE)) {
            return unit.substring(ONE.length()) + " " + number;
        }
        return number + " "
                + (number.equals("1") || number.equals("-1")
                        ? MANY.matcher(unit).replaceFirst("$1")
                        : unit);
    }

    /** Three or four significant digits, whole numbers whole. */
    public static String number(double x) {
        if (x == Math.rint(x) && Math.abs(x) < 1e9) {
            return String.format(Locale.ROOT, "%,d", (long) x);
        }
        double size = Math.abs(x);
        if (size >= 1e6 || size < 1e-4) {
            return String.format(Locale.ROOT, "%.2e", x);
        }
        int decimals = Math.clamp(3 - (long) Math.floor(Math.log10(size)), 0, 7);
        String text = String.format(Locale.ROOT, "%,." + Math.min(decimals, size >= 1 ? 2 : decimals) + "f", x);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }
}
