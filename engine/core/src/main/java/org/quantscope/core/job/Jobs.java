package org.quantscope.core.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** The long work that is running, so that people can see and cancel it. Thread safe. */
public final class Jobs {
    /**
     * A snapshot of one piece of work.
     *
     * @param id unique within its registry
     * @param title what it does, in a few words
     * @param done units finished
     * @param total units in all; 0 while unknown
     * @param what the unit being worked on, empty if nothing was reported yet
     * @param cancel stops the work
     */
    public record Job(long id, String title, long done, long total, String what, CancelToken cancel) {
        /** The finished share, from 0 to 1; negative while unknown. */
        public double fraction() {
            return total <= 0 ? -1 : Math.clamp((double) done / total, 0, 1);
        }
    }

    /** The worker's end of a job: takes its progress, and ends the job when closed. */
    public final class Handle implements Progress, AutoCloseable {
        private final long id;

        private Handle(long id) {
            this.id = id;
        }

        @Override
        public void report(long done, long total, String what) {
            synchronized (jobs) {
                jobs.computeIfPresent(id, (key, job) -> new Job(key, job.title, done, total, what, job.cancel));
            }
            changed();
        }

        @Override
        public void close() {
            synchronized (jobs) {
                jobs.remove(id);
            }
            changed();
        }
    }

    private final Executor events;
    private final Map<Long, Job> jobs = new LinkedHashMap<>();
    private final List<Consumer<List<Job>>> listeners = new ArrayList<>();
    private long lastId;
    private boolean announced;

    /** @param events runs the listeners; a burst of changes reaches them as one */
    public Jobs(Executor events) {
        this.events = events;
    }

    /** Announces work that is starting. */
    public Handle start(String title, CancelToken cancel) {
        Handle handle;
        synchronized (jobs) {
            long id = ++lastId;
            jobs.put(id, new Job(id, title, 0, 0, "", cancel));
            handle = new Handle(id);
        }
        changed();
        return handle;
    }

    /** The jobs that are running, oldest first. */
    public List<Job> running() {
        synchronized (jobs) {
            return List.copyOf(jobs.values());
        }
    }

    /** Calls {@code listener} with {@link #running} after every change. */
    public void onChange(Consumer<List<Job>> listener) {
        synchronized (jobs) {
            listeners.add(listener);
        }
    }

    /** Cancels everything. */
    public void cancelAll() {
        running().forEach(job -> job.cancel.cancel());
    }

    private void changed() {
        synchronized (jobs) {
            if (announced) {
                return;
            }
            announced = true;
        }
        events.execute(() -> {
            List<Consumer<List<Job>>> toCall;
            List<Job> snapshot;
            synchronized (jobs) {
                announced = false;
                toCall = List.copyOf(listeners);
                snapshot = List.copyOf(jobs.values());
            }
            toCall.forEach(listener -> listener.accept(snapshot));
        });
    }
}
