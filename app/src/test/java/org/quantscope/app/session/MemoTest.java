package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.job.LruCache;

class MemoTest {
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> computed = new ArrayList<>();
    private final List<String> told = new ArrayList<>();

    private Memo<String, Integer> memo(Executor work) {
        Notices notices = new Notices() {
            @Override
            public void problem(String message) {
                problems.add(message);
            }

            @Override
            public void done(String message) {}
        };
        return new Memo<>(Background.of(work, Runnable::run, notices), LruCache.ofEntries(2));
    }

    private Optional<Integer> ask(Memo<String, Integer> memo, String key) {
        return memo.ask(
                key,
                (cancel, partial) -> {
                    cancel.check();
                    computed.add(key);
                    return key.length();
                },
                () -> told.add(key));
    }

    private void runAll() {
        for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
            next.run();
        }
    }

    @Test
    void computesOnceAndCallsBack() {
        Memo<String, Integer> memo = memo(waiting::add);
        assertThat(ask(memo, "three")).isEmpty();
        assertThat(ask(memo, "three")).isEmpty();
        runAll();
        assertThat(told).containsExactly("three");
        assertThat(ask(memo, "three")).contains(5);
        assertThat(ask(memo, "a")).isEmpty();
        runAll();
        assertThat(ask(memo, "three")).contains(5);
        assertThat(computed).containsExactly("three", "a");
    }

    @Test
    void aNewerKeyCancelsTheOldOne() {
        Memo<String, Integer> memo = memo(waiting::add);
        ask(memo, "old");
        ask(memo, "newer");
        runAll();
        assertThat(computed).containsExactly("newer");
        assertThat(told).containsExactly("newer");
    }

    @Test
    void workThatRunsAtOnceIsGivenByTheCallItself() {
        assertThat(ask(memo(Runnable::run), "three")).contains(5);
        assertThat(told).isEmpty();
    }

    @Test
    void nobodyIsToldAfterStopAndAllIsForgottenAfterClear() {
        Memo<String, Integer> memo = memo(waiting::add);
        ask(memo, "a");
        memo.stop();
        runAll();
        assertThat(told).isEmpty();
        ask(memo, "a");
        runAll();
        memo.clear();
        assertThat(ask(memo, "a")).isEmpty();
    }

    @Test
    void aFailureIsToldOnceAndTriedAgainAfterAnotherKey() {
        Memo<String, Integer> memo = memo(Runnable::run);
        for (int i = 0; i < 2; i++) {
            memo.ask(
                    "bad",
                    (cancel, partial) -> {
                        throw new IllegalStateException("not readable");
                    },
                    () -> {});
        }
        assertThat(problems).containsExactly("not readable");
        ask(memo, "a");
        assertThat(ask(memo, "bad")).contains(3);
    }
}
