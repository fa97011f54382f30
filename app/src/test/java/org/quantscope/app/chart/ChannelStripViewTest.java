package org.quantscope.app.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javafx.geometry.Point2D;
import javafx.scene.Scene;
import javafx.scene.image.WritableImage;
import javafx.scene.paint.Color;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quantscope.app.theme.Theme;
import org.quantscope.core.quant.ClipRange;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class ChannelStripViewTest {
    private ChannelStripView view;
    private final List<Integer> clicked = new ArrayList<>();

    @Start
    void start(Stage stage) {
        Theme.LIGHT.install();
        view = new ChannelStripView();
        view.paletteProperty().set(Theme.LIGHT.palette());
        view.setOnChannel(clicked::add);
        view.setChannels(List.of(new ClipRange(-1, 1), new ClipRange(-4, 4), new ClipRange(0, 0), new ClipRange(-1, 2)));
        view.setClips(List.of(ClipRange.symmetric(2)));
        Scene scene = new Scene(view, 464, 108);
        Theme.LIGHT.applyTo(scene);
        stage.setScene(scene);
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void clickHandsOverTheChannel(FxRobot robot) {
        robot.clickOn(at(52 + 150, 50));
        robot.clickOn(at(20, 50));
        assertThat(clicked).containsExactly(1);
    }

    @Test
    void onlyWhatSticksOutOfTheRangeHasTheColourOfClipping(FxRobot robot) {
        Color clipping = Theme.LIGHT.palette().clipping();
        assertThat(colour(150, 10)).isEqualTo(clipping);
        assertThat(colour(150, 54)).isNotEqualTo(clipping);
        assertThat(colour(50, 50)).isNotEqualTo(clipping);
        robot.interact(() -> view.setClips(List.of(ClipRange.symmetric(0.5f), ClipRange.symmetric(4), ClipRange.symmetric(1), ClipRange.symmetric(2))));
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(colour(150, 10)).isNotEqualTo(clipping);
        assertThat(colour(50, 45)).isEqualTo(clipping);
    }

    @Test
    void everyOneOfManyChannelsCanBeReached(FxRobot robot) {
        robot.interact(() -> view.setChannels(IntStream.range(0, 4096).mapToObj(i -> ClipRange.symmetric(i)).toList()));
        assertThat(view.channelAt(52)).isZero();
        assertThat(view.channelAt(451.99)).isEqualTo(4095);
        assertThat(view.channelAt(452)).isEqualTo(-1);
    }

    private Point2D at(double x, double y) {
        return WaitForAsyncUtils.waitForAsyncFx(5000, () -> view.localToScreen(x, y));
    }

    /** The colour {@code x} pixels right of the start of the strip. */
    private Color colour(int x, int y) {
        WritableImage image = WaitForAsyncUtils.waitForAsyncFx(5000, () -> view.snapshot(null, null));
        return image.getPixelReader().getColor(52 + x, y);
    }
}
