package org.quantscope.app.selected;

import java.util.List;
import java.util.Optional;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Section;
import org.quantscope.app.ui.SplitBar;
import org.quantscope.app.ui.SteadyLabel;

/**
 * The error of the selected tensor: first the SQNR and the split into rounding and clipping, then the other figures.
 */
public final class ErrorView extends VBox {
    private static final double GAP = 8;

    private final Label sqnr = new SteadyLabel();
    private final Label name = new Label("SQNR");
    private final Label atOutput = new SteadyLabel();
    private final Label outputName = new Label();
    private final Tooltip aboutOutput = new Tooltip();
    private final HBox output = new HBox(GAP, atOutput, outputName);
    private final Label outputNote = new Label();
    private final SplitBar bar = new SplitBar("rounding", "clipping");
    private final Label split = new SteadyLabel();
    private final Label said = new SteadyLabel();
    private final Label saidMore = new SteadyLabel();
    private final Facts facts = new Facts();
    private final Label mse = facts.addNumber("MSE", "mse", "Mean squared error, Σ(x−y)²/n, in squared tensor units");
    private final Label clipped = facts.addNumber(
            "clipped", "clipped", "Values below the lowest or above the highest level, which go to that level");
    private final Facts more = new Facts();
    private final Label bitsPerWeight = more.addNumber(
            "bits per weight",
            "bits-per-weight",
            "Bits of a code, and those of scales, zero points and codebooks shared out over the values");
    private final Label rmse = more.addNumber(
            "RMSE/scale",
            "rmse-in-steps",
            "√(Σ((x−y)/s)²/n) with the scale s of each value's slice: the error in steps. Rounding that spreads evenly"
                    + " over a step has 1/√12 = 0.2887; less where values sit on levels, more where they are clipped. A"
                    + " codebook has no step.");
    private final Label mae = more.addNumber("MAE", "mae", "Mean absolute error, Σ|x−y|/n, in tensor units");
    private final Label maxError = more.addNumber("largest error", "max-error", "max |x−y|, in tensor units");
    private final Label psnr =
            more.addNumber("PSNR", "psnr", "Peak signal to noise, 10·log10((max−min)²/MSE), in dB; more is better");
    private final Label cosine = more.addNumber(
            "cosine",
            "cosine",
            "Σxy/√(Σx²·Σy²): cosine of the angle between the tensor and its quantized self; 1 is best");
    private final Label low =
            more.addNumber("clipped low", "clipped-low", "Values below the lowest level, as a share of all");
    private final Label high =
            more.addNumber("clipped high", "clipped-high", "Values above the highest level, as a share of all");
    private final Label used = more.addNumber("codes used", "used-codes", "How many of the codes occur");
    private final Label entropy = more.addNumber(
            "entropy",
            "entropy",
            "−Σ p·log2 p over the codes: bits that lossless coding of independent codes takes for a value, of the bits"
                    + " of a code");
    private final Label notes = new Label();
    private final Button fold = new Button();

