package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.Positions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.CodePass;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Spread;
import org.quantscope.core.tensor.Tensor;
import org.testfx.api.FxRobot;

/** The pages under the curve, and the panels that say more of the tensor in hand. */
class PagesTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    private Tensor tensor() {
        return OpenWindow.onFx(() -> at.context
                .bench()
                .analysed()
                .orElseThrow()
                .find(at.context
                        .selected()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .subject()
                        .id())
                .orElseThrow());
    }

    private QuantParams params() {
        return RangeResolver.resolve(tensor(), at.hand().spec().orElseThrow(), new CancelToken())
                .params();
    }

    private static void press(FxRobot robot, String id) {
        OpenWindow.doOnFx(() -> robot.lookup(id).queryAs(ToggleButton.class).fire());
    }

    @Test
    void thePageOfCodesShowsWhatTheEngineCounts(FxRobot robot) throws Exception {
        robot.press(KeyCode.SHORTCUT, KeyCode.DIGIT2).release(KeyCode.DIGIT2, KeyCode.SHORTCUT);
        OpenWindow.doOnFx(() -> at.context.quantizer().setBits(4));
        OpenWindow.doOnFx(() -> at.context.quantizer().setHi("0.25"));
        at.waitForRest();
        OpenWindow.waitUntil(() ->
                at.context.codes().viewProperty().get().map(v -> !v.previous()).orElse(false));
        CodeReport r = CodePass.measure(tensor(), params(), new CancelToken());
        ErrorReport e = ErrorPass.measure(tensor(), params(), new CancelToken());
        assertThat(e.clippedHigh()).isPositive();
        assertThat(OpenWindow.text(robot, "#codes-used")).isEqualTo(r.usedCodes() + " of 15");
        assertThat(OpenWindow.text(robot, "#codes-entropy"))
                .isEqualTo(String.format(Locale.ROOT, "%.2f of 4", r.entropy()));
        assertThat(OpenWindow.text(robot, "#codes-saved"))
                .isEqualTo(String.format(Locale.ROOT, "%.2f bits", 4 - r.entropy()));
        assertThat(OpenWindow.text(robot, "#codes-divergence")).isEqualTo(Figures.small(r.klDivergence()) + " nats");
        assertThat(OpenWindow.text(robot, "#codes-clipped"))
                .isEqualTo(Figures.percent(e.clippedLowFraction()) + " · " + Figures.percent(e.clippedHighFraction()));
    }

    @Test
    void figuresOfSecondRankUnfoldAndAreThoseOfTheEngine(FxRobot robot) throws Exception {
        assertThat(robot.lookup("#mae").query().getParent().isVisible()).isFalse();
        OpenWindow.doOnFx(() -> robot.lookup("#error-more").queryButton().fire());
        OpenWindow.waitUntil(() ->
                at.context.error().moreProperty().get().map(m -> !m.previous()).orElse(false));
        CodeReport r = CodePass.measure(tensor(), params(), new CancelToken());
        ErrorReport e = ErrorPass.measure(tensor(), params(), new CancelToken());
        assertThat(robot.lookup("#mae").query().getParent().isVisible()).isTrue();
        assertThat(OpenWindow.text(robot, "#mae")).isEqualTo(Figures.mse(r.mae()));
        assertThat(OpenWindow.text(robot, "#rmse-in-steps"))
                .isEqualTo(String.format(
                        Locale.ROOT, "%.4f (ideal 0.2887)", r.rmseInSteps().orElseThrow()));
        assertThat(OpenWindow.text(robot, "#psnr")).isEqualTo(Figures.decibels(r.psnrDb(e.mse())));
        assertThat(OpenWindow.text(robot, "#max-error")).isEqualTo(Figures.value(e.maxAbsError()));
        assertThat(OpenWindow.text(robot, "#clipped-low")).isEqualTo(Figures.percent(e.clippedLowFraction()));
        assertThat(OpenWindow.text(robot, "#clipped-high")).isEqualTo(Figures.percent(e.clippedHighFraction()));
        assertThat(OpenWindow.text(robot, "#used-codes")).isEqualTo(r.usedCodes() + " of 255");
        assertThat(OpenWindow.text(robot, "#entropy"))
                .isEqualTo(String.format(Locale.ROOT, "%.2f of 8 bits", r.entropy()));
        assertThat(OpenWindow.text(robot, "#bits-per-weight"))
                .isEqualTo(String.format(
                        Locale.ROOT, "%.3f", 8 + 32.0 / tensor().info().shape().count()));
    }

    @Test
    void thePageOnShowAndTheUnfoldedFiguresAreRemembered(FxRobot robot) {
        press(robot, "#tab-codes");
        OpenWindow.doOnFx(() -> robot.lookup("#error-more").queryButton().fire());
        OpenWindow.onFx(() -> {
            at.close();
            MainWindow window = new MainWindow(new Stage(), new Settings(at.config), Runnable::run, Runnable::run);
            assertThat(window.context().error().unfoldedProperty().get()).isTrue();
            assertThat(new Settings(at.config).text("page")).contains("codes");
            window.context().close();
            return window;
        });
    }

    @Test
    void aBlockIsTakenInHandDraggedAndUndoneAndAllAreBackWithOneClick(FxRobot robot) throws Exception {
        press(robot, "#per-block");
        at.waitForRest();
        OpenWindow.waitUntil(() -> at.context
                .selected()
                .viewProperty()
                .get()
                .orElseThrow()
                .slices()
                .map(s -> s.slicing().isBlocked())
                .orElse(false));
        int blocks = params().slices();
        assertThat(OpenWindow.text(robot, "#slices-hint"))
                .isEqualTo(Figures.count(blocks) + " blocks, a range each · click one to drag its range");
        Spread span = params().scaleSpread();
        assertThat(OpenWindow.text(robot, "#scale"))
                .isEqualTo(Figures.small(span.min()) + " … " + Figures.small(span.median()) + " … "
                        + Figures.small(span.max()));
        OpenWindow.doOnFx(() -> robot.lookup("#slices").query().requestFocus());
        robot.type(KeyCode.RIGHT).type(KeyCode.RIGHT);
        OpenWindow.waitUntil(
                () -> at.context.selected().viewProperty().get().orElseThrow().draggable());
        assertThat(at.hand().slice()).isEqualTo(1);
        List<ClipRange> before = at.hand().measured().orElseThrow().requested();

        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = OpenWindow.onFx(() -> new Point2D(
                histogram
                        .localToScreen(Positions.x(histogram, before.get(1).hi()), 0)
                        .getX(),
                handle.localToScreen(handle.getBoundsInLocal()).getCenterY()));
        robot.drag(grip, MouseButton.PRIMARY).moveTo(grip.add(-60, 0)).drop();
        OpenWindow.waitUntil(() -> at.context.bench().stateProperty().get().orElseThrow().overrides().values().stream()
                .anyMatch(s -> s.clip() instanceof Clip.ManualPerBlock));
        at.waitForRest();
        ClipRange now = at.hand().clip().orElseThrow();
        assertThat(now.hi()).isLessThan(before.get(1).hi());
        List<ClipRange> expected = new ArrayList<>(before);
        expected.set(1, now);
        assertThat(at.hand().spec().orElseThrow().clip()).isEqualTo(new Clip.ManualPerBlock(expected));
        assertThat(OpenWindow.text(robot, "#mse"))
                .isEqualTo(Figures.mse(
                        ErrorPass.measure(tensor(), params(), new CancelToken()).mse()));

        OpenWindow.doOnFx(() -> at.context.bench().undo());
        at.waitForRest();
        assertThat(at.hand().measured().orElseThrow().requested()).isEqualTo(before);
        OpenWindow.doOnFx(() -> robot.lookup("#all-slices").queryButton().fire());
        assertThat(at.hand().slice()).isEqualTo(-1);
        assertThat(at.hand().draggable()).isFalse();
    }

    @Test
    void aFormatWithBlocksShowsItsSizeAndSaysWhyItCannotBeChosen(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.quantizer().setScheme("mxfp4"));
        at.waitForRest();
        ComboBox<?> size = robot.lookup("#block-size").queryAs(ComboBox.class);
        assertThat(OpenWindow.onFx(size::getValue)).isEqualTo("32");
        assertThat(size.isDisabled()).isTrue();
        assertThat(size.getAccessibleHelp()).isEqualTo("MXFP4 has blocks of 32");
        assertThat(robot.lookup("#bits").query().isDisabled()).isTrue();
        assertThat(robot.lookup("#bits").query().getAccessibleHelp()).isEqualTo("MXFP4 has codes of 4 bits");
        OpenWindow.doOnFx(() -> at.context.quantizer().setScheme("uniform"));
        at.waitForRest();
        assertThat(size.isDisabled()).isFalse();
        assertThat(size.getAccessibleHelp()).isNull();
    }

    @Test
    void theListIsSortedFromTheKeyboard(FxRobot robot) {
        OpenWindow.doOnFx(() -> {
            // Wide enough for the shapes, which a narrow list leaves out.
            at.stage.setWidth(1280);
            at.stage.getScene().getRoot().layout();
            robot.lookup("#tensors").query().requestFocus();
        });
        robot.type(KeyCode.S).type(KeyCode.S);
        assertThat(OpenWindow.onFx(() -> at.context.tensors().orderProperty().get())
                        .key())
                .isEqualTo(TensorOrder.Key.SHAPE);
        assertThat(OpenWindow.onFx(
                        () -> at.context.tensors().rowsProperty().get().weights()))
                .extracting(row -> row.shape().count())
                .isSorted();
        robot.press(KeyCode.SHIFT, KeyCode.S).release(KeyCode.S, KeyCode.SHIFT);
        assertThat(OpenWindow.onFx(
                        () -> at.context.tensors().rowsProperty().get().weights()))
                .extracting(row -> -row.shape().count())
                .isSorted();
    }

    @Test
    void nothingIsCutOffInASmallWindowWithABlockInHand(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> {
            at.stage.setWidth(1280);
            at.stage.setHeight(720);
            at.context.quantizer().setBits(4);
        });
        press(robot, "#per-block");
        OpenWindow.waitUntil(
                () -> at.context.selected().viewProperty().get().orElseThrow().count() > 0);
        OpenWindow.doOnFx(() -> at.context.selected().selectSlice(3));
        for (String page : List.of("#tab-channels", "#tab-codes")) {
            press(robot, page);
            at.waitForRest();
            assertThat(OpenWindow.onFx(() -> robot.lookup(".label").queryAllAs(Label.class).stream()
                            .filter(label -> label.isVisible() && label.getWidth() > 0 && !label.isWrapText())
                            .filter(label -> label.getScene() != null
                                    && label.getParent().isVisible())
                            .filter(label -> label.getWidth() + 1 < label.prefWidth(-1))
                            .map(Label::getText)
                            .filter(text -> text != null && !text.isEmpty())
                            .toList()))
                    .as(page)
                    .isEmpty();
        }
    }
}
