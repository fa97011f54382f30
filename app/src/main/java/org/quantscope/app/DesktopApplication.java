package org.quantscope.app;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javafx.application.Application;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.ort.OrtRuntime;

/** The composition root of the desktop program: creates the threads and the window, and ends them. */
public final class DesktopApplication extends Application {
    private static final long DRAIN_SECONDS = 5;

    private final ExecutorService work = Executors.newCachedThreadPool(daemons());
    private @Nullable MainWindow window;

    @Override
    public void start(Stage stage) {
        Settings settings = Settings.usual();
        Temporaries.keepIn(settings.state().resolve("running"));
        MainWindow shown = new MainWindow(stage, settings, work, FxThread.executor());
        window = shown;
        shown.setFolderOpener(
                folder -> getHostServices().showDocument(folder.toUri().toString()));
        List<Path> files = getParameters().getRaw().stream().map(Path::of).toList();
        shown.show(files);
        shown.rehearse();
        shown.offerTour();
    }

    /** Waits for runs to end before native sessions are closed: closing one during a run would crash the process. */
    @Override
    public void stop() throws InterruptedException {
        if (window != null) {
            window.context().close();
        }
        work.shutdown();
        work.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS);
        OrtRuntime.shutdown();
        Temporaries.end();
    }

    private static ThreadFactory daemons() {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, "work-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
