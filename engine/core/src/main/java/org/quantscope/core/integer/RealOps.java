package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Clamp;
import org.quantscope.core.integer.IntegerOp.Softmax;

/** Operators on float32 values, for the parts of a network that are not quantized. */
final class RealOps {
    private RealOps() {}

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
