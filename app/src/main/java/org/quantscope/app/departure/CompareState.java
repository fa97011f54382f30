package org.quantscope.app.departure;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What the dialog shows.
 *
 * @param why nothing can be compared, a sentence with the remedy; empty if it can
 * @param needsData true if data is the remedy
 * @param deployed name of the deployed file or folder; empty if none is chosen
 * @param samples the number of samples to compare, as it is typed
 * @param badSamples what is wrong with it; empty if nothing is
 * @param running true while the two run
 * @param doing what is being done, in a few words
 * @param share how much of that is done, 0 to 1; below 0 if that is not known
 * @param rows the tensors, in the order of the float model's graph
 * @param deployedNames every deployed tensor, for pairs by hand
 * @param first where the two part
 * @param notes sentences beside
 * @param outcome what it came to, a sentence
 * @param again true if pairs were changed since the last comparison
 */
record CompareState(
        String why,
        boolean needsData,
        String deployed,
        String samples,
        String badSamples,
        boolean running,
        String doing,
        double share,
        List<Row> rows,
        List<String> deployedNames,
        Optional<First> first,
        List<String> notes,
        String outcome,
        boolean again) {
    CompareState {
        rows = List.copyOf(rows);
        deployedNames = List.copyOf(deployedNames);
        notes = List.copyOf(notes);
    }

    /** True if a click would begin. */
    boolean mayRun() {
        return why.isEmpty() && badSamples.isEmpty() && !deployed.isEmpty() && !running;
    }

    /**
     * A tensor.
     *
     * @param deployed its counterpart; empty if there is none
     * @param how it was found, and whether others would do
     * @param error SQNR in dB; infinite if the values are equal
     * @param explained the same of what the deployed grids explain
     * @param changed true if the pair was changed by hand since
     */
    record Row(
            String name,
            String deployed,
            String how,
            OptionalDouble error,
            OptionalDouble explained,
            boolean departs,
            boolean first,
            boolean changed) {}

    /** The first departure, in words. */
    record First(String name, String cause, String part, String said, String figures) {}
}
