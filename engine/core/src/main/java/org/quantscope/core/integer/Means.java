package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.integer.IntegerOp.Mean;
import org.quantscope.core.integer.Requantizer.Limits;

/** The mean over axes. */
final class Means {
    private Means() {}

    @FunctionalInterface
    private interface Finish {
        int code(long sum, int count);
    }

    static Kernel of(Arithmetic arithmetic, Mean op, int rankOfInput, CodeGrid in, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), grid, Activation.NONE);
        boolean picture = op.keepAxes()
                && rankOfInput == 4
                && op.axes().length == 2
                && Math.min(op.axes()[0], op.axes()[1]) == 1
                && Math.max(op.axes()[0], op.axes()[1]) == 2;
        Finish finish = arithmetic == Arithmetic.ONNX_RUNTIME
                ? (sum, count) -> {
                    float mean = in.scale() * (sum - (long) count * in.zeroPoint()) / count;
                    return limits.hold((long) Math.rint(mean / grid.scale()) + grid.zeroPoint());
                }
                : arithmetic == Arithmetic.TFLITE && picture
                        ? (sum, count) -> biased(sum, count, in, grid, limits)
                        : (sum, count) -> folded(sum, count, in, grid, limits);
        return inputs -> {
            IntegerTensor x = Accumulation.present(inputs[0]);
            int rank = x.shape().length;
            boolean[] over = new boolean[rank];
            for (int axis : op.axes()) {
                int a = axis < 0 ? axis + rank : axis;
                if (a < 0 || a >= rank) {
                    throw new IllegalArgumentException("axis " + axis + " of " + rank);
                }
                over[a] = true;
            }
            int[] kept = x.shape().clone();
            int count = 1;
            for (int i = 0; i < rank; i++) {
                if (over[i]) {
                    count *= kept[i];
                    kept[i] = 1;
                }
            }
            if (count == 0) {
                throw new IllegalArgumentException("the mean of nothing");
            }
            long[] sums = new long[IntegerTensor.count(kept)];
            Broadcast places = Broadcast.of(kept, x.shape());
            for (int i = 0; i < x.codes().length; i++) {
                sums[places.first(i)] += x.codes()[i];
            }
            int[] codes = new int[sums.length];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = finish.code(sums[i], count);
            }
            int[] shape = op.keepAxes()
                    ? kept
                    : java.util.stream.IntStream.range(0, rank)
                            .filter(i -> !over[i])
                            .map(i -> x.shape()[i])
                            .toArray();
            return IntegerTensor.codes(out.type(), shape, out.grid(), codes);
        };
    }

    /**
     * The count folded into the factor (tensorflow/lite/kernels/reduce.cc, PrepareMeanOrSum, and reference/integer_ops/
     * mean.h): (sum − count · zero point) · scale / (output scale · count), the 1 / count as 2^shift / count in the
     * multiplier.
     */
    private static int folded(long sum, int count, CodeGrid in, CodeGrid out, Limits limits) {
        FixedPoint factor = FixedPoint.of((double) in.scale() / out.scale());
        int shift = 63 - Long.numberOfLeadingZeros(count);
        shift = Math.min(shift, 32);
        shift = Math.min(shift, 31 + factor.shift());
        int multiplier = (int) (((long) factor.multiplier() << shift) / count);
        int accumulator = (int) (sum - (long) count * in.zeroPoint());
        int value = new FixedPoint(multiplier, factor.shift() - shift).roundedTwice(accumulator);
        return limits.hold((long) value + out.zeroPoint());
    }

    /**
     * The zero point of what comes in taken off behind the factor, cut to a whole code (optimized/integer_ops/mean.h: what
     * TFLite does for the mean over height and width that keeps its axes).
     */
    private static int biased(long sum, int count, CodeGrid in, CodeGrid out, Limits limits) {
        int bias = out.zeroPoint() - (int) (in.zeroPoint() * in.scale() / out.scale());
        FixedPoint factor = FixedPoint.of(in.scale() / (count * out.scale()));
        return limits.hold((long) factor.roundedTwice((int) sum) + bias);
    }
}
