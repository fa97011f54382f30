package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class WriterTest {
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final List<String> written = new ArrayList<>();
    private final Writer writer = new Writer(waiting::add);

    private void ask(String name, String what) {
        writer.replace(name, () -> written.add(what), e -> written.add("failed"));
    }

    @Test
    void nothingIsWrittenWhereItIsAskedFor() {
        ask("a", "one");
        assertThat(written).isEmpty();
        assertThat(waiting).hasSize(1);
        waiting.remove().run();
        assertThat(written).containsExactly("one");
    }

    @Test
    void underOneNameTheLastIsWrittenAndTheOrderIsThatOfTheLastAsking() {
        ask("a", "old");
        ask("b", "other");
        writer.add(() -> written.add("first"), e -> {});
        writer.add(() -> written.add("second"), e -> {});
        ask("a", "new");
        waiting.remove().run();
        assertThat(written).containsExactly("other", "first", "second", "new");
        assertThat(waiting).isEmpty();
    }

    @Test
    void whatFailsIsToldAndTheRestIsWritten() {
        List<String> told = new ArrayList<>();
        writer.add(
                () -> {
                    throw new IOException("disk full");
                },
                e -> told.add(e.getMessage()));
        writer.add(
                () -> {
                    throw new IllegalStateException("a bug");
                },
                e -> told.add(e.getMessage()));
        ask("a", "one");
        waiting.remove().run();
        assertThat(told).containsExactly("disk full", "a bug");
        assertThat(written).containsExactly("one");
    }

    @Test
    void drainingWaitsForWhatIsBeingWrittenAndGivesUpInTime() {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        try (ExecutorService work = Executors.newSingleThreadExecutor()) {
            Writer slow = new Writer(work);
            slow.add(
                    () -> {
                        started.countDown();
                        await(mayEnd);
                        written.add("slow");
                    },
                    e -> {});
            await(started);
            assertThat(slow.drain(0)).isFalse();
            mayEnd.countDown();
            assertThat(slow.drain(30)).isTrue();
            assertThat(written).containsExactly("slow");
        }
    }

    @Test
    void drainingWritesWhatNobodyHasBegun() {
        ask("a", "one");
        assertThat(writer.drain(30)).isTrue();
        assertThat(written).containsExactly("one");
        waiting.remove().run();
        assertThat(written).containsExactly("one");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
