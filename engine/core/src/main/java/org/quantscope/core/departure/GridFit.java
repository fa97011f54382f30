package org.quantscope.core.departure;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;

/**
 * Whether a grid fits the float values that go through it: its error beside that of the grid of as many levels from their
 * smallest to their largest value.
 */
final class GridFit {
    /** A grid is too wide if its error is so many times that of the fitting one, and its step so many times as large. */
    private static final double TOO_WIDE = 2.5;

    private static final double WIDER = 1.6;
    /** It is too narrow if its error is so many times that of the fitting one, and it cuts off so much. */
    private static final double TOO_NARROW = 10;

    private static final double CUT_OFF = 0.005;
    private static final double FEW_DB = 25;

    private static final int LEAST_VALUES = 8;
    /** Slices with less of the energy of the strongest slice do not matter. */
    private static final double FAINT = 1e-4;

    private GridFit() {}

    /**
     * A grid that does not fit.
     *
     * @param slice of a weight; −1 if there is one
     * @param wide true if it is too wide, false if it cuts values off
     * @param cause {@link Cause#RANGE}, or {@link Cause#ZERO_POINT} if the same scale would fit with another zero point
     */
    record Misfit(Cause cause, boolean wide, int slice, String said) {}

    /** How many times the scale of a grid is that of the fitting one; 1 for values that are all 0. */
    static double width(QuantParams params, float lo, float hi) {
        UniformGrid fitting = params.isAffine() && lo <= hi ? fitting(params, 0, lo, hi, 0) : null;
        return fitting == null ? 1 : (double) params.scale(0) / fitting.scale();
    }

    private record Fit(
            long n, double lo, double hi, double signal, double own, double fitting, long cut, double moved) {}

    /**
     * Judges the grid of an activation, or of a weight slice by slice.
     *
     * @param lo the smallest value that was seen; above {@code hi} if only {@code values} count
     * @return the first slice whose grid does not fit
     */
    static Optional<Misfit> of(float[] values, Optional<Slicing> slicing, QuantParams params, float lo, float hi) {
        if (!params.isAffine()) {
            return Optional.empty();
        }
        int slices = params.slices();
        double[] least = new double[slices];
        double[] most = new double[slices];
        long[] n = new long[slices];
        double[] signal = new double[slices];
        Arrays.fill(least, lo <= hi ? lo : Double.POSITIVE_INFINITY);
        Arrays.fill(most, lo <= hi ? hi : Double.NEGATIVE_INFINITY);
        for (int i = 0; i < values.length; i++) {
            int k = slicing.isPresent() ? slicing.get().sliceOf(i) : 0;
            float x = values[i];
            if (Float.isFinite(x)) {
                n[k]++;
                least[k] = Math.min(least[k], x);
                most[k] = Math.max(most[k], x);
                signal[k] += (double) x * x;
            }
        }
        @Nullable UniformGrid[] fitting = new UniformGrid[slices];
        @Nullable UniformGrid[] moved = new UniformGrid[slices];
        for (int k = 0; k < slices; k++) {
            fitting[k] = fitting(params, k, least[k], most[k], 0);
            moved[k] = fitting(params, k, least[k], most[k], params.scale(k));
        }
        double[] own = new double[slices];
        double[] best = new double[slices];
        double[] other = new double[slices];
        long[] cut = new long[slices];
        for (int i = 0; i < values.length; i++) {
            int k = slicing.isPresent() ? slicing.get().sliceOf(i) : 0;
            float x = values[i];
            UniformGrid fits = fitting[k];
            UniformGrid same = moved[k];
            if (Float.isFinite(x) && fits != null && same != null) {
                UniformGrid g = (UniformGrid) params.grid(k);
                own[k] += square(x - g.quantize(x));
                best[k] += square(x - fits.quantize(x));
                other[k] += square(x - same.quantize(x));
                cut[k] += x > g.hi() + g.scale() / 2 || x < g.lo() - g.scale() / 2 ? 1 : 0;
            }
        }
        double strongest = Arrays.stream(signal).max().orElse(0);
        for (int k = 0; k < slices; k++) {
            if (n[k] >= LEAST_VALUES && signal[k] > FAINT * strongest && fitting[k] != null) {
                Fit fit = new Fit(n[k], least[k], most[k], signal[k], own[k], best[k], cut[k], other[k]);
                Optional<Misfit> misfit = judged(fit, params, k, fitting[k]);
                if (misfit.isPresent()) {
                    return misfit;
                }
            }
        }
        return Optional.empty();
    }

