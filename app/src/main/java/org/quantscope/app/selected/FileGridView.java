package org.quantscope.app.selected;

import java.util.Optional;
import javafx.scene.control.Label;
import javafx.scene.control.Spinner;
import javafx.scene.control.SpinnerValueFactory.IntegerSpinnerValueFactory;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.paint.Color;
import javafx.scene.shape.LineTo;
import javafx.scene.shape.MoveTo;
import javafx.scene.shape.Path;
import org.quantscope.app.selected.CodesViewModel.FileGrid;

/** The levels that a file of blocks has for one group of values; nothing for other files. */
final class FileGridView extends VBox {
    private static final double GAP = 6;
    private static final double HEIGHT = 18;
    private static final double SPINNER = 110;

    private final CodesViewModel model;
    private final Label said = new Label();
    private final Ticks ticks = new Ticks();
    private final IntegerSpinnerValueFactory group = new IntegerSpinnerValueFactory(1, 1, 1);

    FileGridView(CodesViewModel model) {
        super(GAP);
        this.model = model;
        said.setId("file-grid");
        said.getStyleClass().add("hint");
        said.setWrapText(true);
        said.setMinHeight(Region.USE_PREF_SIZE);
        Spinner<Integer> spinner = new Spinner<>(group);
        spinner.setId("file-grid-group");
        spinner.setEditable(true);
        spinner.setPrefWidth(SPINNER);
        spinner.setMinWidth(SPINNER);
        spinner.setTooltip(new Tooltip("Which group of values, from 1, in the order of the file"));
        spinner.setAccessibleText("group of values");
        HBox row = new HBox(GAP, ticks, spinner);
        HBox.setHgrow(ticks, Priority.ALWAYS);
        getChildren().addAll(said, row);
        group.valueProperty().subscribe(number -> show());
        model.onSelection(() -> {
            group.setValue(1);
            show();
        });
    }

    private void show() {
        Optional<FileGrid> grid = model.fileGrid(group.getValue() - 1L);
        setVisible(grid.isPresent());
        setManaged(grid.isPresent());
        grid.ifPresent(g -> {
            group.setMax((int) Math.min(Integer.MAX_VALUE, g.groups()));
            said.setText(g.said());
            ticks.show(g.levels());
        });
    }

    /** A line with a mark at each level. */
    private static final class Ticks extends Region {
        private final Path path = new Path();
        private float[] levels = new float[0];

        Ticks() {
            setMinHeight(HEIGHT);
            setPrefHeight(HEIGHT);
            path.setManaged(false);
            path.setStroke(Color.GRAY);
            getChildren().add(path);
        }

        void show(float[] of) {
            levels = of;
            requestLayout();
        }

        @Override
        protected void layoutChildren() {
            path.getElements().clear();
            if (levels.length == 0) {
                return;
            }
            double lo = levels[0];
            double span = levels[levels.length - 1] - lo;
            for (float level : levels) {
                double x = span > 0 ? 1 + (getWidth() - 2) * ((level - lo) / span) : getWidth() / 2;
                if (Double.isFinite(x)) {
                    path.getElements().addAll(new MoveTo(x, 2), new LineTo(x, HEIGHT - 2));
                }
            }
        }
    }
}
