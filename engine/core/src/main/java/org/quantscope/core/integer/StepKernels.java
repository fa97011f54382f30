package org.quantscope.core.integer;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerGraph.Slot;
import org.quantscope.core.integer.IntegerGraph.Step;
import org.quantscope.core.tensor.DType;

/** The kernel of each step, by its operator and by what its tensors hold. */
final class StepKernels {
    private StepKernels() {}

    /**
     * Makes a step ready.
     *
     * @throws IllegalArgumentException if its tensors are not what the operator takes
     */
    static Kernel of(IntegerGraph graph, Step step, Arithmetic arithmetic) {
        Slot out = graph.slots().get(step.output());
        return switch (step.op()) {
            case IntegerOp.Conv op -> {
                IntegerTensor weights = stored(graph, step, 1);
                codes(slot(graph, step, 0), weights, out);
                yield Accumulation.conv(arithmetic, op, grid(graph, step, 0), weights, bias(graph, step), out);
            }
            case IntegerOp.Linear op -> {
                IntegerTensor weights = stored(graph, step, 1);
                codes(slot(graph, step, 0), weights, out);
                yield Accumulation.linear(arithmetic, op, grid(graph, step, 0), weights, bias(graph, step), out);
            }
            case IntegerOp.MatMul op ->
                Accumulation.matMul(arithmetic, op, grid(graph, step, 0), grid(graph, step, 1), out);
            case IntegerOp.AveragePool op when slot(graph, step, 0).type() == DType.F32 -> RealOps.average(op);
            case IntegerOp.AveragePool op -> Pooling.average(arithmetic, op, grid(graph, step, 0), out);
            case IntegerOp.MaxPool op -> Pooling.max(op, grid(graph, step, 0), out);
            case IntegerOp.Elementwise op ->
                slot(graph, step, 0).type() == DType.F32
                        ? RealOps.elementwise(op)
                        : Elementwise.of(arithmetic, op, grid(graph, step, 0), grid(graph, step, 1), out);
            case IntegerOp.Softmax op ->
                slot(graph, step, 0).type() == DType.F32
                        ? RealOps.softmax(op)
                        : Softmaxes.of(arithmetic, op, grid(graph, step, 0), out);
            case IntegerOp.Pointwise op ->
                slot(graph, step, 0).type() == DType.F32
                        ? RealOps.pointwise(op)
                        : Pointwise.function(
                                arithmetic, op, slot(graph, step, 0).type(), grid(graph, step, 0), out);
            case IntegerOp.Clamp op ->
                slot(graph, step, 0).type() == DType.F32
                        ? RealOps.clamp(op)
                        : Pointwise.clamp(arithmetic, op, grid(graph, step, 0), out);
            case IntegerOp.Mean op when slot(graph, step, 0).type() == DType.F32 -> RealOps.mean(op);
            case IntegerOp.Mean op ->
                Means.of(
                        arithmetic,
                        op,
                        slot(graph, step, 0).shape().map(s -> s.length).orElse(-1),
                        grid(graph, step, 0),
                        out);
            case IntegerOp.Convert op -> Pointwise.convert(arithmetic, slot(graph, step, 0), out);
            case IntegerOp.Reshape op ->
                inputs -> {
                    IntegerTensor x = Accumulation.present(inputs[0]);
                    return as(out, x.shaped(op.shape().of(x.shape())));
                };
            case IntegerOp.Transpose op -> inputs -> as(out, Moves.transpose(op, Accumulation.present(inputs[0])));
            case IntegerOp.Pad op -> inputs -> as(out, Moves.pad(op, Accumulation.present(inputs[0])));
            case IntegerOp.Slice op -> inputs -> as(out, Moves.slice(op, Accumulation.present(inputs[0])));
            case IntegerOp.Concat op -> inputs -> as(out, Moves.concat(arithmetic, op, inputs, out));
        };
    }

    /** What is moved keeps its codes; a runtime that moves them does not look at the grid that the result is said to have. */
    private static IntegerTensor as(Slot out, IntegerTensor moved) {
        return moved.isReal() || moved.type() != out.type()
                ? moved
                : IntegerTensor.codes(
                        moved.type(), moved.shape(), out.grid().isPresent() ? out.grid() : moved.grid(), moved.codes());
    }

    private static void codes(Slot in, IntegerTensor weights, Slot out) {
        boolean made = out.type() == DType.I8 || out.type() == DType.U8 || out.type() == DType.F32;
        if (!Accumulation.fits(in.type(), weights.type()) || !made) {
            throw new IllegalArgumentException(
                    in.type() + " by " + weights.type() + " to " + out.type() + "; 8-bit codes are computed");
        }
    }

    private static Slot slot(IntegerGraph graph, Step step, int input) {
        int number = input < step.inputs().size() ? step.inputs().get(input) : -1;
        if (number < 0) {
            throw new IllegalArgumentException("input " + input + " is missing");
        }
        return graph.slots().get(number);
    }

    private static CodeGrid grid(IntegerGraph graph, Step step, int input) {
        Slot slot = slot(graph, step, input);
        CodeGrid grid =
                slot.grid().orElseThrow(() -> new IllegalArgumentException("\"" + slot.name() + "\" has no scale"));
        if (!grid.single()) {
            throw new IllegalArgumentException("\"" + slot.name() + "\" has " + grid.scales().length + " scales");
        }
        return grid;
    }

    private static IntegerTensor stored(IntegerGraph graph, Step step, int input) {
        Slot slot = slot(graph, step, input);
        return slot.stored()
                .orElseThrow(() -> new IllegalArgumentException("\"" + slot.name() + "\" is not stored in the file"));
    }

    private static @Nullable IntegerTensor bias(IntegerGraph graph, Step step) {
        if (step.inputs().size() < 3 || step.inputs().get(2) < 0) {
            return null;
        }
        Optional<IntegerTensor> bias = graph.slots().get(step.inputs().get(2)).stored();
        if (bias.isEmpty() || bias.get().type() != DType.I32) {
            throw new IllegalArgumentException("the bias is not stored as 32-bit whole numbers");
        }
        return bias.get();
    }
}
