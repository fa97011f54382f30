package org.quantscope.core.lesson;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.dataset.AlteredSamples;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.lesson.Lesson.DataFile;
import org.quantscope.core.lesson.Lesson.Stage;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.synthetic.SyntheticTensor;

/**
 * Finds and opens what lessons name: files beside the lesson, else bundled samples, and synthetic tensors. What was
 * opened is kept.
 */
public final class Materials {
    private static final String NO_HASH = "0".repeat(64);

    private final List<Path> folders;
    private final Map<Path, Model> models = new HashMap<>();
    private final Map<Path, Dataset> data = new HashMap<>();
    private final Map<DataFile, Dataset> cut = new HashMap<>();
    private final Map<Path, FileRef> references = new HashMap<>();

    /** @param folders looked through in this order */
    public Materials(List<Path> folders) {
        this.folders = List.copyOf(folders);
    }

    /**
     * The folder of the samples: the property {@code quantscope.samples}, or else {@code sample-models} in the working
     * folder or one above it.
     */
    public static Optional<Path> samples() {
        String given = System.getProperty("quantscope.samples");
        if (given != null) {
            return Optional.of(Path.of(given)).filter(Files::isDirectory);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path folder = at.resolve("sample-models");
            if (Files.isDirectory(folder)) {
                return Optional.of(folder);
            }
        }
        return Optional.empty();
    }

    /**
     * The file of that name.
     *
     * @throws BadInputException if there is none, or the name leads out of the folders
     */
    public Path file(String name) {
        for (Path folder : folders) {
            Path file = folder.resolve(name).normalize();
            if (file.startsWith(folder.normalize()) && Files.exists(file)) {
                return file;
            }
        }
        throw new BadInputException(
                "",
                name,
                "is neither beside the lesson nor among the samples"
                        + (folders.isEmpty() ? ": no folder of samples was found" : ""));
    }

    /** The model of a stage as stored; a synthetic tensor is named by its distribution. */
    Model model(Stage stage) throws IOException {
        if (stage.synthetic().isPresent()) {
            SyntheticTensor recipe = stage.synthetic().get();
            return new Model(
                    Path.of(recipe.name()),
                    "synthetic",
                    OptionalInt.empty(),
                    List.of(recipe.tensor(recipe.name())),
                    Optional.empty(),
                    List.of());
        }
        Path file = file(stage.model().orElseThrow());
        Model known = models.get(file);
        if (known == null) {
            known = ModelLoaders.open(file);
            models.put(file, known);
        }
        return known;
    }

    /** A reference to an opened model. */
    FileRef reference(Model model, CancelToken cancel) throws IOException {
        FileRef known = references.get(model.file());
        if (known == null) {
            known = model.graph().isPresent()
                    ? FileRef.ofModel(model.file(), cancel)
                    : new FileRef(model.file(), NO_HASH);
            references.put(model.file(), known);
        }
        return known;
    }

    /** The data that a stage names. */
    public Optional<Dataset> data(Optional<DataFile> wanted) throws IOException {
        if (wanted.isEmpty()) {
            return Optional.empty();
        }
        Path file = file(wanted.get().name());
        Dataset found = data.get(file);
        if (found == null) {
            found = Datasets.open(file);
            data.put(file, found);
        }
        Dataset known = found;
        return Optional.of(cut.computeIfAbsent(wanted.get(), w -> cut(known, w)));
    }

    private static Dataset cut(Dataset known, DataFile wanted) {
        Dataset worse = wanted.corrupted().isPresent() ? Datasets.corrupted(known, wanted.corrupted()) : known;
        Dataset lit = wanted.light() == 1 ? worse : AlteredSamples.lit(worse, wanted.light());
        Dataset few = wanted.limit().isPresent() && wanted.limit().getAsInt() < lit.size()
                ? lit.limit(wanted.limit().getAsInt())
                : lit;
        return wanted.broken() == 0 ? few : AlteredSamples.broken(few, wanted.broken());
    }
}
