package org.quantscope.cli;

/** What the process says when it ends. */
final class ExitCode {
    static final int DONE = 0;

    /** Done, and a check that was asked for failed. */
    static final int CHECK_FAILED = 1;

    static final int USAGE = 2;
    static final int BAD_INPUT = 3;

    /** A fault of ours. */
    static final int FAULT = 4;

    /** Ctrl-C: 128 + SIGINT, as shells count. */
    static final int CANCELLED = 130;

    private ExitCode() {}
}
