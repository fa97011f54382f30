package org.quantscope.core.tflite;

import java.util.List;

/**
 * An operator of a subgraph.
 *
 * @param index its place in the order in which they run
 * @param name as the schema calls it, such as {@code CONV_2D}; of a custom one {@code custom} and its own
 * @param version of the operator, from 1
 * @param inputs indices of tensors, −1 for one that is left out
 * @param outputs indices of tensors
 */
public record LiteOperator(
        int index, String name, int version, List<Integer> inputs, List<Integer> outputs, LiteOptions options) {
    public LiteOperator {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /** The index of the tensor that is read at that place; −1 if there is none. */
    public int input(int i) {
        return i < inputs.size() ? inputs.get(i) : -1;
    }

    /** Its name and place, for messages. */
    public String where() {
        return "operator " + index + " (" + name + ")";
    }
}
