package org.quantscope.core.datacheck;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;

/**
 * A data file that grows, or a folder into which data files are put: each look gives the samples that are new. Files are
 * taken in the order of their names. Used by one thread.
 */
public final class GrowingData {
    private static final List<String> KINDS = List.of(".npz", ".csv", ".tsv");

    private final Path place;
    private final Dataset calibration;
    private final Map<Path, Known> known = new HashMap<>();

    /** @param samples that were taken of the file */
    private record Known(long bytes, long modified, int samples, boolean taken) {
        boolean sameAs(long nowBytes, long nowModified) {
            return bytes == nowBytes && modified == nowModified;
        }
    }

    /**
     * Samples that are new.
     *
     * @param name of their file
     */
    public record Batch(String name, Dataset data) {}

    /**
     * What a look found.
     *
     * @param problems of files that are damaged, cannot be prepared, or have fewer samples than they had; each is passed by
     *     until it changes
     */
    public record Fresh(List<Batch> batches, List<BadInputException> problems) {
        public Fresh {
            batches = List.copyOf(batches);
            problems = List.copyOf(problems);
        }
    }

    /**
     * Watches a place. Its data is prepared as its sidecars say, else like the calibration data.
     *
     * @param place a file, or a folder of .npz, .csv or .tsv files
     * @throws BadInputException if there is neither, or the folder holds other files only
     * @throws IOException if the folder cannot be read
     */
    public GrowingData(Path place, Dataset calibration) throws IOException {
        this.place = place;
        this.calibration = calibration;
        if (!Files.exists(place)) {
            throw new BadInputException(place, "watch", "does not exist");
        }
        if (Files.isDirectory(place) && files().isEmpty()) {
            try (Stream<Path> all = Files.list(place)) {
                List<String> others = all.map(f -> String.valueOf(f.getFileName()))
                        .filter(name -> !name.startsWith(".") && !name.endsWith(".json"))
                        .sorted()
                        .limit(3)
                        .toList();
                if (!others.isEmpty()) {
                    throw new BadInputException(
                            place,
                            "watch",
                            "holds none of the files that can be watched (" + String.join(", ", KINDS) + "), but "
                                    + String.join(", ", others));
                }
            }
        }
    }

    private List<Path> files() throws IOException {
        if (!Files.isDirectory(place)) {
            return List.of(place);
        }
        try (Stream<Path> all = Files.list(place)) {
            return all.filter(Files::isRegularFile)
                    .filter(f -> {
                        String name = String.valueOf(f.getFileName()).toLowerCase(Locale.ROOT);
                        return !name.startsWith(".") && KINDS.stream().anyMatch(name::endsWith);
                    })
                    .sorted(Comparator.comparing(f -> String.valueOf(f.getFileName())))
                    .collect(Collectors.toCollection(ArrayList::new));
        }
    }

    /**
     * The samples that are new since the last look.
     *
     * @param settled true to leave a file alone until it was the same at two looks, for it may be half written
     * @throws IOException if a file cannot be read at all
     */
    public Fresh fresh(boolean settled, CancelToken cancel) throws IOException {
        List<Batch> found = new ArrayList<>();
        List<BadInputException> problems = new ArrayList<>();
        for (Path file : files()) {
            cancel.check();
            long bytes = Files.size(file);
            long modified = Files.getLastModifiedTime(file).toMillis();
            Known before = known.getOrDefault(file, new Known(-1, -1, 0, false));
            boolean same = before.sameAs(bytes, modified);
            if (same && before.taken) {
                continue;
            }
            if (settled && !same) {
                known.put(file, new Known(bytes, modified, before.samples, false));
                continue;
            }
            // Also if it cannot be read: it is not asked again before it changes.
            known.put(file, new Known(bytes, modified, before.samples, true));
            try {
                fresh(file, before.samples, cancel).ifPresent(data -> {
                    known.put(file, new Known(bytes, modified, before.samples + data.size(), true));
                    found.add(new Batch(String.valueOf(file.getFileName()), data));
                });
            } catch (BadInputException e) {
                problems.add(e);
            }
        }
        return new Fresh(found, problems);
    }

    private Optional<Dataset> fresh(Path file, int taken, CancelToken cancel) throws IOException {
        Dataset data = OtherData.open(file, calibration, cancel).data();
        if (data.size() < taken) {
            throw new BadInputException(
                    file, "samples", "had " + taken + " and now has " + data.size() + ": what is watched only grows");
        }
        return data.size() == taken
                ? Optional.empty()
                : Optional.of(SampleSubset.dropping(
                        data, IntStream.range(0, taken).boxed().collect(Collectors.toCollection(TreeSet::new))));
    }
}
