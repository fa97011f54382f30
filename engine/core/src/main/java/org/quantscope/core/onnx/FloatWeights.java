package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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
 * Finds the floating constants of a graph that feed a multiplication and are not quantized, with the reason: weights of
 * recurrent networks, of subgraphs and of operators that are not standard, weights that are computed in the model,
 * factors, and tables that rows are looked up in. For one use.
 */
final class FloatWeights {
    /** The inputs at which a recurrent network reads weights. */
    private static final Set<Integer> OF_RECURRENT = Set.of(1, 2);

    /** Operators that multiply value by value, with the inputs at which a factor can be. */
    private static final Map<String, Set<Integer>> ELEMENTWISE = Map.of(
            "Mul", Set.of(0, 1),
            "Div", Set.of(0, 1),
            "PRelu", Set.of(1),
            "BatchNormalization", Set.of(1),
            "InstanceNormalization", Set.of(1),
            "LayerNormalization", Set.of(1),
            "GroupNormalization", Set.of(1),
            "RMSNormalization", Set.of(1),
            "RotaryEmbedding", Set.of(1, 2));

    /** Operators of ONNX Runtime that look rows up, with the inputs at which the tables are. */
    private static final Map<String, Set<Integer>> LOOKING_UP = Map.of("EmbedLayerNormalization", Set.of(2, 3, 4));

    private final Map<TensorId, FloatWeight> found = new LinkedHashMap<>();
    private final Set<TensorId> quantized = new HashSet<>();

    private FloatWeights() {}

    /** The float constants, those that layers multiply by first, in the order of the operators that read them. */
    static List<FloatWeight> of(GraphProto graph) {
        FloatWeights weights = new FloatWeights();
        weights.walk(graph, new Scope(null, new HashMap<>()), "", null);
        weights.quantized.forEach(weights.found::remove);
        List<FloatWeight> sorted = new ArrayList<>(
                weights.found.values().stream().filter(FloatWeight::ofLayer).toList());
        weights.found.values().stream().filter(w -> !w.ofLayer()).forEach(sorted::add);
        return List.copyOf(sorted);
    }

    /** The operator of the main graph whose inside stays in float. */
    private record Keeper(String node, String opType) {}

    /**
     * A floating stored tensor, with the name under which it is listed.
     *
     * @param main true if the main graph stores it
     */
    private record Stored(TensorId id, DType dtype, List<Long> dims, boolean main) {}

    /**
     * A value that does not depend on the data.
     *
     * @param sources the floating stored tensors that it is made of; if there are none, the value itself, if an operator
     *     makes floating numbers of integers
     * @param computedBy the operator that makes it of them; empty if it has their own numbers
     * @param rule why it is not quantized if a layer multiplies by it; empty if nothing is against it
     * @param integers the stored tensor, if it is one of integers
     */
    private record Fixed(
            List<Stored> sources, Optional<Keeper> computedBy, Optional<Rule> rule, Optional<TensorProto> integers) {
        Fixed(List<Stored> sources, Optional<Keeper> computedBy, Optional<Rule> rule) {
            this(sources, computedBy, rule, Optional.empty());
        }

        Fixed(List<Stored> sources) {
            this(sources, Optional.empty(), Optional.empty());
        }
    }

    /** The meaning of names in one graph: a value that is fixed, or one that is not. */
    private record Scope(@Nullable Scope outer, Map<String, Optional<Fixed>> names) {
        Optional<Fixed> find(String name) {
            Optional<Fixed> own = names.get(name);
            return own != null ? own : outer == null ? Optional.empty() : outer.find(name);
        }
    }

