package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.BFloat16;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

/**
 * What nodes on codes compute, in terms of QuantizeLinear, DequantizeLinear and operators on floats (ONNX operators;
 * ONNX Runtime, docs/ContribOperators.md).
 */
final class QuantizedNodes {
    /** Operators with the inputs x, its scale and zero point, and those of y, and the operator on floats. */
    private static final Map<String, String> UNARY = Map.of(
            "QLinearSigmoid", "Sigmoid",
            "QLinearLeakyRelu", "LeakyRelu",
            "QLinearSoftmax", "Softmax",
            "QLinearGlobalAveragePool", "GlobalAveragePool",
            "QLinearAveragePool", "AveragePool");

    private static final Map<String, String> BINARY = Map.of("QLinearAdd", "Add", "QLinearMul", "Mul");
    private static final Set<String> OTHERS = Set.of(
            "QLinearConv",
            "QLinearMatMul",
            "QGemm",
            "QLinearConcat",
            "MatMulInteger",
            "ConvInteger",
            "MatMulIntegerToFloat",
            "DynamicQuantizeMatMul",
            "MatMulNBits",
            "QAttention",
            "DynamicQuantizeLSTM");

    private static final String INTEGERS = "operators on integers";
    static final String DYNAMIC = "activations quantized as they come";
    private static final long MOST_VALUES = 1L << 29;

    private final Map<String, Tensor> stored;
    private final ElementTypes types;
    private final Set<String> names;
    private final Map<String, NodeProto> producers = new HashMap<>();

    QuantizedNodes(Map<String, Tensor> stored, ElementTypes types, Set<String> names) {
        this.stored = stored;
        this.types = types;
        this.names = names;
    }

    /** True if a graph has nodes that quantize, or that compute on codes. */
    static boolean any(GraphProto graph) {
        return graph.getNodeList().stream().anyMatch(n -> isQdq(n) || isOnCodes(n));
    }

    /** True for an operator that computes on codes. */
    static boolean isOnCodes(NodeProto node) {
        String op = node.getOpType();
        return (ElementTypes.isDefaultDomain(node) || node.getDomain().equals(FusedOperators.DOMAIN))
                && (UNARY.containsKey(op) || BINARY.containsKey(op) || OTHERS.contains(op));
    }

    static boolean isQdq(NodeProto node) {
        return (ElementTypes.isDefaultDomain(node) || node.getDomain().equals(FusedOperators.DOMAIN))
                && (node.getOpType().equals("QuantizeLinear")
                        || node.getOpType().equals("DequantizeLinear"))
                && node.getInputCount() >= 2
                && node.getOutputCount() == 1;
    }

    /** A new stored tensor. */
    record Made(String name, TensorProto floats, Optional<OwnGrid> grid) {}

    /**
     * A node in terms of others.
     *
     * @param way how the model is quantized, for a person
     */
    record Form(String way, List<Made> tensors, List<NodeProto> nodes) {}

    /** The numbers that stored codes stand for, and their grid unless they are those of a bias. */
    record Floats(TensorProto tensor, Optional<OwnGrid> grid) {}

    static NodeProto node(String op, String name, List<String> inputs, String output) {
        return NodeProto.newBuilder()
                .setOpType(op)
                .setName(name)
                .addAllInput(inputs)
                .addOutput(output)
                .build();
    }

    /**
     * The grid of a QuantizeLinear or DequantizeLinear; empty if it cannot be told from the file, or is none.
     *
     * @param constant the stored tensor that is quantized; empty for an activation
     */
    Optional<OwnGrid> grid(NodeProto node, Optional<Tensor> constant) {
        Tensor scale = stored.get(node.getInput(1));
        if (scale == null || !scale.info().dtype().isFloating()) {
            return Optional.empty();
        }
        String zero = node.getInputCount() > 2 ? node.getInput(2) : "";
        boolean decodes = node.getOpType().equals("DequantizeLinear");
        int number = !zero.isEmpty()
                ? types.of(zero)
                : decodes
                        ? types.of(node.getInput(0))
                        : (int) ElementTypes.intAttribute(node, "output_dtype", DataType.UINT8_VALUE);
        CodeType type = CodeType.ofNumber(number).orElse(null);
        if (type == null) {
            return Optional.empty();
        }
        return params(node, constant.map(t -> t.info().shape()), scale, zero, type)
                .map(p -> OwnGrid.of(p, type));
    }

