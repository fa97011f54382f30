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
 * @param relu true if the result is clamped at 0 before it is rounded
 */
record IntegerLayer(
        OnnxNode node,
        Tensor weight,
        Optional<TensorId> input,
        Optional<TensorId> output,
        Optional<TensorId> bias,
        boolean relu) {
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
            if (next.opType().equals("Relu")) {
                relu = true;
            } else if (next.opType().equals("Add")
                    && bias.isEmpty()
                    && added.filter(stored::containsKey).isPresent()) {
                bias = added.map(TensorId::new);
            } else if (!next.opType().equals("Clip")) {
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
                relu);
    }

    /** The quantized tensors of a plan, by name. */
    static Map<TensorId, Encoding> byId(List<Encoding> encodings) {
        Map<TensorId, Encoding> byId = new HashMap<>();
        encodings.forEach(e -> byId.put(e.id(), e));
        return byId;
    }

    /**
     * The bias in units of s_x·s_w; empty if there is none, if input or weight is not in the plan, or if they give no
     * such unit.
     */
    Optional<IntegerBias> integerBias(ExportPlan plan, Map<TensorId, Encoding> carried) {
        Encoding in = input.map(carried::get).orElse(null);
        Encoding w = carried.get(weight.id());
        if (bias.isEmpty() || in == null || w == null) {
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
