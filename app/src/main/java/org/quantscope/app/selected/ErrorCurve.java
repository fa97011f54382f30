package org.quantscope.app.selected;

import java.util.List;

/**
 * The error of a tensor against its clip, and where the calibrators stand on it.
 *
 * @param points by ascending clip
 * @param label of the curve among its neighbours, such as its width; empty without neighbours
 * @param neighbours curves to compare it with, drawn faintly
 */
public record ErrorCurve(List<Point> points, List<Pin> pins, String label, List<Neighbour> neighbours) {
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
     * A curve beside the one in hand.
     *
     * @param label as short as can be, written at its right end
     * @param points by ascending clip; of these the total is drawn
     */
    public record Neighbour(String label, List<Point> points) {
        public Neighbour {
            points = List.copyOf(points);
        }
    }

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
        neighbours = List.copyOf(neighbours);
    }

    /** A curve by itself. */
    public ErrorCurve(List<Point> points, List<Pin> pins) {
        this(points, pins, "", List.of());
    }
}
