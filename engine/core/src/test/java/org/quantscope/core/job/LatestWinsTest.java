package org.quantscope.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class LatestWinsTest {
    /** Slow work without sleeping: a piece runs when the test says so, and may see new requests while it runs. */
    private static final class Slow {
        final Queue<Runnable> queue = new ArrayDeque<>();
        final List<String> shown = new ArrayList<>();
        final List<Throwable> failures = new ArrayList<>();
        final LatestWins<String> latest;

        Slow(LatestWins.Mode mode) {
            latest = new LatestWins<>(mode, queue::add, Runnable::run);
        }

        void request(String name, Runnable whileRunning) {
            latest.submit(
                    (cancel, partial) -> {
                        partial.accept(name + " half");
                        whileRunning.run();
                        cancel.check();
                        return name;
                    },
                    shown::add,
                    failures::add);
        }

        void request(String name) {
            request(name, () -> {});
        }

        void runAll() {
            for (Runnable next = queue.poll(); next != null; next = queue.poll()) {
                next.run();
            }
        }
    }

    @Test
    void conflatingFinishesWhatRunsAndThenTakesTheNewest() {
        Slow slow = new Slow(LatestWins.Mode.CONFLATE);
        slow.request("1", () -> {
            slow.request("2");
            slow.request("3");
        });
        slow.runAll();
        assertThat(slow.shown).containsExactly("1 half", "1", "3 half", "3");
    }

    @Test
    void conflatingShowsResultsDuringAStreamOfRequests() {
        Slow slow = new Slow(LatestWins.Mode.CONFLATE);
        for (int i = 0; i < 300; i++) {
            slow.request("" + i);
            if (i % 3 == 2) {
                slow.queue.remove().run();
            }
        }
        slow.runAll();
        assertThat(slow.shown.stream().filter(s -> !s.endsWith("half")))
                .hasSizeGreaterThan(80)
                .endsWith("299");
    }

    @Test
    void cancellingStopsWhatRunsAndShowsNothingMoreOfIt() {
        Slow slow = new Slow(LatestWins.Mode.CANCEL_STALE);
        slow.request("1", () -> {
            slow.request("2");
            slow.request("3");
        });
        slow.runAll();
        assertThat(slow.shown).containsExactly("1 half", "3 half", "3");
        assertThat(slow.failures).isEmpty();
    }

    @Test
    void aResultThatWasOvertakenOnItsWayIsNotShown() {
        Queue<Runnable> results = new ArrayDeque<>();
        List<String> shown = new ArrayList<>();
        Queue<Runnable> work = new ArrayDeque<>();
        LatestWins<String> latest = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work::add, results::add);
        latest.submit(
                (cancel, partial) -> {
                    partial.accept("old");
                    latest.submit((c, p) -> "new", shown::add, e -> {});
                    return "old end";
                },
                shown::add,
                e -> {});
        while (!work.isEmpty()) {
            work.remove().run();
        }
        results.forEach(Runnable::run);
        assertThat(shown).containsExactly("new");
    }

    @Test
    void aResultOnTheWayThatWaitsIsReplacedByANewerOneAndDroppedForTheEnd() {
        Queue<Runnable> frames = new ArrayDeque<>();
        List<String> shown = new ArrayList<>();
        LatestWins<String> latest =
                new LatestWins<>(LatestWins.Mode.CANCEL_STALE, Runnable::run, Runnable::run, frames::add);
        latest.submit(
                (cancel, partial) -> {
                    partial.accept("1 of 4");
                    partial.accept("2 of 4");
                    frames.remove().run();
                    partial.accept("3 of 4");
                    return "4 of 4";
                },
                shown::add,
                e -> {});
        frames.forEach(Runnable::run);
        assertThat(shown).containsExactly("2 of 4", "4 of 4");
        assertThat(frames).hasSize(1);
    }

    @Test
    void aFailureIsReportedAndTheNextRequestRuns() {
        Slow slow = new Slow(LatestWins.Mode.CONFLATE);
        slow.request("1", () -> {
            slow.request("2");
            throw new IllegalStateException("broken");
        });
        slow.runAll();
        assertThat(slow.failures).singleElement().satisfies(e -> assertThat(e).hasMessage("broken"));
        assertThat(slow.shown).endsWith("2");
    }

    @Test
    void cancelDropsWhatWaitsAndSilencesWhatRuns() {
        Slow slow = new Slow(LatestWins.Mode.CONFLATE);
        slow.request("1", () -> {
            slow.request("2");
            slow.latest.cancel();
        });
        slow.runAll();
        assertThat(slow.shown).containsExactly("1 half");
        assertThat(slow.latest.isBusy()).isFalse();
    }

    @Test
    void workMayAskAgainFromItsOwnResultWhenEverythingRunsAtOnce() {
        List<Integer> shown = new ArrayList<>();
        LatestWins<Integer> latest = new LatestWins<>(LatestWins.Mode.CONFLATE, Runnable::run, Runnable::run);
        latest.submit(
                (cancel, partial) -> 1,
                first -> {
                    shown.add(first);
                    latest.submit((cancel, partial) -> 2, shown::add, e -> {});
                },
                e -> {});
        assertThat(shown).containsExactly(1, 2);
        assertThat(latest.isBusy()).isFalse();
    }
}
