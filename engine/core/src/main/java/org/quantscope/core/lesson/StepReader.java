package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Attempt;
import org.quantscope.core.lesson.Lesson.Card;
import org.quantscope.core.lesson.Lesson.DataFile;
import org.quantscope.core.lesson.Lesson.Excerpt;
import org.quantscope.core.lesson.Lesson.Goal;
import org.quantscope.core.lesson.Lesson.Item;
import org.quantscope.core.lesson.Lesson.Option;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Reason;
import org.quantscope.core.lesson.Lesson.Reveal;
import org.quantscope.core.lesson.Lesson.Stage;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.lesson.Lesson.Tolerance;
import org.quantscope.core.lesson.Lesson.Why;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.SyntheticTensor;

/** Reads the blocks of one step. */
final class StepReader {
    static final List<String> BLOCKS =
            List.of("stage", "predict", "goal", "reveal", "why", "hint", "solution", "wrong");

    private static final List<String> ACTS =
            List.of("select", "weights", "activations", "this", "metric", "correct", "budget");
    /** What the program does by itself; corrections and searches are done by hand, in the menu. */
    private static final List<String> SHOWN_ACTS = List.of("select", "weights", "activations", "this", "metric");

    private static final List<String> ANSWERS = List.of("answer", "why");

    /** More would not be read. */
    private static final int MOST_LINES = 40;

    private static final Condition ALWAYS = Condition.parse("values >= 0");

    private @Nullable Stage stage;
    private @Nullable Prediction prediction;
    private @Nullable Reveal reveal;
    private @Nullable Why why;
    private final List<Goal> goals = new ArrayList<>();
    private final List<String> hints = new ArrayList<>();
    private @Nullable Yaml solution;
    private final List<Yaml> wrongs = new ArrayList<>();
    private final Set<String> once = new TreeSet<>();

    void read(String block, Yaml yaml) {
        boolean many = block.equals("goal") || block.equals("hint") || block.equals("wrong");
        if (!many && !once.add(block)) {
            yaml.problem("a step has one " + block + ", this is the second");
            return;
        }
        switch (block) {
            case "stage" -> stage = stage(yaml);
            case "predict" -> prediction = prediction(yaml);
            case "goal" -> goal(yaml).ifPresent(goals::add);
            case "reveal" -> {
                Yaml.Members m = shown(yaml, "text", "files");
                List<Excerpt> files = m.get("files").map(Yaml::list).orElse(List.of()).stream()
                        .map(StepReader::excerpt)
                        .toList();
                reveal = new Reveal(acts(m), m.text("text"), files);
            }
            case "why" -> why = why(yaml);
            case "hint" -> yaml.list().forEach(hint -> hints.add(hint.text()));
            case "solution" -> solution = yaml;
            case "wrong" -> wrongs.add(yaml);
            default -> throw new IllegalStateException("block: " + block);
        }
    }

    /** Answers are read last, because they depend on what is asked. */
    Step step(String id, String title, String text, int line) {
        Optional<Attempt> solved = Optional.ofNullable(solution).map(y -> attempt(y, true));
        List<Attempt> failing = wrongs.stream().map(y -> attempt(y, false)).toList();
        return new Step(
                id,
                title,
                text,
                Optional.ofNullable(stage),
                Optional.ofNullable(prediction),
                goals,
                Optional.ofNullable(reveal),
                Optional.ofNullable(why),
                hints,
                solved,
                failing,
                line);
    }

    /** The members of a block whose acts the program does. */
    private static Yaml.Members shown(Yaml yaml, String... more) {
        Yaml.Members m = yaml.members(with(ACTS, more));
        ACTS.stream()
                .filter(act -> !SHOWN_ACTS.contains(act))
                .forEach(act ->
                        m.get(act).ifPresent(y -> y.problem(act + ": only a solution and a wrong block may have it")));
        return m;
    }

    private static List<String> with(List<String> some, String... more) {
        return Stream.concat(some.stream(), Stream.of(more)).toList();
    }

