package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model in which products with a stored matrix become {@code com.microsoft.MatMulNBits} nodes:
 * {@code Y = A·dequantize(B)^T}. B is stored as unsigned codes, [N, blocks of K, bytes of a block], with a scale and a
 * zero point for each block.
 */
public final class NBitsGraph {
    private static final String DOMAIN = "com.microsoft";

    private final GraphEdit edit;
    private final Model model;

    public NBitsGraph(Model model) {
        this.model = model;
        this.edit = new GraphEdit(model);
    }

    /**
     * The layout of a stored matrix.
     *
     * @param k number of inputs, over which products are summed
     * @param n number of outputs
     * @param kFirst true for [K, N] as in MatMul, false for [N, K] as in a Gemm that transposes it
     */
    public record Matrix(int k, int n, boolean kFirst) {
        /** The axis of K. */
        public int axis() {
            return kFirst ? 0 : 1;
        }
    }

    /** Whether a stored tensor can become such a matrix: its layout, or the reason why not. */
    public record Fit(Optional<Matrix> matrix, String obstacle) {}

    /** Checks all readers of a stored tensor: each must multiply by it from the right, in the same layout. */
    public static Fit fit(Model model, Tensor t) {
        OnnxGraph graph = model.graph().orElseThrow();
        String name = t.id().name();
        if (t.info().shape().rank() != 2) {
            return refused("it has " + t.info().shape().rank() + " dimensions, MatMulNBits takes matrices");
        }
        if (graph.outputNames().contains(name)) {
            return refused("it is an output of the graph");
        }
        List<NodeProto> readers = graph.proto().getGraph().getNodeList().stream()
                .filter(n -> n.getInputList().contains(name))
                .toList();
        if (readers.isEmpty() || readers.size() != graph.consumers(name).size()) {
            return refused("not every reader of it is a node of the main graph");
        }
        Boolean kFirst = null;
        for (NodeProto node : readers) {
            boolean product = ElementTypes.isDefaultDomain(node)
                    && node.getInputCount() > 1
                    && node.getInput(1).equals(name)
                    && !node.getInput(0).equals(name);
            boolean matMul = product && node.getOpType().equals("MatMul");
            boolean gemm = product && node.getOpType().equals("Gemm");
            if (!matMul && !gemm) {
                return refused("it is read by " + OnnxGraph.nodeName(node, 0) + ", a " + node.getOpType()
                        + "; MatMulNBits stands for MatMul and Gemm");
            }
            if (gemm
                    && (ElementTypes.floatAttribute(node, "alpha", 1) != 1
                            || ElementTypes.floatAttribute(node, "beta", 1) != 1
                            || ElementTypes.intAttribute(node, "transA", 0) != 0
                            || node.getInputList().indexOf(name)
                                    != node.getInputList().lastIndexOf(name))) {
                return refused("its Gemm scales or transposes its other input");
            }
            boolean first = matMul || ElementTypes.intAttribute(node, "transB", 0) == 0;
            if (kFirst != null && kFirst != first) {
                return refused("its readers want it transposed and not transposed");
            }
            kFirst = first;
        }
        Shape shape = t.info().shape();
        boolean rows = Boolean.TRUE.equals(kFirst);
        if (shape.count() == 0 || shape.dim(0) > Integer.MAX_VALUE || shape.dim(1) > Integer.MAX_VALUE) {
            return refused("its shape is " + shape);
        }
        return new Fit(Optional.of(new Matrix((int) shape.dim(rows ? 0 : 1), (int) shape.dim(rows ? 1 : 0), rows)), "");
    }

    private static Fit refused(String why) {
        return new Fit(Optional.empty(), why);
    }

    /**
     * Replaces every product with a stored matrix.
     *
     * @param codes [N, ⌈K/blockSize⌉, blockSize·bits/8], as {@link CodePacker} packs each block
     * @param scales [N·⌈K/blockSize⌉]
     * @param zeroPoints [N, ⌈⌈K/blockSize⌉·bits/8⌉], packed; empty for 2^(bits−1) everywhere
     */
    public void weight(
            TensorId id,
            Matrix matrix,
            int bits,
            int blockSize,
            byte[] codes,
            float[] scales,
            Optional<byte[]> zeroPoints) {
        String name = id.name();
        int blocks = Math.ceilDiv(matrix.k, blockSize);
        String quantized = edit.fresh(name + "_Q" + bits);
        edit.addInitializer(TensorEncoding.codes(
                quantized, CodeType.UINT8, Shape.of(matrix.n, blocks, blockSize * bits / Byte.SIZE), codes));
        String scale = edit.fresh(name + "_scales");
        edit.addInitializer(TensorEncoding.floats(scale, DType.F32, Shape.of(scales.length), scales));
        String zeroPoint = zeroPoints
                .map(packed -> {
                    String zp = edit.fresh(name + "_zero_points");
                    edit.addInitializer(TensorEncoding.codes(zp, CodeType.UINT8, Shape.of(packed.length), packed));
                    return zp;
                })
                .orElse("");
        List<NodeProto> nodes = model.graph().orElseThrow().proto().getGraph().getNodeList();
        for (int i = 0; i < nodes.size(); i++) {
            NodeProto node = nodes.get(i);
            if (!node.getInputList().contains(name)) {
                continue;
            }
            boolean added = node.getInputCount() > 2 && !node.getInput(2).isEmpty();
            String out = node.getOutput(0);
            String product = added ? edit.fresh(out + "_MatMulNBits_Output") : out;
            List<String> inputs = new ArrayList<>(List.of(node.getInput(0), quantized, scale));
            if (!zeroPoint.isEmpty()) {
                inputs.add(zeroPoint);
            }
            edit.rewriteNode(
                    i,
                    GraphEdit.node("MatMulNBits", OnnxGraph.nodeName(node, i) + "_Q" + bits, inputs, List.of(product))
                            .toBuilder()
                            .setDomain(DOMAIN)
                            .addAttribute(GraphEdit.attribute("K", (long) matrix.k))
                            .addAttribute(GraphEdit.attribute("N", (long) matrix.n))
                            .addAttribute(GraphEdit.attribute("bits", (long) bits))
                            .addAttribute(GraphEdit.attribute("block_size", (long) blockSize))
                            .build());
            if (added) {
                edit.addBehind(
                        out,
                        List.of(GraphEdit.node(
                                "Add",
                                OnnxGraph.nodeName(node, i) + "_Add",
                                List.of(product, node.getInput(2)),
                                List.of(out))));
            }
        }
        edit.useDomain(DOMAIN, 1);
        edit.removeStored(name);
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
}
