package org.quantscope.core.integer;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.tensor.DType;

/**
 * A quantized network: tensors by number, and steps in the order in which they run.
 *
 * @param file where it comes from, for messages
 * @param slots the tensors
 * @param inputs numbers of the tensors that are fed
 * @param outputs numbers of those that are the answer
 */
public record IntegerGraph(Path file, List<Slot> slots, List<Step> steps, List<Integer> inputs, List<Integer> outputs) {
    public IntegerGraph {
        slots = List.copyOf(slots);
        steps = List.copyOf(steps);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /**
     * A tensor.
     *
     * @param grid what its codes mean; empty for float values and plain whole numbers
     * @param stored its values, if the file has them
     * @param shape as the file has it; −1 for a length that is open; empty if it does not say
     */
    @SuppressWarnings("ArrayRecordComponent") // read once, never compared
    public record Slot(
            String name, DType type, Optional<CodeGrid> grid, Optional<IntegerTensor> stored, Optional<int[]> shape) {}

    /**
     * An operator on tensors.
     *
     * @param name for messages: what it is called and where it stands
     * @param inputs numbers of tensors; −1 for one that is left out
     * @param output the number of the tensor that it makes
     */
    public record Step(String name, IntegerOp op, List<Integer> inputs, int output) {
        public Step {
            inputs = List.copyOf(inputs);
        }
    }
}
