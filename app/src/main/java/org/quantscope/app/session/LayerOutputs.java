package org.quantscope.app.session;

import java.util.Optional;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.tensor.Tensor;

/** The outputs of layers, kept for the next candidate of the same weight. Thread safe. */
public final class LayerOutputs {
    private static final long MOST_BYTES = 64L << 20;

    private record Key(Tensor weight, LayerMoments moments) {}

    private final LruCache<Key, LayerOutput> kept = LruCache.ofWeight(
            MOST_BYTES,
            output -> (long) Float.BYTES
                    * output.moments().rows()
                    * output.moments().columns());

    /** The output of the layer of a weight; empty if it is not known what the layer reads. */
    public Optional<LayerOutput> of(Tensor weight, Importances known, CancelToken cancel) {
        return known.moments(weight.id()).map(moments -> {
            Key key = new Key(weight, moments);
            LayerOutput output = kept.get(key);
            if (output == null) {
                output = new LayerOutput(weight, moments, cancel);
                kept.put(key, output);
            }
            return output;
        });
    }

    void clear() {
        kept.clear();
    }
}
