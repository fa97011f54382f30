package org.quantscope.core.sweep;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.Task;

/**
 * One model of a plan, with the data that it is judged on.
 *
 * @param name tells it from the other models of the plan; by default the name of its file
 * @param file absolute
 * @param data to evaluate on, absolute
 * @param calibrationData that activations are calibrated on, absolute
 * @param limit use only the first samples of {@code data}, at least 1
 * @param metric what is scored; empty for what fits the model and the data best
 * @param output the output that is scored; empty for the one that fits the labels
 * @param keepFloat a regular expression: tensors that stay in float
 * @param also a regular expression: tables and recurrent weights that are quantized too
 * @param foldBatchNorm BatchNormalization is folded before analysis
 */
public record SweepModel(
        String name,
        Path file,
        Path data,
        Optional<Path> calibrationData,
        OptionalInt limit,
        Optional<Task> metric,
        Optional<String> output,
        @Nullable String keepFloat,
        @Nullable String also,
        boolean foldBatchNorm) {
    public SweepModel {
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: some text is needed, got \"" + name + "\"");
        }
        if (limit.isPresent() && limit.getAsInt() < 1) {
            throw new IllegalArgumentException("limit: at least 1, got " + limit.getAsInt());
        }
    }
}
