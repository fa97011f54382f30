package org.quantscope.app;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Settings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;

/**
 * The program without a window, on one thread. While {@link #held} is set its background work waits until the test runs it; while
 * {@link #sceneHeld} is set so do its results.
 */
final class HeldContext implements AutoCloseable {
    final RecordedNotices notices = new RecordedNotices();
    final List<String> problems = notices.problems;
    final ChosenAnswers answers = new ChosenAnswers();

    /** Work that waits. */
    final Queue<Runnable> waiting = new ArrayDeque<>();

    /** What is to be done on the thread of the scene and waits. */
    final Queue<Runnable> waitingForScene = new ArrayDeque<>();

    final ApplicationContext context;
    boolean held;
    boolean sceneHeld;

    HeldContext(Path config) {
        context = ApplicationContext.of(
                task -> take(task, held, waiting),
                task -> take(task, sceneHeld, waitingForScene),
                new Settings(config),
                answers,
                notices);
    }

    private static void take(Runnable task, boolean held, Queue<Runnable> waiting) {
        if (held) {
            waiting.add(task);
        } else {
            task.run();
        }
    }

    void open(String model) {
        context.session().openModel(SampleFiles.FOLDER.resolve(model));
    }

    /** Runs what waits, and what that asks for. */
    void runWaiting() {
        for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
            next.run();
        }
    }

    /** Delivers what waits for the thread of the scene, and what that asks for. */
    void runWaitingForScene() {
        for (Runnable next = waitingForScene.poll(); next != null; next = waitingForScene.poll()) {
            next.run();
        }
    }

    SelectedTensor.View hand() {
        return context.selected().viewProperty().get().orElseThrow();
    }

    Measured measured() {
        return hand().measured().orElseThrow();
    }

    SessionState state() {
        return context.bench().stateProperty().get().orElseThrow();
    }

    Tensor tensor() {
        return context.bench()
                .analysed()
                .orElseThrow()
                .find(hand().subject().id())
                .orElseThrow();
    }

    @Override
    public void close() {
        context.close();
    }
}
