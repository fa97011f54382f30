package org.quantscope.app.session;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes files one after the other in the background, in the order of the requests. If several requests with the same
 * name are waiting, only the last one is written. Thread-safe; requests never block.
 */
final class Writer {
    /** Writes a file. */
    @FunctionalInterface
    interface Write {
        void run() throws IOException;
    }

    private record Asked(Write write, Consumer<IOException> onFailure) {}

    private final Executor work;
    private final LinkedHashMap<String, Asked> waiting = new LinkedHashMap<>();
    /** True if a background task will write what is waiting. */
    private boolean called;

    private boolean writing;
    private int unnamed;

    /** @param work runs the writing */
    Writer(Executor work) {
        this.work = work;
    }

    /**
     * Requests {@code write}, in place of a request with the same {@code name} that is still waiting.
     *
     * @param onFailure called on the background thread
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

    /** Requests {@code write} after all that is waiting. */
    void add(Write write, Consumer<IOException> onFailure) {
        String name;
        synchronized (this) {
            name = "#" + unnamed++;
        }
        replace(name, write, onFailure);
    }

    /** Writes everything that is waiting, including new requests; does nothing if another thread is doing so. */
    private void writeAll() {
        for (Asked next = begin(); next != null; next = begin()) {
            try {
                next.write.run();
            } catch (IOException e) {
                next.onFailure.accept(e);
            } catch (RuntimeException e) {
                // The remaining requests are written in any case.
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
     * Waits until everything is written, and writes on this thread what no other thread has begun.
     *
     * @return false if writing takes longer than this number of seconds, or the thread was interrupted
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
