package org.quantscope.core.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Quantized weights, kept because the next session mostly needs the same ones. Beyond the budget the least recently
 * used are dropped. Thread safe.
 */
public final class BakedWeights {
    private static final long ALIGNMENT = 64;

    /** After so many bytes the collector is asked to look for values of sessions that are gone. */
    private static final long MOST_UNCOLLECTED = 1L << 30;

    /** The bytes that were taken since it was asked last. */
    private static final AtomicLong UNCOLLECTED = new AtomicLong();

    private static final ValueLayout.OfFloat LITTLE_ENDIAN_FLOAT =
            ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final LruCache<Quantized, TensorData> kept;

    /** @param key of chosen values; empty for the nearest levels */
    private record Quantized(TensorId id, Optional<QuantParams> params, String key) {}

    /** @param budget the most bytes to keep */
    public BakedWeights(long budget) {
        kept = LruCache.ofWeight(budget, values -> 4 * values.count());
    }

    /**
     * The fake-quantized values of a weight, in storage order, in native memory as float32.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public TensorData get(Tensor weight, QuantParams params, CancelToken cancel) {
        Quantized key = new Quantized(weight.id(), Optional.of(params), "");
        TensorData known = kept.get(key);
        if (known != null) {
            return known;
        }
        // Sessions use the values in place, which they cannot on the heap.
        MemorySegment out = allocate(4 * weight.data().count());
        ErrorPass.fakeQuantize(
                weight,
                params,
                (at, from, length) -> MemorySegment.copy(from, 0, out, LITTLE_ENDIAN_FLOAT, 4 * at, length),
                cancel);
        TensorData values = new TensorData(
                DType.F32, out, ByteOrder.LITTLE_ENDIAN, weight.data().count());
        kept.put(key, values);
        return values;
    }

    /** Chosen values, in native memory as float32. */
    TensorData get(TensorId id, ChosenValues chosen) {
        Quantized key = new Quantized(id, Optional.empty(), chosen.key());
        TensorData known = kept.get(key);
        if (known != null) {
            return known;
        }
        TensorData values = inNativeMemory(chosen.data().toFloats());
        kept.put(key, values);
        return values;
    }

    /** Sessions use the values in place, which they cannot on the heap. */
    private static TensorData inNativeMemory(float[] values) {
        MemorySegment out = allocate(4L * values.length);
        MemorySegment.copy(values, 0, out, LITTLE_ENDIAN_FLOAT, 0, values.length);
        return new TensorData(DType.F32, out, ByteOrder.LITTLE_ENDIAN, values.length);
    }

    /** Native memory that is freed when the collector finds it unused. The collector does not know how much that is. */
    private static MemorySegment allocate(long bytes) {
        if (UNCOLLECTED.addAndGet(bytes) > MOST_UNCOLLECTED) {
            UNCOLLECTED.set(bytes);
            System.gc();
        }
        return Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
}
