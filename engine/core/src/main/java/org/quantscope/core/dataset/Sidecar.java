package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.json.Utf8Json;
import org.quantscope.core.tensor.Shape;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code <name>.dataset.json} says about {@code <name>.npz}, another file or a folder. Keys it does not know are left alone; a known key of the wrong type is refused.
 *
 * @param file the sidecar, or the data if there is none: what to name where something is wrong
 * @param input name of the array of inputs
 * @param labels name of the array of labels, or of the file of labels beside IDX inputs
 * @param labelColumn of a CSV: {@code first}, {@code last}, {@code none}, or its name; what the preprocessing says, or a person in its place
 * @param header of a CSV: its first line holds names
 * @param classes names of the classes
 * @param origin where the data comes from
 */
record Sidecar(
        Path file,
        Optional<String> input,
        Optional<String> labels,
        Optional<String> labelColumn,
        Optional<Boolean> header,
        Preprocessing preprocessing,
        List<String> classes,
        Optional<String> origin) {

    /** The name of a folder's sidecar, inside it. */
    static final String IN_FOLDER = "dataset.json";

    /**
     * What holds where there is no sidecar.
     *
     * @param said what to name where something is wrong
     */
    static Sidecar none(Path said) {
        return new Sidecar(
                said,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Preprocessing.NONE,
                List.of(),
                Optional.empty());
    }

    /** The sidecar of {@code data}, or what holds without one. */
    static Sidecar of(Path data) throws IOException {
        Path file = pathOf(data);
        return Files.exists(file) ? read(file) : none(data);
    }

    /** The same with another column of labels; the preprocessing stays what the sidecar says. */
    Sidecar withLabelColumn(String column) {
        return new Sidecar(file, input, labels, Optional.of(column), header, preprocessing, classes, origin);
    }

    private static final long MAX_BYTES = 16 << 20;
    private static final int MAX_DIMENSIONS = 8;
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** The sidecar of a folder is {@code dataset.json} in it; that of a file lies beside it, with {@code .dataset.json} for {@code .npz}, {@code .csv}, {@code .tsv} or {@code .gz}. */
    static Path pathOf(Path data) {
        if (Files.isDirectory(data)) {
            return data.resolve(IN_FOLDER);
        }
        String name = String.valueOf(data.getFileName());
        String stem = name.replaceFirst("(?<=.)\\.(npz|csv|tsv|gz)$", "");
        return data.resolveSibling(stem + ".dataset.json");
    }

    /** @throws BadInputException naming the sidecar, the key and the value */
    static Sidecar read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new BadInputException(file, "file", "has " + size + " bytes, a sidecar has at most " + MAX_BYTES);
        }
        JsonNode root;
        try (JsonParser in = Utf8Json.parser(Files.readAllBytes(file))) {
            root = MAPPER.readTree(in);
            if (root == null || !root.isObject() || in.nextToken() != null) {
                throw new BadInputException(file, "json", "is not one object");
            }
        } catch (JacksonException e) {
            throw new BadInputException(
                    file, "json", "is no UTF-8 JSON object with distinct keys: " + e.getOriginalMessage(), e);
        }
        Fields fields = new Fields(file, root);
        List<Double> scale = fields.numbers("scale", 1);
        if (scale.size() != 1) {
            throw new BadInputException(file, "scale", "is one number, got " + scale.size());
        }
        List<Double> std = fields.numbers("std", 1);
        if (std.contains(0.0) || std.contains(-0.0)) {
            throw new BadInputException(file, "std", "is 0, values cannot be divided by it");
        }
        Preprocessing preprocessing = new Preprocessing(
                fields.shape(),
                fields.oneOf("layout", Layout.values(), Layout::name),
                fields.oneOf("output_layout", Layout.values(), Layout::name),
                fields.resize(),
                fields.oneOf("colour", Colour.values(), Colour::id),
                scale.getFirst(),
                fields.numbers("mean", 0),
                std,
                fields.modelClasses(),
                fields.text("label_column"));
        return new Sidecar(
                file,
                fields.text("input"),
                fields.text("labels"),
                preprocessing.labelColumn(),
                fields.bool("header"),
                preprocessing,
                fields.texts("classes"),
                fields.text("origin"));
    }

    /** The keys of the sidecar with their types. */
    private record Fields(Path file, JsonNode root) {
        Optional<String> text(String key) {
            JsonNode node = root.get(key);
            if (node == null) {
                return Optional.empty();
            }
            return Optional.of(text(key, node));
        }

        List<String> texts(String key) {
            JsonNode node = root.get(key);
            if (node == null) {
                return List.of();
            }
            if (!node.isArray()) {
                throw bad(key, "is no list of texts", node);
            }
            List<String> out = new ArrayList<>();
            node.forEach(item -> out.add(text(key, item)));
            return Collections.unmodifiableList(out);
        }

        private String text(String key, JsonNode node) {
            if (!node.isString()) {
                throw bad(key, "is no text", node);
            }
            return node.stringValue();
        }

        List<Double> numbers(String key, double otherwise) {
            JsonNode node = root.get(key);
            if (node == null) {
                return List.of(otherwise);
            }
            if (!node.isArray()) {
                return List.of(number(key, node));
            }
            if (node.isEmpty()) {
                throw bad(key, "is empty", node);
            }
            List<Double> out = new ArrayList<>();
            node.forEach(item -> out.add(number(key, item)));
            return Collections.unmodifiableList(out);
        }

        private double number(String key, @Nullable JsonNode node) {
            if (node == null || !node.isNumber() || !Double.isFinite(node.doubleValue())) {
                throw bad(key, "is no finite number", node);
            }
            return node.doubleValue();
        }

        Optional<Boolean> bool(String key) {
            JsonNode node = root.get(key);
            if (node != null && !node.isBoolean()) {
                throw bad(key, "is neither true nor false", node);
            }
            return Optional.ofNullable(node).map(JsonNode::booleanValue);
        }

        /** Whole numbers from 1 on. */
        private List<Integer> sizes(String key, int most) {
            JsonNode node = root.get(key);
            if (node == null || !node.isArray()) {
                throw bad(key, "is no list of whole numbers", node);
            }
            List<Integer> out = new ArrayList<>();
            node.forEach(item -> {
                if (!item.isInt() || item.intValue() < 1 || item.intValue() > most) {
                    throw bad(key, "is no whole number from 1 to " + most, item);
                }
                out.add(item.intValue());
            });
            return out;
        }

        Optional<Shape> shape() {
            if (!root.has("shape")) {
                return Optional.empty();
            }
            List<Integer> dims = sizes("shape", Integer.MAX_VALUE);
            if (dims.isEmpty() || dims.size() > MAX_DIMENSIONS) {
                throw bad("shape", "has from 1 to " + MAX_DIMENSIONS + " dimensions", root.get("shape"));
            }
            try {
                return Optional.of(Shape.of(dims.stream().mapToLong(d -> d).toArray()));
            } catch (IllegalArgumentException e) {
                throw bad("shape", String.valueOf(e.getMessage()), root.get("shape"));
            }
        }

        Optional<Resize> resize() {
            Optional<Resize.Method> method = oneOf("resize_method", Resize.Method.values(), Resize.Method::id);
            Optional<Resize.Aspect> aspect = oneOf("resize_aspect", Resize.Aspect.values(), Resize.Aspect::id);
            Optional<Boolean> antialias = bool("resize_antialias");
            Optional<JsonNode> shorter = Optional.ofNullable(root.get("resize_shorter"));
            if (!root.has("resize")) {
                for (String key : List.of("resize_method", "resize_aspect", "resize_antialias", "resize_shorter")) {
                    if (root.has(key)) {
                        throw new BadInputException(
                                file, key, "says how to resize, and no resize [width, height] is given");
                    }
                }
                return Optional.empty();
            }
            List<Integer> size = sizes("resize", Resize.MAX_SIDE);
            if (size.size() != 2) {
                throw bad("resize", "is no [width, height]", root.get("resize"));
            }
            shorter.filter(n -> !n.isInt() || n.intValue() < 1).ifPresent(n -> {
                throw bad("resize_shorter", "is no whole number from 1 on", n);
            });
            try {
                return Optional.of(new Resize(
                        size.get(0),
                        size.get(1),
                        method.orElse(Resize.Method.BILINEAR),
                        aspect.orElse(Resize.Aspect.STRETCH),
                        antialias.orElse(true),
                        shorter.map(JsonNode::intValue).orElse(0)));
            } catch (IllegalArgumentException e) {
                throw new BadInputException(file, "resize", String.valueOf(e.getMessage()), e);
            }
        }

        /** A list of names, or the name of a file beside this one that holds one name on each line. */
        List<String> modelClasses() throws IOException {
            JsonNode node = root.get("model_classes");
            if (node == null || !node.isString()) {
                return texts("model_classes");
            }
            Path names;
            try {
                names = file.resolveSibling(node.stringValue());
            } catch (InvalidPathException e) {
                throw new BadInputException(file, "model_classes", "is no file name: " + e.getMessage(), e);
            }
            if (!Files.isRegularFile(names) || Files.size(names) > MAX_BYTES) {
                throw bad(
                        "model_classes",
                        Files.isRegularFile(names) ? "is too long a file" : "is no file beside this one",
                        node);
            }
            try {
                return Files.readAllLines(names).stream()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .toList();
            } catch (CharacterCodingException e) {
                throw new BadInputException(names, "text", "is no UTF-8", e);
            }
        }

        <E> Optional<E> oneOf(String key, E[] all, Function<E, String> id) {
            return text(key)
                    .map(text -> Stream.of(all)
                            .filter(e -> id.apply(e).equals(text))
                            .findFirst()
                            .orElseThrow(() -> new BadInputException(
                                    file,
                                    key,
                                    "'" + text + "' is none of "
                                            + Stream.of(all).map(id).collect(Collectors.joining(", ")))));
        }

        private BadInputException bad(String key, String problem, @Nullable JsonNode value) {
            String text = String.valueOf(value);
            return new BadInputException(
                    file, key, problem + ": " + (text.length() > 60 ? text.substring(0, 60) + "…" : text));
        }
    }
}
