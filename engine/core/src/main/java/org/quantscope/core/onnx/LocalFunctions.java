package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;

/**
 * Puts the nodes of a model's own functions in place of the calls, as a runtime does, so that the weights that are
 * passed to a function are seen by the layers in it (onnx IR.md, "Functions"). For one use.
 *
 * <p>A function for another version of the default operator set stays a call, unless its operators mean the same in
 * both.
 */
final class LocalFunctions {
    /** The most nodes that may result: a short file can call functions that call functions. */
    static final int MOST_NODES = 500_000;

    private static final int MOST_CALLS_INSIDE_ONE_ANOTHER = 64;

    /** Operators that mean the same in every version from {@link #STABLE_SINCE} on. */
    private static final Set<String> STABLE = Set.of(
            "Abs",
            "Add",
            "Cast",
            "Concat",
            "Constant",
            "Conv",
            "ConvTranspose",
            "Div",
            "Erf",
            "Exp",
            "Flatten",
            "Gather",
            "Gemm",
            "Identity",
            "LeakyRelu",
            "Log",
            "MatMul",
            "Max",
            "Min",
            "Mul",
            "Neg",
            "Pow",
            "Relu",
            "Shape",
            "Sigmoid",
            "Slice",
            "Softmax",
            "Sqrt",
            "Squeeze",
            "Sub",
            "Tanh",
            "Transpose",
            "Unsqueeze",
            "Where");

    private static final int STABLE_SINCE = 13;

    private final Path file;
    private final Map<String, FunctionProto> functions = new HashMap<>();
    private final Map<String, Long> imports = new LinkedHashMap<>();
    private final Set<String> values;
    private final Set<String> nodeNames = new HashSet<>();
    private final Set<String> kept = new TreeSet<>();
    private int nodes;

    private LocalFunctions(Path file, ModelProto model) {
        this.file = file;
        this.values = OnnxGraph.namesIn(model.getGraph());
        model.getFunctionsList().forEach(f -> functions.put(key(f.getDomain(), f.getName(), f.getOverload()), f));
        model.getOpsetImportList().forEach(set -> imports.put(domain(set.getDomain()), set.getVersion()));
        addNodeNames(model.getGraph());
    }

    /**
     * The same model without calls of functions of its own; the model itself if it has none.
     *
     * @throws BadInputException if a function calls itself, or the result is too large
     */
    static ModelProto inline(Path file, ModelProto model) {
        return model.getFunctionsCount() == 0 ? model : new LocalFunctions(file, model).inline(model);
    }

