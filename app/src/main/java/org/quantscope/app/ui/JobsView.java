package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.core.job.Jobs;

/** Running jobs: a line for each, with its progress and a button that cancels it. */
public final class JobsView extends VBox {
    private static final double BAR_WIDTH = 120;
    private static final double GAP = 8;

    private final Label idle = new Label("idle");
    private final List<Line> lines = new ArrayList<>();

    public JobsView(Jobs jobs) {
        super(4);
        setId("jobs");
        setAlignment(Pos.TOP_RIGHT);
        idle.getStyleClass().add("hint");
        jobs.onChange(this::show);
        show(jobs.running());
    }

    private void show(List<Jobs.Job> running) {
        while (lines.size() < running.size()) {
            lines.add(new Line());
        }
        for (int i = 0; i < running.size(); i++) {
            lines.get(i).show(running.get(i));
        }
        List<? extends Node> shown = running.isEmpty() ? List.of(idle) : lines.subList(0, running.size());
        // Progress is reported often, and every node that is added again needs new styling and layout.
        if (!getChildren().equals(shown)) {
            getChildren().setAll(shown);
        }
    }

    private static final class Line extends HBox {
        private final Label text = new SteadyLabel();
        private final ProgressBar bar = new ProgressBar() {
            @Override
            public void requestLayout() {
                // Its size is fixed: progress moves nothing but its own parts.
                if (getWidth() > 0) {
                    setNeedsLayout(true);
                } else {
                    super.requestLayout();
                }
            }
        };
        private final Button cancel = new Button("✕");

        Line() {
            super(GAP);
            setAlignment(Pos.CENTER_RIGHT);
            text.getStyleClass().add("hint");
            text.setMinWidth(Region.USE_PREF_SIZE);
            bar.setPrefWidth(BAR_WIDTH);
            bar.setMinWidth(BAR_WIDTH);
            cancel.getStyleClass().add("link");
            cancel.setAccessibleText("Cancel");
            cancel.setTooltip(new Tooltip("Cancel"));
            getChildren().addAll(text, bar, cancel);
        }

        void show(Jobs.Job job) {
            text.setText(job.what().isEmpty() ? job.title() : job.title() + " · " + job.what());
            bar.setProgress(job.fraction());
            bar.setAccessibleText(job.title());
            cancel.setOnAction(e -> job.cancel().cancel());
        }
    }
}