    private Stage stage(Yaml yaml) {
        Yaml.Members m = shown(yaml, "model", "synthetic", "data", "calibration-data", "cover", "fade");
        if (m.has("model") == m.has("synthetic")) {
            yaml.problem("a stage has either a model or a synthetic tensor");
        }
        return new Stage(
                m.get("model").map(Yaml::text),
                m.get("synthetic").flatMap(this::synthetic),
                m.get("data").map(this::data),
                m.get("calibration-data").map(this::data),
                acts(m),
                cards(m, "cover"),
                cards(m, "fade"),
                yaml.line());
    }

    private DataFile data(Yaml yaml) {
        if (!yaml.isObject()) {
            return new DataFile(yaml.text(), OptionalInt.empty(), 1, 0, Optional.empty());
        }
        Yaml.Members m = yaml.members(List.of("file", "limit", "light", "broken", "corrupt"));
        double light = m.get("light").map(Yaml::number).orElse(1.0);
        if (light == 0) {
            m.get("light").orElseThrow().problem("light: a number other than 0 is needed, got 0");
        }
        return new DataFile(
                m.text("file"),
                m.get("limit")
                        .map(y -> OptionalInt.of(y.integer(1, Integer.MAX_VALUE)))
                        .orElse(OptionalInt.empty()),
                light,
                m.get("broken").map(y -> y.integer(0, Integer.MAX_VALUE)).orElse(0),
                m.get("corrupt").flatMap(y -> Optional.ofNullable(y.make(() -> Corrupted.parse(y.text())))));
    }

    private static Excerpt excerpt(Yaml yaml) {
        Yaml.Members m = yaml.members(List.of("format", "find", "lines"));
        String format = m.text("format");
        List<String> known = Exporters.all().stream().map(Exporter::id).toList();
        if (!format.isEmpty() && !known.contains(format)) {
            m.get("format").orElseThrow().problem(Yaml.unknown(format, known));
        }
        return new Excerpt(
                format,
                m.get("find").map(Yaml::text).orElse(""),
                m.get("lines").map(y -> y.integer(1, MOST_LINES)).orElse(1));
    }

    private Optional<SyntheticTensor> synthetic(Yaml yaml) {
        Yaml.Members m = yaml.members();
        Optional<Yaml> kind = m.need("distribution");
        Optional<Distribution> distribution = kind.map(Yaml::text).flatMap(Distribution::byId);
        if (kind.isPresent() && distribution.isEmpty()) {
            kind.get().problem("\"" + kind.get().text() + "\" is no distribution; known: " + Distribution.ids());
        }
        int seed = m.get("seed").map(y -> y.integer(0, Integer.MAX_VALUE)).orElse(0);
        int size =
                m.need("size").map(y -> y.integer(1, SyntheticTensor.MAX_SIZE)).orElse(1);
        Map<String, Double> parameters = new HashMap<>();
        m.all().forEach((name, value) -> {
            if (!List.of("distribution", "seed", "size").contains(name)) {
                parameters.put(name, value.number());
            }
        });
        return distribution.flatMap(
                d -> Optional.ofNullable(yaml.make(() -> new SyntheticTensor(d, parameters, seed, size))));
    }

    private static Set<Card> cards(Yaml.Members m, String name) {
        EnumSet<Card> cards = EnumSet.noneOf(Card.class);
        m.get(name)
                .ifPresent(list -> list.list()
                        .forEach(y -> Card.byId(y.text())
                                .ifPresentOrElse(cards::add, () -> y.problem(Yaml.unknown(y.text(), Card.ids())))));
        return cards;
    }

    /** In the order in which they are written. */
    private List<Act> acts(Yaml.Members m) {
        List<Act> acts = new ArrayList<>();
        m.all().forEach((name, yaml) -> {
            switch (name) {
                case "select" -> acts.add(new Act.Select(yaml.text()));
                case "weights" -> acts.add(new Act.ChangeWeights(change(yaml)));
                case "activations" -> acts.add(new Act.ChangeActivations(change(yaml)));
                case "this" -> acts.add(new Act.ChangeSelected(change(yaml)));
                case "correct" ->
                    Optional.ofNullable(yaml.make(() -> Acts.correction(yaml.text())))
                            .ifPresent(acts::add);
                case "metric" ->
                    Optional.ofNullable(yaml.make(() -> Acts.task(yaml.text())))
                            .ifPresent(task -> acts.add(new Act.Score(task)));
                case "budget" ->
                    Optional.ofNullable(yaml.make(() -> Quantity.averageBits(yaml.text())))
                            .ifPresent(bits -> acts.add(new Act.GiveBits(bits)));
                default -> {
                    // Not an act: read elsewhere, or a problem already.
                }
            }
        });
        return acts;
    }