    private void walk(GraphProto graph, Scope scope, String prefix, @Nullable Keeper inside) {
        graph.getInputList().stream()
                .map(ValueInfoProto::getName)
                .forEach(name -> scope.names.putIfAbsent(name, Optional.empty()));
        graph.getInitializerList()
                .forEach(t -> scope.names.put(t.getName(), Optional.of(stored(prefix, t.getName(), t))));
        graph.getSparseInitializerList().forEach(t -> {
            String name = t.getValues().getName();
            Optional<Stored> only = TensorProtos.dtype(t.getValues().getDataType())
                    .filter(DType::isFloating)
                    .map(type -> new Stored(new TensorId(prefix + name), type, t.getDimsList(), prefix.isEmpty()));
            scope.names.put(
                    name, Optional.of(new Fixed(only.stream().toList(), Optional.empty(), Optional.of(Rule.SPARSE))));
        });
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            String name = node.getName().isEmpty() ? prefix + OnnxGraph.nodeName(node, i) : node.getName();
            Keeper self = new Keeper(name, node.getOpType());
            Optional<Fixed> made = made(node, self, scope, prefix);
            node.getOutputList().forEach(out -> scope.names.put(out, made));
            if (made.isEmpty()) {
                for (int in = 0; in < node.getInputCount(); in++) {
                    int at = in;
                    scope.find(node.getInput(in)).ifPresent(f -> read(node, name, at, f, inside));
                }
            }
            Keeper keeper = inside == null ? self : inside;
            for (AttributeProto a : node.getAttributeList()) {
                String within = name + "/" + a.getName() + "/";
                if (a.hasG()) {
                    walk(a.getG(), entered(node, a.getG(), scope), within, keeper);
                }
                a.getGraphsList().forEach(g -> walk(g, new Scope(scope, new HashMap<>()), within, keeper));
            }
        }
    }

    /** The scope of a subgraph: a constant that a Loop or Scan passes in is that constant inside. */
    private static Scope entered(NodeProto node, GraphProto body, Scope outer) {
        Scope scope = new Scope(outer, new HashMap<>());
        // The first inputs of a Loop are its count and its condition; those of its body, the number and the condition.
        boolean passes = Set.of("Loop", "Scan").contains(node.getOpType());
        for (int i = node.getOpType().equals("Loop") ? 2 : 0; passes && i < body.getInputCount(); i++) {
            if (i < node.getInputCount()) {
                // What is passed in may change from one turn to the next.
                scope.names.put(
                        body.getInput(i).getName(),
                        outer.find(node.getInput(i))
                                .map(f -> new Fixed(
                                        f.sources,
                                        f.computedBy,
                                        f.rule.or(() -> Optional.of(Rule.SUBGRAPH)),
                                        f.integers)));
            }
        }
        return scope;
    }

    /** What a node makes, if it makes it of fixed values only. */
    private static Optional<Fixed> made(NodeProto node, Keeper self, Scope scope, String prefix) {
        if (ElementTypes.isDefaultDomain(node) && node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
            String out = node.getOutput(0);
            return Optional.of(ElementTypes.tensorAttribute(node, "value")
                    .map(t -> stored(prefix, out, t))
                    .orElseGet(() -> values(prefix, out, node)));
        }
        List<Optional<Fixed>> inputs = node.getInputList().stream()
                .filter(in -> !in.isEmpty())
                .map(scope::find)
                .toList();
        boolean subgraph = node.getAttributeList().stream().anyMatch(a -> a.hasG() || a.getGraphsCount() > 0);
        if (inputs.isEmpty() || subgraph || inputs.stream().anyMatch(Optional::isEmpty)) {
            return Optional.empty();
        }
        Fixed first = inputs.getFirst().orElseThrow();
        Optional<Stored> born =
                inputs.stream().allMatch(f -> f.orElseThrow().sources.isEmpty())
                        ? born(node, first, prefix)
                        : Optional.empty();
        if (born.isPresent()) {
            return Optional.of(new Fixed(List.of(born.get()), Optional.of(self), Optional.of(Rule.MADE_WEIGHT)));
        }
        if (WeightChains.moves(node) && first.sources.stream().allMatch(s -> WeightChains.keeps(node, s.dtype))) {
            boolean same = Set.of("Identity", "Cast").contains(node.getOpType());
            return Optional.of(
                    same || first.integers.isEmpty() ? first : new Fixed(first.sources, first.computedBy, first.rule));
        }
        Set<Stored> sources = new LinkedHashSet<>();
        inputs.forEach(f -> sources.addAll(f.orElseThrow().sources));
        // What an operator makes of a value that another made stays that value.
        return sources.size() == 1 && first.rule.equals(Optional.of(Rule.MADE_WEIGHT))
                ? Optional.of(first)
                : Optional.of(new Fixed(List.copyOf(sources), Optional.of(self), Optional.of(Rule.COMPUTED_WEIGHT)));
    }

    /** The value that a node makes of integers, if its numbers are floating: codes cast, a shape filled with a number. */
    private static Optional<Stored> born(NodeProto node, Fixed of, String prefix) {
        if (!ElementTypes.isDefaultDomain(node) || node.getOutputCount() != 1) {
            return Optional.empty();
        }
        int type = switch (node.getOpType()) {
            case "Cast" -> (int) ElementTypes.intAttribute(node, "to", 0);
            case "EyeLike" -> (int) ElementTypes.intAttribute(node, "dtype", 0);
            case "ConstantOfShape" ->
                ElementTypes.tensorAttribute(node, "value")
                        .map(TensorProto::getDataType)
                        .orElse(DataType.FLOAT_VALUE);
            default -> 0;
        };
        List<Long> dims = of.integers
                .map(t -> node.getOpType().equals("ConstantOfShape") ? TensorProtos.longs(t) : t.getDimsList())
                .orElse(List.of());
        return TensorProtos.dtype(type)
                .filter(DType::isFloating)
                .map(dtype -> new Stored(new TensorId(prefix + node.getOutput(0)), dtype, dims, prefix.isEmpty()));
    }

    private static Fixed stored(String prefix, String name, TensorProto t) {
        Optional<DType> floating = TensorProtos.dtype(t.getDataType()).filter(DType::isFloating);
        return floating.isPresent()
                ? new Fixed(List.of(
                        new Stored(new TensorId(prefix + name), floating.get(), t.getDimsList(), prefix.isEmpty())))
                : new Fixed(List.of(), Optional.empty(), Optional.empty(), Optional.of(t));
    }

    /** The numbers of a Constant node that has them in an attribute of their own. */
    private static Fixed values(String prefix, String name, NodeProto node) {
        for (AttributeProto a : node.getAttributeList()) {
            boolean list = a.getName().equals("value_floats");
            if (list || a.getName().equals("value_float")) {
                List<Long> dims = list ? List.of((long) a.getFloatsCount()) : List.of();
                return new Fixed(List.of(new Stored(new TensorId(prefix + name), DType.F32, dims, prefix.isEmpty())));
            }
        }
        return new Fixed(List.of());
    }

    private void read(NodeProto node, String name, int input, Fixed value, @Nullable Keeper inside) {
        Keeper self = new Keeper(name, node.getOpType());
        Consumer by = new Consumer(name, node.getOpType(), input, 1);
        boolean standard = ElementTypes.isDefaultDomain(node);
        int rank = value.sources.size() == 1 ? value.sources.getFirst().dims.size() : 2;
        boolean layer = WeightInputs.channelAxis(node, input, Math.max(2, rank)).isPresent();
        boolean recurrent =
                standard && QuantizedOperators.RECURRENT.contains(node.getOpType()) && OF_RECURRENT.contains(input);
        if (layer || recurrent) {
            boolean matrix = rank >= 2;
            boolean stored = value.rule.isEmpty() && value.sources.stream().allMatch(Stored::main);
            if (inside != null && (recurrent || !matrix || !stored)) {
                add(value, by, Rule.SUBGRAPH, inside, matrix);
            } else if (recurrent) {
                add(value, by, Rule.RECURRENT, self, matrix);
            } else if (value.rule.isPresent()) {
                add(value, by, value.rule.get(), value.computedBy.orElse(self), value.computedBy.isPresent() || matrix);
            } else if (!matrix) {
                add(value, by, Rule.VECTOR, self, false);
            } else {
                value.sources.forEach(s -> quantized.add(s.id));
            }
        } else if (!standard) {
            boolean table = LOOKING_UP.getOrDefault(node.getOpType(), Set.of()).contains(input);
            add(value, by, table ? Rule.LOOKED_UP : Rule.OTHER_DOMAIN, self, !table && rank >= 2);
        } else if (ELEMENTWISE.getOrDefault(node.getOpType(), Set.of()).contains(input)) {
            add(value, by, Rule.ELEMENTWISE, self, false);
        } else if (node.getOpType().equals("Gather") && input == 0) {
            add(value, by, Rule.LOOKED_UP, self, false);
        }
    }

    private void add(Fixed value, Consumer by, Rule rule, Keeper keeper, boolean ofLayer) {
        for (Stored s : value.sources) {
            Shape shape;
            try {
                shape = Shape.of(s.dims.stream().mapToLong(Long::longValue).toArray());
            } catch (IllegalArgumentException e) {
                // The loader checks the shapes of the main graph only; running the model will fail on this one.
                continue;
            }
            TensorInfo info =
                    new TensorInfo(s.id, TensorKind.CONSTANT, s.dtype, shape, OptionalInt.empty(), List.of(by));
            Site site = new Site(s.id, State.FLOAT, rule, keeper.node, keeper.opType, Optional.empty(), false, false);
            FloatWeight before = found.get(s.id);
            if (before == null || (ofLayer && !before.ofLayer())) {
                found.put(s.id, new FloatWeight(info, site, ofLayer));
            }
        }
    }
}
