package org.quantscope.core.integer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerOp.Concat;
import org.quantscope.core.integer.IntegerOp.Pad;
import org.quantscope.core.integer.IntegerOp.Slice;
import org.quantscope.core.integer.IntegerOp.Transpose;

/** Operators that move elements and leave them as they are. */
final class Moves {
    private Moves() {}

    /** Where each element of the result comes from; −1 for one that is made. */
    @FunctionalInterface
    private interface Origin {
        int of(int[] index);
    }

    private static IntegerTensor moved(IntegerTensor x, int[] shape, int made, Origin origin) {
        int count = IntegerTensor.count(shape);
        int[] codes = new int[x.isReal() ? 0 : count];
        float[] reals = new float[x.isReal() ? count : 0];
        int[] index = new int[shape.length];
        for (int i = 0; i < count; i++) {
            int from = origin.of(index);
            if (x.isReal()) {
                reals[i] = from < 0 ? 0 : x.reals()[from];
            } else {
                codes[i] = from < 0 ? made : x.codes()[from];
            }
            for (int axis = shape.length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) {
                index[axis] = 0;
            }
        }
        return new IntegerTensor(x.type(), shape, x.grid(), codes, reals);
    }

    private static int[] strides(int[] shape) {
        int[] strides = new int[shape.length];
        int step = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = step;
            step *= shape[i];
        }
        return strides;
    }

    static IntegerTensor transpose(Transpose op, IntegerTensor x) {
        int rank = x.shape().length;
        if (op.order().length != rank || Arrays.stream(op.order()).distinct().count() != rank) {
            throw new IllegalArgumentException("the order " + Arrays.toString(op.order()) + " of " + rank + " axes");
        }
        int[] strides = strides(x.shape());
        int[] shape = new int[rank];
        for (int i = 0; i < rank; i++) {
            if (op.order()[i] < 0 || op.order()[i] >= rank) {
                throw new IllegalArgumentException("axis " + op.order()[i] + " of " + rank);
            }
            shape[i] = x.shape()[op.order()[i]];
        }
        return moved(x, shape, 0, index -> {
            int from = 0;
            for (int i = 0; i < rank; i++) {
                from += index[i] * strides[op.order()[i]];
            }
            return from;
        });
    }

    static IntegerTensor pad(Pad op, IntegerTensor x) {
        int rank = x.shape().length;
        if (op.before().length != rank || op.after().length != rank) {
            throw new IllegalArgumentException("padding of " + op.before().length + " axes on " + rank);
        }
        int[] strides = strides(x.shape());
        int[] shape = new int[rank];
        for (int i = 0; i < rank; i++) {
            if (op.before()[i] < 0 || op.after()[i] < 0) {
                throw new IllegalArgumentException("padding of " + Math.min(op.before()[i], op.after()[i]));
            }
            shape[i] = Math.addExact(x.shape()[i], Math.addExact(op.before()[i], op.after()[i]));
        }
        int code = op.code().orElse(x.grid().map(CodeGrid::zeroPoint).orElse(0));
        return moved(x, shape, code, index -> {
            int from = 0;
            for (int i = 0; i < rank; i++) {
                int at = index[i] - op.before()[i];
                if (at < 0 || at >= x.shape()[i]) {
                    return -1;
                }
                from += at * strides[i];
            }
            return from;
        });
    }

    static IntegerTensor slice(Slice op, IntegerTensor x) {
        int rank = x.shape().length;
        if (op.begin().length != rank || op.end().length != rank || op.step().length != rank) {
            throw new IllegalArgumentException("a part of " + op.begin().length + " axes of " + rank);
        }
        int[] strides = strides(x.shape());
        int[] shape = new int[rank];
        for (int i = 0; i < rank; i++) {
            int step = op.step()[i];
            int length = step > 0
                    ? Math.max(0, Math.ceilDiv(op.end()[i] - op.begin()[i], step))
                    : step < 0 ? Math.max(0, Math.ceilDiv(op.begin()[i] - op.end()[i], -step)) : -1;
            int last = op.begin()[i] + (length - 1) * step;
            if (length < 0
                    || (length > 0
                            && (op.begin()[i] < 0 || last < 0 || Math.max(op.begin()[i], last) >= x.shape()[i]))) {
                throw new IllegalArgumentException(
                        "a part from " + op.begin()[i] + " to " + op.end()[i] + " by " + step + " of " + x.shape()[i]);
            }
            shape[i] = length;
        }
        IntegerTensor part = moved(x, shape, 0, index -> {
            int from = 0;
            for (int i = 0; i < rank; i++) {
                from += (op.begin()[i] + index[i] * op.step()[i]) * strides[i];
            }
            return from;
        });
        int[] kept = java.util.stream.IntStream.range(0, rank)
                .filter(i -> Arrays.stream(op.dropAxes()).noneMatch(a -> a == i))
                .map(i -> shape[i])
                .toArray();
        return part.shaped(kept);
    }

    /** Tensors one behind the other; each is brought to the grid of the result where it has another. */
    static IntegerTensor concat(
            Arithmetic arithmetic, Concat op, @Nullable IntegerTensor[] inputs, IntegerGraph.Slot out) {
        IntegerTensor first = Accumulation.present(inputs[0]);
        int rank = first.shape().length;
        int axis = op.axis() < 0 ? op.axis() + rank : op.axis();
        if (axis < 0 || axis >= rank) {
            throw new IllegalArgumentException("axis " + op.axis() + " of " + rank);
        }
        int[] shape = first.shape().clone();
        shape[axis] = 0;
        for (IntegerTensor input : inputs) {
            IntegerTensor x = Accumulation.present(input);
            for (int i = 0; i < rank; i++) {
                if (x.shape().length != rank || (i != axis && x.shape()[i] != shape[i])) {
                    throw new IllegalArgumentException(Arrays.toString(x.shape()) + " behind "
                            + Arrays.toString(first.shape()) + " on axis " + axis);
                }
            }
            shape[axis] = Math.addExact(shape[axis], x.shape()[axis]);
        }
        int count = IntegerTensor.count(shape);
        int[] codes = new int[first.isReal() ? 0 : count];
        float[] reals = new float[first.isReal() ? count : 0];
        int inner = 1;
        for (int i = axis + 1; i < rank; i++) {
            inner *= shape[i];
        }
        int at = 0;
        for (IntegerTensor input : inputs) {
            IntegerTensor x = Accumulation.present(input);
            if (!x.isReal()
                    && out.grid().isPresent()
                    && x.grid().isPresent()
                    && !x.grid().get().same(out.grid().get())) {
                x = Accumulation.present(Pointwise.convert(
                                arithmetic,
                                new IntegerGraph.Slot(
                                        "", x.type(), x.grid(), java.util.Optional.empty(), java.util.Optional.empty()),
                                out)
                        .run(new IntegerTensor[] {x}));
            }
            int part = x.shape()[axis] * inner;
            int rows = part == 0 ? 0 : IntegerTensor.count(x.shape()) / part;
            for (int r = 0; r < rows; r++) {
                int to = r * shape[axis] * inner + at;
                if (x.isReal()) {
                    System.arraycopy(x.reals(), r * part, reals, to, part);
                } else {
                    System.arraycopy(x.codes(), r * part, codes, to, part);
                }
            }
            at += part;
        }
        return new IntegerTensor(first.type(), shape, out.grid(), codes, reals);
    }
}
