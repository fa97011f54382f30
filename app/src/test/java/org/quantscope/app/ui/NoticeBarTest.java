package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class NoticeBarTest {
    private long now;

    @Start
    void start(Stage stage) {
        Theme.DARK.install();
    }

    @Test
    void aProblemGoesWhenTheNextThingSucceedsButNotBeforeItCouldBeRead() throws Throwable {
        WaitForAsyncUtils.asyncFx(() -> {
            NoticeBar bar = new NoticeBar(() -> now);
            bar.problem("no such file");
            now += TimeUnit.MILLISECONDS.toNanos(500);
            bar.clearProblem();
            assertThat(bar.isVisible()).isTrue();
            now += TimeUnit.SECONDS.toNanos(2);
            bar.clearProblem();
            assertThat(bar.isVisible()).isFalse();
            bar.done("saved");
            now += TimeUnit.SECONDS.toNanos(3);
            bar.clearProblem();
            assertThat(bar.isVisible()).isTrue();
        });
        WaitForAsyncUtils.waitForFxEvents();
        WaitForAsyncUtils.checkException();
    }

    @Test
    void aButtonGoesWithWhatItActsOnAndOtherNewsStays() throws Throwable {
        WaitForAsyncUtils.asyncFx(() -> {
            NoticeBar bar = new NoticeBar(() -> now);
            bar.done("saved");
            bar.clearAction();
            assertThat(bar.isVisible()).isTrue();
            bar.done("equalized", "Undo", () -> {});
            bar.clearAction();
            assertThat(bar.isVisible()).isFalse();
        });
        WaitForAsyncUtils.waitForFxEvents();
        WaitForAsyncUtils.checkException();
    }
}