    private static double square(double x) {
        return x * x;
    }

    private static Optional<Misfit> judged(Fit fit, QuantParams params, int k, UniformGrid fitting) {
        UniformGrid g = (UniformGrid) params.grid(k);
        String range = String.format(
                Locale.ROOT,
                "the grid goes from %.4g to %.4g, the float values from %.4g to %.4g",
                g.lo(),
                g.hi(),
                fit.lo,
                fit.hi);
        double db = 10 * Math.log10(fit.signal / fit.own);
        double times = fit.own / Math.max(Double.MIN_NORMAL, fit.fitting);
        double part = (double) fit.cut / fit.n;
        int slice = params.slices() > 1 ? k : -1;
        if (times > TOO_NARROW && (part > CUT_OFF || (fit.cut > 0 && db < FEW_DB))) {
            boolean zero = g.zeroPoint() != fitting.zeroPoint()
                    && fit.moved * TOO_NARROW < fit.own
                    && g.scale() < WIDER * fitting.scale()
                    && g.scale() * WIDER > fitting.scale();
            String cuts = String.format(Locale.ROOT, "; it cuts off %.2g %% of them", 100 * part);
            return Optional.of(new Misfit(
                    zero ? Cause.ZERO_POINT : Cause.RANGE,
                    false,
                    slice,
                    range
                            + cuts
                            + (zero
                                    ? String.format(
                                            Locale.ROOT,
                                            "; with zero point %d instead of %d and the same scale the error is %.3g"
                                                    + " times smaller",
                                            fitting.zeroPoint(),
                                            g.zeroPoint(),
                                            fit.own / Math.max(Double.MIN_NORMAL, fit.moved))
                                    : String.format(
                                            Locale.ROOT,
                                            "; a grid of as many levels over their range has a scale of %.4g instead of"
                                                    + " %.4g, and an error %.3g times smaller",
                                            fitting.scale(),
                                            g.scale(),
                                            times))));
        }
        if (times > TOO_WIDE && g.scale() > WIDER * fitting.scale()) {
            return Optional.of(new Misfit(
                    Cause.RANGE,
                    true,
                    slice,
                    range
                            + String.format(
                                    Locale.ROOT,
                                    "; its scale is %.3g times that of a grid that fits",
                                    g.scale() / fitting.scale())));
        }
        return Optional.empty();
    }

    /** The grid of as many levels from the smallest to the largest value, symmetric if the given one is. */
    private static @Nullable UniformGrid fitting(QuantParams params, int k, double least, double most, float scale) {
        int levels = params.qmax() - params.qmin();
        double lo = Math.min(0, least);
        double hi = Math.max(0, most);
        int middle = params.qmin() < 0 ? 0 : (levels + 1) / 2;
        boolean symmetric = params.zeroPoint(k) == middle || params.zeroPoint(k) == middle - 1;
        double s = symmetric && scale == 0
                ? Math.max(-lo / (params.zeroPoint(k) - params.qmin()), hi / (params.qmax() - params.zeroPoint(k)))
                : (hi - lo) / levels;
        if (scale > 0) {
            s = scale;
        }
        if (!(s > 0) || !Double.isFinite(s)) {
            return null;
        }
        int zero = symmetric && scale == 0
                ? params.zeroPoint(k)
                : (int) Math.clamp(params.qmin() - Math.rint(lo / s), params.qmin(), params.qmax());
        try {
            return new UniformGrid((float) s, zero, params.qmin(), params.qmax());
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
