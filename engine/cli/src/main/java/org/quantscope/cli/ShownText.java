package org.quantscope.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.quantscope.core.io.Invisible;

/**
 * Text as a person is to see it: characters that a terminal would obey, or that cannot be seen, are written as escapes,
 * wherever they come from. In JSON the escapes mean the same. Only what this program asks for, by marks that no name can
 * guess, becomes a control sequence.
 */
final class ShownText extends PrintWriter {
    private static final String SECRET =
            "\u0001" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ":";

    static final String BOLD = SECRET + "b";
    static final String PLAIN = SECRET + "p";
    static final String CLEAR_LINE = SECRET + "c";

    private static final Map<String, String> SEQUENCES =
            Map.of(BOLD, "\033[1m", PLAIN, "\033[0m", CLEAR_LINE, "\r\033[K");

    private final PrintWriter raw;

    ShownText(PrintWriter to) {
        super(new Escaping(to));
        raw = to;
    }

    /** What is written here is not looked at: for text of our own that brings its colours. */
    PrintWriter raw() {
        return raw;
    }

    private static final class Escaping extends Writer {
        private final PrintWriter to;

        private Escaping(PrintWriter to) {
            super(to);
            this.to = to;
        }

        @Override
        public void write(char[] text, int from, int length) {
            write(new String(text, from, length));
        }

        @Override
        public void write(String text, int from, int length) {
            write(text.substring(from, from + length));
        }

        @Override
        public void write(String text) {
            if (text.codePoints().noneMatch(c -> c != '\n' && Invisible.is(c))) {
                to.write(text);
                return;
            }
            for (int i = 0; i < text.length(); ) {
                int mark = i + SECRET.length() + 1;
                if (text.startsWith(SECRET, i)
                        && mark <= text.length()
                        && SEQUENCES.containsKey(text.substring(i, mark))) {
                    to.write(SEQUENCES.get(text.substring(i, mark)));
                    i = mark;
                    continue;
                }
                int c = text.codePointAt(i);
                boolean lineEnd = c == '\n' || text.startsWith("\r\n", i);
                if (lineEnd || !Invisible.is(c)) {
                    to.write(text, i, Character.charCount(c));
                } else {
                    for (char unit : Character.toChars(c)) {
                        to.write(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                    }
                }
                i += Character.charCount(c);
            }
        }

        @Override
        public void flush() {
            to.flush();
        }

        @Override
        public void close() {
            to.close();
        }
    }
}
