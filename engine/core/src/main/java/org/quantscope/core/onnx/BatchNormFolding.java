package org.quantscope.core.onnx;

import org.quantscope.core.model.Model;

/** Folds each BatchNormalization into the Conv, ConvTranspose or Gemm in front of it that it alone consumes. */
public final class BatchNormFolding {
    private BatchNormFolding() {}

    /** The same function with fewer nodes; the model itself if there is nothing to fold. Tensor names of weights are kept. */
    public static Model fold(Model model) {
        throw new UnsupportedOperationException();
    }
}
