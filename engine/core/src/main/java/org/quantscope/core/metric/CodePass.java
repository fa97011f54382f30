package org.quantscope.core.metric;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.sketch.HistogramDivergence;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/** The pass that looks at codes: one sweep for the counts, one for the histograms. Multi-core, cancellable; the result does not depend on the number of cores. */
public final class CodePass {
    private static final int CHUNK = 1 << 12;
    private static final int PART = 1 << 18;
    private static final int BINS = 2048;

    private CodePass() {}

    private static final class Sums {
        private final long[] codes;
        private long count;
        private double absError;
        private double scaledSquares;

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
            return this;
        }
    }

    /**
     * Measures.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     */
    public static CodeReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        TensorData data = tensor.data();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        if (slicing.slices() != params.slices()) {
            throw new IllegalArgumentException("scales: " + params.slices() + " scales, but " + tensor.id() + " has " + slicing.slices() + " slices");
        }
        int codes = params.qmax() - params.qmin() + 1;
        List<Sums> parts = LongStream.range(0, Math.ceilDiv(data.count(), PART))
                .parallel()
                .mapToObj(part -> sums(data, part * PART, Math.min(data.count(), (part + 1) * PART), slicing, params, codes, cancel))
                .toList();
        Sums sums = parts.stream().reduce(new Sums(codes), Sums::add);
        double entropy = 0;
        int used = 0;
        for (long n : sums.codes) {
            if (n > 0) {
                double p = (double) n / sums.count;
                entropy -= p * Math.log(p) / Math.log(2);
                used++;
            }
        }
        Extent extent = extent(tensor, slicing, params, cancel);
        return new CodeReport(
                sums.count,
                sums.absError,
                params.isAffine() ? sums.scaledSquares : Double.NaN,
                codes,
                used,
                Math.max(0, entropy),
                sums.count == 0 ? 0 : extent.divergence / sums.count,
                extent.min,
                extent.max);
    }

    private static Sums sums(TensorData data, long from, long to, Slicing slicing, QuantParams params, int codes, CancelToken cancel) {
        var sums = new Sums(codes);
        float[] x = new float[CHUNK];
        int slice = -1;
        Grid grid = params.grid(0);
        for (long at = from; at < to; at += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, to - at);
            data.read(at, x, 0, n);
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
                        int code = grid.index(x[i]);
                        double e = (double) x[i] - grid.level(code);
                        sums.codes[code]++;
                        sums.count++;
                        sums.absError += Math.abs(e);
                        sums.scaledSquares += e / scale * (e / scale);
                    }
                }
            }
        }
        return sums;
    }

    /** @param divergence Σ n·divergence over slices */
    private record Extent(float min, float max, double divergence) {}

    private static Extent extent(Tensor tensor, Slicing slicing, QuantParams params, CancelToken cancel) {
        var parts = new Extent[params.slices()];
        if (parts.length == 1) {
            parts[0] = extent(MomentSketch.of(tensor, cancel), params, 0);
        } else {
            SliceReader.forEach(tensor.data(), slicing, cancel, (slice, values, from, n) -> parts[slice] = extent(MomentSketch.of(values, from, n), params, slice));
        }
        return IntStream.range(0, parts.length)
                .mapToObj(i -> parts[i])
                .reduce(
                        new Extent(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0),
                        (a, b) -> new Extent(Math.min(a.min, b.min), Math.max(a.max, b.max), a.divergence + b.divergence));
    }

    private static Extent extent(MomentSketch sketch, QuantParams params, int slice) {
        ClipRange kept = params.effective(slice);
        double divergence = 0;
        if (sketch.count() > 0) {
            ClipRange window = new ClipRange(Math.min(kept.lo(), sketch.min()), Math.max(kept.hi(), sketch.max()));
            divergence = window.lo() < window.hi() ? sketch.count() * Math.max(0, new HistogramDivergence(sketch, window, BINS).of(kept, params.grid(slice))) : 0;
        }
        return new Extent(sketch.min(), sketch.max(), divergence);
    }
}
