package org.quantscope.app.session;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Writes files one after the other in the background, in the order in which it was asked to. Under one name only what was
 * asked last is written, if it comes in time. Thread safe; asking never waits.
 */
final class Writer {
    /** Writes something. */
    @FunctionalInterface
    interface Write {
        void run() throws IOException;
    }

    private record Asked(Write write, Consumer<IOException> onFailure) {}

    private final Executor work;
    private final LinkedHashMap<String, Asked> waiting = new LinkedHashMap<>();
    private boolean running;
    private int unnamed;

    /** @param work writes */
    Writer(Executor work) {
        this.work = work;
    }

    /**
     * Asks for {@code write} in place of what still waits under {@code name}.
     *
     * @param onFailure told in the background
     */
    void replace(String name, Write write, Consumer<IOException> onFailure) {
        boolean start;
        synchronized (this) {
            waiting.remove(name);
            waiting.put(name, new Asked(write, onFailure));
            start = !running;
            running = true;
        }
        if (start) {
            work.execute(this::run);
        }
    }

    /** Asks for {@code write} behind all that waits. */
    void add(Write write, Consumer<IOException> onFailure) {
        String name;
        synchronized (this) {
            name = "#" + unnamed++;
        }
        replace(name, write, onFailure);
    }

    private void run() {
        while (true) {
            Asked next;
            synchronized (this) {
                Map.Entry<String, Asked> first = waiting.pollFirstEntry();
                if (first == null) {
                    running = false;
                    notifyAll();
                    return;
                }
                next = first.getValue();
            }
            try {
                next.write.run();
            } catch (IOException e) {
                next.onFailure.accept(e);
            } catch (RuntimeException e) {
                // What follows is written all the same.
                next.onFailure.accept(new IOException(e.getMessage(), e));
            }
        }
    }

    /**
     * Waits until nothing is left to write.
     *
     * @return false if something still was after that many seconds, or the thread was interrupted
     */
    synchronized boolean drain(int seconds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (running) {
            long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }
}
