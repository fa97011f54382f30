package org.quantscope.core.rewrite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Destination;
import org.quantscope.core.onnx.OnnxFile;

/**
 * The file of values beside a model that is about to be replaced. If the new model fits one file, nobody needs the old
 * values any more, and beside the new file they would look like its own. They are deleted if this program wrote both and
 * the old model names them and nothing else; otherwise they stay.
 */
public final class EarlierValues {
    /** What the keys of our own metadata begin with. */
    private static final String OURS = "quantscope.";

    private final Path values;
    private final boolean ours;

    private EarlierValues(Path values, boolean ours) {
        this.values = values;
        this.ours = ours;
    }

    /** To be called before {@code target} is replaced; empty if there are none beside it. */
    public static Optional<EarlierValues> beside(Path target) throws IOException {
        Path real = Destination.of(target);
        Path values = real.resolveSibling(real.getFileName() + WrittenModel.VALUES);
        return Files.isRegularFile(values, LinkOption.NOFOLLOW_LINKS)
                ? Optional.of(new EarlierValues(values, isOurs(real, String.valueOf(values.getFileName()))))
                : Optional.empty();
    }

    private static boolean isOurs(Path model, String values) {
        try {
            return Files.isRegularFile(model)
                    && OnnxFile.companions(model).keySet().equals(Set.of(values))
                    && OnnxFile.read(model, false).graph().metadata().keySet().stream()
                            .anyMatch(key -> key.startsWith(OURS));
        } catch (IOException | BadInputException e) {
            // What cannot be read is not known to be ours.
            return false;
        }
    }

    /**
     * To be called when {@code written} are in place.
     *
     * @return a sentence on what became of the old values; empty if they were replaced
     */
    public Optional<String> settle(List<Path> written) throws IOException {
        for (Path file : written) {
            if (Files.isSameFile(Destination.of(file), values)) {
                return Optional.empty();
            }
        }
        String name = String.valueOf(values.getFileName());
        if (!ours) {
            return Optional.of(name + " lies beside the file and is not part of it");
        }
        Files.deleteIfExists(values);
        return Optional.of(name + ", the values of the file that was replaced, is deleted: the new file holds its own");
    }
}
