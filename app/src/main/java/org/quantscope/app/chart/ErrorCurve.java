package org.quantscope.app.chart;

import java.util.List;

/**
 * The error of a tensor against its clip, and where the calibrators stand on it.
 *
 * @param points by ascending clip
 */
public record ErrorCurve(List<Point> points, List<Pin> pins) {
    /**
     * The error at one clip.
     *
     * @param clip the magnitude at which values are clipped, in tensor units, above 0
     * @param mse mean squared error, in squared tensor units
     * @param rounding the part of it made by values within the range
     * @param clipping the part made by clipped values
     */
    public record Point(double clip, double mse, double rounding, double clipping) {}

    /**
     * A calibrator's choice.
     *
     * @param id of the calibrator
     * @param label as short as can be
     */
    public record Pin(String id, String label, double clip, double mse) {}

    public ErrorCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
    }
}
