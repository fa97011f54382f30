package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.stage.Stage;
import javafx.stage.WindowEvent;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;
import org.testfx.api.FxToolkit;
import org.testfx.service.query.NodeQuery;
import org.testfx.util.WaitForAsyncUtils;

/**
 * The real window in a stage of its own, with settings of its own: opened before each test, at rest when the test begins, and closed behind
 * it. For tests that look at what a person would see; a robot is handed to those that ask for one.
 */
final class OpenWindow implements BeforeEachCallback, AfterEachCallback, ParameterResolver {

    private static final int SECONDS = 120;
    private static final long MILLIS = 60_000;
    private static final double SIDE = 980;

    private final List<Path> files;
    private final FxRobot robot = new SceneRobot();
    private final Application application = new Application() {
        @Override
        public void start(Stage shared) throws IOException {
            open();
        }

        @Override
        public void stop() {
            end();
        }
    };
    private Predicate<OpenWindow> rest = OpenWindow::rests;
    private Consumer<ApplicationContext> beforeFiles = context -> {};
    private boolean curve = true;
    private double width = SIDE;
    private double height = SIDE;

    private ThreadPoolExecutor work;
    Path config;
    Stage stage;
    MainWindow window;
    ApplicationContext context;

    /** @param files that are opened, as from the command line */
    OpenWindow(Path... files) {
        this.files = List.of(files);
    }

    /** Pixels of the whole stage; without this it is as large as the screen that tests have. */
    OpenWindow sized(double wide, double high) {
        width = wide;
        height = high;
        return this;
    }

    /** Other than that all is measured and evaluated. Asked on the thread of the scene. */
    OpenWindow restingWhen(Predicate<OpenWindow> condition) {
        rest = condition;
        return this;
    }

    /**
     * Hides the error against the clip, which is computed only while it can be seen and takes longer than all else that a
     * window shows of a tensor. For tests of something else.
     */
    OpenWindow withoutCurve() {
        curve = false;
        return this;
    }

    /** Looks on from before the files are opened. */
    OpenWindow watchedBy(Consumer<ApplicationContext> watcher) {
        beforeFiles = watcher;
        return this;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws TimeoutException {
        FxToolkit.registerPrimaryStage();
        FxToolkit.setupApplication(() -> application);
        waitUntil(() -> rest.test(this));
    }

    @Override
    public void afterEach(ExtensionContext context) throws TimeoutException, IOException, InterruptedException {
        FxToolkit.cleanupAfterTest(robot, application);
        assertThat(work.awaitTermination(SECONDS, TimeUnit.SECONDS)).isTrue();
        try (Stream<Path> remembered = Files.walk(config)) {
            for (Path path : remembered.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == FxRobot.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return robot;
    }

    private void open() throws IOException {
        config = Files.createTempDirectory("quantscope-window");
        work = (ThreadPoolExecutor) Executors.newCachedThreadPool();
        // The toolkit's own stage is every test's; a window that sets its size gets one for itself.
        stage = new Stage();
        Settings settings = new Settings(config);
        // The screen without a display is small; a maximized window would not take the size that a test asks for.
        settings.setText("window.maximized", "false");
        window = new MainWindow(stage, settings, work, FxThread.executor());
        context = window.context();
        stage.setMinWidth(width);
        stage.setWidth(width);
        stage.setHeight(height);
        stage.setX(0);
        stage.setY(0);
        if (!curve) {
            // The panes are part of the scene only when it has its skins.
            stage.getScene().getRoot().applyCss();
            stage.getScene().lookup(".error-curve-view").getParent().setVisible(false);
        }
        beforeFiles.accept(context);
        window.show(files);
    }

    /** As when a person closes the window: what is to be remembered is. Call on the thread of the scene. */
    void close() {
        stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST));
        end();
    }

    /** Ends without a question; once is enough. */
    private void end() {
        if (work.isShutdown()) {
            return;
        }
        stage.hide();
        context.close();
        // What the last step of a test set going may still ask for more.
        work.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        work.shutdownNow();
    }

    /** Everything is measured and evaluated. */
    boolean rests() {
        return context.accuracy().viewProperty().get().status() == Status.DONE
                && !context.accuracy().viewProperty().get().previous()
                && context.jobs().running().isEmpty()
                && context.selected()
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
        return onFx(() -> context.selected().viewProperty().get().orElseThrow());
    }

    SessionState state() {
        return onFx(() -> context.bench().stateProperty().get().orElseThrow());
    }

    /** Looks for nodes on the thread of the scene: on a test's own, a scene that changes meanwhile breaks the walk over its children. */
    private static final class SceneRobot extends FxRobot {

        @Override
        public NodeQuery lookup(String query) {
            return Platform.isFxApplicationThread() ? super.lookup(query) : onFx(() -> super.lookup(query));
        }

        @Override
        public <T extends Node> NodeQuery lookup(Predicate<T> predicate) {
            return Platform.isFxApplicationThread() ? super.lookup(predicate) : onFx(() -> super.lookup(predicate));
        }
    }
}
