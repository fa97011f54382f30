package org.quantscope.app.proof;

import java.util.List;

/**
 * What the page shows.
 *
 * @param verdict the answer in a sentence, or what is being done, or why there is none
 * @param way how the file quantizes; empty if it does not
 * @param rows one for each weight
 * @param lists what is float, what lies between quantized operators, and what could not be looked at
 * @param beside the name of the float model that the weights stand beside; empty without one
 * @param busy true while the file is looked at
 */
public record ProofState(String verdict, String way, List<Row> rows, List<Lines> lists, String beside, boolean busy) {
    public ProofState {
        rows = List.copyOf(rows);
        lists = List.copyOf(lists);
    }

    /** Nothing yet. */
    static final ProofState EMPTY = new ProofState("", "", List.of(), List.of(), "", false);

    /**
     * A weight, as texts.
     *
     * @param original the float weight; empty without one
     * @param error of the grid on the float values
     * @param nearest share of the codes that are the nearest
     */
    public record Row(
            String name,
            String bits,
            String rule,
            String granularity,
            String bytes,
            String computes,
            String why,
            String original,
            String error,
            String nearest) {}

    /** A list under its title. */
    public record Lines(String title, List<String> lines) {
        public Lines {
            lines = List.copyOf(lines);
        }
    }
}
