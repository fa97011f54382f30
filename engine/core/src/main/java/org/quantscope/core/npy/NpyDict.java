package org.quantscope.core.npy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;

/**
 * The header of an .npy array as text: a Python dict literal with exactly the keys {@code descr}, {@code fortran_order}
 * and {@code shape}. Nothing is evaluated, and anything else is refused.
 */
final class NpyDict {
    private final String text;
    private final Path file;
    private final String field;
    private int at;
    private @Nullable String descr;
    private @Nullable Boolean fortranOrder;
    private long @Nullable [] shape;

    private NpyDict(String text, Path file, String field) {
        this.text = text;
        this.file = file;
        this.field = field;
    }

    /** @throws BadInputException if the text is anything else, naming {@code field} */
    static NpyDict parse(String text, Path file, String field) {
        NpyDict dict = new NpyDict(text, file, field);
        dict.read();
        return dict;
    }

    String descr() {
        return present(descr, "descr");
    }

    boolean fortranOrder() {
        return present(fortranOrder, "fortran_order");
    }

    long[] shape() {
        return present(shape, "shape");
    }

    private <T> T present(@Nullable T value, String key) {
        if (value == null) {
            throw bad("header has no '" + key + "'");
        }
        return value;
    }

    private void read() {
        expect('{');
        while (!accept('}')) {
            String key = string();
            expect(':');
            switch (key) {
                case "descr" -> {
                    once(descr, key);
                    descr = type();
                }
                case "fortran_order" -> {
                    once(fortranOrder, key);
                    fortranOrder = bool();
                }
                case "shape" -> {
                    once(shape, key);
                    shape = tuple();
                }
                default -> throw bad("header has the unknown key '" + key + "'");
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skipSpace();
        if (at < text.length()) {
            throw bad("header goes on after its dict: " + rest());
        }
        descr();
        fortranOrder();
        shape();
    }

    private void once(@Nullable Object before, String key) {
        if (before != null) {
            throw bad("header has '" + key + "' twice");
        }
    }

    private String type() {
        skipSpace();
        if (at < text.length() && (text.charAt(at) == '[' || text.charAt(at) == '(')) {
            return structured();
        }
        return string();
    }

    /** The text of a structured type, which begins with a bracket. */
    private String structured() {
        int from = at;
        int depth = 0;
        char quote = 0;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else if (c == '[' || c == '(') {
                depth++;
            } else if ((c == ']' || c == ')') && --depth == 0) {
                at++;
                return text.substring(from, at);
            }
        }
        throw bad("dtype " + text.substring(from) + " does not end");
    }

    private boolean bool() {
        skipSpace();
        for (String word : List.of("True", "False")) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return word.equals("True");
            }
        }
        throw bad("fortran_order is neither True nor False: " + rest());
    }

    private long[] tuple() {
        expect('(');
        List<Long> dims = new ArrayList<>();
        boolean comma = true;
        while (!accept(')')) {
            if (!comma) {
                throw bad("shape is not a tuple of integers: " + rest());
            }
            dims.add(integer());
            comma = accept(',');
        }
        if (dims.size() == 1 && !comma) {
            throw bad("shape is a number, not a tuple");
        }
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    private long integer() {
        skipSpace();
        int from = at;
        while (at < text.length()
                && (Character.digit(text.charAt(at), 10) >= 0 || (at == from && text.charAt(at) == '-'))) {
            at++;
        }
        String digits = text.substring(from, at);
        // Python 2 wrote long integers with a trailing L.
        if (at < text.length() && text.charAt(at) == 'L') {
            at++;
        }
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    file,
                    field,
                    "shape holds '" + shorten(digits.isEmpty() ? rest() : digits) + "', which is no size",
                    e);
        }
    }

    private String string() {
        skipSpace();
        char quote = at < text.length() ? text.charAt(at) : ' ';
        int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
        if (end < 0 || text.substring(at, end).indexOf('\\') >= 0) {
            throw bad("header wants a plain string at: " + rest());
        }
        String value = text.substring(at + 1, end);
        at = end + 1;
        return value;
    }

    private void expect(char c) {
        if (!accept(c)) {
            throw bad("header wants '" + c + "' at: " + rest());
        }
    }

    private boolean accept(char c) {
        skipSpace();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private String rest() {
        return at < text.length() ? shorten(text.substring(at)) : "its end";
    }

    private static String shorten(String s) {
        return s.length() > 40 ? s.substring(0, 40) + "…" : s;
    }

    private BadInputException bad(String problem) {
        return new BadInputException(file, field, problem);
    }
}
