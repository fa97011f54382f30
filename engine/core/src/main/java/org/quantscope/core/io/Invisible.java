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

    /** True if no half of a surrogate pair stands alone: only such a text can be written as UTF-8. */
    public static boolean isWhole(String text) {
        return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
    }

    /** The text on one line: such a character becomes a backslash, {@code u} and its four hex digits, as in JSON and Java. */
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
                        for (char unit : Character.toChars(c)) {
                            shown.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                        }
                    } else {
                        shown.appendCodePoint(c);
                    }
                }
            }
        });
        return shown.toString();
    }
}
