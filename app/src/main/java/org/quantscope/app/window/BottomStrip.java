package org.quantscope.app.window;

import java.util.Locale;
import java.util.Optional;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.CacheView;
import org.quantscope.app.accuracy.TriedView;
import org.quantscope.app.cards.CardButtons;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.snapshots.SnapshotsView;
import org.quantscope.app.ui.Explained;
import org.quantscope.app.ui.JobsView;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Reasoned;
import org.quantscope.core.session.Snapshot;

/**
 * The strip at the bottom of the window: the settings tried, above them the running jobs and the meaning of the marks.
 */
final class BottomStrip extends VBox {
    private static final double SHARE = 0.17;
    private static final double MOST_HEIGHT = 180;

    private static final double SNAPSHOTS_SHARE = 0.45;

    private static final double GAP = 12;
    private static final double PADDING = 8;
    private static final double MIN_HEIGHT = 112;

    BottomStrip(ApplicationContext context, WindowActions actions, ObservableValue<Palette> palette) {
        super(2);
        Label head = new Label();
        head.getStyleClass().add("section-head");
        head.setMinWidth(Region.USE_PREF_SIZE);
        Explained.as(head, "everything tried");
        context.accuracy()
                .viewProperty()
                .subscribe(v -> head.setText(("Size and "
                                + v.baseline().map(e -> e.task().headline()).orElse("accuracy")
                                + " of everything tried")
                        .toUpperCase(Locale.ROOT)));
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox legend = legend();
        CacheView cache = new CacheView(context.accuracy());
        JobsView jobs = new JobsView(context.jobs());
        // Where a job is told, there is no room for the legend too.
        StackPane end = new StackPane(legend, jobs);
        end.setAlignment(Pos.CENTER_RIGHT);
        context.jobs().onChange(running -> legend.setVisible(running.isEmpty()));
        HBox line = new HBox(
                GAP,
                head,
                budget(context, actions),
                take(context, actions),
                space,
                cache,
                end,
                new CardButtons(context.cards(), ShownCard.TRIED));
        line.setAlignment(Pos.CENTER_LEFT);
        TriedView plot = new TriedView(context.tried(), context.budget());
        SnapshotsView snapshots = new SnapshotsView(context.snapshots(), palette, new SnapshotsView.Asked() {
            @Override
            public void compare(Snapshot snapshot) {
                actions.against(Optional.of(snapshot));
            }

            @Override
            public void rename(Snapshot snapshot) {
                actions.renameSnapshot(snapshot);
            }
        });
        HBox.setHgrow(plot, Priority.ALWAYS);
        HBox both = new HBox(GAP, plot, snapshots);
        // The plot keeps the greater part; the cards beyond the rest are scrolled to.
        context.snapshots().viewProperty().subscribe(all -> width(snapshots, all.size()));
        widthProperty()
                .subscribe(w -> width(
                        snapshots, context.snapshots().viewProperty().get().size()));
        VBox.setVgrow(both, Priority.ALWAYS);
        getChildren().addAll(line, both);
        getStyleClass().add("bottom-strip");
        setPadding(new Insets(PADDING, GAP, PADDING, GAP));
        setMinHeight(MIN_HEIGHT);
    }

    private void width(SnapshotsView snapshots, int count) {
        double wide = Math.min(SnapshotsView.widthFor(count), Math.floor(SNAPSHOTS_SHARE * getWidth()));
        snapshots.setMinWidth(wide);
        snapshots.setPrefWidth(wide);
        snapshots.setMaxWidth(wide);
    }

    private static Reasoned take(ApplicationContext context, WindowActions actions) {
        Button take = new Button("Take snapshot");
        take.setId("snapshot-take");
        take.getStyleClass().add("link");
        take.setTooltip(
                new Tooltip("Keep these settings under a name, to go back to or to compare with (Ctrl+Shift+T)"));
        take.setOnAction(e -> actions.takeSnapshot());
        Reasoned held = new Reasoned(take);
        context.bench()
                .modelProperty()
                .subscribe(m -> held.disable(context.snapshots().refusal()));
        return held;
    }

    private static Reasoned budget(ApplicationContext context, WindowActions actions) {
        Button budget = new Button("Mixed precision…");
        budget.setId("mixed-precision");
        budget.getStyleClass().add("link");
        budget.setTooltip(new Tooltip("Spend a bit budget: give each weight the bits that pay (Ctrl+B)"));
        budget.setOnAction(e -> actions.mixedPrecision());
        Reasoned held = new Reasoned(budget);
        context.bench().modelProperty().subscribe(m -> held.disable(m.isEmpty() ? "Open a model first (Ctrl+O)" : ""));
        return held;
    }

    /** Its height until a person chooses another one, in a window of some height, both in pixels. */
    static double usualHeight(double window) {
        return Math.clamp(SHARE * window, MIN_HEIGHT, MOST_HEIGHT);
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
