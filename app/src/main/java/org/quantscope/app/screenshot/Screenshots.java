package org.quantscope.app.screenshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import javafx.animation.AnimationTimer;
import javafx.application.Application;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.BundledModels;
import org.quantscope.app.session.SessionViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;

/**
 * Runs the real window on the bundled samples and saves pictures of it: {@code histogram.png}, {@code collapse.png} and
 * {@code dark.png}, in the folder given as the first argument.
 */
public final class Screenshots {
    private Screenshots() {}

    public static void main(String[] args) {
        Logger.getLogger("javafx").setLevel(Level.SEVERE);
        Application.launch(Camera.class, args);
    }

    /** Takes the pictures one after the other, each when all of its numbers are there, then ends the program. */
    public static final class Camera extends Application {
        private static final long TIMEOUT_NANOS = 60_000_000_000L;

        /** The number of frames between the last number and the picture, so that everything has been painted. */
        private static final int SETTLE = 30;

        /**
         * A range for the worst weight of the first sample, in its units: close to the least squared error at 4 bits.
         */
        private static final float NEAR_BEST = 5.6f;

        private static final String COLLAPSING = "fashion_lenet_unequalized.onnx";

        private static final double WIDTH = 1440;
        private static final double HEIGHT = 900;

        private record Step(
                Runnable action,
                BooleanSupplier ready,
                @Nullable String picture) {}

        private final ExecutorService work = Executors.newCachedThreadPool();
        private @Nullable MainWindow window;
        private @Nullable Path settingsFolder;

        @Override
        public void start(Stage stage) throws IOException {
            Path folder =
                    Files.createDirectories(Path.of(getParameters().getRaw().getFirst()));
            Path temporary = Files.createTempDirectory("quantscope-screenshots");
            settingsFolder = temporary;
            MainWindow shown = new MainWindow(stage, new Settings(temporary), work, FxThread.executor());
            window = shown;
            // Without a display the virtual screen may be smaller than the screens of most people.
            stage.setMaximized(false);
            stage.setWidth(WIDTH);
            stage.setHeight(HEIGHT);
            shown.show(List.of());
            var context = shown.context();
            BooleanSupplier done = () -> context.accuracy().viewProperty().get().status() == AccuracyState.Status.DONE
                    && !context.accuracy().viewProperty().get().previous()
                    && context.accuracy()
                            .viewProperty()
                            .get()
                            .baseline()
                            .map(b -> b.isComplete())
                            .orElse(false)
                    && context.jobs().running().isEmpty()
                    && context.selected()
                            .viewProperty()
                            .get()
                            .map(Camera::atRest)
                            .orElse(false);
            run(
                    stage,
                    folder,
                    List.of(
                            // An evaluation that the strip at the bottom can compare the next ones with.
                            new Step(() -> {}, done, null),
                            new Step(() -> everything(spec -> spec.withGranularity(Granularity.CHANNEL)), done, null),
                            new Step(() -> everything(spec -> spec.withBits(6)), done, null),
                            new Step(() -> everything(spec -> spec.withGranularity(Granularity.TENSOR)), done, null),
                            new Step(() -> everything(spec -> spec.withBits(8)), done, null),
                            new Step(() -> everything(spec -> spec.withBits(4)), done, null),
                            new Step(
                                    () -> context.selected().setRange(ClipRange.symmetric(NEAR_BEST)),
                                    done,
                                    "dark.png"),
                            new Step(() -> shown.themeProperty().set(Theme.LIGHT), done, "histogram.png"),
                            new Step(
                                    () -> {
                                        // Marked as saved, because nobody could answer the question about unsaved
                                        // changes.
                                        context.bench()
                                                .saved(
                                                        context.bench()
                                                                .stateProperty()
                                                                .get()
                                                                .orElseThrow(),
                                                        temporary);
                                        openCollapsing(context.session());
                                    },
                                    () -> context.bench()
                                                    .modelProperty()
                                                    .get()
                                                    .map(m -> m.name().equals(COLLAPSING))
                                                    .orElse(false)
                                            && done.getAsBoolean(),
                                    null),
                            new Step(() -> everything(spec -> spec.withGranularity(Granularity.CHANNEL)), done, null),
                            new Step(
                                    () -> everything(spec -> spec.withGranularity(Granularity.TENSOR)),
                                    done,
                                    "collapse.png")));
        }

        static boolean atRest(SelectedTensor.View v) {
            return !v.previous()
                    && !v.preview()
                    && v.measured().map(m -> m.error().exact()).orElse(false)
                    && v.slices().isPresent();
        }

        private static void openCollapsing(SessionViewModel session) {
            BundledModels.all().stream()
                    .filter(s -> s.model().endsWith(COLLAPSING))
                    .findFirst()
                    .ifPresent(session::openSample);
        }

        private void everything(UnaryOperator<QuantSpec> change) {
            var bench = requireWindow().context().bench();
            Optional<QuantSpec> weights =
                    bench.stateProperty().get().flatMap(SessionState::weights).map(change);
            bench.apply(new Edit.SetWeights(weights));
        }

        private MainWindow requireWindow() {
            return Objects.requireNonNull(window);
        }

        private static void run(Stage stage, Path folder, List<Step> steps) {
            new AnimationTimer() {
                private int at;
                private boolean begun;
                private int settled;
                private long since;

                @Override
                public void handle(long now) {
                    Step step = steps.get(at);
                    if (!begun) {
                        begun = true;
                        settled = 0;
                        since = now;
                        step.action.run();
                        return;
                    }
                    if (now - since > TIMEOUT_NANOS) {
                        stop();
                        write(stage, folder.resolve("failed.png"));
                        stage.hide();
                        throw new IllegalStateException(
                                "step " + at + ": the window did not come to rest; failed.png shows it");
                    }
                    settled = step.ready.getAsBoolean() ? settled + 1 : 0;
                    if (settled < SETTLE) {
                        return;
                    }
                    if (step.picture != null) {
                        write(stage, folder.resolve(step.picture));
                    }
                    begun = false;
                    if (++at == steps.size()) {
                        stop();
                        stage.hide();
                    }
                }
            }.start();
        }

        private static void write(Stage stage, Path file) {
            try {
                Snapshots.writePng(stage.getScene().snapshot(null), file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void stop() throws IOException {
            requireWindow().context().close();
            work.shutdown();
            if (settingsFolder != null) {
                // What a folder holds comes after it.
                try (var files = Files.walk(settingsFolder)) {
                    for (Path file : files.toList().reversed()) {
                        Files.delete(file);
                    }
                }
            }
        }
    }
}
