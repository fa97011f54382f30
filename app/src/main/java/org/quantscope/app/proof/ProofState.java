package org.quantscope.app.proof;

import java.util.ArrayList;
import java.util.List;

/**
 * What the page shows.
 *
 * @param verdict the answer in a sentence, or what is being done, or why there is none
 * @param way how the file quantizes; empty if it does not
 * @param rows one for each weight
 * @param lists what is float, what lies between quantized operators, and what could not be looked at
 * @param beside the name of the float model that the weights stand beside; empty without one
 * @param another the name of the file that is looked at if it is not that of the open model; else empty
 * @param take what a click would take over, and into what; empty if nothing can be
 * @param taken what came of it, a sentence; empty before
 * @param busy true while the file is looked at
 */
public record ProofState(
        String verdict,
        String way,
        List<Row> rows,
        List<Lines> lists,
        String beside,
        String another,
        String take,
        String taken,
        boolean busy) {
    public ProofState {
        rows = List.copyOf(rows);
        lists = List.copyOf(lists);
    }

    /** Nothing yet. */
    static final ProofState EMPTY = new ProofState("", "", List.of(), List.of(), "", "", "", "", false);

    /** A sentence in the place of the answer. */
    static ProofState said(String sentence) {
        return new ProofState(sentence, "", List.of(), List.of(), "", "", "", "", false);
    }

    ProofState withBusy(boolean now) {
        return new ProofState(
                now ? "Looking at the file…" : verdict, way, rows, lists, beside, another, take, taken, now);
    }

    /** With what came of taking over, and what found no place. */
    ProofState withTaken(String sentence, List<Lines> more) {
        List<Lines> all = new ArrayList<>(more);
        all.addAll(lists);
        return new ProofState(verdict, way, rows, all, beside, another, take, sentence, busy);
    }

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
