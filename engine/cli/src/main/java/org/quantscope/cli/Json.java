package org.quantscope.cli;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Writer;
import java.util.AbstractList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.quantscope.core.quant.ClipRange;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object for the output. Fields keep the order in which they were put; a figure that does not exist has no
 * field.
 */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
            .build();

    private final Map<String, Object> members = new LinkedHashMap<>();

    /** Puts a number, unless it is NaN or infinite. */
    Json put(String name, double value) {
        if (Double.isFinite(value)) {
            members.put(name, value);
        }
        return this;
    }

    Json put(String name, OptionalDouble value) {
        value.ifPresent(v -> put(name, v));
        return this;
    }

    /** Puts a float32 with as few digits as identify it, unless it is NaN or infinite. */
    Json putFloat(String name, float value) {
        if (Float.isFinite(value)) {
            members.put(name, value);
        }
        return this;
    }

    Json put(String name, long value) {
        members.put(name, value);
        return this;
    }

    Json put(String name, boolean value) {
        members.put(name, value);
        return this;
    }

    Json put(String name, String value) {
        members.put(name, value);
        return this;
    }

    Json put(String name, Json value) {
        members.put(name, value);
        return this;
    }

    /** Puts what the core says, in its order. */
    Json put(Map<String, ?> fields) {
        members.putAll(fields);
        return this;
    }

    /** Puts one range as an object, or several as a list of objects. */
    Json putRanges(String name, List<ClipRange> ranges) {
        return ranges.size() == 1
                ? put(name, range(ranges.getFirst()))
                : putView(name, new AbstractList<Json>() {
                    @Override
                    public Json get(int i) {
                        return range(ranges.get(i));
                    }

                    @Override
                    public int size() {
                        return ranges.size();
                    }
                });
    }

    private static Json range(ClipRange range) {
        return new Json().putFloat("lo", range.lo()).putFloat("hi", range.hi());
    }

    /** Puts a list of finite numbers or objects without a copy: it is read while the JSON is written. */
    Json putView(String name, List<?> values) {
        members.put(name, values);
        return this;
    }

    /** Puts a list of strings, finite numbers or objects. */
    Json put(String name, List<?> values) {
        members.put(name, values.stream().map(Json::finite).toList());
        return this;
    }

    /** The object as one line of JSON. */
    @Override
    public String toString() {
        return text(this);
    }

    /** A list of objects as one line of JSON. */
    static String text(List<Json> values) {
        return text((Object) values);
    }

    /** Writes the object as one line, without ever holding it as one text. */
    void writeTo(Writer out) {
        MAPPER.writer().without(StreamWriteFeature.AUTO_CLOSE_TARGET).writeValue(out, this);
    }

    private static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    @JsonValue
    private Map<String, Object> members() {
        return members;
    }

    private static Object finite(Object value) {
        if (value instanceof Number number && !Double.isFinite(number.doubleValue())) {
            throw new IllegalArgumentException("value: JSON has no " + number);
        }
        return value;
    }
}
