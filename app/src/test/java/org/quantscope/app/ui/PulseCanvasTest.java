package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.Scene;
import javafx.scene.layout.Region;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class PulseCanvasTest {
    private final List<Double> widths = new ArrayList<>();
    private PulseCanvas canvas;

    @Start
    void start(Stage stage) {
        canvas = new PulseCanvas(g -> widths.add(g.getCanvas().getWidth()));
        Region around = new Region() {
            {
                getChildren().add(canvas);
            }

            @Override
            protected void layoutChildren() {
                canvas.fit(getWidth(), getHeight());
            }
        };
        around.setPrefSize(300.6, 100);
        stage.setScene(new Scene(around));
        stage.show();
    }

    @Test
    void manyTouchesMakeOnePicture(FxRobot robot) {
        WaitForAsyncUtils.waitForFxEvents();
        int before = widths.size();
        robot.interact(() -> {
            for (int i = 0; i < 20; i++) {
                canvas.touch();
            }
        });
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(widths).hasSize(before + 1);
    }

    @Test
    void takesWholePixelsAndPaintsInTheNewSize(FxRobot robot) {
        robot.interact(() -> canvas.fit(120.7, 50));
        assertThat(canvas.getWidth()).isEqualTo(120);
        assertThat(widths.getLast()).isEqualTo(120);
    }

    @Test
    void paintsNothingWithoutAPixel(FxRobot robot) {
        int before = widths.size();
        robot.interact(() -> canvas.fit(0.9, 50));
        assertThat(widths).hasSize(before);
    }
}
