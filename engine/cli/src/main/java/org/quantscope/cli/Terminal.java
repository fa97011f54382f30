package org.quantscope.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.Progress;

/**
 * The streams that a command writes to.
 *
 * @param out for results
 * @param err for errors, warnings and progress
 * @param outIsTerminal true if a person reads {@code out}, so that colours may be used
 * @param errIsTerminal true if a person reads {@code err}, so that progress may be shown
 */
record Terminal(PrintWriter out, PrintWriter err, boolean outIsTerminal, boolean errIsTerminal) {
    private static final long REDRAW_NANOS = 100_000_000;

    Terminal {
        out = new ShownText(out);
        err = new ShownText(err);
    }

    /** Where the help of commands goes, which has colours of its own and names nothing foreign. */
    PrintWriter help() {
        return out instanceof ShownText shown ? shown.raw() : out;
    }

    /** The text in bold, if colours may be used. */
    String strong(String text) {
        return outIsTerminal ? ShownText.BOLD + text + ShownText.PLAIN : text;
    }

    /** Prints what a person should know and need not worry about. */
    void note(String text) {
        err.println("quantscope: note: " + text);
        err.flush();
    }

    /** Prints a warning. */
    void warn(String text) {
        err.println("quantscope: warning: " + Invisible.escaped(text));
        err.flush();
    }

    /**
     * Shows the progress of one task in a line that is redrawn at most ten times a second; shows nothing if {@code err}
     * is no terminal.
     */
    Bar progress(String task) {
        return new Bar(task);
    }

    /** A line of progress. Closing it erases it. */
    final class Bar implements Progress, AutoCloseable {
        private final String task;
        private long last;
        private boolean drawn;

        private Bar(String task) {
            this.task = task;
        }

        @Override
        public synchronized void report(long done, long total, String what) {
            long now = System.nanoTime();
            if (!errIsTerminal || (drawn && now - last < REDRAW_NANOS)) {
                return;
            }
            last = now;
            drawn = true;
            String share = total > 0 ? String.format(Locale.ROOT, " %3d %%", 100 * done / total) : "";
            String line = task + share + "  " + Invisible.escaped(what);
            err.print(ShownText.CLEAR_LINE + (line.length() > 79 ? line.substring(0, 78) + "…" : line));
            err.flush();
        }

        @Override
        public synchronized void close() {
            if (drawn) {
                err.print(ShownText.CLEAR_LINE);
                err.flush();
                drawn = false;
            }
        }
    }
}
