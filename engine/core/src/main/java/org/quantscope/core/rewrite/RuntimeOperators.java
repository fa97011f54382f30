package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.io.BadInputException;

/**
 * Which operators a runtime runs in the end, in a graph that its optimizer has written.
 *
 * @param count of each kind of operator
 * @param floatLayers layers (Conv, ConvTranspose, Gemm, MatMul and their fused forms) that compute in float although they read a
 *     value that was quantized, of each kind
 */
public record RuntimeOperators(Map<String, Integer> count, Map<String, Integer> floatLayers) {
    public RuntimeOperators {
        count = Map.copyOf(count);
        floatLayers = Map.copyOf(floatLayers);
    }

    /**
     * Reads a graph.
     *
     * @param optimized as ONNX Runtime has written it
     * @param origin for messages
     */
    public static RuntimeOperators of(byte[] optimized, String origin) {
        GraphProto graph;
        try {
            graph = ModelProto.parseFrom(optimized).getGraph();
        } catch (InvalidProtocolBufferException e) {
            throw new BadInputException(origin, "model", "the optimized form cannot be read: " + e.getMessage());
        }
        Map<String, Integer> count = new TreeMap<>();
        Map<String, Integer> floats = new TreeMap<>();
        Map<String, String> makers = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            count.merge(node.getOpType(), 1, Integer::sum);
            node.getOutputList().forEach(out -> makers.put(out, node.getOpType()));
        }
        for (NodeProto node : graph.getNodeList()) {
            boolean layer = switch (node.getOpType()) {
                case "Conv", "ConvTranspose", "FusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul" -> true;
                default -> false;
            };
            if (layer
                    && node.getInputList().stream()
                            .anyMatch(in -> "DequantizeLinear".equals(makers.getOrDefault(in, "")))) {
                floats.merge(node.getOpType(), 1, Integer::sum);
            }
        }
        return new RuntimeOperators(count, floats);
    }

    /** Nodes that only convert between integers and float. */
    public int conversions() {
        return count.getOrDefault("QuantizeLinear", 0) + count.getOrDefault("DequantizeLinear", 0);
    }
}
