package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.WeightUse;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * How many multiplications with stored weights a model makes for one sample (MACs), layer by layer, from the shapes in
 * its graph; where they do not follow from it, from one run. Products of two computed values, as in attention, are not among them: no choice for a
 * weight changes them.
 */
public final class LayerMacs {
    /** Bits of a value that is not quantized, if its type does not say. */
    private static final int FLOAT_BITS = 32;

    /**
     * One use of a weight.
     *
     * @param node the operator that multiplies with it
     * @param other the name of what it is multiplied with
     * @param macs multiplications for one sample
     */
    public record Product(OnnxNode node, TensorId weight, String other, double macs) {}

    private final List<Product> products;
    private final Map<TensorId, TensorInfo> weights;
    private final Set<TensorId> unknown;

    private LayerMacs(List<Product> products, Map<TensorId, TensorInfo> weights, Set<TensorId> unknown) {
        this.products = List.copyOf(products);
        this.weights = weights;
        this.unknown = unknown;
    }

    /**
     * Counts for the samples of some data.
     *
     * @param model with a graph, as analysed
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     */
    public static LayerMacs of(Model model, Dataset data) {
        OneSample sample = OneSample.of(model, Optional.of(data));
        return of(model, sample.sizes(new HashSet<>(), new CancelToken()), sample.samples());
    }

    /**
     * Counts for values of certain sizes.
     *
     * @param samples that the inputs hold
     */
    public static LayerMacs of(Model model, ActivationSizes sizes, int samples) {
        OnnxGraph graph = model.graph().orElseThrow();
        Map<TensorId, TensorInfo> weights = new TreeMap<>();
        List<TensorInfo> stored = model.tensors().stream().map(Tensor::info).toList();
        stored.forEach(info -> weights.put(info.id(), info));
        List<Product> products = new ArrayList<>();
        Set<TensorId> unknown = new LinkedHashSet<>();
        for (WeightUse use : WeightUse.of(graph, stored)) {
            double macs = macs(use, sizes) / samples;
            if (macs > 0 && use.other().isPresent()) {
                products.add(new Product(use.node(), use.weight(), use.other().get(), macs));
            } else {
                unknown.add(use.weight());
            }
        }
        return new LayerMacs(products, weights, unknown);
    }

    /** Multiplications of one use in one batch; 0 if they are not known. */
    private static double macs(WeightUse use, ActivationSizes sizes) {
        OnnxNode node = use.node();
        double in = use.other().map(name -> values(sizes, name)).orElse(0.0);
        double out = values(sizes, node.outputs().getFirst());
        if (use.shape().isEmpty()) {
            return 0;
        }
        Shape w = use.shape().get();
        // Those of ONNX Runtime's own domain are read like the operators that they are made of.
        String op = node.opType().substring(node.opType().lastIndexOf('.') + 1);
        return switch (op) {
            case "Conv", "FusedConv", "DeformConv" -> out * w.inner(0);
            // Each value of an input channel goes to the kernel of each output channel of its group.
            case "ConvTranspose" -> in * w.inner(0);
            case "Attention" -> in * w.dim(w.rank() - 1);
            case "Einsum" -> einsum(use, w, out);
            default -> {
                boolean turned = node.intAttribute(use.input() == 0 ? "transA" : "transB", 0) != 0;
                boolean last = (use.input() == 0) != turned;
                yield out * w.dim(w.rank() - (last ? 1 : 2));
            }
        };
    }

    private static double values(ActivationSizes sizes, String name) {
        return sizes.bytes(name) / (double) Float.BYTES;
    }

    /** One multiplication for each output and each place of the axes that are summed over; those must be the weight's. */
    private static double einsum(WeightUse use, Shape w, double out) {
        String equation = use.node().textAttribute("equation", "").replace(" ", "");
        int arrow = equation.indexOf("->");
        if (arrow < 0 || equation.contains(".")) {
            return 0;
        }
        String result = equation.substring(arrow + 2);
        List<String> terms = List.of(equation.substring(0, arrow).split(",", -1));
        if (terms.size() != 2
                || use.input() >= terms.size()
                || terms.get(use.input()).length() != w.rank()) {
            return 0;
        }
        String own = terms.get(use.input());
        String other = terms.get(1 - use.input());
        if (other.chars().anyMatch(c -> result.indexOf(c) < 0 && own.indexOf(c) < 0)) {
            return 0;
        }
        double macs = out;
        for (int axis = 0; axis < own.length(); axis++) {
            if (result.indexOf(own.charAt(axis)) < 0) {
                macs *= w.dim(axis);
            }
        }
        return macs;
    }

    /** The uses of weights whose multiplications are known, in graph order. */
    public List<Product> products() {
        return products.stream().filter(p -> !unknown.contains(p.weight)).toList();
    }

    /** Multiplications for one sample with each weight, where all of them are known. */
    public Map<TensorId, Double> bySample() {
        Map<TensorId, Double> all = new TreeMap<>();
        products.forEach(p -> all.merge(p.weight, p.macs, Double::sum));
        all.keySet().removeAll(unknown);
        return all;
    }

    /** Weights of layers with a shape that the graph does not tell, so that their multiplications are not counted. */
    public Set<TensorId> unknown() {
        return Set.copyOf(unknown);
    }

    /**
     * Bit-operations for one sample: for each layer its multiplications times the bits of the weight times those of the
     * value that it is multiplied with, as in van Baalen et al. 2020 (Bayesian Bits), arXiv 2005.07093, section 4.1. What
     * is not quantized counts the bits of its type, and an activation 32. Layers of {@link #unknown()} count nothing.
     *
     * @param bits of all that is quantized, also of activations that are tied to others
     */
    public double bitOperations(Map<TensorId, Integer> bits) {
        double sum = 0;
        for (Product p : products) {
            if (!unknown.contains(p.weight)) {
                TensorInfo weight = weights.get(p.weight);
                int plain = weight == null ? FLOAT_BITS : weight.dtype().bytes() * Byte.SIZE;
                int own = bits.getOrDefault(p.weight, plain);
                int other = bits.getOrDefault(new TensorId(p.other), FLOAT_BITS);
                sum += p.macs * own * other;
            }
        }
        return sum;
    }
}
