package org.quantscope.core.convert;

import static org.quantscope.core.convert.Wiring.integer;
import static org.quantscope.core.convert.Wiring.ints;
import static org.quantscope.core.convert.Wiring.text;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions.BatchMatMul;
import org.quantscope.core.tflite.LiteOptions.Conv2d;
import org.quantscope.core.tflite.LiteOptions.DepthwiseConv2d;
import org.quantscope.core.tflite.LiteOptions.FullyConnected;
import org.quantscope.core.tflite.LiteOptions.Padding;
import org.quantscope.core.tflite.LiteOptions.Pool2d;
import org.quantscope.core.tflite.LiteOptions.TransposeConv;

/** Operators that multiply by weights, and pools, which lay windows over pictures as convolutions do. */
final class Layers {
    private Layers() {}

    /**
     * How windows lie over one axis of a picture: pads in front and behind, and how many windows there are.
     *
     * <p>SAME: ⌈size / stride⌉ windows, and what is missing for them is padded, the odd one behind
     * (tensorflow/lite/kernels/padding.h).
     */
    private record Windows(long front, long behind, long count) {
        static Windows of(Padding padding, long size, long kernel, long stride, long dilation) {
            long reach = (kernel - 1) * dilation + 1;
            if (padding == Padding.VALID) {
                return new Windows(0, 0, size < reach ? 0 : (size - reach) / stride + 1);
            }
            long count = Math.ceilDiv(size, stride);
            long missing = Math.max((count - 1) * stride + reach - size, 0);
            return new Windows(missing / 2, missing - missing / 2, count);
        }
    }

    /** The attributes of windows over a picture; checks that the result has the size that follows from them. */
    private static List<AttributeProto> windows(
            Wiring w, int x, int y, Padding padding, long[] kernel, long[] stride, long[] dilation) {
        w.check(w.rank(x) == 4 && w.rank(y) == 4, "it reads " + w.rank(x) + " dimensions, not 4");
        for (int i = 0; i < 2; i++) {
            w.check(kernel[i] >= 1, "a window of " + kernel[0] + "×" + kernel[1] + " is none");
            w.check(stride[i] >= 1, "the stride " + stride[i] + " is below 1");
            w.check(dilation[i] >= 1, "the dilation " + dilation[i] + " is below 1");
        }
        List<AttributeProto> out = new ArrayList<>(List.of(ints("kernel_shape", kernel), ints("strides", stride)));
        boolean open = w.tensor(x).shape().isFree(1) || w.tensor(x).shape().isFree(2);
        if (open) {
            out.add(text("auto_pad", padding == Padding.SAME ? "SAME_UPPER" : "VALID"));
            return out;
        }
        long[] size = w.shape(x);
        Windows height = Windows.of(padding, size[1], kernel[0], stride[0], dilation[0]);
        Windows width = Windows.of(padding, size[2], kernel[1], stride[1], dilation[1]);
        long[] made = w.shape(y);
        w.check(
                height.count == made[1] && width.count == made[2],
                "its windows give " + height.count + "×" + width.count + " values, its output has " + made[1] + "×"
                        + made[2]);
        out.add(ints("pads", height.front, width.front, height.behind, width.behind));
        return out;
    }

    static void conv(Wiring w, LiteOperator op) {
        Conv2d o = (Conv2d) op.options();
        int x = w.input(op, 0);
        int k = w.input(op, 1);
        int y = w.output(op);
        w.check(w.rank(x) == 4 && w.rank(k) == 4 && w.rank(y) == 4, "its kernel has " + w.rank(k) + " dimensions");
        long[] kernel = w.fixedShape(k);
        long channels = w.fixedChannels(x);
        w.check(kernel[3] > 0 && channels % kernel[3] == 0, channels + " channels do not fit a kernel of " + kernel[3]);
        long groups = channels / kernel[3];
        w.check(groups > 0 && kernel[0] % groups == 0, kernel[0] + " kernels do not fit " + groups + " groups");
        w.check(kernel[0] == w.fixedChannels(y), kernel[0] + " kernels do not give the output");
        long[] dilation = {o.dilationH(), o.dilationW()};
        List<AttributeProto> attributes = windows(
                w,
                x,
                y,
                o.padding(),
                new long[] {kernel[1], kernel[2]},
                new long[] {o.strideH(), o.strideW()},
                dilation);
        attributes.add(ints("dilations", dilation));
        attributes.add(integer("group", groups));
        w.put(
                op,
                true,
                o.activation(),
                "Conv",
                withBias(w, op, 2, kernel[0], w.planes(x), w.turned(k, "output channels first", 0, 3, 1, 2)),
                attributes.toArray(AttributeProto[]::new));
    }

