package org.quantscope.app.screenshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import javafx.animation.AnimationTimer;
import javafx.application.Application;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.RadioButton;
import javafx.scene.image.Image;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.lesson.Lesson.Attempt;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.session.SessionState;

/**
 * Goes through lessons in the real window by their own solutions, and writes one contact sheet for each,
 * {@code ID.png}: every step as it asks and as it is passed. Arguments: a folder, and ids of lessons (none: all that
 * come with the program). With {@code --whole} every window is written in full size too.
 */
public final class LessonSheets {
    private LessonSheets() {}

    public static void main(String[] args) {
        Logger.getLogger("javafx").setLevel(Level.SEVERE);
        Application.launch(Camera.class, args);
    }

    /** Takes the pictures one after the other, each when all of its numbers are there, then ends the program. */
    public static final class Camera extends Application {
        private static final long TIMEOUT_NANOS = 100_000_000_000L;
        /** The number of frames between the last number and the picture, so that everything has been painted. */
        private static final int SETTLE = 20;

        private static final double WIDTH = 1024;
        private static final double HEIGHT = 768;
        private static final int BYTES = 250_000;
        private static final int[] WIDTHS = {480, 420, 360, 300};
        private static final int SURE = 2;

        private record Shot(
                Runnable action,
                BooleanSupplier ready,
                @Nullable String label,
                @Nullable Lesson last) {}

        // What is asked for while the window closes is not answered.
        private final ThreadPoolExecutor work = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                new ThreadPoolExecutor.DiscardPolicy());
        private final List<SheetPicture.Cell> cells = new ArrayList<>();
        private @Nullable MainWindow window;
        private @Nullable Scene scene;
        private @Nullable Path temporary;
        private Path folder = Path.of("");
        private boolean whole;

        @Override
        public void start(Stage stage) throws IOException {
            List<String> given = new ArrayList<>(getParameters().getRaw());
            whole = given.remove("--whole");
            folder = Files.createDirectories(Path.of(given.removeFirst()));
            Path state = Files.createTempDirectory("quantscope-lessons");
            temporary = state;
            MainWindow shown = new MainWindow(stage, new Settings(state), work, FxThread.executor());
            window = shown;
            stage.setMaximized(false);
            stage.setWidth(WIDTH);
            stage.setHeight(HEIGHT);
            shown.show(List.of());
            scene = stage.getScene();
            shown.themeProperty().set(Theme.LIGHT);
            List<Shot> shots = new ArrayList<>();
            // What is still being opened would end a lesson.
            shots.add(new Shot(
                    () -> {},
                    () -> shown.context().bench().modelProperty().get().isPresent() && atRest(),
                    null,
                    null));
            for (Lesson lesson : Lessons.bundled()) {
                if (given.isEmpty() || given.contains(lesson.id())) {
                    shots.addAll(shots(lesson));
                }
            }
            if (shots.size() == 1) {
                throw new IllegalArgumentException("no such lesson: " + String.join(", ", given));
            }
            take(stage, shots);
        }

        private LessonViewModel lessons() {
            return Objects.requireNonNull(window).context().lessons();
        }

        private boolean seen(Predicate<LessonViewModel.View> wanted) {
            return lessons().viewProperty().get().filter(wanted).isPresent() && atRest();
        }

        private boolean atRest() {
            var context = Objects.requireNonNull(window).context();
            AccuracyState.Status accuracy =
                    context.accuracy().viewProperty().get().status();
            return context.jobs().running().isEmpty()
                    && accuracy != AccuracyState.Status.WAITING
                    && accuracy != AccuracyState.Status.RUNNING
                    && context.selected()
                            .viewProperty()
                            .get()
                            .map(v -> !v.previous() && !v.preview())
                            .orElse(true);
        }

