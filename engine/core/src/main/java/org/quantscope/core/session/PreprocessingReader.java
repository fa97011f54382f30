package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Colour;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.tensor.Shape;

/** Reads the preprocessing of data from a session. The fields are those of a data sidecar. */
final class PreprocessingReader {
    private static final int MAX_SHAPE = 8;
    private static final int MAX_VALUES = 65_536;

    private PreprocessingReader() {}

    static Preprocessing read(StrictJson json) {
        var read = new Object() {
            Optional<Shape> shape = Optional.empty();
            Optional<Layout> layout = Optional.empty();
            Optional<Layout> output = Optional.empty();
            Optional<Colour> colour = Optional.empty();

            @Nullable
            List<Integer> size;

            Resize.Method method = Resize.Method.BILINEAR;
            Resize.Aspect aspect = Resize.Aspect.STRETCH;
            boolean antialias = true;
            int shorter;
            double scale = 1;
            List<Double> mean = List.of(0.0);
            List<Double> std = List.of(1.0);
            List<String> classes = List.of();
            Optional<String> label = Optional.empty();
        };
        json.object(name -> {
            switch (name) {
                case "shape" -> {
                    List<Integer> dims = sizes(json, MAX_SHAPE);
                    read.shape = Optional.of(json.make(
                            () -> Shape.of(dims.stream().mapToLong(d -> d).toArray())));
                }
                case "layout" -> read.layout = Optional.of(oneOf(json, Layout.values(), Layout::name));
                case "output_layout" -> read.output = Optional.of(oneOf(json, Layout.values(), Layout::name));
                case "resize" -> {
                    read.size = sizes(json, 2);
                    if (read.size.size() != 2) {
                        throw json.bad("[width, height] is needed, got " + read.size);
                    }
                }
                case "resize_method" -> read.method = oneOf(json, Resize.Method.values(), Resize.Method::id);
                case "resize_aspect" -> read.aspect = oneOf(json, Resize.Aspect.values(), Resize.Aspect::id);
                case "resize_antialias" -> read.antialias = json.bool();
                case "resize_shorter" -> read.shorter = json.integer(1, Resize.MAX_SIDE);
                case "colour" -> read.colour = Optional.of(oneOf(json, Colour.values(), Colour::id));
                case "scale" -> read.scale = json.float64();
                case "mean" -> read.mean = numbers(json);
                case "std" -> read.std = numbers(json);
                case "model_classes" -> {
                    List<String> names = new ArrayList<>();
                    json.array(() -> names.add(json.string()));
                    read.classes = names;
                }
                case "label_column" -> read.label = Optional.of(json.string());
                default ->
                    throw json.unknown(
                            "shape",
                            "layout",
                            "output_layout",
                            "resize",
                            "resize_method",
                            "resize_aspect",
                            "resize_antialias",
                            "resize_shorter",
                            "colour",
                            "scale",
                            "mean",
                            "std",
                            "model_classes",
                            "label_column");
            }
        });
        return json.make(() -> new Preprocessing(
                read.shape,
                read.layout,
                read.output,
                Optional.ofNullable(read.size)
                        .map(s ->
                                new Resize(s.get(0), s.get(1), read.method, read.aspect, read.antialias, read.shorter)),
                read.colour,
                read.scale,
                read.mean,
                read.std,
                read.classes,
                read.label));
    }

    private static List<Integer> sizes(StrictJson json, int most) {
        List<Integer> out = new ArrayList<>();
        json.array(() -> {
            out.add(json.integer(1, Integer.MAX_VALUE));
            if (out.size() > most) {
                throw json.bad("at most " + most + " values are needed");
            }
        });
        return out;
    }

    private static List<Double> numbers(StrictJson json) {
        List<Double> out = new ArrayList<>();
        json.array(() -> {
            out.add(json.float64());
            if (out.size() > MAX_VALUES) {
                throw json.bad("at most " + MAX_VALUES + " values are needed");
            }
        });
        return out;
    }

    private static <E> E oneOf(StrictJson json, E[] all, Function<E, String> id) {
        String text = json.string();
        return Stream.of(all)
                .filter(e -> id.apply(e).equals(text))
                .findFirst()
                .orElseThrow(() -> json.bad("one of " + Stream.of(all).map(id).collect(Collectors.joining(", "))
                        + " is needed, got \"" + text + '"'));
    }
}
