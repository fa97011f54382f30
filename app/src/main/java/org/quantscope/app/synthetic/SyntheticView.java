package org.quantscope.app.synthetic;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleFunction;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Slider;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.HistogramData;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Previous;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.Distribution.Parameter;
import org.quantscope.core.synthetic.SyntheticTensor;

/** Sliders for a recipe, beside the histogram of its values and their error. */
public final class SyntheticView extends HBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double LEFT_WIDTH = 340;
    private static final double VALUE_WIDTH = 64;
    private static final int MOST_BITS = 8;

    private final SyntheticViewModel model;
    private final ComboBox<Distribution> kinds = new ComboBox<>();
    private final Label doc = new Label();
    private final GridPane sliders = new GridPane();
    private final HistogramView histogram = new HistogramView();
    private final Label error = new Label();
    private final Label parts = new Label();
    private final Subscription watching;
    private @Nullable Distribution shown;
    private @Nullable MomentSketch drawn;

    public SyntheticView(SyntheticViewModel model, ObservableValue<Palette> palette) {
        super(GAP);
        this.model = model;
        setPadding(new Insets(GAP));
        kinds.setId("synthetic-kind");
        kinds.getItems().setAll(Distribution.values());
        kinds.setConverter(new StringConverter<>() {
            @Override
            public String toString(@Nullable Distribution kind) {
                return kind == null ? "" : kind.title();
            }

            @Override
            public @Nullable Distribution fromString(String text) {
                return null;
            }
        });
        kinds.setMaxWidth(Double.MAX_VALUE);
        kinds.setTooltip(new Tooltip("What the values are drawn from"));
        kinds.setAccessibleText("Distribution");
        kinds.valueProperty().subscribe(kind -> {
            if (kind != null) {
                model.choose(kind);
            }
        });
        doc.getStyleClass().add("hint");
        doc.setWrapText(true);
        doc.setMinHeight(USE_PREF_SIZE);
        sliders.setHgap(SMALL_GAP);
        sliders.setVgap(SMALL_GAP);
        VBox left = new VBox(SMALL_GAP, kinds, doc, sliders);
        left.setMinWidth(LEFT_WIDTH);
        left.setPrefWidth(LEFT_WIDTH);
        histogram.setEnabledHandles(false);
        histogram.paletteProperty().bind(palette);
        VBox.setVgrow(histogram, Priority.ALWAYS);
        error.setId("synthetic-error");
        error.getStyleClass().addAll("number", "headline");
        parts.getStyleClass().add("hint");
        Label about = new Label("The levels of symmetric codes in the range with the least squared error. Counts are on"
                + " a logarithmic axis.");
        about.getStyleClass().add("hint");
        about.setWrapText(true);
        about.setMinHeight(USE_PREF_SIZE);
        VBox right = new VBox(SMALL_GAP, histogram, error, parts, about);
        HBox.setHgrow(right, Priority.ALWAYS);
        getChildren().addAll(left, right);
        watching = model.viewProperty().subscribe(this::show);
        model.show();
    }

    /** Stops watching the model. */
    public void close() {
        watching.unsubscribe();
    }

    /** Puts the keyboard on the first control. */
    public void focusFirst() {
        kinds.requestFocus();
    }

    private void show(SyntheticViewModel.View v) {
        Distribution kind = v.recipe().distribution();
        if (kind != shown) {
            shown = kind;
            kinds.setValue(kind);
            doc.setText(kind.doc());
            layOut(v);
        }
        v.preview().ifPresent(p -> {
            if (p.values() != drawn) {
                drawn = p.values();
                histogram.setData(HistogramData.of(p.values()));
            }
            histogram.setClip(p.clip(), v.spec().symmetric());
            histogram.setGrid(p.grid());
            error.setText(p.error());
            parts.setText(p.parts());
        });
        Previous.mark(error, v.previous());
        Previous.mark(parts, v.previous());
    }

    private void layOut(SyntheticViewModel.View v) {
        SyntheticTensor recipe = v.recipe();
        sliders.getChildren().clear();
        List<Parameter> all = new ArrayList<>(recipe.distribution().parameters());
        int row = 0;
        for (Parameter p : all) {
            double value = recipe.parameters().getOrDefault(p.name(), p.usual());
            double least = p.byFactor() ? Math.log10(p.least()) : p.least();
            double most = p.byFactor() ? Math.log10(p.most()) : p.most();
            add(
                    row++,
                    "synthetic-" + p.name(),
                    p.title(),
                    new Slider(least, most, p.byFactor() ? Math.log10(value) : value),
                    at -> model.set(p, p.byFactor() ? Math.pow(10, at) : at),
                    x -> value(p));
        }
        add(
                row++,
                "synthetic-size",
                "Values",
                steps(
                        SyntheticViewModel.LEAST_LOG_SIZE,
                        SyntheticViewModel.MOST_LOG_SIZE,
                        Integer.numberOfTrailingZeros(recipe.size())),
                at -> model.setLogSize((int) Math.rint(at)),
                at -> Figures.count(model.viewProperty().get().recipe().size()));
        add(
                row++,
                "synthetic-seed",
                "Seed",
                steps(0, SyntheticViewModel.MOST_SEED, (int) recipe.seed()),
                at -> model.setSeed((int) Math.rint(at)),
                at -> Long.toString(model.viewProperty().get().recipe().seed()));
        add(
                row,
                "synthetic-bits",
                "Bits, for this picture",
                steps(2, MOST_BITS, v.spec().bits()),
                at -> model.setBits((int) Math.rint(at)),
                at -> Integer.toString(model.viewProperty().get().spec().bits()));
    }

    private String value(Parameter p) {
        double value = model.viewProperty().get().recipe().parameters().getOrDefault(p.name(), p.usual());
        return p.whole() ? Figures.count(Math.round(value)) : Figures.value(value);
    }

    private static Slider steps(int least, int most, int value) {
        Slider slider = new Slider(least, most, value);
        slider.setBlockIncrement(1);
        slider.setMajorTickUnit(1);
        slider.setMinorTickCount(0);
        return slider;
    }

    private void add(int row, String id, String title, Slider slider, DoubleConsumer set, DoubleFunction<String> text) {
        Label name = new Label(title);
        name.getStyleClass().add("muted");
        name.setMinWidth(USE_PREF_SIZE);
        name.setLabelFor(slider);
        Label number = new Label(text.apply(slider.getValue()));
        number.getStyleClass().add("number");
        number.setMinWidth(VALUE_WIDTH);
        number.setAlignment(Pos.CENTER_RIGHT);
        slider.setId(id);
        slider.setAccessibleText(title);
        slider.valueProperty().addListener((o, was, is) -> {
            set.accept(is.doubleValue());
            number.setText(text.apply(is.doubleValue()));
        });
        GridPane.setHgrow(slider, Priority.ALWAYS);
        sliders.addRow(row, name, slider, number);
    }
}
