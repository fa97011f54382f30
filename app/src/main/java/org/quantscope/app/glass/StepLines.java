package org.quantscope.app.glass;

import java.util.List;
import javafx.geometry.VPos;
import javafx.scene.control.Label;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;
import org.quantscope.app.explain.FormulaView;
import org.quantscope.app.glass.GlassViewModel.Step;

/** Steps of a calculation, a line each: its name, and the arithmetic with the numbers in hand. */
final class StepLines extends GridPane {
    private static final double GAP = 8;
    private static final double NAME = 96;

    private final String id;

    /** @param id begins the id of each line */
    StepLines(String id) {
        this.id = id;
        setHgap(GAP);
        setVgap(2);
        setId(id + "-steps");
        ColumnConstraints names = new ColumnConstraints(NAME);
        ColumnConstraints arithmetic = new ColumnConstraints();
        arithmetic.setHgrow(Priority.ALWAYS);
        getColumnConstraints().addAll(names, arithmetic);
    }

    void show(List<Step> steps) {
        getChildren().clear();
        for (int i = 0; i < steps.size(); i++) {
            Label name = new Label(steps.get(i).name());
            name.getStyleClass().add("muted");
            GridPane.setValignment(name, VPos.CENTER);
            FormulaView arithmetic = new FormulaView(steps.get(i).arithmetic());
            arithmetic.setId(id + "-step-" + i);
            addRow(i, name, arithmetic);
        }
    }
}
