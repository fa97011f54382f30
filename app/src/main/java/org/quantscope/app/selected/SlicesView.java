package org.quantscope.app.selected;

import javafx.beans.property.ObjectProperty;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Palette;

/** The channels or blocks of the selected tensor, with the values and the range of each. */
public final class SlicesView extends VBox {
    private static final double GAP = 10;

    private final SliceStripView strip = new SliceStripView();
    private final Label hint = new Label();
    private final Button split = new Button("per channel ▸");
    private final Button all = new Button();

    public SlicesView(SlicesViewModel model) {
        super(4);
        strip.setId("slices");
        hint.setId("slices-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        split.setId("switch-to-channels");
        all.setId("all-slices");
        for (Button link : new Button[] {split, all}) {
            link.getStyleClass().add("link");
            link.setMinWidth(USE_PREF_SIZE);
        }
        split.setTooltip(new Tooltip("Give each channel a range of its own"));
        split.setOnAction(e -> model.split());
        all.setOnAction(e -> model.select(SelectedTensor.ALL));
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox words = new HBox(GAP, hint, split, space, all);
        words.setAlignment(Pos.CENTER_LEFT);
        strip.setOnSlice(model::select);
        VBox.setVgrow(strip, Priority.ALWAYS);
        getChildren().addAll(strip, words);
        model.viewProperty().subscribe(this::show);
    }

    public ObjectProperty<Palette> paletteProperty() {
        return strip.paletteProperty();
    }

    private void show(SlicesViewModel.View v) {
        strip.setVisible(v.extents().isPresent());
        strip.setSlices(v.extents().orElse(null), v.noun());
        strip.setClips(v.clips());
        strip.setChosen(v.chosen());
        hint.setText(v.hint());
        put(split, v.canSplit());
        all.setText("all " + v.noun() + "s");
        put(all, v.chosen() != SelectedTensor.ALL);
    }

    private static void put(Button button, boolean on) {
        button.setVisible(on);
        button.setManaged(on);
    }
}