    private ModelProto inline(ModelProto model) {
        GraphProto graph = graph(
                model.getGraph(), new HashMap<>(), Map.of(), 0, model.getGraph().getName(), false);
        ModelProto.Builder out = model.toBuilder().setGraph(graph).clearFunctions();
        if (!kept.isEmpty()) {
            // Those that stay may call any of the others.
            out.addAllFunctions(model.getFunctionsList());
        }
        out.clearOpsetImport();
        for (OperatorSetIdProto set : model.getOpsetImportList()) {
            out.addOpsetImport(set);
            imports.remove(domain(set.getDomain()));
        }
        imports.forEach((domain, version) -> out.addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
        return out.build();
    }

    private static String domain(String domain) {
        return ElementTypes.isDefaultDomain(domain) ? "" : domain;
    }

    private static String key(String domain, String name, String overload) {
        return domain(domain) + "\0" + name + "\0" + overload;
    }

    private void addNodeNames(GraphProto graph) {
        for (NodeProto node : graph.getNodeList()) {
            nodeNames.add(node.getName());
            node.getAttributeList().forEach(a -> subgraphs(a).forEach(this::addNodeNames));
        }
    }

    private static Stream<GraphProto> subgraphs(AttributeProto a) {
        return Stream.concat(a.hasG() ? Stream.of(a.getG()) : Stream.empty(), a.getGraphsList().stream());
    }

    /**
     * A graph with its calls replaced.
     *
     * @param names what the names in it are called in the result, if otherwise
     * @param given the attributes of the call that it is a part of, by name
     * @param prefix of new names
     * @param inFunction true if the graph comes from a function, so that its own names have to become unique
     */
    private GraphProto graph(
            GraphProto graph,
            Map<String, String> names,
            Map<String, AttributeProto> given,
            int depth,
            String prefix,
            boolean inFunction) {
        GraphProto.Builder out = graph.toBuilder();
        if (inFunction) {
            for (int i = 0; i < out.getInputCount(); i++) {
                String fresh = fresh(prefix, graph.getInput(i).getName());
                names.put(graph.getInput(i).getName(), fresh);
                out.getInputBuilder(i).setName(fresh);
            }
            for (int i = 0; i < out.getInitializerCount(); i++) {
                String fresh = fresh(prefix, graph.getInitializer(i).getName());
                names.put(graph.getInitializer(i).getName(), fresh);
                out.getInitializerBuilder(i).setName(fresh);
            }
            out.clearValueInfo();
            for (NodeProto node : graph.getNodeList()) {
                node.getOutputList().stream().filter(o -> !o.isEmpty()).forEach(o -> names.put(o, fresh(prefix, o)));
            }
        }
        out.clearNode();
        expand(graph.getNodeList(), names, given, depth, prefix, inFunction).forEach(out::addNode);
        if (inFunction) {
            for (int i = 0; i < out.getOutputCount(); i++) {
                String name = graph.getOutput(i).getName();
                out.getOutputBuilder(i).setName(names.getOrDefault(name, name));
            }
        }
        return out.build();
    }

    /** The nodes with calls replaced, names and referred attributes filled in. */
    private List<NodeProto> expand(
            List<NodeProto> from,
            Map<String, String> names,
            Map<String, AttributeProto> given,
            int depth,
            String prefix,
            boolean inFunction) {
        List<NodeProto> out = new ArrayList<>();
        for (int i = 0; i < from.size(); i++) {
            NodeProto.Builder b = from.get(i).toBuilder();
            String own = OnnxGraph.nodeName(from.get(i), i);
            b.clearAttribute();
            for (AttributeProto a : from.get(i).getAttributeList()) {
                Optional<AttributeProto> filled = filled(a, given);
                filled.ifPresent(f -> b.addAttribute(inner(f, names, given, depth, prefix + "/" + own, inFunction)));
            }
            if (inFunction) {
                b.setName(freshNode(prefix, own));
                for (int k = 0; k < b.getInputCount(); k++) {
                    b.setInput(k, names.getOrDefault(b.getInput(k), b.getInput(k)));
                }
                for (int k = 0; k < b.getOutputCount(); k++) {
                    b.setOutput(k, names.getOrDefault(b.getOutput(k), b.getOutput(k)));
                }
            }
            NodeProto node = b.build();
            FunctionProto function = functions.get(key(node.getDomain(), node.getOpType(), node.getOverload()));
            if (function == null) {
                out.add(node);
            } else if (!sameMeaning(function)) {
                kept.add(function.getName());
                out.add(node);
            } else {
                out.addAll(call(node, inFunction ? node.getName() : own, function, depth + 1));
            }
            nodes++;
            if (nodes > MOST_NODES) {
                throw new BadInputException(
                        file, "functions", "the graph has more than " + MOST_NODES + " nodes when they are put in");
            }
        }
        return out;
    }

    /** An attribute with the value that the call gives, or the function's own default; empty if it is left out. */
    private static Optional<AttributeProto> filled(AttributeProto a, Map<String, AttributeProto> given) {
        return a.getRefAttrName().isEmpty()
                ? Optional.of(a)
                : Optional.ofNullable(given.get(a.getRefAttrName()))
                        .map(v -> v.toBuilder().setName(a.getName()).build());
    }

    private AttributeProto inner(
            AttributeProto a,
            Map<String, String> names,
            Map<String, AttributeProto> given,
            int depth,
            String prefix,
            boolean inFunction) {
        if (!a.hasG() && a.getGraphsCount() == 0) {
            return a;
        }
        AttributeProto.Builder b = a.toBuilder();
        if (a.hasG()) {
            b.setG(graph(a.getG(), new HashMap<>(names), given, depth, prefix, inFunction));
        }
        for (int i = 0; i < a.getGraphsCount(); i++) {
            b.setGraphs(i, graph(a.getGraphs(i), new HashMap<>(names), given, depth, prefix, inFunction));
        }
        return b.build();
    }

    private List<NodeProto> call(NodeProto node, String prefix, FunctionProto function, int depth) {
        if (depth > MOST_CALLS_INSIDE_ONE_ANOTHER) {
            throw new BadInputException(
                    file,
                    "functions",
                    function.getName() + " calls itself, or more than " + MOST_CALLS_INSIDE_ONE_ANOTHER
                            + " functions inside one another");
        }
        Map<String, AttributeProto> given = new HashMap<>();
        function.getAttributeProtoList().forEach(a -> given.put(a.getName(), a));
        node.getAttributeList().forEach(a -> given.put(a.getName(), a));
        Map<String, String> names = new HashMap<>();
        Set<String> formal = new HashSet<>();
        for (int i = 0; i < function.getInputCount(); i++) {
            formal.add(function.getInput(i));
            names.put(function.getInput(i), i < node.getInputCount() ? node.getInput(i) : "");
        }
        List<NodeProto> behind = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (int i = 0; i < function.getOutputCount() && i < node.getOutputCount(); i++) {
            String result = function.getOutput(i);
            String wanted = node.getOutput(i);
            if (wanted.isEmpty()) {
                continue;
            }
            if (formal.contains(result) || !taken.add(result)) {
                // It passes an input on, or one value as two results.
                behind.add(NodeProto.newBuilder()
                        .setOpType("Identity")
                        .setName(freshNode(prefix, wanted))
                        .addInput(names.getOrDefault(result, result))
                        .addOutput(wanted)
                        .build());
            } else {
                names.put(result, wanted);
            }
        }
        for (NodeProto inside : function.getNodeList()) {
            for (String value : inside.getOutputList()) {
                if (!value.isEmpty() && !names.containsKey(value)) {
                    names.put(value, fresh(prefix, value));
                }
            }
        }
        for (OperatorSetIdProto set : function.getOpsetImportList()) {
            imports.putIfAbsent(domain(set.getDomain()), set.getVersion());
        }
        List<NodeProto> out = new ArrayList<>(expand(function.getNodeList(), names, given, depth, prefix, true));
        out.addAll(behind);
        return out;
    }

    /** True if a function's operators mean the same in the operator sets of the model. */
    private boolean sameMeaning(FunctionProto function) {
        for (OperatorSetIdProto set : function.getOpsetImportList()) {
            long wanted = set.getVersion();
            long has = imports.getOrDefault(domain(set.getDomain()), wanted);
            boolean stable = wanted >= STABLE_SINCE
                    && has >= STABLE_SINCE
                    && function.getNodeList().stream()
                            .allMatch(n -> !ElementTypes.isDefaultDomain(n) || STABLE.contains(n.getOpType()));
            if (wanted != has && (!ElementTypes.isDefaultDomain(set.getDomain()) || !stable)) {
                return false;
            }
        }
        return true;
    }

    private String fresh(String prefix, String name) {
        return unique(prefix + "/" + name, values);
    }

    private String freshNode(String prefix, String name) {
        return unique(prefix + "/" + name, nodeNames);
    }

    private static String unique(String base, Set<String> taken) {
        String name = base;
        for (int i = 2; !taken.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }
}
