package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The error of one grid over all clips between nothing and the whole range, where each calibrator stands on it, and the same
 * for neighbouring widths. All figures are estimates from a sketch.
 *
 * @param bits the width of {@code points}
 * @param points in ascending order of {@code x}; empty if there is no clip to choose
 * @param pins one a calibrator that applies, in registry order
 * @param neighbours widths nearby, ascending, without the one of {@code points}
 * @param absence why there is no curve, as a sentence; empty if there is one
 */
public record ClipCurve(int bits, List<Point> points, List<Pin> pins, List<Neighbour> neighbours, String absence) {
    /** Clips that are looked at, for each width. */
    public static final int POINTS = 512;

    /** How many bits less and more than the width in hand are shown beside it. */
    private static final int BITS_AROUND = 2;

    /** The smallest clip that is looked at, as a fraction of the largest. */
    private static final double FIRST = 0.04;

    /** How far the curve goes beyond the data. */
    private static final double LAST = 1.02;

    public ClipCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
        neighbours = List.copyOf(neighbours);
    }

    /**
     * @param x half the width of the clip in tensor units: the absolute clip of a symmetric grid, the largest level of a mirrored codebook
     * @param mse mean squared error
     * @param clippingMse the part made by clipped values; the rest is rounding
     */
    public record Point(double x, double mse, double clippingMse) {}

    /** What a calibrator chooses. */
    public record Pin(String calibratorId, String title, ClipRange range, double x, double mse) {}

    /** The curve of another width. */
    public record Neighbour(int bits, List<Point> points) {
        public Neighbour {
            points = List.copyOf(points);
        }
    }

    /** No curve, and why. */
    private static ClipCurve absent(QuantSpec spec, String why) {
        return new ClipCurve(spec.bits(), List.of(), List.of(), List.of(), why);
    }

    /**
     * Computes the curve: clips {@code f·[min, max]} (or {@code ±f·absmax} for a symmetric grid), f from 0.04 to 1.02. It takes some
     * tens of milliseconds, whatever the number of values.
     *
     * @param slice the values, as a sketch
     * @param spec the grid; its clip and its granularity are not looked at
     * @param weighted the range by a calibrator that needs to know how much each value matters, which the sketch does not; empty if nobody knows
     */
    public static ClipCurve of(
            MomentSketch slice, QuantSpec spec, Function<Clip.Auto, Optional<ClipRange>> weighted, CancelToken cancel) {
        Quantizer quantizer = spec.quantizer();
        if (slice.count() == 0 || slice.absMax() == 0) {
            return absent(spec, "no value differs from 0, so there is no clip to search");
        }
        if (quantizer instanceof FittedQuantizer) {
            return absent(
                    spec, quantizer.title() + " puts its levels where the values are, so there is no clip to search");
        }
        ClipRange full = fullRange(slice, spec);
        List<Point> points = points(slice, spec, full, cancel);
        List<Neighbour> neighbours = new ArrayList<>();
        int least = Math.max(spec.bits() - BITS_AROUND, quantizer.traits().minBits());
        int most = Math.min(spec.bits() + BITS_AROUND, quantizer.traits().maxBits());
        for (int bits = least; bits <= most; bits++) {
            if (bits != spec.bits()) {
                neighbours.add(new Neighbour(bits, points(slice, spec.withBits(bits), full, cancel)));
            }
        }
        return new ClipCurve(spec.bits(), points, pins(slice, spec, weighted, cancel), neighbours, "");
    }

    private static List<Point> points(MomentSketch slice, QuantSpec spec, ClipRange full, CancelToken cancel) {
        return IntStream.range(0, POINTS)
                .parallel()
                .mapToObj(i -> {
                    cancel.check();
                    float f = (float) (FIRST + (LAST - FIRST) * i / (POINTS - 1));
                    return point(slice, spec, new ClipRange(full.lo() * f, full.hi() * f));
                })
                .toList();
    }

    private static List<Pin> pins(
            MomentSketch slice, QuantSpec spec, Function<Clip.Auto, Optional<ClipRange>> weighted, CancelToken cancel) {
        return Calibrators.all().parallelStream()
                .flatMap(c -> pin(c, slice, spec, weighted, cancel).stream())
                .toList();
    }

    /** Empty if the calibrator says that it has no rule for the scheme. */
    private static Optional<Pin> pin(
            Calibrator calibrator,
            MomentSketch slice,
            QuantSpec spec,
            Function<Clip.Auto, Optional<ClipRange>> weighted,
            CancelToken cancel) {
        cancel.check();
        try {
            Clip.Auto clip = new Clip.Auto(calibrator.id());
            Optional<ClipRange> chosen = calibrator.needsImportance()
                    ? weighted.apply(clip)
                    : Optional.of(
                            RangeResolver.calibrate(slice, spec, clip, cancel).range());
            return chosen.map(range -> {
                Point at = point(slice, spec, range);
                return new Pin(calibrator.id(), calibrator.title(), range, at.x, at.mse);
            });
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
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
        ErrorEstimate e =
                slice.estimate(RangeResolver.resolve(slice, spec, range).grid(0));
        return new Point(position(range), e.mse(), e.clippingMse());
    }
}
