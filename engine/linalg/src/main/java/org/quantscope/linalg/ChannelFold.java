package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The stored tensors in front of a value that can take a positive factor for each of its channels, so that the value is
 * divided by it and nothing else changes: gain and bias of a normalization, a constant factor, the weight and bias of a
 * layer in front.
 *
 * @param parts what to scale
 * @param group for each channel the number of the factor that it has: channels that come from the same one share it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ChannelFold(List<Part> parts, int[] group) {
    /**
     * A stored tensor to be scaled.
     *
     * @param shape that it gets: its own, or one value for each channel in place of one for all
     * @param inner how many successive values have the same place along the dimension that is scaled
     * @param from for each place along that dimension the channel whose factor scales it; −1 for none
     * @param divisor true if the value is divided by the tensor
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Part(Tensor tensor, Shape shape, int inner, int[] from, boolean divisor) {}

    /** Their last step is a gain, and a bias where they have one, for each entry of the dimensions from their axis on. */
    private static final Set<String> NORMALIZATIONS =
            Set.of("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization");

    private static final Set<String> HOMOGENEOUS = Set.of("Relu", "LeakyRelu", "Identity", "Dropout", "Neg", "Abs");

    /** Says why a value cannot be scaled. */
    private static final class NoFold extends Exception {
        private static final long serialVersionUID = 1;

        NoFold(String why) {
            super(why, null, false, false);
        }
    }

    /** What was found: the fold, or why there is none. */
    record Found(Optional<ChannelFold> fold, String why) {}

    /** The search in one graph. */
    static final class Search {
        private final Model model;
        private final OnnxGraph graph;
        private final Optional<AttentionTrace> attention;
        private final Set<String> outputs;
        private final Map<String, OnnxNode> producers = new HashMap<>();
        private final Map<Integer, WeightedLayer> layers = new HashMap<>();
        private @Nullable ReadValue wanted;

        /** @param attention follows channels through attention; empty if there is no data to do so */
        Search(Model model, Optional<AttentionTrace> attention) {
            this.model = model;
            this.graph = model.graph().orElseThrow();
            this.attention = attention;
            this.outputs = new HashSet<>(graph.outputNames());
            graph.nodes().forEach(node -> node.outputs().forEach(out -> producers.put(out, node)));
            WeightedLayer.of(model).forEach(layer -> layers.put(layer.node().index(), layer));
        }

        Found of(ReadValue wanted) {
            if (!wanted.alone()) {
                return new Found(Optional.empty(), wanted.value() + " has other readers");
            }
            this.wanted = wanted;
            List<Part> parts = new ArrayList<>();
            int[] identity = IntStream.range(0, wanted.channels()).toArray();
            try {
                int[] group = walk(wanted.value(), identity, parts);
                return new Found(Optional.of(new ChannelFold(List.copyOf(parts), group)), "");
            } catch (NoFold e) {
                return new Found(Optional.empty(), String.valueOf(e.getMessage()));
            }
        }

        /** @return the groups of the channels */
        private int[] walk(String value, int[] channels, List<Part> parts) throws NoFold {
            OnnxNode node = producers.get(value);
            if (node == null) {
                throw new NoFold(value + " is an input of the model");
            }
            WeightedLayer layer = layers.get(node.index());
            if (layer != null) {
                layer(layer, channels, parts);
                return channels;
            }
            if (node.outputs().stream()
                    .skip(1)
                    .anyMatch(o -> !o.isEmpty()
                            && (outputs.contains(o) || !graph.consumers(o).isEmpty()))) {
                throw new NoFold(node + " gives more than its values");
            }
            String op = node.opType();
            if (HOMOGENEOUS.contains(op) || (op.equals("ReduceMean") && keepsLast(node))) {
                return inner(node, 0, channels, parts);
            }
            if (NORMALIZATIONS.contains(op) && onLast(node)) {
                constant(node, 1, channels, parts, false);
                if (node.input(2).isPresent()) {
                    constant(node, 2, channels, parts, false);
                }
                return channels;
            }
            return switch (op) {
                case "Mul" -> product(node, channels, parts);
                case "Div" -> {
                    if (stored(node, 1)) {
                        constant(node, 1, channels, parts, true);
                        yield channels;
                    }
                    yield inner(node, 0, channels, parts);
                }
                case "Add", "Sub" -> sum(node, channels, parts);
                default -> moved(node, value, parts);
            };
        }

        /** One of the factors takes it: a stored one, or what computes one of them. */
        private int[] product(OnnxNode node, int[] channels, List<Part> parts) throws NoFold {
            int before = parts.size();
            // A stored factor first: nothing further in front has to change then.
            int first = stored(node, 1) ? 1 : 0;
            try {
                return factor(node, first, channels, parts);
            } catch (NoFold e) {
                parts.subList(before, parts.size()).clear();
                try {
                    return factor(node, 1 - first, channels, parts);
                } catch (NoFold other) {
                    // The first one says more of what a person could change.
                    throw e;
                }
            }
        }

        private int[] factor(OnnxNode node, int input, int[] channels, List<Part> parts) throws NoFold {
            if (stored(node, input)) {
                constant(node, input, channels, parts, false);
                return channels;
            }
            return inner(node, input, channels, parts);
        }

        /** Both summands take it. */
        private int[] sum(OnnxNode node, int[] channels, List<Part> parts) throws NoFold {
            int[] group = channels;
            boolean traced = false;
            for (int i = 0; i < 2; i++) {
                if (stored(node, i)) {
                    constant(node, i, channels, parts, false);
                } else {
                    int[] found = inner(node, i, channels, parts);
                    if (traced && !Arrays.equals(group, found)) {
                        throw new NoFold(node + " sums channels that come from different ones");
                    }
                    group = found;
                    traced = true;
                }
            }
            return group;
        }

        private int[] inner(OnnxNode node, int input, int[] channels, List<Part> parts) throws NoFold {
            String value = node.input(input).orElseThrow(() -> new NoFold(node + " leaves an input out"));
            if (graph.consumers(value).size() != 1 || outputs.contains(value)) {
                throw new NoFold(value + " in front of " + node + " has other readers");
            }
            return walk(value, channels, parts);
        }

        /** Values moved around, or weighted means of them over positions, as in attention. */
        private int[] moved(OnnxNode node, String value, List<Part> parts) throws NoFold {
            ReadValue at = wanted;
            if (attention.isEmpty() || at == null || !at.value().equals(value)) {
                throw new NoFold(node + " in front does not keep factors of channels");
            }
            AttentionTrace.Found found = attention.get().of(at);
            if (found.trace().isEmpty()) {
                throw new NoFold(found.why());
            }
            AttentionTrace.Trace trace = found.trace().get();
            int[] group = trace.channelOf();
            int[] from = new int[trace.layer().outputs()];
            Arrays.fill(from, -1);
            for (int c = 0; c < group.length; c++) {
                from[group[c]] = c;
            }
            layer(trace.layer(), from, parts);
            trace.added().ifPresent(t -> parts.add(new Part(t, t.info().shape(), 1, from, false)));
            return group;
        }

        private void layer(WeightedLayer layer, int[] from, List<Part> parts) throws NoFold {
            if (!layer.isMatrix()) {
                throw new NoFold(layer.node() + " in front is no matrix product");
            }
            Optional<String> fixed = layer.fixedWeight(model);
            if (fixed.isPresent()) {
                throw new NoFold(layer + " in front: " + fixed.get());
            }
            WeightedLayer.Bias bias = layer.bias(model);
            if (bias.slot() == WeightedLayer.Bias.Slot.FIXED) {
                throw new NoFold(layer + " in front: " + bias.why());
            }
            Shape shape = layer.weight().info().shape();
            parts.add(new Part(
                    layer.weight(), shape, layer.transposed() ? Math.toIntExact(shape.dim(1)) : 1, from, false));
            bias.tensor().ifPresent(t -> parts.add(new Part(t, t.info().shape(), 1, from, false)));
        }

        private boolean stored(OnnxNode node, int input) {
            return node.input(input).filter(graph::isStored).isPresent();
        }

        private void constant(OnnxNode node, int input, int[] channels, List<Part> parts, boolean divisor)
                throws NoFold {
            String name = node.input(input).orElseThrow(() -> new NoFold(node + " leaves an input out"));
            Tensor t = model.find(new TensorId(name)).orElse(null);
            if (t == null || t.info().dtype() != DType.F32) {
                throw new NoFold("the constant " + name + " of " + node + " cannot be changed");
            }
            if (graph.consumers(name).size() != 1 || outputs.contains(name)) {
                throw new NoFold("the constant " + name + " of " + node + " has other uses");
            }
            Shape shape = t.info().shape();
            int n = channels.length;
            if (shape.count() == 1) {
                parts.add(new Part(t, Shape.of(n), 1, channels, divisor));
            } else if (shape.rank() > 0 && shape.dim(shape.rank() - 1) == n) {
                parts.add(new Part(t, shape, 1, channels, divisor));
            } else {
                throw new NoFold("the constant " + name + " of " + node + " is " + shape + ", not one value a channel");
            }
        }

        /** True for a mean over dimensions that are counted from the front, the channels not among them. */
        private boolean keepsLast(OnnxNode node) {
            List<Long> axes = node.intsAttribute("axes")
                    .or(() -> node.input(1)
                            .flatMap(name -> model.find(new TensorId(name)))
                            .map(Search::longs))
                    .orElse(List.of());
            // Counted from the front, an axis might be the last one.
            long rank = node.input(0)
                    .flatMap(value -> attention.flatMap(a -> a.rank(value)))
                    .orElse(1);
            return !axes.isEmpty() && axes.stream().allMatch(a -> a < -1 || (a >= 0 && a < rank - 1));
        }

        private static List<Long> longs(Tensor t) {
            List<Long> values = new ArrayList<>();
            for (float v : t.data().toFloats()) {
                values.add((long) v);
            }
            return values;
        }

        /** True for a normalization over the last dimension alone. */
        private boolean onLast(OnnxNode node) {
            return node.intAttribute("axis", -1) == -1;
        }
    }
}
