package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Pairs of layers between which each channel can be scaled by a positive factor, and scaled back, without changing the
 * function. Everything between them is linear for positive factors, {@code f(s·x) = s·f(x)}, or can be adapted (a
 * clamp, an added constant), and no other node reads the values in between.
 *
 * @param pairs in graph order of their first layers
 * @param kept for each layer whose output starts no pair, one sentence that says why
 */
record LayerPairs(List<Pair> pairs, List<String> kept) {
    /** The first operator set in which Min and Max broadcast. */
    private static final int FIRST_WITH_BROADCASTING_MAX = 8;

    /**
     * Two layers, and what lies between them that must be adapted.
     *
     * @param run how many successive inputs of {@code second} belong to one channel: 1, or the number of positions if
     *     the output of {@code first} was flattened
     * @param clamps clamps with the same limits for every channel, in graph order
     * @param added constants that are added, in graph order
     */
    record Pair(WeightedLayer first, WeightedLayer second, int run, List<Clamp> clamps, List<Added> added) {}

    /**
     * A Clip with the limits {@code lo} and {@code hi}; {@code spatial} dimensions follow the channel dimension of its
     * input.
     */
    record Clamp(OnnxNode node, float lo, float hi, int spatial) {}

    /** An added constant, in which {@code run} successive values belong to one channel. */
    record Added(Tensor constant, int run) {}

    /** Says why a layer starts no pair. */
    private static final class NoPair extends Exception {
        private static final long serialVersionUID = 1;

        NoPair(String why) {
            super(why, null, false, false);
        }
    }

    /**
     * Finds the pairs of a model.
     *
     * @param clips whether a clamp may get separate limits for each channel; if not, a clamp ends a pair
     */
    static LayerPairs of(Model model, boolean clips) {
        Search search = new Search(model, clips);
        List<Pair> pairs = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (WeightedLayer layer : search.layers.values()) {
            try {
                pairs.add(search.from(layer));
            } catch (NoPair e) {
                kept.add(layer + ": " + e.getMessage());
            }
        }
        return new LayerPairs(List.copyOf(pairs), List.copyOf(kept));
    }

    /** The search in one graph. */
    private static final class Search {
        final Map<OnnxNode, WeightedLayer> layers = new LinkedHashMap<>();
        private final Model model;
        private final OnnxGraph graph;
        private final boolean clips;
        private final Set<String> outputs;
        private final Map<String, OnnxNode> reader = new HashMap<>();

        Search(Model model, boolean clips) {
            this.model = model;
            this.graph = model.graph().orElseThrow();
            this.clips = clips;
            this.outputs = new HashSet<>(graph.outputNames());
            Map<Integer, WeightedLayer> byIndex = new HashMap<>();
            WeightedLayer.of(model).forEach(l -> byIndex.put(l.node().index(), l));
            for (OnnxNode node : graph.nodes()) {
                node.inputs().forEach(in -> reader.put(in, node));
                WeightedLayer layer = byIndex.get(node.index());
                if (layer != null) {
                    layers.put(node, layer);
                }
            }
        }

