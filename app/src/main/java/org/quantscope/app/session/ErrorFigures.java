package org.quantscope.app.session;

import java.util.List;
import java.util.OptionalDouble;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.sketch.ErrorEstimate;

/**
 * The error of one tensor under one setting, from an exact pass or from sketches.
 *
 * @param exact false if all figures are estimates
 * @param count number of finite values
 * @param mse mean squared error, in squared tensor units
 * @param clippingMse the part of it from clipped values
 * @param sqnrDb SQNR in dB; empty if it does not exist
 * @param cosine cosine similarity; empty if it does not exist or is not estimated
 * @param maxAbsError in tensor units; empty if it is not estimated
 * @param clipped number of clipped values
 * @param clippedLow number of values below the lowest level
 */
public record ErrorFigures(
        boolean exact,
        long count,
        double mse,
        double clippingMse,
        OptionalDouble sqnrDb,
        OptionalDouble cosine,
        OptionalDouble maxAbsError,
        double clipped,
        double clippedLow) {
    public static ErrorFigures of(ErrorReport report) {
        return new ErrorFigures(
                true,
                report.count(),
                report.mse(),
                report.clippingMse(),
                report.sqnrDb(),
                report.cosine(),
                OptionalDouble.of(report.maxAbsError()),
                report.clipped(),
                report.clippedLow());
    }

    /** The figures of a tensor from those of its slices; means are weighted by the counts of the slices. */
    public static ErrorFigures of(List<ErrorEstimate> slices) {
        long count = 0;
        double error = 0;
        double clipping = 0;
        double squares = 0;
        double clipped = 0;
        double low = 0;
        for (ErrorEstimate e : slices) {
            count += e.count();
            error += e.mse() * e.count();
            clipping += e.clippingMse() * e.count();
            squares += e.sumSquares();
            clipped += e.clipped();
            low += e.clippedLow();
        }
        long n = Math.max(1, count);
        OptionalDouble sqnr =
                squares > 0 && error > 0 ? OptionalDouble.of(10 * Math.log10(squares / error)) : OptionalDouble.empty();
        return new ErrorFigures(
                false,
                count,
                error / n,
                clipping / n,
                sqnr,
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                clipped,
                low);
    }

    /**
     * An estimate for the whole tensor when one of its slices has changed: the slice's former share is replaced by its
     * new one.
     *
     * @param before estimate for the slice, under the setting that these figures belong to
     * @param now estimate for the slice, under the new setting
     * @param sumSquares the sum of the squared values of the tensor
     */
    public ErrorFigures exchange(ErrorEstimate before, ErrorEstimate now, double sumSquares) {
        double n = Math.max(1, count);
        double error = Math.max(0, mse + (now.mse() * now.count() - before.mse() * before.count()) / n);
        double clipping = Math.clamp(
                clippingMse + (now.clippingMse() * now.count() - before.clippingMse() * before.count()) / n, 0, error);
        OptionalDouble sqnr = sumSquares > 0 && error > 0
                ? OptionalDouble.of(10 * Math.log10(sumSquares / n / error))
                : OptionalDouble.empty();
        double beyond = Math.max(0, clipped + now.clipped() - before.clipped());
        double below = Math.clamp(clippedLow + now.clippedLow() - before.clippedLow(), 0, beyond);
        return new ErrorFigures(
                false, count, error, clipping, sqnr, OptionalDouble.empty(), OptionalDouble.empty(), beyond, below);
    }

    /** Clipped values as a fraction of the finite ones. */
    public double clippedFraction() {
        return count == 0 ? 0 : clipped / count;
    }

    /** Values below the lowest level as a fraction of the finite ones. */
    public double clippedLowFraction() {
        return count == 0 ? 0 : clippedLow / count;
    }

    /** Values above the highest level as a fraction of the finite ones. */
    public double clippedHighFraction() {
        return count == 0 ? 0 : Math.max(0, clipped - clippedLow) / count;
    }

    /** The clipped values' share of the squared error, 0 to 1; 0 without error. */
    public double clippingShare() {
        return mse > 0 ? Math.clamp(clippingMse / mse, 0, 1) : 0;
    }
}
