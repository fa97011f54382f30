package org.quantscope.core.eval;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Quantized weights, kept because the next session mostly needs the same ones. Beyond the budget the least recently
 * used are dropped. Thread safe. The arrays must not be written to.
 */
public final class BakedWeights {
    private final LruCache<Quantized, float[]> kept;

    private record Quantized(TensorId id, QuantParams params) {}

    /** @param budget the most bytes to keep */
    public BakedWeights(long budget) {
        kept = LruCache.ofWeight(budget, values -> 4L * values.length);
    }

    /**
     * The fake-quantized values of a weight, in storage order.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public float[] get(Tensor weight, QuantParams params, CancelToken cancel) {
        Quantized key = new Quantized(weight.id(), params);
        float[] known = kept.get(key);
        if (known != null) {
            return known;
        }
        float[] values = ErrorPass.fakeQuantize(weight, params, cancel);
        kept.put(key, values);
        return values;
    }
}
