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
 * The error of a grid for all clips from almost nothing to the whole range, the choices of the calibrators, and the
 * same curve for neighbouring bit widths. All figures are estimates from a sketch.
 *
 * @param bits the bit width of {@code points}
 * @param points in ascending order of {@code x}; empty if there is no clip to choose
 * @param pins one for each calibrator that applies, in registry order
 * @param neighbours curves for other bit widths, in ascending order of bits
 * @param outputs the error at the output of the layer, which is exact; empty if it is not known
 * @param absence a sentence that says why there is no curve; empty if there is one
 */
public record ClipCurve(
        int bits,
        List<Point> points,
        List<Pin> pins,
        List<Neighbour> neighbours,
        List<OutputPoint> outputs,
        String absence) {
    /** The number of clips on the curve of each bit width. */
    public static final int POINTS = 512;

    /** Neighbouring curves have up to this many bits less and more than the selected tensor. */
    private static final int BITS_AROUND = 2;

    /** The smallest clip on the curve, as a fraction of the full range. */
    private static final double FIRST = 0.04;

    /** The largest clip on the curve, as a fraction of the full range; slightly more than the data. */
    private static final double LAST = 1.02;

    public ClipCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
        neighbours = List.copyOf(neighbours);
        outputs = List.copyOf(outputs);
    }

    /** The number of clips at which the error at the output is computed. */
    static final int OUTPUT_POINTS = 128;

    /**
     * The error at the output at one clip.
     *
     * @param x as that of {@link Point}
     * @param relative mean squared error over the mean square of the output
     */
    public record OutputPoint(double x, double relative) {}

    /** This curve with the error at the output beside it. */
    ClipCurve withOutputs(List<OutputPoint> at) {
        return new ClipCurve(bits, points, pins, neighbours, at, absence);
    }

    /** The clips at which the error at the output is computed. */
    static List<ClipRange> outputClips(MomentSketch slice, QuantSpec spec) {
        ClipRange full = fullRange(slice, spec);
        return IntStream.range(0, OUTPUT_POINTS)
                .mapToObj(i -> {
                    float f = (float) (FIRST + (LAST - FIRST) * i / (OUTPUT_POINTS - 1));
                    return new ClipRange(full.lo() * f, full.hi() * f);
                })
                .toList();
    }

    /** The relative error at the output at a clip, between the points; NaN if it is not known. */
    public double relativeOutput(double x) {
        for (int i = 1; i < outputs.size(); i++) {
            OutputPoint a = outputs.get(i - 1);
            OutputPoint b = outputs.get(i);
            if (x >= a.x && x <= b.x) {
                return a.relative + (b.relative - a.relative) * (x - a.x) / Math.max(Double.MIN_NORMAL, b.x - a.x);
            }
        }
        return Double.NaN;
    }

    /**
     * The error at one clip.
     *
     * @param x half the width of the clip in tensor units: the absolute clip of a symmetric grid, the largest level of
     *     a mirrored codebook
     * @param mse mean squared error, in squared tensor units
     * @param clippingMse the part of it from clipped values; the rest is rounding error
     */
    public record Point(double x, double mse, double clippingMse) {}

    /** The choice of a calibrator. */
    public record Pin(String calibratorId, String title, ClipRange range, double x, double mse) {}

    /** The curve of another bit width. */
    public record Neighbour(int bits, List<Point> points) {
        public Neighbour {
            points = List.copyOf(points);
        }
    }

    /** No curve, with the reason. */
    private static ClipCurve absent(QuantSpec spec, String why) {
        return new ClipCurve(spec.bits(), List.of(), List.of(), List.of(), List.of(), why);
    }

    /**
     * Computes the curve for the clips {@code f·[min, max]} (or {@code ±f·absmax} for a symmetric grid), f from 0.04 to
     * 1.02. This takes some tens of milliseconds, whatever the number of values.
     *
     * @param slice a sketch of the values
     * @param spec the grid; its clip and its granularity are ignored
     * @param weighted the range chosen by a calibrator that goes by calibration data, which a sketch does not hold; empty if
     *     what it needs is unknown
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
        return new ClipCurve(spec.bits(), points, pins(slice, spec, weighted, cancel), neighbours, List.of(), "");
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

    /** The calibrator's choice; empty if it has no rule for the scheme. */
    private static Optional<Pin> pin(
            Calibrator calibrator,
            MomentSketch slice,
            QuantSpec spec,
            Function<Clip.Auto, Optional<ClipRange>> weighted,
            CancelToken cancel) {
        cancel.check();
        try {
            Clip.Auto clip = new Clip.Auto(calibrator.id());
            Optional<ClipRange> chosen = calibrator.isForWeights()
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

    /** The position of a clip on the axis of the curve. */
    public static double position(ClipRange clip) {
        return ((double) clip.hi() - clip.lo()) / 2;
    }

    /** The range that the clips of the curve are fractions of; it includes 0. */
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
