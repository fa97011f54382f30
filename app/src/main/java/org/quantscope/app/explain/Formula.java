package org.quantscope.app.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A formula of the glossary, read from its plain text: {@code a / b} is a fraction, {@code √(…)} a root, {@code x_i} an
 * index and {@code 2^b} a power. A slash with spaces divides all between two operators; one without divides the two words
 * beside it. Whatever else it is, it stays text, so that every text is a formula.
 */
sealed interface Formula {
    /** Words and signs as they are. */
    record Words(String text) implements Formula {}

    /** Parts side by side. */
    record Row(List<Formula> parts) implements Formula {
        public Row {
            parts = List.copyOf(parts);
        }
    }

    record Fraction(Formula over, Formula under) implements Formula {}

    record Root(Formula of) implements Formula {}

    /** @param up true for a power, false for an index */
    record Script(Formula of, Formula script, boolean up) implements Formula {}

    /** The formula of a text. */
    static Formula of(String text) {
        return new Parser(text).row("");
    }

    /** The formula on one line, as a screen reader says it and as it is compared in tests. */
    default String line() {
        return switch (this) {
            case Words w -> w.text;
            case Row r -> r.parts.stream().map(Formula::line).collect(Collectors.joining(" "));
            case Fraction f -> "[" + f.over.line() + " over " + f.under.line() + "]";
            case Root r -> "root[" + r.of.line() + "]";
            case Script s -> s.of.line() + (s.up ? "^" : "_") + "{" + s.script.line() + "}";
        };
    }

    /** Reads a text from left to right. */
    final class Parser {
        private static final Set<String> OPERATORS =
                Set.of("=", "+", "−", "-", "·", "×", "<", "≤", ">", "≥", "→", "←", "≈", "~", "≠", ",", ";");
        private static final String OPEN = "([{⌈⌊";
        private static final String CLOSE = ")]}⌉⌋";

        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        /** @param end the bracket that closes the row; empty for the end of the text */
        Row row(String end) {
            List<Formula> parts = new ArrayList<>();
            while (at < text.length() && !(end.length() == 1 && text.charAt(at) == end.charAt(0))) {
                char c = text.charAt(at);
                if (c == ' ') {
                    at++;
                } else if (c == '/') {
                    divide(parts, end);
                } else {
                    Formula next = chunk();
                    boolean mark = next instanceof Words w && (w.text.equals(",") || w.text.equals(";"));
                    if (mark && !parts.isEmpty() && parts.getLast() instanceof Words before) {
                        // A comma belongs to the word before it.
                        parts.set(parts.size() - 1, new Words(before.text + ((Words) next).text));
                    } else {
                        parts.add(next);
                    }
                }
            }
            return new Row(parts);
        }

        /** The slash that comes now. */
        private void divide(List<Formula> parts, String end) {
            boolean wide = at > 0 && text.charAt(at - 1) == ' ';
            at++;
            int from = parts.size() - 1;
            while (wide && from > 0 && !isOperator(parts.get(from - 1)) && !isOperator(parts.get(from))) {
                from--;
            }
            if (from < 0 || at >= text.length() || isOperator(parts.get(from))) {
                parts.add(new Words("/"));
                return;
            }
            Formula over = bare(parts.subList(from, parts.size()));
            parts.subList(from, parts.size()).clear();
            List<Formula> under = new ArrayList<>();
            do {
                skip();
                if (at >= text.length()
                        || CLOSE.indexOf(text.charAt(at)) >= 0
                        || text.charAt(at) == '/'
                        || (operatorNext() && !under.isEmpty())) {
                    break;
                }
                under.add(chunk());
            } while (wide && !(end.length() == 1 && at < text.length() && text.charAt(at) == end.charAt(0)));
            parts.add(new Fraction(over, bare(under)));
        }

        private void skip() {
            while (at < text.length() && text.charAt(at) == ' ') {
                at++;
            }
        }

