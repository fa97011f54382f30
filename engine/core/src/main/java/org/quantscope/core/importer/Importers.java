package org.quantscope.core.importer;

import java.util.List;
import java.util.stream.Collectors;

/** Every format that settings can be read from, in the order in which they are offered. */
public final class Importers {
    private static final List<Importer> ALL = List.of(new TensorRtCacheImporter());

    private Importers() {}

    public static List<Importer> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Importer byId(String id) {
        return ALL.stream()
                .filter(i -> i.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "format: unknown id " + id + "; known: " + ALL.stream().map(Importer::id).collect(Collectors.joining(", "))));
    }
}
