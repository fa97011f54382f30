package org.quantscope.core.calib;

import java.util.List;
import java.util.stream.Collectors;

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
            new WeightedMseCalibrator());

    private Calibrators() {}

    public static List<Calibrator> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Calibrator byId(String id) {
        return ALL.stream()
                .filter(c -> c.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("calibrator: " + id + " is not one of "
                        + ALL.stream().map(Calibrator::id).collect(Collectors.joining(", "))));
    }
}
