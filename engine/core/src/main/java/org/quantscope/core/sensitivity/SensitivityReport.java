package org.quantscope.core.sensitivity;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.tensor.TensorId;

/**
 * The state of a sweep. Each figure is the one over the most samples so far.
 *
 * @param baseline the model with every tensor quantized, compared with the float model; empty while unknown
 * @param tensors every quantized tensor, {@linkplain TensorSensitivity#WORST_FIRST worst first}
 * @param known evaluations that are complete, on all samples
 * @param wanted evaluations in all: one, and two for each tensor
 * @param samples the number of samples in the data
 */
public record SensitivityReport(
        Optional<AccuracyEstimate> baseline, List<TensorSensitivity> tensors, int known, int wanted, int samples) {
    public SensitivityReport {
        tensors = tensors.stream().sorted(TensorSensitivity.WORST_FIRST).toList();
    }

    /** True if every figure covers all samples. */
    public boolean isComplete() {
        return known == wanted;
    }

    public Map<TensorId, TensorSensitivity> byName() {
        return tensors.stream().collect(Collectors.toMap(TensorSensitivity::name, Function.identity()));
    }
}
