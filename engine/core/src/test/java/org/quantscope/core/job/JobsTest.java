package org.quantscope.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class JobsTest {
    @Test
    void aBurstOfProgressReachesTheListenerAsOneSnapshot() {
        Queue<Runnable> events = new ArrayDeque<>();
        Jobs jobs = new Jobs(events::add);
        List<List<Jobs.Job>> seen = new ArrayList<>();
        jobs.onChange(seen::add);
        CancelToken cancel = new CancelToken();
        try (Jobs.Handle job = jobs.start("Accuracy", cancel)) {
            job.report(1, 4, "batch 1 of 4");
            job.report(2, 4, "batch 2 of 4");
            assertThat(events).hasSize(1);
            events.remove().run();
        }
        events.remove().run();
        assertThat(seen).containsExactly(List.of(new Jobs.Job(1, "Accuracy", 2, 4, "batch 2 of 4", cancel)), List.of());
    }

    @Test
    void cancelAllReachesEveryRunningJob() {
        Jobs jobs = new Jobs(Runnable::run);
        CancelToken first = new CancelToken();
        CancelToken second = new CancelToken();
        jobs.start("a", first);
        jobs.start("b", second).close();
        jobs.cancelAll();
        assertThat(first.isCancelled()).isTrue();
        assertThat(second.isCancelled()).isFalse();
    }

    @Test
    void theFractionIsUnknownUntilATotalIsReported() {
        Jobs jobs = new Jobs(Runnable::run);
        Jobs.Handle job = jobs.start("a", new CancelToken());
        assertThat(jobs.running().getFirst().fraction()).isNegative();
        job.report(1, 4, "");
        assertThat(jobs.running().getFirst().fraction()).isEqualTo(0.25);
    }
}
