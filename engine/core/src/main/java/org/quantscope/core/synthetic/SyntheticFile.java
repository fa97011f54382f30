package org.quantscope.core.synthetic;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.json.StrictJson;

/** The recipe of a synthetic tensor in a small JSON file; its schema is {@code docs/schemas/synthetic.schema.json}. */
public final class SyntheticFile {
    public static final String EXTENSION = ".synthetic";

    private static final int MAX_BYTES = 1 << 16;
    private static final int MAX_TOKENS = 200;
    private static final Pattern HEAD = Pattern.compile("\\s*\\{\\s*\"synthetic\"\\s*:.*", Pattern.DOTALL);

    private SyntheticFile() {}

    /** True if the file begins as a recipe does: with the member {@code synthetic}. */
    public static boolean matches(byte[] head) {
        String text = new String(head, StandardCharsets.UTF_8);
        return HEAD.matcher(text.startsWith("\ufeff") ? text.substring(1) : text)
                .matches();
    }

    /** The name of the tensor: that of the file without its extension. */
    public static String tensorName(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(EXTENSION) && name.length() > EXTENSION.length()
                ? name.substring(0, name.length() - EXTENSION.length())
                : name;
    }

    /**
     * Reads a recipe.
     *
     * @throws BadInputException if it is damaged, or holds what cannot be drawn
     */
    public static SyntheticTensor read(Path file) throws IOException {
        return StrictJson.read(file, MAX_BYTES, MAX_TOKENS, SyntheticFile::recipe);
    }

    private static SyntheticTensor recipe(StrictJson json) {
        Fields fields = new Fields();
        json.object(name -> {
            switch (name) {
                case "synthetic" -> fields.distribution = distribution(json);
                case "seed" -> fields.seed = json.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
                case "size" -> fields.size = json.integer(1, SyntheticTensor.MAX_SIZE);
                case "parameters" -> json.object(p -> fields.parameters.put(p, json.float64()));
                default -> throw json.unknown("synthetic", "seed", "size", "parameters");
            }
        });
        Distribution distribution = json.required("content", "synthetic", fields.distribution);
        int size = json.required("content", "size", fields.size);
        return json.make(() -> new SyntheticTensor(distribution, fields.parameters, fields.seed, size));
    }

    private static Distribution distribution(StrictJson json) {
        String id = json.string();
        return Distribution.byId(id)
                .orElseThrow(() -> json.bad("\"" + id + "\" is not known; known: " + Distribution.ids()));
    }

    private static final class Fields {
        private @Nullable Distribution distribution;
        private @Nullable Integer size;
        private int seed;
        private final Map<String, Double> parameters = new TreeMap<>();
    }

    /** Writes a recipe; the values are drawn anew by whoever reads it. */
    public static void write(Path file, SyntheticTensor tensor) throws IOException {
        PrettyJson.write(file, json -> {
            json.writeStartObject();
            json.writeStringProperty("synthetic", tensor.distribution().id());
            json.writeNumberProperty("seed", tensor.seed());
            json.writeNumberProperty("size", tensor.size());
            json.writeObjectPropertyStart("parameters");
            tensor.parameters().forEach(json::writeNumberProperty);
            json.writeEndObject();
            json.writeEndObject();
        });
    }
}
