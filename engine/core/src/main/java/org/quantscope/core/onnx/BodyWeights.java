package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.tensor.DType;

/**
 * Moves the weights that the bodies of If, Loop and Scan store into the main graph, where a body reads them by their name: a
 * body sees every name around it, so the model computes the same, and what is stored once can be listed, quantized and
 * replaced like any other weight. The name becomes {@code NODE/BODY/NAME}.
 *
 * <p>Moved are floating initializers and Constant nodes of at least two axes. What stays: values that are the output of a body,
 * which it must compute itself, defaults of its inputs, and external data, which only the main graph may have. For one use.
 */
final class BodyWeights {
    private static final int SHOWN = 3;

    private final Set<String> taken = new HashSet<>();
    private final List<TensorProto> moved = new ArrayList<>();

    private BodyWeights() {}

    /**
     * A model with the weights of all bodies in its main graph.
     *
     * @param model the model itself if there are none
     * @param names of those that were moved, as they are called now
     */
    record Lifted(ModelProto model, List<String> names) {
        /** For a person; empty if nothing was moved. */
        Optional<String> note() {
            return names.isEmpty()
                    ? Optional.empty()
                    : Optional.of("stored inside subgraphs (If, Loop, Scan) and read from the main graph here: "
                            + names.size() + ", as "
                            + String.join(", ", names.subList(0, Math.min(SHOWN, names.size())))
                            + (names.size() > SHOWN ? ", …" : ""));
        }
    }

    static Lifted lifted(ModelProto model) {
        GraphProto graph = model.getGraph();
        if (graph.getNodeList().stream().noneMatch(BodyWeights::hasBody)) {
            return new Lifted(model, List.of());
        }
        BodyWeights weights = new BodyWeights();
        weights.names(graph);
        GraphProto.Builder out = graph.toBuilder();
        for (int i = 0; i < out.getNodeCount(); i++) {
            out.setNode(i, weights.inside(out.getNode(i), name("", out.getNode(i), i), Map.of()));
        }
        return weights.moved.isEmpty()
                ? new Lifted(model, List.of())
                : new Lifted(
                        model.toBuilder()
                                .setGraph(out.addAllInitializer(weights.moved))
                                .build(),
                        weights.moved.stream().map(TensorProto::getName).toList());
    }

    private static boolean hasBody(NodeProto node) {
        return node.getAttributeList().stream().anyMatch(a -> a.hasG() || a.getGraphsCount() > 0);
    }

    private static String name(String prefix, NodeProto node, int index) {
        return node.getName().isEmpty() ? prefix + OnnxGraph.nodeName(node, index) : node.getName();
    }

    /** Collects every name of a graph and of all bodies in it. */
    private void names(GraphProto graph) {
        graph.getInputList().forEach(v -> taken.add(v.getName()));
        graph.getInitializerList().forEach(t -> taken.add(t.getName()));
        graph.getSparseInitializerList().forEach(t -> taken.add(t.getValues().getName()));
        for (NodeProto node : graph.getNodeList()) {
            taken.addAll(node.getOutputList());
            for (AttributeProto a : node.getAttributeList()) {
                if (a.hasG()) {
                    names(a.getG());
                }
                a.getGraphsList().forEach(this::names);
            }
        }
    }

    /** The node with the weights of its bodies moved out; {@code renamed} holds the new names that are seen around it. */
    private NodeProto inside(NodeProto node, String name, Map<String, String> renamed) {
        if (!hasBody(node)) {
            return node;
        }
        NodeProto.Builder out = node.toBuilder();
        for (int i = 0; i < out.getAttributeCount(); i++) {
            AttributeProto.Builder a = out.getAttributeBuilder(i);
            String within = name + "/" + a.getName() + "/";
            if (a.hasG()) {
                a.setG(body(a.getG(), within, renamed));
            }
            for (int k = 0; k < a.getGraphsCount(); k++) {
                // Several bodies of one attribute may store the same name.
                a.setGraphs(k, body(a.getGraphs(k), within, renamed));
            }
        }
        return out.build();
    }

    private GraphProto body(GraphProto body, String prefix, Map<String, String> around) {
        Set<String> stays = new HashSet<>();
        body.getOutputList().forEach(o -> stays.add(o.getName()));
        Map<String, String> renamed = new HashMap<>(around);
        // A name inside hides the one outside.
        body.getInputList().stream().map(ValueInfoProto::getName).forEach(n -> {
            stays.add(n);
            renamed.remove(n);
        });
        body.getSparseInitializerList()
                .forEach(t -> renamed.remove(t.getValues().getName()));
        body.getNodeList().forEach(n -> n.getOutputList().forEach(renamed::remove));
        GraphProto.Builder out = body.toBuilder().clearInitializer().clearNode();
        for (TensorProto tensor : body.getInitializerList()) {
            renamed.remove(tensor.getName());
            if (stays.contains(tensor.getName()) || !isWeight(tensor)) {
                out.addInitializer(tensor);
            } else {
                move(tensor, tensor.getName(), prefix, renamed);
            }
        }
        List<NodeProto> left = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < body.getNodeCount(); i++) {
            NodeProto node = body.getNode(i);
            Optional<TensorProto> constant = constant(node).filter(BodyWeights::isWeight);
            if (constant.isPresent() && !stays.contains(node.getOutput(0))) {
                move(constant.get(), node.getOutput(0), prefix, renamed);
            } else {
                left.add(node);
                places.add(i);
            }
        }
        for (int i = 0; i < left.size(); i++) {
            NodeProto.Builder node = left.get(i).toBuilder();
            for (int k = 0; k < node.getInputCount(); k++) {
                node.setInput(k, renamed.getOrDefault(node.getInput(k), node.getInput(k)));
            }
            out.addNode(inside(node.build(), name(prefix, left.get(i), places.get(i)), renamed));
        }
        return out.build();
    }

    private void move(TensorProto tensor, String name, String prefix, Map<String, String> renamed) {
        String fresh = prefix + name;
        for (int i = 2; !taken.add(fresh); i++) {
            fresh = prefix + name + "_" + i;
        }
        renamed.put(name, fresh);
        moved.add(tensor.toBuilder().setName(fresh).build());
    }

    private static Optional<TensorProto> constant(NodeProto node) {
        boolean is =
                ElementTypes.isDefaultDomain(node) && node.getOpType().equals("Constant") && node.getOutputCount() == 1;
        return is ? ElementTypes.tensorAttribute(node, "value") : Optional.empty();
    }

    private static boolean isWeight(TensorProto tensor) {
        return tensor.getDimsCount() >= 2
                && TensorProtos.dtype(tensor.getDataType())
                        .filter(DType::isFloating)
                        .isPresent()
                && !TensorProtos.isExternal(tensor)
                && tensor.getExternalDataCount() == 0;
    }
}
