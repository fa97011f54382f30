package org.quantscope.app.window;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import javafx.scene.Scene;
import javafx.scene.image.Image;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.FigurePicture;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.OverwritesInputException;
import org.quantscope.core.io.Reason;
import org.quantscope.core.plot.CsvPlot;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.SvgPlot;
import org.quantscope.core.session.InputFiles;

/** Saves the figures of charts where a person says, in the form that the name of the file asks for. */
final class FigureSaving {
    private static final String FOLDER = "figure.folder";

    private final Settings settings;
    private final Background background;
    private final BiFunction<String, Path, Optional<Path>> where;
    private final Workbench bench;

    /** @param where lets the user choose a file, by a title and a suggestion */
    FigureSaving(
            Settings settings, Background background, BiFunction<String, Path, Optional<Path>> where, Workbench bench) {
        this.settings = settings;
        this.background = background;
        this.where = where;
        this.bench = bench;
    }

    /** Handles what charts in this window ask for. */
    void install(Scene scene) {
        scene.addEventHandler(Copyable.SaveRequest.SAVE, e -> {
            e.consume();
            Path folder = settings.text(FOLDER).map(Path::of).orElse(Path.of(System.getProperty("user.home", ".")));
            where.apply("Save the figure", folder.resolve(e.figures().getFirst().id() + ".svg"))
                    .ifPresent(file -> save(e.figures(), file));
        });
    }

    /** Writes SVG, PNG or CSV, as the name ends. */
    void save(List<Plot> figures, Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (!name.endsWith(".svg") && !name.endsWith(".png") && !name.endsWith(".csv")) {
            background.problem(file.getFileName() + ": a figure is saved as .svg, .png or .csv");
            return;
        }
        Optional<Image> picture = name.endsWith(".png") ? Optional.of(FigurePicture.of(figures)) : Optional.empty();
        Optional.ofNullable(file.toAbsolutePath().getParent())
                .ifPresent(folder -> settings.setText(FOLDER, folder.toString()));
        Optional<InputFiles> read = bench.analysed()
                .flatMap(model -> bench.stateProperty().get().map(state -> InputFiles.of(model, state)));
        read.ifPresent(files -> bench.sessionFileProperty().get().ifPresent(files::file));
        background.work().execute(() -> {
            try {
                if (read.isPresent()) {
                    read.get().keep(List.of(file));
                }
                AtomicFile.write(file, out -> {
                    if (picture.isPresent()) {
                        FigurePicture.writePng(picture.get(), out);
                    } else {
                        String text = name.endsWith(".svg") ? SvgPlot.alone(figures) : CsvPlot.of(figures);
                        out.write(text.getBytes(StandardCharsets.UTF_8));
                    }
                });
                background.ui().execute(() -> background.notices().done("Saved " + file.getFileName()));
            } catch (IOException | OverwritesInputException e) {
                background.ui().execute(() -> background.problem(file.getFileName() + ": not saved, " + Reason.of(e)));
            }
        });
    }
}
