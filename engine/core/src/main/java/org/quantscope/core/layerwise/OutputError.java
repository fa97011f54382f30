package org.quantscope.core.layerwise;

import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.tensor.TensorId;

/**
 * What the quantization of one weight does to the output of its layer, with the inputs of the float model: tr(ΔW H ΔWᵀ)
 * over the number of outputs, where H = E[x xᵀ]. Over the data it is exact but for float32 sums, and found without
 * running the quantized model.
 *
 * @param mse mean square of the error, over all outputs, samples and positions
 * @param signal mean square of the float outputs without their bias
 * @param exact false if it is an estimate from some of the outputs, or if only blocks of the diagonal of H were kept, for
 *     want of memory: inputs of different blocks then count as uncorrelated
 */
public record OutputError(double mse, double signal, boolean exact) {
    /** 10·log10 of signal to error, in dB; empty if either is 0. */
    public OptionalDouble sqnrDb() {
        return mse > 0 && signal > 0 ? OptionalDouble.of(10 * Math.log10(signal / mse)) : OptionalDouble.empty();
    }

    /**
     * The error at the output of a weight's layer.
     *
     * @return empty if the weight has no layer of its own that is a product of a matrix with its inputs, or if these are
     *     no finite numbers
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<OutputError> of(
            Model model, TensorId weight, QuantParams params, Dataset data, CancelToken cancel) {
        ModelMoments moments = MomentsPass.run(model, weight::equals, data, Progress.NONE, cancel);
        return moments.of(weight)
                .map(layer -> new LayerOutput(model.find(weight).orElseThrow(), layer, cancel).error(params, cancel));
    }
}
