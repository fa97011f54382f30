package org.quantscope.core.metric;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightedPoints;
import org.quantscope.core.sketch.HistogramDivergence;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Counts how a quantized tensor uses its codes: one sweep over the values for the counts, one for the histograms.
 * Multi-core, cancellable; the result does not depend on the number of cores.
 */
public final class CodePass {
    private static final int CHUNK = 1 << 12;
    private static final int PART = 1 << 18;
    private static final int BINS = 2048;

    /** No histograms are made of more slices than this: each has too few values. */
    private static final int MOST_HISTOGRAMS = 4096;

    private CodePass() {}

    private static final class Sums {
        private final long[] codes;
        private long count;
        private double absError;
        private double scaledSquares;
        private float min = Float.POSITIVE_INFINITY;
        private float max = Float.NEGATIVE_INFINITY;

        Sums(int codes) {
            this.codes = new long[codes];
        }

        Sums add(Sums other) {
            for (int i = 0; i < codes.length; i++) {
                codes[i] += other.codes[i];
            }
            count += other.count;
            absError += other.absError;
            scaledSquares += other.scaledSquares;
            min = Math.min(min, other.min);
            max = Math.max(max, other.max);
            return this;
        }
    }

    /**
     * Counts the codes of every value.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     */
    public static CodeReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        Sums sums = all(tensor, tensor.data(), params, cancel);
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        return report(sums, params, sums.count == 0 ? 0 : klDivergence(tensor, slicing, params, cancel) / sums.count);
    }

    /**
     * Counts codes that are not the nearest ones but chosen by a rounding. The divergence of the histograms is that of
     * nearest levels by definition and is left out: NaN.
     *
     * @param chosen the values of the tensor as its codes give them, in storage order
     * @throws IllegalArgumentException if the parameters or the values do not fit the tensor
     */
    public static CodeReport measure(Tensor tensor, TensorData chosen, QuantParams params, CancelToken cancel) {
        if (chosen.count() != tensor.data().count()) {
            throw new IllegalArgumentException("values: " + chosen.count() + ", but " + tensor.id() + " has "
                    + tensor.data().count());
        }
        return report(all(tensor, chosen, params, cancel), params, Double.NaN);
    }

    /** @param coded the values whose codes are counted: those of the tensor, or others on the grid */
    private static Sums all(Tensor tensor, TensorData coded, QuantParams params, CancelToken cancel) {
        TensorData data = tensor.data();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        if (slicing.slices() != params.slices()) {
            throw new IllegalArgumentException("scales: " + params.slices() + " scales, but " + tensor.id() + " has "
                    + slicing.slices() + " slices");
        }
        int codes = params.qmax() - params.qmin() + 1;
        List<Sums> parts = LongStream.range(0, Math.ceilDiv(data.count(), PART))
                .parallel()
                .mapToObj(part -> sums(
                        data,
                        coded,
                        part * PART,
                        Math.min(data.count(), (part + 1) * PART),
                        slicing,
                        params,
                        codes,
                        cancel))
                .toList();
        return parts.stream().reduce(new Sums(codes), Sums::add);
    }

    /**
     * The same report estimated from a sketch, with all values of a bin taken to be its mean. A count of a code is off
     * by at most the number of values in bins that straddle a boundary of that code.
     *
     * @param params of one slice
     */
    public static CodeReport estimate(MomentSketch sketch, QuantParams params) {
        Grid grid = params.grid(0);
        double scale = params.scale(0);
        var sums = new Sums(params.qmax() - params.qmin() + 1);
        WeightedPoints points = sketch.points();
        for (int i = 0; i < points.values().length; i++) {
            double x = points.values()[i];
            long n = points.counts()[i];
            int code = grid.index((float) x);
            double e = x - grid.level(code);
            sums.codes[code] += n;
            sums.count += n;
            sums.absError += n * Math.abs(e);
            sums.scaledSquares += n * (e / scale * (e / scale));
        }
        sums.min = sketch.min();
        sums.max = sketch.max();
        return report(sums, params, sums.count == 0 ? 0 : klDivergence(sketch, params, 0) / sums.count);
    }

    private static CodeReport report(Sums sums, QuantParams params, double klDivergence) {
        return new CodeReport(
                sums.count,
                sums.absError,
                params.isAffine() ? sums.scaledSquares : Double.NaN,
                new CodeCounts(sums.codes),
                klDivergence,
                sums.count == 0 ? 0 : sums.min,
                sums.count == 0 ? 0 : sums.max);
    }

    private static Sums sums(
            TensorData data,
            TensorData coded,
            long from,
            long to,
            Slicing slicing,
            QuantParams params,
            int codes,
            CancelToken cancel) {
        var sums = new Sums(codes);
        float[] x = new float[CHUNK];
        boolean own = coded.equals(data);
        float[] y = own ? x : new float[CHUNK];
        int slice = -1;
        Grid grid = params.grid(0);
        for (long at = from; at < to; at += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, to - at);
            data.read(at, x, 0, n);
            if (!own) {
                coded.read(at, y, 0, n);
            }
            for (int i = 0; i < n; ) {
                int here = slicing.sliceOf(at + i);
                if (here != slice) {
                    slice = here;
                    grid = params.grid(slice);
                }
                int end = (int) Math.min(n, slicing.runEnd(at + i) - at);
                double scale = params.scale(slice);
                for (; i < end; i++) {
                    if (Float.isFinite(x[i])) {
                        int code = grid.index(y[i]);
                        double e = (double) x[i] - grid.level(code);
                        sums.codes[code]++;
                        sums.count++;
                        sums.absError += Math.abs(e);
                        sums.scaledSquares += e / scale * (e / scale);
                        sums.min = Math.min(sums.min, x[i]);
                        sums.max = Math.max(sums.max, x[i]);
                    }
                }
            }
        }
        return sums;
    }

    /** Σ n·divergence over the slices; NaN if there are too many slices. */
    private static double klDivergence(Tensor tensor, Slicing slicing, QuantParams params, CancelToken cancel) {
        if (params.slices() == 1) {
            return klDivergence(MomentSketch.of(tensor, cancel), params, 0);
        } else if (params.slices() > MOST_HISTOGRAMS) {
            return Double.NaN;
        }
        double[] parts = new double[params.slices()];
        SliceReader.forEach(
                tensor.data(),
                slicing,
                cancel,
                (slice, values, from, n) ->
                        parts[slice] = klDivergence(MomentSketch.of(values, from, n), params, slice));
        return Arrays.stream(parts).sum();
    }

    private static double klDivergence(MomentSketch sketch, QuantParams params, int slice) {
        if (sketch.count() == 0) {
            return 0;
        }
        ClipRange kept = params.effective(slice);
        ClipRange window = new ClipRange(Math.min(kept.lo(), sketch.min()), Math.max(kept.hi(), sketch.max()));
        return window.lo() < window.hi()
                ? sketch.count()
                        * Math.max(0, new HistogramDivergence(sketch, window, BINS).of(kept, params.grid(slice)))
                : 0;
    }
}
