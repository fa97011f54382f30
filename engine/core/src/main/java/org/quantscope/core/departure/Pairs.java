package org.quantscope.core.departure;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.io.BadInputException;

/**
 * Pairs of tensors that a person gives: a text file with one pair a line, the float model's name, a tab or a comma, the
 * deployed name, or {@code -} for a tensor that has no counterpart. Empty lines and lines that begin with {@code #} are
 * skipped. A name that holds a comma needs the tab.
 */
public final class Pairs {
    /** The deployed name of a tensor that has no counterpart. */
    public static final String NONE = "-";

    private static final long MOST_BYTES = 16 << 20;

    private Pairs() {}

    /**
     * Reads a file of pairs.
     *
     * @return the deployed name by the float model's name, in the order of the file
     * @throws BadInputException if a line is no pair, or a name stands in two
     */
    public static Map<String, String> read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file, "pairs", "is not a file");
        }
        if (Files.size(file) > MOST_BYTES) {
            throw new BadInputException(file, "pairs", "has " + Files.size(file) + " bytes, the most is " + MOST_BYTES);
        }
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new BadInputException(file, "pairs", "is not text in UTF-8", e);
        }
        Map<String, String> pairs = new LinkedHashMap<>();
        Map<String, String> reversed = new LinkedHashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            int at = line.indexOf('\t') >= 0 ? line.indexOf('\t') : line.indexOf(',');
            String name = at < 0 ? "" : line.substring(0, at).strip();
            String deployed = at < 0 ? "" : line.substring(at + 1).strip();
            if (name.isEmpty() || deployed.isEmpty()) {
                throw new BadInputException(
                        file,
                        "line " + (i + 1),
                        "a float name, a tab or comma and a deployed name are wanted, got " + line);
            }
            if (pairs.put(name, deployed) != null) {
                throw new BadInputException(file, "line " + (i + 1), name + " has a pair already");
            }
            if (!deployed.equals(NONE) && reversed.put(deployed, name) != null) {
                throw new BadInputException(file, "line " + (i + 1), deployed + " has a pair already");
            }
        }
        return Collections.unmodifiableMap(pairs);
    }
}
