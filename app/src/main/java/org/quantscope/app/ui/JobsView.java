package org.quantscope.app.ui;

import java.util.List;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.Jobs;

/**
 * Running jobs in one line, which moves nothing around it: the first job with its progress and a button that cancels
 * it, and a menu of the others.
 */
public final class JobsView extends HBox {
    private static final double BAR_WIDTH = 120;
    private static final double GAP = 8;

    private final Line first = new Line();
    private final MenuButton others = new MenuButton();
    private List<Jobs.Job> running = List.of();

    public JobsView(Jobs jobs) {
        super(GAP);
        setId("jobs");
        setAlignment(Pos.CENTER_RIGHT);
        others.setId("other-jobs");
        others.getStyleClass().addAll("link", "small");
        others.setMinWidth(Region.USE_PREF_SIZE);
        others.setTooltip(new Tooltip("What else runs; a click on a line cancels it"));
        others.setOnShowing(e -> others.getItems()
                .setAll(running.stream().skip(1).map(JobsView::item).toList()));
        // A menu without items does not open.
        others.getItems().setAll(new MenuItem());
        getChildren().addAll(first, others);
        jobs.onChange(this::show);
        show(jobs.running());
    }

    private void show(List<Jobs.Job> jobs) {
        running = List.copyOf(jobs);
        first.setVisible(!running.isEmpty());
        others.setVisible(running.size() > 1);
        if (!running.isEmpty()) {
            first.show(running.getFirst());
            others.setText("+" + (running.size() - 1));
            others.setAccessibleText(running.size() - 1 + " more running");
        }
    }

    private static MenuItem item(Jobs.Job job) {
        MenuItem item = new MenuItem("Cancel: " + text(job));
        item.setMnemonicParsing(false);
        item.setOnAction(e -> job.cancel().cancel());
        return item;
    }

    private static String text(Jobs.Job job) {
        return Invisible.escaped(job.what().isEmpty() ? job.title() : job.title() + " · " + job.what());
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
            cancel.setId("jobs-cancel");
            cancel.getStyleClass().add("link");
            cancel.setAccessibleText("Cancel");
            cancel.setTooltip(new Tooltip("Cancel"));
            getChildren().addAll(text, bar, cancel);
        }

        void show(Jobs.Job job) {
            text.setText(JobsView.text(job));
            bar.setProgress(job.fraction());
            bar.setAccessibleText(JobsView.text(job));
            cancel.setOnAction(e -> job.cancel().cancel());
        }
    }
}
