package org.quantscope.core.json;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.InputFile;
import org.quantscope.core.io.Invisible;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamContext;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/**
 * Reads a JSON file value by value without a tree of it in memory. Every error is a {@link BadInputException} with the
 * file, the path of the field such as {@code overrides["conv1.weight"].bits}, and the value.
 *
 * <p>Duplicate names, comments, NaN, text after the value, nesting deeper than {@value #MAX_DEPTH}, numbers longer than
 * {@value #MAX_NUMBER} and strings longer than {@value #MAX_STRING} characters are refused.
 *
 * <p>The methods read the value at which the reader stands. {@link #object} and {@link #array} hand each member to a
 * callback, which must read it.
 */
public final class StrictJson {
    public static final int MAX_DEPTH = 32;
    public static final int MAX_NUMBER = 100;
    public static final int MAX_STRING = 65_536;

    private final Path file;
    private final JsonParser parser;

    private StrictJson(Path file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /**
     * Reads one whole file.
     *
     * @param maxBytes the file is refused if it is longer
     * @param maxTokens the file is refused if it holds more values, names and brackets
     * @param body reads the root value
     * @throws BadInputException if the file is not JSON of this kind
     * @throws IOException if it cannot be read at all
     */
    public static <T> T read(Path file, long maxBytes, long maxTokens, Function<StrictJson, T> body)
            throws IOException {
        InputFile.check(file);
        long size = Files.size(file);
        if (size > maxBytes) {
            throw new BadInputException(file, "size", size + " bytes; at most " + maxBytes + " are read");
        }
        FileCheck.checkText(file, FileKind.Wanted.JSON, "JSON");
        try (InputStream in = InputFile.open(file)) {
            return parse(file, in, maxBytes, maxTokens, body);
        }
    }

    /**
     * Reads JSON text that lies inside a file of another format.
     *
     * @param file for error messages
     * @throws BadInputException if the text is not JSON of this kind
     */
    public static <T> T read(Path file, byte[] utf8, Function<StrictJson, T> body) throws IOException {
        return parse(file, new ByteArrayInputStream(utf8), utf8.length, utf8.length + 1L, body);
    }

    private static <T> T parse(Path file, InputStream in, long maxBytes, long maxTokens, Function<StrictJson, T> body)
            throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxDocumentLength(maxBytes)
                        .maxTokenCount(maxTokens)
                        .maxNumberLength(MAX_NUMBER)
                        .maxStringLength(MAX_STRING)
                        .maxNameLength(MAX_STRING)
                        .build())
                .build();
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text(in))) {
            StrictJson json = new StrictJson(file, parser);
            try {
                if (parser.nextToken() == null) {
                    throw new BadInputException(file, "content", "the file is empty");
                }
                T value = body.apply(json);
                if (parser.nextToken() != null) {
                    throw new BadInputException(file, "content", "there is more behind the end of the value");
                }
                return value;
            } catch (JacksonIOException e) {
                if (e.getCause() instanceof CharacterCodingException) {
                    throw new BadInputException(file, json.path(), "the text is not UTF-8", e);
                }
                throw e.getCause();
            } catch (JacksonException e) {
                var at = e.getLocation();
                String where = at == null || at.getLineNr() < 1
                        ? ""
                        : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
                throw new BadInputException(file, json.path(), e.getOriginalMessage() + where, e);
            }
        }
    }

    /**
     * The text of JSON: UTF-8 (RFC 8259, section 8.1), or UTF-16 where a byte order mark says so, as Windows writes it. The
     * parser is not left to guess: it takes bytes such as {@code 00 2e 00 00} for an encoding that it cannot read.
     */
    private static Reader text(InputStream bytes) throws IOException {
        PushbackInputStream in = new PushbackInputStream(bytes, 3);
        byte[] mark = in.readNBytes(3);
        int first = mark.length > 1 ? (mark[0] & 0xff) << 8 | (mark[1] & 0xff) : 0;
        boolean wide = first == 0xfffe || first == 0xfeff;
        boolean marked = mark.length == 3 && first == 0xefbb && (mark[2] & 0xff) == 0xbf;
        if (!marked) {
            in.unread(mark);
        }
        return new InputStreamReader(
                in,
                (wide ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8)
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    /** Reads an object; {@code member} is called with each name in turn and reads its value. */
    public void object(Consumer<String> member) {
        need(JsonToken.START_OBJECT, "an object");
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = whole(parser.currentName());
            parser.nextToken();
            member.accept(name);
        }
    }

    /** Reads an array; {@code element} is called for each value in turn and reads it. */
    public void array(Runnable element) {
        need(JsonToken.START_ARRAY, "a list");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            element.run();
        }
    }

    public String string() {
        need(JsonToken.VALUE_STRING, "a string");
        return whole(parser.getString());
    }

    /** An escape can give half of a surrogate pair, which no UTF-8 can hold when it is written again. */
    private String whole(String text) {
        if (!Invisible.isWhole(text)) {
            throw bad("holds half of a character (a lone surrogate)");
        }
        return text;
    }

    public boolean bool() {
        if (parser.currentToken() != JsonToken.VALUE_TRUE && parser.currentToken() != JsonToken.VALUE_FALSE) {
            throw bad("true or false is needed, got " + seen());
        }
        return parser.currentToken() == JsonToken.VALUE_TRUE;
    }

    /** A whole number without fraction or exponent in {@code [min, max]}. */
    public int integer(int min, int max) {
        String wanted = "a whole number from " + min + " to " + max;
        need(JsonToken.VALUE_NUMBER_INT, wanted);
        String text = parser.getString();
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return (int) value;
            }
        } catch (NumberFormatException e) {
            // The number does not even fit a long, so it is out of range.
        }
        throw bad(wanted + " is needed, got " + seen());
    }

    /** A number, rounded once to the nearest float32; refused if it is beyond the range of float32. */
    public float float32() {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                && parser.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
            throw bad("a number is needed, got " + seen());
        }
        float value = Float.parseFloat(parser.getString());
        if (!Float.isFinite(value)) {
            throw bad("a finite float32 is needed, got " + seen());
        }
        return value;
    }

    /** A finite number. */
    public double float64() {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
                && parser.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
            throw bad("a number is needed, got " + seen());
        }
        double value = Double.parseDouble(parser.getString());
        if (!Double.isFinite(value)) {
            throw bad("a finite number is needed, got " + seen());
        }
        return value;
    }

    /** A number as it is written, at most {@value #MAX_NUMBER} characters: for who decides what is too large for it. */
    public String number() {
        if (!isNumber()) {
            throw bad("a number is needed, got " + seen());
        }
        return parser.getString();
    }

    /** True if the value is an object. */
    public boolean isObject() {
        return parser.currentToken() == JsonToken.START_OBJECT;
    }

    /** True if the value is a list. */
    public boolean isArray() {
        return parser.currentToken() == JsonToken.START_ARRAY;
    }

    /** True if the value is a string. */
    public boolean isString() {
        return parser.currentToken() == JsonToken.VALUE_STRING;
    }

    /** True if the value is a number. */
    public boolean isNumber() {
        return parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                || parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT;
    }

    /** True if the value is true or false. */
    public boolean isBool() {
        return parser.currentToken() == JsonToken.VALUE_TRUE || parser.currentToken() == JsonToken.VALUE_FALSE;
    }

    /** True if the value is null. */
    public boolean isNull() {
        return parser.currentToken() == JsonToken.VALUE_NULL;
    }

    /** Skips the value, whatever it is. */
    public void skip() {
        parser.skipChildren();
    }

    /**
     * Reads an object into a record: the member {@code label_column} becomes {@code labelColumn}, and a missing member
     * becomes null.
     *
     * @param others true to skip members that the record does not have, false to refuse them
     */
    public <T> T record(Class<T> type, boolean others) {
        need(JsonToken.START_OBJECT, "an object");
        String path = path();
        try {
            return RecordMapper.read(parser, type, others);
        } catch (UnrecognizedPropertyException e) {
            throw new BadInputException(
                    file,
                    member(path, e.getPropertyName()),
                    unknownField(e.getKnownPropertyIds().stream().map(String::valueOf)));
        } catch (MismatchedInputException e) {
            throw bad(RecordMapper.wanted(e.getTargetType()) + " is needed, got " + seen());
        }
    }

    /**
     * Builds a value; an {@link IllegalArgumentException} of the constructor becomes an error about the present field.
     */
    public <T> T make(Supplier<T> constructor) {
        return make(path(), constructor);
    }

    /** Builds a value; an {@link IllegalArgumentException} of the constructor becomes an error about {@code path}. */
    public <T> T make(String path, Supplier<T> constructor) {
        try {
            return constructor.get();
        } catch (IllegalArgumentException e) {
            throw new BadInputException(file, path, String.valueOf(e.getMessage()), e);
        }
    }

    /** An error about the value at which the reader stands. */
    public BadInputException bad(String problem) {
        return new BadInputException(file, path(), problem);
    }

    /** An error about the member at which the reader stands: no field has this name. */
    public BadInputException unknown(String... known) {
        return bad(unknownField(Stream.of(known)));
    }

    private static String unknownField(Stream<String> known) {
        return "unknown field; known here: " + known.collect(Collectors.joining(", "));
    }

    /** {@code value}, or an error that the object at {@code path} lacks the field {@code name}. */
    public <T> T required(String path, String name, @Nullable T value) {
        if (value == null) {
            throw new BadInputException(file, member(path, name), "the field is missing");
        }
        return value;
    }

    private static final String ROOT = "content";

    /** Where the reader stands: {@code weights.clip.lo}, {@code overrides["conv1.weight"]}, or {@code content} at the root. */
    public String path() {
        StringBuilder path = new StringBuilder();
        append(path, parser.streamReadContext());
        return path.isEmpty() ? ROOT : path.toString();
    }

    private static void append(StringBuilder path, TokenStreamContext context) {
        if (context.getParent() != null) {
            append(path, context.getParent());
        }
        if (context.inArray() && context.hasCurrentIndex()) {
            path.append('[').append(context.getCurrentIndex()).append(']');
        } else if (context.inObject() && context.currentName() != null) {
            String name = member(path.toString(), context.currentName());
            path.replace(0, path.length(), name);
        }
    }

    private static String member(String path, String name) {
        boolean root = path.isEmpty() || path.equals(ROOT);
        return (root ? "" : path)
                + (name.matches("[A-Za-z_][A-Za-z0-9_]*") ? (root ? "" : ".") + name : "[\"" + shortened(name) + "\"]");
    }

    private void need(JsonToken token, String wanted) {
        if (parser.currentToken() != token) {
            throw bad(wanted + " is needed, got " + seen());
        }
    }

    private String seen() {
        return switch (parser.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> '"' + shortened(parser.getString()) + '"';
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE, VALUE_NULL ->
                shortened(parser.getString());
            case END_OBJECT, END_ARRAY, PROPERTY_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
                parser.currentToken().name().toLowerCase(Locale.ROOT);
        };
    }

    private static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
