package org.quantscope.app.flipped;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.SplitBar;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.tensor.TensorId;

/** The error of each layer in a line of its own: its name, a bar for the error relative to the values, and figures. */
final class ErrorBars extends VBox {
    private static final double GAP = 8;
    private static final double NAME = 150;
    private static final double FIGURES = 128;

    private static final double ROW = 24;

    private final Function<TensorId, String> names;
    private final ListView<LayerError> list = new ListView<>();
    private final Label scale = head("", 0);
    /** The error of the longest bar. */
    private double most = 1;

    /** @param names names of activations, as the window shows them */
    ErrorBars(Function<TensorId, String> names) {
        super(2);
        this.names = names;
        Label name = head("layer, in graph order", NAME);
        HBox.setHgrow(scale, Priority.ALWAYS);
        scale.setMaxWidth(Double.MAX_VALUE);
        Label figures = head("SQNR · relative", FIGURES);
        figures.setAlignment(Pos.CENTER_RIGHT);
        HBox heads = new HBox(GAP, name, scale, figures);
        heads.setPadding(new Insets(0, 12, 0, 0));
        list.setId("sample-layers");
        list.getStyleClass().add("plain-list");
        list.setCellFactory(x -> new Line());
        list.setFixedCellSize(ROW);
        list.setAccessibleText("Error of each activation on this sample");
        VBox.setVgrow(list, Priority.ALWAYS);
        getChildren().addAll(heads, list);
    }

    private static Label head(String text, double width) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        if (width > 0) {
            label.setMinWidth(width);
            label.setMaxWidth(width);
        }
        return label;
    }

    void show(List<LayerError> errors, boolean previous) {
        double largest =
                errors.stream().mapToDouble(e -> e.relative().orElse(1)).max().orElse(1);
        most = largest == 0 ? 1 : Math.min(1, largest);
        scale.setText(String.format(Locale.ROOT, "error relative to the values, full at %.3g %%", most * 100));
        list.getItems().setAll(errors);
        Previous.mark(list, previous);
    }

    static String figures(LayerError e) {
        return decibels(e.sqnrDb()) + " · "
                + (e.relative().isPresent()
                        ? String.format(Locale.ROOT, "%.1f %%", e.relative().getAsDouble() * 100)
                        : "–");
    }

    /** The SQNR in decibels. Without any error there is no such number, and a text says so. */
    static String decibels(OptionalDouble db) {
        return db.isEmpty()
                ? "–"
                : Double.isInfinite(db.getAsDouble()) && db.getAsDouble() > 0
                        ? "no error"
                        : String.format(Locale.ROOT, "%.1f dB", db.getAsDouble());
    }

    private final class Line extends ListCell<LayerError> {
        private final Label name = new Label();
        private final SplitBar bar = new SplitBar("error", "");
        private final Label figures = new Label();
        private final HBox line = new HBox(GAP, name, bar, figures);

        Line() {
            name.setMinWidth(NAME);
            name.setMaxWidth(NAME);
            figures.setMinWidth(FIGURES);
            figures.getStyleClass().add("number");
            HBox.setHgrow(bar, Priority.ALWAYS);
            line.setAlignment(Pos.CENTER_LEFT);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable LayerError item, boolean empty) {
            super.updateItem(item, empty);
            if (empty || item == null) {
                setGraphic(null);
                return;
            }
            name.setText(names.apply(item.value()));
            name.setTooltip(new Tooltip(Invisible.escaped(item.value().name())));
            bar.setShare(item.relative().orElse(1) / most);
            figures.setText(figures(item));
            setAccessibleText(Invisible.escaped(item.value().name()) + " " + figures.getText());
            setGraphic(line);
        }
    }
}