    private Optional<QuantParams> params(
            NodeProto node, Optional<Shape> shape, Tensor scale, String zero, CodeType type) {
        float[] scales = scale.data().toFloats();
        int[] zeroPoints = new int[scales.length];
        if (!zero.isEmpty() && type.format().isEmpty()) {
            Tensor z = stored.get(zero);
            if (z == null
                    || z.data().count() != scales.length
                    || z.info().dtype().isFloating()) {
                return Optional.empty();
            }
            for (int i = 0; i < zeroPoints.length; i++) {
                zeroPoints[i] = Math.toIntExact(z.data().integer(i));
            }
        }
        Optional<Granularity> granularity = granularity(node, shape, scale);
        if (granularity.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    type.format().isPresent()
                            ? QuantParams.ofCodebook(
                                    granularity.get(),
                                    scales,
                                    type.format().get().codebook())
                            : new QuantParams(granularity.get(), scales, zeroPoints, type.min(), type.max()));
        } catch (IllegalArgumentException e) {
            // A scale that is 0, negative or no number, or a zero point outside the codes: not a grid.
            return Optional.empty();
        }
    }

    /** Which values share a scale; empty if the scales do not fit the shape. */
    private static Optional<Granularity> granularity(NodeProto node, Optional<Shape> shape, Tensor scale) {
        long count = scale.data().count();
        long size = ElementTypes.intAttribute(node, "block_size", 0);
        if (count == 1 && size == 0) {
            return Optional.of(Granularity.TENSOR);
        }
        if (shape.isEmpty() || size < 0 || size > Integer.MAX_VALUE) {
            return Optional.empty();
        }
        int rank = shape.get().rank();
        long axis = ElementTypes.intAttribute(node, "axis", 1);
        axis = axis < 0 ? axis + rank : axis;
        if (axis < 0 || axis >= rank) {
            return Optional.empty();
        }
        long[] dims = shape.get().toArray();
        if (size == 0) {
            return dims[(int) axis] == count && scale.info().shape().rank() == 1
                    ? Optional.of(new Granularity.PerChannel((int) axis))
                    : Optional.empty();
        }
        dims[(int) axis] = Math.ceilDiv(dims[(int) axis], size);
        return scale.info().shape().equals(Shape.of(dims))
                ? Optional.of(new Granularity.PerBlock((int) axis, (int) size))
                : Optional.empty();
    }

    /** What a DequantizeLinear of stored codes computes; empty if that cannot be told. */
    Optional<Floats> dequantized(NodeProto node, Tensor codes) {
        Tensor scale = stored.get(node.getInput(1));
        if (scale == null || !scale.info().dtype().isFloating() || codes.data().count() > MOST_VALUES) {
            return Optional.empty();
        }
        DType result = scale.info().dtype();
        if (types.of(node.getInput(0)) == DataType.INT32_VALUE) {
            return bias(node, codes, scale)
                    .map(v -> new Floats(floats("", result, codes.info().shape(), v), Optional.empty()));
        }
        return grid(node, Optional.of(codes)).map(grid -> {
            QuantParams params = grid.params();
            Slicing slicing = Slicing.of(codes.info(), params.granularity());
            boolean integers = params.isAffine();
            float[] values = integers
                    ? new float[Math.toIntExact(codes.data().count())]
                    : codes.data().toFloats();
            for (int i = 0; i < values.length; i++) {
                int slice = slicing.sliceOf(i);
                float code = integers ? codes.data().integer(i) - params.zeroPoint(slice) : values[i];
                values[i] = code * params.scale(slice);
            }
            return new Floats(floats("", result, codes.info().shape(), values), Optional.of(grid));
        });
    }

    private static Optional<float[]> bias(NodeProto node, Tensor codes, Tensor scale) {
        float[] scales = scale.data().toFloats();
        Shape shape = codes.info().shape();
        long axis = ElementTypes.intAttribute(node, "axis", 1);
        axis = axis < 0 ? axis + shape.rank() : axis;
        boolean one = scales.length == 1;
        if (!one && (axis >= shape.rank() || axis < 0 || shape.dim((int) axis) != scales.length)) {
            return Optional.empty();
        }
        float[] values = new float[Math.toIntExact(codes.data().count())];
        long inner = one ? 1 : shape.inner((int) axis);
        for (int i = 0; i < values.length; i++) {
            values[i] = codes.data().integer(i) * scales[one ? 0 : (int) (i / inner % scales.length)];
        }
        return Optional.of(values);
    }

    /**
     * A node on codes in terms of others; empty if it is none, or if what it needs is not in the file.
     *
     * @param node the nodes before it have been passed already
     */
    Optional<Form> onFloats(NodeProto node) {
        node.getOutputList().forEach(out -> producers.putIfAbsent(out, node));
        boolean own = node.getDomain().equals(FusedOperators.DOMAIN);
        String op = node.getOpType();
        if (op.equals("Mul") && ElementTypes.isDefaultDomain(node)) {
            return scaledBack(node);
        }
        if (!own && !ElementTypes.isDefaultDomain(node)) {
            return Optional.empty();
        }
        int n = node.getInputCount();
        return switch (op) {
            case "QLinearConv" -> n >= 8 ? conv(node) : Optional.empty();
            case "QLinearMatMul" -> n >= 8 ? matMul(node) : Optional.empty();
            case "QGemm" -> own && n >= 6 ? gemm(node) : Optional.empty();
            case "QLinearConcat" -> own && n >= 5 ? concat(node) : Optional.empty();
            case "MatMulIntegerToFloat" -> own && n >= 4 ? toFloat(node) : Optional.empty();
            case "DynamicQuantizeMatMul" -> own && n >= 3 ? dynamic(node) : Optional.empty();
            case "MatMulNBits" -> own && n >= 3 ? nBits(node) : Optional.empty();
            case "QAttention" -> own && n >= 5 ? attention(node) : Optional.empty();
            case "DynamicQuantizeLSTM" -> own && n >= 12 ? lstm(node) : Optional.empty();
            default ->
                own && UNARY.containsKey(op) && n >= 5
                        ? unary(node, UNARY.get(op))
                        : own && BINARY.containsKey(op) && n >= 8 ? binary(node, BINARY.get(op)) : Optional.empty();
        };
    }

    /** Collects the nodes that stand for one. */
    private final class Chain {
        final NodeProto of;
        final List<NodeProto> nodes = new ArrayList<>();
        final List<Made> tensors = new ArrayList<>();

        Chain(NodeProto of) {
            this.of = of;
        }

        String decoded(int x, int scale, int zero, long axis) {
            return decoded(
                    of.getInput(x), of.getInput(scale), zero < of.getInputCount() ? of.getInput(zero) : "", axis);
        }

        String decoded(String x, String scale, String zero, long axis) {
            String out = fresh(x + "_DequantizeLinear_Output");
            nodes.add(node("DequantizeLinear", out, List.of(x, scale, zero), out).toBuilder()
                    .addAttribute(integer("axis", axis))
                    .build());
            return out;
        }

        /** Adds the operator, and a QuantizeLinear behind it. */
        Optional<Form> encoded(NodeProto.Builder operator, int scale, int zero) {
            String value = fresh(of.getOutput(0) + "_QuantizeLinear_Input");
            nodes.add(operator.setName(of.getName()).addOutput(value).build());
            String z = zero < of.getInputCount() ? of.getInput(zero) : "";
            nodes.add(node(
                    "QuantizeLinear",
                    fresh(of.getOutput(0) + "_QuantizeLinear"),
                    List.of(value, of.getInput(scale), z),
                    of.getOutput(0)));
            return Optional.of(new Form(INTEGERS, tensors, nodes));
        }
    }

    private static NodeProto.Builder operator(String op, NodeProto attributesOf, String... inputs) {
        NodeProto.Builder b = NodeProto.newBuilder().setOpType(op).addAllInput(Arrays.asList(inputs));
        attributesOf.getAttributeList().stream()
                .filter(a -> !Set.of("channels_last", "opset").contains(a.getName()))
                .forEach(b::addAttribute);
        return b;
    }

    private boolean isStored(NodeProto node, int... inputs) {
        return Arrays.stream(inputs).allMatch(i -> i < node.getInputCount() && stored.containsKey(node.getInput(i)));
    }

    private Optional<Form> unary(NodeProto node, String op) {
        if (!isStored(node, 1, 3) || ElementTypes.intAttribute(node, "channels_last", 0) != 0) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        return chain.encoded(operator(op, node, chain.decoded(0, 1, 2, 1)), 3, 4);
    }

    private Optional<Form> binary(NodeProto node, String op) {
        if (!isStored(node, 1, 4, 6)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        return chain.encoded(operator(op, node, chain.decoded(0, 1, 2, 1), chain.decoded(3, 4, 5, 1)), 6, 7);
    }

    private Optional<Form> concat(NodeProto node) {
        Chain chain = new Chain(node);
        NodeProto.Builder joined = operator("Concat", node);
        for (int i = 2; i + 2 < node.getInputCount(); i += 3) {
            if (!isStored(node, i + 1)) {
                return Optional.empty();
            }
            joined.addInput(chain.decoded(i, i + 1, i + 2, 1));
        }
        return isStored(node, 0) ? chain.encoded(joined, 0, 1) : Optional.empty();
    }

    private Optional<Form> conv(NodeProto node) {
        if (!isStored(node, 1, 3, 4, 6)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        NodeProto.Builder b = operator("Conv", node, chain.decoded(0, 1, 2, 1), chain.decoded(3, 4, 5, 0));
        if (node.getInputCount() > 8 && !node.getInput(8).isEmpty()) {
            Optional<String> bias = bias(chain, node.getInput(8), node.getInput(1), node.getInput(4), 1);
            if (bias.isEmpty()) {
                return Optional.empty();
            }
            b.addInput(bias.get());
        }
        return chain.encoded(b, 6, 7);
    }

    private Optional<Form> matMul(NodeProto node) {
        Tensor second = stored.get(node.getInput(3));
        if (!isStored(node, 1, 4, 6)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        long last = second == null ? 1 : Math.max(0, second.info().shape().rank() - 1);
        return chain.encoded(operator("MatMul", node, chain.decoded(0, 1, 2, 0), chain.decoded(3, 4, 5, last)), 6, 7);
    }

    private Optional<Form> gemm(NodeProto node) {
        if (!isStored(node, 1, 3, 4)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        long axis = ElementTypes.intAttribute(node, "transB", 0) != 0 ? 0 : 1;
        NodeProto.Builder b = operator("Gemm", node, chain.decoded(0, 1, 2, 1), chain.decoded(3, 4, 5, axis));
        if (node.getInputCount() > 6 && !node.getInput(6).isEmpty()) {
            float alpha = ElementTypes.floatAttribute(node, "alpha", 1);
            Optional<String> bias = bias(chain, node.getInput(6), node.getInput(1), node.getInput(4), alpha);
            if (bias.isEmpty()) {
                return Optional.empty();
            }
            b.addInput(bias.get());
        }
        if (node.getInputCount() > 7 && !node.getInput(7).isEmpty()) {
            return isStored(node, 7) ? chain.encoded(b, 7, 8) : Optional.empty();
        }
        chain.nodes.add(b.setName(node.getName()).addOutput(node.getOutput(0)).build());
        return Optional.of(new Form(INTEGERS, chain.tensors, chain.nodes));
    }

    /** Adds the numbers of a bias in units of the scales of input and weight: {@code b·α·s_x·s_w}. */
    private Optional<String> bias(Chain chain, String name, String input, String weight, float alpha) {
        Tensor codes = stored.get(name);
        Tensor in = stored.get(input);
        Tensor w = stored.get(weight);
        if (codes == null || in == null || w == null || in.data().count() != 1) {
            return Optional.empty();
        }
        float[] scales = w.data().toFloats();
        int n = Math.toIntExact(codes.data().count());
        if (scales.length != 1 && scales.length != n) {
            return Optional.empty();
        }
        float[] values = new float[n];
        double unit = (double) alpha * in.data().toFloats()[0];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (codes.data().integer(i) * unit * scales[scales.length == 1 ? 0 : i]);
        }
        String made = named(name);
        chain.tensors.add(new Made(made, floats(made, DType.F32, codes.info().shape(), values), Optional.empty()));
        return Optional.of(made);
    }

    /** A product of integers of which the Cast and the factor follow: {@code Mul(Cast(MatMulInteger(q, w)), s_x·s_w)}. */
    private Optional<Form> scaledBack(NodeProto mul) {
        for (int i = 0; i < 2 && mul.getInputCount() == 2; i++) {
            NodeProto cast = producers.get(mul.getInput(i));
            NodeProto factor = producers.get(mul.getInput(1 - i));
            NodeProto product =
                    cast != null && cast.getOpType().equals("Cast") ? producers.get(cast.getInput(0)) : null;
            if (product == null
                    || factor == null
                    || !factor.getOpType().equals("Mul")
                    || !Set.of("MatMulInteger", "ConvInteger").contains(product.getOpType())) {
                continue;
            }
            NodeProto dynamic = dynamic(product.getInput(0));
            for (int k = 0; k < 2 && dynamic != null; k++) {
                boolean scales = factor.getInput(k).equals(dynamic.getOutput(1));
                if (scales && isStored(factor, 1 - k) && isStored(product, 1)) {
                    return Optional.of(product(mul, product, dynamic, factor.getInput(1 - k)));
                }
            }
        }
        return Optional.empty();
    }

    private Form product(NodeProto mul, NodeProto product, NodeProto dynamic, String scale) {
        Chain chain = new Chain(product);
        boolean conv = product.getOpType().equals("ConvInteger");
        int rank = rankOf(product.getInput(1));
        String zero = product.getInputCount() > 3 ? product.getInput(3) : "";
        String weight = chain.decoded(product.getInput(1), scale, zero, conv ? 0 : Math.max(0, rank - 1));
        chain.nodes.add(operator(conv ? "Conv" : "MatMul", product, dynamic.getInput(0), weight)
                .setName(product.getName())
                .addOutput(mul.getOutput(0))
                .build());
        return new Form(DYNAMIC, chain.tensors, chain.nodes);
    }

    private @Nullable NodeProto dynamic(String codes) {
        NodeProto node = producers.get(codes);
        return node != null
                        && node.getOpType().equals("DynamicQuantizeLinear")
                        && node.getOutput(0).equals(codes)
                ? node
                : null;
    }

    /**
     * What a DequantizeLinear gives back, if its codes come from a DynamicQuantizeLinear whose own scale and zero point it
     * reads: the value that that one quantizes.
     */
    Optional<String> quantizedAsItComes(NodeProto dequantize) {
        NodeProto node = dynamic(dequantize.getInput(0));
        return node != null
                        && node.getOutputCount() == 3
                        && dequantize.getInputCount() == 3
                        && node.getOutput(1).equals(dequantize.getInput(1))
                        && node.getOutput(2).equals(dequantize.getInput(2))
                ? Optional.of(node.getInput(0))
                : Optional.empty();
    }

    private Optional<Form> toFloat(NodeProto node) {
        NodeProto dynamic = dynamic(node.getInput(0));
        if (!isStored(node, 1, 3)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        if (dynamic == null && !isStored(node, 2)) {
            return Optional.empty();
        }
        String x = dynamic != null ? dynamic.getInput(0) : chain.decoded(0, 2, 4, 1);
        return withBias(chain, x, chain.decoded(1, 3, 5, lastAxis(node)), 6, dynamic != null ? DYNAMIC : INTEGERS);
    }

    private Optional<Form> dynamic(NodeProto node) {
        if (!isStored(node, 1, 2)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        return withBias(chain, node.getInput(0), chain.decoded(1, 2, 3, lastAxis(node)), 4, DYNAMIC);
    }

    private long lastAxis(NodeProto node) {
        return Math.max(0, rankOf(node.getInput(1)) - 1);
    }

    /** The rank of a stored tensor. */
    private int rankOf(String name) {
        return Objects.requireNonNull(stored.get(name), name).info().shape().rank();
    }

    private Optional<Form> withBias(Chain chain, String x, String weight, int bias, String way) {
        NodeProto node = chain.of;
        boolean biased = node.getInputCount() > bias && !node.getInput(bias).isEmpty();
        String out = node.getOutput(0);
        String product = biased ? fresh(out + "_MatMul") : out;
        chain.nodes.add(node("MatMul", node.getName(), List.of(x, weight), product));
        if (biased) {
            chain.nodes.add(node("Add", fresh(out + "_Add"), List.of(product, node.getInput(bias)), out));
        }
        return Optional.of(new Form(way, chain.tensors, chain.nodes));
    }

    /** Attention with a weight and an input of 8 bits; what it computes in between is float. */
    private Optional<Form> attention(NodeProto node) {
        if (!isStored(node, 1, 3, 4)) {
            return Optional.empty();
        }
        Chain chain = new Chain(node);
        NodeProto.Builder b = operator(
                        "Attention", node, chain.decoded(0, 3, 6, 1), chain.decoded(1, 4, 7, 1), node.getInput(2))
                .setName(node.getName())
                .setDomain(FusedOperators.DOMAIN)
                .addInput(node.getInputCount() > 5 ? node.getInput(5) : "")
                .addInput(node.getInputCount() > 8 ? node.getInput(8) : "")
                .addAllOutput(node.getOutputList());
        chain.nodes.add(b.build());
        return Optional.of(new Form(INTEGERS, chain.tensors, chain.nodes));
    }

    /**
     * A recurrent layer with weights of 8 bits, which are [directions, inputs, 4·hidden] here and [directions,
     * 4·hidden, inputs] in a layer on floats.
     */
    private Optional<Form> lstm(NodeProto node) {
        Chain chain = new Chain(node);
        Optional<String> w = recurrent(chain, node.getInput(1), node.getInput(8), node.getInput(9));
        Optional<String> r = recurrent(chain, node.getInput(2), node.getInput(10), node.getInput(11));
        if (w.isEmpty() || r.isEmpty()) {
            return Optional.empty();
        }
        NodeProto.Builder b = operator("LSTM", node, node.getInput(0), w.get(), r.get())
                .setName(node.getName())
                .addAllInput(node.getInputList().subList(3, 8))
                .addAllOutput(node.getOutputList());
        chain.nodes.add(b.build());
        return Optional.of(new Form(DYNAMIC, chain.tensors, chain.nodes));
    }

    /** Adds the numbers of the codes of a recurrent weight, with the last two axes exchanged. */
    private Optional<String> recurrent(Chain chain, String name, String scaleName, String zeroName) {
        Tensor codes = stored.get(name);
        Tensor scale = stored.get(scaleName);
        Tensor zero = stored.get(zeroName);
        if (codes == null
                || scale == null
                || zero == null
                || codes.info().shape().rank() != 3
                || codes.info().dtype().isFloating()
                || codes.data().count() > MOST_VALUES) {
            return Optional.empty();
        }
        long[] dims = codes.info().shape().toArray();
        int directions = (int) dims[0];
        int inputs = (int) dims[1];
        int outputs = (int) dims[2];
        float[] scales = scale.data().toFloats();
        boolean each = scales.length == directions * outputs;
        if ((!each && scales.length != directions) || zero.data().count() != scales.length) {
            return Optional.empty();
        }
        float[] values = new float[Math.toIntExact(codes.data().count())];
        for (int d = 0; d < directions; d++) {
            for (int i = 0; i < inputs; i++) {
                for (int o = 0; o < outputs; o++) {
                    int at = each ? d * outputs + o : d;
                    long code = codes.data().integer(((long) d * inputs + i) * outputs + o);
                    values[(d * outputs + o) * inputs + i] = (code - zero.data().integer(at)) * scales[at];
                }
            }
        }
        String made = named(name);
        chain.tensors.add(new Made(
                made, floats(made, DType.F32, Shape.of(directions, outputs, inputs), values), Optional.empty()));
        return Optional.of(made);
    }

    /**
     * A product with a matrix in blocks. Its codes are [N, blocks of K, bytes], its scales and zero points [N, blocks];
     * the matrix that they stand for is [K, N]. An index, as GPTQ writes it for reordered rows, gives each of the K rows
     * the block whose scale and zero point it has (as the operator says and CUDA computes it; ONNX Runtime 1.29 on a CPU
     * leaves out packed zero points beside an index).
     */
    private Optional<Form> nBits(NodeProto node) {
        int k = (int) ElementTypes.intAttribute(node, "K", 0);
        int n = (int) ElementTypes.intAttribute(node, "N", 0);
        int bits = (int) ElementTypes.intAttribute(node, "bits", 4);
        int size = (int) ElementTypes.intAttribute(node, "block_size", 0);
        boolean indexed = node.getInputCount() > 4 && !node.getInput(4).isEmpty();
        if (!isStored(node, 1, 2) || k < 1 || n < 1 || size < 1 || bits < 2 || bits > Byte.SIZE) {
            return Optional.empty();
        }
        int blocks = Math.ceilDiv(k, size);
        Tensor codes = stored.get(node.getInput(1));
        Tensor scale = stored.get(node.getInput(2));
        long blob = Math.ceilDiv((long) size * bits, Byte.SIZE);
        long row = Math.ceilDiv((long) blocks * bits, Byte.SIZE);
        boolean hasZero = node.getInputCount() > 3 && !node.getInput(3).isEmpty();
        Tensor zero = hasZero ? stored.get(node.getInput(3)) : null;
        boolean floatZero = zero != null && zero.info().dtype().isFloating();
        int[] blockOf = indexed ? blockOf(stored.get(node.getInput(4)), k, blocks) : blockOf(k, size);
        if (blockOf == null
                || codes == null
                || scale == null
                || (long) k * n > MOST_VALUES
                || codes.info().dtype() != DType.U8
                || codes.data().count() != (long) n * blocks * blob
                || scale.data().count() != (long) n * blocks
                || (hasZero
                        && (zero == null
                                || (floatZero
                                        ? zero.data().count() != (long) n * blocks
                                        : zero.info().dtype() != DType.U8
                                                || zero.data().count() != n * row)))) {
            return Optional.empty();
        }
        byte[] packed = bytes(codes);
        byte[] zeros = zero == null || floatZero ? new byte[0] : bytes(zero);
        float[] numbers = zero != null && floatZero ? zero.data().toFloats() : new float[0];
        boolean whole = true;
        float[] levels = new float[blocks * n];
        float[] given = scale.data().toFloats();
        float[] scales = new float[blocks * n];
        int[] zeroPoints = new int[blocks * n];
        float[] values = new float[k * n];
        for (int c = 0; c < n; c++) {
            for (int b = 0; b < blocks; b++) {
                int at = b * n + c;
                scales[at] = given[c * blocks + b];
                levels[at] = zero == null
                        ? 1 << (bits - 1)
                        : floatZero ? numbers[c * blocks + b] : code(zeros, c * row * Byte.SIZE, b, bits);
                zeroPoints[at] = Math.round(levels[at]);
                whole &= zeroPoints[at] == levels[at];
            }
            for (int i = 0; i < k; i++) {
                long start = ((long) c * blocks + i / size) * blob * Byte.SIZE;
                int at = blockOf[i] * n + c;
                values[i * n + c] = (code(packed, start, i % size, bits) - levels[at]) * scales[at];
            }
        }
        Optional<OwnGrid> grid;
        try {
            // Rows in another order, or zero points between two codes, are no grid of ours.
            boolean ours = whole && Arrays.equals(blockOf, blockOf(k, size));
            grid = !ours
                    ? Optional.empty()
                    : Optional.of(new OwnGrid(
                            new QuantParams(new Granularity.PerBlock(0, size), scales, zeroPoints, 0, (1 << bits) - 1),
                            Optional.empty()));
        } catch (IllegalArgumentException e) {
            // A scale of 0 for a block of zeros: the numbers are known, a grid is not.
            grid = Optional.empty();
        }
        String name = named(node.getInput(1));
        DType type = scale.info().dtype();
        Chain chain = new Chain(node);
        chain.tensors.add(new Made(name, floats(name, type, Shape.of(k, n), values), grid));
        return withBias(chain, node.getInput(0), name, 5, "MatMulNBits");
    }

    /** The block of each of k rows, which follow each other. */
    private static int[] blockOf(int k, int size) {
        int[] block = new int[k];
        for (int i = 0; i < k; i++) {
            block[i] = i / size;
        }
        return block;
    }

    /** The block of each of k rows, as an index says; null if it does not fit. */
    private static int @Nullable [] blockOf(@Nullable Tensor index, int k, int blocks) {
        if (index == null || index.info().dtype().isFloating() || index.data().count() < k) {
            return null;
        }
        int[] block = new int[k];
        for (int i = 0; i < k; i++) {
            long b = index.data().integer(i);
            if (b < 0 || b >= blocks) {
                return null;
            }
            block[i] = (int) b;
        }
        return block;
    }

    private static byte[] bytes(Tensor t) {
        byte[] all = new byte[Math.toIntExact(t.data().count())];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) t.data().integer(i);
        }
        return all;
    }

    /** A code of at most 8 bits, which may lie across two bytes, from the lowest bit up. */
    private static int code(byte[] packed, long startBit, int index, int bits) {
        long at = startBit + (long) index * bits;
        int from = (int) (at / Byte.SIZE);
        int both = (packed[from] & 0xff) | (from + 1 < packed.length ? (packed[from + 1] & 0xff) << Byte.SIZE : 0);
        return (both >> (at % Byte.SIZE)) & ((1 << bits) - 1);
    }

    /** A name for the float numbers of stored codes: that of the codes without what a quantizer has added. */
    private String named(String codes) {
        String base = codes.replaceFirst("(_quantized|_Q\\d+(G\\d+)?|_q)$", "");
        return base.isEmpty() || base.equals(codes) || !names.add(base) ? fresh(codes + "_float") : base;
    }

    private String fresh(String base) {
        String name = base;
        for (int i = 2; !names.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    /** A floating tensor; the short types round to nearest, ties to even. */
    private static TensorProto floats(String name, DType type, Shape shape, float[] values) {
        boolean half = type == DType.F16 || type == DType.BF16;
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, half ? 2 : 4))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            if (half) {
                bytes.putShort(type == DType.F16 ? Float.floatToFloat16(v) : BFloat16.of(v));
            } else {
                bytes.putFloat(v);
            }
        }
        TensorProto.Builder t = TensorProto.newBuilder()
                .setName(name)
                .setDataType(
                        type == DType.F16
                                ? DataType.FLOAT16_VALUE
                                : type == DType.BF16 ? DataType.BFLOAT16_VALUE : DataType.FLOAT_VALUE)
                .setRawData(ByteString.copyFrom(bytes.flip()));
        for (long d : shape.toArray()) {
            t.addDims(d);
        }
        return t.build();
    }
}
