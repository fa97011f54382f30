package org.quantscope.app.screenshot;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import javafx.animation.AnimationTimer;
import javafx.application.Application;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.session.Edit;

/**
 * Runs the real window on the first bundled sample, moves the range of its worst weight from the largest value to the
 * best range and a little beyond, and saves what is seen meanwhile as a moving picture in the file given as the first
 * argument.
 */
public final class Drag {
    private Drag() {}

    public static void main(String[] args) {
        Logger.getLogger("javafx").setLevel(Level.SEVERE);
        Application.launch(Scene.class, args);
    }

    /** The window and the hand that moves the range. */
    public static final class Scene extends Application {
        private static final long TIMEOUT_NANOS = 120_000_000_000L;
        private static final int SETTLE = 30;
        private static final int STEPS = 28;

        /** Frames of the window between two of the picture. */
        private static final int PULSES = 6;

        private static final int STEP_MILLIS = 100;
        private static final int REST_MILLIS = 2500;

        /** Where the drag begins and ends, as shares of the largest value; the best range lies between them. */
        private static final double FROM = 1;

        private static final double TO = 0.35;

        private static final int WIDTH = 720;
        private static final int HEIGHT = 450;

        private final ExecutorService work = Executors.newCachedThreadPool();
        private final MovingPicture picture = new MovingPicture();
        private @Nullable MainWindow window;
        private @Nullable Path settingsFolder;

        @Override
        public void start(Stage stage) throws IOException {
            Path temporary = Files.createTempDirectory("quantscope-drag");
            settingsFolder = temporary;
            Path file = Path.of(getParameters().getRaw().getFirst());
            MainWindow shown = new MainWindow(stage, new Settings(temporary), work, FxThread.executor());
            window = shown;
            stage.setMaximized(false);
            stage.setWidth(2.0 * WIDTH);
            stage.setHeight(2.0 * HEIGHT);
            shown.show(List.of());
            shown.themeProperty().set(Theme.LIGHT);
            new AnimationTimer() {
                private int step = -2;
                private int pulses;
                private double largest;
                private final long began = System.nanoTime();

                @Override
                public void handle(long now) {
                    if (now - began > TIMEOUT_NANOS) {
                        stop();
                        stage.hide();
                        throw new IllegalStateException("step " + step + ": the window did not come to rest");
                    }
                    pulses = (step >= 0 && step <= STEPS) || atRest(shown) ? pulses + 1 : 0;
                    if (pulses < (step >= 0 && step <= STEPS ? PULSES : SETTLE)) {
                        return;
                    }
                    pulses = 0;
                    if (step == -2) {
                        var bench = shown.context().bench();
                        bench.apply(new Edit.SetWeights(bench.stateProperty()
                                .get()
                                .flatMap(s -> s.weights())
                                .map(spec -> spec.withBits(4))));
                    } else if (step == -1) {
                        largest = shown.context()
                                .selected()
                                .viewProperty()
                                .get()
                                .flatMap(v -> v.clip())
                                .orElseThrow()
                                .hi();
                        picture.add(seen(stage), REST_MILLIS / 2);
                    } else if (step < STEPS) {
                        double share = FROM + (TO - FROM) * (step + 1) / STEPS;
                        shown.context().selected().preview(ClipRange.symmetric((float) (largest * share)));
                        if (step > 0) {
                            picture.add(seen(stage), STEP_MILLIS);
                        }
                    } else if (step == STEPS) {
                        shown.context().selected().commit();
                    } else {
                        stop();
                        picture.add(seen(stage), REST_MILLIS);
                        write(file);
                        stage.hide();
                    }
                    step++;
                }
            }.start();
        }

        private static boolean atRest(MainWindow shown) {
            var context = shown.context();
            var accuracy = context.accuracy().viewProperty().get();
            return accuracy.status() == AccuracyState.Status.DONE
                    && !accuracy.previous()
                    && context.jobs().running().isEmpty()
                    && context.selected()
                            .viewProperty()
                            .get()
                            .map(Screenshots.Camera::atRest)
                            .orElse(false);
        }

        private static BufferedImage seen(Stage stage) {
            BufferedImage small = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
            Graphics2D g = small.createGraphics();
            g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
            g.drawImage(Snapshots.picture(stage.getScene().snapshot(null)), 0, 0, WIDTH, HEIGHT, null);
            g.dispose();
            return small;
        }

        private void write(Path file) {
            try {
                picture.write(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void stop() throws IOException {
            Objects.requireNonNull(window).context().close();
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
