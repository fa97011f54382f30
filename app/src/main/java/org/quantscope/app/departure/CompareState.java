package org.quantscope.app.departure;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.departure.TwoForms;

/**
 * What the dialog shows.
 *
 * @param why nothing can be compared, a sentence with the remedy; empty if it can
 * @param needsData true if data is the remedy
 * @param one the deployed form
 * @param two a second one beside it, if a person wants one
 * @param between the two beside each other; empty without a second form that was compared
 * @param samples the number of samples to compare, as it is typed
 * @param badSamples what is wrong with it; empty if nothing is
 * @param running true while they run
 * @param doing what is being done, in a few words
 * @param share how much of that is done, 0 to 1; below 0 if that is not known
 * @param outcome what it came to, in sentences
 * @param again true if pairs were changed since the last comparison
 */
record CompareState(
        String why,
        boolean needsData,
        Form one,
        Form two,
        Optional<TwoForms> between,
        String samples,
        String badSamples,
        boolean running,
        String doing,
        double share,
        String outcome,
        boolean again) {

    /** Which of the two forms. */
    enum Which {
        FIRST,
        SECOND
    }

    Form form(Which which) {
        return switch (which) {
            case FIRST -> one;
            case SECOND -> two;
        };
    }

    /** True if a click would begin. */
    boolean mayRun() {
        return why.isEmpty() && badSamples.isEmpty() && one.isChosen() && !running;
    }

    /**
     * A deployed form beside the float model.
     *
     * @param name of its file or folder; empty if none is chosen
     * @param rows the tensors, in the order of the float model's graph; empty until it was compared
     * @param deployedNames every deployed tensor, for pairs by hand
     * @param first where the two part
     */
    record Form(String name, List<Row> rows, List<String> deployedNames, Optional<First> first) {
        static final Form NONE = new Form("", List.of(), List.of(), Optional.empty());

        Form {
            rows = List.copyOf(rows);
            deployedNames = List.copyOf(deployedNames);
        }

        boolean isChosen() {
            return !name.isEmpty();
        }
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
            boolean changed) {
        boolean isCompared() {
            return error.isPresent() || explained.isPresent();
        }
    }

    /** The first departure, in words. */
    record First(String name, String cause, String part, String said, String figures) {}
}
