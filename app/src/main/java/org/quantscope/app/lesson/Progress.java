package org.quantscope.app.lesson;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.lesson.Sheet;
import org.quantscope.core.lesson.Sheet.Said;

/**
 * How far a person has come in a lesson, and what was said on the way. As text: {@code 2 skipped 1 said 2:c0:1:0}, that
 * is the step to go on with, the numbers of skipped steps, and for each answered step its number, the answer, how sure
 * the person was and the reason that was chosen.
 *
 * @param step index, from 0
 * @param skipped numbers of steps, from 1
 * @param said by index of the step, from 0
 */
record Progress(int step, Set<Integer> skipped, Map<Integer, Said> said) {
    private static final String SKIPPED = "skipped";
    private static final String SAID = "said";
    private static final String NONE = "-";

    String text() {
        List<String> words = new ArrayList<>(List.of(Integer.toString(step)));
        if (!skipped.isEmpty()) {
            words.add(SKIPPED);
            skipped.forEach(i -> words.add(Integer.toString(i)));
        }
        List<String> answers = new ArrayList<>();
        said.forEach((i, by) -> {
            if (by.answer().isPresent() || by.why().isPresent()) {
                answers.add(String.join(
                        ":",
                        Integer.toString(i + 1),
                        by.answer().map(Progress::text).orElse(NONE),
                        by.sure().isPresent() ? Integer.toString(by.sure().getAsInt()) : NONE,
                        by.why().isPresent() ? Integer.toString(by.why().getAsInt()) : NONE));
            }
        });
        if (!answers.isEmpty()) {
            words.add(SAID);
            words.addAll(answers);
        }
        return String.join(" ", words);
    }

    private static String text(Answer answer) {
        return switch (answer) {
            case Answer.Chosen(int index) -> "c" + index;
            case Answer.Figure(double value) -> "n" + value;
            case Answer.Order(List<Integer> order) ->
                "o" + order.stream().map(String::valueOf).collect(Collectors.joining(","));
            case Answer.Bits(String bits) -> "b" + bits;
        };
    }

    /** Reads a text; what was written by hand, or for another form of the lesson, counts as nothing. */
    static Progress parse(String text, Lesson lesson) {
        Set<Integer> skipped = new TreeSet<>();
        Map<Integer, Said> said = new TreeMap<>();
        int step = 0;
        String part = "";
        int steps = lesson.steps().size();
        for (String word : text.strip().split(" ", -1)) {
            if (word.equals(SKIPPED) || word.equals(SAID)) {
                part = word;
            } else if (part.equals(SAID)) {
                said(word, lesson, said);
            } else {
                int n = number(word, -1);
                if (part.equals(SKIPPED) && n >= 1 && n <= steps) {
                    skipped.add(n);
                } else if (part.isEmpty() && n >= 0) {
                    step = Math.min(n, steps - 1);
                }
            }
        }
        for (int i : skipped) {
            Said before = said.getOrDefault(i - 1, Said.NOTHING);
            said.put(i - 1, new Said(before.answer(), before.sure(), before.why(), true));
        }
        return new Progress(step, skipped, said);
    }

    private static void said(String word, Lesson lesson, Map<Integer, Said> said) {
        String[] parts = word.split(":", -1);
        int step = parts.length == 4 ? number(parts[0], 0) - 1 : -1;
        if (step < 0 || step >= lesson.steps().size()) {
            return;
        }
        Step of = lesson.steps().get(step);
        int reasons = of.why().map(w -> w.reasons().size()).orElse(0);
        Optional<Answer> answer = of.prediction().flatMap(p -> Optional.ofNullable(answer(parts[1], p)));
        said.put(step, new Said(answer, within(parts[2], Sheet.SURENESS.size()), within(parts[3], reasons), false));
    }

    private static OptionalInt within(String text, int count) {
        int n = number(text, -1);
        return n >= 0 && n < count ? OptionalInt.of(n) : OptionalInt.empty();
    }

    private static @Nullable Answer answer(String text, Prediction asked) {
        String rest = text.isEmpty() ? "" : text.substring(1);
        return switch (asked) {
            case Prediction.Choose choose -> {
                OptionalInt index = within(rest, choose.options().size());
                yield text.startsWith("c") && index.isPresent() ? new Answer.Chosen(index.getAsInt()) : null;
            }
            case Prediction.Estimate _ -> {
                try {
                    yield text.startsWith("n") ? new Answer.Figure(Double.parseDouble(rest)) : null;
                } catch (NumberFormatException e) {
                    yield null;
                }
            }
            case Prediction.Sort sort -> {
                List<Integer> order = Arrays.stream(rest.split(",", -1))
                        .map(n -> number(n, -1))
                        .toList();
                int count = sort.items().size();
                boolean whole = order.size() == count
                        && new TreeSet<>(order).size() == count
                        && order.stream().allMatch(i -> i >= 0 && i < count);
                yield text.startsWith("o") && whole ? new Answer.Order(order) : null;
            }
            case Prediction.TypeBits _ -> text.startsWith("b") && rest.matches("[01]+") ? new Answer.Bits(rest) : null;
        };
    }

    private static int number(String text, int otherwise) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
