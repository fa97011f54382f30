package org.quantscope.app.selected;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javafx.geometry.Point2D;
import javafx.scene.Scene;
import javafx.scene.image.WritableImage;
import javafx.scene.input.KeyCode;
import javafx.scene.paint.Color;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class SliceStripViewTest {
    private SliceStripView view;
    private final List<Integer> clicked = new ArrayList<>();

    @Start
    void start(Stage stage) {
        Theme.LIGHT.install();
        view = new SliceStripView();
        view.paletteProperty().set(Theme.LIGHT.palette());
        view.setOnSlice(clicked::add);
        view.setSlices(extents(-1, 1, -4, 4, 0, 0, -1, 2), "channel");
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
        robot.interact(() -> view.setClips(List.of(
                ClipRange.symmetric(0.5f), ClipRange.symmetric(4), ClipRange.symmetric(1), ClipRange.symmetric(2))));
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(colour(150, 10)).isNotEqualTo(clipping);
        assertThat(colour(50, 45)).isEqualTo(clipping);
    }

    @Test
    void everyOneOfManyChannelsCanBeReached(FxRobot robot) {
        robot.interact(() -> view.setSlices(extents(new float[2 * 4096]), "block"));
        assertThat(view.sliceAt(52)).isZero();
        assertThat(view.sliceAt(451.99)).isEqualTo(4095);
        assertThat(view.sliceAt(452)).isEqualTo(-1);
    }

    private Point2D at(double x, double y) {
        return WaitForAsyncUtils.waitForAsyncFx(5000, () -> view.localToScreen(x, y));
    }

    /** The colour {@code x} pixels right of the start of the strip. */
    private Color colour(int x, int y) {
        WritableImage image = WaitForAsyncUtils.waitForAsyncFx(5000, () -> view.snapshot(null, null));
        return image.getPixelReader().getColor(52 + x, y);
    }

    /** Slices of two values each. */
    private static SliceExtents extents(float... ends) {
        Shape shape = Shape.of(ends.length / 2, 2);
        Tensor tensor = new Tensor(TensorInfo.withoutGraph(new TensorId("w"), DType.F32, shape), TensorData.of(ends));
        return SliceExtents.of(tensor, Slicing.of(tensor.info(), Granularity.CHANNEL), new CancelToken());
    }

    @Test
    void aSecondClickOnTheSliceInHandLetsItGo(FxRobot robot) {
        robot.interact(() -> view.setChosen(1));
        robot.clickOn(at(52 + 150, 50));
        assertThat(clicked).containsExactly(-1);
    }

    @Test
    void theArrowKeysGoFromSliceToSliceAndEscToAll(FxRobot robot) {
        robot.interact(view::requestFocus);
        robot.type(KeyCode.RIGHT);
        robot.interact(() -> view.setChosen(0));
        robot.type(KeyCode.RIGHT).type(KeyCode.END).type(KeyCode.LEFT).type(KeyCode.ESCAPE);
        assertThat(clicked).containsExactly(0, 1, 3, 0, -1);
    }

    /** A wide slice in a wide range beside a narrow one in a narrow range: neither is clipped. */
    @Test
    void neighboursThatShareABarAreClippedOnlyIfOneOfThemIs(FxRobot robot) {
        Color clipping = Theme.LIGHT.palette().clipping();
        int n = 4000;
        float[] ends = new float[2 * n];
        List<ClipRange> fits = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float reach = i % 2 == 0 ? 4 : 1;
            ends[2 * i] = -reach;
            ends[2 * i + 1] = reach;
            fits.add(ClipRange.symmetric(reach));
        }
        robot.interact(() -> {
            view.setSlices(extents(ends), "block");
            view.setClips(fits);
        });
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(IntStream.range(0, 100).mapToObj(y -> colour(201, y))).doesNotContain(clipping);
        List<ClipRange> one = new ArrayList<>(fits);
        int clipped = view.sliceAt(52 + 201);
        one.set(clipped, ClipRange.symmetric(0.25f));
        robot.interact(() -> view.setClips(one));
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(IntStream.range(0, 100).mapToObj(y -> colour(201, y))).contains(clipping);
    }
}
