package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxNode;

/**
 * A model computed value by value, so that what lies before a value can change as long as it has not been computed: each
 * step runs only the nodes between the values that are kept of the steps before and the next value that is wanted. What
 * has to be kept is known in advance, so residual connections and branches are kept as long as somebody reads them.
 *
 * <p>A node that depends on no input of the graph is run again in each step that needs it; its values are never kept.
 */
public final class GraphWalk {
    private static final int NEVER = Integer.MAX_VALUE;

    private final RunnableGraph model;
    private final GraphProto graph;
    private final ElementTypes types;
    private final List<String> values;
    private final List<Set<String>> reads;
    private final Map<String, Integer> producers = new HashMap<>();
    /** Nodes that depend on an input of the graph. */
    private final BitSet moving = new BitSet();
    /** The step that first needs a node; {@link #NEVER} if none does. */
    private final int[] steps;

    private GraphWalk(RunnableGraph model, List<String> values) {
        this.model = model;
        this.graph = model.proto().getGraph();
        this.types = new ElementTypes(graph);
        this.values = List.copyOf(values);
        this.reads = graph.getNodeList().stream().map(OnnxNode::reads).toList();
        Set<String> moved = new HashSet<>();
        graph.getInputList().forEach(v -> moved.add(v.getName()));
        for (int n = 0; n < reads.size(); n++) {
            for (String out : graph.getNode(n).getOutputList()) {
                producers.put(out, n);
            }
            if (reads.get(n).stream().anyMatch(moved::contains)) {
                moving.set(n);
                moved.addAll(graph.getNode(n).getOutputList());
            }
        }
        this.steps = new int[reads.size()];
        Arrays.fill(steps, NEVER);
        for (int i = 0; i < values.size(); i++) {
            BitSet own = new BitSet();
            collect(Set.of(values.get(i)), 0, own);
            for (int n = own.nextSetBit(0); n >= 0; n = own.nextSetBit(n + 1)) {
                steps[n] = Math.min(steps[n], i);
            }
        }
    }

    /**
     * The walk to some values.
     *
     * @param model a graph of this package, in which each value is computed before it is read
     * @param values computed by it, in the order in which they are wanted
     */
    public static GraphWalk of(RunnableGraph model, List<String> values) {
        return new GraphWalk(model, values);
    }

    /**
     * A part of the model.
     *
     * @param model gives the wanted value, if it computes it, and those of the kept values that it computes
     * @param inputs what it reads: inputs of the whole model, and values that are kept
     * @param stored the names of the stored tensors that it reads
     * @param given the values that it gives; empty if the wanted one is among the kept ones already
     */
    public record Part(RunnableGraph model, Set<String> inputs, Set<String> stored, Set<String> given) {
        public Part {
            inputs = Set.copyOf(inputs);
            stored = Set.copyOf(stored);
            given = Set.copyOf(given);
        }
    }

    /** The value that a step leads to. */
    public String value(int step) {
        return values.get(step);
    }

    /** What is to be kept after a step, of this step and of earlier ones, for the steps behind it. */
    public Set<String> kept(int step) {
        Set<String> kept = new LinkedHashSet<>();
        for (int n = 0; n < steps.length; n++) {
            if (steps[n] > step && steps[n] != NEVER) {
                reads.get(n).stream().filter(v -> isBehind(v, step)).forEach(kept::add);
            }
        }
        values.subList(step + 1, values.size()).stream()
                .filter(v -> isBehind(v, step))
                .forEach(kept::add);
        return kept;
    }

    /** True if a value moves and is computed in that step or before it. */
    private boolean isBehind(String value, int step) {
        Integer by = producers.get(value);
        return by != null && moving.get(by) && steps[by] <= step;
    }

    /** False if the type of a value that is to be kept after a step is not known: the next step cannot begin there. */
    public boolean canKeep(int step) {
        return kept(step).stream().noneMatch(v -> types.of(v) == DataType.UNDEFINED_VALUE);
    }

    /** From the values that are kept after the step before to the value of this step. */
    public Part on(int step) {
        BitSet own = new BitSet();
        collect(Set.of(values.get(step)), step, own);
        return part(own, step);
    }

    /** From the inputs of the model to the value of a step, and to all that is to be kept after it. */
    public Part fromStart(int step) {
        Set<String> wanted = kept(step);
        wanted.add(values.get(step));
        BitSet own = new BitSet();
        collect(wanted, 0, own);
        return part(own, step);
    }

    /** Adds the nodes that some values are computed by, but for those that move and belong to an earlier step. */
    private void collect(Set<String> wanted, int first, BitSet into) {
        Deque<String> open = new ArrayDeque<>(wanted);
        while (!open.isEmpty()) {
            Integer by = producers.get(open.pop());
            if (by != null && !into.get(by) && !(moving.get(by) && steps[by] < first)) {
                into.set(by);
                open.addAll(reads.get(by));
            }
        }
    }

    private Part part(BitSet own, int step) {
        GraphProto.Builder part = graph.toBuilder()
                .clearNode()
                .clearInitializer()
                .clearInput()
                .clearOutput()
                .clearValueInfo();
        Set<String> computed = new HashSet<>();
        Set<String> read = new LinkedHashSet<>();
        own.stream().forEach(n -> {
            part.addNode(graph.getNode(n));
            computed.addAll(graph.getNode(n).getOutputList());
            read.addAll(reads.get(n));
        });
        Set<String> stored = new HashSet<>();
        graph.getInitializerList().stream()
                .filter(t -> read.contains(t.getName()))
                .forEach(t -> {
                    part.addInitializer(t);
                    stored.add(t.getName());
                });
        computed.stream()
                .filter(v -> !moving.get(Objects.requireNonNull(producers.get(v))))
                .forEach(stored::add);
        Set<String> inputs = new LinkedHashSet<>();
        graph.getInputList().stream().filter(v -> read.contains(v.getName())).forEach(v -> {
            part.addInput(v);
            inputs.add(v.getName());
        });
        for (String value : read) {
            if (producers.containsKey(value) && !computed.contains(value)) {
                part.addInput(GraphEdit.unshaped(value, types.of(value)));
                inputs.add(value);
            }
        }
        List<String> given = new ArrayList<>();
        Set<String> wanted = new LinkedHashSet<>(List.of(values.get(step)));
        if (canKeep(step)) {
            wanted.addAll(kept(step));
        }
        for (String value : wanted) {
            if (computed.contains(value)) {
                part.addOutput(GraphEdit.unshaped(value, types.of(value)));
                given.add(value);
            }
        }
        ModelProto whole = model.proto();
        return new Part(
                model.with(whole.toBuilder().setGraph(part).build()), inputs, stored, new LinkedHashSet<>(given));
    }
}
