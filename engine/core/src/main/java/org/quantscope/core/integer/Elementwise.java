package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Join;
import org.quantscope.core.integer.Requantizer.Limits;
import org.quantscope.core.tensor.DType;

/** Sums, differences and products of two tensors, element by element. */
final class Elementwise {
    private Elementwise() {}

    @FunctionalInterface
    private interface Pair {
        int code(int a, int b);
    }

    static Kernel of(Arithmetic arithmetic, IntegerOp.Elementwise op, CodeGrid a, CodeGrid b, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), grid, op.activation());
        Pair pair = arithmetic == Arithmetic.ONNX_RUNTIME
                ? floating(op.join(), a, b, grid, limits)
                : fixed(arithmetic, op.join(), a, b, grid, limits, out.type());
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            IntegerTensor y = Accumulation.present(inputs[1]);
            Broadcast both = Broadcast.of(x.shape(), y.shape());
            int[] codes = new int[both.count()];
            boolean alike = x.codes().length == codes.length && y.codes().length == codes.length;
            for (int i = 0; i < codes.length; i++) {
                codes[i] = pair.code(x.codes()[alike ? i : both.first(i)], y.codes()[alike ? i : both.second(i)]);
            }
            return IntegerTensor.codes(out.type(), both.shape(), out.grid(), codes);
        };
    }

    /**
     * Sums: both are brought to the scale 2 · the greater one, 20 bits up (15 for 16-bit codes), added, and brought to the
     * result's (tensorflow/lite/kernels/add.cc, Prepare; arm_elementwise_add_s8). Products: one factor
     * (kernels/mul.cc; arm_elementwise_mul_s8).
     */
    private static Pair fixed(
            Arithmetic arithmetic, Join join, CodeGrid a, CodeGrid b, CodeGrid out, Limits limits, DType type) {
        int zeroA = a.zeroPoint();
        int zeroB = b.zeroPoint();
        int zero = out.zeroPoint();
        if (join == Join.MUL) {
            // TFLite works the factor out in float32; TFLite for Microcontrollers, which drives CMSIS-NN, in double.
            double factor = arithmetic == Arithmetic.TFLITE
                    ? (double) (a.scale() * b.scale() / out.scale())
                    : (double) a.scale() * b.scale() / out.scale();
            FixedPoint fixed = FixedPoint.of(factor);
            return (x, y) -> limits.hold((long) fixed.roundedTwice((x - zeroA) * (y - zeroB)) + zero);
        }
        int up = type == DType.I16 ? 15 : 20;
        double twice = 2.0 * Math.max(a.scale(), b.scale());
        FixedPoint first = FixedPoint.of(a.scale() / twice);
        FixedPoint second = FixedPoint.of(b.scale() / twice);
        FixedPoint last = FixedPoint.of(twice / ((1 << up) * (double) out.scale()));
        int sign = join == Join.SUB ? -1 : 1;
        return (x, y) -> {
            int sum = first.roundedTwice((x - zeroA) * (1 << up)) + sign * second.roundedTwice((y - zeroB) * (1 << up));
            return limits.hold((long) last.roundedTwice(sum) + zero);
        };
    }

    /** As MLAS in float32, halves to even (onnxruntime/core/mlas/lib/qladd.cpp, qlmul.cpp; x86). */
    private static Pair floating(Join join, CodeGrid a, CodeGrid b, CodeGrid out, Limits limits) {
        int zero = out.zeroPoint();
        if (join == Join.MUL) {
            float factor = a.scale() * b.scale() / out.scale();
            return (x, y) -> limits.hold(
                    (long) Math.rint((float) (x - a.zeroPoint()) * (float) (y - b.zeroPoint()) * factor) + zero);
        }
        float ratioA = a.scale() / out.scale();
        float ratioB = (join == Join.SUB ? -1 : 1) * b.scale() / out.scale();
        float fixed = zero - (ratioA * a.zeroPoint() + ratioB * b.zeroPoint());
        return (x, y) -> limits.hold((long) Math.rint(fixed + x * ratioA + y * ratioB));
    }
}
