package org.quantscope.core.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.quantscope.core.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Fingerprint;

/**
 * A file that a session rests on.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 */
public record FileRef(Path path, String sha256) {
    /**
     * The file as it is now; its whole content is read.
     *
     * @throws BadInputException if it is a folder
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static FileRef of(Path file, CancelToken cancel) throws IOException {
        if (Files.isDirectory(file)) {
            throw new BadInputException(file, "file", "is a folder");
        }
        return new FileRef(file.toAbsolutePath().normalize(), Fingerprint.sha256(file, cancel));
    }
}
