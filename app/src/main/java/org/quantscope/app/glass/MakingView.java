package org.quantscope.app.glass;

import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import javafx.util.Subscription;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.integer.Arithmetic;

/** How a value of an activation comes about, line by line; which sample and element, and whose arithmetic, can be chosen. */
final class MakingView extends VBox {
    private static final double GAP = 8;
    private static final int COLUMNS = 7;

    private final ComboBox<Arithmetic> arithmetic = new ComboBox<>();
    private final Chooser sample;
    private final Chooser element;
    private final StepLines lines = new StepLines("making");
    private final Label made = wrapped("making-made", "muted");
    private final Label why = wrapped("making-why", "hint");
    private final Subscription watching;
    private boolean showing;

    MakingView(MakingViewModel model) {
        super(GAP);
        Label title = new Label("How it comes about");
        title.getStyleClass().add("title");
        arithmetic.setId("making-arithmetic");
        arithmetic.setAccessibleText("Whose arithmetic");
        arithmetic.setTooltip(new Tooltip("The same accumulators become other codes where runtimes round differently"));
        arithmetic.getItems().setAll(Arithmetic.values());
        arithmetic.setConverter(new StringConverter<>() {
            @Override
            public String toString(Arithmetic a) {
                return a == null ? "" : a.title();
            }

            @Override
            public Arithmetic fromString(String text) {
                throw new UnsupportedOperationException(text);
            }
        });
        arithmetic.setOnAction(e -> {
            if (!showing) {
                model.choose(arithmetic.getValue());
            }
        });
        sample = new Chooser("Sample", "making-sample", model::showSample);
        element = new Chooser("Element", "making-element", model::showElement);
        FlowPane choices = new FlowPane(2 * GAP, GAP, sample, element);
        getChildren().addAll(title, arithmetic, choices, why, made, lines);
        setId("making");
        managedProperty().bind(visibleProperty());
        watching = model.viewProperty().subscribe(this::show);
    }

    private static Label wrapped(String id, String style) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add(style);
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        label.managedProperty().bind(label.visibleProperty());
        return label;
    }

    /** A number with its neighbours. */
    private static final class Chooser extends HBox {
        private final TextField number = new TextField();
        private final Button before = new Button("◂");
        private final Button after = new Button("▸");
        private final Label of = new Label();
        private int now;

        Chooser(String name, String id, LongConsumer to) {
            super(GAP / 2);
            setAlignment(Pos.CENTER_LEFT);
            Label label = new Label(name);
            label.getStyleClass().add("muted");
            number.setId(id);
            number.setPrefColumnCount(COLUMNS);
            number.setAccessibleText(name);
            number.setOnAction(
                    e -> Figures.parse(number.getText().replace(",", "")).ifPresent(n -> to.accept((long) n)));
            before.setId(id + "-before");
            before.setAccessibleText(name + " before");
            before.setOnAction(e -> to.accept(now - 1L));
            after.setId(id + "-after");
            after.setAccessibleText("Next " + name.toLowerCase(Locale.ROOT));
            after.setOnAction(e -> to.accept(now + 1L));
            of.getStyleClass().add("muted");
            getChildren().addAll(label, before, number, after, of);
        }

        void show(int index, int count) {
            now = index;
            number.setText(Figures.count(index));
            of.setText(count == 0 ? "" : "of 0 … " + Figures.count(count - 1));
            before.setDisable(index <= 0);
            after.setDisable(index >= count - 1);
        }
    }

    private void show(Optional<MakingViewModel.View> shown) {
        setVisible(shown.isPresent());
        shown.ifPresent(v -> {
            showing = true;
            arithmetic.setValue(v.arithmetic());
            showing = false;
            sample.show(v.sample(), v.samples());
            element.show(v.element(), v.elements());
            why.setText(v.why());
            why.setVisible(!v.why().isEmpty());
            made.setText(v.made());
            made.setVisible(!v.made().isEmpty());
            lines.show(v.steps());
        });
    }

    void close() {
        watching.unsubscribe();
    }
}
