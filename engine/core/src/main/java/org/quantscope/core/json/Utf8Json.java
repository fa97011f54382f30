package org.quantscope.core.json;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * A plain token parser for JSON headers inside other formats: strict UTF-8, no duplicate keys, at most 64 levels deep.
 * For whole JSON files use {@link StrictJson}.
 */
public final class Utf8Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxNameLength(10_000)
                    .maxStringLength(1_000_000)
                    .maxNumberLength(64)
                    .build())
            .build();

    private Utf8Json() {}

    /**
     * A parser over {@code utf8}; it throws {@link tools.jackson.core.JacksonException} if the text is not JSON of this
     * kind.
     */
    public static JsonParser parser(byte[] utf8) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        return FACTORY.createParser(
                ObjectReadContext.empty(), new InputStreamReader(new ByteArrayInputStream(utf8), decoder));
    }
}