    private SpecChange change(Yaml yaml) {
        Map<String, String> settings = new LinkedHashMap<>();
        yaml.members().all().forEach((name, value) -> {
            String text = value.isList()
                    ? String.join(",", value.list().stream().map(Yaml::text).toList())
                    : value.text();
            // Each by itself, so that every setting that is wrong is named with its line.
            if (value.make(() -> new SpecChange(Map.of(name, text))) != null) {
                settings.put(name, text);
            }
        });
        return Objects.requireNonNullElse(yaml.make(() -> new SpecChange(settings)), SpecChange.NONE);
    }

    private Optional<Quantity> quantity(Yaml yaml) {
        String text = yaml.text();
        return Optional.ofNullable(yaml.make(() -> Quantity.parse(text)));
    }

    private Optional<Expression> expression(Yaml yaml) {
        String text = yaml.text();
        return Optional.ofNullable(yaml.make(() -> Expression.parse(text)));
    }

    private Optional<Condition> condition(Yaml yaml) {
        String text = yaml.text();
        return Optional.ofNullable(yaml.make(() -> Condition.parse(text)));
    }

    private Optional<Goal> goal(Yaml yaml) {
        Yaml.Members m = yaml.members(List.of("text", "that"));
        String text = m.text("text");
        return m.need("that").flatMap(this::condition).map(that -> new Goal(text, that));
    }

    private @Nullable Prediction prediction(Yaml yaml) {
        Yaml.Members m = yaml.members(
                List.of("ask", "choices", "number", "handle", "tolerance", "order", "by", "first", "bits"));
        String question = m.text("ask");
        List<String> kinds = Stream.of("choices", "number", "handle", "order", "bits")
                .filter(m::has)
                .toList();
        if (kinds.size() != 1) {
            yaml.problem("one of choices, number, handle, order and bits says how to answer, got "
                    + (kinds.isEmpty() ? "none" : String.join(" and ", kinds)));
            return null;
        }
        Yaml kind = m.get(kinds.getFirst()).orElseThrow();
        return switch (kinds.getFirst()) {
            case "choices" -> choices(question, kind);
            case "order" -> order(question, m, kind);
            case "bits" -> new Prediction.TypeBits(question, kind.number());
            default -> {
                boolean handle = kinds.getFirst().equals("handle");
                Tolerance tolerance = m.need("tolerance").map(this::tolerance).orElse(new Tolerance(0, true));
                yield expression(kind)
                        .map(of -> new Prediction.Estimate(question, of, tolerance, handle))
                        .orElse(null);
            }
        };
    }

    private Prediction choices(String question, Yaml yaml) {
        List<Option> options = new ArrayList<>();
        yaml.list().forEach(choice -> {
            Yaml.Members m = choice.members(List.of("text", "when"));
            String text = m.text("text");
            // A condition that is not understood is said; another stands in, so that the choices keep their numbers.
            options.add(new Option(text, m.need("when").flatMap(this::condition).orElse(ALWAYS)));
        });
        if (yaml.list().size() < 2) {
            yaml.problem("at least two choices are needed");
        }
        return new Prediction.Choose(question, options);
    }

