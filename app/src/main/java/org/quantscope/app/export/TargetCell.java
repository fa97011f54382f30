package org.quantscope.app.export;

import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** A format, with how many problems it has. */
final class TargetCell extends ListCell<CheckedFormat> {
    private final Label name = new Label();
    private final Label ending = new Label();
    private final Label state = new Label();
    private final HBox line;

    TargetCell() {
        ending.getStyleClass().add("hint");
        state.getStyleClass().add("hint");
        name.setMinWidth(0);
        state.setMinWidth(USE_PREF_SIZE);
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        HBox second = new HBox(ending, gap, state);
        VBox names = new VBox(name, second);
        names.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(names, Priority.ALWAYS);
        names.setMinWidth(0);
        line = new HBox(names);
        line.setAlignment(Pos.CENTER_LEFT);
        setPrefWidth(0);
    }

    @Override
    protected void updateItem(@Nullable CheckedFormat target, boolean empty) {
        super.updateItem(target, empty);
        if (empty || target == null) {
            setGraphic(null);
            setTooltip(null);
            return;
        }
        name.setText(target.exporter().title());
        ending.setText("*" + target.exporter().extension() + (target.recent() ? " · used lately" : ""));
        state.setText(
                (target.ready() ? "✓ " : target.errors() > 0 || target.refused().isPresent() ? "✕ " : "! ")
                        + target.state());
        state.getStyleClass().removeAll("warning", "loss");
        if (!target.ready()) {
            state.getStyleClass().add(target.errors() > 0 || target.refused().isPresent() ? "loss" : "warning");
        }
        setAccessibleText(target.exporter().title() + ", " + target.state());
        setTooltip(
                new Tooltip(target.exporter().title() + "\n" + target.exporter().source()));
        setGraphic(line);
    }
}
