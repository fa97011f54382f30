package org.quantscope.app.window;

import java.util.Locale;
import java.util.Optional;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.TextArea;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.VBox;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.verify.Verification;

/** Says what was written and what ONNX Runtime makes of it. */
final class ExportResultDialog extends Dialog<ButtonType> {
    private static final double GAP = 10;
    private static final double WIDTH = 600;
    private static final double PATH_HEIGHT = 48;

    ExportResultDialog(ExportViewModel.Result result) {
        setTitle("Exported");
        setHeaderText("Exported " + result.exporter().title());
        TextArea path = new TextArea(result.file().toAbsolutePath().toString());
        path.setId("result-path");
        path.setAccessibleText("The file that was written");
        path.setEditable(false);
        path.setWrapText(true);
        path.setPrefHeight(PATH_HEIGHT);
        path.setMinHeight(PATH_HEIGHT);
        Facts facts = new Facts();
        facts.addNumber("size", "result-size", "Of all files that were written").setText(Figures.bytes(result.bytes()));
        facts.addNumber("SHA-256", "result-sha256", "Of the file, for whoever receives it")
                .setText(result.sha256());
        Optional<Verification.Ran> verified = result.ran();
        verified.ifPresent(v -> {
            facts.addNumber("run in ONNX Runtime", "result-samples", "The written file was run on these data")
                    .setText(Figures.count(v.samples()) + " samples");
            v.accuracy()
                    .ifPresent(a -> facts.addNumber("its accuracy", "result-accuracy", "Top-1 of the written file")
                            .setText(Figures.percent(a)));
            v.liveAgreement()
                    .ifPresent(a -> facts.addNumber(
                                    "agrees with the window",
                                    "result-agreement",
                                    "Samples where the file gives the answer that was evaluated here")
                            .setText(Figures.percent(a)));
            v.floatAgreement()
                    .ifPresent(a -> facts.addNumber(
                                    "agrees with float",
                                    "result-float-agreement",
                                    "Samples where the file gives the float model's answer")
                            .setText(Figures.percent(a)));
            facts.addNumber(
                            "largest difference",
                            "result-difference",
                            "Of an output from what was evaluated here, in units of the output")
                    .setText(String.format(Locale.ROOT, "%.3g", v.maxAbsLogitDiff()));
        });
        VBox content = new VBox(GAP, path, facts);
        content.setPrefWidth(WIDTH);
        ButtonType copy = new ButtonType("Copy path", ButtonBar.ButtonData.LEFT);
        getDialogPane().setContent(content);
        getDialogPane().getButtonTypes().addAll(copy, ButtonType.CLOSE);
        getDialogPane().lookupButton(ButtonType.CLOSE).setId("result-close");
        if (getDialogPane().lookupButton(copy) instanceof Button button) {
            button.setId("result-copy");
            button.setOnAction(e -> {
                ClipboardContent text = new ClipboardContent();
                text.putString(path.getText());
                Clipboard.getSystemClipboard().setContent(text);
            });
        }
    }
}
