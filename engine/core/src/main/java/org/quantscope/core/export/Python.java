package org.quantscope.core.export;

import java.util.Collection;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.io.Invisible;

/** Literals of Python, for the exporters that write scripts. */
final class Python {
    private Python() {}

    /**
     * A string literal in double quotes that stays on one line. What cannot be seen, or changes the order in which text is
     * shown, is escaped, so that the literal is what it looks like.
     */
    static String text(String s) {
        StringBuilder out = new StringBuilder("\"");
        s.codePoints().forEach(c -> {
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (Invisible.is(c)) {
                        out.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08x" : "\\u%04x", c));
                    } else {
                        out.appendCodePoint(c);
                    }
                }
            }
        });
        return out.append('"').toString();
    }

    /** Text for a comment, without line breaks, which would end it, and without what cannot be seen. */
    static String comment(String s) {
        return s.codePoints()
                .map(c -> Invisible.is(c) ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    static String bool(boolean b) {
        return b ? "True" : "False";
    }

    static String floats(float[] values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> Float.toString(values[i]))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    static String ints(int[] values) {
        return IntStream.of(values).mapToObj(Integer::toString).collect(Collectors.joining(", ", "[", "]"));
    }

    static <T> String list(Collection<T> values, Function<T, String> literal) {
        return values.stream().map(literal).collect(Collectors.joining(", ", "[", "]"));
    }
}
