package org.quantscope.core.gguf;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** A value of the metadata. */
public sealed interface GgufValue {
    /** As a person reads it; of an array its first values. */
    String text();

    /** The value of an unsigned 32-bit integer; empty for any other. */
    default OptionalLong unsigned() {
        return OptionalLong.empty();
    }

    /** The value of an integer of at most 32 bits, or of a longer one within the range of a long; empty for any other. */
    default OptionalLong integer() {
        return OptionalLong.empty();
    }

    /**
     * A number, a truth value or a text.
     *
     * @param type the format's name of its type
     */
    record Single(String type, Object value) implements GgufValue {
        @Override
        public String text() {
            return type.equals("uint64") && value instanceof Long bits ? Long.toUnsignedString(bits) : value.toString();
        }

        @Override
        public OptionalLong unsigned() {
            return type.equals("uint32") && value instanceof Long number
                    ? OptionalLong.of(number)
                    : OptionalLong.empty();
        }

        @Override
        public OptionalLong integer() {
            return value instanceof Long number && (number >= 0 || !type.equals("uint64"))
                    ? OptionalLong.of(number)
                    : OptionalLong.empty();
        }
    }

    /**
     * An array. Vocabularies have some hundred thousand entries, so only the first are kept.
     *
     * @param type the format's name of the type of its elements
     * @param count the number of its elements
     * @param first at most {@link GgufReader#KEPT} of them
     */
    record Array(String type, long count, List<GgufValue> first) implements GgufValue {
        public Array {
            first = List.copyOf(first);
        }

        @Override
        public String text() {
            return first.stream().map(GgufValue::text).collect(Collectors.joining(", ", "[", ""))
                    + (count > first.size() ? ", … " + count + " in all]" : "]");
        }
    }
}
