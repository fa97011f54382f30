package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.Colour;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.tensor.Shape;

/**
 * A preprocessing in the form in which the user types it: every field is text, and a blank one takes the default.
 *
 * @param sample how a stored sample is laid out, and how the model gets it
 * @param size the size that pictures get
 */
public record PreprocessingForm(Sample sample, Size size, Values values, Labels labels) {
    /**
     * @param shape shape of one stored sample, such as {@code 1×28×28}; blank for the shape in the file
     * @param stored layout of the stored dimensions; empty if it is unknown
     * @param layout layout that the model gets; empty for the stored one
     */
    public record Sample(String shape, Optional<Layout> stored, Optional<Layout> layout, Optional<Colour> colour) {}

    /**
     * @param resize false if pictures keep their size; then the rest does not count
     * @param width width of the picture in pixels
     */
    public record Size(
            boolean resize,
            String width,
            String height,
            Resize.Method method,
            boolean antialias,
            Resize.Aspect aspect,
            String shorter) {
        static Size of(Optional<Resize> r) {
            return new Size(
                    r.isPresent(),
                    Integer.toString(r.map(Resize::width).orElse(DEFAULT_SIDE)),
                    Integer.toString(r.map(Resize::height).orElse(DEFAULT_SIDE)),
                    r.map(Resize::method).orElse(Resize.Method.BILINEAR),
                    r.map(Resize::antialias).orElse(true),
                    r.map(Resize::aspect).orElse(Resize.Aspect.STRETCH),
                    r.map(Resize::shorter)
                            .filter(s -> s > 0)
                            .map(s -> Integer.toString(s))
                            .orElse(""));
        }

        private Optional<Resize> parse(Map<String, String> problems) {
            if (!resize) {
                return Optional.empty();
            }
            int w = whole("width", width, problems);
            int h = whole("height", height, problems);
            boolean cut = aspect == Resize.Aspect.CROP && !shorter.isBlank();
            int side = cut ? whole("shorter", shorter, problems) : 0;
            if (problems.isEmpty() && cut && side < Math.max(w, h)) {
                problems.put("shorter", "is at least " + Math.max(w, h));
            }
            return problems.isEmpty()
                    ? Optional.of(new Resize(w, h, method, aspect, antialias, side))
                    : Optional.empty();
        }
    }

    /**
     * @param scale one number, or a fraction
     * @param mean one number, or several with commas between them
     * @param std as {@code mean}
     * @param corruption an id and a severity, such as {@code noise:2.5}; blank for none
     */
    public record Values(String scale, String mean, String std, String corruption) {
        private Optional<Corrupted> corrupted(Map<String, String> problems) {
            if (corruption.isBlank()) {
                return Optional.empty();
            }
            try {
                return Optional.of(Corrupted.parse(corruption.strip()));
            } catch (IllegalArgumentException e) {
                problems.put("corruption", String.valueOf(e.getMessage()).replaceFirst("corruption: ", "is wrong: "));
                return Optional.empty();
            }
        }
    }

    /**
     * @param classes the model's names of its classes, one on each line; blank if the model numbers them as the data does
     * @param column label column of a table: {@code first}, {@code last}, {@code none} or the name of a column; blank to
     *     find it
     * @param first number of the first class; blank for 0
     * @param ignored the label that stands for "not scored"; blank if every label is scored
     */
    public record Labels(String classes, String column, String first, String ignored) {
        private List<String> names() {
            return classes.lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
        }

        private LabelNumbers numbers(Map<String, String> problems) {
            int lowest = 0;
            Optional<Integer> unscored = Optional.empty();
            try {
                lowest = first.isBlank() ? 0 : Integer.parseInt(first.strip());
            } catch (NumberFormatException e) {
                lowest = -1;
            }
            if (lowest < 0) {
                problems.put("first", "is a whole number from 0");
            }
            try {
                unscored = ignored.isBlank() ? unscored : Optional.of(Integer.parseInt(ignored.strip()));
            } catch (NumberFormatException e) {
                problems.put("ignore", "is a whole number");
            }
            return new LabelNumbers(Math.max(0, lowest), unscored);
        }
    }

    private static final int MAX_DIMENSIONS = 8;
    private static final int DEFAULT_SIDE = 224;

    /** The result of reading a form: a preprocessing, or what is wrong in which field. */
    public record Parsed(Optional<Preprocessing> preprocessing, Map<String, String> problems) {}

