package org.quantscope.app;

/** Starts the desktop program. Not an {@code Application}, so that it runs from the class path. */
public final class Launcher {
    private Launcher() {}

    public static void main(String[] args) {
        throw new UnsupportedOperationException();
    }
}
