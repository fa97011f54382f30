package org.quantscope.core.eval;

import java.util.Iterator;
import java.util.LinkedHashMap;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Quantized weights, kept because the next session mostly needs the same ones. Beyond the budget the least recently
 * used are dropped. Thread safe. The arrays must not be written to.
 */
public final class BakedWeights {
    private final long budget;
    private final LinkedHashMap<Quantized, float[]> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long bytes;

    private record Quantized(TensorId id, QuantParams params) {}

    /** @param budget the most bytes to keep */
    public BakedWeights(long budget) {
        this.budget = budget;
    }

    /**
     * The fake-quantized values of a weight, in storage order.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public float[] get(Tensor weight, QuantParams params, CancelToken cancel) {
        Quantized key = new Quantized(weight.id(), params);
        synchronized (kept) {
            float[] known = kept.get(key);
            if (known != null) {
                return known;
            }
        }
        float[] values = ErrorPass.fakeQuantize(weight, params, cancel);
        synchronized (kept) {
            if (kept.put(key, values) == null) {
                bytes += 4L * values.length;
            }
            Iterator<float[]> oldest = kept.values().iterator();
            while (bytes > budget) {
                bytes -= 4L * oldest.next().length;
                oldest.remove();
            }
        }
        return values;
    }
}
