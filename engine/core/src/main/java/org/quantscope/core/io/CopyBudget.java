package org.quantscope.core.io;

import java.nio.file.Path;

/**
 * Limits the memory for those arrays of one file that cannot be used in place: compressed ones, and those in Fortran
 * order.
 */
public final class CopyBudget {
    /** The limit in bytes. Anything larger belongs in an uncompressed file in C order, which is mapped. */
    public static final long LIMIT = Math.min(1L << 30, Runtime.getRuntime().maxMemory() / 4);

    private final Path file;
    private long taken;

    public CopyBudget(Path file) {
        this.file = file;
    }

    /** @throws BadInputException naming {@code field}, if it is more than is left */
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