        private boolean operatorNext() {
            return OPERATORS.contains(text.substring(at, at + 1));
        }

        /** A minus before a number or a letter, behind nothing that it could be taken from. */
        private boolean isSign() {
            return "−-".indexOf(text.charAt(at)) >= 0
                    && at + 1 < text.length()
                    && text.charAt(at + 1) != ' '
                    && (at == 0 || text.charAt(at - 1) == ' ' || OPEN.indexOf(text.charAt(at - 1)) >= 0);
        }

        private static boolean isOperator(Formula part) {
            return part instanceof Words w
                    && !w.text.isEmpty()
                    && (OPERATORS.contains(w.text) || ",;".indexOf(w.text.charAt(w.text.length() - 1)) >= 0);
        }

        /** One part without a row around it, and without brackets where a fraction makes them needless. */
        private static Formula bare(List<Formula> parts) {
            if (parts.size() == 1) {
                return parts.getFirst() instanceof Row r
                                && r.parts.size() == 3
                                && r.parts.getFirst().equals(new Words("("))
                                && r.parts.getLast().equals(new Words(")"))
                        ? r.parts.get(1)
                        : parts.getFirst();
            }
            return new Row(List.copyOf(parts));
        }

        /** All up to the next space, slash or operator; brackets hold what is in them together. */
        private Formula chunk() {
            List<Formula> parts = new ArrayList<>();
            StringBuilder words = new StringBuilder();
            if (operatorNext() && !isSign()) {
                return new Words(text.substring(at, ++at));
            }
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == ' ' || c == '/' || CLOSE.indexOf(c) >= 0 || "=·,;".indexOf(c) >= 0) {
                    break;
                }
                if (c == '√' && at + 1 < text.length() && text.charAt(at + 1) == '(') {
                    flush(words, parts);
                    at += 2;
                    Row of = row(")");
                    at++;
                    parts.add(new Root(of.parts.size() == 1 ? of.parts.getFirst() : of));
                } else if ((c == '^' || c == '_') && (!words.isEmpty() || !parts.isEmpty())) {
                    boolean base = !words.isEmpty();
                    String before = words.toString();
                    words.setLength(0);
                    Formula of = base ? new Words(before) : parts.removeLast();
                    at++;
                    parts.add(new Script(of, script(), c == '^'));
                } else if (OPEN.indexOf(c) >= 0) {
                    flush(words, parts);
                    parts.add(bracket());
                } else {
                    words.append(c);
                    at++;
                }
            }
            flush(words, parts);
            if (parts.isEmpty()) {
                // A bracket that nothing has opened.
                return new Words(text.substring(at, ++at));
            }
            return parts.size() == 1 ? parts.getFirst() : new Row(parts);
        }

        private static void flush(StringBuilder words, List<Formula> parts) {
            if (!words.isEmpty()) {
                parts.add(new Words(words.toString()));
                words.setLength(0);
            }
        }

        private Formula bracket() {
            char open = text.charAt(at++);
            char close = CLOSE.charAt(OPEN.indexOf(open));
            Row in = row(String.valueOf(close));
            boolean closed = at < text.length();
            at++;
            Formula inner = in.parts.size() == 1 ? in.parts.getFirst() : in;
            return closed
                    ? new Row(List.of(new Words(String.valueOf(open)), inner, new Words(String.valueOf(close))))
                    : new Row(List.of(new Words(String.valueOf(open)), inner));
        }

        private Formula script() {
            if (at < text.length() && OPEN.indexOf(text.charAt(at)) >= 0) {
                boolean round = text.charAt(at) == '(';
                Formula in = bracket();
                return round && in instanceof Row r && r.parts.size() == 3 ? r.parts.get(1) : in;
            }
            int from = at;
            while (at < text.length()
                    && (Character.isLetterOrDigit(text.charAt(at))
                            || (at == from && "−-".indexOf(text.charAt(at)) >= 0))) {
                at++;
            }
            return new Words(text.substring(from, at));
        }
    }
}
