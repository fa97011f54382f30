package org.quantscope.core.json;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * Writes JSON in one fixed form, so that equal values give equal bytes: indented by two spaces, line feeds, lists on
 * one line.
 */
public final class PrettyJson {
    private PrettyJson() {}

    /** Writes one value and a line feed; {@code out} stays open. */
    public static void write(OutputStream out, Consumer<JsonGenerator> value) throws IOException {
        try {
            JsonGenerator json = new JsonFactory().createGenerator(new Pretty(), out);
            value.accept(json);
            json.writeRaw('\n');
            json.flush();
        } catch (JacksonIOException e) {
            throw e.getCause();
        }
    }

    /** Writes a file that holds one value. */
    public static void write(Path file, Consumer<JsonGenerator> value) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            write(out, value);
        }
    }

    /** Writes the shortest decimal that reads back as this float32; {@code -0.0} keeps its sign. */
    public static void float32(JsonGenerator json, float value) {
        json.writeNumber(Float.toString(value));
    }

    private static final class Pretty extends ObjectWriteContext.Base {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
            return new DefaultPrettyPrinter().withObjectIndenter(indenter);
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    }
}
