package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Folds a Pad with zeros into the convolution that reads it, if nothing else does: a convolution can pad with zeros
 * itself.
 */
public final class PadFolding {
    private static final int FIRST_WITH_INPUTS = 11;

    private PadFolding() {}

    /** The same function with fewer nodes; the model itself if there is nothing to fold. */
    public static Model fold(Model model) {
        if (model.graph().isEmpty()
                || model.tensors().stream().anyMatch(t -> !t.data().isRead())) {
            return model;
        }
        OnnxGraph graph = model.graph().get();
        GraphProto proto = graph.proto().getGraph();
        Map<String, NodeProto> producers = OnnxGraph.producers(proto);
        Set<String> outputs = new HashSet<>(graph.outputNames());
        GraphEdit edit = new GraphEdit(model);
        Set<NodeProto> folded = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < proto.getNodeCount(); i++) {
            NodeProto conv = proto.getNode(i);
            NodeProto pad = conv.getOpType().equals("Conv") && ElementTypes.isDefaultDomain(conv)
                    ? producers.get(conv.getInput(0))
                    : null;
            if (pad != null
                    && pad.getOpType().equals("Pad")
                    && ElementTypes.isDefaultDomain(pad)
                    && !outputs.contains(pad.getOutput(0))
                    && graph.consumers(pad.getOutput(0)).size() == 1) {
                Optional<List<Long>> pads = sides(model, graph, pad).flatMap(sides -> sum(conv, sides));
                if (pads.isPresent()) {
                    edit.rewriteNode(
                            i,
                            with(conv, pads.get()).setInput(0, pad.getInput(0)).build());
                    folded.add(pad);
                }
            }
        }
        if (folded.isEmpty()) {
            return model;
        }
        for (int i = 0; i < proto.getNodeCount(); i++) {
            NodeProto node = proto.getNode(i);
            if (folded.contains(node)) {
                edit.dropNode(i);
                node.getInputList().stream()
                        .skip(1)
                        .filter(in -> graph.isStored(in) && graph.consumers(in).size() == 1 && !outputs.contains(in))
                        .forEach(edit::removeStored);
            }
        }
        return ConstantFolding.reread(model, edit.buildWithReferences(), List.of());
    }

    /**
     * What a Pad adds to each side of the spatial dimensions, first all starts, then all ends; empty if it pads
     * anything else.
     */
    private static Optional<List<Long>> sides(Model model, OnnxGraph graph, NodeProto pad) {
        List<Long> all = new ArrayList<>();
        for (AttributeProto a : pad.getAttributeList()) {
            if (a.getName().equals("mode") && !a.getS().toStringUtf8().equals("constant")) {
                return Optional.empty();
            }
            if (a.getName().equals("pads") && graph.opset() < FIRST_WITH_INPUTS) {
                all.addAll(a.getIntsList());
            }
        }
        if (graph.opset() >= FIRST_WITH_INPUTS) {
            boolean axes = pad.getInputCount() > 3 && !pad.getInput(3).isEmpty();
            boolean zero = pad.getInputCount() < 3
                    || pad.getInput(2).isEmpty()
                    || graph.scalar(pad.getInput(2)).filter(v -> v == 0).isPresent();
            Optional<Tensor> given =
                    pad.getInputCount() > 1 ? model.find(new TensorId(pad.getInput(1))) : Optional.empty();
            if (axes || !zero || given.isEmpty() || given.get().info().dtype() != DType.I64) {
                return Optional.empty();
            }
            for (long i = 0; i < given.get().data().count(); i++) {
                all.add(given.get().data().integer(i));
            }
        } else if (ElementTypes.floatAttribute(pad, "value", 0) != 0) {
            return Optional.empty();
        }
        int rank = all.size() / 2;
        boolean space = rank > 2
                && all.size() == 2 * rank
                && all.stream().allMatch(p -> p >= 0)
                && all.get(0) == 0
                && all.get(1) == 0
                && all.get(rank) == 0
                && all.get(rank + 1) == 0;
        if (!space) {
            return Optional.empty();
        }
        List<Long> sides = new ArrayList<>(all.subList(2, rank));
        sides.addAll(all.subList(rank + 2, 2 * rank));
        return Optional.of(sides);
    }

    private static Optional<List<Long>> sum(NodeProto conv, List<Long> more) {
        List<Long> pads = new ArrayList<>(more);
        for (AttributeProto a : conv.getAttributeList()) {
            if (a.getName().equals("auto_pad")
                    && !Set.of("NOTSET", "VALID").contains(a.getS().toStringUtf8())) {
                return Optional.empty();
            }
            if (a.getName().equals("pads")) {
                if (a.getIntsCount() != more.size()) {
                    return Optional.empty();
                }
                for (int i = 0; i < pads.size(); i++) {
                    pads.set(i, pads.get(i) + a.getInts(i));
                }
            }
        }
        return Optional.of(pads);
    }

    private static NodeProto.Builder with(NodeProto conv, List<Long> pads) {
        NodeProto.Builder b = conv.toBuilder();
        for (int i = b.getAttributeCount() - 1; i >= 0; i--) {
            if (Set.of("pads", "auto_pad").contains(b.getAttribute(i).getName())) {
                b.removeAttribute(i);
            }
        }
        return b.addAttribute(AttributeProto.newBuilder()
                .setName("pads")
                .setType(AttributeProto.AttributeType.INTS)
                .addAllInts(pads));
    }
}