        Pair from(WeightedLayer first) throws NoPair {
            refuse(first.fixedWeight(model));
            WeightedLayer.Bias bias = first.bias(model);
            if (bias.slot() == WeightedLayer.Bias.Slot.FIXED) {
                throw new NoPair(bias.why());
            }
            List<Clamp> clamps = new ArrayList<>();
            List<Added> added = new ArrayList<>();
            int channels = first.outputs();
            // Where the channels are: how many spatial dimensions follow them, and whether positions were flattened
            // into them.
            int spatial = first.spatial();
            boolean flattened = false;
            String value = first.node().outputs().getFirst();
            while (true) {
                OnnxNode node = next(value);
                if (WeightedLayer.OPERATORS.contains(node.opType())) {
                    WeightedLayer second = layers.get(node);
                    if (second == null || !node.input(0).equals(Optional.of(value))) {
                        throw new NoPair(node + " has no stored weight");
                    }
                    refuse(second.fixedWeight(model).map(why -> second + ": " + why));
                    if (second.isMatrix() && node.intAttribute("transA", 0) != 0) {
                        throw new NoPair(second + " transposes what it reads");
                    }
                    return new Pair(
                            first,
                            second,
                            run(second, channels, spatial, flattened),
                            List.copyOf(clamps),
                            List.copyOf(added));
                }
                if (node.outputs().stream()
                        .skip(1)
                        .anyMatch(o -> !o.isEmpty()
                                && (outputs.contains(o) || !graph.consumers(o).isEmpty()))) {
                    throw new NoPair(node + " gives more than its values");
                }
                switch (node.opType()) {
                    case "Relu", "LeakyRelu", "Identity", "Dropout" -> {
                        // f(s·x) = s·f(x) for every value by itself
                    }
                    case "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool" -> {
                        // Pools the positions of each channel; without spatial dimensions it would pool across
                        // channels.
                        if (spatial == 0) {
                            throw new NoPair(node + " mixes channels");
                        }
                    }
                    case "PRelu", "Mul" -> perChannel(node, other(node, value), channels, spatial, flattened);
                    case "Div" -> {
                        if (!node.input(0).equals(Optional.of(value))) {
                            throw new NoPair(node + " divides by it");
                        }
                        perChannel(node, other(node, value), channels, spatial, flattened);
                    }
                    case "Add" -> {
                        Tensor constant = other(node, value);
                        int run = perChannel(node, constant, channels, spatial, flattened);
                        if (constant.info().shape().count() == 1 && channels > 1) {
                            throw new NoPair(node + " adds one value to all channels");
                        }
                        if (constant.info().dtype() != DType.F32
                                || graph.consumers(constant.id().name()).size() != 1) {
                            throw new NoPair("the constant " + constant.id() + " of " + node + " cannot be changed");
                        }
                        added.add(new Added(constant, run));
                    }
                    case "Clip" -> {
                        Optional<Clamp> clamp = clamp(node, spatial);
                        if (clamp.isPresent() && flattened) {
                            throw new NoPair(node + " clamps what is flattened already");
                        }
                        clamp.ifPresent(clamps::add);
                    }
                    case "Flatten" -> {
                        if (node.intAttribute("axis", 1) != 1
                                || first.node().opType().equals("MatMul")) {
                            throw new NoPair(node + " mixes samples and channels");
                        }
                        flattened |= spatial > 0;
                        spatial = 0;
                    }
                    case "Reshape" -> {
                        if (spatial == 0 || !flattens(node)) {
                            throw new NoPair(node
                                    + " may mix channels: only [N, C, …] to [N, C·…] with a stored shape keeps"
                                    + " them apart");
                        }
                        flattened = true;
                        spatial = 0;
                    }
                    case "Squeeze", "ReduceMean" -> spatial = reduced(node, spatial);
                    default -> throw new NoPair(reason(node));
                }
                value = node.outputs().getFirst();
            }
        }

        private static void refuse(Optional<String> why) throws NoPair {
            if (why.isPresent()) {
                throw new NoPair(why.get());
            }
        }

        private static String reason(OnnxNode node) {
            return switch (node.opType()) {
                case "BatchNormalization" -> node + " is not folded";
                case "Concat" -> node + " joins it with other values";
                default -> node + " is not linear for positive factors";
            };
        }

        /** The only node that reads a value. */
        private OnnxNode next(String value) throws NoPair {
            if (outputs.contains(value)) {
                throw new NoPair(value + " is an output of the model");
            }
            int readers = graph.consumers(value).size();
            OnnxNode node = reader.get(value);
            if (readers != 1 || node == null || node.hasSubgraph()) {
                throw new NoPair(
                        readers > 1
                                ? value + " is read by " + readers + " nodes"
                                : value + " is read by no node outside of subgraphs");
            }
            return node;
        }

        private Tensor other(OnnxNode node, String value) throws NoPair {
            String name = node.inputs().get(node.input(0).equals(Optional.of(value)) ? 1 : 0);
            Optional<Tensor> stored =
                    model.find(new TensorId(name)).filter(t -> t.info().dtype().isFloating());
            if (stored.isEmpty() || !graph.isStored(name)) {
                throw new NoPair(
                        node.opType().equals("Add")
                                ? node + " sums it with other values, as a residual"
                                : node + " combines it with computed values");
            }
            return stored.get();
        }

