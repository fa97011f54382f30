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
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;

/**
 * A file that a session uses; for data it may be a folder.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 * @param companions the files beside it that are read with it, with the hash of each: of a model by the path that it
 *     gives, of data its sidecar and its file of labels by the path from its folder; empty if there are none, or in a
 *     file of an older version, which did not record them
 * @param preprocessing for data: the preprocessing, if a person has chosen another one than that of the sidecar
 * @param samples for data: how many samples were used, from the first on; empty if unknown. It does not describe the
 *     file: references that differ only in this are equal
 * @param leftOut for data: the samples of the file that are not used, counted from 0; those that are used are counted
 *     without them
 */
public record FileRef(
        Path path,
        String sha256,
        SortedMap<String, String> companions,
        Optional<Preprocessing> preprocessing,
        OptionalInt samples,
        SortedSet<Integer> leftOut) {
    public FileRef {
        companions = Collections.unmodifiableSortedMap(new TreeMap<>(companions));
        leftOut = Collections.unmodifiableSortedSet(new TreeSet<>(leftOut));
    }

    /** A reference to all samples. */
    public FileRef(
            Path path,
            String sha256,
            SortedMap<String, String> companions,
            Optional<Preprocessing> preprocessing,
            OptionalInt samples) {
        this(path, sha256, companions, preprocessing, samples, Collections.emptySortedSet());
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
                && preprocessing.equals(o.preprocessing)
                && leftOut.equals(o.leftOut);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, sha256, companions, preprocessing, leftOut);
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
        return new FileRef(file.toAbsolutePath().normalize(), Fingerprint.sha256(file, cancel));
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
     * known to. An earlier reference that records no companions says nothing about them: see
     * {@link #lacksCompanionsOf}.
     *
     * @param then the earlier one
     */
    public Optional<String> differsFrom(FileRef then) {
        if (!sha256.equals(then.sha256)) {
            return Optional.of(String.valueOf(path.getFileName()));
        }
        if (then.companions.isEmpty()) {
            return Optional.empty();
        }
        Set<String> names = new TreeSet<>(companions.keySet());
        names.addAll(then.companions.keySet());
        return names.stream()
                .filter(name -> !Objects.equals(companions.get(name), then.companions.get(name)))
                .findFirst();
    }

    /** True if {@code now} has companions of which this reference, made by an older version, does not tell. */
    public boolean lacksCompanionsOf(FileRef now) {
        return companions.isEmpty() && !now.companions.isEmpty();
    }

    /** A reference to data as it is now, a file or a folder, with the files beside it that are read with it. */
    public static FileRef ofData(Path data, CancelToken cancel) throws IOException {
        return new FileRef(
                data.toAbsolutePath().normalize(),
                Fingerprint.sha256(data, cancel),
                Datasets.hashes(data, cancel),
                Optional.empty(),
                OptionalInt.empty());
    }

    /** A reference to opened data, with its preprocessing if that differs from its sidecar. */
    public static FileRef of(Dataset data) {
        Optional<Preprocessing> own = data.preprocessing()
                .filter(how ->
                        data.samples().filter(s -> s.stated().equals(how)).isEmpty());
        return new FileRef(
                data.file().toAbsolutePath().normalize(),
                data.sha256(),
                data.companions(),
                own,
                OptionalInt.of(data.size()),
                data.dropped());
    }

    /**
     * Some data without the samples that are left out here.
     *
     * @param data all of it, or without other samples
     * @throws BadInputException if it has no such sample, or no other ones
     */
    public Dataset withoutLeftOut(Dataset data, String field) {
        Dataset whole = SampleSubset.undropped(data);
        if (!leftOut.isEmpty() && leftOut.last() >= whole.size()) {
            throw new BadInputException(
                    path, field + ".left_out", "sample " + leftOut.last() + " is none of its " + whole.size());
        }
        if (leftOut.size() == whole.size()) {
            throw new BadInputException(path, field + ".left_out", "all " + whole.size() + " samples are left out");
        }
        return SampleSubset.dropping(whole, leftOut);
    }

    /**
     * Opens the data, checking that it has not changed since it was chosen, with as many samples as were used.
     *
     * @param field the field to name in errors
     * @throws BadInputException if it is missing, damaged or has another content
     */
    public Dataset openUnchanged(String field, CancelToken cancel) throws IOException {
        Dataset data = Datasets.open(path, preprocessing, cancel);
        Optional<String> changed = of(data).differsFrom(this);
        if (changed.isPresent()) {
            throw new BadInputException(
                    path,
                    field,
                    (data.companions().containsKey(changed.get()) || companions.containsKey(changed.get())
                                    ? "the content of " + changed.get()
                                    : "its content")
                            + " is not what the settings were made with");
        }
        Dataset rest = withoutLeftOut(data, field);
        return samples.isPresent() ? rest.limit(samples.getAsInt()) : rest;
    }

    /** A reference to the same content at another path. */
    public FileRef withPath(Path moved) {
        return new FileRef(moved, sha256, companions, preprocessing, samples, leftOut);
    }

    public FileRef withPreprocessing(Optional<Preprocessing> how) {
        return new FileRef(path, sha256, companions, how, samples, leftOut);
    }

    /**
     * A hash of all that is referred to: the content, the companions, and of data the preprocessing if a person has
     * chosen one and the samples that are left out. 64 lower-case hex digits.
     */
    public String digest() {
        if (preprocessing.isEmpty() && companions.isEmpty() && leftOut.isEmpty()) {
            return sha256;
        }
        try {
            String more = Stream.of(
                            companions.isEmpty() ? Stream.<String>empty() : Stream.of(companions.toString()),
                            preprocessing.stream().map(Preprocessing::toString),
                            leftOut.isEmpty() ? Stream.<String>empty() : Stream.of("without " + leftOut))
                    .flatMap(part -> part)
                    .collect(Collectors.joining("\n"));
            byte[] text = (sha256 + "\n" + more).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
