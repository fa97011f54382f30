package org.quantscope.app.selected;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import javafx.geometry.Bounds;
import javafx.geometry.Point2D;
import javafx.scene.AccessibleAttribute;
import javafx.scene.Cursor;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.image.Image;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.scene.paint.Color;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.UniformGrid;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class HistogramViewTest {
    private static final ClipRange START = new ClipRange(-2, 3);

    private HistogramView view;
    private final List<ClipRange> previews = new ArrayList<>();
    private final List<ClipRange> commits = new ArrayList<>();
    private int cancels;

    @Start
    void start(Stage stage) {
        Theme.DARK.install();
        view = new HistogramView();
        view.setData(SortedValues.bell(4000));
        view.setClip(START, false);
        view.setListener(new RangeListener() {
            @Override
            public void preview(ClipRange range) {
                previews.add(range);
                view.setGrid(gridOf(range));
            }

            @Override
            public void commit(ClipRange range) {
                commits.add(range);
            }

            @Override
            public void cancel() {
                cancels++;
            }
        });
        VBox.setVgrow(view, Priority.ALWAYS);
        Scene scene = new Scene(new VBox(view, new Button("elsewhere")), 760, 320);
        Theme.DARK.applyTo(scene);
        stage.setScene(scene);
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void handleFollowsTheMouseAndKeepsTheOffsetOfTheGrab(FxRobot robot) {
        press(robot, "#handle-hi", 7);
        assertThat(view.clip()).as("nothing jumps on the press").isEqualTo(START);
        assertThat(previews).isEmpty();
        move(robot, -60);
        move(robot, -40);
        double expected = onFx(() -> view.xToValue(view.valueToX(3) - 100));
        assertThat((double) view.clip().hi()).isCloseTo(expected, within(pixel() / 10));
        assertThat(view.clip().lo()).isEqualTo(-2);
        assertThat(commits).isEmpty();
        robot.release(MouseButton.PRIMARY);
        assertThat(commits).containsExactly(previews.getLast());
        assertThat(cancels).isZero();
        assertThat(lineOf("#handle-hi"))
                .isCloseTo(onFx(() -> view.valueToX(view.clip().hi())), within(0.51));
        assertThat(label("#value-hi"))
                .isEqualTo(String.format("hi %.4f", view.clip().hi()));
    }

    @Test
    void handleCannotPassItsPartner(FxRobot robot) {
        press(robot, "#handle-lo", 0);
        move(robot, 420);
        assertThat((double) view.clip().lo()).isCloseTo(3 - pixel(), within(pixel() / 10));
        assertThat(view.clip().hi()).isEqualTo(3);
        move(robot, -520);
        robot.release(MouseButton.PRIMARY);
        assertThat(view.clip().lo()).isLessThan(-3).isGreaterThan(-5);
        assertThat(commits).hasSize(1);
    }

    @Test
    void handlesThatMetCanBothBeTakenHoldOf(FxRobot robot) {
        robot.interact(() -> view.setClip(new ClipRange(1, 1), false));
        press(robot, "#handle-hi", 5);
        robot.moveBy(50, 0).release(MouseButton.PRIMARY);
        assertThat(view.clip().hi()).isGreaterThan(1.2f);
        robot.interact(() -> view.setClip(new ClipRange(1, 1), false));
        press(robot, "#handle-lo", -5);
        robot.moveBy(-50, 0).release(MouseButton.PRIMARY);
        assertThat(view.clip().lo()).isLessThan(0.8f);
        assertThat(commits).hasSize(2);
    }

    @Test
    void escapeTakesTheGestureBack(FxRobot robot) {
        press(robot, "#handle-lo", 0);
        move(robot, 40);
        robot.type(KeyCode.ESCAPE);
        assertThat(view.clip()).isEqualTo(START);
        assertThat(cancels).isEqualTo(1);
        move(robot, 40);
        robot.release(MouseButton.PRIMARY);
        assertThat(view.clip())
                .as("the button is still down, the gesture is over")
                .isEqualTo(START);
        assertThat(commits).isEmpty();
        assertThat(cancels).isEqualTo(1);
    }

    @Test
    void pressWithoutAMoveIsNoEdit(FxRobot robot) {
        press(robot, "#handle-lo", 3);
        robot.release(MouseButton.PRIMARY);
        assertThat(previews).isEmpty();
        assertThat(commits).isEmpty();
        assertThat(cancels).isZero();
    }

    @Test
    void arrowKeysNudgeByAPixelAndCommitOnRelease(FxRobot robot) {
        focus(robot, "#handle-hi");
        robot.press(KeyCode.RIGHT);
        assertThat((double) view.clip().hi()).isCloseTo(3 + pixel(), within(pixel() / 10));
        assertThat(commits).isEmpty();
        robot.release(KeyCode.RIGHT);
        assertThat(commits).hasSize(1);
        robot.press(KeyCode.SHIFT).type(KeyCode.LEFT).release(KeyCode.SHIFT);
        assertThat((double) view.clip().hi()).isCloseTo(3 - 9 * pixel(), within(pixel()));
        float before = view.clip().hi();
        robot.press(KeyCode.CONTROL).type(KeyCode.RIGHT).release(KeyCode.CONTROL);
        assertThat((double) view.clip().hi() - before).isCloseTo(pixel() / 10, within(pixel() / 100));
        assertThat(commits).hasSize(3);
    }

    @Test
    void homeAndEndGoToTheExtremesOfTheData(FxRobot robot) {
        focus(robot, "#handle-lo");
        robot.type(KeyCode.HOME);
        focus(robot, "#handle-hi");
        robot.type(KeyCode.END);
        assertThat(view.clip()).isEqualTo(new ClipRange(-4, 5));
        assertThat(commits).containsExactly(new ClipRange(-4, 3), new ClipRange(-4, 5));
    }

    @Test
    void heldKeyIsOneGestureAndLosingTheFocusEndsIt(FxRobot robot) {
        focus(robot, "#handle-lo");
        robot.press(KeyCode.RIGHT);
        robot.interact(() -> {
            for (int i = 0; i < 5; i++) {
                view.lookup("#handle-lo")
                        .fireEvent(
                                new KeyEvent(KeyEvent.KEY_PRESSED, "", "", KeyCode.RIGHT, false, false, false, false));
            }
        });
        assertThat(previews).hasSize(6);
        assertThat(commits).isEmpty();
        robot.interact(() -> view.getScene().lookup(".button").requestFocus());
        assertThat(commits).containsExactly(previews.getLast());
        robot.release(KeyCode.RIGHT);
        assertThat(commits).hasSize(1);
    }

    @Test
    void symmetricRangeMirrorsTheOtherEnd(FxRobot robot) {
        robot.interact(() -> view.setClip(ClipRange.symmetric(3), true));
        press(robot, "#handle-lo", 0);
        move(robot, 50);
        assertThat(view.clip().lo()).isEqualTo(-view.clip().hi());
        assertThat((double) view.clip().hi()).isCloseTo(3 - 50 * pixel(), within(pixel() / 10));
        assertThat(lineOf("#handle-hi"))
                .isCloseTo(onFx(() -> view.valueToX(view.clip().hi())), within(0.51));
        move(robot, 300);
        robot.release(MouseButton.PRIMARY);
        assertThat(view.clip().hi()).as("stays open by a pixel").isPositive().isLessThan((float) (1.1 * pixel()));
        assertThat(commits).hasSize(1);
    }

    @Test
    void chartStandsStillWhileAHandleMoves(FxRobot robot) {
        settle();
        long charts = view.chartRedraws();
        long paints = view.overlayPaints();
        press(robot, "#handle-hi", 0);
        for (int i = 0; i < 20; i++) {
            robot.moveBy(-3, 0);
        }
        robot.release(MouseButton.PRIMARY);
        settle();
        assertThat(previews).hasSizeGreaterThanOrEqualTo(10);
        assertThat(view.chartRedraws()).isEqualTo(charts);
        assertThat(view.overlayPaints()).isGreaterThan(paints);
    }

    @Test
    void overlayIsPaintedOnceForManyChangesInAPulse(FxRobot robot) {
        settle();
        long paints = view.overlayPaints();
        robot.interact(() -> {
            for (int i = 1; i <= 50; i++) {
                view.setGrid(gridOf(ClipRange.symmetric(i / 10f)));
            }
        });
        settle();
        assertThat(view.overlayPaints()).isEqualTo(paints + 1);
    }

    @Test
    void changeOfAxisDrawsTheChartOnce(FxRobot robot) {
        settle();
        long charts = view.chartRedraws();
        robot.interact(() -> view.logProperty().set(false));
        settle();
        assertThat(view.chartRedraws()).isEqualTo(charts + 1);
        robot.interact(() -> {
            view.setData(SortedValues.bell(100));
            view.setClip(ClipRange.symmetric(9), true);
            view.setGrid(gridOf(ClipRange.symmetric(9)));
        });
        settle();
        assertThat(view.chartRedraws()).isEqualTo(charts + 2);
        assertThat(onFx(() -> view.valueToX(0)))
                .isCloseTo((onFx(() -> view.valueToX(9)) + onFx(() -> view.valueToX(-9))) / 2, within(1e-6));
    }

    @Test
    void externalClipIsIgnoredWhileTheHandHoldsAHandle(FxRobot robot) {
        press(robot, "#handle-hi", 0);
        move(robot, -30);
        ClipRange held = view.clip();
        robot.interact(() -> view.setClip(ClipRange.symmetric(0.5f), true));
        assertThat(view.clip()).isEqualTo(held);
        robot.release(MouseButton.PRIMARY);
        robot.interact(() -> view.setClip(ClipRange.symmetric(0.5f), true));
        assertThat(view.clip()).isEqualTo(ClipRange.symmetric(0.5f));
    }

    @Test
    void valueLabelsNeitherOverlapNorLeaveTheView(FxRobot robot) {
        for (float[] ends : new float[][] {
            {-4.3f, 5.3f}, {-4.3f, -4.2f}, {5.2f, 5.3f}, {0, 0}, {-0.3f, 0.2f}, {-2, 3}, {-4.3f, -3.2f}
        }) {
            robot.interact(() -> view.setClip(new ClipRange(ends[0], ends[1]), false));
            settle();
            Bounds a = view.lookup("#value-lo").getBoundsInParent();
            Bounds b = view.lookup("#value-hi").getBoundsInParent();
            assertThat(a.intersects(b)).as("%s to %s", ends[0], ends[1]).isFalse();
            assertThat(view.getLayoutBounds().contains(a)).isTrue();
            assertThat(view.getLayoutBounds().contains(b)).isTrue();
        }
    }

    @Test
    void handlesSayWhatTheyAre(FxRobot robot) {
        Node handle = view.lookup("#handle-lo");
        assertThat(handle.getCursor()).isEqualTo(Cursor.H_RESIZE);
        assertThat(handle.isFocusTraversable()).isTrue();
        assertThat(handle.getBoundsInParent().getWidth()).isGreaterThanOrEqualTo(16);
        assertThat(handle.getAccessibleText()).isEqualTo("Lower end of the clipping range");
        assertThat(onFx(() -> handle.queryAccessibleAttribute(AccessibleAttribute.VALUE)))
                .isEqualTo(-2.0);
        focus(robot, "#handle-lo");
        robot.type(KeyCode.TAB);
        assertThat(view.lookup("#handle-hi").isFocused()).isTrue();
    }

    @Test
    void disabledHandlesDoNotMove(FxRobot robot) {
        robot.interact(() -> view.setEnabledHandles(false));
        press(robot, "#handle-hi", 0);
        robot.moveBy(-60, 0).release(MouseButton.PRIMARY);
        assertThat(view.clip()).isEqualTo(START);
        assertThat(previews).isEmpty();
    }

    @Test
    void scrollingZoomsAboutThePointerAndADoubleClickResets(FxRobot robot) {
        double x = onFx(() -> view.valueToX(1.5));
        double wide = pixel();
        robot.interact(() -> {
            for (int i = 0; i < 8; i++) {
                view.fireEvent(scrollAt(x, 40));
            }
        });
        assertThat(pixel()).isLessThan(wide / 2);
        assertThat(onFx(() -> view.xToValue(x))).isCloseTo(1.5, within(2 * wide));
        robot.doubleClickOn(screen(x, 150));
        settle();
        assertThat(pixel()).isEqualTo(wide);
    }

    @Test
    void endLevelsTakeWhatIsClipped() {
        SortedValues data = new SortedValues(-9, -1.2, -0.9, 0.1, 0.4, 0.6, 1, 7, 8);
        assertThat(LevelCounts.of(data, new UniformGrid(1, 0, -1, 1))).containsExactly(3, 2, 4);
    }

    @Test
    void barsAreRecolouredOnlyWhereValuesAreClipped(FxRobot robot) {
        assertThat(clippingPixels()).isPositive();
        robot.interact(() -> view.setClip(new ClipRange(-4, 5), false));
        assertThat(clippingPixels()).as("nothing is outside the extremes").isZero();
    }

    @Test
    void labelsStayWholeWhenTheThemeChanges(FxRobot robot) {
        robot.interact(() -> {
            Theme.LIGHT.install();
            Theme.LIGHT.applyTo(view.getScene());
            view.paletteProperty().set(Theme.LIGHT.palette());
        });
        settle();
        settle();
        for (String id : List.of("#value-lo", "#value-hi")) {
            Label label = (Label) view.lookup(id);
            assertThat(label.getWidth()).isGreaterThanOrEqualTo(onFx(() -> label.prefWidth(-1)));
        }
    }

    @Test
    void noTensorShowsNoHandles(FxRobot robot) {
        robot.interact(() -> view.setData(null));
        settle();
        assertThat(view.lookup("#handle-lo").isVisible()).isFalse();
        assertThat(view.lookup("#value-hi").isVisible()).isFalse();
    }

    @Test
    void oneValueOnlyIsShownWithoutAFault(FxRobot robot) {
        robot.interact(() -> {
            view.setData(new SortedValues(0));
            view.setClip(new ClipRange(0, 0), true);
            view.setGrid(new UniformGrid(1, 0, -127, 127));
        });
        settle();
        assertThat(lineOf("#handle-lo")).isFinite();
    }

    /** How much of the view has the very colour of clipping. */
    private long clippingPixels() {
        settle();
        Image image = onFx(() -> view.snapshot(null, null));
        Color clipping = Theme.DARK.palette().clipping();
        return IntStream.range(0, (int) (image.getWidth() * image.getHeight()))
                .filter(i -> image.getPixelReader()
                        .getColor(i % (int) image.getWidth(), i / (int) image.getWidth())
                        .equals(clipping))
                .count();
    }

    private static UniformGrid gridOf(ClipRange range) {
        return new UniformGrid(Math.max(1e-3f, range.absMax() / 7), 0, -7, 7);
    }

    private void press(FxRobot robot, String handle, double offset) {
        settle();
        robot.moveTo(screen(lineOf(handle) + offset, 120)).press(MouseButton.PRIMARY);
    }

    private static void move(FxRobot robot, double dx) {
        robot.moveBy(dx, 0);
        settle();
    }

    private static ScrollEvent scrollAt(double x, double deltaY) {
        return new ScrollEvent(
                ScrollEvent.SCROLL,
                x,
                150,
                x,
                150,
                false,
                false,
                false,
                false,
                true,
                false,
                0,
                deltaY,
                0,
                deltaY,
                null,
                0,
                null,
                0,
                0,
                null);
    }

    private void focus(FxRobot robot, String handle) {
        robot.interact(() -> view.lookup(handle).requestFocus());
    }

    private Point2D screen(double x, double y) {
        return onFx(() -> view.localToScreen(x, y));
    }

    private String label(String id) {
        return ((Label) view.lookup(id)).getText();
    }

    /** Where the line of a handle is, in the view's pixels. */
    private double lineOf(String handle) {
        return onFx(() -> {
            Node line = view.lookup(handle + " > .line");
            return view.sceneToLocal(line.localToScene(line.getBoundsInLocal())).getCenterX();
        });
    }

    private double pixel() {
        return onFx(() -> view.xToValue(101) - view.xToValue(100));
    }

    /** Waits until what is due has been drawn. */
    private static void settle() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    private static <T> T onFx(Callable<T> question) {
        return WaitForAsyncUtils.waitForAsyncFx(5000, question);
    }

    @Test
    void whatLiesBeyondTheVisiblePartIsCounted(FxRobot robot) {
        assertThat(robot.lookup("#values-below").queryAs(Label.class).isVisible())
                .isFalse();
        robot.interact(() -> {
            view.zoomIn();
            view.zoomIn();
            view.settle();
        });
        double lo = edge(true);
        double hi = edge(false);
        HistogramData data = SortedValues.bell(4000);
        assertThat(count(robot, "#values-below")).isEqualTo(Math.round(data.histogram(data.min(), lo, 1)[0]));
        assertThat(count(robot, "#values-above")).isEqualTo(Math.round(data.histogram(hi, data.max(), 1)[0]));
        assertThat(count(robot, "#values-below")).isPositive();
        for (String id : List.of("#values-below", "#values-above")) {
            Label told = robot.lookup(id).queryAs(Label.class);
            assertThat(told.getHeight()).as(id).isGreaterThanOrEqualTo(told.prefHeight(-1));
            assertThat(told.getWidth()).as(id).isGreaterThanOrEqualTo(told.prefWidth(-1));
        }
        robot.interact(() -> {
            view.showAll();
            view.settle();
        });
        assertThat(robot.lookup("#values-above").queryAs(Label.class).isVisible())
                .isFalse();
    }

    /** The value at an end of the plot, whose margins are 52 pixels on the left and 12 on the right. */
    private double edge(boolean left) {
        return view.xToValue(left ? 52 : view.getWidth() - 12);
    }

    private static long count(FxRobot robot, String id) {
        return Long.parseLong(robot.lookup(id).queryAs(Label.class).getText().replaceAll("[^0-9]", ""));
    }

    @Test
    void theValueUnderThePointerAndItsBarAreTold(FxRobot robot) {
        double x = view.valueToX(0.5);
        double value = view.xToValue(x);
        robot.interact(() -> view.fireEvent(moved(x, 100)));
        Label told = robot.lookup("#value-pointed").queryAs(Label.class);
        assertThat(told.isVisible()).isTrue();
        assertThat(told.getText()).startsWith(Figures.value(value) + " · ").contains("values (");
        robot.interact(() -> view.fireEvent(moved(x, 4)));
        assertThat(told.isVisible()).isFalse();
    }

    private static MouseEvent moved(double x, double y) {
        return new MouseEvent(
                MouseEvent.MOUSE_MOVED,
                x,
                y,
                x,
                y,
                MouseButton.NONE,
                0,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                null);
    }
}
