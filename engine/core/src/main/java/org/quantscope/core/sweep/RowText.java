package org.quantscope.core.sweep;

import java.util.Map;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rows as text: one JSON object on one line, with doubles as {@link Double#toString} writes them. */
final class RowText {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
            .build();

    private RowText() {}

    static String of(Map<String, Object> fields) {
        return MAPPER.writeValueAsString(fields);
    }

    /** @throws tools.jackson.core.JacksonException if the line is not JSON */
    static JsonNode tree(byte[] line) {
        return MAPPER.readTree(line);
    }
}
