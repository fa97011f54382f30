package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Clamp;
import org.quantscope.core.integer.IntegerOp.Softmax;

/** Operators on float32 values, for the parts of a network that are not quantized. */
final class RealOps {
    private RealOps() {}

    /** True if an operator is computed on float values. */
    static boolean has(IntegerOp op) {
        return switch (op) {
            case IntegerOp.Pointwise _, IntegerOp.Clamp _, IntegerOp.Elementwise _ -> true;
            case IntegerOp.Softmax _, IntegerOp.Mean _, IntegerOp.Concat _ -> true;
            case IntegerOp.AveragePool pool -> pool.global();
            default -> false;
        };
    }

    static Kernel mean(IntegerOp.Mean op) {
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            int rank = x.shape().length;
            int[] axes = op.axes().clone();
            for (int i = 0; i < axes.length; i++) {
                axes[i] = axes[i] < 0 ? axes[i] + rank : axes[i];
                if (axes[i] < 0 || axes[i] >= rank) {
                    throw new IllegalArgumentException("axis " + op.axes()[i] + " of " + rank);
                }
            }
            return mean(x, axes, op.keepAxes());
        };
    }

    static Kernel average(IntegerOp.AveragePool op) {
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            boolean last = op.window().channelsLast();
            return mean(x, last ? new int[] {1, 2} : new int[] {2, 3}, true);
        };
    }

    private static IntegerTensor mean(IntegerTensor x, int[] axes, boolean keep) {
        int[] kept = x.shape().clone();
        int count = 1;
        for (int axis : axes) {
            count *= kept[axis];
            kept[axis] = 1;
        }
        if (count == 0) {
            throw new IllegalArgumentException("the mean of nothing");
        }
        float[] sums = new float[IntegerTensor.count(kept)];
        Broadcast places = Broadcast.of(kept, x.shape());
        for (int i = 0; i < x.reals().length; i++) {
            sums[places.first(i)] += x.reals()[i];
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= count;
        }
        int[] shape = keep
                ? kept
                : java.util.stream.IntStream.range(0, kept.length)
                        .filter(i -> java.util.Arrays.stream(axes).noneMatch(a -> a == i))
                        .map(i -> kept[i])
                        .toArray();
        return IntegerTensor.reals(shape, sums);
    }

    static Kernel pointwise(IntegerOp.Pointwise op) {
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            float[] reals = new float[x.reals().length];
            for (int i = 0; i < reals.length; i++) {
                reals[i] = Pointwise.apply(op, x.reals()[i]);
            }
            return IntegerTensor.reals(x.shape(), reals);
        };
    }

    static Kernel clamp(Clamp op) {
        float least = op.activation() == IntegerOp.Activation.RELU_N1_TO_1 ? -1 : 0;
        float most = switch (op.activation()) {
            case NONE, RELU -> Float.POSITIVE_INFINITY;
            case RELU6 -> 6;
            case RELU_N1_TO_1 -> 1;
        };
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            float[] reals = new float[x.reals().length];
            for (int i = 0; i < reals.length; i++) {
                reals[i] = op.activation() == IntegerOp.Activation.NONE
                        ? x.reals()[i]
                        : Math.max(least, Math.min(most, x.reals()[i]));
            }
            return IntegerTensor.reals(x.shape(), reals);
        };
    }

    static Kernel elementwise(IntegerOp.Elementwise op) {
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            IntegerTensor y = Accumulation.present(inputs[1]);
            Broadcast both = Broadcast.of(x.shape(), y.shape());
            float[] reals = new float[both.count()];
            for (int i = 0; i < reals.length; i++) {
                float a = x.reals()[both.first(i)];
                float b = y.reals()[both.second(i)];
                reals[i] = switch (op.join()) {
                    case ADD -> a + b;
                    case SUB -> a - b;
                    case MUL -> a * b;
                };
            }
            return IntegerTensor.reals(both.shape(), reals);
        };
    }

    static Kernel softmax(Softmax op) {
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            int rank = x.shape().length;
            int axis = op.axis() < 0 ? op.axis() + rank : op.axis();
            if (axis < 0 || axis >= rank) {
                throw new IllegalArgumentException("softmax over axis " + op.axis() + " of " + rank);
            }
            int depth = x.shape()[axis];
            int inner = 1;
            for (int i = axis + 1; i < rank; i++) {
                inner *= x.shape()[i];
            }
            float[] reals = new float[x.reals().length];
            int rows = depth == 0 ? 0 : reals.length / depth;
            for (int r = 0; r < rows; r++) {
                int base = r / inner * depth * inner + r % inner;
                float most = Float.NEGATIVE_INFINITY;
                for (int i = 0; i < depth; i++) {
                    most = Math.max(most, x.reals()[base + i * inner]);
                }
                float sum = 0;
                for (int i = 0; i < depth; i++) {
                    int at = base + i * inner;
                    reals[at] = (float) Math.exp((x.reals()[at] - most) * op.beta());
                    sum += reals[at];
                }
                for (int i = 0; i < depth; i++) {
                    reals[base + i * inner] /= sum;
                }
            }
            return IntegerTensor.reals(x.shape(), reals);
        };
    }
}
