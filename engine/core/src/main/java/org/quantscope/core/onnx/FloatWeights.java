package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.onnx.OnnxGraph.FloatWeight;
import org.quantscope.core.onnx.Placement.Rule;
import org.quantscope.core.onnx.Placement.Site;
import org.quantscope.core.onnx.Placement.State;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Finds the weights of a graph that are not quantized: those of recurrent networks, and those that only subgraphs read.
 * For one use.
 */
final class FloatWeights {
    /** The input at which a layer reads its weight; a recurrent network reads weights at two inputs. */
    private static final List<Integer> OF_LAYER = List.of(1);

    private static final List<Integer> OF_RECURRENT = List.of(1, 2);

    private final Map<TensorId, FloatWeight> found = new LinkedHashMap<>();
    private final Set<TensorId> quantized = new HashSet<>();

    private FloatWeights() {}

    /** The float weights, in the order of the operators that read them. */
    static List<FloatWeight> of(GraphProto graph) {
        FloatWeights weights = new FloatWeights();
        weights.walk(graph, null, "", null);
        weights.quantized.forEach(weights.found::remove);
        return List.copyOf(weights.found.values());
    }

    /** The operator of the main graph whose inside stays in float. */
    private record Keeper(String node, String opType) {}

    /** A stored tensor, with the name under which it is listed. */
    private record Stored(TensorId id, TensorProto tensor) {}

    /** A stored tensor and an operator that reads it. */
    private record Read(Stored stored, Consumer by) {}

    /** The meaning of names in one graph: a stored tensor, or a value that is not stored. */
    private record Scope(@Nullable Scope outer, Map<String, Optional<Stored>> names) {
        Optional<Stored> find(String name) {
            Optional<Stored> own = names.get(name);
            return own != null ? own : outer == null ? Optional.empty() : outer.find(name);
        }
    }

    private void walk(GraphProto graph, @Nullable Scope outer, String prefix, @Nullable Keeper inside) {
        Scope scope = new Scope(outer, new HashMap<>());
        graph.getInputList().stream()
                .map(ValueInfoProto::getName)
                .forEach(name -> scope.names.put(name, Optional.empty()));
        graph.getInitializerList().forEach(t -> scope.names.put(t.getName(), stored(prefix, t.getName(), t)));
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            String op = ElementTypes.isDefaultDomain(node) ? node.getOpType() : "";
            String name = node.getName().isEmpty() ? prefix + OnnxGraph.nodeName(node, i) : node.getName();
            node.getOutputList().forEach(out -> scope.names.put(out, Optional.empty()));
            switch (op) {
                case "Constant" ->
                    ElementTypes.tensorAttribute(node, "value")
                            .ifPresent(t -> scope.names.put(node.getOutput(0), stored(prefix, node.getOutput(0), t)));
                case "Identity" -> scope.names.put(node.getOutput(0), scope.find(node.getInput(0)));
                case "Conv", "ConvTranspose", "Gemm", "MatMul" -> {
                    List<Read> read = read(node, name, OF_LAYER, scope);
                    if (inside == null) {
                        read.forEach(r -> quantized.add(r.stored.id));
                    } else {
                        read.forEach(r -> add(r, Rule.SUBGRAPH, inside));
                    }
                }
                default -> {
                    if (QuantizedOperators.RECURRENT.contains(op)) {
                        read(node, name, OF_RECURRENT, scope)
                                .forEach(r -> add(
                                        r,
                                        inside == null ? Rule.RECURRENT : Rule.SUBGRAPH,
                                        inside == null ? new Keeper(name, op) : inside));
                    }
                }
            }
            Keeper keeper = inside == null ? new Keeper(name, node.getOpType()) : inside;
            for (AttributeProto a : node.getAttributeList()) {
                String within = name + "/" + a.getName() + "/";
                if (a.hasG()) {
                    walk(a.getG(), scope, within, keeper);
                }
                a.getGraphsList().forEach(g -> walk(g, scope, within, keeper));
            }
        }
    }

    /** The tensor if it may be a weight: it must be floating and of rank 2 or more. */
    private static Optional<Stored> stored(String prefix, String name, TensorProto t) {
        boolean weight =
                TensorProtos.dtype(t.getDataType()).filter(DType::isFloating).isPresent() && t.getDimsCount() >= 2;
        return weight ? Optional.of(new Stored(new TensorId(prefix + name), t)) : Optional.empty();
    }

    private static List<Read> read(NodeProto node, String name, List<Integer> inputs, Scope scope) {
        List<Read> read = new ArrayList<>();
        for (int i : inputs) {
            if (i < node.getInputCount()) {
                scope.find(node.getInput(i))
                        .ifPresent(s -> read.add(new Read(s, new Consumer(name, node.getOpType(), i, 1))));
            }
        }
        return read;
    }

    private void add(Read read, Rule rule, Keeper keeper) {
        Stored s = read.stored;
        long[] dims = s.tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        Shape shape;
        try {
            shape = Shape.of(dims);
        } catch (IllegalArgumentException e) {
            // The loader checks the shapes of the main graph only; running the model will fail on this one.
            return;
        }
        TensorInfo info = new TensorInfo(
                s.id,
                TensorKind.CONSTANT,
                TensorProtos.dtype(s.tensor.getDataType()).orElseThrow(),
                shape,
                OptionalInt.empty(),
                List.of(read.by));
        found.putIfAbsent(
                s.id,
                new FloatWeight(
                        info,
                        new Site(s.id, State.FLOAT, rule, keeper.node, keeper.opType, Optional.empty(), false, false)));
    }
}
