package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;

/** A tensor that a session quantizes with parameters of its own, with everything that determines them. */
public record QuantizedTensor(TensorInfo info, Choice.Quantized choice, Request request) {
    /**
     * All quantized tensors of a model: activations in graph order, then stored tensors in the order of the file.
     * Computes no parameters.
     *
     * @param model folded, corrected and with added quantizers as the state says
     */
    public static List<QuantizedTensor> of(Model model, SessionState state, Calibration calibration) {
        List<QuantizedTensor> all = new ArrayList<>();
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            if (state.choice(activation) instanceof Choice.Quantized choice) {
                all.add(new QuantizedTensor(
                        activation, choice, Request.of(activation.id(), choice.spec(), calibration)));
            }
        }
        for (Tensor tensor : model.tensors()) {
            if (state.choice(tensor.info()) instanceof Choice.Quantized choice) {
                all.add(new QuantizedTensor(
                        tensor.info(), choice, Request.of(tensor, choice.spec(), calibration.importances())));
            }
        }
        return all;
    }

    /** This tensor with the answer to its request. */
    public ResolvedTensor resolved(Resolution answer) {
        return new ResolvedTensor(info, choice, choice.spec(), answer.requested(), answer.params());
    }
}
