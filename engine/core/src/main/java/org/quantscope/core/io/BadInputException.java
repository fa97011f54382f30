package org.quantscope.core.io;

import java.io.Serial;
import java.nio.file.Path;
import java.util.Objects;

/**
 * An input that cannot be used as it is: a file that is damaged, contradicts itself or is not supported, or a setting
 * that cannot exist.
 *
 * <p>The message is one line for a person. It names the file (if there is one), the field and the offending value. The
 * command line answers with exit code 3, the desktop with a notification; neither shows a stack trace.
 */
public final class BadInputException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /** The most characters that are kept of the file name, the field and the problem. */
    private static final int MAX_PART = 500;

    private final String field;

    /**
     * @param where what was being read, usually a file name; empty if the value came from no file
     * @param field the field, tensor or option that is wrong
     * @param problem what is wrong with it, with the offending value
     */
    public BadInputException(String where, String field, String problem) {
        super((where.isEmpty() ? "" : oneLine(where) + ": ") + oneLine(field) + ": " + oneLine(problem));
        this.field = Objects.requireNonNull(field);
    }

    public BadInputException(Path file, String field, String problem) {
        this(String.valueOf(file.getFileName()), field, problem);
    }

    public BadInputException(Path file, String field, String problem, Throwable cause) {
        this(file, field, problem);
        initCause(cause);
    }

    /** The field, tensor or option that is wrong. */
    public String field() {
        return field;
    }

    /**
     * Makes one line of a text. Names and values come from files: they may hold line breaks, terminal controls, or a
     * megabyte.
     */
    private static String oneLine(String text) {
        boolean whole = text.length() <= MAX_PART;
        int end = whole ? text.length() : MAX_PART - (Character.isHighSurrogate(text.charAt(MAX_PART - 1)) ? 1 : 0);
        String line = Invisible.escaped(text.substring(0, end).strip());
        return whole ? line : line + "…";
    }
}
