package org.quantscope.core.calib;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Quantiles;
import org.quantscope.core.sketch.WeightedSketch;
import org.quantscope.core.tensor.TensorData;

/**
 * Exact statistics of stored values. Values are read again for each question that the sketch cannot answer exactly. For
 * one thread.
 */
final class StoredStatistics implements SliceStatistics {
    /** Up to this many values are copied, without NaN and infinities, and questions answered from the copy. */
    static final int FEW = 1 << 14;

    private static final int CHUNK = 1 << 14;

    /** The number of values in one task where several threads take part. */
    private static final int PARALLEL_PART = 1 << 20;

    private final TensorData data;
    private final @Nullable Importance importance;
    private final @Nullable OutputCost output;
    private final CancelToken cancel;
    private @Nullable MomentSketch sketch;
    private @Nullable WeightedSketch weighted;
    private @Nullable Extent extent;
    private float @Nullable [] finite;
    private float @Nullable [] finiteImportances;
    /** NaN until it is computed. */
    private double fewTotal = Double.NaN;

    private float @Nullable [] sorted;
    private float @Nullable [] sortedMagnitudes;

    private record Extent(long count, float min, float max) {}

    /** Statistics of all of {@code data}, which is not copied. */
    StoredStatistics(TensorData data, CancelToken cancel) {
        this(data, null, cancel);
    }

    /** @param importance of the values of {@code data}; null if it is not known */
    StoredStatistics(TensorData data, @Nullable Importance importance, CancelToken cancel) {
        this(data, importance, null, cancel);
    }

    /** @param output what grids do to the output of the layer; null if it is not known */
    StoredStatistics(
            TensorData data, @Nullable Importance importance, @Nullable OutputCost output, CancelToken cancel) {
        this.data = data;
        this.importance = importance;
        this.output = output;
        this.cancel = cancel;
    }

    /** See {@link SliceStatistics#outputErrors}. */
    @FunctionalInterface
    interface OutputCost {
        double[] of(List<Grid> grids);
    }

    @Override
    public MomentSketch sketch() {
        MomentSketch s = sketch;
        if (s == null) {
            s = MomentSketch.of(data, cancel);
            sketch = s;
        }
        return s;
    }

    @Override
    public long count() {
        return extent().count;
    }

    @Override
    public float min() {
        return extent().min;
    }

    @Override
    public float max() {
        return extent().max;
    }

    private Extent extent() {
        Extent e = extent;
        if (e == null) {
            MomentSketch s = sketch;
            e = s == null ? sweep(0, data.count()) : new Extent(s.count(), s.min(), s.max());
            extent = e;
        }
        return e;
    }

    @Override
    public List<ClipRange> chunkRanges(int chunks) {
        List<ClipRange> ranges = new ArrayList<>(chunks);
        long length = Math.ceilDiv(data.count(), chunks);
        for (long from = 0; from < data.count(); from += length) {
            Extent part = sweep(from, Math.min(data.count(), from + length));
            if (part.count > 0) {
                ranges.add(new ClipRange(part.min, part.max));
            }
        }
        return ranges;
    }

