package org.quantscope.app.selected;

import java.util.Optional;
import java.util.function.IntConsumer;
import javafx.beans.property.ObjectProperty;
import javafx.scene.control.Label;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Stats;

/** How often each code is used: a bar chart, and figures that follow from it. */
public final class CodesView extends VBox {
    private static final double GAP = 6;

    /** Opacity of previous figures, the same as in the style sheet. */
    private static final double PREVIOUS = 0.45;

    private final CodeStripView strip = new CodeStripView();
    private final Stats stats = new Stats();
    private final Label used =
            stats.add("codes used", "codes-used", "How many of the codes occur; orange marks show the others");
    private final Label entropy = stats.add(
            "entropy, bits",
            "codes-entropy",
            "−Σ p·log2 p over the codes: bits that lossless coding of independent codes takes for a value, of the bits"
                    + " of a code");
    private final Label saved = stats.add(
            "lossless saves",
            "codes-saved",
            "Bits of a code minus the entropy: what lossless coding would still save for each value");
    private final Label klDivergence = stats.add(
            "KL",
            "codes-divergence",
            "Kullback-Leibler divergence Σ P·ln(P/Q) of the quantized histogram from the float one, in nats; 0 is"
                    + " best. Over slices: their mean by counts");
    private final Label clipped = stats.add(
            "clipped low · high",
            "codes-clipped",
            "Share of the values below the lowest and above the highest level; they share the code of that end, whose"
                    + " bar has the colour of clipping for their part");
    private final Label nothing = new Label();

    public CodesView(CodesViewModel model) {
        super(GAP);
        strip.setId("code-strip");
        nothing.setId("codes-nothing");
        nothing.getStyleClass().add("hint");
        nothing.setText("no codes: the tensor stays in float, or was not seen yet");
        StackPane plot = new StackPane(strip, nothing);
        plot.setMinHeight(strip.minHeight(-1));
        VBox.setVgrow(plot, Priority.ALWAYS);
        getChildren().addAll(plot, stats, new FileGridView(model));
        model.viewProperty().subscribe(this::show);
    }

    /** Sets what is told the place of a code that was clicked, from 0. */
    public void setOnCode(IntConsumer action) {
        strip.setOnCode(action);
    }

    public ObjectProperty<Palette> paletteProperty() {
        return strip.paletteProperty();
    }

    private void show(Optional<CodesViewModel.View> view) {
        strip.setVisible(view.isPresent());
        stats.setVisible(view.isPresent());
        nothing.setVisible(view.isEmpty());
        view.ifPresent(v -> {
            CodesViewModel.Strip shown = v.strip();
            strip.setCounts(shown.counts(), shown.first(), shown.clippedLow(), shown.clippedHigh());
            used.setText(v.words().used());
            entropy.setText(v.words().entropy());
            saved.setText(v.words().saved());
            klDivergence.setText(v.words().klDivergence());
            clipped.setText(v.words().clipped());
            strip.setOpacity(v.previous() ? PREVIOUS : 1);
            stats.setPrevious(v.previous());
        });
    }
}
