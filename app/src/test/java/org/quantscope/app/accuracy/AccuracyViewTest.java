package org.quantscope.app.accuracy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javafx.scene.control.Label;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.session.Settings;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class AccuracyViewTest {
    @TempDir
    Path folder;

    @Start
    void start(Stage stage) {
        stage.show();
    }

    @Test
    void batchesThatComeWithinAFrameReplaceTheFiguresOnce() {
        WaitForAsyncUtils.waitForAsyncFx(60_000, () -> {
            // Everything runs at once, so that all batches come between two frames.
            try (ApplicationContext context = ApplicationContext.of(
                    Runnable::run,
                    Runnable::run,
                    new Settings(folder.resolve("config")),
                    new ChosenAnswers(),
                    new RecordedNotices())) {
                AccuracyView view = new AccuracyView(context.accuracy(), () -> {});
                List<Status> announced = new ArrayList<>();
                context.accuracy().viewProperty().subscribe((was, is) -> announced.add(is.status()));
                int before = view.shown();
                context.session().openSample(SampleFiles.digits());
                long batches =
                        announced.stream().filter(s -> s == Status.RUNNING).count();
                assertThat(batches).isGreaterThan(1);
                long onTheWay =
                        announced.stream().filter(s -> s == Status.WAITING).count() + batches;
                assertThat(view.shown() - before).isEqualTo((int) (announced.size() - onTheWay));
                assertThat(announced).endsWith(Status.DONE);
                assertThat(((Label) view.lookup("#accuracy-seen")).getText()).isEqualTo("500 of 500");
            }
        });
    }
}
