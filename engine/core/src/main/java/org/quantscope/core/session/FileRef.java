package org.quantscope.core.session;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.quantscope.core.job.CancelToken;

/**
 * A file that a session rests on.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 */
public record FileRef(Path path, String sha256) {
    private static final int CHUNK = 1 << 17;

    /**
     * The file as it is now; its whole content is read.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static FileRef of(Path file, CancelToken cancel) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] chunk = new byte[CHUNK];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                cancel.check();
                digest.update(chunk, 0, n);
            }
        }
        return new FileRef(file.toAbsolutePath().normalize(), HexFormat.of().formatHex(digest.digest()));
    }
}
