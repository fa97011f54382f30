package org.quantscope.core.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A Conv, ConvTranspose, Gemm or MatMul whose weight is stored in the model.
 *
 * @param node the operator
 * @param weight its second input; of rank 2 for Gemm and MatMul
 */
public record WeightedLayer(OnnxNode node, Tensor weight) {
    public static final Set<String> OPERATORS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

    /**
     * A stored weight viewed as an array of four dimensions: the group, and three others.
     *
     * @param dims the sizes, in storage order
     * @param out which of the dimensions 1 to 3 is the output channel within the group
     * @param in which of the dimensions 1 to 3 is the input channel within the group, or the run of inputs
     */
    public record View(Shape dims, int out, int in) {}

    /** All layers of a model, in graph order. */
    public static List<WeightedLayer> of(Model model) {
        OnnxGraph graph = model.graph().orElseThrow();
        List<WeightedLayer> layers = new ArrayList<>();
        for (OnnxNode node : graph.nodes()) {
            if (OPERATORS.contains(node.opType())
                    && node.input(1).filter(graph::isStored).isPresent()) {
                model.find(new TensorId(node.inputs().get(1)))
                        .filter(w -> fits(node, w))
                        .ifPresent(w -> layers.add(new WeightedLayer(node, w)));
            }
        }
        return layers;
    }

    private static boolean fits(OnnxNode node, Tensor weight) {
        Shape shape = weight.info().shape();
        boolean matrix = node.opType().equals("Gemm") || node.opType().equals("MatMul");
        return weight.info().dtype().isFloating()
                && shape.count() > 0
                && (matrix ? shape.rank() == 2 : shape.rank() > 2);
    }

    public TensorId id() {
        return weight.id();
    }

    public boolean isMatrix() {
        return node.opType().equals("Gemm") || node.opType().equals("MatMul");
    }

    /** True if the weight is [outputs, inputs]. */
    public boolean transposed() {
        return node.opType().equals("Gemm") && node.intAttribute("transB", 0) != 0;
    }

    public int groups() {
        return isMatrix() ? 1 : Math.toIntExact(Math.max(1, node.intAttribute("group", 1)));
    }

    public int outputs() {
        Shape s = weight.info().shape();
        return Math.toIntExact(
                switch (node.opType()) {
                    case "Conv" -> s.dim(0);
                    case "ConvTranspose" -> s.dim(1) * groups();
                    default -> s.dim(transposed() ? 0 : 1);
                });
    }

    public int inputs() {
        Shape s = weight.info().shape();
        return Math.toIntExact(
                switch (node.opType()) {
                    case "Conv" -> s.dim(1) * groups();
                    case "ConvTranspose" -> s.dim(0);
                    default -> s.dim(transposed() ? 1 : 0);
                });
    }

    /** How many spatial dimensions the output of a convolution has; 0 for a matrix product. */
    public int spatial() {
        return isMatrix() ? 0 : weight.info().shape().rank() - 2;
    }

    /** True if each output channel reads exactly one input channel, and no two read the same. */
    public boolean isDepthwise() {
        return !isMatrix() && groups() > 1 && groups() == inputs() && groups() == outputs();
    }

    /**
     * The weight as an array in which the input channels have a dimension of their own.
     *
     * @param run how many successive inputs share a factor: 1, or the number of positions of a flattened channel
     */
    public View view(int run) {
        Shape s = weight.info().shape();
        long g = groups();
        long kernel = s.inner(1);
        return switch (node.opType()) {
            case "Conv" -> new View(Shape.of(g, s.dim(0) / g, s.dim(1), kernel), 1, 2);
            case "ConvTranspose" -> new View(Shape.of(g, s.dim(0) / g, s.dim(1), kernel), 2, 1);
            default ->
                transposed()
                        ? new View(Shape.of(1, s.dim(0), s.dim(1) / run, run), 1, 2)
                        : new View(Shape.of(1, s.dim(0) / run, run, s.dim(1)), 3, 1);
        };
    }

