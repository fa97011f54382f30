package org.quantscope.cli;

/** The exit codes of the process. */
final class ExitCode {
    static final int DONE = 0;

    /** The command ran, and a check that was asked for failed. */
    static final int CHECK_FAILED = 1;

    static final int USAGE = 2;
    static final int BAD_INPUT = 3;

    /** An internal error of the program. */
    static final int FAULT = 4;

    /** Cancelled by Ctrl-C: 128 + SIGINT, as in shells. */
    static final int CANCELLED = 130;

    private ExitCode() {}
}
