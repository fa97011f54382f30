package org.quantscope.core.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

/**
 * How far one tensor moves for each clip, and where the calibrators lie on that curve.
 *
 * @param exact true if errors are of passes over the values, false if sketches estimate them
 * @param points by growing range: even fractions of the range of the data, with several scales of the range of each slice
 */
public record ErrorCurve(boolean exact, List<Point> points, List<Pin> pins) {
    /**
     * The most values to pass over for exact errors. If the curve needs more, the sketches estimate it, unless there
     * are too many slices for sketches.
     */
    private static final long EXACT_VALUES = 1L << 30;

    private static final int MOST_SKETCHES = 1 << 13;

    public ErrorCurve {
        points = List.copyOf(points);
        pins = List.copyOf(pins);
    }

    /**
     * The errors at one clipping range, in squared tensor units.
     *
     * @param clip the range of each slice
     * @param output the error at the layer's output, if it is known what the layer reads
     */
    public record Point(
            List<ClipRange> clip, double mse, double clippingMse, double roundingMse, Optional<OutputError> output) {
        public Point {
            clip = ClipRanges.copyOf(clip);
        }
    }

    public record Pin(Calibrator calibrator, Point at) {}

    /**
     * Computes the curve.
     *
     * @param spec how the tensor is quantized; the range that it asks for is that of the calibrator of its id
     * @param importances of weights; calibrators that need more than is known are left out unless {@code spec} asks for them
     * @param count points, at least 1
     * @param output measures the error at the layer's output
     * @throws IllegalArgumentException if {@code spec} does not fit the tensor
     */
    public static ErrorCurve of(
            Tensor tensor,
            QuantSpec spec,
            Importances importances,
            int count,
            Optional<LayerOutput> output,
            Progress progress,
            CancelToken cancel) {
        Slicing slicing = Slicing.of(tensor.info(), spec.granularity());
        int looks = count + Calibrators.all().size();
        boolean exact = tensor.info().shape().count() <= EXACT_VALUES / looks || slicing.slices() > MOST_SKETCHES;
        boolean refit = slicing.slices() == 1 && spec.quantizer() instanceof FittedQuantizer;
        MomentSketch[] sketches =
                exact && !refit ? new MomentSketch[0] : MomentSketch.perSlice(tensor, slicing, cancel);
        Resolver resolver = new Resolver();
        Request whole = Request.of(tensor, spec.withClip(new Clip.Auto("minmax")), importances);
        List<ClipRange> full = resolver.resolve(whole, cancel).requested();

        List<Point> points = new ArrayList<>();
        boolean empty = full.stream().allMatch(r -> r.absMax() == 0);
        for (int i = 1; i <= count && !empty; i++) {
            cancel.check();
            progress.report(i, looks, "clip " + i + " of " + count);
            List<ClipRange> ranges = ClipRanges.scaled(full, (double) i / count);
            QuantParams params = refit
                    ? RangeResolver.resolve(sketches[0], spec, ranges.getFirst())
                    : RangeResolver.resolve(tensor, spec, ranges);
            points.add(point(tensor, ranges, params, exact, sketches, output, cancel));
        }
        List<Pin> pins = new ArrayList<>();
        for (Calibrator calibrator : Calibrators.all()) {
            progress.report(count, looks, calibrator.id());
            boolean asked =
                    spec.clip() instanceof Clip.Auto a && a.calibratorId().equals(calibrator.id());
            boolean lacks = (calibrator.needsImportance()
                            && importances.of(tensor.info()).isEmpty())
                    || (calibrator.needsMoments() && output.isEmpty());
            if (lacks && !asked) {
                continue;
            }
            Clip clip = asked ? spec.clip() : new Clip.Auto(calibrator.id());
            Resolution found = resolver.resolve(Request.of(tensor, spec.withClip(clip), importances), cancel);
            pins.add(new Pin(
                    calibrator, point(tensor, found.requested(), found.params(), exact, sketches, output, cancel)));
        }
        return new ErrorCurve(exact, points, pins);
    }

    private static Point point(
            Tensor tensor,
            List<ClipRange> clip,
            QuantParams params,
            boolean exact,
            MomentSketch[] sketches,
            Optional<LayerOutput> output,
            CancelToken cancel) {
        Optional<OutputError> at = output.map(layer -> layer.error(params, cancel));
        if (exact) {
            ErrorReport report = ErrorPass.measure(tensor, params, cancel);
            return new Point(clip, report.mse(), report.clippingMse(), report.roundingMse(), at);
        }
        ErrorEstimate sum = ErrorEstimate.sum(IntStream.range(0, sketches.length)
                .mapToObj(i -> sketches[i].estimate(params.grid(i)))
                .toList());
        return new Point(clip, sum.mse(), sum.clippingMse(), sum.roundingMse(), at);
    }
}
