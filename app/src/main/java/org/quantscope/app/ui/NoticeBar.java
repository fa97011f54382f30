package org.quantscope.app.ui;

import java.util.function.LongSupplier;
import javafx.animation.PauseTransition;
import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.util.Duration;
import org.quantscope.core.io.Invisible;

/**
 * A message over the lower part of the window. A problem stays until it is closed or what was asked for next succeeds;
 * good news disappears by itself.
 */
public final class NoticeBar extends HBox implements Notices {
    private static final Duration SHOWN = Duration.seconds(6);
    /** For messages with a button. */
    private static final Duration SHOWN_LONGER = Duration.seconds(20);

    /** A problem is shown for this time at least, also if something else succeeds at once. */
    private static final Duration READ = Duration.seconds(2);

    private static final double GAP = 8;
    private static final double WIDTH = 760;

    private final Label text = new Label();
    private final Button act = new Button();
    private final PauseTransition end = new PauseTransition();
    private long shownAt;

    private final LongSupplier clock;

    public NoticeBar() {
        this(System::nanoTime);
    }

    /** @param clock tells the time in nanoseconds */
    NoticeBar(LongSupplier clock) {
        super(GAP);
        this.clock = clock;
        setId("notice");
        getStyleClass().add("notice-bar");
        setAlignment(Pos.CENTER_LEFT);
        setMaxSize(WIDTH, USE_PREF_SIZE);
        text.setId("notice-text");
        text.setWrapText(true);
        text.setMinHeight(USE_PREF_SIZE);
        text.setMaxWidth(Double.MAX_VALUE);
        text.setAccessibleRole(AccessibleRole.TEXT);
        HBox.setHgrow(text, Priority.ALWAYS);
        Button close = new Button("✕");
        close.setId("notice-close");
        close.getStyleClass().add("link");
        close.setAccessibleText("Close this notice");
        close.setOnAction(e -> hide());
        end.setOnFinished(e -> hide());
        act.setId("notice-action");
        act.setMinWidth(USE_PREF_SIZE);
        getChildren().addAll(text, act, close);
        hide();
    }

    @Override
    public void problem(String message) {
        end.stop();
        show(message, true, "", () -> {});
    }

    @Override
    public void clearProblem() {
        if (text.getStyleClass().contains("warning") && clock.getAsLong() - shownAt > READ.toMillis() * 1e6) {
            hide();
        }
    }

    /** Takes a message with a button away, because what the button acts on is no longer open. */
    public void clearAction() {
        if (act.isVisible()) {
            hide();
        }
    }

    @Override
    public void done(String message) {
        show(message, false, "", () -> {});
        hideAfter(SHOWN);
    }

    @Override
    public void done(String message, String action, Runnable run) {
        show(message, false, action, run);
        hideAfter(SHOWN_LONGER);
    }

    private void hideAfter(Duration time) {
        end.stop();
        end.setDuration(time);
        end.play();
    }

    private void show(String message, boolean problem, String action, Runnable run) {
        text.setText(Invisible.escaped(message));
        act.setText(action);
        act.setVisible(!action.isEmpty());
        act.setManaged(act.isVisible());
        act.setOnAction(e -> {
            hide();
            run.run();
        });
        text.getStyleClass().remove("warning");
        if (problem) {
            text.getStyleClass().add("warning");
        }
        shownAt = clock.getAsLong();
        setVisible(true);
        setManaged(true);
    }

    private void hide() {
        setVisible(false);
        setManaged(false);
    }
}
