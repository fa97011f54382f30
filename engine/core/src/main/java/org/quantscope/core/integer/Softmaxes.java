package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Softmax;

/** Softmax of codes, in each runtime's own way. */
final class Softmaxes {
    /** Bits of the whole part of differences, and of sums of exponentials, in fixed point. */
    private static final int DIFF_BITS = 5;

    private static final int SUM_BITS = 12;

    private Softmaxes() {}

    /** One row: codes in, codes out. */
    @FunctionalInterface
    private interface Row {
        void run(int[] in, int[] out);
    }

    static Kernel of(Arithmetic arithmetic, Softmax op, CodeGrid in, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Row row = switch (arithmetic) {
            case TFLITE -> table(in.scale(), op.beta(), grid, out);
            case CMSIS_NN -> fixed(in.scale(), op.beta(), out);
            case ONNX_RUNTIME -> null;
        };
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
            Row each = row == null ? lookup(in.scale(), depth, grid, out) : row;
            int[] codes = new int[x.codes().length];
            int[] from = new int[depth];
            int[] to = new int[depth];
            int rows = depth == 0 ? 0 : codes.length / depth;
            for (int r = 0; r < rows; r++) {
                int base = r / inner * depth * inner + r % inner;
                for (int i = 0; i < depth; i++) {
                    from[i] = x.codes()[base + i * inner];
                }
                each.run(from, to);
                for (int i = 0; i < depth; i++) {
                    codes[base + i * inner] = to[i];
                }
            }
            return IntegerTensor.codes(out.type(), x.shape(), out.grid(), codes);
        };
    }

    private static int greatest(int[] row) {
        int most = Integer.MIN_VALUE;
        for (int code : row) {
            most = Math.max(most, code);
        }
        return most;
    }

    /** From a table of float32 exponentials (optimized_ops.h, PopulateSoftmaxLookupTable and Softmax). */
    private static Row table(float scale, float beta, CodeGrid grid, IntegerGraph.Slot out) {
        float[] exponentials = new float[256];
        float step = -scale * beta;
        for (int i = 0; i < 256; i++) {
            exponentials[i] = (float) Math.exp(step * i);
        }
        int least = IntegerTensor.least(out.type());
        int most = IntegerTensor.most(out.type());
        boolean unsigned = least == 0;
        return (in, to) -> {
            int max = greatest(in);
            float sum = 0;
            for (int code : in) {
                sum += exponentials[max - code];
            }
            float factor = 1 / (sum * grid.scale());
            for (int i = 0; i < in.length; i++) {
                float part = exponentials[max - in[i]] * factor;
                int code = unsigned ? (int) (part + 0.5f) : (int) FixedPoint.roundAway(part) + grid.zeroPoint();
                to[i] = Math.max(least, Math.min(most, code));
            }
        };
    }

    /**
     * In fixed point: differences to the greatest with 5 bits before the point, sums with 12
     * (tensorflow/lite/kernels/internal/reference/softmax.h; CMSIS-NN arm_nn_softmax_common_s8).
     */
    private static Row fixed(float scale, float beta, IntegerGraph.Slot out) {
        double factor = Math.min((double) beta * scale * (1 << (31 - DIFF_BITS)), (double) Integer.MAX_VALUE);
        FixedPoint fixed = FixedPoint.of(factor);
        if (fixed.shift() < 0) {
            throw new IllegalArgumentException("softmax of values on a grid of " + scale);
        }
        double radius = ((1 << DIFF_BITS) - 1.0) * (1L << (31 - DIFF_BITS)) / (1L << fixed.shift());
        int least = IntegerTensor.least(out.type());
        int most = IntegerTensor.most(out.type());
        int bits = out.type().bytes() * 8;
        int lowest = -(int) Math.floor(radius);
        return (in, to) -> {
            int max = greatest(in);
            int sum = 0;
            for (int code : in) {
                if (code - max >= lowest) {
                    sum += FixedPoint.divideByPowerOfTwo(exponential(fixed, code - max), SUM_BITS);
                }
            }
            int headroom = Integer.numberOfLeadingZeros(sum);
            int reciprocal = GemmlowpFixed.reciprocalOfOnePlus((int) (((long) sum << headroom) - (1L << 31)));
            int exponent = SUM_BITS - headroom + 31 - bits;
            for (int i = 0; i < in.length; i++) {
                if (in[i] - max < lowest) {
                    to[i] = least;
                    continue;
                }
                int part = FixedPoint.doublingHighMultiply(reciprocal, exponential(fixed, in[i] - max));
                int code = FixedPoint.divideByPowerOfTwo(part, exponent) + least;
                to[i] = Math.max(least, Math.min(most, code));
            }
        };
    }

    private static int exponential(FixedPoint fixed, int difference) {
        int scaled = FixedPoint.doublingHighMultiply(difference * (1 << fixed.shift()), fixed.multiplier());
        return GemmlowpFixed.exponential(scaled);
    }

    /** From a table of float32 exponentials held below the greatest float (contrib_ops/cpu/quantization/qlinear_softmax.cc). */
    private static Row lookup(float scale, int depth, CodeGrid grid, IntegerGraph.Slot out) {
        double room = Math.log(Float.MAX_VALUE / depth);
        double shift = Math.max(0, room - 5) / scale;
        float[] exponentials = new float[256];
        for (int i = 0; i < 256; i++) {
            exponentials[i] = (float) Math.exp((i - 255 + shift) * scale);
        }
        float inverse = (float) Math.floor(1 / grid.scale());
        int least = IntegerTensor.least(out.type());
        int most = IntegerTensor.most(out.type());
        return (in, to) -> {
            int max = greatest(in);
            float sum = 0;
            for (int code : in) {
                sum += exponentials[255 - max + code];
            }
            for (int i = 0; i < in.length; i++) {
                int code = (int) Math.rint(exponentials[255 - max + in[i]] * inverse / sum) + grid.zeroPoint();
                to[i] = Math.max(least, Math.min(most, code));
            }
        };
    }
}
