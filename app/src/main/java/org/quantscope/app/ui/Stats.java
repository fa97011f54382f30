package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.VBox;

/** Figures side by side, each under a small name; they wrap to another row if they do not fit. */
public final class Stats extends FlowPane {
    private static final double GAP = 14;
    private static final double LINE = 4;

    private final List<Label> values = new ArrayList<>();

    public Stats() {
        super(GAP, LINE);
        getStyleClass().add("stats");
    }

    /**
     * Adds a figure, and returns the label to set.
     *
     * @param tip tooltip that says what the figure means, with its formula and unit
     */
    public Label add(String name, String id, String tip) {
        Label caption = new Label(name);
        caption.getStyleClass().add("caption");
        caption.setMinWidth(USE_PREF_SIZE);
        Label value = new SteadyLabel();
        value.setId(id);
        value.getStyleClass().add("number");
        value.setMinWidth(USE_PREF_SIZE);
        Tooltip tooltip = Facts.tip(tip);
        value.setTooltip(tooltip);
        caption.setTooltip(tooltip);
        caption.setLabelFor(value);
        Explained.as(value, name);
        value.textProperty().subscribe(text -> value.setAccessibleText(name + " " + text));
        values.add(value);
        getChildren().add(new VBox(caption, value));
        return value;
    }

    /** Dims the figures while they belong to earlier settings. */
    public void setPrevious(boolean previous) {
        for (Label value : values) {
            Previous.mark(value, previous);
        }
    }
}
