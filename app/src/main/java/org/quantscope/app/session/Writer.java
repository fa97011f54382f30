package org.quantscope.app.session;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    /** Somebody has been asked to write what waits. */
    private boolean called;

    private boolean writing;
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
        boolean call;
        synchronized (this) {
            waiting.remove(name);
            waiting.put(name, new Asked(write, onFailure));
            call = !called;
            called = true;
        }
        if (call) {
            work.execute(() -> {
                synchronized (this) {
                    called = false;
                }
                writeAll();
            });
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

    /** Writes what waits, and what is asked for meanwhile; leaves it to whoever is at it already. */
    private void writeAll() {
        for (Asked next = begin(); next != null; next = begin()) {
            try {
                next.write.run();
            } catch (IOException e) {
                next.onFailure.accept(e);
            } catch (RuntimeException e) {
                // What follows is written all the same.
                next.onFailure.accept(new IOException(e.getMessage(), e));
            } finally {
                end();
            }
        }
    }

    private synchronized @Nullable Asked begin() {
        Map.Entry<String, Asked> first = writing ? null : waiting.pollFirstEntry();
        writing |= first != null;
        return first == null ? null : first.getValue();
    }

    private synchronized void end() {
        writing = false;
        notifyAll();
    }

    /**
     * Waits until nothing is left to write; what nobody has begun is written here.
     *
     * @return false if something is being written still after that many seconds, or the thread was interrupted
     */
    boolean drain(int seconds) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        writeAll();
        synchronized (this) {
            while (writing || !waiting.isEmpty()) {
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
        }
        return true;
    }
}
