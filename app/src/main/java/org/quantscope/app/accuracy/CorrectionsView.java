package org.quantscope.app.accuracy;

import java.util.Optional;
import java.util.OptionalDouble;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Section;
import org.quantscope.core.eval.AccuracyEstimate;

/** The corrections of the float model, with figures before and after. Takes no space if there are none. */
public final class CorrectionsView extends VBox {
    private final Label titles = new Label();
    private final Facts facts = new Facts();
    private final Label accuracy = facts.addNumber(
            "accuracy", "correction-accuracy", "Of the quantized model: before the last correction → now");
    private final Label worst = facts.addNumber(
            "worst weight",
            "correction-worst",
            "Lowest signal to quantization noise of a weight: before the last correction → now");
    private final Label changed = facts.addNumber("changed", "correction-changed", "Tensors with other values");
    private final Label kept = new Label();
    private final Label notes = new Label();
    private final Button remove = new Button("Remove");

    public CorrectionsView(CorrectionsViewModel model) {
        titles.setId("correction-titles");
        titles.setWrapText(true);
        kept.setId("correction-kept");
        kept.getStyleClass().add("hint");
        kept.setWrapText(true);
        notes.setId("correction-notes");
        notes.getStyleClass().add("hint");
        notes.setWrapText(true);
        remove.setId("correction-remove");
        remove.setTooltip(new Tooltip("Undo the last correction"));
        remove.setOnAction(e -> model.removeLast());
        remove.getStyleClass().add("link");
        getChildren().add(new Section("Corrected", titles, facts, notes, kept).withAside(remove));
        model.viewProperty().subscribe(this::show);
    }

    private void show(CorrectionsViewModel.View v) {
        setVisible(!v.titles().isEmpty());
        setManaged(isVisible());
        titles.setText(String.join("\n", v.titles()));
        accuracy.setText(score(v.before().score()) + " → " + score(v.now().score()));
        worst.setText(decibels(v.before().worst()) + " → " + decibels(v.now().worst()));
        changed.setText(v.changed().map(n -> Figures.count(n) + " tensors").orElse(Figures.NONE));
        // The first says what was chosen; there may be one for each layer.
        int more = v.notes().size() - 1;
        notes.setText(
                v.notes().isEmpty()
                        ? ""
                        : v.notes().getFirst() + (more > 0 ? "; " + more + " more: hover for all" : ""));
        notes.setTooltip(v.notes().isEmpty() ? null : new Tooltip(String.join("\n", v.notes())));
        notes.setVisible(!v.notes().isEmpty());
        notes.setManaged(notes.isVisible());
        int left = v.kept().size();
        kept.setText(
                left == 0
                        ? ""
                        : left + (left == 1 ? " layer starts no pair or stays" : " layers start no pair or stay")
                                + " as it was: hover for why");
        kept.setTooltip(left == 0 ? null : new Tooltip(String.join("\n", v.kept())));
        kept.setVisible(left > 0);
        kept.setManaged(left > 0);
    }

    private static String score(Optional<AccuracyEstimate> estimate) {
        return estimate.map(e -> Figures.score(e.task(), e.score())).orElse("…");
    }

    private static String decibels(OptionalDouble db) {
        return db.isEmpty() ? "…" : Figures.decibels(db);
    }
}
