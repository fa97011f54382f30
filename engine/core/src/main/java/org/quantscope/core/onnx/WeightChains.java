package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.tensor.DType;

/** The operators that may stand between a stored tensor and the layer whose weight it is. */
final class WeightChains {
    private static final Set<String> SAME_AXES = Set.of("Identity", "Cast", "Slice");
    private static final Set<String> OTHER_AXES = Set.of("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze");

    private WeightChains() {}

    /** True if a node's only output has numbers of its first input, possibly in another place, shape or type. */
    static boolean moves(NodeProto node) {
        return ElementTypes.isDefaultDomain(node)
                && node.getInputCount() > 0
                && node.getOutputCount() == 1
                && (SAME_AXES.contains(node.getOpType()) || OTHER_AXES.contains(node.getOpType()));
    }

    /** False for a Cast between floating numbers and others, which changes what the numbers are. */
    static boolean keeps(NodeProto node, DType from) {
        return !node.getOpType().equals("Cast")
                || (from.isFloating()
                        && TensorProtos.dtype((int) ElementTypes.intAttribute(node, "to", 0))
                                .filter(DType::isFloating)
                                .isPresent());
    }

    /**
     * For each axis of the node's output the axis of the stored tensor.
     *
     * @param before the same for its first input
     * @return empty if that is not known
     */
    static Optional<List<Integer>> axes(NodeProto node, Optional<List<Integer>> before) {
        if (before.isEmpty() || SAME_AXES.contains(node.getOpType())) {
            return before;
        }
        if (!node.getOpType().equals("Transpose")) {
            return Optional.empty();
        }
        List<Integer> in = before.get();
        for (AttributeProto a : node.getAttributeList()) {
            if (a.getName().equals("perm")) {
                List<Integer> out = new ArrayList<>();
                for (long axis : a.getIntsList()) {
                    long at = axis < 0 ? axis + in.size() : axis;
                    if (at < 0 || at >= in.size() || a.getIntsCount() != in.size()) {
                        return Optional.empty();
                    }
                    out.add(in.get((int) at));
                }
                return Optional.of(out);
            }
        }
        return Optional.of(in.reversed());
    }
}
