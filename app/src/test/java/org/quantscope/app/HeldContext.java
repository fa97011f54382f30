package org.quantscope.app;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;

/** A desk on one thread, whose background work waits until the test runs it while {@link #held} is set. */
final class HeldContext implements AutoCloseable {
    static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    final List<String> problems = new ArrayList<>();
    final Queue<Runnable> waiting = new ArrayDeque<>();
    final ApplicationContext desk;
    boolean held;

    HeldContext(Path config) {
        Questions nobody = new Questions() {
            @Override
            public Unsaved unsaved(String name) {
                return Unsaved.DISCARD;
            }

            @Override
            public Optional<Path> whereToSave(Path suggestion) {
                return Optional.empty();
            }

            @Override
            public Optional<Path> whereIs(Role role, FileRef missing) {
                return Optional.empty();
            }

            @Override
            public boolean acceptChanged(Role role, Path file) {
                return false;
            }

            @Override
            public boolean restore(String model) {
                return false;
            }
        };
        desk = ApplicationContext.of(
                task -> {
                    if (held) {
                        waiting.add(task);
                    } else {
                        task.run();
                    }
                },
                Runnable::run,
                new Settings(config),
                nobody,
                new Notices() {
                    @Override
                    public void problem(String message) {
                        problems.add(message);
                    }

                    @Override
                    public void done(String message) {}
                });
    }

    void open(String model) {
        desk.session().openModel(SAMPLES.resolve(model));
    }

    /** Runs what waits, and what that asks for. */
    void runWaiting() {
        for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
            next.run();
        }
    }

    SelectedTensor.View hand() {
        return desk.inHand().viewProperty().get().orElseThrow();
    }

    Measured measured() {
        return hand().measured().orElseThrow();
    }

    SessionState state() {
        return desk.bench().stateProperty().get().orElseThrow();
    }

    Tensor tensor() {
        return desk.bench().analysed().orElseThrow().find(hand().subject().id()).orElseThrow();
    }

    @Override
    public void close() {
        desk.close();
    }
}
