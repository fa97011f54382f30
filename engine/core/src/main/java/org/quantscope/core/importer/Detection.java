package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/**
 * The formats in which a file can be read, found by trying each.
 *
 * @param readable formats that find entries in it, in the order of {@link Importers}; of formats that find the same
 *     only one is listed
 * @param refused for each of the others, why it cannot read the file
 */
public record Detection(List<Candidate> readable, Map<Importer, String> refused) {
    /** A format and what it finds in the file. */
    public record Candidate(Importer importer, Imported found) {}

    public Detection {
        readable = List.copyOf(readable);
        refused = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(refused));
    }

    /**
     * Tries every importer.
     *
     * @throws BadInputException if the file certainly holds no settings, saying what it is
     * @throws IOException if the file cannot be read at all
     */
    public static Detection of(Path file, Model model, CancelToken cancel) throws IOException {
        List<Candidate> readable = new ArrayList<>();
        Map<Importer, String> refused = new LinkedHashMap<>();
        Importers.check(file);
        for (Importer importer : Importers.all()) {
            cancel.check();
            try {
                Imported found = importer.read(file, model, cancel);
                if (found.specs().isEmpty() && found.unmatched().isEmpty()) {
                    refused.put(importer, "it has no entries in this format");
                } else {
                    add(readable, new Candidate(importer, found));
                }
            } catch (BadInputException e) {
                refused.put(importer, String.valueOf(e.getMessage()));
            }
        }
        return new Detection(readable, refused);
    }

    /** Adds a candidate. Of formats that find the same, the one stays whose version the file states, else the first. */
    private static void add(List<Candidate> readable, Candidate next) {
        for (int i = 0; i < readable.size(); i++) {
            if (readable.get(i).found.equals(next.found)) {
                if (!statesVersion(readable.get(i)) && statesVersion(next)) {
                    readable.set(i, next);
                }
                return;
            }
        }
        readable.add(next);
    }

    private static boolean statesVersion(Candidate r) {
        String version = r.importer.id().substring(r.importer.id().lastIndexOf('-') + 1);
        return r.found.notes().stream().anyMatch(note -> note.contains(version));
    }
}