    private @Nullable Prediction order(String question, Yaml.Members m, Yaml yaml) {
        Optional<Yaml> by = m.need("by");
        Optional<Figure> figure = by.flatMap(y -> quantity(y).map(Quantity::figure));
        String first = m.get("first").map(Yaml::text).orElse("least");
        if (!first.equals("least") && !first.equals("most")) {
            m.get("first").orElseThrow().problem("first is least or most, got \"" + first + "\"");
        }
        List<Item> items = new ArrayList<>();
        yaml.list().forEach(item -> {
            Yaml.Members of = item.members(List.of("text", "with"));
            String text = of.text("text");
            of.need("with")
                    .ifPresent(with -> figure.ifPresent(f -> {
                        String settings = with.text();
                        Quantity quantity = with.make(() -> Quantity.parse(f.id() + " with " + settings));
                        if (quantity != null) {
                            items.add(new Item(text, quantity));
                        }
                    }));
        });
        if (yaml.list().size() < 2) {
            yaml.problem("at least two things are put in order");
        }
        return figure.map(f -> new Prediction.Sort(question, f, items, first.equals("least")))
                .orElse(null);
    }

    private Tolerance tolerance(Yaml yaml) {
        String text = yaml.text();
        boolean relative = text.endsWith("%");
        try {
            double amount = Double.parseDouble(
                    relative ? text.substring(0, text.length() - 1).strip() : text);
            if (amount >= 0 && Double.isFinite(amount)) {
                return new Tolerance(relative ? amount / 100 : amount, relative);
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        yaml.problem("a tolerance is a number or a percentage, got \"" + text + "\"");
        return new Tolerance(0, false);
    }

    private Why why(Yaml yaml) {
        Yaml.Members m = yaml.members(List.of("ask", "choices"));
        List<Reason> reasons = new ArrayList<>();
        m.need("choices")
                .ifPresent(list -> list.list().forEach(choice -> {
                    Yaml.Members of = choice.members(List.of("text", "right", "because"));
                    reasons.add(new Reason(
                            of.text("text"), of.get("right").map(Yaml::bool).orElse(false), of.text("because")));
                }));
        if (reasons.stream().filter(Reason::right).count() != 1) {
            yaml.problem("exactly one choice of a why is right");
        }
        return new Why(m.text("ask"), reasons);
    }

    private Attempt attempt(Yaml yaml, boolean complete) {
        Yaml.Members m = yaml.members(with(ACTS, ANSWERS.toArray(String[]::new)));
        Optional<Yaml> given = m.get("answer");
        if (given.isPresent() && prediction == null && !once.contains("predict")) {
            given.get().problem("the step asks for no prediction");
        }
        Optional<Answer> answer =
                given.flatMap(y -> Optional.ofNullable(prediction).flatMap(p -> answer(p, y)));
        if (complete && prediction != null && given.isEmpty()) {
            yaml.problem("the solution answers no prediction");
        }
        Optional<Yaml> reason = m.get("why");
        OptionalInt chosen = OptionalInt.empty();
        if (reason.isPresent()) {
            if (why == null) {
                reason.get().problem("the step asks no why");
            } else {
                chosen = OptionalInt.of(reason.get().integer(1, why.reasons().size()) - 1);
            }
        } else if (complete && why != null) {
            yaml.problem("the solution answers no why");
        }
        return new Attempt(acts(m), answer, chosen, yaml.line());
    }

    private Optional<Answer> answer(Prediction asked, Yaml yaml) {
        return switch (asked) {
            case Prediction.Choose choose ->
                Optional.of(new Answer.Chosen(
                        yaml.integer(1, Math.max(1, choose.options().size())) - 1));
            case Prediction.Estimate _ -> Optional.of(new Answer.Figure(yaml.number()));
            case Prediction.Sort sort -> {
                List<Integer> order = yaml.list().stream()
                        .map(y -> y.integer(1, Math.max(1, sort.items().size())) - 1)
                        .toList();
                if (order.size() != sort.items().size() || Set.copyOf(order).size() != order.size()) {
                    yaml.problem("each of the " + sort.items().size() + " things has its place once");
                }
                yield Optional.of(new Answer.Order(order));
            }
            case Prediction.TypeBits _ -> {
                String bits = yaml.text();
                if (!bits.matches("[01]+")) {
                    yaml.problem("bits are 0 and 1, in quotes, got \"" + bits + "\"");
                }
                yield Optional.of(new Answer.Bits(bits));
            }
        };
    }
}
