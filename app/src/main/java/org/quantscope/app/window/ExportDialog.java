package org.quantscope.app.window;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import javafx.event.ActionEvent;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogPane;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.stage.Modality;
import javafx.stage.Window;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.export.StatusView;
import org.quantscope.app.export.TargetsView;
import org.quantscope.app.export.TargetsViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;

/** The export dialog: chooses a target, removes its problems and chooses the file. The main window remains usable. */
final class ExportDialog extends Dialog<ButtonType> {
    /** What the dialog needs others for. */
    interface Places {
        /** Lets the user choose the file to write. */
        Optional<Path> browse(Exporter exporter, Path suggestion);

        /** Asks whether an existing file may be replaced, in a dialog over {@code window}. */
        boolean mayReplace(Path file, Window window);

        /** Shows a folder in the file browser of the system. */
        void open(Path folder);
    }

    private static final double GAP = 8;
    private static final double WIDTH = 1100;
    private static final double HEIGHT = 660;
    private static final double MIN_WIDTH = 760;
    private static final double MIN_HEIGHT = 480;

    private final ExportViewModel export;
    private final TargetsViewModel targets;
    private final Places places;
    private final TextField file = new TextField();
    private final Label fileNote = new Label();
    private final ButtonType write = new ButtonType("_Export", ButtonBar.ButtonData.OK_DONE);
    private @Nullable Path suggested;
    /** The file ending of the format that the name was suggested for. */
    private String ending = "";
    /** A file that the system's own dialog has already asked about. */
    private @Nullable Path agreed;

    ExportDialog(ExportViewModel export, TargetsViewModel targets, Settings settings, Places places) {
        this.export = export;
        this.targets = targets;
        this.places = places;
        setTitle("Export");
        initModality(Modality.NONE);
        targets.setShowing(true);
        TargetsView view = new TargetsView(targets);
        VBox.setVgrow(view, Priority.ALWAYS);
        file.setId("export-file");
        file.setAccessibleText("File to write");
        HBox.setHgrow(file, Priority.ALWAYS);
        Button browse = new Button("_Browse…");
        browse.setMnemonicParsing(true);
        browse.setId("export-browse");
        browse.setMinWidth(Region.USE_PREF_SIZE);
        browse.setOnAction(e -> places.browse(targets.chosen(), path().orElse(export.suggestion(targets.chosen())))
                .ifPresent(p -> {
                    agreed = p;
                    file.setText(p.toString());
                }));
        Label name = new Label("_File");
        name.setMnemonicParsing(true);
        name.setMinWidth(Region.USE_PREF_SIZE);
        name.setLabelFor(file);
        fileNote.setId("export-file-note");
        fileNote.getStyleClass().addAll("hint", "warning");
        fileNote.managedProperty().bind(fileNote.textProperty().isNotEmpty());
        fileNote.setMinWidth(Region.USE_PREF_SIZE);
        HBox where = new HBox(GAP, name, file, fileNote, browse);
        where.setAlignment(Pos.CENTER_LEFT);
        where.setMinHeight(Region.USE_PREF_SIZE);
        StatusView status = new StatusView(export, places::open);
        VBox content = new VBox(GAP * 2, view, where, status);
        DialogPane pane = getDialogPane();
        pane.setContent(content);
        new RememberedSize(settings, "export", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        getDialogPane().getButtonTypes().addAll(write, ButtonType.CLOSE);
        Button button = (Button) Objects.requireNonNull(getDialogPane().lookupButton(write));
        button.setId("export-write");
        // The dialog stays open: it shows the result, and the user may export to another format.
        button.addEventFilter(ActionEvent.ACTION, e -> {
            e.consume();
            write();
        });
        file.textProperty().subscribe(x -> check());
        Subscription following = targets.viewProperty()
                .subscribe(v -> {
                    suggest();
                    check();
                })
                .and(export.statusProperty().subscribe((was, is) -> {
                    boolean runs = is instanceof ExportViewModel.Status.Running;
                    check();
                    // The focus moves to the button that can be used next.
                    if (runs && !(was instanceof ExportViewModel.Status.Running)) {
                        status.focusCancel();
                    } else if (!runs && !file.isFocused()) {
                        button.requestFocus();
                    }
                }));
        setOnShown(e -> view.focusTargets());
        setOnHidden(e -> {
            following.unsubscribe();
            status.close();
            targets.setShowing(false);
        });
    }

    private void write() {
        path().filter(p -> Exporters.files(targets.chosen(), p).stream()
                        .allMatch(file -> file.equals(agreed)
                                || !Files.exists(file)
                                || places.mayReplace(
                                        file, getDialogPane().getScene().getWindow())))
                .ifPresent(p -> {
                    agreed = null;
                    targets.used();
                    export.export(targets.chosen(), targets.given(), p);
                });
    }

    private Optional<Path> path() {
        try {
            return file.getText().isBlank()
                    ? Optional.empty()
                    : Optional.of(Path.of(file.getText().strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** Suggests a file for the chosen format. A name that the user has typed keeps all but its ending. */
    private void suggest() {
        Exporter chosen = targets.chosen();
        String former = ending;
        ending = chosen.extension();
        if (suggested != null && !file.getText().equals(suggested.toString())) {
            file.setText(withEnding(file.getText(), former, ending));
            return;
        }
        Path now = export.suggestion(chosen);
        if (!now.equals(suggested)) {
            suggested = now;
            file.setText(now.toString());
        }
    }

    /** A typed name with the ending of another format; as it is if it does not end as the former format does. */
    static String withEnding(String typed, String former, String next) {
        return !former.isEmpty() && typed.endsWith(former)
                ? typed.substring(0, typed.length() - former.length()) + next
                : typed;
    }

    /** A word of caution if the name ends as files of another format do; empty if not. */
    private static Optional<String> otherEnding(String name, Exporter chosen) {
        return name.endsWith(chosen.extension())
                ? Optional.empty()
                : Exporters.all().stream()
                        .map(Exporter::extension)
                        .filter(name::endsWith)
                        .findFirst()
                        .map(e -> "This format's files end with " + chosen.extension() + ", not " + e + ".");
    }

    private void check() {
        Optional<String> problem =
                path().map(ExportDialog::problem).orElse(Optional.of("This is not a valid file name."));
        fileNote.setText(problem.or(() -> otherEnding(file.getText().strip(), targets.chosen()))
                .orElse(path().filter(Files::exists).isPresent() ? "exists already" : ""));
        fileNote.getStyleClass().removeAll("warning", "loss");
        fileNote.getStyleClass().add(problem.isPresent() ? "loss" : "warning");
        Objects.requireNonNull(getDialogPane().lookupButton(write))
                .setDisable(problem.isPresent()
                        || !targets.viewProperty().get().mayExport()
                        || export.statusProperty().get() instanceof ExportViewModel.Status.Running);
    }

    /** The reason why this file cannot be written; empty if it can. */
    private static Optional<String> problem(Path file) {
        Path folder = file.toAbsolutePath().normalize().getParent();
        return Files.isDirectory(file)
                ? Optional.of("This is a folder.")
                : folder == null || !Files.isDirectory(folder)
                        ? Optional.of("There is no such folder.")
                        : Files.isWritable(folder)
                                ? Optional.empty()
                                : Optional.of("This folder cannot be written to.");
    }
}
