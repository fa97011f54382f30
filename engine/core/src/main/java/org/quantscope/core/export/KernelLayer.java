package org.quantscope.core.export;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A layer as an int8 kernel of TensorFlow Lite Micro takes it: {@code y = alpha·(x·w) + bias}, clamped.
 *
 * @param axes the axes of the kernel's weight, in words
 * @param shape its lengths in the same order
 * @param channels the number of output channels
 * @param convolution true if the kernel takes a multiplier for each output channel, also where they are equal
 * @param order the axes of the model's weight in the order of the kernel, without axes that the kernel has and the
 *     model has not
 * @param groups groups of input channels, at least 1
 * @param alpha the factor of the products, above 0
 * @param bias what is added to each output channel, in real units: [channels], or empty if nothing is
 */
record KernelLayer(
        IntegerLayer layer,
        String axes,
        String shape,
        int channels,
        boolean convolution,
        List<Integer> order,
        long groups,
        double alpha,
        Optional<double[]> bias) {

    /** What becomes of a layer. */
    sealed interface Answer {}

    /** A kernel computes it. */
    record Taken(KernelLayer kernel) implements Answer {}

    /** No kernel does. */
    record Refused(String why, String remedy) implements Answer {}

    private static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Refused answer;

        RefusedException(String why, String remedy) {
            super(why);
            answer = new Refused(why, remedy);
        }
    }

    /**
     * The kernel of a layer.
     *
     * @param weight its weight as it is exported
     */
    static Answer of(ExportPlan plan, IntegerLayer layer, Encoding weight) {
        try {
            return new Taken(kernel(plan, layer, weight));
        } catch (RefusedException e) {
            return e.answer;
        }
    }

    private static KernelLayer kernel(ExportPlan plan, IntegerLayer layer, Encoding weight) throws RefusedException {
        OnnxNode node = layer.node();
        Shape s = layer.weight().info().shape();
        long groups = node.opType().startsWith("Conv") ? node.intAttribute("group", 1) : 1;
        float alpha = node.opType().equals("Gemm") ? node.floatAttribute("alpha", 1) : 1;
        if (!(alpha > 0) || Float.isInfinite(alpha)) {
            throw new RefusedException(node + " has alpha " + alpha, "multiply its weight by alpha in the model");
        }
        int out;
        List<String> axes;
        List<Integer> order;
        boolean depthwise = false;
        switch (node.opType()) {
            case "Conv", "ConvTranspose" -> {
                boolean transpose = node.opType().equals("ConvTranspose");
                if (s.rank() != 3 && s.rank() != 4) {
                    throw new RefusedException(
                            node + " has " + (s.rank() - 2) + " axes of space, the kernels have two",
                            "keep " + weight.id() + " in float");
                }
                if (transpose && groups != 1) {
                    throw new RefusedException(
                            node + " has " + groups + " groups, the kernel has none",
                            "keep " + weight.id() + " in float");
                }
                out = transpose ? 1 : 0;
                depthwise = !transpose && groups > 1 && s.dim(1) == 1;
                // A kernel of one axis is one of two whose first has the length 1.
                List<Integer> space = s.rank() == 4 ? List.of(2, 3) : List.of(2);
                order = new ArrayList<>();
                order.add(depthwise ? 1 : out);
                order.addAll(space);
                order.add(depthwise ? 0 : 1 - out);
                axes = depthwise ? List.of("1", "h", "w", "out") : List.of("out", "h", "w", "in");
            }
            default -> {
                if (s.rank() != 2) {
                    throw new RefusedException(
                            node + " has a weight of " + s.rank() + " axes, the kernel takes two",
                            "keep " + weight.id() + " in float");
                }
                if (node.intAttribute("transA", 0) != 0) {
                    throw new RefusedException(
                            node + " transposes its first input", "transpose it with a node of its own");
                }
                out = node.opType().equals("Gemm") && node.intAttribute("transB", 0) != 0 ? 0 : 1;
                order = List.of(out, 1 - out);
                axes = List.of("out", "in");
            }
        }
        if (weight.params().granularity() instanceof Granularity.PerChannel c && c.axis() != out) {
            throw new RefusedException(
                    "its scales lie along axis " + c.axis() + ", the output channels of " + node + " along " + out,
                    "quantize it per tensor");
        }
        int channels = Math.toIntExact(s.dim(out));
        List<Long> lengths = new ArrayList<>(order.stream().map(s::dim).toList());
        if (axes.size() > order.size()) {
            lengths.add(1, 1L);
        }
        return new KernelLayer(
                layer,
                String.join(", ", axes),
                String.join("x", lengths.stream().map(String::valueOf).toList()),
                channels,
                node.opType().startsWith("Conv"),
                order,
                depthwise ? 1 : groups,
                alpha,
                bias(plan, layer, channels));
    }

    /** What the layer adds to each output channel; of a bias with a setting of its own the quantized values. */
    private static Optional<double[]> bias(ExportPlan plan, IntegerLayer layer, int channels) throws RefusedException {
        OnnxNode node = layer.node();
        double beta = node.opType().equals("Gemm") ? node.floatAttribute("beta", 1) : 1;
        if (layer.bias().isEmpty()) {
            String computed =
                    node.opType().equals("MatMul") ? null : node.input(2).orElse(null);
            if (computed != null && beta != 0) {
                throw new RefusedException(
                        "the bias " + computed + " of " + node + " is computed while the model runs",
                        "keep " + layer.weight().id() + " in float");
            }
            return Optional.empty();
        }
        TensorId id = layer.bias().get();
        Tensor tensor = plan.model().find(id).orElseThrow();
        if (!liesAlongTheChannels(tensor.info().shape(), layer, channels)) {
            throw new RefusedException(
                    "the bias " + id + " of " + node + " is " + tensor.info().shape() + ", the kernel takes one value"
                            + " for each of " + channels + " output channels",
                    "keep " + layer.weight().id() + " in float");
        }
        float[] values = values(plan, tensor);
        double[] bias = new double[channels];
        for (int i = 0; i < channels; i++) {
            bias[i] = beta * values[values.length == 1 ? 0 : i];
            if (!Double.isFinite(bias[i])) {
                throw new RefusedException("the bias " + id + " holds " + values[i], "mend the model");
            }
        }
        return Optional.of(bias);
    }

    /** One value, or one for each output channel and the same everywhere else. */
    private static boolean liesAlongTheChannels(Shape bias, IntegerLayer layer, int channels) {
        OnnxNode node = layer.node();
        boolean convolution = node.opType().startsWith("Conv");
        boolean input =
                node.input(2).filter(layer.bias().orElseThrow().name()::equals).isPresent();
        // From the right: the channels of a matrix are the last axis of its result, those of a picture lie before its
        // space.
        int fromRight = convolution && !input ? layer.weight().info().shape().rank() - 2 : 0;
        for (int i = 0; i < bias.rank(); i++) {
            long length = bias.dim(bias.rank() - 1 - i);
            if (length != 1 && !(i == fromRight && length == channels)) {
                return false;
            }
        }
        return true;
    }

    private static float[] values(ExportPlan plan, Tensor tensor) {
        float[] values = tensor.data().toFloats();
        Encoding own = plan.encodings().stream()
                .filter(e -> e.id().equals(tensor.id()))
                .findFirst()
                .orElse(null);
        if (own == null) {
            return values;
        }
        Slicing slicing = Slicing.of(tensor.info(), own.params().granularity());
        for (int i = 0; i < values.length; i++) {
            values[i] = own.params().grid(slicing.sliceOf(i)).quantize(values[i]);
        }
        return values;
    }

    /**
     * The bias in units of s_x·s_w·alpha, each value rounded half to even; {@link #fits} says whether a kernel's
     * accumulator holds it. Empty if there is none.
     */
    Optional<double[]> biasCodes(Encoding in, Encoding weight) {
        return bias.map(values -> {
            double[] codes = new double[values.length];
            for (int i = 0; i < codes.length; i++) {
                float unit = (float) ((double) in.params().scale(0)
                        * weight.params().scale(weight.params().slices() > 1 ? i : 0));
                codes[i] = Math.rint(values[i] / (unit * alpha));
            }
            return codes;
        });
    }

    /** True if every code is an integer of 32 bits. */
    static boolean fits(double[] codes) {
        return DoubleStream.of(codes).allMatch(q -> Math.abs(q) <= Integer.MAX_VALUE);
    }

    /** The codes of the weight in the order of the kernel. */
    int[] weightCodes(Encoding weight, CancelToken cancel) throws IOException {
        int[] codes = new WeightCodes(layer.weight(), weight.params()).all(cancel);
        return WeightCodes.transposed(codes, layer.weight().info().shape(), order);
    }
}
