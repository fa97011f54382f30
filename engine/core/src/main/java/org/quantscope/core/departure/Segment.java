package org.quantscope.core.departure;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;

/**
 * The nodes between the paired tensors that are given and the one that is looked at.
 *
 * @param graph that they are of
 * @param nodes in the order of the graph
 * @param reads the given values that they read
 */
record Segment(OnnxGraph graph, List<OnnxNode> nodes, Set<String> reads) {
    Segment {
        nodes = List.copyOf(nodes);
        reads = Collections.unmodifiableSet(new LinkedHashSet<>(reads));
    }

    /** @param given true for the name of a value that is given */
    static Segment of(OnnxGraph graph, String value, Predicate<String> given) {
        Map<String, OnnxNode> producers = new HashMap<>();
        graph.nodes().forEach(n -> n.outputs().forEach(out -> producers.put(out, n)));
        Set<OnnxNode> nodes = new LinkedHashSet<>();
        Set<String> reads = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(value));
        boolean first = true;
        while (!open.isEmpty()) {
            String at = open.pop();
            OnnxNode node = producers.get(at);
            if (!first && given.test(at)) {
                reads.add(at);
            } else if (node != null && nodes.stream().noneMatch(n -> n.index() == node.index())) {
                nodes.add(node);
                node.reads().forEach(open::push);
            } else if (node == null && !graph.isStored(at)) {
                reads.add(at);
            }
            first = false;
        }
        List<OnnxNode> sorted = new ArrayList<>(nodes);
        sorted.sort((a, b) -> a.index() - b.index());
        return new Segment(graph, sorted, reads);
    }

    boolean has(OnnxNode node) {
        return nodes.stream().anyMatch(n -> n.index() == node.index());
    }

    boolean endsInRelu(String value) {
        return nodes.stream()
                .anyMatch(n -> n.opType().equals("Relu") && n.outputs().contains(value));
    }

    /** The nodes that multiply by a stored weight. */
    List<OnnxNode> layers() {
        return nodes.stream().filter(n -> LayerPair.isLayer(n, graph)).toList();
    }

    /** True if it begins at what the model is fed, and nothing in it or before it has a weight. */
    boolean isAtInput() {
        Set<String> inputs = Set.copyOf(graph.requiredInputs());
        return reads.stream().allMatch(r -> reachesOnly(r, inputs)) && layers().isEmpty();
    }

    /** True if only elementwise operators lie between the inputs and a value. */
    private boolean reachesOnly(String value, Set<String> inputs) {
        Segment before = Segment.of(graph, value, inputs::contains);
        return before.layers().isEmpty()
                && before.nodes().stream().allMatch(n -> Preprocessed.OPERATORS.contains(n.opType()));
    }

    String said() {
        return nodes.isEmpty()
                ? "the input"
                : nodes.stream()
                        .filter(n -> !n.opType().equals("Constant"))
                        .map(OnnxNode::toString)
                        .collect(Collectors.joining(", "));
    }
}
