package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.QdqReading;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model rewritten with QuantizeLinear and DequantizeLinear nodes. Names follow ONNX Runtime's quantizer, whose
 * debugger relies on them: {@code t_quantized}, {@code t_scale}, {@code t_zero_point}, {@code t_QuantizeLinear},
 * {@code t_DequantizeLinear}, and the name of a node with {@code _Output} for its value.
 */
public final class QdqGraph {
    private static final String CONTRIB_DOMAIN = "com.microsoft";
    /** The format version that came with operator set 21, and with it the types of 4 bits. */
    private static final int IR_OF_21 = 10;

    private static final int IR_OF_19 = 9;

    private static final Set<Integer> BYTES = Set.of(DataType.BOOL_VALUE, DataType.INT8_VALUE, DataType.UINT8_VALUE);

    private final Model model;
    private final GraphEdit edit;
    private final Map<String, KernelFit.Codes> codes = new LinkedHashMap<>();
    private final Set<String> integerBiases = new HashSet<>();
    /** The codes behind which the DequantizeLinear of a stored value stands. */
    private final Map<String, String> storedAs = new HashMap<>();
    /** The activations by name, with true for those in ONNX Runtime's own domain. */
    private final Map<String, Boolean> contribActivations = new LinkedHashMap<>();

    /**
     * Begins to rewrite a model.
     *
     * @param opset the operator set to raise the model to; if the model's is newer, it stays
     * @throws IllegalArgumentException if it cannot be raised that far, see {@link #obstacle}
     */
    public QdqGraph(Model model, int opset) {
        this.model = model;
        this.edit = new GraphEdit(model);
        obstacle(model, opset).ifPresent(in -> {
            throw new IllegalArgumentException("opset: cannot be raised to " + opset + " because of " + in);
        });
        OpsetChange.apply(edit, opset);
        edit.needIrVersion(opset >= 21 ? IR_OF_21 : opset >= 19 ? IR_OF_19 : 0);
    }

    /**
     * For a person: the operator that prevents a model from being raised to an operator set, with the set that changed
     * it; empty if nothing prevents it.
     */
    public static Optional<String> obstacle(Model model, int opset) {
        return OpsetChange.obstacle(model.graph().orElseThrow(), opset);
    }

    /** A value with elements of one byte that the model itself computes from its input; empty if there is none. */
    public static Optional<String> valueOfBytes(Model model) {
        OnnxGraph graph = model.graph().orElseThrow();
        return graph.proto().getGraph().getNodeList().stream()
                .flatMap(node -> node.getOutputList().stream())
                .filter(value -> graph.types().dependsOnInput(value)
                        && BYTES.contains(graph.types().of(value)))
                .findFirst();
    }

    /**
     * Stores a weight as codes, followed by a DequantizeLinear, and by a Cast to the weight's own type if that is not
     * float32: scales are float32, so that the values are those of the evaluation.
     *
     * @param type the type of the codes
     * @param packed the codes in storage order, as {@link CodeType#bytes} packs them
     * @param contrib true for the operator of ONNX Runtime's own domain instead of the standard one; not per block
     */
    public void weight(TensorId id, CodeType type, QuantParams params, byte[] packed, boolean contrib) {
        Tensor t = model.find(id)
                .orElseThrow(() -> new IllegalArgumentException("weights: the model has no tensor " + id));
        String quantized = edit.fresh(id + "_quantized");
        edit.addInitializer(TensorEncoding.codes(quantized, type, t.info().shape(), packed));
        Shape slices = slices(t.info().shape(), params);
        String scale = addScale(id, params.scales(), slices);
        String zeroPoint = addZeroPoint(id, type, params, slices);
        dequantizeStored(id, quantized, scale, zeroPoint, params.granularity(), contrib);
        codes.put(
                id.name(),
                new KernelFit.Codes(type, params, true, t.info().shape().rank()));
    }

    /**
     * Stores a bias as 32-bit codes with zero point 0, followed by a DequantizeLinear.
     *
     * @param scales one, or one for each channel of the rank-1 bias
     */
    public void bias(TensorId id, float[] scales, int[] codes) {
        Tensor t =
                model.find(id).orElseThrow(() -> new IllegalArgumentException("bias: the model has no tensor " + id));
        String quantized = edit.fresh(id + "_quantized");
        edit.addInitializer(TensorEncoding.int32(quantized, t.info().shape(), codes));
        boolean perChannel = scales.length > 1;
        Shape slices = perChannel ? Shape.of(scales.length) : Shape.of();
        String scale = addScale(id, scales, slices);
        String zeroPoint = edit.fresh(id + "_zero_point");
        edit.addInitializer(TensorEncoding.int32(zeroPoint, slices, new int[scales.length]));
        dequantizeStored(
                id,
                quantized,
                scale,
                zeroPoint,
                perChannel ? new Granularity.PerChannel(0) : Granularity.TENSOR,
                false);
        integerBiases.add(id.name());
    }

