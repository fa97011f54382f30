package org.quantscope.app.ui;

import javafx.geometry.HPos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;

/** A table of facts: names on the left, values on the right, one on each line. */
public final class Facts extends GridPane {
    private static final double GAP = 12;
    private static final double LINE = 3;

    private static final double TIP_WIDTH = 420;

    private int next;

    public Facts() {
        getStyleClass().add("facts");
        setHgap(GAP);
        setVgap(LINE);
        ColumnConstraints names = new ColumnConstraints();
        names.setMinWidth(USE_PREF_SIZE);
        ColumnConstraints values = new ColumnConstraints();
        values.setHgrow(Priority.ALWAYS);
        values.setHalignment(HPos.RIGHT);
        getColumnConstraints().addAll(names, values);
    }

    /**
     * Adds a line.
     *
     * @param tip tooltip that says what the value means, with its unit
     */
    public void add(String name, Node value, String tip) {
        Label label = new Label(name);
        label.getStyleClass().add("muted");
        label.setMinWidth(USE_PREF_SIZE);
        label.setLabelFor(value);
        label.setTooltip(tip(tip));
        value.setAccessibleText(name);
        Explained.as(value, name);
        addRow(next++, label, value);
    }

    /** Adds a line for a number, and returns the label to set. */
    public Label addNumber(String name, String id, String tip) {
        Label value = new SteadyLabel();
        value.setId(id);
        value.getStyleClass().add("number");
        value.setMinWidth(USE_PREF_SIZE);
        value.setTooltip(tip(tip));
        add(name, value, tip);
        value.textProperty().subscribe(text -> value.setAccessibleText(name + " " + text));
        return value;
    }

    /** Shows or hides the line of a value, for example if the value has no meaning. */
    public void show(Node value, boolean on) {
        for (Node node : getChildren()) {
            if (node.equals(value) || (node instanceof Label label && value.equals(label.getLabelFor()))) {
                node.setVisible(on);
                node.setManaged(on);
            }
        }
    }

    /** A tooltip that wraps long text. */
    static Tooltip tip(String text) {
        Tooltip tip = new Tooltip(text);
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        return tip;
    }

    /** Adds a line that spans both columns. */
    public void addWide(Node node) {
        add(node, 0, next++, 2, 1);
    }
}
