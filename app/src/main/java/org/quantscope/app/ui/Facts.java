package org.quantscope.app.ui;

import javafx.geometry.HPos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;

/** Names on the left, values on the right, one a line. */
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
     * @param tip what the value means, with its unit
     */
    public void add(String name, Node value, String tip) {
        Label label = new Label(name);
        label.getStyleClass().add("muted");
        label.setMinWidth(USE_PREF_SIZE);
        label.setLabelFor(value);
        label.setTooltip(tip(tip));
        value.setAccessibleText(name);
        addRow(next++, label, value);
    }

    /** Adds a line with a number, and gives its label. */
    public Label addNumber(String name, String id, String tip) {
        Label value = new Label();
        value.setId(id);
        value.getStyleClass().add("number");
        value.setMinWidth(USE_PREF_SIZE);
        value.setTooltip(tip(tip));
        add(name, value, tip);
        value.textProperty().subscribe(text -> value.setAccessibleText(name + " " + text));
        return value;
    }

    /** Shows the line of a value, or takes it away where it has no meaning. */
    public void show(Node value, boolean on) {
        for (Node node : getChildren()) {
            if (node.equals(value) || (node instanceof Label label && value.equals(label.getLabelFor()))) {
                node.setVisible(on);
                node.setManaged(on);
            }
        }
    }

    /** A tooltip that breaks long text into lines. */
    static Tooltip tip(String text) {
        Tooltip tip = new Tooltip(text);
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        return tip;
    }

    /** Adds something over the whole width. */
    public void addWide(Node node) {
        add(node, 0, next++, 2, 1);
    }
}
