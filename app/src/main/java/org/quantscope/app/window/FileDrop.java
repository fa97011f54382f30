package org.quantscope.app.window;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javafx.scene.Scene;
import javafx.scene.input.TransferMode;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.configimport.DroppedFile;
import org.quantscope.app.session.OpenModel;
import org.quantscope.core.lesson.LessonReader;
import org.quantscope.core.sweep.SweepFolder;

/** Opens files that are dropped on the window, or imports the settings in them. */
final class FileDrop {
    private final ApplicationContext context;
    private final Dialogs dialogs;
    private final WindowActions actions;
    private final DroppedFile dropped;

    FileDrop(ApplicationContext context, Dialogs dialogs, WindowActions actions) {
        this.context = context;
        this.dialogs = dialogs;
        this.actions = actions;
        this.dropped = new DroppedFile(context.bench(), context.background());
    }

    void install(Scene scene) {
        scene.setOnDragOver(e -> {
            if (e.getDragboard().hasFiles()) {
                e.acceptTransferModes(TransferMode.COPY);
            }
            e.consume();
        });
        scene.setOnDragDropped(e -> {
            boolean files = e.getDragboard().hasFiles();
            if (files) {
                drop(e.getDragboard().getFiles());
            }
            e.setDropCompleted(files);
            e.consume();
        });
    }

    /** Handles files that were dropped on the window. */
    void drop(List<File> files) {
        List<Path> paths = files.stream().map(File::toPath).toList();
        if (paths.isEmpty()) {
            return;
        }
        if (paths.size() > 1) {
            context.session().open(paths);
            return;
        }
        Path file = paths.getFirst();
        boolean lesson = String.valueOf(file.getFileName()).equals(LessonReader.FILE)
                || Files.isRegularFile(file.resolve(LessonReader.FILE));
        if (lesson) {
            actions.openLesson(file);
            return;
        }
        if (SweepFolder.isOne(file)) {
            actions.openSweep(file);
            return;
        }
        dropped.whatIs(file, is -> {
            Dialogs.Take take = switch (is) {
                case OPEN -> Dialogs.Take.MODEL;
                case SETTINGS -> Dialogs.Take.SETTINGS;
                case EITHER ->
                    dialogs.whatFor(
                            file,
                            context.bench()
                                    .modelProperty()
                                    .get()
                                    .map(OpenModel::name)
                                    .orElse(""));
            };
            switch (take) {
                case MODEL -> context.session().open(paths);
                case SETTINGS -> actions.importRanges(file);
                case NOTHING -> {}
            }
        });
    }
}
