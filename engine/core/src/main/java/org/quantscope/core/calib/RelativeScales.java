package org.quantscope.core.calib;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.TensorData;

/**
 * The ranges of the slices of a tensor with the least squared error together, for a scheme that rounds the scale of each
 * slice in a unit that the largest range of all sets. For a given largest range every slice can choose by itself, on the
 * very grid that it will have; so the largest range is tried at several places, each with one slice bound to it.
 * Symmetric.
 */
final class RelativeScales {
    /** The most places of the largest range that are tried, and the most choices of slices for all of them together. */
    private static final int TOPS = 64;

    private static final int FEWEST_TOPS = 4;
    private static final long MANY = 1 << 21;

    private final TensorData data;
    private final Slicing slicing;
    private final QuantSpec spec;
    private final Quantizer quantizer;
    private final Granularity granularity;
    private final double[] reaches;
    private final CancelToken cancel;
    private final float[] largest;

    /** @param reaches ranges to choose from, in units of the largest magnitude of a slice, ascending */
    RelativeScales(TensorData data, Slicing slicing, QuantSpec spec, double[] reaches, CancelToken cancel) {
        this.data = data;
        this.slicing = slicing;
        this.spec = spec;
        this.quantizer = spec.quantizer();
        this.granularity = slicing.granularity();
        this.reaches = reaches;
        this.cancel = cancel;
        this.largest = new float[slicing.slices()];
        SliceReader.forEach(data, slicing, cancel, (slice, values, from, n) -> {
            float most = 0;
            for (int i = from; i < from + n; i++) {
                float x = Math.abs(values[i]);
                most = Float.isFinite(x) ? Math.max(most, x) : most;
            }
            largest[slice] = most;
        });
    }

    /** A place of the largest range: it is that of one slice. */
    private record Top(int slice, float range) {}

    /**
     * What all slices choose under one top.
     *
     * @param error the sum of squared errors
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Choice(float[] ranges, double error) {}

    List<ClipRange> ranges() {
        @Nullable Choice best = null;
        for (Top top : tops()) {
            cancel.check();
            Choice choice = under(top);
            best = best == null || choice.error < best.error ? choice : best;
        }
        var ranges = new ClipRanges.Collector(largest.length, true);
        for (int s = 0; s < largest.length; s++) {
            ranges.set(s, ClipRange.symmetric(best == null ? 0 : best.ranges[s]));
        }
        return ranges.ranges();
    }

    /** The places to try: every reach of the slice with the largest value, and reaches of others beyond its magnitude. */
    private List<Top> tops() {
        int first = 0;
        for (int s = 1; s < largest.length; s++) {
            first = largest[s] > largest[first] ? s : first;
        }
        float most = largest[first];
        if (most == 0) {
            return List.of();
        }
        long choices = (long) largest.length * reaches.length;
        int tries = Math.clamp(MANY / Math.max(1, choices), FEWEST_TOPS, TOPS);
        List<Top> own = new ArrayList<>();
        for (double reach : reaches) {
            own.add(new Top(first, (float) (reach * most)));
        }
        List<Top> tops = new ArrayList<>(spaced(own, tries));
        double widest = reaches[reaches.length - 1];
        List<Integer> others = new ArrayList<>();
        for (int s = 0; s < largest.length; s++) {
            if (s != first && widest * largest[s] > most) {
                others.add(s);
            }
        }
        List<Top> wide = new ArrayList<>();
        for (int s : spaced(others, tries)) {
            for (double reach : reaches) {
                if (reach * largest[s] > most) {
                    wide.add(new Top(s, (float) (reach * largest[s])));
                }
            }
        }
        wide.sort(Comparator.comparingDouble(Top::range));
        tops.addAll(spaced(wide, tries));
        return tops;
    }

    /** Some of them, evenly spaced, the last one always. */
    private static <T> List<T> spaced(List<T> all, int most) {
        if (all.size() <= most) {
            return all;
        }
        List<T> some = new ArrayList<>();
        for (int i = 1; i <= most; i++) {
            some.add(all.get((int) ((long) i * all.size() / most) - 1));
        }
        return some;
    }

    private Choice under(Top top) {
        float[] ranges = new float[largest.length];
        double[] errors = new double[largest.length];
        ClipRange unit = ClipRange.symmetric(top.range);
        SliceReader.forEach(data, slicing, cancel, (slice, values, from, n) -> {
            if (largest[slice] == 0) {
                return;
            }
            if (slice == top.slice) {
                ranges[slice] = top.range;
                errors[slice] = ErrorPass.squaredError(
                        values, from, n, params(unit, unit).grid(0));
                return;
            }
            double least = Double.POSITIVE_INFINITY;
            float last = Float.NaN;
            for (double reach : reaches) {
                float range = (float) (reach * largest[slice]);
                if (range > top.range) {
                    // It would set the unit itself.
                    break;
                }
                QuantParams params = params(ClipRange.symmetric(range), unit);
                if (params.scale(0) != last) {
                    last = params.scale(0);
                    Grid grid = params.grid(0);
                    double error = ErrorPass.squaredError(values, from, n, grid);
                    if (error < least) {
                        least = error;
                        ranges[slice] = range;
                    }
                }
            }
            errors[slice] = least;
        });
        return new Choice(ranges, Arrays.stream(errors).sum());
    }

    /** The parameters of a slice beside one with the largest range. */
    private QuantParams params(ClipRange range, ClipRange unit) {
        return quantizer.resolve(spec, granularity, List.of(range, unit));
    }
}