    static void depthwise(Wiring w, LiteOperator op) {
        DepthwiseConv2d o = (DepthwiseConv2d) op.options();
        int x = w.input(op, 0);
        int k = w.input(op, 1);
        int y = w.output(op);
        w.check(w.rank(x) == 4 && w.rank(k) == 4 && w.rank(y) == 4, "its kernel has " + w.rank(k) + " dimensions");
        long[] kernel = w.fixedShape(k);
        long channels = w.fixedChannels(x);
        w.check(
                kernel[0] == 1 && channels > 0 && kernel[3] % channels == 0 && kernel[3] == w.fixedChannels(y),
                channels + " channels do not fit a kernel for " + kernel[3]);
        long[] dilation = {o.dilationH(), o.dilationW()};
        List<AttributeProto> attributes = windows(
                w,
                x,
                y,
                o.padding(),
                new long[] {kernel[1], kernel[2]},
                new long[] {o.strideH(), o.strideW()},
                dilation);
        attributes.add(ints("dilations", dilation));
        attributes.add(integer("group", channels));
        w.put(
                op,
                true,
                o.activation(),
                "Conv",
                withBias(w, op, 2, kernel[3], w.planes(x), w.turned(k, "output channels first", 3, 0, 1, 2)),
                attributes.toArray(AttributeProto[]::new));
    }

    /** Its pads are those of the convolution that goes the other way (tensorflow/lite/kernels/transpose_conv.cc). */
    static void transposed(Wiring w, LiteOperator op) {
        TransposeConv o = (TransposeConv) op.options();
        int k = w.input(op, 1);
        int x = w.input(op, 2);
        int y = w.output(op);
        w.check(w.rank(x) == 4 && w.rank(k) == 4 && w.rank(y) == 4, "its kernel has " + w.rank(k) + " dimensions");
        long[] kernel = w.fixedShape(k);
        long[] in = w.fixedShape(x);
        long[] out = w.fixedShape(y);
        long[] stride = {o.strideH(), o.strideW()};
        w.check(kernel[3] == in[3] && kernel[0] == out[3], "its kernel does not fit what it reads and gives");
        long[] pads = new long[4];
        long[] more = new long[2];
        for (int i = 0; i < 2; i++) {
            w.check(stride[i] >= 1, "the stride " + stride[i] + " is below 1");
            Windows back = Windows.of(o.padding(), out[1 + i], kernel[1 + i], stride[i], 1);
            w.check(back.count == in[1 + i], "its output of " + out[1 + i] + " does not come of " + in[1 + i]);
            pads[i] = back.front;
            long behind = stride[i] * (in[1 + i] - 1) + kernel[1 + i] - pads[i] - out[1 + i];
            pads[2 + i] = Math.max(behind, 0);
            more[i] = Math.max(-behind, 0);
        }
        w.put(
                op,
                true,
                o.activation(),
                "ConvTranspose",
                withBias(w, op, 3, kernel[0], w.planes(x), w.turned(k, "input channels first", 3, 0, 1, 2)),
                ints("kernel_shape", kernel[1], kernel[2]),
                ints("strides", stride),
                ints("pads", pads),
                ints("output_padding", more));
    }

    static void pool(Wiring w, LiteOperator op) {
        Pool2d o = (Pool2d) op.options();
        int x = w.input(op, 0);
        List<AttributeProto> attributes = windows(
                w,
                x,
                w.output(op),
                o.padding(),
                new long[] {o.height(), o.width()},
                new long[] {o.strideH(), o.strideW()},
                new long[] {1, 1});
        boolean average = op.name().equals("AVERAGE_POOL_2D");
        w.put(
                op,
                true,
                o.activation(),
                average ? "AveragePool" : "MaxPool",
                List.of(w.planes(x)),
                attributes.toArray(AttributeProto[]::new));
    }

    private static List<String> withBias(Wiring w, LiteOperator op, int input, long channels, String x, String kernel) {
        List<String> inputs = new ArrayList<>(List.of(x, kernel));
        if (op.input(input) >= 0) {
            int bias = w.input(op, input);
            w.check(
                    w.rank(bias) == 1 && w.shape(bias)[0] == channels,
                    "its bias " + w.tensor(bias).shape() + " does not fit " + channels + " channels");
            inputs.add(w.file(bias));
        }
        return inputs;
    }

