package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.quantscope.app.ui.Notices;
import org.quantscope.app.ui.UiThread;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;

class BackgroundTest {
    private final Queue<Runnable> work = new ArrayDeque<>();
    private final Queue<Runnable> ui = new ArrayDeque<>();
    private final List<String> said = new ArrayList<>();
    private final Background background = Background.of(work::add, ui::add, new Notices() {
        @Override
        public void problem(String message) {
            said.add(message);
        }

        @Override
        public void done(String message) {}
    });

    @Test
    void worksOnOneThreadAndDeliversOnTheOther() {
        List<String> got = new ArrayList<>();
        background
                .<String>latest(LatestWins.Mode.CONFLATE)
                .submit((cancel, partial) -> "answer", got::add, background::problem);
        assertThat(work).hasSize(1);
        work.remove().run();
        assertThat(got).isEmpty();
        ui.remove().run();
        assertThat(got).containsExactly("answer");
    }

    @Test
    void tellsOfWorkOnItsWayOnceAFrame() {
        Queue<Runnable> frames = new ArrayDeque<>();
        Background paced = Background.of(work::add, pacedBy(frames), background.notices());
        List<Integer> batches = new ArrayList<>();
        paced.<Integer>latest(LatestWins.Mode.CANCEL_STALE)
                .submit(
                        (cancel, partial) -> {
                            try (Jobs.Handle job = paced.start("Accuracy", cancel)) {
                                for (int i = 1; i <= 4; i++) {
                                    job.report(i, 5, "");
                                    partial.accept(i);
                                    run(ui);
                                }
                                run(frames);
                                return 5;
                            }
                        },
                        batches::add,
                        paced::problem);
        List<Long> done = new ArrayList<>();
        paced.jobs().onChange(running -> running.forEach(job -> done.add(job.done())));
        work.remove().run();
        run(ui);
        // The first at once, then the newest before the frame, then the end.
        assertThat(batches).containsExactly(1, 4, 5);
        assertThat(done).containsExactly(4L);
    }

    @Test
    void showsSomethingOfEveryRequestAlsoIfTheNextOneComesBeforeTheFrame() {
        Queue<Runnable> frames = new ArrayDeque<>();
        Background paced = Background.of(work::add, pacedBy(frames), background.notices());
        List<String> shown = new ArrayList<>();
        step(1, paced.latest(LatestWins.Mode.CANCEL_STALE), frames, shown);
        while (!work.isEmpty()) {
            work.remove().run();
        }
        assertThat(shown).containsExactly("1.1", "2.1", "3.1", "4.1", "4.3");
    }

    /** One step of a drag. The next one is taken just before the newest results of this one would be shown. */
    private void step(int step, LatestWins<String> latest, Queue<Runnable> frames, List<String> shown) {
        latest.submit(
                (cancel, partial) -> {
                    for (int batch = 1; batch <= 3; batch++) {
                        partial.accept(step + "." + batch);
                        run(ui);
                    }
                    if (step < 4) {
                        step(step + 1, latest, frames, shown);
                    }
                    run(frames);
                    throw new CancellationException();
                },
                shown::add,
                background::problem);
    }

    private UiThread pacedBy(Queue<Runnable> frames) {
        return new UiThread() {
            @Override
            public void execute(Runnable task) {
                ui.add(task);
            }

            @Override
            public void beforeFrame(Runnable task) {
                frames.add(task);
            }
        };
    }

    private static void run(Queue<Runnable> tasks) {
        // What a task asks for waits, as it would for the next frame.
        for (int left = tasks.size(); left > 0; left--) {
            tasks.remove().run();
        }
    }

    @Test
    void showsAJobUntilItIsClosedAndItsListenersRunOnTheThreadOfTheWindow() {
        List<Integer> seen = new ArrayList<>();
        background.jobs().onChange(running -> seen.add(running.size()));
        try (Jobs.Handle job = background.start("Reading", new CancelToken())) {
            job.report(1, 2, "half");
            assertThat(background.jobs().running()).extracting(Jobs.Job::title).containsExactly("Reading");
            assertThat(seen).isEmpty();
            ui.remove().run();
        }
        ui.remove().run();
        assertThat(seen).containsExactly(1, 0);
    }

    @Test
    void tellsAFailure() {
        background
                .latest(LatestWins.Mode.CANCEL_STALE)
                .submit(
                        (cancel, partial) -> {
                            throw new IllegalStateException("no such channel");
                        },
                        x -> {},
                        background::problem);
        work.remove().run();
        ui.remove().run();
        assertThat(said).containsExactly("no such channel");
    }
}
