package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.onnx.OnnxGraph;

/** Replaces an {@code If} whose condition is known to be true by the nodes of its branch. */
final class TakenBranches {
    private final GraphProto.Builder graph;
    private final Set<String> names = new HashSet<>();

    private TakenBranches(GraphProto.Builder graph) {
        this.graph = graph;
        names.addAll(OnnxGraph.storedNames(graph.build()));
        graph.getInputList().forEach(v -> names.add(v.getName()));
        graph.getNodeList().forEach(n -> names.addAll(n.getOutputList()));
    }

    /**
     * Replaces every such {@code If}, except one whose branch uses names that the graph has too.
     *
     * @param conditions inputs that are true in every run; those that nothing reads afterwards are removed
     */
    static void take(GraphProto.Builder graph, Set<String> conditions) {
        new TakenBranches(graph).take(conditions);
    }

    private void take(Set<String> conditions) {
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : graph.getNodeList()) {
            boolean taken = node.getOpType().equals("If") && conditions.contains(node.getInput(0));
            Optional<GraphProto> branch = taken ? branch(node).filter(this::isNew) : Optional.empty();
            if (branch.isPresent()) {
                branch.get().getInitializerList().forEach(this::add);
                branch.get().getNodeList().forEach(n -> {
                    names.addAll(n.getOutputList());
                    nodes.add(named(n, branch.get().getOutput(0).getName(), node.getOutput(0)));
                });
            } else {
                nodes.add(node);
            }
        }
        Set<String> read = new HashSet<>();
        nodes.forEach(n -> read.addAll(GraphCut.reads(n)));
        List<Integer> unread = new ArrayList<>();
        for (int i = graph.getInputCount() - 1; i >= 0; i--) {
            String name = graph.getInput(i).getName();
            if (conditions.contains(name) && !read.contains(name)) {
                unread.add(i);
            }
        }
        unread.forEach(graph::removeInput);
        graph.clearNode().addAllNode(nodes);
    }

    private void add(TensorProto stored) {
        names.add(stored.getName());
        graph.addInitializer(stored);
    }

    /** The branch that is taken, if its only result is computed by one of its own nodes and not used elsewhere. */
    private static Optional<GraphProto> branch(NodeProto node) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals("then_branch"))
                .map(AttributeProto::getG)
                .filter(g ->
                        g.getOutputCount() == 1 && node.getOutputCount() == 1 && g.getSparseInitializerCount() == 0)
                .filter(g -> g.getNodeList().stream()
                        .anyMatch(n -> n.getOutputList().contains(g.getOutput(0).getName())))
                .filter(g -> g.getNodeList().stream()
                        .noneMatch(
                                n -> GraphCut.reads(n).contains(g.getOutput(0).getName())))
                .findFirst();
    }

    private boolean isNew(GraphProto branch) {
        return branch.getNodeList().stream()
                        .flatMap(n -> n.getOutputList().stream())
                        .noneMatch(names::contains)
                && branch.getInitializerList().stream().noneMatch(t -> names.contains(t.getName()));
    }

    /** The node with another name for one of its results. */
    private static NodeProto named(NodeProto node, String from, String to) {
        NodeProto.Builder b = node.toBuilder();
        for (int i = 0; i < b.getOutputCount(); i++) {
            if (b.getOutput(i).equals(from)) {
                b.setOutput(i, to);
            }
        }
        return b.build();
    }
}
