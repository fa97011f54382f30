package org.quantscope.app.flipped;

import java.util.List;
import javafx.scene.control.Label;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Copyable;

/** One sample's error layer by layer. */
public final class SampleLayersView extends VBox {
    private final Label hint = new Label();
    private final ErrorBars bars;

    public SampleLayersView(SampleLayersViewModel model) {
        super(4);
        bars = new ErrorBars(model::name);
        hint.setId("sample-layers-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        VBox.setVgrow(bars, Priority.ALWAYS);
        getChildren().addAll(hint, bars);
        Copyable.install(this, () -> {
            SampleLayersViewModel.View v = model.viewProperty().get();
            return v.sample().isEmpty() || v.layers().isEmpty()
                    ? List.of()
                    : LayerFigures.layers(
                            v.layers(), model::name, "sample " + v.sample().getAsInt() + v.company());
        });
        model.viewProperty().subscribe(this::show);
    }

    private void show(SampleLayersViewModel.View v) {
        boolean some = v.sample().isPresent();
        bars.setVisible(some);
        hint.setText(
                some
                        ? "sample " + v.sample().getAsInt() + v.company()
                                + " · quantized against float activations, everything quantized as set"
                        : "Choose a sample to see where in the network its error grows.");
        bars.show(some ? v.layers() : List.of(), v.previous());
    }
}
