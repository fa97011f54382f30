package org.quantscope.core.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;

/**
 * A file that a session uses; for data it may be a folder.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 * @param preprocessing for data: the preprocessing, if a person has chosen another one than that of the sidecar
 * @param samples for data: how many samples were used, from the first on; empty if unknown. It does not describe the
 *     file: references that differ only in this are equal
 */
public record FileRef(Path path, String sha256, Optional<Preprocessing> preprocessing, OptionalInt samples) {
    public FileRef(Path path, String sha256) {
        this(path, sha256, Optional.empty(), OptionalInt.empty());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FileRef o
                && path.equals(o.path)
                && sha256.equals(o.sha256)
                && preprocessing.equals(o.preprocessing);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, sha256, preprocessing);
    }

    /**
     * A reference to a file as it is now; its whole content is read.
     *
     * @throws BadInputException if it is a folder
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static FileRef of(Path file, CancelToken cancel) throws IOException {
        if (Files.isDirectory(file)) {
            throw new BadInputException(file, "file", "is a folder");
        }
        return ofData(file, cancel);
    }

    /** A reference to data as it is now, a file or a folder. */
    public static FileRef ofData(Path data, CancelToken cancel) throws IOException {
        return new FileRef(data.toAbsolutePath().normalize(), Fingerprint.sha256(data, cancel));
    }

    /** A reference to opened data, with its preprocessing if that differs from its sidecar. */
    public static FileRef of(Dataset data) {
        Optional<Preprocessing> own = data.preprocessing()
                .filter(how ->
                        data.samples().filter(s -> s.stated().equals(how)).isEmpty());
        return new FileRef(data.file().toAbsolutePath().normalize(), data.sha256(), own, OptionalInt.of(data.size()));
    }

    /**
     * Opens the data, checking that it has not changed since it was chosen, with as many samples as were used.
     *
     * @param field the field to name in errors
     * @throws BadInputException if it is missing, damaged or has another content
     */
    public Dataset openUnchanged(String field, CancelToken cancel) throws IOException {
        Dataset data = Datasets.open(path, preprocessing, cancel);
        if (!data.sha256().equals(sha256)) {
            throw new BadInputException(path, field, "its content is not what the settings were made with");
        }
        return samples.isPresent() ? data.limit(samples.getAsInt()) : data;
    }

    /** A reference to the same content at another path. */
    public FileRef withPath(Path moved) {
        return new FileRef(moved, sha256, preprocessing, samples);
    }

    public FileRef withPreprocessing(Optional<Preprocessing> how) {
        return new FileRef(path, sha256, how, samples);
    }

    /**
     * A hash of what a model sees of the data: the content, and the preprocessing if a person has chosen one. 64
     * lower-case hex digits.
     */
    public String digest() {
        if (preprocessing.isEmpty()) {
            return sha256;
        }
        try {
            byte[] text = (sha256 + "\n" + preprocessing.get()).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
