package org.quantscope.core.lesson;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;
import org.quantscope.core.lesson.Judge.Finding;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Reason;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.plot.Markup;

/**
 * What came of a lesson, as one page of HTML to hand in: it needs no network, runs no script, and says nothing of the
 * person but the name that was typed in.
 *
 * @param name as it was typed in; may be empty
 * @param date for a person
 */
public record Sheet(Lesson lesson, String name, String date, List<Line> lines) {
    /** How sure a person can be, from guessing to certain. */
    public static final List<String> SURENESS = List.of("a guess", "fairly sure", "certain");

    private static final String STYLE = """
        body{font:16px/1.5 sans-serif;color:#1b2430;background:#fff;max-width:46em;margin:2em auto;padding:0 1em}
        h1{font-size:1.6em;margin-bottom:.2em}h2{font-size:1.2em;border-top:1px solid #c4ccd6;padding-top:.8em;margin-top:1.6em}
        .q{font-weight:bold}.right{color:#0b6b3a}.wrong{color:#a3241c}.small{color:#4a5666;font-size:.9em}
        pre{background:#f1f4f7;padding:.6em;overflow-x:auto;font-size:.85em}svg{display:block;margin:.8em 0;max-width:100%}
        table{border-collapse:collapse}td,th{padding:.2em .8em .2em 0;text-align:left}ul{margin:.3em 0}
        @media print{h2{break-after:avoid}svg{break-inside:avoid}}
        """;

    public Sheet {
        lines = List.copyOf(lines);
    }

    /**
     * What a person said in a step.
     *
     * @param sure index in {@link #SURENESS}; empty if nobody asked
     * @param why index of the reason that was chosen
     * @param skipped true if the step was skipped
     */
    public record Said(Optional<Answer> answer, OptionalInt sure, OptionalInt why, boolean skipped) {
        /** Nothing was said. */
        public static final Said NOTHING = new Said(Optional.empty(), OptionalInt.empty(), OptionalInt.empty(), false);
    }

    /**
     * One step with what is true.
     *
     * @param prediction whether the answer is right, with its figure; empty without a prediction or an answer
     * @param said the answer in words; empty without one
     * @param truth what is true, in words; empty without a prediction
     * @param reveal Markdown with its figures
     * @param goals as they are reached
     * @param own true if goals, sentences and picture are of the settings with which the person left the step, false if of
     *     the solution's
     * @param sentences what the settings do to the selected tensor
     * @param picture SVG of the selected tensor; empty if there is none
     */
    public record Line(
            Step step,
            Said by,
            Optional<Finding> prediction,
            String said,
            String truth,
            String reveal,
            List<Finding> goals,
            boolean own,
            List<String> sentences,
            String picture) {
        public Line {
            goals = List.copyOf(goals);
            sentences = List.copyOf(sentences);
        }
    }

    /** An answer in words. */
    public static String words(Prediction prediction, Answer answer) {
        return switch (answer) {
            case Answer.Chosen(int index) ->
                prediction instanceof Prediction.Choose choose
                                && index < choose.options().size()
                        ? choose.options().get(index).text()
                        : Integer.toString(index + 1);
            case Answer.Figure(double value) -> Judge.number(value);
            case Answer.Order(List<Integer> order) ->
                prediction instanceof Prediction.Sort sort
                        ? String.join(
                                " → ",
                                order.stream()
                                        .map(i -> sort.items().get(i).text())
                                        .toList())
                        : order.toString();
            case Answer.Bits(String bits) -> bits;
        };
    }

    /** The page. */
    public String html() {
        StringBuilder page = new StringBuilder();
        page.append("<h1>").append(Markup.escape(lesson.title())).append("</h1>\n<p class=\"small\">");
        if (!name.isBlank()) {
            page.append("By ").append(Markup.escape(name.strip())).append(" · ");
        }
        page.append(Markup.escape(date))
                .append(" · Quantscope, lesson ")
                .append(Markup.escape(lesson.id()))
                .append("</p>\n");
        summary(page);
        page.append(markdown(lesson.intro()));
        for (int i = 0; i < lines.size(); i++) {
            step(page, i + 1, lines.get(i));
        }
        return Markup.page(lesson.title(), STYLE, page.toString());
    }

