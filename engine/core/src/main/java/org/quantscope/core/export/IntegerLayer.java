package org.quantscope.core.export;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * A layer as an integer kernel computes it: a Conv, ConvTranspose, Gemm or MatMul with a stored weight, together with
 * its bias and the activation function that clamps the result.
 *
 * @param weight the stored second input
 * @param input the activation whose grid the values of the first input lie on; empty if they lie on none
 * @param output the activation whose grid the result is rounded to, after bias and clamp; empty if there is none
 * @param bias the stored bias: the third input, or for a MatMul the constant that a following Add adds
 * @param relu true if a Relu clamps the result before it is rounded
 * @param least the result is clamped to at least this before it is rounded; −∞ if it is not
 * @param most the result is clamped to at most this before it is rounded; ∞ if it is not
 * @param result the value of the graph that is rounded to the grid of {@code output}
 */
record IntegerLayer(
        OnnxNode node,
        Tensor weight,
        Optional<TensorId> input,
        Optional<TensorId> output,
        Optional<TensorId> bias,
        boolean relu,
        float least,
        float most,
        TensorId result) {
    private static final Set<String> OPERATORS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");
    /** The most operators to follow after a layer; bias and clamp are two. */
    private static final int MOST_FOLLOWED = 4;

    /** The layers of a model in graph order; none without a graph. */
    static List<IntegerLayer> of(Model model) {
        if (model.graph().isEmpty()) {
            return List.of();
        }
        OnnxGraph graph = model.graph().get();
        Map<String, Tensor> stored = new HashMap<>();
        model.tensors().forEach(t -> stored.put(t.id().name(), t));
        Map<String, OnnxNode> readers = new HashMap<>();
        List<OnnxNode> nodes = graph.nodes();
        nodes.forEach(n -> n.inputs().forEach(in -> readers.put(in, n)));
        List<IntegerLayer> layers = new ArrayList<>();
        for (OnnxNode node : nodes) {
            Tensor weight = node.input(1).map(stored::get).orElse(null);
            if (OPERATORS.contains(node.opType())
                    && weight != null
                    && weight.info().kind() == TensorKind.WEIGHT) {
                layers.add(follow(graph, node, weight, stored, readers));
            }
        }
        return layers;
    }

    private static IntegerLayer follow(
            OnnxGraph graph, OnnxNode node, Tensor weight, Map<String, Tensor> stored, Map<String, OnnxNode> readers) {
        Optional<TensorId> bias = node.opType().equals("MatMul")
                ? Optional.empty()
                : node.input(2).filter(stored::containsKey).map(TensorId::new);
        boolean relu = false;
        float least = Float.NEGATIVE_INFINITY;
        float most = Float.POSITIVE_INFINITY;
        String value = node.outputs().getFirst();
        Optional<TensorId> output = graph.placement().parametersOf(new TensorId(value));
        for (int i = 0; i < MOST_FOLLOWED && output.isEmpty(); i++) {
            OnnxNode next = readers.get(value);
            if (next == null
                    || graph.consumers(value).size() != 1
                    || graph.outputNames().contains(value)) {
                break;
            }
            String from = value;
            Optional<String> added =
                    next.inputs().stream().filter(in -> !in.equals(from)).findFirst();
            Optional<float[]> clamp = clamp(graph, next);
            if (clamp.isPresent()) {
                relu |= next.opType().equals("Relu");
                float lo = clamp.get()[0];
                float hi = clamp.get()[1];
                least = Math.min(Math.max(least, lo), hi);
                most = Math.min(Math.max(most, lo), hi);
            } else if (next.opType().equals("Add")
                    && bias.isEmpty()
                    && node.input(2).isEmpty()
                    && least == Float.NEGATIVE_INFINITY
                    && most == Float.POSITIVE_INFINITY
                    && added.filter(stored::containsKey).isPresent()) {
                bias = added.map(TensorId::new);
            } else {
                break;
            }
            value = next.outputs().getFirst();
            output = graph.placement().parametersOf(new TensorId(value));
        }
        return new IntegerLayer(
                node,
                weight,
                node.input(0).flatMap(x -> graph.placement().parametersOf(new TensorId(x))),
                output,
                bias,
                relu,
                least,
                most,
                new TensorId(value));
    }

    /** The bounds of a Relu, or of a Clip whose bounds are constants; empty for another operator. */
    private static Optional<float[]> clamp(OnnxGraph graph, OnnxNode node) {
        if (node.opType().equals("Relu")) {
            return Optional.of(new float[] {0, Float.POSITIVE_INFINITY});
        }
        if (!node.opType().equals("Clip")) {
            return Optional.empty();
        }
        Optional<Float> lo = bound(graph, node, 1, "min", Float.NEGATIVE_INFINITY);
        Optional<Float> hi = bound(graph, node, 2, "max", Float.POSITIVE_INFINITY);
        return lo.isPresent() && hi.isPresent() ? Optional.of(new float[] {lo.get(), hi.get()}) : Optional.empty();
    }

    /** A bound of a Clip: an input, before operator set 11 an attribute; empty if it is computed. */
    private static Optional<Float> bound(OnnxGraph graph, OnnxNode node, int input, String attribute, float none) {
        return node.input(input).isPresent()
                ? graph.scalar(node.input(input).get())
                : Optional.of(node.floatAttribute(attribute, none));
    }

    /** The quantized tensors of a plan, by name. */
    static Map<TensorId, Encoding> byId(List<Encoding> encodings) {
        Map<TensorId, Encoding> byId = new HashMap<>();
        encodings.forEach(e -> byId.put(e.id(), e));
        return byId;
    }

    /**
     * The bias in units of s_x·s_w; empty if there is none, if it has a setting of its own, if input or weight is not in
     * the plan, or if they give no such unit.
     */
    Optional<IntegerBias> integerBias(ExportPlan plan, Map<TensorId, Encoding> carried) {
        Encoding in = input.map(carried::get).orElse(null);
        Encoding w = carried.get(weight.id());
        boolean ownSetting = bias.isPresent() && plan.encodings().stream().anyMatch(e -> e.id().equals(bias.get()));
        if (bias.isEmpty() || ownSetting || in == null || w == null) {
            return Optional.empty();
        }
        boolean alone = plan.model()
                .graph()
                .map(g -> g.consumers(bias.get().name()).size() == 1)
                .orElse(false);
        boolean unscaled = node.floatAttribute("alpha", 1) == 1 && node.floatAttribute("beta", 1) == 1;
        return IntegerBias.of(
                plan.model(), new BiasSite(bias.get(), weight.id(), in.id(), alone, unscaled), in.params(), w.params());
    }

    /** A problem for each bias that does not fit 32 bits in units of s_x·s_w. */
    static List<ExportProblem> overflows(String target, ExportPlan plan, List<Encoding> carried) {
        Map<TensorId, Encoding> byId = byId(carried);
        List<ExportProblem> problems = new ArrayList<>();
        for (IntegerLayer layer : of(plan.model())) {
            IntegerBias bias =
                    layer.integerBias(plan, byId).filter(b -> !b.fits()).orElse(null);
            if (bias != null) {
                Encoding weight = Objects.requireNonNull(byId.get(layer.weight.id()));
                Encoding in = Objects.requireNonNull(byId.get(layer.input.orElseThrow()));
                problems.add(new ExportProblem(
                        target,
                        bias.bias().id().name(),
                        "its value " + bias.misfit() + " needs more than 32 bits",
                        "widen the scale of " + weight.id() + " or of " + in.id(),
                        Severity.ERROR,
                        Remedy.scales(weight, bias.wideEnough(in.params(), weight.params()))));
            }
        }
        return problems;
    }
}