    /**
     * Puts QuantizeLinear, or DynamicQuantizeLinear where the parameters have a {@linkplain QuantParams#runRange range
     * that is found}, and DequantizeLinear on an activation; all its readers share the pair, and a graph output
     * keeps its name. Between values that are not float32 the pair has a Cast on both sides.
     *
     * @param params per tensor
     * @param contrib true for the operators of ONNX Runtime's own domain instead of the standard ones
     */
    public void activation(TensorId id, CodeType type, QuantParams params, boolean contrib) {
        codes.put(id.name(), new KernelFit.Codes(type, params, false, 0));
        contribActivations.put(id.name(), contrib);
    }

    /**
     * Puts the nodes of the activations into the graph; the last step before {@link #written}. Averages are moved off
     * the middle between two levels first, whoever is to run the file.
     *
     * @param asNodesRead true to interrupt each group of nodes that ONNX Runtime would replace by a kernel that computes
     *     something else, by a Sum of one value, which changes nothing and fits none of its rules
     */
    public void connect(boolean asNodesRead) {
        KernelFit fit = new KernelFit(edit.graph(), edit.opset(), codes, integerBiases);
        Set<String> before = asNodesRead ? fit.interruptedBefore() : Set.of();
        Set<String> halfway = Halfway.of(edit.graph().proto().getGraph());
        contribActivations.forEach(
                (name, contrib) -> round(name, contrib, before.contains(name), halfway.contains(name)));
        if (asNodesRead) {
            Map<String, String> distant = new HashMap<>();
            fit.interruptedBehind().forEach(reader -> {
                String value =
                        edit.graph().proto().getGraph().getNode(reader.node()).getInput(reader.input());
                edit.reconnect(reader.node(), reader.input(), distant.computeIfAbsent(value, this::distant));
            });
        }
    }

    private String distant(String value) {
        String read = edit.readAs(value);
        String out = edit.fresh(value + "_DequantizeLinear_Sum_Output");
        edit.addBehind(
                storedAs.getOrDefault(value, value),
                List.of(GraphEdit.node("Sum", value + "_DequantizeLinear_Sum", List.of(read), List.of(out))));
        return out;
    }

    private void round(String t, boolean contrib, boolean interrupted, boolean halfway) {
        KernelFit.Codes to = Objects.requireNonNull(codes.get(t));
        TensorId id = new TensorId(t);
        GraphEdit.Splice splice = edit.splice(t, "_QuantizeLinear_Input", "_DequantizeLinear_Output");
        boolean found = to.isFound();
        String scale =
                found ? edit.fresh(t + "_scale") : addScale(id, to.params().scales(), Shape.of());
        String zeroPoint = found ? edit.fresh(t + "_zero_point") : addZeroPoint(id, to.type(), to.params(), Shape.of());
        String quantized = edit.fresh(t + "_QuantizeLinear_Output");
        int valueType = edit.graph().types().of(t);
        boolean cast = valueType != DataType.FLOAT_VALUE;
        List<NodeProto> nodes = new ArrayList<>();
        String from = splice.from();
        if (interrupted && !halfway && !found) {
            String whole = edit.fresh(t + "_QuantizeLinear_Sum_Output");
            nodes.add(GraphEdit.node("Sum", t + "_QuantizeLinear_Sum", List.of(from), List.of(whole)));
            from = whole;
        }
        if (cast) {
            String wide = edit.fresh(t + "_QuantizeLinear_float32");
            nodes.add(GraphEdit.cast(t + "_QuantizeLinear_Cast", from, wide, DataType.FLOAT_VALUE));
            from = wide;
        }
        if (halfway && !found) {
            String by = edit.fresh(t + QdqReading.MOVED_BY);
            edit.addInitializer(TensorEncoding.scalar(by, to.params().scale(0) * Halfway.SHARE));
            String moved = edit.fresh(t + "_QuantizeLinear_Sum_Output");
            nodes.add(GraphEdit.node("Sum", t + "_QuantizeLinear_Sum", List.of(from, by), List.of(moved)));
            from = moved;
        }
        String rounded = cast ? edit.fresh(t + "_DequantizeLinear_float32") : splice.to();
        nodes.add(
                found
                        ? GraphEdit.node(
                                "DynamicQuantizeLinear",
                                t + "_QuantizeLinear",
                                List.of(from),
                                List.of(quantized, scale, zeroPoint))
                        : inDomain(
                                GraphEdit.node(
                                        "QuantizeLinear",
                                        t + "_QuantizeLinear",
                                        List.of(from, scale, zeroPoint),
                                        List.of(quantized)),
                                contrib));
        nodes.add(inDomain(
                GraphEdit.node(
                        "DequantizeLinear",
                        t + "_DequantizeLinear",
                        List.of(quantized, scale, zeroPoint),
                        List.of(rounded)),
                contrib));
        if (cast) {
            nodes.add(GraphEdit.cast(t + "_DequantizeLinear_Cast", rounded, splice.to(), valueType));
        }
        edit.addBehind(t, nodes);
    }

