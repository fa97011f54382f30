package org.quantscope.core.job;

/** Takes reports of how far long work has come. Called on the working thread; cheap, never blocks. */
@FunctionalInterface
public interface Progress {
    Progress NONE = (done, total, what) -> {};

    /**
     * @param done units finished
     * @param total units in all, at least {@code done}
     * @param what the unit being worked on, in a few words for a person, for example {@code batch 38 of 100}
     */
    void report(long done, long total, String what);
}
