package org.quantscope.app.window;

import java.util.Locale;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.CacheView;
import org.quantscope.app.accuracy.TriedView;
import org.quantscope.app.ui.JobsView;

/** The strip at the bottom of the window: the settings tried, the running jobs, and the meaning of the marks. */
final class BottomStrip extends StackPane {
    private static final double GAP = 12;
    private static final double PADDING = 8;
    private static final double HEIGHT = 116;
    private static final double RIGHT_WIDTH = 344;

    BottomStrip(ApplicationContext context) {
        Label head = new Label();
        head.getStyleClass().add("section-head");
        context.accuracy()
                .viewProperty()
                .subscribe(v -> head.setText(("Size and "
                                + v.baseline().map(e -> e.task().headline()).orElse("accuracy")
                                + " of everything tried")
                        .toUpperCase(Locale.ROOT)));
        TriedView plot = new TriedView(context.tried());
        VBox.setVgrow(plot, Priority.ALWAYS);
        VBox left = new VBox(2, head, plot);
        HBox.setHgrow(left, Priority.ALWAYS);
        JobsView jobs = new JobsView(context.jobs());
        CacheView cache = new CacheView(context.accuracy());
        VBox right = new VBox(4, cache, legend());
        right.setAlignment(Pos.BOTTOM_RIGHT);
        right.setMinWidth(RIGHT_WIDTH);
        // The jobs overlay the heading, because their names have any length and must not move the plot.
        jobs.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        StackPane.setAlignment(jobs, Pos.TOP_RIGHT);
        getChildren().addAll(new HBox(GAP, left, right), jobs);
        getStyleClass().add("bottom-strip");
        setPadding(new Insets(PADDING, GAP, PADDING, GAP));
        setMinHeight(HEIGHT);
        setPrefHeight(HEIGHT);
    }

    private static HBox legend() {
        Label exact = new Label("exact");
        Label estimate = new Label("≈ estimate");
        Label previous = new Label("previous setting");
        previous.getStyleClass().add("previous");
        HBox legend = new HBox(GAP, exact, estimate, previous);
        legend.setAlignment(Pos.CENTER_RIGHT);
        legend.getChildren().forEach(label -> label.getStyleClass().add("hint"));
        return legend;
    }
}
