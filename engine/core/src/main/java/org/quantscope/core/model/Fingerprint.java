package org.quantscope.core.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.quantscope.core.job.CancelToken;

/** What identifies a file's content. */
public final class Fingerprint {
    /** Hashing this much takes well under a millisecond: the distance between two looks at the token. */
    private static final int CHUNK = 1 << 18;

    private Fingerprint() {}

    /**
     * SHA-256 of a file (FIPS 180-4), in lower-case hex.
     *
     * @throws java.util.concurrent.CancellationException if {@code cancel} says so on the way
     */
    public static String sha256(Path file, CancelToken cancel) throws IOException {
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
        return HexFormat.of().formatHex(digest.digest());
    }
}