    /** The position of the channel dimension in the output, counted from the end: 0 is the last dimension. */
    public int channelFromEnd() {
        return spatial();
    }

    /**
     * The tensor that adds one value to each output channel, the third input of the operator.
     *
     * @param slot whether it is stored and used by this layer only, does not exist yet, or cannot be changed
     * @param tensor the bias, if it is stored
     * @param why for {@code FIXED} the reason, else empty
     */
    public record Bias(Slot slot, Optional<Tensor> tensor, String why) {
        public enum Slot {
            STORED,
            NONE,
            FIXED
        }

        static Bias fixed(String why) {
            return new Bias(Slot.FIXED, Optional.empty(), why);
        }
    }

    /** The bias of this layer. */
    public Bias bias(Model model) {
        OnnxGraph graph = model.graph().orElseThrow();
        Optional<String> name = node.opType().equals("MatMul") ? Optional.empty() : node.input(2);
        if (name.isEmpty()) {
            return new Bias(Bias.Slot.NONE, Optional.empty(), "");
        }
        Tensor stored = model.find(new TensorId(name.get())).orElse(null);
        if (stored == null) {
            return Bias.fixed("its bias " + name.get() + " is computed");
        }
        if (stored.info().dtype() != DType.F32) {
            return Bias.fixed("its bias " + name.get() + " is " + stored.info().dtype());
        }
        if (graph.consumers(name.get()).size() != 1 || new HashSet<>(graph.outputNames()).contains(name.get())) {
            return Bias.fixed("its bias " + name.get() + " has another use");
        }
        Shape shape = stored.info().shape();
        if (shape.count() != outputs() || shape.rank() == 0 || shape.dim(shape.rank() - 1) != outputs()) {
            return Bias.fixed("its bias " + name.get() + " is " + shape + ", not one value a channel");
        }
        return new Bias(Bias.Slot.STORED, Optional.of(stored), "");
    }

    /** The stored constant that the Add directly after a MatMul adds to each output channel, if no other node uses it. */
    public Optional<Tensor> addedBehind(Model model) {
        OnnxGraph graph = model.graph().orElseThrow();
        String out = node.outputs().getFirst();
        if (!node.opType().equals("MatMul")
                || graph.consumers(out).size() != 1
                || graph.outputNames().contains(out)) {
            return Optional.empty();
        }
        for (OnnxNode other : graph.nodes()) {
            if (other.opType().equals("Add") && other.inputs().contains(out)) {
                String name = other.inputs().get(other.inputs().getFirst().equals(out) ? 1 : 0);
                return model.find(new TensorId(name)).filter(t -> {
                    Shape s = t.info().shape();
                    return t.info().dtype() == DType.F32
                            && s.rank() > 0
                            && s.count() == outputs()
                            && s.dim(s.rank() - 1) == outputs()
                            && graph.consumers(name).size() == 1
                            && !graph.outputNames().contains(name);
                });
            }
        }
        return Optional.empty();
    }

    /** The stored bias of this layer alone that may get other values: its own, or that of an Add behind it. */
    public Optional<Tensor> movableBias(Model model) {
        Bias own = bias(model);
        boolean none = node.opType().equals("Gemm") && node.floatAttribute("beta", 1) == 0;
        return (own.slot() == Bias.Slot.STORED ? own.tensor() : addedBehind(model)).filter(_ -> !none);
    }

    /** The reason why the weight cannot be changed for this layer alone; empty if it can. */
    public Optional<String> fixedWeight(Model model) {
        OnnxGraph graph = model.graph().orElseThrow();
        if (weight.info().dtype() != DType.F32) {
            return Optional.of("its weight is " + weight.info().dtype());
        }
        if (graph.consumers(id().name()).size() != 1 || graph.outputNames().contains(id().name())) {
            return Optional.of("its weight has another use");
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return id().name();
    }
}
