package org.quantscope.app.workbench;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The error of one grid over all clips between nothing and the whole range, and where each calibrator stands on it. All
 * figures are estimates from a sketch.
 *
 * @param points in ascending order of {@code x}
 * @param pins one a calibrator, in registry order
 */
public record ClipCurve(List<Point> points, List<Pin> pins) {
    /** Clips that are looked at. */
    public static final int POINTS = 200;

    /** The smallest clip that is looked at, as a fraction of the largest. */
    private static final double FIRST = 0.04;

    /** How far the curve goes beyond the data. */
    private static final double LAST = 1.02;

    public ClipCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
    }

    /**
     * @param x half the width of the clip in tensor units: the absolute clip of a symmetric grid
     * @param mse mean squared error
     * @param clippingMse the part made by clipped values; the rest is rounding
     */
    public record Point(double x, double mse, double clippingMse) {}

    /** What a calibrator chooses. */
    public record Pin(String calibratorId, String title, ClipRange range, double x, double mse) {}

    /**
     * Computes the curve: clips {@code f·[min, max]} (or {@code ±f·absmax} for a symmetric grid), f from 0.04 to 1.02.
     *
     * @param slice the values, as a sketch
     * @param spec the grid; its clip and granularity are not looked at
     */
    public static ClipCurve of(MomentSketch slice, QuantSpec spec, CancelToken cancel) {
        if (slice.count() == 0 || (slice.min() == 0 && slice.max() == 0)) {
            return new ClipCurve(List.of(), List.of());
        }
        ClipRange full = fullRange(slice, spec);
        List<Point> points = new ArrayList<>(POINTS);
        for (int i = 0; i < POINTS; i++) {
            cancel.check();
            float f = (float) (FIRST + (LAST - FIRST) * i / (POINTS - 1));
            points.add(point(slice, spec, new ClipRange(full.lo() * f, full.hi() * f)));
        }
        List<Pin> pins = new ArrayList<>();
        for (Calibrator calibrator : Calibrators.all()) {
            cancel.check();
            ClipRange range = RangeResolver.calibrate(slice, spec, new Clip.Auto(calibrator.id()), cancel).range();
            Point at = point(slice, spec, range);
            pins.add(new Pin(calibrator.id(), calibrator.title(), range, at.x, at.mse));
        }
        return new ClipCurve(points, pins);
    }

    /** Where a clip stands on the axis of the curve. */
    public static double position(ClipRange clip) {
        return ((double) clip.hi() - clip.lo()) / 2;
    }

    /** The range that the curve's axis is a fraction of; it includes 0. */
    private static ClipRange fullRange(MomentSketch slice, QuantSpec spec) {
        ClipRange data = new ClipRange(Math.min(0, slice.min()), Math.max(0, slice.max()));
        return spec.symmetric() ? ClipRange.symmetric(data.absMax()) : data;
    }

    private static Point point(MomentSketch slice, QuantSpec spec, ClipRange range) {
        ErrorEstimate e = slice.estimate(RangeResolver.resolve(slice, spec, range).grid(0));
        return new Point(position(range), e.mse(), e.clippingMse());
    }
}
