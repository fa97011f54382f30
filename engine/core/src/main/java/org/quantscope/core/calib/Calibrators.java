package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.core.quant.Clip;

/** Every calibrator, in the order in which they are offered. */
public final class Calibrators {
    private static final List<Calibrator> ALL = List.of(
            new MinMaxCalibrator(),
            new MovingAverageCalibrator(),
            new PercentileCalibrator(),
            new MseCalibrator(),
            new MaeCalibrator(),
            new LpCalibrator(),
            new EntropyCalibrator(),
            AciqCalibrator.gauss(),
            AciqCalibrator.laplace(),
            new OctavCalibrator(),
            new StdCalibrator(),
            new WeightedMseCalibrator(),
            new OutputMseCalibrator(),
            new FourOverSixCalibrator());

    private static final Map<String, Calibrator> BY_ID =
            ALL.stream().collect(Collectors.toUnmodifiableMap(Calibrator::id, calibrator -> calibrator));

    private Calibrators() {}

    public static List<Calibrator> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Calibrator byId(String id) {
        Calibrator found = BY_ID.get(id);
        if (found == null) {
            throw new IllegalArgumentException("calibrator: " + id + " is not one of "
                    + ALL.stream().map(Calibrator::id).collect(Collectors.joining(", ")));
        }
        return found;
    }

    /** True if the clip is chosen by a calibrator that needs importances. */
    public static boolean needsImportance(Clip clip) {
        return clip instanceof Clip.Auto auto && byId(auto.calibratorId()).needsImportance();
    }

    /** True if the clip is chosen by a calibrator that needs the moments of what a layer reads. */
    public static boolean needsMoments(Clip clip) {
        return clip instanceof Clip.Auto auto && byId(auto.calibratorId()).needsMoments();
    }
}
