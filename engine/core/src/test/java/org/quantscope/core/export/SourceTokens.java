package org.quantscope.core.export;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tokens of a program text, without its comments and white space. Two texts with equal tokens, but for what is in
 * their string literals, do the same.
 *
 * @param shape the tokens; a string literal is {@code ""}
 * @param literals the characters of the string literals, in their order
 */
record SourceTokens(List<String> shape, List<String> literals) {
    private static final Pattern PYTHON =
            Pattern.compile("(?<space>[ \\t\\f]+|#[^\\r\\n]*|\\r?\\n|\\r)|(?<long>(?s:\"\"\".*?\"\"\"))"
                    + "|(?<text>\"(?:[^\"\\\\\\r\\n]|\\\\.)*\"|'(?:[^'\\\\\\r\\n]|\\\\.)*')"
                    + "|(?<token>[\\w.]+|[-+*/%=<>!(){}\\[\\],:;@])");
    private static final Pattern C = Pattern.compile("(?<space>[ \\t\\r"
            + "\\n"
            + "]+|(?s:/\\*.*?\\*/))|(?<long>(?!))|(?<text>\"(?:[^\"\\\\\\r"
            + "\\n"
            + "]|\\\\.)*\")|(?<token>[#A-Za-z_][A-Za-z0-9_]*|[\\d.][\\w.]*(?:(?<=[eE])-\\d+f?)?|[-={}\\[\\],;<>.])");

    static SourceTokens python(String text) {
        return of(PYTHON, text);
    }

    /** Of C without line comments. */
    static SourceTokens c(String text) {
        return of(C, text);
    }

    private static SourceTokens of(Pattern language, String text) {
        List<String> shape = new ArrayList<>();
        List<String> literals = new ArrayList<>();
        Matcher m = language.matcher(text);
        int at = 0;
        while (at < text.length()) {
            m.region(at, text.length());
            if (!m.lookingAt()) {
                throw new AssertionError("no token of the language at: "
                        + text.substring(at, Math.min(text.length(), at + 80)).replace("\n", "⏎"));
            }
            if (m.group("text") != null) {
                shape.add("\"\"");
                literals.add(
                        unescaped(m.group("text").substring(1, m.group("text").length() - 1)));
            } else if (m.group("token") != null) {
                shape.add(m.group("token"));
            }
            at = m.end();
        }
        return new SourceTokens(shape, literals);
    }

    private static String unescaped(String literal) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\') {
                text.append(c);
                continue;
            }
            char kind = literal.charAt(++i);
            int digits = switch (kind) {
                case 'u' -> 4;
                case 'U' -> 8;
                default -> 0;
            };
            if (digits > 0) {
                text.appendCodePoint(Integer.parseInt(literal.substring(i + 1, i + 1 + digits), 16));
                i += digits;
            } else {
                text.append(
                        switch (kind) {
                            case 'n' -> '\n';
                            case 'r' -> '\r';
                            case 't' -> '\t';
                            default -> kind;
                        });
            }
        }
        return text.toString();
    }
}
