package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;

/** Identifies the content of a file or a folder. */
public final class Fingerprint {
    /** The token is checked after this many bytes; hashing them takes well under a millisecond. */
    private static final int CHUNK = 1 << 18;

    private Fingerprint() {}

    /**
     * SHA-256 (FIPS 180-4) in lower-case hex: of a file's content; or of a folder, over each file below it by ascending
     * path: the path in UTF-8 with {@code /}, a zero byte, the length as 8 bytes (big-endian), the content. In a
     * folder, names that begin with a dot and a {@code dataset.json} at its top are left out.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static String sha256(Path file, CancelToken cancel) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        if (Files.isDirectory(file)) {
            addFolder(digest, file, cancel);
        } else {
            addContent(digest, file, cancel);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void addFolder(MessageDigest digest, Path folder, CancelToken cancel) throws IOException {
        SortedMap<String, Path> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile).forEach(file -> {
                cancel.check();
                String name = folder.relativize(file)
                        .toString()
                        .replace(folder.getFileSystem().getSeparator(), "/");
                if (!name.equals("dataset.json") && !name.startsWith(".") && !name.contains("/.")) {
                    files.put(name, file);
                }
            });
        }
        for (var entry : files.entrySet()) {
            digest.update(entry.getKey().getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            digest.update(ByteBuffer.allocate(Long.BYTES)
                    .putLong(Files.size(entry.getValue()))
                    .array());
            addContent(digest, entry.getValue(), cancel);
        }
    }

    private static void addContent(MessageDigest digest, Path file, CancelToken cancel) throws IOException {
        try (InputStream in = InputFile.open(file)) {
            byte[] chunk = new byte[CHUNK];
            for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
                cancel.check();
                digest.update(chunk, 0, n);
            }
        }
    }
}
