package org.quantscope.core.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A file that a model file names: a shard, or external tensor data. It is opened only if it lies in the model's folder
 * or below it.
 */
public final class CompanionFile {
    private CompanionFile() {}

    /**
     * Checks the path that the model gives, and opens nothing.
     *
     * @param location a path relative to the model's folder
     * @param field the field of the model that names it, for the message
     * @return {@code location} as a relative path without {@code ..}
     * @throws BadInputException if it is not such a path
     */
    public static Path relative(Path model, String field, String location) {
        Path path;
        try {
            path = Path.of(location);
        } catch (InvalidPathException e) {
            throw new BadInputException(model, field, "location '" + location + "' is no path", e);
        }
        if (location.isEmpty() || location.startsWith("/") || location.startsWith("\\") || path.getRoot() != null) {
            throw new BadInputException(
                    model, field, "location '" + location + "' is not relative to this file's folder");
        }
        for (Path part : path) {
            if (part.toString().equals("..")) {
                throw new BadInputException(
                        model, field, "location '" + location + "' leads out of this file's folder");
            }
        }
        return path;
    }

    /**
     * The file itself, with links resolved.
     *
     * <p>A link may not lead out of the model's folder, with one exception: in a Hugging Face cache every file of
     * {@code snapshots/<revision>/} is a link to {@code blobs/} beside {@code snapshots}.
     *
     * @param relative from {@link #relative}
     * @throws BadInputException if it does not exist, is not a regular file or lies elsewhere
     */
    public static Path resolve(Path model, String field, Path relative) throws IOException {
        Path folder = model.toAbsolutePath().normalize().getParent();
        Path file = folder == null ? null : folder.resolve(relative);
        if (folder == null || file == null || !Files.isRegularFile(file)) {
            throw new BadInputException(model, field, "location '" + relative + "' is no file in this file's folder");
        }
        Path real = file.toRealPath();
        Path realFolder = folder.toRealPath();
        Path snapshots = realFolder.getParent();
        boolean cached = snapshots != null
                && snapshots.endsWith("snapshots")
                && real.startsWith(snapshots.resolveSibling("blobs"));
        if (!real.startsWith(realFolder) && !cached) {
            throw new BadInputException(
                    model, field, "location '" + relative + "' is a link out of this file's folder");
        }
        return real;
    }
}
