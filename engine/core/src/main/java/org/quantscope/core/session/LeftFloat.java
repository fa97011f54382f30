package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.FloatWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * A floating constant that feeds a multiplication and stays as it is.
 *
 * @param why the reason, for a person, in one sentence without its full stop
 * @param wanted true for a weight that the settings ask to quantize, so that leaving it in float is not what a person
 *     expects; false for one that a person keeps in float, and for what is no weight of a layer
 */
public record LeftFloat(TensorId id, String why, boolean wanted) {
    /**
     * All of a model, weights first.
     *
     * @param model folded and corrected as the state says
     */
    public static List<LeftFloat> of(Model model, SessionState state) {
        List<LeftFloat> all = new ArrayList<>();
        for (Tensor tensor : model.tensors()) {
            if (tensor.info().kind() == TensorKind.WEIGHT
                    && state.choice(tensor.info()) instanceof Choice.InFloat(var why)
                    && why != Choice.Why.EMPTY
                    && why != Choice.Why.NOT_FLOATING) {
                all.add(new LeftFloat(tensor.id(), why.reason(), false));
            }
        }
        for (FloatWeight constant : model.graph().map(OnnxGraph::floatWeights).orElse(List.of())) {
            TensorInfo info = constant.info();
            Choice choice = state.choice(info);
            boolean kept = choice instanceof Choice.InFloat(var why) && why == Choice.Why.KEPT;
            boolean stored = model.find(info.id()).isPresent();
            if (!(stored && choice instanceof Choice.Quantized)) {
                all.add(new LeftFloat(
                        info.id(),
                        kept ? Choice.Why.KEPT.reason() : constant.site().reason(),
                        !kept && constant.ofLayer() && state.weights().isPresent()));
            }
        }
        return List.copyOf(all);
    }
}
