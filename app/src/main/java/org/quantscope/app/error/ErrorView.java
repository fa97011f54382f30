package org.quantscope.app.error;

import java.util.List;
import java.util.Optional;
import javafx.scene.control.Label;
import javafx.scene.layout.VBox;
import org.quantscope.app.card.Facts;
import org.quantscope.app.card.Section;
import org.quantscope.app.card.SplitBar;

/** The error of the tensor in hand, and how it splits. */
public final class ErrorView extends VBox {
    private final Facts facts = new Facts();
    private final Label mse = facts.addNumber("MSE", "mse", "Mean squared error, in squared tensor units");
    private final Label sqnr = facts.addNumber("SQNR", "sqnr", "Signal to quantization noise, 10·log10(Σx²/Σ(x−y)²) in dB; more is better");
    private final Label cosine = facts.addNumber("cosine", "cosine", "Cosine of the angle between the tensor and its quantized self; 1 is best");
    private final Label maxError = facts.addNumber("largest error", "max-error", "Largest |x−y|, in tensor units");
    private final Label clipped = facts.addNumber("clipped", "clipped", "Values outside the effective range");
    private final SplitBar bar = new SplitBar("rounding", "clipping");
    private final Label split = new Label();
    private final Label nonFinite = new Label();

    public ErrorView(ErrorViewModel model) {
        split.setId("split");
        split.getStyleClass().add("hint");
        bar.setAccessibleText("Share of rounding and clipping in the squared error");
        nonFinite.setId("non-finite");
        nonFinite.getStyleClass().addAll("hint", "warning");
        nonFinite.setWrapText(true);
        facts.addWide(bar);
        facts.addWide(split);
        facts.addWide(nonFinite);
        getChildren().add(new Section("Error of this tensor", facts));
        model.viewProperty().subscribe(this::show);
    }

    private void show(Optional<ErrorViewModel.View> view) {
        List<Label> numbers = List.of(mse, sqnr, cosine, maxError, clipped, split);
        if (view.isEmpty()) {
            numbers.forEach(label -> label.setText("–"));
            split.setText("");
            bar.setVisible(false);
            nonFinite.setManaged(false);
            nonFinite.setVisible(false);
            return;
        }
        ErrorViewModel.View v = view.get();
        mse.setText(v.mse());
        sqnr.setText(v.sqnr());
        cosine.setText(v.cosine());
        maxError.setText(v.maxError());
        clipped.setText(v.clipped());
        split.setText(v.split());
        bar.setVisible(v.hasError());
        bar.setShare(1 - v.clippingShare());
        nonFinite.setText(v.nonFinite());
        nonFinite.setVisible(!v.nonFinite().isEmpty());
        nonFinite.setManaged(!v.nonFinite().isEmpty());
        for (Label label : numbers) {
            label.getStyleClass().remove("previous");
            if (v.previous()) {
                label.getStyleClass().add("previous");
            }
        }
    }
}