    /** Adds an entry to {@code metadata_props}. */
    public void metadata(String key, String value) {
        edit.putMetadata(key, value);
    }

    /**
     * The finished model.
     *
     * @param mostInOneFile the most bytes of tensors in one file; in a larger model the values of large tensors are
     *     written to a second one
     * @throws org.quantscope.core.io.BadInputException if a single tensor is too large
     */
    public WrittenModel written(long mostInOneFile) {
        return edit.written(mostInOneFile);
    }

    private NodeProto inDomain(NodeProto node, boolean contrib) {
        if (!contrib) {
            return node;
        }
        edit.useDomain(CONTRIB_DOMAIN, 1);
        return node.toBuilder().setDomain(CONTRIB_DOMAIN).build();
    }

    /** The shape of scales and zero points. */
    private static Shape slices(Shape shape, QuantParams params) {
        return switch (params.granularity()) {
            case Granularity.PerTensor _ -> Shape.of();
            case Granularity.PerChannel _ -> Shape.of(params.slices());
            case Granularity.PerBlock b -> {
                long[] dims = shape.toArray();
                dims[b.axis()] = Math.ceilDiv(dims[b.axis()], b.size());
                yield Shape.of(dims);
            }
        };
    }

    private void dequantizeStored(
            TensorId id, String quantized, String scale, String zeroPoint, Granularity granularity, boolean contrib) {
        String name = id.name();
        boolean isOutput = edit.graph().outputNames().contains(name);
        int type = edit.graph().types().of(name);
        boolean cast = type != DataType.FLOAT_VALUE;
        // A graph output keeps its name.
        String result = isOutput ? name : edit.fresh(id + "_DequantizeLinear_Output");
        String out = cast ? edit.fresh(id + "_DequantizeLinear_float32") : result;
        NodeProto.Builder node = GraphEdit.node(
                "DequantizeLinear", id + "_DequantizeLinear", List.of(quantized, scale, zeroPoint), List.of(out))
                .toBuilder();
        switch (granularity) {
            case Granularity.PerTensor _ -> {}
            case Granularity.PerChannel c -> node.addAttribute(GraphEdit.attribute("axis", (long) c.axis()));
            case Granularity.PerBlock b ->
                node.addAttribute(GraphEdit.attribute("axis", (long) b.axis()))
                        .addAttribute(GraphEdit.attribute("block_size", (long) b.size()));
        }
        edit.removeStored(name);
        if (!isOutput) {
            edit.redirect(name, result);
        }
        edit.addBehind(quantized, List.of(inDomain(node.build(), contrib)));
        if (cast) {
            edit.addBehind(quantized, List.of(GraphEdit.cast(id + "_DequantizeLinear_Cast", out, result, type)));
        }
        storedAs.put(id.name(), quantized);
    }

    private String addScale(TensorId id, float[] scales, Shape shape) {
        String name = edit.fresh(id + "_scale");
        edit.addInitializer(TensorEncoding.floats(name, DType.F32, shape, scales));
        return name;
    }

    /** Adds the zero points, in the type of the codes; those of a codebook are 0. */
    private String addZeroPoint(TensorId id, CodeType type, QuantParams params, Shape shape) {
        String name = edit.fresh(id + "_zero_point");
        CodePacker packer = new CodePacker(type.bits(), params.slices());
        for (int i = 0; i < params.slices(); i++) {
            packer.put(i, params.isAffine() ? params.zeroPoint(i) : 0);
        }
        edit.addInitializer(TensorEncoding.codes(name, type, shape, packer.bytes()));
        return name;
    }
}
