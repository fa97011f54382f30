package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxNode;

/**
 * A model as successive pieces, so that the values wanted of it need not be held all at once: what one piece gives is
 * looked at, and only what a later one reads is kept.
 */
public final class GraphPieces {
    private GraphPieces() {}

    /**
     * One piece.
     *
     * @param model the graph to be run
     * @param inputs what it reads: inputs of the whole model, and values of earlier pieces
     * @param wanted the wanted values that it gives, in the order of the graph
     * @param kept values that later pieces read; some may be wanted as well
     */
    public record Piece(RunnableGraph model, Set<String> inputs, List<String> wanted, Set<String> kept) {
        public Piece {
            inputs = Set.copyOf(inputs);
            wanted = List.copyOf(wanted);
            kept = Set.copyOf(kept);
        }
    }

    /**
     * Cuts a model. Where the type of a value that would cross a cut is not known there is no cut.
     *
     * @param model a graph of this package
     * @param wanted values that its graph computes
     * @param bytes the size of a value
     * @param most the most bytes of wanted values in a piece, if it has more than one
     */
    public static List<Piece> of(RunnableGraph model, Set<String> wanted, ToLongFunction<String> bytes, long most) {
        ModelProto whole = model.proto();
        GraphProto graph = whole.getGraph();
        ElementTypes types = new ElementTypes(graph);
        List<Set<String>> reads =
                graph.getNodeList().stream().map(OnnxNode::reads).toList();
        List<Integer> starts = starts(graph, reads, types, wanted, bytes, most);
        List<Piece> pieces = new ArrayList<>();
        Set<String> inputs = new HashSet<>();
        graph.getInputList().forEach(v -> inputs.add(v.getName()));
        Set<String> computed = new HashSet<>();
        for (int p = 0; p < starts.size(); p++) {
            int from = starts.get(p);
            int to = p + 1 < starts.size() ? starts.get(p + 1) : graph.getNodeCount();
            Set<String> own = new LinkedHashSet<>();
            Set<String> read = new HashSet<>();
            for (int n = from; n < to; n++) {
                own.addAll(graph.getNode(n).getOutputList());
                read.addAll(reads.get(n));
            }
            Set<String> later = new HashSet<>();
            reads.subList(to, reads.size()).forEach(later::addAll);
            Set<String> kept = new LinkedHashSet<>(own);
            kept.retainAll(later);
            List<String> given = own.stream().filter(wanted::contains).toList();
            GraphProto.Builder piece = graph.toBuilder()
                    .clearNode()
                    .clearInitializer()
                    .clearInput()
                    .clearOutput()
                    .addAllNode(graph.getNodeList().subList(from, to));
            graph.getInitializerList().stream()
                    .filter(t -> read.contains(t.getName()))
                    .forEach(piece::addInitializer);
            graph.getInputList().stream()
                    .filter(v -> read.contains(v.getName()))
                    .forEach(piece::addInput);
            Set<String> fed = new HashSet<>(inputs);
            fed.retainAll(read);
            for (String name : computed) {
                if (read.contains(name)) {
                    piece.addInput(GraphEdit.unshaped(name, types.of(name)));
                    fed.add(name);
                }
            }
            Set<String> outputs = new LinkedHashSet<>(given);
            outputs.addAll(kept);
            outputs.forEach(name -> piece.addOutput(GraphEdit.unshaped(name, types.of(name))));
            computed.addAll(own);
            if (!outputs.isEmpty()) {
                pieces.add(
                        new Piece(model.with(whole.toBuilder().setGraph(piece).build()), fed, given, kept));
            }
        }
        return pieces;
    }

    /** The indices of the nodes that pieces begin with. */
    private static List<Integer> starts(
            GraphProto graph,
            List<Set<String>> reads,
            ElementTypes types,
            Set<String> wanted,
            ToLongFunction<String> bytes,
            long most) {
        Map<String, Integer> lastReader = new HashMap<>();
        for (int n = 0; n < reads.size(); n++) {
            int at = n;
            reads.get(n).forEach(name -> lastReader.put(name, at));
        }
        List<Integer> starts = new ArrayList<>(List.of(0));
        Set<String> open = new HashSet<>();
        long held = 0;
        for (int n = 0; n < graph.getNodeCount(); n++) {
            NodeProto node = graph.getNode(n);
            long more = 0;
            for (String value : node.getOutputList()) {
                more += wanted.contains(value) ? bytes.applyAsLong(value) : 0;
            }
            int at = n;
            open.removeIf(value -> lastReader.getOrDefault(value, -1) < at);
            if (held > 0 && held + more > most && open.stream().allMatch(value -> types.of(value) != 0)) {
                starts.add(n);
                held = 0;
            }
            held += more;
            open.addAll(node.getOutputList());
        }
        return starts;
    }
}
