package org.quantscope.core.session;

import java.io.IOException;
import java.nio.file.Path;

/** Reads and writes a session as JSON: the desktop's save file and the command line's config are the same file. */
public final class SessionFile {
    private SessionFile() {}

    /** @throws org.quantscope.core.BadInputException naming the file, the field and the value */
    public static SessionState read(Path file) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Writes atomically: a temporary beside the target, forced to disk, then moved over it. */
    public static void write(SessionState state, Path file) throws IOException {
        throw new UnsupportedOperationException();
    }
}
