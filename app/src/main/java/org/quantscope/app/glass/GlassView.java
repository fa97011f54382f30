package org.quantscope.app.glass;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.ValueTrace.Bits;
import org.quantscope.core.quant.ValueTrace.Field;

/** A value with its steps line by line, and its bits, each a button that flips it. */
public final class GlassView extends VBox {
    private static final double GAP = 8;

    private final GlassViewModel model;
    private final Label title = wrapped("title");
    private final TextField value = new TextField();
    private final TextField weight = new TextField();
    private final Button before = new Button("◂");
    private final Button after = new Button("▸");
    private final Label weights = new Label();
    private final HBox chooser;
    private final StepLines steps = new StepLines("glass");
    private final MakingView making;
    private final HBox bits = new HBox(2);
    private final Label flipped = wrapped("explanation-here");
    private final Label why = wrapped("hint");
    private final Subscription watching;

    public GlassView(GlassViewModel model) {
        super(GAP);
        this.model = model;
        getStyleClass().add("glass");
        title.setId("glass-title");
        value.setId("glass-value");
        value.setPrefColumnCount(9);
        value.setAccessibleText("Value");
        value.setOnAction(e -> {
            OptionalDouble typed = Figures.parse(value.getText());
            typed.ifPresent(model::showValue);
        });
        weight.setId("glass-weight");
        weight.setPrefColumnCount(8);
        weight.setAccessibleText("Number of the weight");
        weight.setOnAction(e -> {
            OptionalDouble typed = Figures.parse(weight.getText().replace(",", ""));
            typed.ifPresent(n -> model.showWeight((long) n));
        });
        before.setId("glass-before");
        before.setAccessibleText("The weight before");
        before.setOnAction(e -> step(-1));
        after.setId("glass-after");
        after.setAccessibleText("The next weight");
        after.setOnAction(e -> step(1));
        weights.getStyleClass().add("muted");
        Label of = new Label("Weight");
        of.getStyleClass().add("muted");
        chooser = new HBox(GAP, of, before, weight, after, weights);
        chooser.setAlignment(Pos.CENTER_LEFT);
        chooser.managedProperty().bind(chooser.visibleProperty());
        Label any = new Label("Value");
        any.getStyleClass().add("muted");
        HBox values = new HBox(GAP, any, value);
        values.setAlignment(Pos.CENTER_LEFT);
        bits.setId("glass-bits");
        flipped.setId("glass-flipped");
        flipped.managedProperty().bind(flipped.visibleProperty());
        why.setId("glass-why");
        why.managedProperty().bind(why.visibleProperty());
        making = new MakingView(model.making());
        getChildren().addAll(title, values, chooser, why, steps, bits, flipped, making);
        watching = model.viewProperty().subscribe(v -> v.ifPresent(this::show));
    }

    private static Label wrapped(String style) {
        Label label = new Label();
        label.getStyleClass().add(style);
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private void step(int by) {
        model.viewProperty().get().ifPresent(v -> model.showWeight(v.weight().orElse(-by) + by));
    }

    private void show(GlassViewModel.View v) {
        title.setText(v.title());
        value.setText(Figures.value(v.value()));
        chooser.setVisible(v.weights() > 0);
        weight.setText(v.weight().isPresent() ? Figures.count(v.weight().getAsLong()) : "");
        weights.setText("of 0 … " + Figures.count(Math.max(0, v.weights() - 1)));
        before.setDisable(v.weight().orElse(0) <= 0);
        after.setDisable(v.weight().orElse(0) >= v.weights() - 1);
        why.setText(v.why());
        why.setVisible(!v.why().isEmpty());
        steps.show(v.steps());
        showBits(v.bits());
        flipped.setText(v.flipped());
        flipped.setVisible(!v.flipped().isEmpty());
    }

    private void showBits(Optional<Bits> shown) {
        int focus = bits.getScene() != null
                        && bits.getScene().getFocusOwner() instanceof ToggleButton b
                        && String.valueOf(b.getId()).startsWith("glass-bit-")
                ? Integer.parseInt(b.getId().substring("glass-bit-".length()))
                : -1;
        bits.getChildren().clear();
        if (shown.isEmpty()) {
            return;
        }
        String text = shown.get().text();
        int at = 0;
        for (Field field : shown.get().fields()) {
            HBox group = new HBox(2);
            for (int i = 0; i < field.width(); i++) {
                int place = at++;
                ToggleButton bit = new ToggleButton(text.substring(place, place + 1));
                bit.setId("glass-bit-" + place);
                bit.getStyleClass().addAll("bit", "number");
                bit.setSelected(bit.getText().equals("1"));
                bit.setAccessibleText("Bit " + place + " is " + bit.getText() + ", flip it");
                bit.setTooltip(new Tooltip("Flip this bit"));
                bit.setOnAction(e -> model.flip(place));
                group.getChildren().add(bit);
                if (place == focus) {
                    bit.requestFocus();
                }
            }
            Label part = new Label(
                    switch (field.part()) {
                        case SIGN -> "sign";
                        case EXPONENT -> "exponent";
                        case MANTISSA -> "mantissa";
                        case INTEGER -> "integer, two’s complement";
                        case NUMBER -> "code";
                    });
            part.getStyleClass().add("caption");
            VBox under = new VBox(2, group, part);
            under.getStyleClass().add("bit-field-" + field.part().name().toLowerCase(Locale.ROOT));
            bits.getChildren().add(under);
        }
        bits.setSpacing(GAP);
    }

    /** Stops following. */
    public void close() {
        watching.unsubscribe();
        making.close();
        model.close();
    }
}
