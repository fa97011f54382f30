package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.AveragePool;
import org.quantscope.core.integer.IntegerOp.MaxPool;
import org.quantscope.core.integer.IntegerOp.Window;
import org.quantscope.core.integer.Requantizer.Limits;

/** Means and maxima of windows. */
final class Pooling {
    private Pooling() {}

    /** What becomes of the codes of one window. */
    @FunctionalInterface
    private interface Reduce {
        /**
         * @param sum of the codes inside the picture, as they are
         * @param inside how many there are
         * @param size of the window that counts
         */
        int code(long sum, int most, int inside, int size);
    }

    static Kernel max(MaxPool op, CodeGrid grid, IntegerGraph.Slot out) {
        Limits limits = Limits.of(out.type(), grid, op.activation());
        return inputs -> pool(
                Accumulation.present(inputs[0]),
                op.window(),
                false,
                false,
                out,
                (sum, most, inside, size) -> limits.hold(most));
    }

    /**
     * Means. TFLite and CMSIS-NN stay on the grid of what they read: Σ codes / count, halves away from zero
     * (reference/integer_ops/pooling.h; arm_avgpool_s8). ONNX Runtime: the float32 mean of the values put on the grid of the
     * result (contrib_ops/cpu/quantization/qlinear_pool.cc), a whole picture by one factor
     * (mlas/lib/qlgavgpool.cpp).
     */
    static Kernel average(Arithmetic arithmetic, AveragePool op, CodeGrid in, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), grid, op.activation());
        Reduce reduce;
        if (arithmetic != Arithmetic.ONNX_RUNTIME) {
            FixedPoint factor = FixedPoint.of((double) in.scale() / grid.scale());
            boolean same = in.same(grid);
            reduce = (sum, most, inside, size) -> {
                // Padding that counts is zero, whose code is the zero point.
                long all = sum + (long) (size - inside) * in.zeroPoint();
                if (same) {
                    return limits.hold(divideAway(all, size));
                }
                long about = divideAway(all - (long) size * in.zeroPoint(), size);
                return limits.hold((long) factor.roundedTwice((int) about) + grid.zeroPoint());
            };
        } else if (op.global()) {
            reduce = (sum, most, inside, size) -> {
                float factor = in.scale() / (grid.scale() * size);
                return Requantizer.floating(new float[] {factor}, grid.zeroPoint(), limits)
                        .code((int) (sum - (long) inside * in.zeroPoint()), 0);
            };
        } else {
            reduce = (sum, most, inside, size) -> {
                float mean = in.scale() * (sum - (long) inside * in.zeroPoint()) / size;
                return limits.hold((long) Math.rint(mean / grid.scale() + grid.zeroPoint()));
            };
        }
        Reduce chosen = reduce;
        return inputs ->
                pool(Accumulation.present(inputs[0]), op.window(), op.global(), op.countPadding(), out, chosen);
    }

    /** The places of a window that lie inside. */
    private record Range(int from, int to) {
        static Range of(Window w, int axis, int start, int size) {
            int step = w.dilations()[axis];
            int from = start < 0 ? Math.ceilDiv(-start, step) : 0;
            int to = Math.min(w.kernel()[axis], Math.max(0, Math.ceilDiv(size - start, step)));
            return new Range(from, Math.max(from, to));
        }

        int count() {
            return to - from;
        }
    }

    static long divideAway(long sum, int count) {
        return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    }

    private static IntegerTensor pool(
            IntegerTensor x, Window given, boolean global, boolean countPadding, IntegerGraph.Slot out, Reduce reduce) {
        int[] shape = x.shape();
        if (shape.length != 4) {
            throw new IllegalArgumentException("a picture of " + shape.length + " axes");
        }
        boolean last = given.channelsLast();
        int height = shape[last ? 1 : 2];
        int width = shape[last ? 2 : 3];
        int channels = shape[last ? 3 : 1];
        Window w = global
                ? new Window(
                        last, false, new int[] {height, width}, new int[] {1, 1}, new int[] {1, 1}, new int[4], false)
                : given;
        int high = w.windows(0, height);
        int wide = w.windows(1, width);
        int[] made = last ? new int[] {shape[0], high, wide, channels} : new int[] {shape[0], channels, high, wide};
        int[] codes = new int[IntegerTensor.count(made)];
        int top = w.before(0, height);
        int left = w.before(1, width);
        int bottom = w.same() ? 0 : w.pads()[2];
        int right = w.same() ? 0 : w.pads()[3];
        for (int i = 0; i < codes.length; i++) {
            int c = last ? i % channels : i / (high * wide) % channels;
            int pixel = last ? i / channels : i % (high * wide);
            int n = i / (high * wide * channels);
            int y0 = pixel / wide % high * w.strides()[0] - top;
            int x0 = pixel % wide * w.strides()[1] - left;
            long sum = 0;
            int most = Integer.MIN_VALUE;
            Range rows = Range.of(w, 0, y0, height);
            Range columns = Range.of(w, 1, x0, width);
            for (int ky = rows.from; ky < rows.to; ky++) {
                int row = y0 + ky * w.dilations()[0];
                for (int kx = columns.from; kx < columns.to; kx++) {
                    int column = x0 + kx * w.dilations()[1];
                    int at = last
                            ? ((n * height + row) * width + column) * channels + c
                            : ((n * channels + c) * height + row) * width + column;
                    sum += x.codes()[at];
                    most = Math.max(most, x.codes()[at]);
                }
            }
            int inside = rows.count() * columns.count();
            int counted = countPadding
                    ? Range.of(w, 0, y0, height + bottom).to * Range.of(w, 1, x0, width + right).to
                    : inside;
            if (counted == 0) {
                throw new IllegalArgumentException("a window that holds nothing");
            }
            codes[i] = reduce.code(sum, most, inside, counted);
        }
        return IntegerTensor.codes(out.type(), made, out.grid(), codes);
    }
}
