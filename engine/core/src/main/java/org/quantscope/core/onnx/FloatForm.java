package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.onnx.QuantizedNodes.Form;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The float model behind a quantized one, with the grids that the quantized one has. For one use.
 *
 * <p>A QuantizeLinear and the DequantizeLinear behind it leave the graph, and the value between them is the float value;
 * stored codes become the numbers that they stand for; operators on codes become the operators on floats that they
 * compute. Where a quantizer is the only thing that keeps a value from falling below 0, because the Relu in front of it
 * was left out as superfluous, a Relu is put there. Codes that something else reads are computed for it as before.
 */
final class FloatForm {
    /** Operators whose results are not below 0. */
    private static final Set<String> NOT_NEGATIVE =
            Set.of("Relu", "Clip", "Sigmoid", "HardSigmoid", "Softmax", "Abs", "Exp", "Sqrt", "Softplus", "Not");

    /** Operators that join or average, so that their results are not below 0 if their inputs are not. */
    private static final Set<String> JOINING =
            Set.of("Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "Resize", "ReduceMean", "Max");

    private static final String QDQ = "QuantizeLinear/DequantizeLinear";

    private final GraphProto graph;
    private final QuantizedNodes readings;
    private final Set<String> names;
    private final Set<String> outputs = new HashSet<>();
    private final Set<String> fed = new HashSet<>();
    private final Map<String, Tensor> stored;

    private final List<NodeProto> nodes = new ArrayList<>();
    private final Map<String, TensorProto> added = new LinkedHashMap<>();
    /** Values that are gone, with the float value that stands for each. */
    private final Map<String, String> alias = new HashMap<>();
    /** Codes that are gone, with the float values that they are the codes of. */
    private final Map<String, Codes> codes = new HashMap<>();
    /** Names of codes that are computed all the same, because something reads them. */
    private final Map<String, String> kept = new HashMap<>();

    private final Map<String, OwnGrid> grids = new LinkedHashMap<>();
    private final Map<String, String> storedAs = new HashMap<>();
    private final Set<String> notNegative = new HashSet<>();
    private final Set<String> ways = new TreeSet<>();
    private boolean changed;
    /** More than 0 while nodes are taken over that stand for another one, which has said how it quantizes. */
    private int inForm;

    /**
     * Codes that are not computed any more.
     *
     * @param value the float value
     * @param scale name of the scale
     * @param zeroPoint name of the zero point; empty if there is none
     * @param node the QuantizeLinear that computed them, or one like it
     */
    private record Codes(String value, String scale, String zeroPoint, OwnGrid grid, NodeProto node) {}

    private FloatForm(ModelProto model, List<Tensor> tensors) {
        this.graph = model.getGraph();
        this.names = OnnxGraph.namesIn(graph);
        this.stored = new HashMap<>();
        tensors.forEach(t -> stored.put(t.id().name(), t));
        this.readings = new QuantizedNodes(stored, new ElementTypes(graph), names);
        graph.getOutputList().forEach(o -> outputs.add(o.getName()));
        graph.getInputList().forEach(v -> fed.add(v.getName()));
    }

    /**
     * What was found.
     *
     * @param codes the name that the codes of a float value have in the file, by that value
     */
    record Result(ModelProto model, OwnQuantization own, Map<String, String> codes) {}

    /**
     * Reads a model.
     *
     * @param model checked, with its nodes in order
     * @param tensors its stored tensors, with values
     * @return empty for a model that is not quantized
     */
    static Optional<Result> of(ModelProto model, List<Tensor> tensors) {
        return QuantizedNodes.any(model.getGraph()) ? new FloatForm(model, tensors).read(model) : Optional.empty();
    }

    private Optional<Result> read(ModelProto model) {
        graph.getNodeList().forEach(this::take);
        if (!changed) {
            List<String> kept = kept(graph);
            return kept.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Result(
                            model, new OwnQuantization("operators on integers", Map.of(), Map.of(), kept), Map.of()));
        }
        for (ValueInfoProto output : graph.getOutputList()) {
            String name = output.getName();
            if (alias.containsKey(name)) {
                String from = resolved(name);
                if (fed.contains(from) || outputs.contains(from) || stored.containsKey(from)) {
                    nodes.add(QuantizedNodes.node("Identity", name + "_float", List.of(from), name));
                } else {
                    rename(from, name);
                }
            } else if (codes.containsKey(name)) {
                codesOf(name);
            }
        }
        GraphProto rest = rest();
        Map<TensorId, OwnGrid> weights = new HashMap<>();
        Map<TensorId, OwnGrid> activations = new HashMap<>();
        grids.forEach((name, grid) -> (stored.containsKey(name) || added.containsKey(name) ? weights : activations)
                .put(new TensorId(name), grid));
        return Optional.of(new Result(
                model.toBuilder().setGraph(rest).build(),
                new OwnQuantization(String.join(", ", ways), weights, activations, kept(rest)),
                codesByValue()));
    }