    public ErrorView(ErrorViewModel model) {
        sqnr.setId("sqnr");
        sqnr.getStyleClass().addAll("number", "headline");
        sqnr.setMinWidth(USE_PREF_SIZE);
        sqnr.textProperty().subscribe(text -> sqnr.setAccessibleText("SQNR " + text));
        name.setId("sqnr-name");
        name.getStyleClass().add("muted");
        Tooltip tip = new Tooltip("Signal to quantization noise, 10·log10(Σx²/Σ(x−y)²), in dB; more is better");
        sqnr.setTooltip(tip);
        name.setTooltip(tip);
        atOutput.setId("output-sqnr");
        atOutput.getStyleClass().addAll("number", "headline");
        atOutput.setMinWidth(USE_PREF_SIZE);
        atOutput.setTooltip(aboutOutput);
        atOutput.textProperty().subscribe(text -> atOutput.setAccessibleText("SQNR at the output " + text));
        outputName.setId("output-name");
        outputName.getStyleClass().add("muted");
        outputName.setTooltip(aboutOutput);
        outputName.setWrapText(true);
        outputNote.setId("output-note");
        outputNote.getStyleClass().add("hint");
        outputNote.setWrapText(true);
        outputNote.textProperty().bind(model.outputNoteProperty());
        outputNote.textProperty().subscribe(text -> put(outputNote, !text.isEmpty()));
        HBox first = new HBox(GAP, sqnr, name);
        first.setAlignment(Pos.BASELINE_LEFT);
        output.setAlignment(Pos.BASELINE_LEFT);
        split.setId("split");
        split.getStyleClass().add("hint");
        said.setId("sentence");
        saidMore.setId("sentence-more");
        for (Label sentence : List.of(said, saidMore)) {
            sentence.getStyleClass().add("sentence");
            sentence.setWrapText(true);
            sentence.setAlignment(Pos.TOP_LEFT);
        }
        bar.setAccessibleText("Share of rounding and clipping in the squared error");
        notes.setId("error-notes");
        notes.getStyleClass().addAll("hint", "warning");
        notes.setWrapText(true);
        fold.setId("error-more");
        fold.getStyleClass().add("link");
        fold.setOnAction(
                e -> model.unfoldedProperty().set(!model.unfoldedProperty().get()));
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox parts = new HBox(GAP, split, space, fold);
        parts.setAlignment(Pos.CENTER_LEFT);
        fold.setMinWidth(USE_PREF_SIZE);
        Section section = new Section(
                "Error of this tensor", first, output, outputNote, bar, parts, said, saidMore, facts, more, notes);
        getChildren().add(section);
        model.unfoldedProperty().subscribe(on -> {
            put(more, on);
            fold.setText(on ? "less ▴" : "more ▾");
            fold.setAccessibleText(on ? "Fewer figures" : "More figures");
        });
        model.viewProperty().subscribe(this::show);
        model.moreProperty().subscribe(this::showMore);
    }

    private static void put(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private void show(Optional<ErrorViewModel.View> view) {
        List<Label> numbers =
                List.of(mse, sqnr, cosine, maxError, clipped, low, high, bitsPerWeight, split, said, saidMore);
        if (view.isEmpty()) {
            numbers.forEach(label -> label.setText(Figures.NONE));
            split.setText("");
            name.setText("SQNR");
            say(List.of());
            bar.setVisible(false);
            showOutput(ErrorViewModel.AtOutput.NONE);
            put(notes, false);
            return;
        }
        ErrorViewModel.View v = view.get();
        mse.setText(v.deviation().mse());
        sqnr.setText(v.deviation().sqnr());
        name.setText(v.whose().isEmpty() ? "SQNR" : "SQNR, " + v.whose());
        cosine.setText(v.deviation().cosine());
        maxError.setText(v.deviation().maxError());
        clipped.setText(v.clipped().all());
        low.setText(v.clipped().low());
        high.setText(v.clipped().high());
        bitsPerWeight.setText(v.bitsPerWeight());
        showOutput(v.output());
        split.setText(v.split().text());
        say(v.sentences());
        bar.setVisible(v.split().any());
        bar.setShare(1 - v.split().clipping());
        notes.setText(v.notes());
        put(notes, !v.notes().isEmpty());
        numbers.forEach(label -> Previous.mark(label, v.previous()));
    }

    private void say(List<String> sentences) {
        said.setText(sentences.isEmpty() ? "" : sentences.getFirst());
        saidMore.setText(sentences.size() < 2 ? "" : sentences.get(1));
    }

    private void showOutput(ErrorViewModel.AtOutput at) {
        put(output, at.shown());
        put(atOutput, at.why().isEmpty());
        atOutput.setText(at.sqnr());
        outputName.setText(at.why().isEmpty() ? "at its output" : "at its output: " + at.why());
        aboutOutput.setText(at.about());
        Previous.mark(atOutput, at.previous());
    }

    private void showMore(Optional<ErrorViewModel.More> view) {
        rmse.setText(view.map(ErrorViewModel.More::rmseInSteps).orElse(Figures.NONE));
        mae.setText(view.map(ErrorViewModel.More::mae).orElse(Figures.NONE));
        psnr.setText(view.map(ErrorViewModel.More::psnr).orElse(Figures.NONE));
        used.setText(view.map(ErrorViewModel.More::usedCodes).orElse(Figures.NONE));
        entropy.setText(view.map(ErrorViewModel.More::entropy).orElse(Figures.NONE));
        boolean previous = view.map(ErrorViewModel.More::previous).orElse(false);
        List.of(rmse, mae, psnr, used, entropy).forEach(label -> Previous.mark(label, previous));
    }
}