        /** What is done in a lesson: asked, answered, done, said why; then the next step. */
        private List<Shot> shots(Lesson lesson) {
            List<Shot> shots = new ArrayList<>();
            for (int i = 0; i < lesson.steps().size(); i++) {
                Step step = lesson.steps().get(i);
                int at = i;
                boolean asks = step.prediction().isPresent();
                Attempt by = step.solution().orElseThrow();
                String name = String.format(Locale.ROOT, "Step %d", i + 1);
                shots.add(new Shot(
                        () -> {
                            if (at == 0) {
                                lessons().start(lesson, Optional.empty());
                            } else {
                                lessons().next();
                            }
                        },
                        () -> seen(v -> v.step() == at && v.phase() == (asks ? Phase.ASKING : Phase.SHOWN)),
                        name + ": " + step.title(),
                        null));
                shots.add(new Shot(
                        () -> by.answer().ifPresent(answer -> lessons().answer(answer, SURE)),
                        () -> seen(v -> v.phase() == Phase.SHOWN
                                && (step.reveal().isEmpty() || !v.reveal().isEmpty())),
                        null,
                        null));
                by.acts().forEach(act -> shots.add(done(act)));
                shots.add(new Shot(
                        () -> by.why().ifPresent(this::chooseReason),
                        () -> seen(LessonViewModel.View::done),
                        name + (asks ? ", answered" : ", done"),
                        i + 1 == lesson.steps().size() ? lesson : null));
            }
            return shots;
        }

        /** What changes the model or needs a search is waited for. */
        private Shot done(Act act) {
            ApplicationContext context = Objects.requireNonNull(window).context();
            AtomicReference<Optional<SessionState>> before = new AtomicReference<>(Optional.empty());
            boolean takesTime = act instanceof Act.Correct || act instanceof Act.GiveBits;
            return new Shot(
                    () -> {
                        before.set(context.bench().stateProperty().get());
                        if (act instanceof Act.Correct correct) {
                            context.corrections().apply(Corrections.byId(correct.correction()), correct.options());
                        } else {
                            lessons().perform(List.of(act));
                        }
                    },
                    () -> (!takesTime
                                    || !before.get()
                                            .equals(context.bench()
                                                    .stateProperty()
                                                    .get()))
                            && atRest(),
                    null,
                    null);
        }

        private void chooseReason(int index) {
            Node button = Objects.requireNonNull(scene).lookup("#lesson-why-" + (index + 1));
            ((RadioButton) button).fire();
        }

        private void take(Stage stage, List<Shot> shots) {
            new AnimationTimer() {
                private int at;
                private boolean begun;
                private int settled;
                private long since;

                @Override
                public void handle(long now) {
                    Shot shot = shots.get(at);
                    if (!begun) {
                        begun = true;
                        settled = 0;
                        since = now;
                        shot.action.run();
                        return;
                    }
                    if (now - since > TIMEOUT_NANOS) {
                        stop();
                        write(stage.getScene().snapshot(null), "failed.png");
                        stage.hide();
                        throw new IllegalStateException(
                                "picture " + at + ": the window did not come to rest; failed.png shows it");
                    }
                    settled = shot.ready.getAsBoolean() ? settled + 1 : 0;
                    if (settled < SETTLE) {
                        return;
                    }
                    if (shot.label != null) {
                        keep(stage.getScene().snapshot(null), shot.label, shot.last);
                    }
                    begun = false;
                    if (++at == shots.size()) {
                        stop();
                        stage.hide();
                    }
                }
            }.start();
        }

        private void keep(Image picture, String label, @Nullable Lesson last) {
            cells.add(new SheetPicture.Cell(label, Snapshots.picture(picture)));
            if (whole) {
                String id =
                        lessons().viewProperty().get().orElseThrow().lesson().id();
                write(picture, String.format(Locale.ROOT, "%s-%02d.png", id, cells.size()));
            }
            if (last != null) {
                try {
                    SheetPicture.write(last.title(), cells, WIDTHS, BYTES, folder.resolve(last.id() + ".png"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                cells.clear();
            }
        }

        private void write(Image picture, String name) {
            try {
                Snapshots.writePng(picture, folder.resolve(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void stop() throws IOException, InterruptedException {
            Objects.requireNonNull(window).context().close();
            work.shutdownNow();
            if (!work.awaitTermination(1, TimeUnit.MINUTES)) {
                return;
            }
            if (temporary != null) {
                // What a folder holds comes after it.
                try (var files = Files.walk(temporary)) {
                    for (Path file : files.toList().reversed()) {
                        Files.delete(file);
                    }
                }
            }
        }
    }
}
