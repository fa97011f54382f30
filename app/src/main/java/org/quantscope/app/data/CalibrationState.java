package org.quantscope.app.data;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.SortedSet;
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.dataset.SamplePicture;

/**
 * Whether the calibration data is good enough, as shown.
 *
 * @param obstacle why nothing can be looked at; empty if it can
 * @param lacksData true if data is what lacks
 * @param running true while it is looked at
 * @param doing what is being done
 * @param share of it that is done, 0 to 1; negative if that is not known
 * @param verdict in a sentence; empty before anything was found
 * @param previous true if what is shown belongs to other data or settings
 * @param rows the activations in the order of the graph
 * @param odd the samples that stand out, worst first
 * @param leftOut the samples of the file that are not used
 * @param notes what was not looked at, in sentences
 */
public record CalibrationState(
        String obstacle,
        boolean lacksData,
        boolean running,
        String doing,
        double share,
        String verdict,
        boolean previous,
        List<Row> rows,
        List<Tile> odd,
        SortedSet<Integer> leftOut,
        List<String> notes) {
    public CalibrationState {
        rows = List.copyOf(rows);
        odd = List.copyOf(odd);
        notes = List.copyOf(notes);
    }

    /**
     * An activation.
     *
     * @param shown its short name
     * @param outside the share of its values on the evaluation data that lie beyond the range of all calibration samples;
     *     empty without such data
     * @param course by the number of samples
     */
    public record Row(
            String name,
            String shown,
            String range,
            int setBy,
            String without,
            double narrowed,
            OptionalDouble outside,
            SortedMap<Integer, DataCheck.Course> course) {}

    /**
     * A sample that stands out.
     *
     * @param index in the file, from 0
     * @param moved ranges that change without it
     * @param picture empty if it is none
     */
    public record Tile(int index, String why, int moved, Optional<SamplePicture> picture) {}

    public boolean mayRun() {
        return obstacle.isEmpty() && !running;
    }
}
