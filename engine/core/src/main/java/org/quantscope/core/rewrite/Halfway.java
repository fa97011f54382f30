package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashSet;
import java.util.Set;
import org.quantscope.core.onnx.ElementTypes;

/**
 * Averages of values on a grid, rounded back to that grid. A window of 2×2 ends halfway between two levels in a quarter
 * of the cases, and then the order in which a kernel adds the values decides, by the rounding of float32, which level
 * follows: kernels of the same runtime differ there. So such values are moved up by {@value #SHARE} of a step before
 * they are rounded, here and in files, which is more than float32 loses and less than the sixteenths and thirty-seconds
 * of a step that windows and interpolation give: halfway goes up.
 */
public final class Halfway {
    /** In steps; 3/256 is no sum of the fractions that windows of up to 8×8 give. */
    public static final float SHARE = 3f / 256;

    private Halfway() {}

    /** The values of a graph that AveragePool computes, or Resize by interpolation. */
    static Set<String> of(GraphProto graph) {
        Set<String> found = new HashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            if (ElementTypes.isDefaultDomain(node) && averages(node)) {
                found.add(node.getOutput(0));
            }
        }
        return found;
    }

    private static boolean averages(NodeProto node) {
        return switch (node.getOpType()) {
            case "AveragePool" -> true;
            case "Resize" ->
                node.getAttributeList().stream()
                        .anyMatch(a -> a.getName().equals("mode")
                                && !a.getS().toStringUtf8().equals("nearest"));
            default -> false;
        };
    }
}
