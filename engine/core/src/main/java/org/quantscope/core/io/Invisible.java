package org.quantscope.core.io;

import java.util.Locale;

/**
 * Characters of foreign names that are not what a reader sees: controls (a terminal obeys ESC and the C1 codes), line
 * breaks of any kind, those that change the direction of text or have no width, and halves of a surrogate pair.
 */
public final class Invisible {
    private Invisible() {}

    /** True if the code point is to be shown as an escape. */
    public static boolean is(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED,
                    Character.PRIVATE_USE -> true;
            default -> false;
        };
    }

    /** The text on one line, with {@code \\u001b} for such a character, {@code \\n} and {@code \\t} for the common ones. */
    public static String escaped(String text) {
        if (text.codePoints().noneMatch(Invisible::is)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> shown.append("\\n");
                case '\r' -> shown.append("\\r");
                case '\t' -> shown.append("\\t");
                default -> {
                    if (is(c)) {
                        shown.append(String.format(Locale.ROOT, c > 0xffff ? "\\u{%x}" : "\\u%04x", c));
                    } else {
                        shown.appendCodePoint(c);
                    }
                }
            }
        });
        return shown.toString();
    }
}
