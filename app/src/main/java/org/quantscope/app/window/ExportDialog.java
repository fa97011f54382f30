package org.quantscope.app.window;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.collections.FXCollections;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;

/** Chooses a target, says what it will not take, and where the file goes. */
final class ExportDialog extends Dialog<ExportDialog.Choice> {
    /** What to write, and where. */
    record Choice(Exporter exporter, Path file) {}

    /** Asks for a place. */
    @FunctionalInterface
    interface Browser {
        Optional<Path> browse(Exporter exporter, Path suggestion);
    }

    private static final double GAP = 8;
    private static final double WIDTH = 640;
    private static final double TARGET_HEIGHT = 46;
    private static final double PROBLEMS_HEIGHT = 160;
    private static final int TARGETS_SHOWN = 6;

    private final ExportViewModel model;
    private final ListView<Exporter> targets = new ListView<>(FXCollections.observableList(Exporters.all()));
    private final Label verdict = new Label();
    private final ListView<String> problems = new ListView<>();
    private final TextField file = new TextField();
    private final Label fileNote = new Label();
    private final ButtonType write = new ButtonType("Export", ButtonBar.ButtonData.OK_DONE);
    private @Nullable Path suggested;

    ExportDialog(ExportViewModel model, Browser browser) {
        this.model = model;
        setTitle("Export");
        setHeaderText("Export the settings");
        setResizable(true);
        targets.setId("export-targets");
        targets.setAccessibleText("Formats");
        targets.setFixedCellSize(TARGET_HEIGHT);
        targets.setPrefHeight(TARGET_HEIGHT * Math.min(TARGETS_SHOWN, Exporters.all().size()) + 2);
        targets.setMinHeight(Region.USE_PREF_SIZE);
        targets.setCellFactory(list -> new Target());
        verdict.setId("export-verdict");
        verdict.setWrapText(true);
        verdict.setMinHeight(Region.USE_PREF_SIZE);
        problems.setId("export-problems");
        problems.setAccessibleText("What the format does not take as it is");
        problems.setPrefHeight(PROBLEMS_HEIGHT);
        problems.managedProperty().bind(problems.visibleProperty());
        VBox.setVgrow(problems, Priority.ALWAYS);
        file.setId("export-file");
        file.setAccessibleText("File to write");
        HBox.setHgrow(file, Priority.ALWAYS);
        Button browse = new Button("Browse…");
        browse.setId("export-browse");
        browse.setMinWidth(Region.USE_PREF_SIZE);
        browse.setOnAction(e -> path().ifPresent(now -> browser.browse(targets.getSelectionModel().getSelectedItem(), now).ifPresent(p -> file.setText(p.toString()))));
        Label name = new Label("File");
        name.setMinWidth(Region.USE_PREF_SIZE);
        name.setLabelFor(file);
        HBox where = new HBox(GAP, name, file, browse);
        where.setAlignment(Pos.CENTER_LEFT);
        fileNote.setId("export-file-note");
        fileNote.getStyleClass().addAll("hint", "warning");
        VBox content = new VBox(GAP, targets, verdict, problems, where, fileNote);
        content.setPrefWidth(WIDTH);
        getDialogPane().setContent(content);
        getDialogPane().getButtonTypes().addAll(write, ButtonType.CANCEL);
        Node button = getDialogPane().lookupButton(write);
        button.setId("export-write");
        setResultConverter(pressed -> pressed == write
                ? path().map(p -> new Choice(targets.getSelectionModel().getSelectedItem(), p)).orElse(null)
                : null);
        file.textProperty().subscribe(x -> check());
        targets.getSelectionModel().selectedItemProperty().subscribe(exporter -> show(exporter));
        targets.getSelectionModel().selectFirst();
        setOnShown(e -> targets.requestFocus());
    }

    private Optional<Path> path() {
        try {
            return file.getText().isBlank() ? Optional.empty() : Optional.of(Path.of(file.getText().strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private void check() {
        Optional<Path> path = path();
        fileNote.setText(path.isEmpty() ? "This is no file name." : Files.exists(path.get()) ? "This file exists; it will be replaced." : "");
        getDialogPane().lookupButton(write).setDisable(path.isEmpty() || model.planProperty().get().isEmpty());
    }

    private void show(@Nullable Exporter exporter) {
        if (exporter == null) {
            return;
        }
        boolean measured = model.planProperty().get().isPresent();
        List<ExportProblem> found = model.problems(exporter);
        long errors = errors(found);
        verdict.setText(!measured
                ? "The tensors are still being measured."
                : found.isEmpty()
                        ? "Every setting is taken as it is."
                        : errors > 0
                                ? settings(errors) + " cannot be carried; their tensors are left as they are in the model."
                                : settings(found.size()) + " taken with a difference.");
        problems.setVisible(!found.isEmpty());
        problems.getItems().setAll(found.stream().map(ExportDialog::line).toList());
        // A name that was typed stays; one that was proposed follows the format.
        if (suggested == null || file.getText().equals(suggested.toString())) {
            suggested = model.suggestion(exporter);
            file.setText(suggested.toString());
        }
        check();
    }

    private static long errors(List<ExportProblem> found) {
        return found.stream().filter(p -> p.severity() == ExportProblem.Severity.ERROR).count();
    }

    private static String settings(long n) {
        return n == 1 ? "1 setting" : n + " settings";
    }

    private static String line(ExportProblem p) {
        return (p.severity() == ExportProblem.Severity.ERROR ? "✕ " : "! ") + (p.tensor().isEmpty() ? "" : p.tensor() + ": ") + p.why()
                + (p.remedy().isEmpty() ? "" : " → " + p.remedy());
    }

    /** A format with how ready it is. */
    private final class Target extends ListCell<Exporter> {
        private final Label title = new Label();
        private final Label ending = new Label();
        private final Label state = new Label();
        private final HBox line;

        Target() {
            ending.getStyleClass().add("hint");
            state.getStyleClass().add("hint");
            state.setMinWidth(USE_PREF_SIZE);
            VBox names = new VBox(title, ending);
            names.setAlignment(Pos.CENTER_LEFT);
            HBox.setHgrow(names, Priority.ALWAYS);
            line = new HBox(GAP, names, state);
            line.setAlignment(Pos.CENTER_LEFT);
        }

        @Override
        protected void updateItem(@Nullable Exporter exporter, boolean empty) {
            super.updateItem(exporter, empty);
            if (empty || exporter == null) {
                setGraphic(null);
                setTooltip(null);
                return;
            }
            List<ExportProblem> found = model.problems(exporter);
            title.setText(exporter.title());
            ending.setText("*" + exporter.extension());
            state.setText(found.isEmpty() ? "✓ ready" : String.format(Locale.ROOT, "%s %d", errors(found) > 0 ? "✕" : "!", found.size()) + (found.size() == 1 ? " problem" : " problems"));
            state.getStyleClass().remove("warning");
            if (!found.isEmpty()) {
                state.getStyleClass().add("warning");
            }
            setAccessibleText(exporter.title() + ", " + state.getText());
            setTooltip(new Tooltip(exporter.source()));
            setGraphic(line);
        }
    }
}
