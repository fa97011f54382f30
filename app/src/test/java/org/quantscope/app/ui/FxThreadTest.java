package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class FxThreadTest {
    @Start
    void start(Stage stage) {
        stage.show();
    }

    @Test
    void tasksForAFrameRunTogetherInOrderAndWhatTheyAskForWaitsForTheNext() throws Exception {
        List<String> ran = new ArrayList<>();
        CompletableFuture<List<String>> over = new CompletableFuture<>();
        AnimationTimer frames = new AnimationTimer() {
            @Override
            public void handle(long now) {
                ran.add("frame");
            }
        };
        UiThread thread = FxThread.executor();
        Platform.runLater(frames::start);
        thread.beforeFrame(() -> {
            ran.add("a");
            thread.beforeFrame(() -> {
                ran.add("c");
                frames.stop();
                over.complete(ran);
            });
        });
        thread.beforeFrame(() -> ran.add("b"));
        List<String> all = over.get(10, TimeUnit.SECONDS);
        assertThat(all).containsSubsequence("a", "b", "frame", "c");
        assertThat(all.indexOf("b") - all.indexOf("a")).isEqualTo(1);
    }
}
