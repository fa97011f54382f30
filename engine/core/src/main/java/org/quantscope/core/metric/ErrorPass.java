package org.quantscope.core.metric;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;

/** The exact passes over a tensor's values: its error, and its fake-quantized copy. Multi-core, cancellable. */
public final class ErrorPass {
    private ErrorPass() {}

    /** The exact error of fake-quantizing {@code tensor}; NaN and infinities are counted and left out. */
    public static ErrorReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /** The fake-quantized values in storage order; NaN stays NaN, infinities saturate. */
    public static float[] fakeQuantize(Tensor tensor, QuantParams params, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }
}
