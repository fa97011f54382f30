package org.quantscope.app.recover;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.correction.TrainedCorrection;

/**
 * What the dialog of a training shows.
 *
 * @param why it cannot begin, as a sentence; empty if it can
 * @param options the chosen value of each option, as text
 * @param badOption what is wrong with one of them; empty if nothing is
 * @param doing what is being done, for a person; empty while nothing is
 * @param course known once training has begun
 * @param points the measurements so far, the first before the first step
 * @param outcome what came of it, one sentence or more; empty before the end
 */
record RecoverState(
        String why,
        Map<String, String> options,
        String badOption,
        boolean running,
        boolean begun,
        String doing,
        Optional<TrainedCorrection.Course> course,
        List<TrainedCorrection.Point> points,
        String outcome) {
    RecoverState {
        options = Map.copyOf(options);
        points = List.copyOf(points);
    }

    boolean mayRun() {
        return !running && why.isEmpty() && badOption.isEmpty();
    }

    /** The measurement with the least loss. */
    Optional<TrainedCorrection.Point> best() {
        return points.stream().reduce((a, b) -> b.loss() < a.loss() ? b : a);
    }
}
