package org.quantscope.core.keras;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.json.StrictJson;

/**
 * A layer, or a model of layers, as the configuration of a Keras model describes it.
 *
 * @param className such as {@code Conv2DTranspose}
 * @param name unique within its model; empty if the configuration gives none
 * @param options numbers, words and switches of its configuration, as text
 * @param layers the layers of a model, in their order; else empty
 * @param inner layers that it wraps, by the key of the configuration: such as "cell"
 */
public record KerasLayer(
        String className,
        String name,
        Map<String, String> options,
        List<KerasLayer> layers,
        Map<String, KerasLayer> inner) {
    /** Configurations with more layers are refused. */
    private static final int MAX_LAYERS = 100_000;

    public KerasLayer {
        options = Map.copyOf(options);
        layers = List.copyOf(layers);
        inner = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(inner));
    }

    /** A layer of which only the class is known. */
    public static KerasLayer ofClass(String className) {
        return new KerasLayer(className, "", Map.of(), List.of(), Map.of());
    }

    /**
     * Reads {@code config.json} or the attribute {@code model_config}.
     *
     * @throws BadInputException if it is no JSON, or describes no layer
     */
    public static KerasLayer read(Path file, String json) throws IOException {
        int[] count = {0};
        return StrictJson.read(file, json.getBytes(StandardCharsets.UTF_8), reader -> layer(file, reader, count));
    }

    private static KerasLayer layer(Path file, StrictJson json, int[] count) {
        if (++count[0] > MAX_LAYERS) {
            throw new BadInputException(file, "config", "has more than " + MAX_LAYERS + " layers");
        }
        Draft draft = new Draft();
        json.object(key -> {
            switch (key) {
                case "class_name" -> draft.className = json.isString() ? json.string() : skipped(json);
                case "name" -> draft.name(json.isString() ? json.string() : skipped(json));
                case "config" -> {
                    if (json.isObject()) {
                        json.object(inner -> draft.option(file, json, inner, count));
                    } else if (json.isArray()) {
                        // A Sequential of Keras 1 is the list of its layers.
                        json.array(() -> draft.layers.add(layer(file, json, count)));
                    } else {
                        json.skip();
                    }
                }
                default -> json.skip();
            }
        });
        return new KerasLayer(draft.className, draft.name, draft.options, draft.layers, draft.inner);
    }

    private static String skipped(StrictJson json) {
        json.skip();
        return "";
    }

    private static final class Draft {
        private String className = "";
        private String name = "";
        private final Map<String, String> options = new LinkedHashMap<>();
        private final List<KerasLayer> layers = new ArrayList<>();
        private final Map<String, KerasLayer> inner = new LinkedHashMap<>();

        void name(String other) {
            name = name.isEmpty() ? other : name;
        }

        void option(Path file, StrictJson json, String key, int[] count) {
            if (key.equals("layers") && json.isArray()) {
                json.array(() -> {
                    if (json.isObject()) {
                        layers.add(layer(file, json, count));
                    } else {
                        json.skip();
                    }
                });
            } else if (key.equals("cells") && json.isArray()) {
                json.array(() -> inner.put("cells/" + inner.size(), layer(file, json, count)));
            } else if (json.isObject() && (key.endsWith("layer") || key.equals("cell"))) {
                inner.put(key, layer(file, json, count));
            } else if (json.isString()) {
                String text = json.string();
                if (key.equals("name")) {
                    name(text);
                }
                options.put(key, text);
            } else if (json.isNumber()) {
                options.put(key, json.number());
            } else if (json.isBool()) {
                options.put(key, String.valueOf(json.bool()));
            } else {
                json.skip();
            }
        }
    }

    /** True unless an option says {@code false}. */
    boolean is(String option) {
        return !"false".equals(options.get(option));
    }

    /** A whole number of its configuration. */
    long number(String option, long without) {
        String text = options.get(option);
        try {
            return text == null ? without : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return without;
        }
    }

    /** The layer of that name in it, at any depth. */
    Optional<KerasLayer> find(String wanted) {
        if (name.equals(wanted) && layers.isEmpty()) {
            return Optional.of(this);
        }
        return Stream.concat(layers.stream(), inner.values().stream())
                .filter(l -> l.name.equals(wanted))
                .findFirst()
                .or(() -> Stream.concat(layers.stream(), inner.values().stream())
                        .flatMap(l -> l.find(wanted).stream())
                        .findFirst());
    }
}