    private Map<String, String> codesByValue() {
        Map<String, String> found = new LinkedHashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            for (String out : node.getOutputList()) {
                Codes of = codes.get(out);
                if (of != null) {
                    found.putIfAbsent(of.value, out);
                }
            }
        }
        return found;
    }

    /** The nodes that still compute on codes. */
    private static List<String> kept(GraphProto graph) {
        return graph.getNodeList().stream()
                .filter(QuantizedNodes::isOnCodes)
                .map(n -> n.getOpType() + (n.getName().isEmpty() ? "" : " " + n.getName()))
                .toList();
    }

    /** Takes over a node, or what it computes on floats. */
    private void take(NodeProto original) {
        NodeProto node = withInputs(original);
        Optional<Form> form = readings.onFloats(node);
        if (form.isPresent()) {
            ways.add(form.get().way());
            changed = true;
            form.get().tensors().forEach(t -> addTensor(t.name(), t.floats(), t.grid()));
            inForm++;
            form.get().nodes().forEach(this::take);
            inForm--;
            return;
        }
        if (isSumOfOne(node)) {
            alias.put(node.getOutput(0), node.getInput(0));
            return;
        }
        String op = QuantizedNodes.isQdq(node) ? node.getOpType() : "";
        boolean done = switch (op) {
            case "QuantizeLinear" -> quantize(node);
            case "DequantizeLinear" -> dequantize(node);
            default -> move(node);
        };
        if (!done) {
            keep(node);
        }
    }

    /**
     * A sum of one value is that value: such nodes only keep ONNX Runtime from joining those beside them. So do those
     * of our own files that move averages off the middle between two levels before they are rounded.
     */
    private static boolean isSumOfOne(NodeProto node) {
        return node.getDomain().isEmpty()
                && node.getOpType().equals("Sum")
                && (node.getInputCount() == 1
                        || (node.getInputCount() == 2 && node.getInput(1).endsWith(QdqReading.MOVED_BY)));
    }

    private NodeProto withInputs(NodeProto node) {
        NodeProto.Builder b = node.toBuilder();
        for (int i = 0; i < b.getInputCount(); i++) {
            b.setInput(i, resolved(b.getInput(i)));
        }
        return b.build();
    }

    private String resolved(String name) {
        String at = name;
        for (String next = alias.get(at); next != null; next = alias.get(at)) {
            at = next;
        }
        return at;
    }

    private boolean quantize(NodeProto node) {
        String x = node.getInput(0);
        OwnGrid grid = readings.grid(node, Optional.ofNullable(floatsOf(x))).orElse(null);
        if (grid == null || codes.containsKey(x) || node.getOutputCount() != 1) {
            return false;
        }
        boolean constant = floatsOf(x) != null;
        if (!constant && !(grid.params().granularity() instanceof Granularity.PerTensor)) {
            return false;
        }
        String value = x;
        if (!constant && needsRelu(x, grid)) {
            value = fresh(x + "_Relu");
            emit(QuantizedNodes.node("Relu", value, List.of(x), value));
        } else if (grids.containsKey(x) && !grids.get(x).equals(grid)) {
            if (constant) {
                return false;
            }
            value = fresh(x + "_requantized");
            emit(QuantizedNodes.node("Identity", value, List.of(x), value));
        }
        grids.put(value, grid);
        codes.put(
                node.getOutput(0),
                new Codes(
                        value,
                        node.getInput(1),
                        zeroPoint(node),
                        grid,
                        node.toBuilder().setInput(0, value).build()));
        said(constant ? "QuantizeLinear on float weights, as after training for quantization" : QDQ);
        changed = true;
        return true;
    }

    private void said(String way) {
        if (inForm == 0) {
            ways.add(way);
        }
    }

    private @Nullable Tensor floatsOf(String name) {
        Tensor t = stored.get(name);
        return t != null && t.info().dtype().isFloating() ? t : null;
    }

    private static String zeroPoint(NodeProto node) {
        return node.getInputCount() > 2 ? node.getInput(2) : "";
    }

    private boolean needsRelu(String value, OwnGrid grid) {
        return grid.type().isEmpty()
                && grid.params().zeroPoint(0) == grid.params().qmin()
                && !fed.contains(value)
                && !notNegative.contains(value);
    }

    private boolean dequantize(NodeProto node) {
        String q = node.getInput(0);
        String out = node.getOutput(0);
        Optional<String> asItComes = readings.quantizedAsItComes(node);
        if (asItComes.isPresent()) {
            alias.put(out, asItComes.get());
            said(QuantizedNodes.DYNAMIC);
            changed = true;
            return true;
        }
        Codes made = codes.get(q);
        if (made != null) {
            boolean same = made.scale.equals(node.getInput(1)) && made.zeroPoint.equals(zeroPoint(node));
            Optional<Tensor> constant = Optional.ofNullable(floatsOf(made.value));
            if (!same && !readings.grid(node, constant).equals(Optional.of(made.grid))) {
                return false;
            }
            alias.put(out, made.value);
            return true;
        }
        Tensor t = stored.get(q);
        if (t == null || (t.info().dtype().isFloating() && t.info().dtype().bytes() > 1)) {
            return false;
        }
        Optional<QuantizedNodes.Floats> floats = readings.dequantized(node, t);
        if (floats.isEmpty()) {
            return false;
        }
        String key = String.join("\0", node.getInputList()) + node.getAttributeList();
        String name = storedAs.get(key);
        if (name == null) {
            name = nameOf(q, out);
            storedAs.put(key, name);
            addTensor(
                    name,
                    floats.get().tensor().toBuilder().setName(name).build(),
                    floats.get().grid());
        }
        if (!name.equals(out)) {
            alias.put(out, name);
        }
        said(QDQ);
        changed = true;
        return true;
    }

    private void addTensor(String name, TensorProto floats, Optional<OwnGrid> grid) {
        added.put(name, floats);
        grid.ifPresent(g -> grids.put(name, g));
    }

    /** The name that stored codes had in the float model, if their own name tells, else that of their float value. */
    private String nameOf(String quantized, String output) {
        for (String suffix : List.of("_quantized", "_q")) {
            if (quantized.endsWith(suffix) && quantized.length() > suffix.length()) {
                String name = quantized.substring(0, quantized.length() - suffix.length());
                if (names.add(name)) {
                    return name;
                }
            }
        }
        return outputs.contains(output) ? fresh(output) : output;
    }

    /** Operators that move codes move the floats instead. */
    private boolean move(NodeProto node) {
        Codes made = node.getInputCount() == 0 ? null : codes.get(node.getInput(0));
        if (made == null
                || !ElementTypes.isDefaultDomain(node)
                || !QuantizedOperators.MOVING.contains(node.getOpType())
                || node.getInputList().stream().skip(1).anyMatch(codes::containsKey)
                || !(made.grid.params().granularity() instanceof Granularity.PerTensor)) {
            return false;
        }
        NodeProto.Builder b = node.toBuilder().setInput(0, made.value);
        // A Split has several outputs of codes, a MaxPool or TopK one and its places.
        int results = node.getOpType().equals("Split") ? node.getOutputCount() : 1;
        for (int i = 0; i < results; i++) {
            String out = node.getOutput(i);
            String value = fresh(out + "_float");
            b.setOutput(i, value);
            codes.put(
                    out,
                    new Codes(
                            value,
                            made.scale,
                            made.zeroPoint,
                            made.grid,
                            made.node.toBuilder()
                                    .setName(fresh(out + "_QuantizeLinear"))
                                    .setInput(0, value)
                                    .setOutput(0, out)
                                    .build()));
            grids.put(value, made.grid);
        }
        emit(b.build());
        return true;
    }

    /** Takes a node over as it is. */
    private void keep(NodeProto node) {
        NodeProto.Builder b = node.toBuilder();
        for (int i = 0; i < b.getInputCount(); i++) {
            if (codes.containsKey(b.getInput(i))) {
                b.setInput(i, codesOf(b.getInput(i)));
            }
        }
        for (int i = 0; i < b.getAttributeCount(); i++) {
            AttributeProto a = b.getAttribute(i);
            if (a.hasG() || a.getGraphsCount() > 0) {
                AttributeProto.Builder inner = a.toBuilder();
                if (a.hasG()) {
                    inner.setG(inside(a.getG()));
                }
                for (int k = 0; k < a.getGraphsCount(); k++) {
                    inner.setGraphs(k, inside(a.getGraphs(k)));
                }
                b.setAttribute(i, inner);
            }
        }
        emit(b.build());
    }

    /** A subgraph that reads the values that stand for those that are gone. */
    private GraphProto inside(GraphProto sub) {
        GraphProto.Builder b = sub.toBuilder();
        for (int i = 0; i < b.getNodeCount(); i++) {
            NodeProto.Builder node = b.getNodeBuilder(i);
            for (int k = 0; k < node.getInputCount(); k++) {
                String in = resolved(node.getInput(k));
                node.setInput(k, codes.containsKey(in) ? codesOf(in) : in);
            }
            for (int k = 0; k < node.getAttributeCount(); k++) {
                if (node.getAttribute(k).hasG()) {
                    node.getAttributeBuilder(k).setG(inside(node.getAttribute(k).getG()));
                }
            }
        }
        for (int i = 0; i < b.getOutputCount(); i++) {
            String name = b.getOutput(i).getName();
            if (alias.containsKey(name)) {
                b.getOutputBuilder(i).setName(resolved(name));
            } else if (codes.containsKey(name)) {
                codesOf(name);
            }
        }
        return b.build();
    }

    /** The name of codes that something reads; they are computed from the float value, once. */
    private String codesOf(String name) {
        if (!kept.containsKey(name)) {
            kept.put(name, name);
            emit(Objects.requireNonNull(codes.get(name)).node);
        }
        return name;
    }

    private void emit(NodeProto node) {
        nodes.add(node);
        String op = ElementTypes.isDefaultDomain(node) ? node.getOpType() : "";
        boolean positive = NOT_NEGATIVE.contains(op)
                || (QuantizedOperators.MOVING.contains(op) && isNotNegative(node.getInput(0)))
                || (JOINING.contains(op) && node.getInputList().stream().allMatch(this::isNotNegative));
        if (positive) {
            notNegative.addAll(node.getOutputList());
        }
    }

    private boolean isNotNegative(String value) {
        return notNegative.contains(value) || fed.contains(value);
    }

    private String fresh(String base) {
        String name = base;
        for (int i = 2; !names.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }

    /** Gives a value another name everywhere. */
    private void rename(String from, String to) {
        nodes.replaceAll(node -> {
            NodeProto.Builder b = node.toBuilder();
            for (int i = 0; i < b.getInputCount(); i++) {
                b.setInput(i, b.getInput(i).equals(from) ? to : b.getInput(i));
            }
            for (int i = 0; i < b.getOutputCount(); i++) {
                b.setOutput(i, b.getOutput(i).equals(from) ? to : b.getOutput(i));
            }
            for (int i = 0; i < b.getAttributeCount(); i++) {
                if (b.getAttribute(i).hasG()) {
                    b.getAttributeBuilder(i).setG(renamed(b.getAttribute(i).getG(), from, to));
                }
            }
            return b.build();
        });
        TensorProto tensor = added.remove(from);
        if (tensor != null) {
            added.put(to, tensor.toBuilder().setName(to).build());
        }
        OwnGrid grid = grids.remove(from);
        if (grid != null) {
            grids.put(to, grid);
        }
        alias.remove(to);
        alias.replaceAll((name, value) -> value.equals(from) ? to : value);
        codes.replaceAll((name, c) -> c.value.equals(from)
                ? new Codes(
                        to,
                        c.scale,
                        c.zeroPoint,
                        c.grid,
                        c.node.toBuilder().setInput(0, to).build())
                : c);
    }

    private static GraphProto renamed(GraphProto sub, String from, String to) {
        GraphProto.Builder b = sub.toBuilder();
        for (int i = 0; i < b.getNodeCount(); i++) {
            NodeProto.Builder node = b.getNodeBuilder(i);
            for (int k = 0; k < node.getInputCount(); k++) {
                node.setInput(k, node.getInput(k).equals(from) ? to : node.getInput(k));
            }
            for (int k = 0; k < node.getAttributeCount(); k++) {
                if (node.getAttribute(k).hasG()) {
                    node.getAttributeBuilder(k)
                            .setG(renamed(node.getAttribute(k).getG(), from, to));
                }
            }
        }
        return b.build();
    }

    /** The graph with what is left: without stored codes, scales and zero points that nothing reads any more. */
    private GraphProto rest() {
        Set<String> before = new HashSet<>();
        graph.getNodeList().forEach(n -> addReads(n, before));
        GraphProto.Builder out =
                graph.toBuilder().clearNode().clearInitializer().clearValueInfo();
        Set<String> read = new HashSet<>(outputs);
        List<NodeProto> left = new ArrayList<>();
        Set<String> present = new HashSet<>();
        // Backwards, so that what only a dead node reads is dead too.
        for (NodeProto node : nodes.reversed()) {
            boolean dead = node.getOutputList().stream().noneMatch(read::contains)
                    && node.getOutputList().stream().anyMatch(before::contains);
            if (!dead) {
                left.add(node);
                present.addAll(node.getOutputList());
                addReads(node, read);
            }
        }
        out.addAllNode(left.reversed());
        for (TensorProto t : graph.getInitializerList()) {
            if (read.contains(t.getName()) || !before.contains(t.getName())) {
                out.addInitializer(t);
            }
        }
        added.values().stream().filter(t -> read.contains(t.getName())).forEach(out::addInitializer);
        grids.keySet().removeIf(name -> added.containsKey(name) && !read.contains(name));
        out.clearInput();
        Set<String> initializers = new HashSet<>();
        graph.getInitializerList().forEach(t -> initializers.add(t.getName()));
        graph.getInputList().stream()
                .filter(v -> !initializers.contains(v.getName()) || read.contains(v.getName()))
                .forEach(out::addInput);
        graph.getValueInfoList().stream()
                .filter(v -> present.contains(v.getName()) && !codes.containsKey(v.getName()))
                .forEach(out::addValueInfo);
        return out.build();
    }

    private static void addReads(NodeProto node, Set<String> into) {
        into.addAll(node.getInputList());
        for (AttributeProto a : node.getAttributeList()) {
            List<GraphProto> inner = new ArrayList<>(a.getGraphsList());
            if (a.hasG()) {
                inner.add(a.getG());
            }
            for (GraphProto g : inner) {
                g.getNodeList().forEach(n -> addReads(n, into));
                g.getOutputList().forEach(o -> into.add(o.getName()));
            }
        }
    }
}
