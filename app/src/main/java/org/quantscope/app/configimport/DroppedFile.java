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
import org.quantscope.core.io.InputFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionFile;

/** Finds out what a dropped file can be used for. */
public final class DroppedFile {
    /** How many bytes of a file are read to tell a session from another tool's file. */
    private static final int HEAD = 1 << 16;

    private static final Set<String> OPENED =
            Set.of(".npy", ".csv", ".tsv", ".gz", "-ubyte", ".idx", ".index.json", ".quantscope.json");

    /** File endings of models and data that may also hold settings, each with the format of such settings. */
    private static final Map<String, String> EITHER =
            Map.of(".onnx", "onnx-qdq", ".safetensors", "safetensors", ".npz", "npz");

    /** What a dropped file can be used for. */
    public enum Use {
        /** A model, data or a session. */
        OPEN,
        /** Settings of another tool. */
        SETTINGS,
        /**
         * A model that also holds settings for tensors of the open model: only the user knows what it was dropped for.
         */
        EITHER
    }

    private final Workbench bench;
    private final Background background;

    public DroppedFile(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
    }

    /**
     * Finds out whether a dropped file is a model, data or a session, or whether it holds another tool's settings. The
     * file ending decides, or the content if the ending allows both; the content is read in the background.
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
            // Opening the file reports what is wrong.
            return false;
        }
    }

    private static boolean isSession(Path file) {
        try (InputStream in = InputFile.open(file)) {
            return new String(in.readNBytes(HEAD), StandardCharsets.UTF_8).contains('"' + SessionFile.FORMAT + '"');
        } catch (IOException e) {
            // Opening the file reports what is wrong.
            return false;
        }
    }
}
