package org.quantscope.core.layerwise;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.LayerProblem;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * What the quantization of one weight does to the output of its layer, with the inputs of the float model: tr(ΔW H ΔWᵀ),
 * where H = E[x xᵀ]. Exact over the data, but for float32 sums, and found without running the quantized model.
 *
 * @param mse mean square of the error, over all outputs, samples and positions
 * @param signal mean square of the float outputs without their bias
 */
public record OutputError(double mse, double signal) {
    /** 10·log10 of signal to error; infinite without an error, NaN if both are 0. */
    public double sqnrDb() {
        return mse == 0 && signal == 0 ? Double.NaN : 10 * Math.log10(signal / mse);
    }

    /**
     * The layer whose output a weight decides.
     *
     * @return empty if several layers read it, or none that is a product of a matrix with its inputs
     */
    private static Optional<WeightedLayer> layer(Model model, TensorId weight) {
        if (model.graph().isEmpty()) {
            return Optional.empty();
        }
        List<WeightedLayer> reading = WeightedLayer.of(model).stream()
                .filter(layer -> layer.id().equals(weight))
                .toList();
        return reading.size() == 1
                        && model.graph().orElseThrow().consumers(weight.name()).size() == 1
                        && LayerInputs.obstacle(reading.getFirst()).isEmpty()
                ? Optional.of(reading.getFirst())
                : Optional.empty();
    }

    /**
     * The error at the output of a weight's layer.
     *
     * @return empty if the weight has no layer of its own that is a product of a matrix with its inputs, if it has too
     *     many inputs, or if these are no finite numbers
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<OutputError> of(
            Model model, TensorId weight, QuantParams params, Dataset data, CancelToken cancel) {
        return of(
                model, weight, ErrorPass.fakeQuantize(model.find(weight).orElseThrow(), params, cancel), data, cancel);
    }

    /**
     * The same for values of codes that a rounding chose.
     *
     * @param values [elements], in storage order
     */
    public static Optional<OutputError> of(
            Model model, TensorId weight, float[] values, Dataset data, CancelToken cancel) {
        return layer(model, weight).flatMap(layer -> {
            LayerInputs inputs = LayerInputs.of(layer);
            InputMoments moments = RoundingPass.floatMoments(model, layer, data, cancel);
            if (!moments.isFinite()) {
                return Optional.empty();
            }
            float[][] h = new float[inputs.groups()][];
            for (int g = 0; g < h.length; g++) {
                h[g] = moments.plain(g);
            }
            Tensor tensor = layer.weight();
            float[] rows = inputs.rows(tensor.data().toFloats());
            LayerProblem problem =
                    new LayerProblem(inputs.groups(), inputs.rows(), inputs.columns(), rows, h, new int[rows.length]);
            double outputs = inputs.groups() * inputs.rows();
            float[] quantized = inputs.rows(values);
            return Optional.of(new OutputError(
                    Math.max(0, problem.outputError(quantized, cancel)) / outputs, problem.signal(cancel) / outputs));
        });
    }
}
