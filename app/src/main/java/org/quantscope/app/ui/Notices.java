package org.quantscope.app.ui;

/** Shows messages to the user. */
public interface Notices {
    /** Reports that a requested action failed; {@code message} is one line that says why. */
    void problem(String message);

    /** Takes a reported problem away, because the next thing that was asked for has succeeded. */
    default void clearProblem() {}

    /** Reports that a requested action has succeeded. */
    void done(String message);

    /**
     * Reports a change that the user may want to undo at once.
     *
     * @param action text of the button
     * @param run what the button does
     */
    default void done(String message, String action, Runnable run) {
        done(message);
    }
}
