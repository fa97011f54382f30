package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.onnx.Placement.Rule;
import org.quantscope.core.onnx.Placement.Site;
import org.quantscope.core.onnx.Placement.State;
import org.quantscope.core.tensor.TensorId;

/** Applies the rules of {@link QuantizedOperators} to one graph. For one use. */
final class PlacementRules {
    private final OnnxGraph graph;
    private final GraphProto proto;
    private final ElementTypes types;
    private final Map<String, NodeProto> producers;
    private final Map<String, NodeProto> onlyReader;
    private final IdentityHashMap<NodeProto, String> names = new IdentityHashMap<>();
    private final Set<String> outputs;
    private final Set<String> inputs = new HashSet<>();
    private final Set<String> added;
    private final Map<String, Site> found = new HashMap<>();
    /** What {@link #continuesLayer} has found out so far. */
    private final Map<String, Boolean> inLayer = new HashMap<>();
    /** What {@link #lastOfLayer} has found out so far. */
    private final Map<String, NodeProto> lastOf = new HashMap<>();

    private PlacementRules(OnnxGraph graph, Set<TensorId> added) {
        this.graph = graph;
        this.proto = graph.proto().getGraph();
        this.types = graph.types();
        this.producers = OnnxGraph.producers(proto);
        this.outputs = new HashSet<>(graph.outputNames());
        proto.getInputList().forEach(v -> inputs.add(v.getName()));
        this.onlyReader = onlyReaders();
        this.added = new HashSet<>();
        added.forEach(id -> this.added.add(id.name()));
    }

    /** @param added values that get a quantizer of their own regardless of the rules; other names are ignored */
    static Placement of(OnnxGraph graph, Set<TensorId> added) {
        return new PlacementRules(graph, added).place();
    }

    private Placement place() {
        for (int i = 0; i < proto.getNodeCount(); i++) {
            names.put(proto.getNode(i), OnnxGraph.nodeName(proto.getNode(i), i));
        }
        for (String name : added) {
            if (isQuantizable(name)) {
                put(name, State.OWN, Rule.ADDED, null, Optional.empty(), true);
            }
        }
        proto.getNodeList().forEach(this::claimInputs);
        proto.getNodeList().forEach(this::claimOutputs);
        proto.getNodeList().forEach(this::tieConcat);
        Set<String> ordered = new LinkedHashSet<>();
        proto.getInputList().stream().map(ValueInfoProto::getName).forEach(ordered::add);
        proto.getNodeList().forEach(n -> ordered.addAll(n.getOutputList()));
        List<Site> sites = new ArrayList<>();
        for (String name : ordered) {
            Site site = found.get(name);
            if (site != null) {
                sites.add(site);
            } else if (isQuantizable(name)) {
                sites.add(floating(name));
            } else if (!name.isEmpty() && types.of(name) == DataType.UNDEFINED_VALUE && types.dependsOnInput(name)) {
                sites.add(site(
                        name, State.FLOAT, Rule.UNKNOWN_TYPE, producers.get(name), Optional.empty(), false, false));
            }
        }
        return new Placement(sites);
    }

    private void claimInputs(NodeProto node) {
        if (!isComputing(node)) {
            return;
        }
        for (int i = 0; i < node.getInputCount(); i++) {
            String in = node.getInput(i);
            boolean bias = i == 2 && QuantizedOperators.WITH_BIAS.contains(node.getOpType());
            if (!bias && isQuantizable(in) && !isInsideLayer(in)) {
                own(in, Rule.READ_BY_INTEGER, node);
            }
        }
    }