    /** The input is a matrix with as many columns as the weights have, whatever its shape. */
    static void fullyConnected(Wiring w, LiteOperator op) {
        FullyConnected o = (FullyConnected) op.options();
        w.check(!o.shuffled(), "its weights lie in an order of their own");
        int x = w.input(op, 0);
        int k = w.input(op, 1);
        int y = w.output(op);
        w.check(w.rank(k) == 2 && w.rank(x) >= 1, "its weights have " + w.rank(k) + " dimensions");
        long inputs = w.fixedShape(k)[1];
        long outputs = w.fixedShape(k)[0];
        long[] in = w.fixedShape(x);
        long[] out = w.fixedShape(y);
        w.check(
                inputs > 0
                        && w.tensor(x).shape().count() % inputs == 0
                        && w.tensor(y).shape().count() == w.tensor(x).shape().count() / inputs * outputs
                        && out.length > 0
                        && out[out.length - 1] == outputs,
                "weights of " + outputs + "×" + inputs + " do not fit "
                        + w.tensor(x).shape());
        if (in.length > 2 && in[in.length - 1] == inputs && sameButLast(in, out)) {
            String product = op.input(2) < 0 ? "" : w.between(y, "before the bias");
            List<String> factors = List.of(w.file(x), w.turned(k, "transposed", 1, 0));
            if (product.isEmpty()) {
                w.put(op, false, o.activation(), "MatMul", factors);
            } else {
                w.put(op, "MatMul", factors, product);
                w.put(op, false, o.activation(), "Add", List.of(product, w.file(bias(w, op, outputs))));
            }
            return;
        }
        long rows = w.tensor(x).shape().count() / inputs;
        String matrix = in.length == 2 && in[1] == inputs
                ? w.file(x)
                : w.reshaped(op, x, w.between(y, "rows read"), w.rows(x, rows), inputs);
        List<String> factors = new ArrayList<>(List.of(matrix, w.file(k)));
        if (op.input(2) >= 0) {
            factors.add(w.file(bias(w, op, outputs)));
        }
        if (out.length == 2) {
            w.put(op, false, o.activation(), "Gemm", factors, integer("transB", 1));
            return;
        }
        String flat = w.put(op, "Gemm", factors, w.between(y, "rows"), integer("transB", 1));
        String shaped = w.between(y, "in its shape");
        long[] dims = out.clone();
        dims[0] = w.isBatched(x) ? -1 : dims[0];
        w.put(op, "Reshape", List.of(flat, w.longs(shaped + " shape", dims)), shaped);
        w.activate(op, o.activation(), shaped, w.result(y, false));
    }

    private static int bias(Wiring w, LiteOperator op, long outputs) {
        int bias = w.input(op, 2);
        w.check(
                w.tensor(bias).shape().count() == outputs,
                "its bias " + w.tensor(bias).shape() + " does not fit " + outputs + " outputs");
        return bias;
    }

    private static boolean sameButLast(long[] a, long[] b) {
        boolean same = a.length == b.length;
        for (int i = 0; same && i < a.length - 1; i++) {
            same = a[i] == b[i];
        }
        return same;
    }

    static void batchMatMul(Wiring w, LiteOperator op) {
        BatchMatMul o = (BatchMatMul) op.options();
        int x = w.input(op, 0);
        int y = w.input(op, 1);
        w.check(w.rank(x) >= 2 && w.rank(y) >= 2, "it multiplies a vector");
        w.check(w.rank(x) > 2 || !w.isBatched(x) || !o.adjointX(), "it turns the batch");
        if (w.rank(y) == 2) {
            w.alongAxis(y, 0);
        }
        if (w.rank(x) == 2 && w.rank(w.output(op)) > 2) {
            w.alongAxis(x, 0);
        }
        w.put(
                op,
                "MatMul",
                List.of(turned(w, x, o.adjointX()), turned(w, y, o.adjointY())),
                w.result(w.output(op), false));
    }

    private static String turned(Wiring w, int t, boolean adjoint) {
        if (!adjoint) {
            return w.file(t);
        }
        int rank = w.rank(t);
        long[] order = new long[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i < rank - 2 ? i : 2L * rank - 3 - i;
        }
        return w.turned(t, "transposed", order);
    }
}
