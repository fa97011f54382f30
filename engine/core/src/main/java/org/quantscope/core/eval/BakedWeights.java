package org.quantscope.core.eval;

import java.util.Iterator;
import java.util.LinkedHashMap;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Weights on their grids, kept for the next session: it mostly has the same ones. Those used longest ago are dropped beyond
 * the budget. Thread safe. Nobody writes to the arrays.
 */
public final class BakedWeights {
    private final long budget;
    private final LinkedHashMap<Quantized, float[]> kept = new LinkedHashMap<>(64, 0.75f, true);
    private long bytes;

    private record Quantized(TensorId id, QuantParams params) {}

    /** @param budget bytes kept at most */
    public BakedWeights(long budget) {
        this.budget = budget;
    }

    /**
     * The values in storage order.
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
