package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The values at which the error of one tensor is measured on its way through the network.
 *
 * @param layer the output of its own layer, with the bias, normalization and activation function that belong to the
 *     layer; for an activation the activation itself
 * @param block the end of its block: the output of the next Add or Concat after the layer that joins branches; if there
 *     is none, the input of the next Conv, ConvTranspose, Gemm or MatMul. Empty if neither follows
 * @param blockIs which of the two it is, for a person
 * @param output the model's predictions; empty if it makes none
 */
public record OutputSites(TensorId layer, Optional<TensorId> block, String blockIs, Optional<TensorId> output) {
    private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");
    private static final Set<String> JOINS = Set.of("Add", "Concat");

    /**
     * The values for a weight or activation; empty if no value that depends on the model's input is computed from it.
     */
    public static Optional<OutputSites> of(OnnxGraph graph, TensorId tensor) {
        return new Search(graph).of(tensor.name());
    }

    private static final class Search {
        private final OnnxGraph graph;
        private final GraphProto proto;
        private final Set<String> activations;

        Search(OnnxGraph graph) {
            this.graph = graph;
            this.proto = graph.proto().getGraph();
            this.activations = graph.activations().stream()
                    .map(TensorInfo::id)
                    .map(TensorId::name)
                    .collect(Collectors.toSet());
        }

        Optional<OutputSites> of(String tensor) {
            Optional<TensorId> output = graph.predictionOutput().map(TensorId::new);
            Optional<String> layer = activations.contains(tensor)
                    ? Optional.of(tensor)
                    : firstDependent(tensor).map(this::endOfLayer);
            return layer.map(at -> {
                for (NodeProto node : behind(at)) {
                    if (isJoin(node)) {
                        String end = endOfLayer(node.getOutput(0));
                        return new OutputSites(
                                new TensorId(at), Optional.of(new TensorId(end)), node.getOpType() + " join", output);
                    }
                }
                for (NodeProto node : behind(at)) {
                    if (LAYERS.contains(node.getOpType())) {
                        return new OutputSites(
                                new TensorId(at),
                                Optional.of(new TensorId(node.getInput(0))),
                                "next " + node.getOpType() + "'s input",
                                output);
                    }
                }
                return new OutputSites(new TensorId(at), Optional.empty(), "", output);
            });
        }

        /** The first value that is computed from the tensor and from the model's input. */
        private Optional<String> firstDependent(String tensor) {
            Set<String> reached = new HashSet<>(Set.of(tensor));
            for (NodeProto node : proto.getNodeList()) {
                if (node.getInputList().stream().anyMatch(reached::contains) && node.getOutputCount() > 0) {
                    if (graph.types().dependsOnInput(node.getOutput(0))) {
                        return Optional.of(node.getOutput(0));
                    }
                    reached.addAll(node.getOutputList());
                }
            }
            return Optional.empty();
        }

        /**
         * Follows a value to where a quantizer would be, as long as each value on the way has only one reader;
         * otherwise the value itself.
         */
        private String endOfLayer(String value) {
            String at = value;
            for (int steps = 0; steps < proto.getNodeCount(); steps++) {
                if (activations.contains(at) || graph.outputNames().contains(at)) {
                    return at;
                }
                String from = at;
                List<NodeProto> readers = proto.getNodeList().stream()
                        .filter(n -> n.getInputList().contains(from))
                        .toList();
                if (readers.size() != 1 || readers.getFirst().getOutputCount() == 0) {
                    return value;
                }
                at = readers.getFirst().getOutput(0);
            }
            return value;
        }

        /** The nodes that depend on a value, in graph order. */
        private List<NodeProto> behind(String value) {
            Set<String> reached = new HashSet<>(Set.of(value));
            List<NodeProto> nodes = new ArrayList<>();
            for (NodeProto node : proto.getNodeList()) {
                if (node.getInputList().stream().anyMatch(reached::contains)) {
                    reached.addAll(node.getOutputList());
                    nodes.add(node);
                }
            }
            return nodes;
        }

        private boolean isJoin(NodeProto node) {
            return JOINS.contains(node.getOpType())
                    && graph.types().isFloating(node.getOutput(0))
                    && node.getInputList().stream()
                                    .filter(graph.types()::dependsOnInput)
                                    .distinct()
                                    .count()
                            > 1;
        }
    }
}
