package org.quantscope.core.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.OverwritesInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;

/**
 * The files that a piece of work reads: none of them is ever written, under whatever name. Files that a model or data
 * name belong to it: external tensors, shards, labels, the file of their preparation.
 */
public final class InputFiles {
    private final List<Path> all = new ArrayList<>();

    /** What is read for a model with these settings. */
    public static InputFiles of(Model model, SessionState state) {
        InputFiles files = new InputFiles().model(model.file());
        state.calibrationData().ifPresent(ref -> files.data(ref.path()));
        state.evaluationData().ifPresent(ref -> files.data(ref.path()));
        state.reference().ifPresent(ref -> files.model(ref.path()));
        return files;
    }

    /** Adds a model with the files that it names. */
    public InputFiles model(Path file) {
        all.add(file);
        try {
            all.addAll(ModelLoaders.companions(file).values());
        } catch (IOException | BadInputException e) {
            // Who opens it says what is wrong with it.
        }
        return this;
    }

    /** Adds data, a file or a folder with all in it, and the files that go with it. */
    public InputFiles data(Path data) {
        all.add(data);
        try {
            all.addAll(Datasets.companions(data));
        } catch (IOException | BadInputException e) {
            // Who opens it says what is wrong with it.
        }
        return this;
    }

    /** Adds a file that names no other. */
    public InputFiles file(Path file) {
        all.add(file);
        return this;
    }

    /**
     * Checks that none of these would be overwritten, also by another of its names: links of both kinds are seen through.
     *
     * @throws OverwritesInputException naming both files
     */
    public void keep(List<Path> outputs) throws IOException {
        for (Path output : outputs) {
            if (!Files.exists(output)) {
                continue;
            }
            for (Path input : all) {
                boolean same = Files.isDirectory(input)
                        ? output.toRealPath().startsWith(input.toRealPath())
                        : Files.exists(input) && Files.isSameFile(output, input);
                if (same) {
                    throw new OverwritesInputException(output, Files.isDirectory(input) ? output : input);
                }
            }
        }
    }
}
