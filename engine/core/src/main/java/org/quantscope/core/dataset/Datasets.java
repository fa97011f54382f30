package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind.Wanted;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;

/**
 * Opens data, recognizing its kind by the content. Holds the registry of loaders, in the order in which they are asked.
 */
public final class Datasets {
    /** The number of bytes at the start of a file by which loaders recognize it. */
    static final int HEAD_BYTES = 4096;

    private static final List<DatasetLoader> ALL =
            List.of(new PictureFolderLoader(), new NpzDatasetLoader(), new IdxLoader(), new CsvLoader());

    private Datasets() {}

    static List<DatasetLoader> all() {
        return ALL;
    }

    /** The kinds of data that can be opened, for a person: {@code NumPy archive, IDX, …}. */
    public static String kinds() {
        return ALL.stream().map(DatasetLoader::title).collect(Collectors.joining(", "));
    }

    /**
     * Opens data with the preprocessing of its sidecar, or with none if there is no sidecar.
     *
     * @throws BadInputException if the file or the sidecar is damaged or they do not fit together
     * @throws IOException if the file cannot be read at all
     */
    public static Dataset open(Path file) throws IOException {
        return open(file, Optional.empty(), new CancelToken());
    }

    /**
     * Opens data with a given preprocessing.
     *
     * @param how replaces the preprocessing of the sidecar
     * @throws BadInputException if the file or the preprocessing is damaged or they do not fit together
     * @throws IOException if the file cannot be read at all
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Dataset open(Path file, Optional<Preprocessing> how, CancelToken cancel) throws IOException {
        Samples samples = samples(file, how.flatMap(Preprocessing::labelColumn), cancel);
        return how.isPresent() ? prepare(samples, how.get()) : prepare(samples);
    }

    /**
     * Opens data as it is stored. Its preprocessing is not checked against it.
     *
     * @throws BadInputException if the file or the sidecar is damaged or they do not fit together
     * @throws IOException if the file cannot be read at all
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Samples samples(Path file, CancelToken cancel) throws IOException {
        return samples(file, Optional.empty(), cancel);
    }

    /**
     * Opens data as it is stored.
     *
     * @param labelColumn for a table, as in {@link Preprocessing}; replaces that of the sidecar
     * @throws BadInputException as {@link #samples(Path, CancelToken)}, or if the table has no such column
     */
    public static Samples samples(Path file, Optional<String> labelColumn, CancelToken cancel) throws IOException {
        DatasetLoader loader = loaderOf(file);
        Sidecar sidecar = Sidecar.of(file);
        Samples opened =
                loader.open(file, labelColumn.map(sidecar::withLabelColumn).orElse(sidecar), cancel);
        return opened.withCompanions(hashes(file, cancel));
    }

    /**
     * The SHA-256 of each of the {@link #companions}, by the path from the folder of the data, with {@code /}.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SortedMap<String, String> hashes(Path file, CancelToken cancel) throws IOException {
        Path folder = file.toAbsolutePath().normalize().getParent();
        SortedMap<String, String> hashes = new TreeMap<>();
        for (Path companion : companions(file)) {
            Path full = companion.toAbsolutePath().normalize();
            if (folder != null && Files.isRegularFile(full)) {
                hashes.put(
                        folder.relativize(full)
                                .toString()
                                .replace(folder.getFileSystem().getSeparator(), "/"),
                        Fingerprint.sha256(full, cancel));
            }
        }
        return hashes;
    }

    private static DatasetLoader loaderOf(Path file) throws IOException {
        boolean folder = Files.isDirectory(file);
        if (!folder && !Files.isRegularFile(file)) {
            throw new BadInputException(file, "file", Files.exists(file) ? "is not a regular file" : "does not exist");
        }
        byte[] head = new byte[0];
        if (!folder) {
            FileCheck.check(file, Wanted.DATA, kinds());
            try (var in = Files.newInputStream(file)) {
                head = in.readNBytes(HEAD_BYTES);
            }
        }
        for (DatasetLoader loader : ALL) {
            if (loader.matches(file, head)) {
                return loader;
            }
        }
        throw FileCheck.unreadable(file, Wanted.DATA, kinds());
    }

    /**
     * The files beside the data that are read with it: its sidecar, class names, labels.
     *
     * @throws BadInputException if the data or its sidecar is damaged
     * @throws IOException if the file cannot be read at all
     */
    public static List<Path> companions(Path file) throws IOException {
        List<Path> files = new ArrayList<>(Sidecar.files(file));
        files.addAll(loaderOf(file).companions(file, Sidecar.of(file)));
        return files;
    }

    /**
     * Samples with the preprocessing of their sidecar.
     *
     * @throws BadInputException if it does not fit them
     */
    public static Dataset prepare(Samples samples) {
        return new PreparedDataset(samples, samples.stated(), samples.said());
    }

    /**
     * Samples with a given preprocessing.
     *
     * @throws BadInputException if the preprocessing does not fit them
     */
    public static Dataset prepare(Samples samples, Preprocessing how) {
        return new PreparedDataset(samples, how, samples.file());
    }

    /**
     * The same samples, as many, with another corruption or none.
     *
     * @throws BadInputException if the corruption makes no sense for them, or they come from no file
     */
    public static Dataset corrupted(Dataset data, Optional<Corrupted> corruption) {
        Preprocessing how = data.preprocessing().orElseThrow(() -> unknown(data));
        Samples samples = data.samples().orElseThrow(() -> unknown(data));
        Preprocessing next = how.withCorruption(corruption);
        return (next.equals(samples.stated()) ? prepare(samples) : prepare(samples, next)).limit(data.size());
    }

    private static BadInputException unknown(Dataset data) {
        return new BadInputException(
                data.file(), "corruption", "samples that were chosen from others cannot be prepared anew");
    }
}
