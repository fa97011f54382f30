package org.quantscope.app.graph;

import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** The row below the drawing: a field that finds operators, and what folds blocks and turns the drawing. */
final class GraphTools extends HBox {
    private static final double GAP = 12;
    private static final double FIELD = 120;

    private final TextField field = new TextField();
    private final Label hits = new Label();
    private final Button fold = new Button("fold blocks");
    private final Button turn = new Button("turn");

    /** What the row asks for. */
    interface Asked {
        /** A text was typed; empty to find nothing. */
        void find(String text);

        /** Go to the next hit, or with −1 to the one before. */
        void go(int by);

        /** The keyboard goes back to the drawing. */
        void leave();

        void fold();

        void turn();
    }

    GraphTools(Asked asked) {
        super(GAP);
        field.setId("graph-find");
        field.setPromptText("Find operators");
        field.setPrefWidth(FIELD);
        field.setMinWidth(FIELD);
        field.setTooltip(
                new Tooltip("Type a part of an operator, a name or a tensor; Enter goes to the next one, Shift+Enter"
                        + " to the one before (Ctrl+F while the graph has the keyboard)"));
        field.textProperty().subscribe((was, is) -> asked.find(is));
        field.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ENTER) {
                asked.go(e.isShiftDown() ? -1 : 1);
                e.consume();
            } else if (e.getCode() == KeyCode.ESCAPE) {
                field.clear();
                asked.leave();
                e.consume();
            }
        });
        hits.setId("graph-hits");
        hits.getStyleClass().addAll("hint", "over-plot");
        hits.setMinWidth(Region.USE_PREF_SIZE);
        hits.managedProperty().bind(hits.textProperty().isNotEmpty());
        link(fold, "graph-fold", "", asked::fold);
        link(turn, "graph-turn", "From top to bottom, or from left to right", asked::turn);
        getChildren().addAll(hits, field, fold, turn);
        setAlignment(Pos.CENTER_RIGHT);
        setMinWidth(USE_PREF_SIZE);
        setMaxSize(USE_PREF_SIZE, USE_PREF_SIZE);
    }

    private static void link(Button button, String id, String tip, Runnable action) {
        button.setId(id);
        button.getStyleClass().addAll("link", "over-plot");
        button.setMinWidth(USE_PREF_SIZE);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
    }

    void focusField() {
        field.requestFocus();
        field.selectAll();
    }

    boolean hasKeyboard() {
        return field.isFocused();
    }

    /** Which of the hits is in sight, from 1; 0 of 0 while nothing is sought. */
    void hits(int at, int of, boolean sought) {
        hits.setText(!sought ? "" : of == 0 ? "none" : at == 0 ? of + " found" : at + " of " + of);
    }

    /**
     * @param blocks how many blocks can be folded
     * @param folded how many of them are
     */
    void blocks(int blocks, int folded) {
        fold.setText(folded > 0 ? "open blocks" : "fold blocks");
        fold.setDisable(blocks == 0);
        fold.getTooltip()
                .setText(
                        blocks == 0
                                ? "The names of the operators tell of no blocks"
                                : folded == 0
                                        ? "One box for each of " + blocks + " blocks; a double click opens one"
                                        : folded + " of " + blocks + " blocks are folded"
                                                + (folded < blocks
                                                        ? "; the others were opened, or something leaves them and comes"
                                                                + " back"
                                                        : ""));
    }

    void setShown(boolean on) {
        setVisible(on);
    }
}
