package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/**
 * Names in a file that a person has mapped to tensors of the model. They hold during one call of {@link Importer#read}
 * and take effect where names are looked up, so that no importer has to know of them.
 */
public final class NameMap {
    private static final ScopedValue<Map<String, String>> NAMES = ScopedValue.newInstance();

    private NameMap() {}

    /**
     * Reads a file as {@link Importer#read} does.
     *
     * @param names maps a name in the file to the name of a tensor of the model; a name that the model has is not
     *     mapped
     */
    public static Imported read(
            Importer importer, Path file, Model model, Map<String, String> names, CancelToken cancel)
            throws IOException {
        return ScopedValue.where(NAMES, Map.copyOf(names)).call(() -> importer.read(file, model, cancel));
    }

    /** The name that {@code name} is mapped to, or the name itself. */
    static String mapped(String name) {
        return NAMES.orElse(Map.of()).getOrDefault(name, name);
    }
}
