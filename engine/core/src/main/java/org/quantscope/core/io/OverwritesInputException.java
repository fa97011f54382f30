package org.quantscope.core.io;

import java.io.Serial;
import java.nio.file.Path;

/** A file that is to be written is one that is read: nothing is computed, and nothing is written. */
public final class OverwritesInputException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * @param output the file to write
     * @param input the file that it is
     */
    public OverwritesInputException(Path output, Path input) {
        super(output + ": would overwrite " + (output.equals(input) ? "what is read" : input + ", which is read")
                + "; choose another name");
    }
}
