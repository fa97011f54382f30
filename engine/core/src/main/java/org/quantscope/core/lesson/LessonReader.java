package org.quantscope.core.lesson;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.Node;
import org.commonmark.node.SourceSpan;
import org.commonmark.node.Text;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.lesson.Lesson.Step;

/**
 * Reads {@code lesson.md}: front matter, then Markdown whose headings of the second level begin steps and whose fenced
 * blocks say what a step opens, asks and wants. All problems of a file are found at once.
 */
public final class LessonReader {
    public static final String FILE = "lesson.md";

    private static final long MOST_BYTES = 1 << 20;
    private static final String FENCE = "---";
    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]*");
    private static final int MOST_MINUTES = 60;
    private static final int LEAST_WRONGS = 2;

    static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^{}]*)}}");

    private static final List<String> HEAD = List.of("id", "title", "minutes", "needs", "able");

    private final Yaml.Problems problems;
    private final String file;
    private final List<String> lines;

    /** A lesson, or what is wrong with it. */
    public record Read(Optional<Lesson> lesson, List<Problem> problems) {}

    private LessonReader(String file, String text) {
        this.file = file;
        this.problems = new Yaml.Problems(file);
        this.lines = Arrays.asList(text.split("\\R", -1));
    }

    /**
     * Reads a lesson.
     *
     * @param folder the folder that holds {@code lesson.md}, or that file
     * @throws IOException if it cannot be read
     */
    public static Read read(Path folder) throws IOException {
        Path file = Files.isDirectory(folder) ? folder.resolve(FILE) : folder;
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file, "file", "does not exist: a lesson is a folder with " + FILE);
        }
        if (Files.size(file) > MOST_BYTES) {
            throw new BadInputException(file, "size", Files.size(file) + " bytes; a lesson has at most " + MOST_BYTES);
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
            return parse(file.toString(), text);
        } catch (CharacterCodingException e) {
            return new Read(Optional.empty(), List.of(new Problem(file.toString(), 1, "is not UTF-8 text")));
        }
    }

    /** Reads the text of a lesson; {@code file} is for messages. */
    public static Read parse(String file, String text) {
        return new LessonReader(file, text.startsWith("\ufeff") ? text.substring(1) : text).parse();
    }

    private Read parse() {
        int end = 0;
        if (lines.getFirst().strip().equals(FENCE)) {
            end = 1;
            while (end < lines.size() && !lines.get(end).strip().equals(FENCE)) {
                end++;
            }
        }
        if (end == 0 || end == lines.size()) {
            problems.add(1, "the front matter is missing: " + String.join(", ", HEAD) + " between two lines of ---");
            end = 0;
        }
        Optional<Yaml> head =
                end == 0 ? Optional.empty() : Yaml.read(String.join("\n", lines.subList(1, end)), 2, problems);
        Optional<Yaml.Members> front = head.map(h -> h.members(HEAD));
        String id = front.map(m -> m.text("id")).orElse("");
        if (front.isPresent() && !id.isEmpty() && !ID.matcher(id).matches()) {
            front.get()
                    .get("id")
                    .ifPresent(y -> y.problem("id: lower-case letters, digits and hyphens, got \"" + id + "\""));
        }
        int minutes = front.flatMap(m -> m.need("minutes"))
                .map(y -> y.integer(1, MOST_MINUTES))
                .orElse(0);
        List<Part> parts = parts(end == 0 ? 0 : end + 1);
        List<Step> steps = new ArrayList<>();
        for (int i = 1; i < parts.size(); i++) {
            steps.add(step(id, i, parts.get(i)));
        }
        if (steps.isEmpty()) {
            problems.add(lines.size(), "there is no step: a heading of the second level (## …) begins one");
        } else if (steps.getFirst().stage().isEmpty()) {
            problems.add(steps.getFirst().line(), "the first step needs a stage: what is opened");
        }
        parts.getFirst().blocks.forEach(b -> problems.add(b.line, "a block stands before the first step"));
        Lesson lesson = new Lesson(
                id,
                front.map(m -> m.text("title")).orElse(""),
                minutes,
                texts(front, "needs"),
                texts(front, "able"),
                parts.getFirst().text(),
                steps,
                file);
        if (front.isPresent() && lesson.able().isEmpty()) {
            front.get().owner().problem("able is missing: what a person can do afterwards");
        }
        List<Problem> found = problems.found();
        return new Read(found.isEmpty() ? Optional.of(lesson) : Optional.empty(), found);
    }

    private static List<String> texts(Optional<Yaml.Members> front, String name) {
        return front.flatMap(m -> m.get(name))
                .map(y -> y.list().stream().map(Yaml::text).toList())
                .orElse(List.of());
    }

    /** A fenced block; {@code line} is that of its fence. */
    private record Block(String name, String text, int line) {}

    /** The text and the blocks behind a heading. */
    private static final class Part {
        private final String title;
        private final int line;
        private final List<String> paragraphs = new ArrayList<>();
        private final List<Block> blocks = new ArrayList<>();

        Part(String title, int line) {
            this.title = title;
            this.line = line;
        }

        String text() {
            return String.join("\n\n", paragraphs);
        }
    }

    private List<Part> parts(int from) {
        List<Part> parts = new ArrayList<>();
        parts.add(new Part("", from + 1));
        Node document = Parser.builder()
                .includeSourceSpans(IncludeSourceSpans.BLOCKS)
                .build()
                .parse(String.join("\n", lines.subList(from, lines.size())));
        for (Node node = document.getFirstChild(); node != null; node = node.getNext()) {
            List<SourceSpan> spans = node.getSourceSpans();
            int first = from + (spans.isEmpty() ? 0 : spans.getFirst().getLineIndex());
            int last = from + (spans.isEmpty() ? 0 : spans.getLast().getLineIndex());
            switch (node) {
                case Heading heading when heading.getLevel() == 2 -> parts.add(new Part(plain(heading), first + 1));
                case FencedCodeBlock block -> {
                    String info = block.getInfo() == null ? "" : block.getInfo().strip();
                    if (info.equals("text")) {
                        parts.getLast().paragraphs.add(String.join("\n", lines.subList(first, last + 1)));
                    } else if (StepReader.BLOCKS.contains(info)) {
                        parts.getLast().blocks.add(new Block(info, block.getLiteral(), first + 1));
                    } else {
                        problems.add(
                                first + 1,
                                "a block " + Yaml.unknown(info, StepReader.BLOCKS)
                                        + "; text is one that is only shown");
                    }
                }
                default -> parts.getLast().paragraphs.add(String.join("\n", lines.subList(first, last + 1)));
            }
        }
        return parts;
    }

    private static String plain(Node node) {
        StringBuilder text = new StringBuilder();
        node.accept(new AbstractVisitor() {
            @Override
            public void visit(Text part) {
                text.append(part.getLiteral());
            }

            @Override
            public void visit(Code part) {
                text.append(part.getLiteral());
            }
        });
        return text.toString();
    }

    private Step step(String lesson, int number, Part part) {
        StepReader reader = new StepReader();
        for (Block block : part.blocks) {
            Yaml.read(block.text, block.line + 1, problems).ifPresent(yaml -> reader.read(block.name, yaml));
        }
        Step step = reader.step(lesson + "/" + number, part.title, part.text(), part.line);
        placeholders(part.text(), part.line, step.prediction().isPresent());
        step.reveal().ifPresent(r -> placeholders(r.text(), part.line, false));
        boolean asks = step.prediction().isPresent()
                || !step.goals().isEmpty()
                || step.why().isPresent();
        if (asks && step.solution().isEmpty()) {
            problems.add(part.line, "the step asks for something and has no solution");
        }
        if (step.prediction().isPresent() && step.wrongs().size() < LEAST_WRONGS) {
            problems.add(
                    part.line,
                    "a step that predicts has at least " + LEAST_WRONGS + " wrong blocks, got "
                            + step.wrongs().size());
        }
        if (step.prediction().isPresent() && step.reveal().isEmpty()) {
            problems.add(part.line, "a step that predicts needs a reveal: what is shown then");
        }
        return step;
    }

    /** Figures in a text are quantities, and none stands where a prediction is still to be made. */
    private void placeholders(String text, int line, boolean beforePrediction) {
        Matcher found = PLACEHOLDER.matcher(text);
        while (found.find()) {
            try {
                String figure = Expression.parse(found.group(1)).left().figure().id();
                if (beforePrediction) {
                    problems.add(line, "{{" + found.group(1) + "}} shows " + figure + " before the prediction");
                }
            } catch (IllegalArgumentException e) {
                problems.add(line, "{{" + found.group(1) + "}}: " + e.getMessage());
            }
        }
    }
}