    private Extent sweep(long start, long end) {
        float[] buffer = new float[(int) Math.min(CHUNK, end - start)];
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        long count = 0;
        for (long from = start; from < end; from += buffer.length) {
            cancel.check();
            int length = (int) Math.min(buffer.length, end - from);
            data.read(from, buffer, 0, length);
            float low = Float.POSITIVE_INFINITY;
            float high = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < length; i++) {
                low = Math.min(low, buffer[i]);
                high = Math.max(high, buffer[i]);
            }
            if (Float.isFinite(low) && Float.isFinite(high)) {
                count += length;
            } else {
                low = Float.POSITIVE_INFINITY;
                high = Float.NEGATIVE_INFINITY;
                for (int i = 0; i < length; i++) {
                    if (Float.isFinite(buffer[i])) {
                        low = Math.min(low, buffer[i]);
                        high = Math.max(high, buffer[i]);
                        count++;
                    }
                }
            }
            min = Math.min(min, low);
            max = Math.max(max, high);
        }
        // Never -0.
        return new Extent(count, min + 0f, max + 0f);
    }

    @Override
    public boolean isExact() {
        return true;
    }

    @Override
    public double exactMse(Grid grid) {
        long n = count();
        if (n == 0) {
            return 0;
        }
        return (data.count() <= FEW
                        ? ErrorPass.squaredError(few(), 0, (int) n, grid)
                        : ErrorPass.squaredError(data, grid, cancel))
                / n;
    }

    @Override
    public boolean isWeighted() {
        return importance != null;
    }

    @Override
    public boolean hasOutput() {
        return output != null;
    }

    @Override
    public double[] outputErrors(List<Grid> grids) {
        return output == null ? SliceStatistics.super.outputErrors(grids) : output.of(grids);
    }

    @Override
    public double weightedEstimate(Grid grid) {
        WeightedSketch w = weighted();
        return w.total() == 0 ? sketch().estimate(grid).mse() : w.mse(grid);
    }

    @Override
    public double weightedMse(Grid grid) {
        Importance known = importance;
        if (known == null) {
            return exactMse(grid);
        }
        double total = data.count() <= FEW ? fewTotal(known) : weighted().total();
        if (total == 0) {
            return exactMse(grid);
        }
        double sum = 0;
        if (data.count() <= FEW) {
            sum = weightedError(few(), fewImportances(known), (int) count(), grid);
        } else {
            // Parts are added in order, so the sum does not depend on which thread computed which.
            int parts = Math.toIntExact(Math.ceilDiv(data.count(), PARALLEL_PART));
            double[] errors = new double[parts];
            IntStream.range(0, parts).parallel().forEach(part -> {
                float[] values = new float[CHUNK];
                float[] h = new float[CHUNK];
                long end = Math.min(data.count(), (part + 1L) * PARALLEL_PART);
                for (long from = (long) part * PARALLEL_PART; from < end; from += CHUNK) {
                    int length = read(known, from, end, values, h);
                    errors[part] += weightedError(values, h, length, grid);
                }
            });
            for (double e : errors) {
                sum += e;
            }
        }
        return sum / total;
    }

    /** Reads one chunk, at most up to {@code end}. A value that is not finite becomes 0 with importance 0. */
    private int read(Importance known, long from, long end, float[] values, float[] h) {
        cancel.check();
        int length = (int) Math.min(CHUNK, end - from);
        data.read(from, values, 0, length);
        known.fill(from, h, length);
        for (int i = 0; i < length; i++) {
            if (!Float.isFinite(values[i])) {
                values[i] = 0;
                h[i] = 0;
            }
        }
        return length;
    }

    private static double weightedError(float[] values, float[] h, int length, Grid grid) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            double e = (double) values[i] - grid.quantize(values[i]);
            sum += h[i] * e * e;
        }
        return sum;
    }

    /** The weighted sketch; it exists also if all importances are 0, and then holds no value. */
    WeightedSketch weighted() {
        WeightedSketch w = weighted;
        if (w == null) {
            Importance known = Objects.requireNonNull(importance);
            w = new WeightedSketch();
            float[] values = new float[(int) Math.min(CHUNK, data.count())];
            float[] h = new float[values.length];
            for (long from = 0; from < data.count(); from += CHUNK) {
                w.add(values, h, 0, read(known, from, data.count(), values, h));
            }
            weighted = w.settled();
        }
        return w;
    }

    @Override
    public double quantile(double p) {
        if (count() == 0) {
            return 0;
        } else if (data.count() > FEW) {
            return Quantiles.interpolate(p, count(), k -> exact(sketch().locate(k), false));
        }
        float[] order = sorted;
        if (order == null) {
            order = few().clone();
            Arrays.sort(order);
            sorted = order;
        }
        float[] x = order;
        return Quantiles.interpolate(p, x.length, k -> x[(int) k]);
    }

    @Override
    public double absQuantile(double p) {
        if (count() == 0) {
            return 0;
        } else if (data.count() > FEW) {
            return Quantiles.interpolate(p, count(), k -> exact(sketch().locateMagnitude(k), true));
        }
        float[] order = sortedMagnitudes;
        if (order == null) {
            order = few().clone();
            for (int i = 0; i < order.length; i++) {
                order[i] = Math.abs(order[i]);
            }
            Arrays.sort(order);
            sortedMagnitudes = order;
        }
        float[] x = order;
        return Quantiles.interpolate(p, x.length, k -> x[(int) k]);
    }

    /** The finite values, if there are at most {@link #FEW} values; not to be written to. */
    float[] few() {
        float[] f = finite;
        if (f == null) {
            f = data.toFloats();
            int kept = 0;
            for (float v : f) {
                if (Float.isFinite(v)) {
                    f[kept++] = v;
                }
            }
            f = kept == f.length ? f : Arrays.copyOf(f, kept);
            finite = f;
        }
        return f;
    }

    private double fewTotal(Importance known) {
        if (Double.isNaN(fewTotal)) {
            float[] h = fewImportances(known);
            double sum = 0;
            for (int i = 0; i < count(); i++) {
                sum += h[i];
            }
            fewTotal = sum;
        }
        return fewTotal;
    }

    /** The importances of the values of {@link #few}, at the same indices. */
    private float[] fewImportances(Importance known) {
        float[] f = finiteImportances;
        if (f == null) {
            float[] all = data.toFloats();
            f = new float[all.length];
            known.fill(0, f, f.length);
            int kept = 0;
            for (int i = 0; i < all.length; i++) {
                if (Float.isFinite(all[i])) {
                    f[kept++] = f[i];
                }
            }
            finiteImportances = f;
        }
        return f;
    }

    /**
     * Finds the value of a rank by collecting the values of its bin; the sketch has said which bin, and which rank in
     * it.
     */
    private double exact(MomentSketch.Location at, boolean magnitudes) {
        if (at.lo() == at.hi()) {
            return at.lo();
        }
        float[] found = new float[64];
        int size = 0;
        float[] buffer = new float[CHUNK];
        for (long from = 0; from < data.count(); from += CHUNK) {
            cancel.check();
            int length = (int) Math.min(CHUNK, data.count() - from);
            data.read(from, buffer, 0, length);
            for (int i = 0; i < length; i++) {
                float v = magnitudes ? Math.abs(buffer[i]) : buffer[i];
                if (v >= at.lo() && v <= at.hi()) {
                    if (size == found.length) {
                        found = Arrays.copyOf(found, Math.multiplyExact(size, 2));
                    }
                    found[size++] = v;
                }
            }
        }
        Arrays.sort(found, 0, size);
        return found[(int) at.rank()];
    }
}
