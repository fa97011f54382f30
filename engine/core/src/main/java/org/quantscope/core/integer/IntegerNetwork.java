package org.quantscope.core.integer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;

/**
 * A quantized network ready to run in whole numbers. Weights are unpacked and factors between scales worked out once; runs
 * share nothing that changes, so several threads may run it at once.
 */
public final class IntegerNetwork {
    private final IntegerGraph graph;
    private final Arithmetic arithmetic;
    private final List<Kernel> kernels;
    private final int[] lastUse;

    /**
     * Makes a network ready.
     *
     * @throws BadInputException naming the file and the operator whose tensors are not what it takes
     */
    public IntegerNetwork(IntegerGraph graph, Arithmetic arithmetic) {
        this.graph = graph;
        this.arithmetic = arithmetic;
        this.kernels = new ArrayList<>();
        this.lastUse = new int[graph.slots().size()];
        for (int i = 0; i < graph.steps().size(); i++) {
            IntegerGraph.Step step = graph.steps().get(i);
            try {
                kernels.add(StepKernels.of(graph, step, arithmetic));
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new BadInputException(graph.file(), step.name(), String.valueOf(e.getMessage()), e);
            }
            for (int input : step.inputs()) {
                if (input >= 0) {
                    lastUse[input] = i;
                }
            }
        }
    }

    public IntegerGraph graph() {
        return graph;
    }

    public Arithmetic arithmetic() {
        return arithmetic;
    }

    /**
     * Runs and keeps every tensor that is computed.
     *
     * @param inputs as the graph lists them
     * @return by the number of the tensor, in the order in which they are computed; inputs first
     * @throws BadInputException naming the operator on which shapes do not go together
     */
    public Map<Integer, IntegerTensor> runAll(List<IntegerTensor> inputs) {
        Map<Integer, IntegerTensor> all = new LinkedHashMap<>();
        run(inputs, all);
        return all;
    }

    /**
     * Runs and keeps the answer.
     *
     * @return the outputs, as the graph lists them
     * @throws BadInputException naming the operator on which shapes do not go together
     */
    public List<IntegerTensor> run(List<IntegerTensor> inputs) {
        return run(inputs, null);
    }

    private List<IntegerTensor> run(List<IntegerTensor> inputs, @Nullable Map<Integer, IntegerTensor> keep) {
        if (inputs.size() != graph.inputs().size()) {
            throw new BadInputException(
                    graph.file(),
                    "inputs",
                    inputs.size() + " are given, " + graph.inputs().size() + " are taken");
        }
        @Nullable IntegerTensor[] values = new IntegerTensor[graph.slots().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = graph.slots().get(i).stored().orElse(null);
        }
        for (int i = 0; i < inputs.size(); i++) {
            int number = graph.inputs().get(i);
            IntegerGraph.Slot slot = graph.slots().get(number);
            if (inputs.get(i).type() != slot.type()) {
                throw new BadInputException(
                        graph.file(), slot.name(), "is fed " + inputs.get(i).type() + ", takes " + slot.type());
            }
            values[number] = inputs.get(i);
            if (keep != null) {
                keep.put(number, inputs.get(i));
            }
        }
        long held = 0;
        for (int i = 0; i < kernels.size(); i++) {
            IntegerGraph.Step step = graph.steps().get(i);
            @Nullable IntegerTensor[] read = new IntegerTensor[step.inputs().size()];
            for (int k = 0; k < read.length; k++) {
                int number = step.inputs().get(k);
                read[k] = number < 0 ? null : values[number];
            }
            IntegerTensor made;
            try {
                made = kernels.get(i).run(read);
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new BadInputException(graph.file(), step.name(), String.valueOf(e.getMessage()), e);
            }
            values[step.output()] = made;
            if (keep != null) {
                held += 4L * IntegerTensor.count(made.shape());
                if (held > Runtime.getRuntime().maxMemory() / 2) {
                    throw new BadInputException(
                            graph.file(),
                            step.name(),
                            "the tensors up to here take " + held + " bytes, over half of the memory");
                }
                keep.put(step.output(), made);
            } else {
                release(values, step, i);
            }
        }
        List<IntegerTensor> outputs = new ArrayList<>();
        for (int number : graph.outputs()) {
            IntegerTensor output = values[number];
            if (output == null) {
                throw new BadInputException(
                        graph.file(), graph.slots().get(number).name(), "is an output that nothing computes");
            }
            outputs.add(output);
        }
        return outputs;
    }

    /** Lets go of what no later step reads. */
    private void release(@Nullable IntegerTensor[] values, IntegerGraph.Step step, int at) {
        for (int number : step.inputs()) {
            if (number >= 0 && lastUse[number] == at && !graph.outputs().contains(number)) {
                values[number] = null;
            }
        }
    }

    /**
     * Float values on the grid of an input, ready to be fed: as they are where the input takes floats, else as codes rounded
     * as this arithmetic quantizes.
     *
     * @param input which of the graph's inputs
     * @param shape of the values
     */
    public IntegerTensor quantized(int input, int[] shape, float[] values) {
        IntegerGraph.Slot slot = graph.slots().get(graph.inputs().get(input));
        IntegerTensor reals = IntegerTensor.reals(shape, values);
        IntegerGraph.Slot from = new IntegerGraph.Slot(
                slot.name(),
                org.quantscope.core.tensor.DType.F32,
                java.util.Optional.empty(),
                java.util.Optional.empty(),
                java.util.Optional.empty());
        try {
            return Pointwise.convert(arithmetic, from, slot).run(new IntegerTensor[] {reals});
        } catch (IllegalArgumentException e) {
            throw new BadInputException(graph.file(), slot.name(), String.valueOf(e.getMessage()), e);
        }
    }
}
