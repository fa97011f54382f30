package org.quantscope.core.sketch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.LongStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorData;

/**
 * What a person wants to know of a tensor's values at first sight; those that are not finite are only counted.
 *
 * @param count of the finite values
 * @param min of the finite values; meaningless if there are none, as are {@code max}, {@code mean} and {@code std}
 * @param std the population's standard deviation
 */
public record ValueFigures(long count, float min, float max, double mean, double std, long nan, long inf, long zeros) {
    /** A type of 16 bits has this many patterns. */
    private static final int PATTERNS = 1 << 16;

    private static final int CHUNK = 1 << 16;

    /** Values that one thread takes at a time. */
    private static final long PART = 1 << 20;

    /** 64 kB of float32. */
    private static final int SHORT_CHUNK = 1 << 14;

    /**
     * The figures of a tensor, in one pass. Of 16-bit types the patterns are counted and then weighed; of others sums
     * are taken over chunks that stay in the processor's cache. Either takes little longer than reading them.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static ValueFigures of(TensorData data, CancelToken cancel) {
        boolean half = data.dtype() == DType.F16 || data.dtype() == DType.BF16;
        if (data.count() < PATTERNS) {
            return of(MomentSketch.of(data, cancel));
        }
        return half ? counted(data, cancel) : summed(data, cancel);
    }

    /** Parts of fixed size are summed side by side and joined in order, so the cores do not change the result. */
    private static ValueFigures summed(TensorData data, CancelToken cancel) {
        List<ChunkSums> parts = LongStream.range(0, Math.ceilDiv(data.count(), PART))
                .parallel()
                .mapToObj(part -> {
                    ChunkSums sums = new ChunkSums();
                    float[] chunk = new float[SHORT_CHUNK];
                    long end = Math.min(data.count(), (part + 1) * PART);
                    for (long at = part * PART; at < end; at += SHORT_CHUNK) {
                        cancel.check();
                        int n = (int) Math.min(SHORT_CHUNK, end - at);
                        data.read(at, chunk, 0, n);
                        sums.add(chunk, n);
                    }
                    return sums;
                })
                .toList();
        ChunkSums all = new ChunkSums();
        parts.forEach(all::join);
        return all.figures();
    }

    private static ValueFigures of(MomentSketch sketch) {
        boolean any = sketch.count() > 0;
        return new ValueFigures(
                sketch.count(),
                any ? sketch.min() : 0,
                any ? sketch.max() : 0,
                any ? sketch.mean() : 0,
                any ? sketch.std() : 0,
                sketch.nan(),
                sketch.inf(),
                sketch.zeros());
    }

    private static ValueFigures counted(TensorData data, CancelToken cancel) {
        long[] times = times(data, cancel);
        long count = 0;
        long nan = 0;
        long inf = 0;
        long zeros = 0;
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        double sum = 0;
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            long n = times[pattern];
            float value = value(pattern, data.dtype());
            if (n > 0 && Float.isFinite(value)) {
                count += n;
                zeros += value == 0 ? n : 0;
                min = Math.min(min, value);
                max = Math.max(max, value);
                sum += (double) value * n;
            } else if (Float.isNaN(value)) {
                nan += n;
            } else if (n > 0) {
                inf += n;
            }
        }
        if (count == 0) {
            return new ValueFigures(0, 0, 0, 0, 0, nan, inf, 0);
        }
        double mean = sum / count;
        double squares = 0;
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            float value = value(pattern, data.dtype());
            if (times[pattern] > 0 && Float.isFinite(value)) {
                squares += (value - mean) * (value - mean) * times[pattern];
            }
        }
        return new ValueFigures(count, min, max, mean, Math.sqrt(squares / count), nan, inf, zeros);
    }

    private static float value(int pattern, DType type) {
        return type == DType.F16 ? Float.float16ToFloat((short) pattern) : Float.intBitsToFloat(pattern << 16);
    }

    /** How often each pattern occurs. Two tables, because equal neighbours would wait for each other's count. */
    private static long[] times(TensorData data, CancelToken cancel) {
        ValueLayout.OfShort layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(data.order());
        MemorySegment values = data.segment();
        short[] chunk = new short[CHUNK];
        long[] even = new long[PATTERNS];
        long[] odd = new long[PATTERNS];
        for (long from = 0; from < data.count(); from += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, data.count() - from);
            MemorySegment.copy(values, layout, from * Short.BYTES, chunk, 0, n);
            int i = 0;
            for (; i + 1 < n; i += 2) {
                even[chunk[i] & 0xffff]++;
                odd[chunk[i + 1] & 0xffff]++;
            }
            if (i < n) {
                even[chunk[i] & 0xffff]++;
            }
        }
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            even[pattern] += odd[pattern];
        }
        return even;
    }
}
