package org.quantscope.core.integer;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.integer.IntegerOp.Conv;
import org.quantscope.core.integer.IntegerOp.Linear;
import org.quantscope.core.integer.IntegerOp.WeightOrder;
import org.quantscope.core.integer.IntegerOp.Window;
import org.quantscope.core.integer.Requantizer.Limits;
import org.quantscope.core.integer.Requantizer.Rounds;
import org.quantscope.core.tensor.DType;

/**
 * Convolutions and fully connected layers: Σ (x − zero point) · (w − zero point) + bias in 32 bits that wrap, then one
 * {@link Requantizer} for each output channel.
 */
final class Accumulation {
    private Accumulation() {}

    /** Weights with their zero point taken off, row by row of an output channel. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Rows(int[] weights, int outputs, int depth) {}

    /**
     * A convolution.
     *
     * @param biasStored null if there is none
     */
    static Kernel conv(
            Arithmetic arithmetic,
            Conv op,
            CodeGrid inGrid,
            IntegerTensor weights,
            @Nullable IntegerTensor biasStored,
            IntegerGraph.Slot out) {
        CodeGrid weightGrid = grid(weights);
        Rows rows = rows(weights, weightGrid, op.order());
        int[] bias = bias(biasStored, rows.outputs);
        boolean unsigned = out.type() == DType.U8;
        boolean product = isProduct(op, out.type());
        End end = end(arithmetic, inGrid, weightGrid, rows.outputs, op.activation(), product, unsigned, out);
        if (op.groups() <= 0 || rows.outputs % op.groups() != 0) {
            throw new IllegalArgumentException(rows.outputs + " output channels in " + op.groups() + " groups");
        }
        return inputs -> convolve(op, present(inputs[0]), rows, bias, inGrid, end, out);
    }

    /** Results while they are made: codes, or float values where there is no grid behind the operator. */
    @SuppressWarnings("ArrayRecordComponent") // filled by the threads of one step
    private record Made(int[] codes, float[] reals) {
        IntegerTensor tensor(IntegerGraph.Slot out, int[] shape) {
            return out.type() == DType.F32
                    ? IntegerTensor.reals(shape, reals)
                    : IntegerTensor.codes(out.type(), shape, out.grid(), codes);
        }
    }

    /**
     * What becomes of an accumulator.
     *
     * @param requantizer null if it becomes a float value
     * @param scales of accumulators, by channel, if they become float values
     */
    @SuppressWarnings("ArrayRecordComponent") // made once, never compared
    private record End(@Nullable Requantizer requantizer, float[] scales) {
        Made made(int count) {
            return requantizer == null
                    ? new Made(new int[0], new float[count])
                    : new Made(new int[count], new float[0]);
        }

        void put(Made made, int place, int sum, int channel) {
            if (requantizer == null) {
                made.reals[place] = sum * scales[scales.length == 1 ? 0 : channel];
            } else {
                made.codes[place] = requantizer.code(sum, channel);
            }
        }
    }