        /**
         * Checks that a constant holds one value, or the same number of values for each channel.
         *
         * @return how many successive values belong to one channel
         * @throws NoPair if it does not
         */
        private static int perChannel(OnnxNode node, Tensor constant, int channels, int spatial, boolean flattened)
                throws NoPair {
            Shape shape = constant.info().shape();
            if (shape.count() == 1) {
                return 1;
            }
            int axis = shape.rank() - 1 - spatial;
            boolean fits = axis >= 0
                    && shape.dim(axis) == shape.count()
                    && (flattened ? shape.count() % channels == 0 : shape.count() == channels);
            if (!fits) {
                throw new NoPair(node + " has a constant of " + shape + ", not one value a channel");
            }
            return Math.toIntExact(shape.count() / channels);
        }

        /** The limits of a Clip; empty if it clamps nothing or only below 0, as a Relu does. */
        private Optional<Clamp> clamp(OnnxNode node, int spatial) throws NoPair {
            float lo = limit(node, 1, "min", Float.NEGATIVE_INFINITY);
            float hi = limit(node, 2, "max", Float.POSITIVE_INFINITY);
            boolean free = (lo == 0 || lo == Float.NEGATIVE_INFINITY || lo == -Float.MAX_VALUE)
                    && (hi == Float.POSITIVE_INFINITY || hi == Float.MAX_VALUE);
            if (free) {
                return Optional.empty();
            }
            if (!clips) {
                throw new NoPair(node + " clamps to the same range in every channel");
            }
            if (graph.opset() < FIRST_WITH_BROADCASTING_MAX) {
                throw new NoPair(node + " would need limits for each channel, which operator set " + graph.opset()
                        + " cannot write");
            }
            return Optional.of(new Clamp(node, lo, hi, spatial));
        }

        private float limit(OnnxNode node, int input, String attribute, float fallback) throws NoPair {
            Optional<String> name = node.input(input);
            if (name.isEmpty()) {
                return node.floatAttribute(attribute, fallback);
            }
            Tensor stored = model.find(new TensorId(name.get()))
                    .filter(t -> t.info().shape().count() == 1)
                    .orElse(null);
            if (stored == null) {
                throw new NoPair(node + " has computed limits");
            }
            return stored.data().toFloats()[0];
        }

        /** True if the stored target shape has two dimensions, of which the first is the batch. */
        private boolean flattens(OnnxNode node) {
            if (node.intAttribute("allowzero", 0) != 0) {
                return false;
            }
            return node.input(1)
                    .flatMap(name -> model.find(new TensorId(name)))
                    .filter(t -> t.info().dtype() == DType.I64 && t.data().count() == 2)
                    .map(t -> t.data().toFloats())
                    .filter(dims -> dims[0] == 0 || dims[0] == 1 || (dims[0] == -1 && dims[1] > 0))
                    .isPresent();
        }

        /** The number of spatial dimensions after a node that averages over positions or squeezes them away. */
        private int reduced(OnnxNode node, int spatial) throws NoPair {
            List<Long> axes = node.intsAttribute("axes")
                    .or(() -> node.input(1)
                            .flatMap(name -> model.find(new TensorId(name)))
                            .map(Search::longs))
                    .orElse(List.of());
            int rank = spatial + 2;
            boolean behind = !axes.isEmpty() && axes.stream().allMatch(a -> a < 0 ? a + rank >= 2 : a >= 2 && a < rank);
            if (spatial == 0 || !behind) {
                throw new NoPair(node + " takes more away than positions");
            }
            boolean keeps = node.opType().equals("ReduceMean") && node.intAttribute("keepdims", 1) != 0;
            if (!keeps && axes.size() != spatial) {
                throw new NoPair(node + " leaves some positions");
            }
            return keeps ? spatial : 0;
        }

        private static List<Long> longs(Tensor t) {
            List<Long> values = new ArrayList<>();
            for (float v : t.data().toFloats()) {
                values.add((long) v);
            }
            return values;
        }

        /** How many successive inputs of the second layer belong to one channel. */
        private static int run(WeightedLayer second, int channels, int spatial, boolean flattened) throws NoPair {
            int inputs = second.inputs();
            boolean sameKind = second.isMatrix() ? spatial == 0 : spatial == second.spatial();
            if (!sameKind || inputs % channels != 0 || (!flattened && inputs != channels)) {
                throw new NoPair(second + " reads " + inputs + " inputs, which are not the " + channels + " channels");
            }
            return inputs / channels;
        }
    }
}
