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
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.export.TargetsView;
import org.quantscope.app.export.TargetsViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.core.export.Exporter;

/** Chooses a target, removes what stands in its way, and says where the file goes. The window behind it stays at work. */
final class ExportDialog extends Dialog<ButtonType> {
    /** Asks for a place. */
    @FunctionalInterface
    interface Browser {
        Optional<Path> browse(Exporter exporter, Path suggestion);
    }

    private static final double GAP = 8;
    private static final double WIDTH = 1080;
    private static final double HEIGHT = 660;
    private static final double MIN_WIDTH = 760;
    private static final double MIN_HEIGHT = 480;
    private static final String WIDTH_KEY = "export.width";
    private static final String HEIGHT_KEY = "export.height";

    private final ExportViewModel export;
    private final TargetsViewModel targets;
    private final TextField file = new TextField();
    private final Label fileNote = new Label();
    private final ButtonType write = new ButtonType("Export", ButtonBar.ButtonData.OK_DONE);
    private @Nullable Path suggested;

    ExportDialog(ExportViewModel export, TargetsViewModel targets, Settings settings, Browser browser) {
        this.export = export;
        this.targets = targets;
        setTitle("Export");
        setResizable(true);
        initModality(Modality.NONE);
        targets.setShowing(true);
        TargetsView view = new TargetsView(targets);
        VBox.setVgrow(view, Priority.ALWAYS);
        file.setId("export-file");
        file.setAccessibleText("File to write");
        HBox.setHgrow(file, Priority.ALWAYS);
        Button browse = new Button("Browse…");
        browse.setId("export-browse");
        browse.setMinWidth(Region.USE_PREF_SIZE);
        browse.setOnAction(e -> path().ifPresent(now -> browser.browse(targets.chosen(), now).ifPresent(p -> file.setText(p.toString()))));
        Label name = new Label("File");
        name.setMinWidth(Region.USE_PREF_SIZE);
        name.setLabelFor(file);
        fileNote.setId("export-file-note");
        fileNote.getStyleClass().addAll("hint", "warning");
        fileNote.managedProperty().bind(fileNote.textProperty().isNotEmpty());
        fileNote.setMinWidth(Region.USE_PREF_SIZE);
        HBox where = new HBox(GAP, name, file, fileNote, browse);
        where.setAlignment(Pos.CENTER_LEFT);
        where.setMinHeight(Region.USE_PREF_SIZE);
        VBox content = new VBox(GAP * 2, view, where);
        DialogPane pane = getDialogPane();
        pane.setContent(content);
        pane.getStyleClass().add("wide");
        pane.setMinSize(MIN_WIDTH, MIN_HEIGHT);
        pane.setPrefSize(settings.number(WIDTH_KEY).orElse(WIDTH), settings.number(HEIGHT_KEY).orElse(HEIGHT));
        getDialogPane().getButtonTypes().addAll(write, ButtonType.CLOSE);
        Button button = (Button) Objects.requireNonNull(getDialogPane().lookupButton(write));
        button.setId("export-write");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            if (!write()) {
                e.consume();
            }
        });
        file.textProperty().subscribe(x -> check());
        Subscription following = targets.viewProperty().subscribe(v -> {
            suggest();
            check();
        });
        setOnShown(e -> view.focusTargets());
        setOnHidden(e -> {
            following.unsubscribe();
            targets.setShowing(false);
            settings.setNumber(WIDTH_KEY, pane.getWidth());
            settings.setNumber(HEIGHT_KEY, pane.getHeight());
            settings.save();
        });
    }

    private boolean write() {
        Optional<Path> path = path();
        path.ifPresent(p -> {
            targets.used();
            export.export(targets.chosen(), targets.given(), p);
        });
        return path.isPresent();
    }

    private Optional<Path> path() {
        try {
            return file.getText().isBlank() ? Optional.empty() : Optional.of(Path.of(file.getText().strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** A name that was typed stays; one that was proposed follows the format. */
    private void suggest() {
        Path now = export.suggestion(targets.chosen());
        if (!now.equals(suggested) && (suggested == null || file.getText().equals(suggested.toString()))) {
            suggested = now;
            file.setText(now.toString());
        }
    }

    private void check() {
        Optional<Path> path = path();
        fileNote.setText(path.isEmpty() ? "This is no file name." : Files.exists(path.get()) ? "exists; it will be replaced" : "");
        Objects.requireNonNull(getDialogPane().lookupButton(write)).setDisable(path.isEmpty() || !targets.viewProperty().get().mayExport());
    }
}