    private void summary(StringBuilder page) {
        long asked = lines.stream().filter(l -> l.step.prediction().isPresent()).count();
        if (asked == 0) {
            return;
        }
        List<Line> answered =
                lines.stream().filter(l -> l.prediction.isPresent()).toList();
        page.append(String.format(
                Locale.ROOT,
                "<p>%d of %d predictions answered, %d of them right.</p>%n",
                answered.size(),
                asked,
                right(answered)));
        if (answered.stream().noneMatch(l -> l.by.sure.isPresent())) {
            return;
        }
        page.append("<table><tr><th>How sure</th><th>Answers</th><th>Right</th></tr>\n");
        for (int i = 0; i < SURENESS.size(); i++) {
            int sure = i;
            List<Line> such = answered.stream()
                    .filter(l -> l.by.sure.isPresent() && l.by.sure.getAsInt() == sure)
                    .toList();
            page.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%s</td><td>%d</td><td>%d</td></tr>%n",
                    Markup.escape(SURENESS.get(i)),
                    such.size(),
                    right(such)));
        }
        page.append("</table>\n");
    }

    private static long right(List<Line> some) {
        return some.stream().filter(l -> l.prediction.orElseThrow().passed()).count();
    }

    private static void step(StringBuilder page, int number, Line line) {
        Step step = line.step;
        page.append("<h2>").append(number).append(". ").append(Markup.escape(step.title()));
        page.append(line.by.skipped ? " <span class=\"small\">(skipped)</span></h2>\n" : "</h2>\n");
        page.append(markdown(step.text()));
        step.prediction().ifPresent(asked -> predicted(page, line, asked));
        page.append(markdown(line.reveal));
        step.why().ifPresent(why -> {
            page.append("<p class=\"q\">").append(Markup.escape(why.question())).append("</p>\n");
            line.by.why.ifPresentOrElse(
                    chosen -> {
                        Reason reason = why.reasons().get(chosen);
                        mark(page, reason.right(), reason.text());
                        page.append("<p>")
                                .append(Markup.escape(reason.because()))
                                .append("</p>\n");
                    },
                    () -> page.append("<p class=\"small\">Not answered.</p>\n"));
        });
        for (Finding goal : line.goals) {
            page.append("<p>Goal: ").append(Markup.escape(goal.goal()));
            goal.value()
                    .ifPresent(v -> page.append(" <span class=\"small\">")
                            .append(line.own ? "Reached: " : "The solution reaches ")
                            .append(Markup.escape(Judge.said(v, goal.unit())))
                            .append(".</span>"));
            page.append("</p>\n");
        }
        page.append(line.picture);
        if (!line.picture.isEmpty() && !line.step.goals().isEmpty()) {
            page.append("<p class=\"small\">")
                    .append(line.own ? "The settings with which this step was left." : "The settings of the solution.")
                    .append("</p>\n");
        }
        line.sentences.forEach(
                s -> page.append("<p class=\"small\">").append(Markup.escape(s)).append("</p>\n"));
    }

    private static void predicted(StringBuilder page, Line line, Prediction asked) {
        page.append("<p class=\"q\">").append(Markup.escape(asked.question())).append("</p>\n");
        if (asked instanceof Prediction.Choose choose) {
            page.append("<ul>");
            choose.options()
                    .forEach(o ->
                            page.append("<li>").append(Markup.escape(o.text())).append("</li>"));
            page.append("</ul>\n");
        }
        if (line.prediction.isPresent()) {
            String sure = line.by.sure.isPresent() ? " (" + SURENESS.get(line.by.sure.getAsInt()) + ")" : "";
            mark(page, line.prediction.get().passed(), "Predicted: " + line.said + sure);
        } else {
            page.append("<p class=\"small\">No prediction.</p>\n");
        }
        page.append("<p>Measured: ").append(Markup.escape(line.truth)).append("</p>\n");
    }

    private static void mark(StringBuilder page, boolean right, String text) {
        page.append(right ? "<p class=\"right\">✓ " : "<p class=\"wrong\">✗ ")
                .append(Markup.escape(text))
                .append("</p>\n");
    }

    /** Markdown as HTML; HTML in it is text, and links lead nowhere dangerous. */
    private static String markdown(String text) {
        return HtmlRenderer.builder()
                .escapeHtml(true)
                .sanitizeUrls(true)
                .build()
                .render(Parser.builder().build().parse(text));
    }
}
