package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.DialogPane;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.stage.Stage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyViewModel.Status;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
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
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class MainWindowTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    @TempDir
    static Path config;

    private final ExecutorService work = Executors.newCachedThreadPool();
    private Stage stage;
    private MainWindow window;
    private ApplicationContext desk;

    @Start
    void start(Stage shared) {
        // The toolkit's own stage is every test's; a window that sets its size gets one for itself.
        stage = new Stage();
        Settings settings = new Settings(config.resolve("" + System.nanoTime()));
        window = new MainWindow(stage, settings, work, FxThread.executor());
        desk = window.desk();
        stage.setWidth(1280);
        stage.setHeight(720);
        window.show(List.of(SAMPLES.resolve("digits_mlp.onnx"), SAMPLES.resolve("digits_test.npz")));
    }

    @Stop
    void stop() {
        stage.hide();
        desk.close();
        work.shutdownNow();
    }

    @BeforeEach
    void atRest() throws TimeoutException {
        waitUntil(this::rests);
    }

    @AfterEach
    void closed() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    private boolean rests() {
        return desk.accuracy().viewProperty().get().status() == Status.DONE
                && !desk.accuracy().viewProperty().get().previous()
                && desk.jobs().running().isEmpty()
                && desk.inHand()
                        .viewProperty()
                        .get()
                        .map(v -> v.draggable()
                                && v.measured().orElseThrow().error().exact()
                                && v.slices().isPresent())
                        .orElse(false);
    }

    private static void waitUntil(BooleanSupplier condition) throws TimeoutException {
        WaitForAsyncUtils.waitFor(30, TimeUnit.SECONDS, () -> onFx(condition::getAsBoolean));
        WaitForAsyncUtils.waitForFxEvents();
    }

    private static <T> T onFx(Supplier<T> supplier) {
        return WaitForAsyncUtils.waitForAsyncFx(10_000, supplier::get);
    }

    private static void doOnFx(Runnable action) {
        WaitForAsyncUtils.waitForAsyncFx(10_000, action);
    }

    private static String text(FxRobot robot, String id) {
        return onFx(() -> robot.lookup(id).queryAs(Label.class).getText());
    }

    private SelectedTensor.View hand() {
        return onFx(() -> desk.inHand().viewProperty().get().orElseThrow());
    }

    private SessionState state() {
        return onFx(() -> desk.bench().stateProperty().get().orElseThrow());
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
                .map(id -> text(robot, id))
                .toList();
    }

    @Test
    void aDraggedHandleShowsWhatTheEngineSaysOfThatRangeAndUndoRestoresIt(FxRobot robot) throws Exception {
        List<String> before = figures(robot);
        ClipRange start = hand().clip().orElseThrow();
        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = onFx(() -> {
            var bounds = handle.localToScreen(handle.getBoundsInLocal());
            return new Point2D(
                    histogram.localToScreen(histogram.valueToX(start.hi()), 0).getX(), bounds.getCenterY());
        });
        Point2D target = onFx(() -> new Point2D(
                histogram.localToScreen(histogram.valueToX(start.hi() / 3), 0).getX(), grip.getY()));
        robot.drag(grip, MouseButton.PRIMARY).moveTo(target);
        waitUntil(() -> desk.inHand().viewProperty().get().orElseThrow().preview());
        assertThat(state().overrides()).isEmpty();
        robot.drop();
        waitUntil(() -> desk.bench().canUndoProperty().get() && rests());

        ClipRange range = hand().clip().orElseThrow();
        assertThat(range.hi()).isBetween(start.hi() / 4, start.hi() / 2);
        assertThat(range.lo()).isEqualTo(-range.hi());
        assertThat(state().overrides().values())
                .singleElement()
                .satisfies(spec -> assertThat(spec.clip()).isEqualTo(new Clip.Manual(range)));

        Model model = onFx(() -> desk.bench().analysed().orElseThrow());
        Tensor tensor = model.find(hand().subject().id()).orElseThrow();
        var spec = state().overrides().get(tensor.id());
        var params = RangeResolver.resolve(tensor, spec, new CancelToken()).params();
        var error = ErrorPass.measure(tensor, params, new CancelToken());
        assertThat(error.clipped()).isPositive();
        assertThat(text(robot, "#mse")).isEqualTo(Figures.mse(error.mse()));
        assertThat(text(robot, "#sqnr")).isEqualTo(Figures.decibels(error.sqnrDb()));
        assertThat(text(robot, "#clipped"))
                .isEqualTo(Figures.percent(error.clippedFraction()) + " (" + error.clipped() + " of "
                        + Figures.count(error.count()) + ")");
        assertThat(text(robot, "#effective"))
                .isEqualTo(Figures.range(params.grid(0).effective()));
        var resolved = ResolvedSettings.resolve(model, state(), Progress.NONE, new CancelToken());
        AccuracyEstimate accuracy;
        try (LiveEvaluator engine = new LiveEvaluator(model, Datasets.open(SAMPLES.resolve("digits_test.npz")), 0)) {
            accuracy = engine.evaluate(
                    new EvalRequest(Optional.of(tensor.id()), resolved.weights(), Map.of()),
                    new CancelToken(),
                    partial -> {});
        }
        assertThat(text(robot, "#accuracy")).isEqualTo(Figures.percent(accuracy.score()));
        assertThat(text(robot, "#accuracy-seen")).isEqualTo("500 of 500");
        assertThat(text(robot, "#accuracy-agreement"))
                .isEqualTo(Figures.percent(accuracy.agreement().getAsDouble()));

        robot.clickOn("#undo");
        waitUntil(this::rests);
        assertThat(figures(robot)).isEqualTo(before);
        assertThat(hand().clip()).contains(start);
        assertThat(onFx(() -> desk.bench().canUndoProperty().get())).isFalse();
    }

    @Test
    void escapeDuringADragRestoresWithoutAStep(FxRobot robot) throws Exception {
        List<String> before = figures(robot);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = onFx(() -> {
            var bounds = handle.localToScreen(handle.getBoundsInLocal());
            return new Point2D(bounds.getCenterX(), bounds.getCenterY());
        });
        robot.drag(grip, MouseButton.PRIMARY).moveTo(grip.add(-80, 0));
        waitUntil(() -> desk.inHand().viewProperty().get().orElseThrow().preview());
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        robot.drop();
        waitUntil(this::rests);
        assertThat(figures(robot)).isEqualTo(before);
        assertThat(onFx(() -> desk.bench().canUndoProperty().get())).isFalse();
    }

    @Test
    void aTypedEndIsTakenOverOnEnter(FxRobot robot) throws Exception {
        robot.doubleClickOn("#typed-hi")
                .press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("0.25")
                .type(KeyCode.ENTER);
        waitUntil(() -> desk.bench().canUndoProperty().get() && rests());
        assertThat(hand().clip()).contains(ClipRange.symmetric(0.25f));
        assertThat(onFx(() -> robot.lookup("#typed-lo").queryAs(TextField.class).getText()))
                .isEqualTo("-0.2500");
    }

    /** A field swallows the keys of going back even where it has nothing to take back. */
    @Test
    void theKeysGoBackFromWithinAFieldOnceItsTextIsTakenOver(FxRobot robot) throws Exception {
        Optional<ClipRange> before = hand().clip();
        robot.doubleClickOn("#typed-hi")
                .press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("0.25")
                .type(KeyCode.ENTER);
        waitUntil(() -> desk.bench().canUndoProperty().get() && rests());
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        waitUntil(this::rests);
        assertThat(hand().clip()).isEqualTo(before);
        robot.press(KeyCode.SHORTCUT, KeyCode.Y).release(KeyCode.Y, KeyCode.SHORTCUT);
        waitUntil(this::rests);
        assertThat(hand().clip()).contains(ClipRange.symmetric(0.25f));

        robot.clickOn("#filter").write("w");
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        assertThat(onFx(() -> robot.lookup("#filter").queryAs(TextField.class).getText()))
                .isEmpty();
        assertThat(hand().clip())
                .as("the text of the filter is what was taken back")
                .contains(ClipRange.symmetric(0.25f));
    }

    @Test
    void theFilterLeavesWhatContainsItsText(FxRobot robot) {
        String name = onFx(
                () -> desk.tensors().rowsProperty().get().weights().getLast().name());
        robot.clickOn("#filter").write(name);
        assertThat(onFx(() -> desk.tensors().rowsProperty().get().weights()))
                .singleElement()
                .satisfies(row -> assertThat(row.name()).isEqualTo(name));
    }

    @Test
    void theThemeSwitchesAtOnceAndIsRemembered(FxRobot robot) {
        Theme before = onFx(() -> window.themeProperty().get());
        robot.clickOn("#theme");
        assertThat(onFx(() -> window.themeProperty().get())).isEqualTo(before.other());
        robot.clickOn("#theme");
        assertThat(onFx(() -> window.themeProperty().get())).isEqualTo(before);
    }

    @Test
    void aDroppedModelOpens() throws Exception {
        doOnFx(() -> window.drop(
                List.of(new File(SAMPLES.resolve("fashion_lenet.onnx").toString()))));
        waitUntil(() -> desk.bench().modelProperty().get().orElseThrow().name().equals("fashion_lenet.onnx"));
        assertThat(onFx(() -> desk.accuracy().viewProperty().get().status())).isEqualTo(Status.NO_DATA);
    }

    @Test
    void aDroppedFileThatIsNoModelIsSaidInOneLine(FxRobot robot) throws Exception {
        Path bad = Files.write(config.resolve("bad.onnx"), new byte[] {1, 2, 3});
        doOnFx(() -> window.drop(List.of(bad.toFile())));
        waitUntil(() -> robot.lookup("#notice").query().isVisible());
        assertThat(text(robot, "#notice-text"))
                .contains("bad.onnx")
                .doesNotContain("Exception")
                .doesNotContain("\n");
    }

    @Test
    void openingSomethingElseWithUnsavedChangesAsksFirst(FxRobot robot) throws Exception {
        doOnFx(() -> desk.quantizer().setBits(5));
        FxThread.executor()
                .execute(() -> window.drop(
                        List.of(SAMPLES.resolve("fashion_lenet.onnx").toFile())));
        waitUntil(
                () -> robot.lookup(".dialog-pane").tryQueryAs(DialogPane.class).isPresent());
        robot.clickOn("Cancel");
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(onFx(() -> desk.bench().modelProperty().get().orElseThrow().name()))
                .isEqualTo("digits_mlp.onnx");
        assertThat(hand().spec().orElseThrow().bits()).isEqualTo(5);
    }

    @Test
    void theAccuracyIsWhollyInSightInALowWindowUnderANotice(FxRobot robot) throws Exception {
        doOnFx(() -> stage.setHeight(720));
        doOnFx(() -> window.drop(List.of(config.resolve("nothing.onnx").toFile())));
        waitUntil(() -> robot.lookup("#notice").query().isVisible());
        ScrollPane answers = robot.lookup(".scroll-pane.side-panel").queryAs(ScrollPane.class);
        waitUntil(() -> {
            Node number = robot.lookup("#accuracy").query();
            return number.localToScene(number.getBoundsInLocal()).getMaxY()
                    < answers.localToScene(answers.getBoundsInLocal()).getMaxY();
        });
        assertThat(onFx(() -> answers.getVvalue())).isZero();
    }

    @Test
    void noLabelIsCutOffInASmallWindow(FxRobot robot) {
        assertThat(onFx(() -> robot.lookup(".label").queryAllAs(Label.class).stream()
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
