package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.DialogPane;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.Positions;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.Tensor;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

class MainWindowTest {
    @TempDir
    static Path config;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST)
            .sized(1280, 720)
            .restingWhen(window -> rests(window.context));

    @AfterEach
    void closed() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    private boolean rests() {
        return rests(at.context);
    }

    private static boolean rests(ApplicationContext context) {
        return context.accuracy().viewProperty().get().status() == Status.DONE
                && !context.accuracy().viewProperty().get().previous()
                && context.jobs().running().isEmpty()
                && context.selected()
                        .viewProperty()
                        .get()
                        .map(v -> v.draggable()
                                && v.measured().orElseThrow().error().exact()
                                && v.slices().isPresent())
                        .orElse(false);
    }

    /** Every figure that a drag changes. */
    private static List<String> figures(FxRobot robot) {
        return List.of(
                        "#mse",
                        "#sqnr",
                        "#clipped",
                        "#scale",
                        "#effective",
                        "#accuracy",
                        "#accuracy-change",
                        "#accuracy-agreement")
                .stream()
                .map(id -> OpenWindow.text(robot, id))
                .toList();
    }

    @Test
    void aDraggedHandleShowsWhatTheEngineSaysOfThatRangeAndUndoRestoresIt(FxRobot robot) throws Exception {
        List<String> before = figures(robot);
        ClipRange start = at.hand().clip().orElseThrow();
        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = OpenWindow.onFx(() -> {
            var bounds = handle.localToScreen(handle.getBoundsInLocal());
            return new Point2D(
                    histogram
                            .localToScreen(Positions.x(histogram, start.hi()), 0)
                            .getX(),
                    bounds.getCenterY());
        });
        Point2D target = OpenWindow.onFx(() -> new Point2D(
                histogram
                        .localToScreen(Positions.x(histogram, start.hi() / 3), 0)
                        .getX(),
                grip.getY()));
        robot.drag(grip, MouseButton.PRIMARY).moveTo(target);
        OpenWindow.waitUntil(
                () -> at.context.selected().viewProperty().get().orElseThrow().preview());
        assertThat(at.state().overrides()).isEmpty();
        robot.drop();
        OpenWindow.waitUntil(() -> at.context.bench().canUndoProperty().get() && rests());

        ClipRange range = at.hand().clip().orElseThrow();
        assertThat(range.hi()).isBetween(start.hi() / 4, start.hi() / 2);
        assertThat(range.lo()).isEqualTo(-range.hi());
        assertThat(at.state().overrides().values())
                .singleElement()
                .satisfies(spec -> assertThat(spec.clip()).isEqualTo(new Clip.Manual(range)));

        Model model = OpenWindow.onFx(() -> at.context.bench().analysed().orElseThrow());
        Tensor tensor = model.find(at.hand().subject().id()).orElseThrow();
        var spec = at.state().overrides().get(tensor.id());
        var params = RangeResolver.resolve(tensor, spec, new CancelToken()).params();
        var error = ErrorPass.measure(tensor, params, new CancelToken());
        assertThat(error.clipped()).isPositive();
        assertThat(OpenWindow.text(robot, "#mse")).isEqualTo(Figures.mse(error.mse()));
        assertThat(OpenWindow.text(robot, "#sqnr")).isEqualTo(Figures.decibels(error.sqnrDb()));
        assertThat(OpenWindow.text(robot, "#clipped"))
                .isEqualTo(Figures.percent(error.clippedFraction()) + " (" + error.clipped() + " of "
                        + Figures.count(error.count()) + ")");
        assertThat(OpenWindow.text(robot, "#effective"))
                .isEqualTo(Figures.range(params.grid(0).effective()));
        var resolved = Engine.resolve(model, at.state(), Progress.NONE, new CancelToken());
        AccuracyEstimate accuracy;
        try (LiveEvaluator engine = new LiveEvaluator(model, Datasets.open(SampleFiles.DIGITS_TEST), 0)) {
            accuracy = engine.evaluate(
                    new EvalRequest(Optional.of(tensor.id()), resolved.weights(), Map.of()),
                    new CancelToken(),
                    partial -> {});
        }
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(Figures.percent(accuracy.score()));
        assertThat(OpenWindow.text(robot, "#accuracy-seen")).isEqualTo("500 of 500");
        assertThat(OpenWindow.text(robot, "#accuracy-agreement"))
                .isEqualTo(Figures.percent(accuracy.agreement().getAsDouble()));

        robot.clickOn("#undo");
        OpenWindow.waitUntil(this::rests);
        assertThat(figures(robot)).isEqualTo(before);
        assertThat(at.hand().clip()).contains(start);
        assertThat(OpenWindow.onFx(() -> at.context.bench().canUndoProperty().get()))
                .isFalse();
    }

    @Test
    void escapeDuringADragRestoresWithoutAStep(FxRobot robot) throws Exception {
        List<String> before = figures(robot);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = OpenWindow.onFx(() -> {
            var bounds = handle.localToScreen(handle.getBoundsInLocal());
            return new Point2D(bounds.getCenterX(), bounds.getCenterY());
        });
        robot.drag(grip, MouseButton.PRIMARY).moveTo(grip.add(-80, 0));
        OpenWindow.waitUntil(
                () -> at.context.selected().viewProperty().get().orElseThrow().preview());
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        robot.drop();
        OpenWindow.waitUntil(this::rests);
        assertThat(figures(robot)).isEqualTo(before);
        assertThat(OpenWindow.onFx(() -> at.context.bench().canUndoProperty().get()))
                .isFalse();
    }

    @Test
    void aTypedEndIsTakenOverOnEnter(FxRobot robot) throws Exception {
        robot.doubleClickOn("#typed-hi")
                .press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("0.25")
                .type(KeyCode.ENTER);
        OpenWindow.waitUntil(() -> at.context.bench().canUndoProperty().get() && rests());
        assertThat(at.hand().clip()).contains(ClipRange.symmetric(0.25f));
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#typed-lo").queryAs(TextField.class).getText()))
                .isEqualTo("-0.2500");
    }

    /** A field swallows the keys of going back even where it has nothing to take back. */
    @Test
    void theKeysGoBackFromWithinAFieldOnceItsTextIsTakenOver(FxRobot robot) throws Exception {
        Optional<ClipRange> before = at.hand().clip();
        robot.doubleClickOn("#typed-hi")
                .press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("0.25")
                .type(KeyCode.ENTER);
        OpenWindow.waitUntil(() -> at.context.bench().canUndoProperty().get() && rests());
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        OpenWindow.waitUntil(this::rests);
        assertThat(at.hand().clip()).isEqualTo(before);
        robot.press(KeyCode.SHORTCUT, KeyCode.Y).release(KeyCode.Y, KeyCode.SHORTCUT);
        OpenWindow.waitUntil(this::rests);
        assertThat(at.hand().clip()).contains(ClipRange.symmetric(0.25f));

        robot.clickOn("#filter").write("w");
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#filter").queryAs(TextField.class).getText()))
                .isEmpty();
        assertThat(at.hand().clip())
                .as("the text of the filter is what was taken back")
                .contains(ClipRange.symmetric(0.25f));
    }

    @Test
    void theFilterLeavesWhatContainsItsText(FxRobot robot) {
        String name = OpenWindow.onFx(() ->
                at.context.tensors().rowsProperty().get().weights().getLast().name());
        robot.clickOn("#filter").write(name);
        assertThat(OpenWindow.onFx(
                        () -> at.context.tensors().rowsProperty().get().weights()))
                .singleElement()
                .satisfies(row -> assertThat(row.name()).isEqualTo(name));
    }

    @Test
    void theThemeSwitchesAtOnceAndIsRemembered(FxRobot robot) {
        Theme before = OpenWindow.onFx(() -> at.window.themeProperty().get());
        robot.clickOn("#theme");
        assertThat(OpenWindow.onFx(() -> at.window.themeProperty().get())).isEqualTo(before.other());
        robot.clickOn("#theme");
        assertThat(OpenWindow.onFx(() -> at.window.themeProperty().get())).isEqualTo(before);
    }

    @Test
    void aDroppedModelOpens() throws Exception {
        OpenWindow.doOnFx(() -> at.window.drop(List.of(
                new File(SampleFiles.FOLDER.resolve("fashion_lenet.onnx").toString()))));
        OpenWindow.waitUntil(() ->
                at.context.bench().modelProperty().get().orElseThrow().name().equals("fashion_lenet.onnx"));
        assertThat(OpenWindow.onFx(
                        () -> at.context.accuracy().viewProperty().get().status()))
                .isEqualTo(Status.NO_DATA);
    }

    @Test
    void aDroppedFileThatIsNoModelIsSaidInOneLine(FxRobot robot) throws Exception {
        Path bad = Files.write(config.resolve("bad.onnx"), new byte[] {1, 2, 3});
        OpenWindow.doOnFx(() -> at.window.drop(List.of(bad.toFile())));
        OpenWindow.waitUntil(() -> robot.lookup("#notice").query().isVisible());
        assertThat(OpenWindow.text(robot, "#notice-text"))
                .contains("bad.onnx")
                .doesNotContain("Exception")
                .doesNotContain("\n");
    }

    @Test
    void openingSomethingElseWithUnsavedChangesAsksFirst(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.quantizer().setBits(5));
        FxThread.executor()
                .execute(() -> at.window.drop(
                        List.of(SampleFiles.FOLDER.resolve("fashion_lenet.onnx").toFile())));
        OpenWindow.waitUntil(
                () -> robot.lookup(".dialog-pane").tryQueryAs(DialogPane.class).isPresent());
        robot.clickOn("Cancel");
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(OpenWindow.onFx(() ->
                        at.context.bench().modelProperty().get().orElseThrow().name()))
                .isEqualTo("digits_mlp.onnx");
        assertThat(at.hand().spec().orElseThrow().bits()).isEqualTo(5);
    }

    @Test
    void theAccuracyIsWhollyInSightInALowWindowUnderANotice(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.stage.setHeight(720));
        OpenWindow.doOnFx(
                () -> at.window.drop(List.of(config.resolve("nothing.onnx").toFile())));
        OpenWindow.waitUntil(() -> robot.lookup("#notice").query().isVisible());
        ScrollPane answers = robot.lookup("#answers").queryAs(ScrollPane.class);
        OpenWindow.waitUntil(() -> {
            Node number = robot.lookup("#accuracy").query();
            return number.localToScene(number.getBoundsInLocal()).getMaxY()
                    < answers.localToScene(answers.getBoundsInLocal()).getMaxY();
        });
        assertThat(OpenWindow.onFx(() -> answers.getVvalue())).isZero();
    }

    @Test
    void noLabelIsCutOffInASmallWindow(FxRobot robot) {
        assertThat(OpenWindow.onFx(() -> robot.lookup(".label").queryAllAs(Label.class).stream()
                        .filter(label -> label.isVisible() && label.getWidth() > 0 && !label.isWrapText())
                        .filter(label ->
                                label.getScene() != null && label.getParent().isVisible())
                        .filter(label -> label.getWidth() + 1 < label.prefWidth(-1))
                        .map(label -> label.getText())
                        .filter(text -> text != null && !text.isEmpty())
                        .toList()))
                .isEmpty();
    }
}
