package org.quantscope.core.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;

/**
 * A file that a session uses; for data it may be a folder.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 * @param companions for a model: the files beside it that it reads too, with the hash of each, by the path that the
 *     model gives; empty if there are none, or in a file of an older version, which did not record them
 * @param preprocessing for data: the preprocessing, if a person has chosen another one than that of the sidecar
 * @param samples for data: how many samples were used, from the first on; empty if unknown. It does not describe the
 *     file: references that differ only in this are equal
 */
public record FileRef(
        Path path,
        String sha256,
        SortedMap<String, String> companions,
        Optional<Preprocessing> preprocessing,
        OptionalInt samples) {
    public FileRef {
        companions = Collections.unmodifiableSortedMap(new TreeMap<>(companions));
    }

    public FileRef(Path path, String sha256) {
        this(path, sha256, Optional.empty(), OptionalInt.empty());
    }

    /** A reference to data. */
    public FileRef(Path path, String sha256, Optional<Preprocessing> preprocessing, OptionalInt samples) {
        this(path, sha256, Collections.emptySortedMap(), preprocessing, samples);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FileRef o
                && path.equals(o.path)
                && sha256.equals(o.sha256)
                && companions.equals(o.companions)
                && preprocessing.equals(o.preprocessing);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, sha256, companions, preprocessing);
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

    /**
     * A reference to a model as it is now, with the files beside it that it reads too; the whole content of all is
     * read, those beside it side by side.
     *
     * @throws BadInputException if it is no model, or one of its files is missing
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static FileRef ofModel(Path file, CancelToken cancel) throws IOException {
        SortedMap<String, Path> beside = ModelLoaders.companions(file);
        FileRef plain = of(file, cancel);
        if (beside.isEmpty()) {
            return plain;
        }
        SortedMap<String, String> hashes = new ConcurrentSkipListMap<>();
        try {
            beside.entrySet().parallelStream().forEach(e -> {
                try {
                    hashes.put(e.getKey(), Fingerprint.sha256(e.getValue(), cancel));
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new FileRef(plain.path, plain.sha256, hashes, plain.preprocessing, plain.samples);
    }

    /**
     * The name of a file whose content differs between two references to one model or one data set; empty if none is
     * known to. A reference that records no companions says nothing about them: see {@link #lacksCompanionsOf}.
     */
    public Optional<String> differsFrom(FileRef other) {
        if (!sha256.equals(other.sha256)) {
            return Optional.of(String.valueOf(path.getFileName()));
        }
        return companions.isEmpty() || other.companions.isEmpty()
                ? Optional.empty()
                : companions.entrySet().stream()
                        .filter(e -> !e.getValue().equals(other.companions.get(e.getKey())))
                        .map(Map.Entry::getKey)
                        .findFirst();
    }

    /** True if {@code now} has companions of which this reference, made by an older version, does not tell. */
    public boolean lacksCompanionsOf(FileRef now) {
        return companions.isEmpty() && !now.companions.isEmpty();
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
        return new FileRef(moved, sha256, companions, preprocessing, samples);
    }

    public FileRef withPreprocessing(Optional<Preprocessing> how) {
        return new FileRef(path, sha256, companions, how, samples);
    }

    /**
     * A hash of all that is referred to: the content; of a model also its companions, and of data the preprocessing if
     * a person has chosen one. 64 lower-case hex digits.
     */
    public String digest() {
        if (preprocessing.isEmpty() && companions.isEmpty()) {
            return sha256;
        }
        try {
            String more = companions.isEmpty() ? String.valueOf(preprocessing.orElse(null)) : companions.toString();
            byte[] text = (sha256 + "\n" + more).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