    private void claimOutputs(NodeProto node) {
        if (!ElementTypes.isDefaultDomain(node) || node.getInputCount() == 0) {
            return;
        }
        String op = node.getOpType();
        String first = node.getInput(0);
        boolean absorbed = node.getInputList().stream().anyMatch(this::isInsideLayer);
        if (absorbed) {
            forOutputs(node, out -> end(out, Rule.BEHIND_LAYER, node));
        } else if (op.equals("Pad") && keepsGrid(node)) {
            forOutputs(node, out -> tie(out, first, Rule.MOVED, node, false));
        } else if (isComputing(node)) {
            forOutputs(node, out -> end(out, Rule.COMPUTED_IN_INTEGERS, node));
        } else if (QuantizedOperators.CLAMPING.contains(op) && isQuantized(first)) {
            forOutputs(node, out -> end(out, Rule.BEHIND_QUANTIZED, node));
        } else if (op.equals("Where")
                && node.getInputCount() == 3
                && isQuantized(node.getInput(1))
                && isQuantized(node.getInput(2))) {
            forOutputs(node, out -> end(out, Rule.BEHIND_QUANTIZED, node));
        } else if (QuantizedOperators.MOVING.contains(op)
                && isQuantized(first)
                && (!op.equals("MaxPool") || graph.opset() >= QuantizedOperators.FIRST_WITH_INTEGER_MAX_POOL)) {
            forOutputs(node, out -> tie(out, first, Rule.MOVED, node, false));
        } else if (QuantizedOperators.AVERAGING.contains(op)
                && isQuantized(first)
                && (!op.equals("Resize") || graph.opset() >= QuantizedOperators.FIRST_WITH_INTEGER_RESIZE)) {
            forOutputs(node, out -> tie(out, first, Rule.AVERAGED, node, true));
        }
    }

    private void forOutputs(NodeProto node, Consumer<String> action) {
        node.getOutputList().stream().filter(this::isQuantizable).forEach(action);
    }

    /**
     * Places a quantizer at the end of a layer or operator, unless it is inside a longer layer, which has its own end.
     */
    private void end(String out, Rule rule, NodeProto node) {
        if (!isInsideLayer(out)) {
            own(out, rule, node);
        }
    }

    private void own(String value, Rule rule, @Nullable NodeProto node) {
        Site now = found.get(value);
        if (now == null || (now.state() == State.OWN && now.rule() == Rule.READ_BY_INTEGER)) {
            put(value, State.OWN, rule, node, Optional.empty(), true);
        }
    }

    private void tie(String value, String to, Rule rule, NodeProto node, boolean rounds) {
        if (!added.contains(value)) {
            put(value, State.TIED, rule, node, Optional.of(new TensorId(to)), rounds);
        }
    }

    /**
     * Gives a value that only a Concat reads the parameters of the Concat's output, because it is rounded to them there
     * in any case.
     */
    private void tieConcat(NodeProto node) {
        Site out = node.getOpType().equals("Concat") && isComputing(node) ? found.get(node.getOutput(0)) : null;
        if (out == null || out.state() == State.FLOAT) {
            return;
        }
        for (String in : node.getInputList()) {
            Site site = found.get(in);
            if (site != null && site.state() == State.OWN && onlyReader.containsKey(in) && !inputs.contains(in)) {
                tie(in, node.getOutput(0), Rule.CONCATENATED, node, true);
            }
        }
    }

    private Site floating(String name) {
        NodeProto producer = producers.get(name);
        if (producer == null) {
            return site(name, State.FLOAT, Rule.NOT_READ, null, Optional.empty(), false, true);
        }
        String op = producer.getOpType();
        if (isInsideLayer(name)) {
            return site(name, State.FLOAT, Rule.INSIDE_LAYER, lastOfLayer(name), Optional.empty(), false, true);
        }
        Rule rule = !ElementTypes.isDefaultDomain(producer)
                ? Rule.OTHER_DOMAIN
                : QuantizedOperators.RECURRENT.contains(op)
                        ? Rule.RECURRENT
                        : QuantizedOperators.CONTROL_FLOW.contains(op)
                                ? Rule.SUBGRAPH
                                : QuantizedOperators.MOVING.contains(op)
                                                || QuantizedOperators.AVERAGING.contains(op)
                                                || QuantizedOperators.CLAMPING.contains(op)
                                        ? Rule.FLOAT_INPUT
                                        : Rule.FLOAT_OPERATORS;
        return site(name, State.FLOAT, rule, producer, Optional.empty(), false, true);
    }

    /** The last node of the layer that a value is inside of. */
    private @Nullable NodeProto lastOfLayer(String value) {
        List<String> passed = new ArrayList<>();
        String at = value;
        NodeProto last = lastOf.get(at);
        while (last == null) {
            passed.add(at);
            NodeProto reader = onlyReader.get(at);
            if (reader == null) {
                return null;
            }
            at = reader.getOutput(0);
            last = isInsideLayer(at) && passed.size() <= producers.size() ? lastOf.get(at) : reader;
        }
        for (String name : passed) {
            lastOf.put(name, last);
        }
        return last;
    }

