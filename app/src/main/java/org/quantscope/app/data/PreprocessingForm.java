package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.dataset.Colour;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.tensor.Shape;

/**
 * A preprocessing in the form in which the user types it: every field is text, and a blank one takes the default.
 *
 * @param shape shape of one stored sample, such as {@code 1×28×28}; blank for the shape in the file
 * @param stored layout of the stored dimensions; empty if it is unknown
 * @param layout layout that the model gets; empty for the stored one
 * @param width width of the picture in pixels
 * @param mean one number, or several with commas between them
 * @param classes the model's names of its classes, one on each line; blank if the model numbers them as the data does
 * @param labelColumn label column of a table: {@code first}, {@code last}, {@code none} or the name of a column; blank
 *     to find it
 * @param firstLabel number of the first class; blank for 0
 * @param ignoreLabel the label that stands for "not scored"; blank if every label is scored
 */
public record PreprocessingForm(
        String shape,
        Optional<Layout> stored,
        Optional<Layout> layout,
        Optional<Colour> colour,
        boolean resize,
        String width,
        String height,
        Resize.Method method,
        boolean antialias,
        Resize.Aspect aspect,
        String shorter,
        String scale,
        String mean,
        String std,
        String classes,
        String labelColumn,
        String firstLabel,
        String ignoreLabel) {
    private static final int MAX_DIMENSIONS = 8;
    private static final int DEFAULT_SIDE = 224;

    /** The result of reading a form: a preprocessing, or what is wrong in which field. */
    public record Parsed(Optional<Preprocessing> preprocessing, Map<String, String> problems) {}

    public static PreprocessingForm of(Preprocessing p) {
        return new PreprocessingForm(
                p.shape().map(Shape::toString).orElse(""),
                p.layout(),
                p.outputLayout(),
                p.colour(),
                p.resize().isPresent(),
                Integer.toString(p.resize().map(Resize::width).orElse(DEFAULT_SIDE)),
                Integer.toString(p.resize().map(Resize::height).orElse(DEFAULT_SIDE)),
                p.resize().map(Resize::method).orElse(Resize.Method.BILINEAR),
                p.resize().map(Resize::antialias).orElse(true),
                p.resize().map(Resize::aspect).orElse(Resize.Aspect.STRETCH),
                p.resize()
                        .map(Resize::shorter)
                        .filter(s -> s > 0)
                        .map(s -> Integer.toString(s))
                        .orElse(""),
                number(p.scale()),
                p.mean().stream().map(PreprocessingForm::number).collect(Collectors.joining(", ")),
                p.std().stream().map(PreprocessingForm::number).collect(Collectors.joining(", ")),
                String.join("\n", p.modelClasses()),
                p.labelColumn().orElse(""),
                p.labelNumbers().first() == 0
                        ? ""
                        : Integer.toString(p.labelNumbers().first()),
                p.labelNumbers().ignored().map(i -> Integer.toString(i)).orElse(""));
    }

    /** This form with another scale, mean and std. */
    PreprocessingForm withValues(String nextScale, String nextMean, String nextStd) {
        return new PreprocessingForm(
                shape,
                stored,
                layout,
                colour,
                resize,
                width,
                height,
                method,
                antialias,
                aspect,
                shorter,
                nextScale,
                nextMean,
                nextStd,
                classes,
                labelColumn,
                firstLabel,
                ignoreLabel);
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
        Optional<Shape> of = shape.isBlank() ? Optional.empty() : dimensions(problems);
        List<Double> s = numbers("scale", scale, problems);
        List<Double> m = numbers("mean", mean, problems);
        List<Double> d = numbers("std", std, problems);
        if (s.size() > 1) {
            problems.putIfAbsent("scale", "is one number");
        }
        if (d.contains(0.0) || d.contains(-0.0)) {
            problems.putIfAbsent("std", "is 0: values cannot be divided by it");
        }
        Optional<Resize> size = Optional.empty();
        if (resize) {
            int w = whole("width", width, problems);
            int h = whole("height", height, problems);
            boolean cut = aspect == Resize.Aspect.CROP && !shorter.isBlank();
            int side = cut ? whole("shorter", shorter, problems) : 0;
            if (problems.isEmpty() && cut && side < Math.max(w, h)) {
                problems.put("shorter", "is at least " + Math.max(w, h));
            }
            if (problems.isEmpty()) {
                size = Optional.of(new Resize(w, h, method, aspect, antialias, side));
            }
        }
        LabelNumbers labels = labelNumbers(problems);
        return problems.isEmpty()
                ? new Parsed(
                        Optional.of(new Preprocessing(
                                of,
                                stored,
                                layout,
                                size,
                                colour,
                                s.getFirst(),
                                m,
                                d,
                                names(),
                                Optional.of(labelColumn.strip()).filter(c -> !c.isEmpty()),
                                labels)),
                        problems)
                : new Parsed(Optional.empty(), problems);
    }

    private LabelNumbers labelNumbers(Map<String, String> problems) {
        int first = 0;
        Optional<Integer> ignored = Optional.empty();
        try {
            first = firstLabel.isBlank() ? 0 : Integer.parseInt(firstLabel.strip());
        } catch (NumberFormatException e) {
            first = -1;
        }
        if (first < 0) {
            problems.put("first", "is a whole number from 0");
        }
        try {
            ignored = ignoreLabel.isBlank() ? ignored : Optional.of(Integer.parseInt(ignoreLabel.strip()));
        } catch (NumberFormatException e) {
            problems.put("ignore", "is a whole number");
        }
        return new LabelNumbers(Math.max(0, first), ignored);
    }

    private List<String> names() {
        return classes.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private Optional<Shape> dimensions(Map<String, String> problems) {
        List<Long> dims = new ArrayList<>();
        for (String part : shape.strip().split("\\s*[×x,*\\s]\\s*", -1)) {
            try {
                dims.add((long) Integer.parseInt(part));
            } catch (NumberFormatException e) {
                dims.add(0L);
            }
        }
        if (dims.size() > MAX_DIMENSIONS || dims.stream().anyMatch(d -> d < 1)) {
            problems.put("shape", "'" + shape.strip() + "' is no shape such as 1×28×28");
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