    public static PreprocessingForm of(Preprocessing p) {
        return new PreprocessingForm(
                new Sample(p.shape().map(Shape::toString).orElse(""), p.layout(), p.outputLayout(), p.colour()),
                Size.of(p.resize()),
                new Values(
                        number(p.scale()),
                        p.mean().stream().map(PreprocessingForm::number).collect(Collectors.joining(", ")),
                        p.std().stream().map(PreprocessingForm::number).collect(Collectors.joining(", ")),
                        p.corruption().map(Corrupted::text).orElse("")),
                new Labels(
                        String.join("\n", p.modelClasses()),
                        p.labelColumn().orElse(""),
                        p.labelNumbers().first() == 0
                                ? ""
                                : Integer.toString(p.labelNumbers().first()),
                        p.labelNumbers().ignored().map(i -> Integer.toString(i)).orElse("")));
    }

    PreprocessingForm withSample(Sample other) {
        return new PreprocessingForm(other, size, values, labels);
    }

    PreprocessingForm withSize(Size other) {
        return new PreprocessingForm(sample, other, values, labels);
    }

    PreprocessingForm withValues(Values others) {
        return new PreprocessingForm(sample, size, others, labels);
    }

    PreprocessingForm withLabels(Labels others) {
        return new PreprocessingForm(sample, size, values, others);
    }

    /** The shortest text that gives the same number when it is parsed; 1/255 is written as this fraction. */
    private static String number(double v) {
        if (v == 1 / 255.0) {
            return "1/255";
        }
        return v == Math.rint(v) && Math.abs(v) < 1e9 ? Long.toString((long) v) : Double.toString(v);
    }

    public Parsed parse() {
        Map<String, String> problems = new TreeMap<>();
        Optional<Shape> shape = sample.shape.isBlank() ? Optional.empty() : dimensions(sample.shape.strip(), problems);
        List<Double> scale = numbers("scale", values.scale, problems);
        List<Double> mean = numbers("mean", values.mean, problems);
        List<Double> std = numbers("std", values.std, problems);
        if (scale.size() > 1) {
            problems.putIfAbsent("scale", "is one number");
        }
        if (std.contains(0.0) || std.contains(-0.0)) {
            problems.putIfAbsent("std", "is 0: values cannot be divided by it");
        }
        Optional<Resize> resize = size.parse(problems);
        LabelNumbers numbers = labels.numbers(problems);
        Optional<Corrupted> corruption = values.corrupted(problems);
        return problems.isEmpty()
                ? new Parsed(
                        Optional.of(new Preprocessing(
                                shape,
                                sample.stored,
                                sample.layout,
                                resize,
                                sample.colour,
                                scale.getFirst(),
                                mean,
                                std,
                                labels.names(),
                                Optional.of(labels.column.strip()).filter(c -> !c.isEmpty()),
                                numbers,
                                corruption)),
                        problems)
                : new Parsed(Optional.empty(), problems);
    }

    private static Optional<Shape> dimensions(String shape, Map<String, String> problems) {
        List<Long> dims = new ArrayList<>();
        for (String part : shape.split("\\s*[×x,*\\s]\\s*", -1)) {
            try {
                dims.add((long) Integer.parseInt(part));
            } catch (NumberFormatException e) {
                dims.add(0L);
            }
        }
        if (dims.size() > MAX_DIMENSIONS || dims.stream().anyMatch(d -> d < 1)) {
            problems.put("shape", "'" + shape + "' is no shape such as 1×28×28");
            return Optional.empty();
        }
        return Optional.of(Shape.of(dims.stream().mapToLong(d -> d).toArray()));
    }

    private static int whole(String field, String text, Map<String, String> problems) {
        try {
            int value = Integer.parseInt(text.strip());
            if (value >= 1 && value <= Resize.MAX_SIDE) {
                return value;
            }
        } catch (NumberFormatException e) {
            // The problem is reported below.
        }
        problems.put(field, "is a whole number from 1 to " + Resize.MAX_SIDE);
        return 1;
    }

    /** Parses numbers with commas between them; each may be a fraction such as 1/255. */
    private static List<Double> numbers(String field, String text, Map<String, String> problems) {
        List<Double> out = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String[] ends = part.strip().split("/", -1);
            double value = Double.NaN;
            try {
                value = ends.length == 1
                        ? Double.parseDouble(ends[0])
                        : ends.length == 2 ? Double.parseDouble(ends[0]) / Double.parseDouble(ends[1]) : value;
            } catch (NumberFormatException e) {
                // The problem is reported below.
            }
            if (!Double.isFinite(value)) {
                problems.put(field, "'" + part.strip() + "' is no number");
                return List.of(1.0);
            }
            out.add(value);
        }
        return out;
    }
}
