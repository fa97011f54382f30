package org.quantscope.app.where;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.improve.RunTarget;

/**
 * What the short way shows. Texts are for a person.
 *
 * @param model what is open; empty if nothing is
 * @param target where it is to run
 * @param data what the settings are found on; empty if there is none
 * @param obstacle why no settings can be found now, a sentence; empty if they can
 * @param doing what is done at present, while it runs; empty otherwise
 * @param share of it that is done, from 0 to 1; negative while it is unknown
 * @param outcome a sentence about a run that brought nothing; empty otherwise
 * @param found what came of it, if it is still in hand
 */
record WhereState(
        String model,
        RunTarget target,
        String data,
        String obstacle,
        String doing,
        double share,
        String outcome,
        Optional<Found> found) {
    /**
     * Found settings, which were applied.
     *
     * @param title what they are
     * @param figures size, score, what it rests on
     * @param problems what was remedied and what is left
     * @param tried everything that was considered, in order
     * @param present true if they are those in hand, so that the file can be written
     */
    record Found(String title, List<String> figures, List<String> problems, List<Line> tried, boolean present) {
        Found {
            figures = List.copyOf(figures);
            problems = List.copyOf(problems);
            tried = List.copyOf(tried);
        }
    }

    /**
     * One of the settings that were considered.
     *
     * @param figures size and score; empty if it was not measured
     * @param mark what became of it
     */
    record Line(String settings, String figures, String mark, boolean chosen) {}

    boolean running() {
        return !doing.isEmpty();
    }

    boolean mayFind() {
        return obstacle.isEmpty() && !running();
    }
}