    private void put(
            String name, State state, Rule rule, @Nullable NodeProto node, Optional<TensorId> tiedTo, boolean rounds) {
        found.put(name, site(name, state, rule, node, tiedTo, rounds, true));
    }

    private Site site(
            String name,
            State state,
            Rule rule,
            @Nullable NodeProto node,
            Optional<TensorId> tiedTo,
            boolean rounds,
            boolean addable) {
        return new Site(
                new TensorId(name),
                state,
                rule,
                node == null ? "" : names.getOrDefault(node, ""),
                node == null ? "" : node.getOpType(),
                tiedTo,
                rounds,
                addable);
    }

    private boolean isQuantized(String value) {
        return found.containsKey(value);
    }

    private boolean isQuantizable(String value) {
        return !value.isEmpty() && types.isFloating(value) && types.dependsOnInput(value) && !graph.isStored(value);
    }

    /** The reader of each value that exactly one node of the main graph reads, once, and that is not a graph output. */
    private Map<String, NodeProto> onlyReaders() {
        Map<String, NodeProto> readers = new HashMap<>();
        for (NodeProto node : proto.getNodeList()) {
            for (String in : node.getInputList()) {
                if (!outputs.contains(in) && graph.consumers(in).size() == 1) {
                    readers.put(in, node);
                }
            }
        }
        return readers;
    }

    private boolean isComputing(NodeProto node) {
        return ElementTypes.isDefaultDomain(node)
                && QuantizedOperators.COMPUTING.contains(node.getOpType())
                && (!QuantizedOperators.BETWEEN_ACTIVATIONS.contains(node.getOpType())
                        || node.getInputList().stream().allMatch(types::dependsOnInput));
    }

    /** True if a node can be a later part of the layer that computes its input {@code value}. */
    private boolean isAbsorbable(NodeProto node, String value) {
        if (!ElementTypes.isDefaultDomain(node)) {
            return false;
        }
        if (QuantizedOperators.CLAMPING.contains(node.getOpType())) {
            return node.getInput(0).equals(value);
        }
        return QuantizedOperators.ABSORBED.contains(node.getOpType())
                && node.getInputList().stream().filter(in -> !in.equals(value)).noneMatch(types::dependsOnInput);
    }

    /** True if the value is computed by a layer and its only reader is the next part of that layer. */
    private boolean isInsideLayer(String value) {
        return !added.contains(value) && continuesLayer(value);
    }

    /**
     * As {@link #isInsideLayer}, whether or not the value has been given a quantizer of its own. Answers are kept for
     * every value that is passed on the way back to the layer, so that a long chain is walked once.
     */
    private boolean continuesLayer(String value) {
        List<String> passed = new ArrayList<>();
        String at = value;
        Boolean answer = inLayer.get(at);
        while (answer == null) {
            passed.add(at);
            // Stands until the true answer is known, and ends the walk in a file that has a cycle all the same.
            inLayer.put(at, false);
            NodeProto reader = onlyReader.get(at);
            NodeProto producer = producers.get(at);
            if (reader == null || producer == null || !isAbsorbable(reader, at)) {
                answer = false;
            } else if (isComputing(producer)) {
                answer = true;
            } else {
                // The producer may itself be a later part of the layer, so its own input is checked too.
                at = producer.getInputList().stream()
                        .filter(types::dependsOnInput)
                        .findFirst()
                        .orElse("");
                answer = inLayer.get(at);
            }
        }
        for (String name : passed) {
            inLayer.put(name, answer);
        }
        return answer;
    }

    /**
     * True if a Pad only adds copies of its input's values, or zeros, which are a level of every grid of an activation.
     */
    private boolean keepsGrid(NodeProto pad) {
        String mode = "constant";
        for (AttributeProto a : pad.getAttributeList()) {
            if (a.getName().equals("mode")) {
                mode = a.getS().toStringUtf8();
            }
        }
        if (!mode.equals("constant")) {
            return true;
        }
        if (pad.getInputCount() > 2 && !pad.getInput(2).isEmpty()) {
            return graph.scalar(pad.getInput(2)).filter(v -> v == 0).isPresent();
        }
        return ElementTypes.floatAttribute(pad, "value", 0) == 0;
    }
}
