package org.quantscope.core.io;

import java.nio.file.Path;

/** How much memory the arrays of one file may take that cannot be used where they lie: compressed ones, and those in Fortran order. */
public final class CopyBudget {
    /** In bytes. What is larger belongs into an uncompressed file in C order, which is mapped. */
    public static final long LIMIT = Math.min(1L << 30, Runtime.getRuntime().maxMemory() / 4);

    private final Path file;
    private long taken;

    public CopyBudget(Path file) {
        this.file = file;
    }

    /** @throws BadInputException if that is more than is left, naming {@code field} */
    public void take(long bytes, String field) {
        if (bytes > LIMIT - taken) {
            throw new BadInputException(
                    file,
                    field,
                    "needs " + bytes + " bytes unpacked, " + (LIMIT - taken) + " of " + LIMIT
                            + " are left; store it uncompressed and in C order");
        }
        taken += bytes;
    }
}
