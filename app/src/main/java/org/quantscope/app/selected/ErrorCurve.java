package org.quantscope.app.selected;

import java.util.List;

/**
 * The error of a tensor as a function of its clip, and the choices of the calibrators.
 *
 * @param points in ascending order of clip
 * @param label of the curve among its neighbours, such as its bit width; empty without neighbours
 * @param neighbours curves to compare it with, drawn faintly
 * @param outputs the error at the output of the layer, in ascending order of clip, in such units that equal heights are
 *     equal SQNR; only the total error is drawn
 */
public record ErrorCurve(
        List<Point> points, List<Pin> pins, String label, List<Neighbour> neighbours, List<Point> outputs) {
    /**
     * The error at one clip.
     *
     * @param clip the magnitude at which values are clipped, in tensor units, above 0
     * @param mse mean squared error, in squared tensor units
     * @param rounding the part of it from values within the range
     * @param clipping the part of it from clipped values
     */
    public record Point(double clip, double mse, double rounding, double clipping) {}

    /**
     * A curve to compare with.
     *
     * @param label a short text, written at its right end
     * @param points in ascending order of clip; only the total error is drawn
     */
    public record Neighbour(String label, List<Point> points) {
        public Neighbour {
            points = List.copyOf(points);
        }
    }

    /**
     * The choice of a calibrator.
     *
     * @param id id of the calibrator
     * @param label a short text
     */
    public record Pin(String id, String label, double clip, double mse) {}

    public ErrorCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
        neighbours = List.copyOf(neighbours);
        outputs = List.copyOf(outputs);
    }

    /** A curve without outputs. */
    public ErrorCurve(List<Point> points, List<Pin> pins, String label, List<Neighbour> neighbours) {
        this(points, pins, label, neighbours, List.of());
    }

    /** A curve without neighbours. */
    public ErrorCurve(List<Point> points, List<Pin> pins) {
        this(points, pins, "", List.of());
    }
}
