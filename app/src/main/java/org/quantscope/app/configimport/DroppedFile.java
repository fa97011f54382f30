package org.quantscope.app.configimport;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionFile;

/** Tells what a dropped file is good for. */
public final class DroppedFile {
    /** As much of a file is looked at to tell a session from another tool's file, in bytes. */
    private static final int HEAD = 1 << 16;

    private static final Set<String> OPENED =
            Set.of(".npy", ".csv", ".tsv", ".gz", "-ubyte", ".idx", ".index.json", ".quantscope.json");

    /** Endings of files that are models or data and may hold settings too, with the one format of those. */
    private static final Map<String, String> EITHER =
            Map.of(".onnx", "onnx-qdq", ".safetensors", "safetensors", ".npz", "npz");

    /** What a dropped file is good for. */
    public enum Use {
        /** A model, data or a session. */
        OPEN,
        /** Settings of another tool. */
        SETTINGS,
        /** A model that holds settings for tensors of the one that is open: only a person knows what it was dropped for. */
        EITHER
    }

    private final Workbench bench;
    private final Background background;

    public DroppedFile(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
    }

    /**
     * Whether a dropped file is a model, data or a session, or holds another tool's settings: by its ending, and if that leaves it open
     * by its content, which is read in the background.
     */
    public void whatIs(Path file, Consumer<Use> answer) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        Optional<Model> model = bench.analysed();
        boolean same = bench.modelProperty()
                .get()
                .filter(m -> m.file().path().equals(file.toAbsolutePath().normalize()))
                .isPresent();
        if (model.isEmpty() || same || OPENED.stream().anyMatch(name::endsWith)) {
            answer.accept(Use.OPEN);
            return;
        }
        Optional<Importer> both = EITHER.entrySet().stream()
                .filter(e -> name.endsWith(e.getKey()))
                .map(e -> Importers.byId(e.getValue()))
                .findFirst();
        background.work().execute(() -> {
            Use found;
            CancelToken cancel = new CancelToken();
            try (Jobs.Handle job = background.start("Looking at " + file.getFileName(), cancel)) {
                job.report(0, 0, "");
                found = Files.isDirectory(file) || isSession(file)
                        ? Use.OPEN
                        : both.isEmpty()
                                ? Use.SETTINGS
                                : hasSettings(both.get(), file, model.get(), cancel) ? Use.EITHER : Use.OPEN;
            } catch (CancellationException e) {
                return;
            }
            background.ui().execute(() -> answer.accept(found));
        });
    }

    private static boolean hasSettings(Importer importer, Path file, Model model, CancelToken cancel) {
        try {
            return !importer.read(file, model, cancel).specs().isEmpty();
        } catch (IOException | BadInputException e) {
            // Whoever opens it says what is wrong.
            return false;
        }
    }

    private static boolean isSession(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD), StandardCharsets.UTF_8).contains('"' + SessionFile.FORMAT + '"');
        } catch (IOException e) {
            // Whoever opens it says what is wrong.
            return false;
        }
    }
}
