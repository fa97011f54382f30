package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.BadInputException;
import org.quantscope.core.json.Utf8Json;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code <name>.dataset.json} says about {@code <name>.npz}. Keys it does not know are left alone; a known key of the wrong type is refused.
 *
 * @param input name of the array of inputs
 * @param labels name of the array of labels
 * @param layout order of the dimensions as they are stored
 * @param scale what raw values are multiplied with
 * @param mean one for all, or one per channel
 * @param std one for all, or one per channel; never 0
 * @param classes names of the classes
 * @param origin where the data comes from
 */
record Sidecar(
        Optional<String> input,
        Optional<String> labels,
        Optional<Layout> layout,
        double scale,
        List<Double> mean,
        List<Double> std,
        List<String> classes,
        Optional<String> origin) {

    /** What holds where there is no sidecar. */
    static final Sidecar NONE =
            new Sidecar(Optional.empty(), Optional.empty(), Optional.empty(), 1, List.of(0.0), List.of(1.0), List.of(), Optional.empty());

    private static final long MAX_BYTES = 16 << 20;
    private static final ObjectMapper MAPPER = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** The order of the stored dimensions. */
    enum Layout {
        NCHW(4, 1),
        NHWC(4, 3),
        NF(2, 1);

        private final int rank;
        private final int channelAxis;

        Layout(int rank, int channelAxis) {
            this.rank = rank;
            this.channelAxis = channelAxis;
        }

        int rank() {
            return rank;
        }

        /** The axis that {@code mean} and {@code std} run along. */
        int channelAxis() {
            return channelAxis;
        }
    }

    /** The sidecar of a data file: beside it, with {@code .dataset.json} for {@code .npz}. */
    static Path pathOf(Path data) {
        String name = String.valueOf(data.getFileName());
        String stem = name.endsWith(".npz") ? name.substring(0, name.length() - 4) : name;
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
            throw new BadInputException(file, "json", "is no UTF-8 JSON object with distinct keys: " + e.getOriginalMessage(), e);
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
        return new Sidecar(
                fields.text("input"), fields.text("labels"), fields.layout(), scale.getFirst(), fields.numbers("mean", 0), std, fields.texts("classes"), fields.text("origin"));
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

        Optional<Layout> layout() {
            return text("layout").map(text -> Stream.of(Layout.values())
                    .filter(l -> l.name().equals(text))
                    .findFirst()
                    .orElseThrow(() -> new BadInputException(
                            file, "layout", "'" + text + "' is none of " + Stream.of(Layout.values()).map(Layout::name).collect(Collectors.joining(", ")))));
        }

        private BadInputException bad(String key, String problem, @Nullable JsonNode value) {
            String text = String.valueOf(value);
            return new BadInputException(file, key, problem + ": " + (text.length() > 60 ? text.substring(0, 60) + "…" : text));
        }
    }
}
