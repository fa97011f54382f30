package org.quantscope.core.io;

/** A text from a file, as it can stand in a message: short, on one line, and without anything that does not print. */
public final class Quoted {
    private static final int MOST = 60;

    private Quoted() {}

    /** The text in quotation marks, cut after {@value #MOST} characters; what does not print becomes {@code ?}. */
    public static String of(String text) {
        StringBuilder shown = new StringBuilder("'");
        text.codePoints().limit(MOST).forEach(c -> shown.appendCodePoint(prints(c) ? c : '?'));
        return shown.append(text.codePointCount(0, text.length()) > MOST ? "…'" : "'")
                .toString();
    }

    private static boolean prints(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> c != '\ufffd';
        };
    }
}
