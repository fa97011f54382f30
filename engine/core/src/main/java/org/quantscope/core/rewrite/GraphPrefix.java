package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;

/** The part of a model that is needed to compute one value. */
public final class GraphPrefix {
    private final RunnableGraph model;
    private final Set<String> inputs;

    private GraphPrefix(RunnableGraph model, Set<String> inputs) {
        this.model = model;
        this.inputs = Set.copyOf(inputs);
    }

    /** The part; its only output is the value. */
    public RunnableGraph model() {
        return model;
    }

    /** The names of its inputs. */
    public Set<String> inputs() {
        return inputs;
    }

    /**
     * Cuts a model after a value.
     *
     * @param model a graph of this package
     * @param value a value that it computes
     */
    public static GraphPrefix upTo(RunnableGraph model, String value) {
        ModelProto whole = model.proto();
        GraphProto graph = whole.getGraph();
        Map<String, NodeProto> producers = OnnxGraph.producers(graph);
        Set<String> needed = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(Set.of(value));
        while (!open.isEmpty()) {
            String name = open.pop();
            NodeProto producer = producers.get(name);
            if (needed.add(name) && producer != null) {
                open.addAll(OnnxNode.reads(producer));
            }
        }
        GraphProto.Builder cut = graph.toBuilder()
                .clearNode()
                .clearInitializer()
                .clearInput()
                .clearOutput()
                .clearValueInfo();
        graph.getNodeList().stream()
                .filter(n -> n.getOutputList().stream().anyMatch(needed::contains))
                .forEach(cut::addNode);
        graph.getInitializerList().stream()
                .filter(t -> needed.contains(t.getName()))
                .forEach(cut::addInitializer);
        Set<String> inputs = new TreeSet<>();
        graph.getInputList().stream().filter(v -> needed.contains(v.getName())).forEach(v -> {
            cut.addInput(v);
            inputs.add(v.getName());
        });
        int type = new ElementTypes(graph).of(value);
        cut.addOutput(GraphEdit.unshaped(value, type));
        return new GraphPrefix(model.with(whole.toBuilder().setGraph(cut).build()), inputs);
    }
}