    private static End end(
            Arithmetic arithmetic,
            CodeGrid in,
            CodeGrid weights,
            int outputs,
            Activation activation,
            boolean product,
            boolean floatProduct,
            IntegerGraph.Slot out) {
        if (out.type() == DType.F32) {
            float[] scales = weights.scales().clone();
            for (int c = 0; c < scales.length; c++) {
                scales[c] = in.scale() * scales[c];
            }
            return new End(null, scales);
        }
        CodeGrid outGrid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), outGrid, activation);
        return new End(
                requantizer(arithmetic, in, weights, outGrid, outputs, limits, product, floatProduct), new float[0]);
    }

    static IntegerTensor present(@Nullable IntegerTensor tensor) {
        if (tensor == null) {
            throw new IllegalArgumentException("an input is missing");
        }
        return tensor;
    }

    static CodeGrid grid(IntegerTensor tensor) {
        return tensor.grid().orElseThrow(() -> new IllegalArgumentException("an input has no scale"));
    }

    private static int[] bias(@Nullable IntegerTensor stored, int outputs) {
        if (stored == null) {
            return new int[outputs];
        }
        if (stored.codes().length != outputs) {
            throw new IllegalArgumentException(stored.codes().length + " biases for " + outputs + " output channels");
        }
        return stored.codes();
    }

    private static Requantizer requantizer(
            Arithmetic arithmetic,
            CodeGrid in,
            CodeGrid weights,
            CodeGrid out,
            int outputs,
            Limits limits,
            boolean product,
            boolean floatProduct) {
        int count = weights.single() ? 1 : outputs;
        if (!weights.single() && weights.scales().length != outputs) {
            throw new IllegalArgumentException(weights.scales().length + " scales for " + outputs + " output channels");
        }
        if (arithmetic == Arithmetic.ONNX_RUNTIME) {
            float[] factors = new float[count];
            for (int c = 0; c < count; c++) {
                factors[c] = floatFactor(in, weights, out, c);
            }
            return Requantizer.floating(factors, out.zeroPoint(), limits);
        }
        FixedPoint[] factors = new FixedPoint[count];
        for (int c = 0; c < count; c++) {
            factors[c] = fixedFactor(in, weights, out, c, floatProduct);
        }
        return Requantizer.fixed(factors, rounds(arithmetic, product), out.zeroPoint(), limits);
    }

    static float floatFactor(CodeGrid in, CodeGrid weights, CodeGrid out, int channel) {
        return in.scale() * weights.scale(channel) / out.scale();
    }

    /** One scale: the product is float32 (kernel_util.cc, GetQuantizedConvolutionMultipler); channels: double. */
    static FixedPoint fixedFactor(CodeGrid in, CodeGrid weights, CodeGrid out, int channel, boolean floatProduct) {
        double scale = floatProduct && weights.single()
                ? (double) (in.scale() * weights.scale(channel))
                : (double) in.scale() * weights.scale(channel);
        return FixedPoint.of(scale / out.scale());
    }

    static Rounds rounds(Arithmetic arithmetic, boolean product) {
        return arithmetic == Arithmetic.TFLITE && product ? Rounds.TWICE_UP : Rounds.TWICE;
    }

    /** Of TFLite's convolutions those of int8 without groups are matrix products of ruy. */
    static boolean isProduct(Conv op, DType out) {
        return out != DType.U8 && op.order() != WeightOrder.ONE_HWO && op.groups() == 1;
    }

    private static Rows rows(IntegerTensor weights, CodeGrid grid, WeightOrder order) {
        int[] shape = weights.shape();
        if (shape.length != 4) {
            throw new IllegalArgumentException("weights of " + shape.length + " axes");
        }
        boolean last = order == WeightOrder.ONE_HWO;
        if (last && shape[0] != 1) {
            throw new IllegalArgumentException("depthwise weights that begin with " + shape[0]);
        }
        int outputs = last ? shape[3] : shape[0];
        int depth = outputs == 0 ? 0 : weights.codes().length / outputs;
        int[] rows = new int[weights.codes().length];
        for (int i = 0; i < rows.length; i++) {
            int output = last ? i % outputs : i / depth;
            int at = last ? output * depth + i / outputs : i;
            rows[at] = weights.codes()[i] - grid.zeroPoint(output);
        }
        return new Rows(rows, outputs, depth);
    }

    private static IntegerTensor convolve(
            Conv op, IntegerTensor x, Rows rows, int[] bias, CodeGrid inGrid, End end, IntegerGraph.Slot out) {
        Window w = op.window();
        int[] shape = x.shape();
        if (shape.length != 4) {
            throw new IllegalArgumentException("a picture of " + shape.length + " axes");
        }
        boolean last = w.channelsLast();
        int height = shape[last ? 1 : 2];
        int width = shape[last ? 2 : 3];
        int channels = shape[last ? 3 : 1];
        int perGroup = channels / op.groups();
        int kernel = w.kernel()[0] * w.kernel()[1];
        if (channels % op.groups() != 0 || perGroup * kernel != rows.depth) {
            throw new IllegalArgumentException(channels + " channels in " + op.groups() + " groups under weights for "
                    + rows.depth / Math.max(1, kernel) + " each");
        }
        int high = w.windows(0, height);
        int wide = w.windows(1, width);
        int outputs = rows.outputs;
        int[] made = last ? new int[] {shape[0], high, wide, outputs} : new int[] {shape[0], outputs, high, wide};
        Made results = end.made(IntegerTensor.count(made));
        int top = w.before(0, height);
        int left = w.before(1, width);
        int[] origin = x.codes();
        int zero = inGrid.zeroPoint();
        int groupOutputs = outputs / op.groups();
        boolean channelFastest = op.order() != WeightOrder.OIHW;
        int channelStride = last ? 1 : height * width;
        int pixelStride = last ? channels : 1;
        IntStream.range(0, shape[0] * high).parallel().forEach(line -> {
            int n = line / high;
            int y = line % high;
            int[] patch = new int[rows.depth];
            for (int at = 0; at < wide; at++) {
                for (int g = 0; g < op.groups(); g++) {
                    gather(
                            origin,
                            n * height * width * channels + g * perGroup * channelStride,
                            height,
                            width,
                            y * w.strides()[0] - top,
                            at * w.strides()[1] - left,
                            w,
                            perGroup,
                            channelStride,
                            pixelStride,
                            channelFastest,
                            zero,
                            patch);
                    for (int o = g * groupOutputs; o < (g + 1) * groupOutputs; o++) {
                        int sum = bias[o] + dot(patch, rows.weights, o * rows.depth);
                        int place = last
                                ? ((n * high + y) * wide + at) * outputs + o
                                : ((n * outputs + o) * high + y) * wide + at;
                        end.put(results, place, sum, o);
                    }
                }
            }
        });
        return results.tensor(out, made);
    }

    private static void gather(
            int[] x,
            int base,
            int height,
            int width,
            int y0,
            int x0,
            Window w,
            int channels,
            int channelStride,
            int pixelStride,
            boolean channelFastest,
            int zero,
            int[] patch) {
        int kernelWidth = w.kernel()[1];
        int pixels = w.kernel()[0] * kernelWidth;
        for (int k = 0; k < pixels; k++) {
            int row = y0 + k / kernelWidth * w.dilations()[0];
            int column = x0 + k % kernelWidth * w.dilations()[1];
            boolean inside = row >= 0 && row < height && column >= 0 && column < width;
            int from = base + (row * width + column) * pixelStride;
            int to = channelFastest ? k * channels : k;
            int step = channelFastest ? 1 : pixels;
            for (int c = 0; c < channels; c++) {
                patch[to + c * step] = inside ? x[from + c * channelStride] - zero : 0;
            }
        }
    }

    static int dot(int[] a, int[] b, int from) {
        int sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[from + i];
        }
        return sum;
    }

    /** A fully connected layer over the last axis of what it reads. */
    static Kernel linear(
            Arithmetic arithmetic,
            Linear op,
            CodeGrid inGrid,
            IntegerTensor weights,
            @Nullable IntegerTensor biasStored,
            IntegerGraph.Slot out) {
        if (weights.shape().length != 2) {
            throw new IllegalArgumentException("weights of " + weights.shape().length + " axes");
        }
        CodeGrid weightGrid = grid(weights);
        int outputs = weights.shape()[op.outputsFirst() ? 0 : 1];
        int depth = weights.shape()[op.outputsFirst() ? 1 : 0];
        int[] rows = new int[weights.codes().length];
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < depth; i++) {
                int at = op.outputsFirst() ? o * depth + i : i * outputs + o;
                rows[o * depth + i] = weights.codes()[at] - weightGrid.zeroPoint(o);
            }
        }
        int[] bias = bias(biasStored, outputs);
        End end = end(arithmetic, inGrid, weightGrid, outputs, op.activation(), out.type() == DType.I8, true, out);
        return inputs -> {
            IntegerTensor x = present(inputs[0]);
            if (depth == 0 || x.codes().length % depth != 0) {
                throw new IllegalArgumentException(x.codes().length + " values in rows of " + depth);
            }
            int count = x.codes().length / depth;
            int[] made;
            if (op.keepAxes()) {
                made = x.shape().clone();
                if (made.length == 0 || made[made.length - 1] != depth) {
                    throw new IllegalArgumentException("the last axis is not of length " + depth);
                }
                made[made.length - 1] = outputs;
            } else {
                made = new int[] {count, outputs};
            }
            Made results = end.made(IntegerTensor.count(made));
            IntStream.range(0, count).parallel().forEach(n -> {
                int[] row = new int[depth];
                for (int i = 0; i < depth; i++) {
                    row[i] = x.codes()[n * depth + i] - inGrid.zeroPoint();
                }
                for (int o = 0; o < outputs; o++) {
                    end.put(results, n * outputs + o, bias[o] + dot(row, rows, o * depth), o);
                }
            });
            return results.tensor(out, made);
        };
    }

    /** A product of two computed tensors, matrix by matrix; leading axes are repeated where one has length 1. */
    static Kernel matMul(Arithmetic arithmetic, IntegerOp.MatMul op, CodeGrid a, CodeGrid b, IntegerGraph.Slot out) {
        CodeGrid outGrid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), outGrid, Activation.NONE);
        Requantizer requantizer = requantizer(arithmetic, a, b, outGrid, 1, limits, true, false);
        return inputs -> {
            IntegerTensor x = present(inputs[0]);
            IntegerTensor y = present(inputs[1]);
            int rankX = x.shape().length;
            int rankY = y.shape().length;
            if (rankX < 2 || rankY < 2) {
                throw new IllegalArgumentException("a product of " + rankX + " and " + rankY + " axes");
            }
            int m = x.shape()[rankX - (op.transposeA() ? 1 : 2)];
            int depth = x.shape()[rankX - (op.transposeA() ? 2 : 1)];
            int n = y.shape()[rankY - (op.transposeB() ? 2 : 1)];
            if (y.shape()[rankY - (op.transposeB() ? 1 : 2)] != depth) {
                throw new IllegalArgumentException("a product over " + depth + " and another length");
            }
            Broadcast batches = Broadcast.of(
                    java.util.Arrays.copyOf(x.shape(), rankX - 2), java.util.Arrays.copyOf(y.shape(), rankY - 2));
            int[] made = java.util.Arrays.copyOf(batches.shape(), batches.shape().length + 2);
            made[made.length - 2] = m;
            made[made.length - 1] = n;
            int[] codes = new int[IntegerTensor.count(made)];
            for (int batch = 0; batch < batches.count(); batch++) {
                int fromX = batches.first(batch) * m * depth;
                int fromY = batches.second(batch) * depth * n;
                int[] column = new int[depth];
                for (int j = 0; j < n; j++) {
                    for (int k = 0; k < depth; k++) {
                        int at = op.transposeB() ? j * depth + k : k * n + j;
                        column[k] = y.codes()[fromY + at] - b.zeroPoint();
                    }
                    for (int i = 0; i < m; i++) {
                        int sum = 0;
                        for (int k = 0; k < depth; k++) {
                            int at = op.transposeA() ? k * m + i : i * depth + k;
                            sum += (x.codes()[fromX + at] - a.zeroPoint()) * column[k];
                        }
                        codes[batch * m * n + i * n + j] = requantizer.code(sum, 0);
                    }
                }
            }
            return IntegerTensor.codes(out.type(), made, out.grid(), codes);
        };
    }

    /** Whether accumulators of these types fit 32 bits, as the kernels here need. */
    static boolean fits(DType in, DType weights) {
        return (in == DType.I8 || in == DType.U8) && (weights == DType.I8 || weights == DType.U8);
    }
}
