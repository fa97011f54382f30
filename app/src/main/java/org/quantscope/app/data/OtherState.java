package org.quantscope.app.data;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.sketch.MomentSketch;

/**
 * Other data beside the calibration data, as shown.
 *
 * @param obstacle why nothing can be compared; empty if it can
 * @param lacksData true if calibration data is what lacks
 * @param calibration the calibration data in words
 * @param other the other data in words; empty before any was chosen
 * @param running true while it is compared
 * @param doing what is being done
 * @param share of it that is done, 0 to 1; negative if that is not known
 * @param expected the change of accuracy to expect, or why there is none, in a sentence; empty before anything was found
 * @param basis what that rests on, in a sentence
 * @param previous true if what is shown belongs to other data or settings
 * @param rows the activations, most divergent first
 */
public record OtherState(
        String obstacle,
        boolean lacksData,
        String calibration,
        String other,
        boolean running,
        String doing,
        double share,
        String expected,
        String basis,
        boolean previous,
        List<Row> rows) {
    public OtherState {
        rows = List.copyOf(rows);
    }

    /**
     * An activation.
     *
     * @param shown its short name
     * @param range of its levels; empty if it stays in float
     * @param known its values on the calibration data
     * @param seen its values on the other data
     */
    public record Row(Drift.Of of, String shown, Optional<ClipRange> range, MomentSketch known, MomentSketch seen) {}

    public boolean mayRun() {
        return obstacle.isEmpty() && !running;
    }
}
