package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.TensorProtos;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorId;

/**
 * A model whose values inside are given from outside: each node computes from what it is given and not from what the
 * nodes before it have computed. So what one node does wrong is seen at its own output, and nowhere behind it.
 *
 * @param graph only what the wanted values need
 * @param feeds the input by which a value is given, by value
 * @param types the element type of each of those inputs, by input
 * @param inputs all inputs that the graph has left, those of the model itself too
 */
public record ForcedGraph(
        RunnableGraph graph, Map<TensorId, String> feeds, Map<String, DType> types, Set<String> inputs) {
    public ForcedGraph {
        feeds = Collections.unmodifiableMap(new LinkedHashMap<>(feeds));
        types = Map.copyOf(types);
        inputs = Collections.unmodifiableSet(new LinkedHashSet<>(inputs));
    }

    /**
     * Gives values.
     *
     * @param given values that are given, each under all the names that it has in the graph: their readers read what is
     *     given instead
     * @param wanted values that the graph computes, which become its outputs
     * @throws org.quantscope.core.io.BadInputException if the model has no graph
     */
    public static ForcedGraph of(Model model, Map<TensorId, List<String>> given, List<String> wanted) {
        GraphEdit edit = new GraphEdit(model);
        Map<TensorId, String> feeds = new LinkedHashMap<>();
        Map<String, DType> types = new LinkedHashMap<>();
        given.forEach((id, names) -> {
            int type = edit.graph().types().of(names.getFirst());
            Optional<DType> known = TensorProtos.dtype(type);
            if (known.isPresent()) {
                String feed = edit.fresh(id + "_given");
                edit.addInput(feed, type);
                names.forEach(name -> edit.redirect(name, feed));
                feeds.put(id, feed);
                types.put(feed, known.get());
            }
        });
        ModelProto whole = edit.build();
        GraphProto.Builder g = whole.getGraph().toBuilder()
                .clearOutput()
                .clearNode()
                .clearInput()
                .clearInitializer();
        wanted.forEach(name ->
                g.addOutput(GraphEdit.unshaped(name, edit.graph().types().of(name))));
        Set<String> needed = new HashSet<>(wanted);
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : whole.getGraph().getNodeList().reversed()) {
            if (node.getOutputList().stream().anyMatch(needed::contains)) {
                nodes.add(node);
                needed.addAll(OnnxNode.reads(node));
            }
        }
        g.addAllNode(nodes.reversed());
        whole.getGraph().getInitializerList().stream()
                .filter(t -> needed.contains(t.getName()))
                .forEach(g::addInitializer);
        Set<String> inputs = new LinkedHashSet<>();
        for (ValueInfoProto input : whole.getGraph().getInputList()) {
            if (needed.contains(input.getName())) {
                g.addInput(input);
                inputs.add(input.getName());
            }
        }
        feeds.values().retainAll(inputs);
        types.keySet().retainAll(inputs);
        ModelProto pruned = whole.toBuilder().setGraph(g).build();
        return new ForcedGraph(new RunnableGraph(model.file(), pruned), feeds, types, inputs);
    }
}
