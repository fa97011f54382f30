package org.quantscope.core.dataset;

import static java.util.Objects.requireNonNullElse;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.tensor.Shape;
import tools.jackson.databind.JsonNode;

/**
 * The preprocessing as it is written in a sidecar and in a session; a missing field is null.
 * {@code docs/data-formats.md} explains the fields.
 *
 * @param resize width and height
 * @param corruption an id and a severity, such as {@code noise:2.5}
 * @param modelClasses a list of names; in a sidecar also the name of a file
 */
public record PreprocessingFields(
        @Nullable List<Integer> shape,
        @Nullable Layout layout,
        @Nullable Layout outputLayout,
        @Nullable List<Integer> resize,
        Resize.@Nullable Method resizeMethod,
        Resize.@Nullable Aspect resizeAspect,
        @Nullable Boolean resizeAntialias,
        @Nullable Integer resizeShorter,
        @Nullable Colour colour,
        @Nullable Double scale,

        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) @Nullable
        List<Double> mean,

        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) @Nullable
        List<Double> std,

        @Nullable JsonNode modelClasses,
        @Nullable String labelColumn,
        @Nullable Integer firstLabel,
        @Nullable Integer ignoreLabel,
        @Nullable String corruption) {
    private static final int MAX_DIMENSIONS = 8;
    private static final int MAX_VALUES = 65_536;

    /** Reads the object at which {@code json} stands, in a session. */
    public static Preprocessing read(StrictJson json) {
        PreprocessingFields fields = json.record(PreprocessingFields.class, false);
        return json.make(() -> fields.preprocessing(fields.modelClassNames()));
    }

    /** @throws IllegalArgumentException with the name of the field, what is wrong and the value */
    List<String> modelClassNames() {
        if (modelClasses == null) {
            return List.of();
        }
        if (!modelClasses.isArray() || !modelClasses.valueStream().allMatch(JsonNode::isString)) {
            String text = modelClasses.toString();
            throw new IllegalArgumentException("model_classes: a list of strings is needed, got "
                    + (text.length() > 60 ? text.substring(0, 60) + "…" : text));
        }
        return modelClasses.valueStream().map(JsonNode::stringValue).toList();
    }

    /**
     * The checked preprocessing.
     *
     * @throws IllegalArgumentException with the name of the field, what is wrong and the value
     */
    Preprocessing preprocessing(List<String> classes) {
        return new Preprocessing(
                Optional.ofNullable(shape).map(PreprocessingFields::shapeOf),
                Optional.ofNullable(layout),
                Optional.ofNullable(outputLayout),
                resizing(),
                Optional.ofNullable(colour),
                requireNonNullElse(scale, 1.0),
                values("mean", mean, 0),
                values("std", std, 1),
                classes,
                Optional.ofNullable(labelColumn),
                new LabelNumbers(requireNonNullElse(firstLabel, 0), Optional.ofNullable(ignoreLabel)),
                Optional.ofNullable(corruption).map(Corrupted::parse));
    }

    private static Shape shapeOf(List<Integer> dims) {
        need(
                !dims.isEmpty()
                        && dims.size() <= MAX_DIMENSIONS
                        && dims.stream().allMatch(d -> d >= 1),
                "shape",
                "from 1 to " + MAX_DIMENSIONS + " dimensions of at least 1 are needed",
                dims);
        return Shape.of(dims.stream().mapToLong(d -> d).toArray());
    }

    private Optional<Resize> resizing() {
        if (resize == null) {
            String without = "resize [width, height] is needed beside it";
            need(resizeMethod == null, "resize_method", without, resizeMethod);
            need(resizeAspect == null, "resize_aspect", without, resizeAspect);
            need(resizeAntialias == null, "resize_antialias", without, resizeAntialias);
            need(resizeShorter == null, "resize_shorter", without, resizeShorter);
            return Optional.empty();
        }
        need(resize.size() == 2, "resize", "[width, height] is needed", resize);
        need(
                resizeShorter == null || resizeShorter >= 1,
                "resize_shorter",
                "a whole number from 1 on is needed",
                resizeShorter);
        return Optional.of(new Resize(
                resize.get(0),
                resize.get(1),
                requireNonNullElse(resizeMethod, Resize.Method.BILINEAR),
                requireNonNullElse(resizeAspect, Resize.Aspect.STRETCH),
                requireNonNullElse(resizeAntialias, true),
                requireNonNullElse(resizeShorter, 0)));
    }

    private static List<Double> values(String name, @Nullable List<Double> values, double otherwise) {
        if (values == null) {
            return List.of(otherwise);
        }
        need(values.size() <= MAX_VALUES, name, "at most " + MAX_VALUES + " values are needed", values.size());
        return values;
    }

    private static void need(boolean right, String name, String wanted, @Nullable Object got) {
        if (!right) {
            throw new IllegalArgumentException(name + ": " + wanted + ", got " + got);
        }
    }
}
