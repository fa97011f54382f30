package org.quantscope.app.flipped;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Section;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.eval.SampleOutcomes.Outcome;

/** A few of the samples that flipped, with both classes, and a button that shows all. */
public final class FlippedStrip extends VBox {
    private static final double TILE = 48;
    private static final double GAP = 8;

    private final FlippedViewModel model;
    private final Section section;
    private final List<Flip> flips = new ArrayList<>();
    private final HBox row = new HBox(GAP);
    private final Label summary = new SteadyLabel();
    private final Button all = new Button("all…");

    /** One flipped sample. */
    private static final class Flip extends Button {
        final SampleTile tile;
        final Label was = new SteadyLabel();
        final Label is = new SteadyLabel();
        final Tooltip tip = new Tooltip();
        int sample = -1;

        Flip(Thumbnails thumbnails) {
            tile = new SampleTile(thumbnails, TILE);
            for (Label label : new Label[] {was, is}) {
                label.getStyleClass().add("flip-class");
                label.setTextOverrun(OverrunStyle.CLIP);
            }
            VBox content = new VBox(2, tile, was, is);
            content.setAlignment(Pos.CENTER);
            setGraphic(content);
            setContentDisplay(ContentDisplay.GRAPHIC_ONLY);
            getStyleClass().setAll("flip");
            setTooltip(tip);
            setMaxWidth(Double.MAX_VALUE);
            HBox.setHgrow(this, Priority.ALWAYS);
        }
    }

    /** @param open shows all flipped samples, and selects the one with this index in the data set if it is given */
    public FlippedStrip(FlippedViewModel model, Thumbnails thumbnails, Consumer<OptionalInt> open) {
        this.model = model;
        for (int i = 0; i < FlippedViewModel.FIRST; i++) {
            Flip flip = new Flip(thumbnails);
            flip.setId("flip-" + i);
            flip.setOnAction(e -> open.accept(OptionalInt.of(flip.sample)));
            flips.add(flip);
        }
        row.getChildren().addAll(flips);
        summary.setId("flipped-summary");
        summary.getStyleClass().add("hint");
        all.setId("flipped-all");
        all.getStyleClass().add("link");
        all.setTooltip(new Tooltip(
                "All samples that changed class, the confusion of both models, and a sample's error layer by layer"));
        all.setOnAction(e -> open.accept(OptionalInt.empty()));
        HBox space = new HBox();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox words = new HBox(GAP, summary, space, all);
        words.setAlignment(Pos.CENTER_LEFT);
        section = new Section("Flipped by this setting", row, words);
        getChildren().add(section);
        model.viewProperty().subscribe(this::show);
    }

    private void show(FlippedViewModel.View v) {
        boolean some = v.found().isPresent();
        setVisible(some);
        setManaged(some);
        v.found().ifPresent(this::show);
    }

    private void show(FlippedViewModel.View.Found v) {
        FlippedViewModel.Tally n = v.tally();
        String partial = n.seen() < n.total() ? "≈ " : "";
        section.setTitle("Flipped by this setting · " + Figures.count(n.changed()));
        summary.setText(
                n.changed() == 0
                        ? partial + "none of " + Figures.count(n.seen()) + " samples"
                        : partial + Figures.count(n.lost()) + " lost · " + Figures.count(n.gained()) + " gained · "
                                + Figures.count(n.other()) + " other");
        List<Outcome> first = v.surest();
        row.setManaged(!first.isEmpty());
        row.setVisible(!first.isEmpty());
        for (int i = 0; i < FlippedViewModel.FIRST; i++) {
            Flip flip = flips.get(i);
            flip.setVisible(i < first.size());
            if (i < first.size()) {
                Outcome o = first.get(i);
                if (flip.sample != o.sample()) {
                    flip.sample = o.sample();
                    flip.tile.show(model, o.sample());
                }
                flip.was.setText(model.floatAnswer(o));
                flip.is.setText("→ " + model.quantizedAnswer(o));
                Optional<String> input = model.inputText(o);
                flip.tile.setWords(input);
                String text = "sample " + o.sample()
                        + input.map(words -> ", " + words).orElse("")
                        + model.labelled(o).map(words -> ", label " + words).orElse("")
                        + ": " + model.floatAnswer(o) + " → " + model.quantizedAnswer(o);
                flip.tip.setText(text);
                flip.setAccessibleText(text);
            } else {
                flip.sample = -1;
            }
        }
        Previous.mark(row, v.previous());
        Previous.mark(summary, v.previous());
    }
}
