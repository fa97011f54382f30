package org.quantscope.app.window;

import java.util.List;
import javafx.collections.FXCollections;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Dialog;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;

/** Chooses a format, says what it will not take, then asks for the file. */
final class ExportDialog extends Dialog<Exporter> {
    private static final double GAP = 10;
    private static final double WIDTH = 560;
    private static final double LIST_HEIGHT = 180;

    private final ExportViewModel model;
    private final Label verdict = new Label();
    private final ListView<String> problems = new ListView<>();
    private final ButtonType write = new ButtonType("Choose file…", ButtonBar.ButtonData.OK_DONE);

    ExportDialog(ExportViewModel model) {
        this.model = model;
        setTitle("Export");
        setHeaderText("Export the settings");
        ComboBox<Exporter> formats = new ComboBox<>(FXCollections.observableList(Exporters.all()));
        formats.setId("export-format");
        formats.setMaxWidth(Double.MAX_VALUE);
        formats.setConverter(new StringConverter<>() {
            @Override
            public String toString(Exporter exporter) {
                return exporter == null ? "" : exporter.title();
            }

            @Override
            public Exporter fromString(String text) {
                throw new UnsupportedOperationException("the box is not editable");
            }
        });
        verdict.setId("export-verdict");
        verdict.setWrapText(true);
        problems.setId("export-problems");
        problems.setPrefHeight(LIST_HEIGHT);
        problems.managedProperty().bind(problems.visibleProperty());
        VBox content = new VBox(GAP, formats, verdict, problems);
        content.setPrefWidth(WIDTH);
        getDialogPane().setContent(content);
        getDialogPane().getButtonTypes().addAll(write, ButtonType.CANCEL);
        setResultConverter(button -> button == write ? formats.getValue() : null);
        formats.valueProperty().subscribe(exporter -> show(exporter));
        formats.getSelectionModel().selectFirst();
    }

    private void show(Exporter exporter) {
        if (exporter == null) {
            return;
        }
        boolean measured = model.planProperty().get().isPresent();
        List<ExportProblem> found = model.problems(exporter);
        long errors = found.stream().filter(p -> p.severity() == ExportProblem.Severity.ERROR).count();
        verdict.setText(
                !measured ? "The tensors are still being measured." : found.isEmpty() ? "Everything is taken as it is." : errors > 0
                        ? errors + " of the settings cannot be carried; they are left out of the file."
                        : found.size() + " settings are taken with a difference.");
        problems.setVisible(!found.isEmpty());
        problems.getItems().setAll(found.stream().map(ExportDialog::line).toList());
        getDialogPane().lookupButton(write).setDisable(!measured);
    }

    private static String line(ExportProblem p) {
        return (p.severity() == ExportProblem.Severity.ERROR ? "✕ " : "! ") + (p.tensor().isEmpty() ? "" : p.tensor() + ": ") + p.why()
                + (p.remedy().isEmpty() ? "" : " → " + p.remedy());
    }
}
