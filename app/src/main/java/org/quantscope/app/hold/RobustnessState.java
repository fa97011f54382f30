package org.quantscope.app.hold;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.robustness.Robustness;

/**
 * What the dialog shows.
 *
 * @param obstacle why nothing can be evaluated, a sentence; else empty
 * @param corruptions those that make sense for the data
 * @param chosen the one that is looked at; empty if there is none
 * @param severity 0 to 5
 * @param running true while the curve is computed
 * @param doing what is computed now
 * @param share of the work that is done, below 0 if it is not known
 * @param curve the points of the chosen corruption so far, by severity
 * @param stale true if the curve belongs to earlier settings
 * @param live both models at the severity of the slider; empty while that is computed
 * @param liveOf how many samples the live figure has of how many
 * @param before the first sample that is a picture, as it is
 * @param after the same, corrupted
 * @param data the name of the data
 */
public record RobustnessState(
        String obstacle,
        List<Corruption> corruptions,
        Optional<Corruption> chosen,
        double severity,
        boolean running,
        String doing,
        double share,
        List<Robustness.Point> curve,
        boolean stale,
        Optional<Robustness.Point> live,
        String liveOf,
        Optional<SamplePicture> before,
        Optional<SamplePicture> after,
        String data) {
    public RobustnessState {
        corruptions = List.copyOf(corruptions);
        curve = List.copyOf(curve);
    }
}
