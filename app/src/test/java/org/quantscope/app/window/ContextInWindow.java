package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javafx.scene.control.Label;
import javafx.stage.Stage;
import javafx.stage.WindowEvent;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyViewModel.Status;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

/** The real window in a stage of its own, for tests that look at what a person would see. */
final class ContextInWindow {
    static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    static final Path DIGITS = SAMPLES.resolve("digits_mlp.onnx");
    static final Path DIGITS_TEST = SAMPLES.resolve("digits_test.npz");

    private static final int SECONDS = 30;
    private static final long MILLIS = 10_000;
    private static final double SIDE = 980;

    final ThreadPoolExecutor work = (ThreadPoolExecutor) Executors.newCachedThreadPool();
    final Stage stage = new Stage();
    final MainWindow window;
    final ApplicationContext desk;

    /** Call on the thread of the scene. The window fits the screen that tests have. */
    ContextInWindow(Path config) {
        window = new MainWindow(stage, new Settings(config), work, FxThread.executor());
        desk = window.desk();
        stage.setMinWidth(SIDE);
        stage.setWidth(SIDE);
        stage.setHeight(SIDE);
        stage.setX(0);
        stage.setY(0);
    }

    void show(Path... files) {
        window.show(List.of(files));
    }

    /** As when a person closes the window: what is to be remembered is. Call on the thread of the scene. */
    void close() {
        stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST));
        end();
    }

    /** Ends without a question; once is enough. */
    void end() {
        if (work.isShutdown()) {
            return;
        }
        stage.hide();
        desk.close();
        // What the last step of a test set going may still ask for more.
        work.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        work.shutdownNow();
    }

    /** Everything is measured and evaluated. */
    boolean rests() {
        return desk.accuracy().viewProperty().get().status() == Status.DONE
                && !desk.accuracy().viewProperty().get().previous()
                && desk.jobs().running().isEmpty()
                && desk.inHand()
                        .viewProperty()
                        .get()
                        .map(v -> !v.preview()
                                && v.measured()
                                        .map(m -> m.error().exact())
                                        .orElse(v.spec().isEmpty()))
                        .orElse(false);
    }

    void waitForRest() throws TimeoutException {
        waitUntil(this::rests);
    }

    static void waitUntil(BooleanSupplier condition) throws TimeoutException {
        WaitForAsyncUtils.waitFor(SECONDS, TimeUnit.SECONDS, () -> onFx(condition::getAsBoolean));
        WaitForAsyncUtils.waitForFxEvents();
    }

    static <T> T onFx(Supplier<T> supplier) {
        return WaitForAsyncUtils.waitForAsyncFx(MILLIS, supplier::get);
    }

    static void doOnFx(Runnable action) {
        WaitForAsyncUtils.waitForAsyncFx(MILLIS, action);
    }

    static String text(FxRobot robot, String id) {
        return onFx(() -> robot.lookup(id).queryAs(Label.class).getText());
    }

    SelectedTensor.View hand() {
        return onFx(() -> desk.inHand().viewProperty().get().orElseThrow());
    }

    SessionState state() {
        return onFx(() -> desk.bench().stateProperty().get().orElseThrow());
    }
}
