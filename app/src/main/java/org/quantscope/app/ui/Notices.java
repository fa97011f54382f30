package org.quantscope.app.ui;

/** Says things to the person at the window. */
public interface Notices {
    /** Something that was asked for did not happen; one line that says why. */
    void problem(String message);

    /** Something that was asked for has happened. */
    void done(String message);

    /**
     * Something has happened that a person may want to take back at once.
     *
     * @param action what the button is called
     * @param run what it does
     */
    default void done(String message, String action, Runnable run) {
        done(message);
    }
}
