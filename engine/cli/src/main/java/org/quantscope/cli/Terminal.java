package org.quantscope.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.quantscope.core.job.Progress;

/**
 * Where a command writes.
 *
 * @param out results
 * @param err complaints, warnings and progress
 * @param outIsTerminal {@code out} is read by a person: colours are welcome
 * @param errIsTerminal {@code err} is read by a person: progress is welcome
 */
record Terminal(PrintWriter out, PrintWriter err, boolean outIsTerminal, boolean errIsTerminal) {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final String CLEAR_LINE = "\r\033[K";

    /** Bold, if colours are welcome. */
    String strong(String text) {
        return outIsTerminal ? "\033[1m" + text + "\033[0m" : text;
    }

    /** A line that is no failure. */
    void warn(String text) {
        err.println("quantscope: warning: " + text);
        err.flush();
    }

    /** Draws the progress of one task over itself, ten times a second; draws nothing unless a person reads it. */
    Bar progress(String task) {
        return new Bar(task);
    }

    /** A line of progress. Close it to wipe it. */
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
            String line = task + share + "  " + what;
            err.print(CLEAR_LINE + (line.length() > 79 ? line.substring(0, 78) + "…" : line));
            err.flush();
        }

        @Override
        public synchronized void close() {
            if (drawn) {
                err.print(CLEAR_LINE);
                err.flush();
                drawn = false;
            }
        }
    }
}
