package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A layer of the float model and the deployed layer that stands for it. Deployed weights are in the float model's order of
 * axes.
 *
 * @param node in the float model
 * @param behind the first paired tensor that the layer's result reaches
 * @param weight of the float model, float32
 * @param bias of the float model, float32; empty if it has none
 * @param stored the grid on which the float model's file holds the weight, if it holds codes
 * @param theirs the deployed weight as floats
 * @param grid the deployed grid; empty for a weight that is left float
 * @param theirBias the deployed bias as floats, as many as channels; empty if it has none
 */
record LayerPair(
        OnnxNode node,
        TensorId behind,
        Tensor weight,
        Optional<Tensor> bias,
        Optional<QuantParams> stored,
        Values theirs,
        Optional<QuantParams> grid,
        Optional<Values> theirBias) {
    /** Half a step, and what float32 adds. */
    private static final double HALF = 0.5001;

    private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

    /** True for a node that multiplies by a stored weight. */
    static boolean isLayer(OnnxNode node, OnnxGraph graph) {
        return LAYERS.contains(node.opType())
                && node.input(1).filter(graph::isStored).isPresent();
    }

    /** The axis of the weight with its output channels. */
    int outputAxis() {
        return switch (node.opType()) {
            case "Conv" -> 0;
            case "ConvTranspose" -> 1;
            case "Gemm" -> node.intAttribute("transB", 0) == 1 ? 0 : 1;
            default -> weight.info().shape().rank() - 1;
        };
    }

    /**
     * True if both weights may be roundings of one that neither file holds: the float model's file holds codes too, and no
     * value of the two is further apart than half a step of each grid.
     */
    boolean isRoundedTwice() {
        if (stored.isEmpty()
                || grid.isEmpty()
                || !stored.get().isAffine()
                || !grid.get().isAffine()) {
            return false;
        }
        float[] ours = weight.data().toFloats();
        Slicing first = Slicing.of(weight.info(), stored.get().granularity());
        Slicing second = Slicing.of(weight.info(), grid.get().granularity());
        for (int i = 0; i < ours.length; i++) {
            double steps =
                    (double) stored.get().scale(first.sliceOf(i)) + grid.get().scale(second.sliceOf(i));
            if (!(Math.abs((double) ours[i] - theirs.values()[i]) <= HALF * steps)) {
                return false;
            }
        }
        return true;
    }

    /** The layers that stand for each other, in the order of the float model. */
    static List<LayerPair> of(
            Model floats, Model deployed, List<Aligner.Found> pairs, Map<String, List<String>> names) {
        OnnxGraph ours = floats.graph().orElseThrow();
        OnnxGraph theirs = deployed.graph().orElseThrow();
        Map<String, String> same = new HashMap<>();
        pairs.forEach(p -> same.put(p.name(), p.name()));
        Map<String, String> back = new HashMap<>();
        pairs.forEach(
                p -> names.getOrDefault(p.deployed(), List.of(p.deployed())).forEach(n -> back.put(n, p.name())));
        Map<String, List<OnnxNode>> here = byPair(ours, same);
        Map<String, List<OnnxNode>> there = byPair(theirs, back);
        List<LayerPair> found = new ArrayList<>();
        here.forEach((behind, nodes) -> {
            List<OnnxNode> others = there.getOrDefault(behind, List.of());
            for (int i = 0; others.size() == nodes.size() && i < nodes.size(); i++) {
                pair(floats, deployed, nodes.get(i), others.get(i), new TensorId(behind))
                        .ifPresent(found::add);
            }
        });
        Map<String, Integer> place =
                ours.nodes().stream().collect(Collectors.toMap(OnnxNode::name, OnnxNode::index, (a, b) -> a));
        found.sort((a, b) -> place.getOrDefault(a.node.name(), 0) - place.getOrDefault(b.node.name(), 0));
        return found;
    }

    /** The layers of a graph by the first paired tensor that their results reach. */
    private static Map<String, List<OnnxNode>> byPair(OnnxGraph graph, Map<String, String> paired) {
        List<OnnxNode> nodes = graph.nodes();
        Map<String, List<OnnxNode>> readers = new HashMap<>();
        nodes.forEach(n -> n.inputs()
                .forEach(x -> readers.computeIfAbsent(x, k -> new ArrayList<>()).add(n)));
        Map<String, List<OnnxNode>> found = new LinkedHashMap<>();
        for (OnnxNode node : nodes) {
            if (isLayer(node, graph)) {
                String at = node.outputs().getFirst();
                Set<String> seen = new HashSet<>();
                while (!paired.containsKey(at)
                        && seen.add(at)
                        && !readers.getOrDefault(at, List.of()).isEmpty()) {
                    at = readers.getOrDefault(at, List.of())
                            .getFirst()
                            .outputs()
                            .getFirst();
                }
                String behind = paired.get(at);
                if (behind != null) {
                    found.computeIfAbsent(behind, k -> new ArrayList<>()).add(node);
                }
            }
        }
        return found;
    }

    private static Optional<LayerPair> pair(
            Model floats, Model deployed, OnnxNode ours, OnnxNode theirs, TensorId behind) {
        Tensor w = floats.find(new TensorId(ours.input(1).orElseThrow())).orElse(null);
        Tensor v = deployed.find(new TensorId(theirs.input(1).orElseThrow())).orElse(null);
        if (w == null
                || v == null
                || w.info().dtype() != DType.F32
                || !v.info().dtype().isFloating()) {
            return Optional.empty();
        }
        Shape to = w.info().shape();
        Shape from = v.info().shape();
        boolean turned = ours.intAttribute("transB", 0) != theirs.intAttribute("transB", 0);
        Values given = new Values(from, v.data().toFloats());
        int[] axes = turned && from.rank() == 2 ? new int[] {1, 0} : axes(from, to);
        if (axes == null) {
            return Optional.empty();
        }
        Values theirValues = axes.length == 0 ? given : given.transposed(axes);
        if (!theirValues.shape().equals(to)) {
            return Optional.empty();
        }
        Optional<QuantParams> grid = deployed.own()
                .map(o -> o.weights().get(v.id()))
                .map(OwnGrid::params)
                .flatMap(p -> moved(p, axes));
        Optional<Tensor> bias = ours.input(2)
                .filter(_ -> !ours.opType().equals("MatMul"))
                .flatMap(n -> floats.find(new TensorId(n)))
                .filter(b -> b.info().dtype() == DType.F32);
        Optional<Values> theirBias = theirs.input(2)
                .filter(_ -> !theirs.opType().equals("MatMul"))
                .flatMap(n -> deployed.find(new TensorId(n)))
                .filter(b -> b.info().dtype().isFloating())
                .map(b -> new Values(b.info().shape(), b.data().toFloats()));
        Optional<QuantParams> stored =
                floats.own().map(o -> o.weights().get(w.id())).map(OwnGrid::params);
        return Optional.of(new LayerPair(ours, behind, w, bias, stored, theirValues, grid, theirBias));
    }

    /** The order of axes that makes one shape the other; empty for the same; null if none does. */
    private static int @Nullable [] axes(Shape from, Shape to) {
        if (from.equals(to)) {
            return new int[0];
        }
        if (from.rank() != to.rank() || from.rank() > 5) {
            return null;
        }
        return Values.orders(from.rank(), false)
                .filter(order -> {
                    for (int i = 0; i < order.length; i++) {
                        if (from.dim(order[i]) != to.dim(i)) {
                            return false;
                        }
                    }
                    return true;
                })
                .findFirst()
                .orElse(null);
    }

    /** A grid of a tensor whose axes are moved; empty for blocks, which do not move. */
    private static Optional<QuantParams> moved(QuantParams params, int[] axes) {
        if (axes.length == 0) {
            return Optional.of(params);
        }
        return switch (params.granularity()) {
            case Granularity.PerTensor _ -> Optional.of(params);
            case Granularity.PerBlock _ -> Optional.empty();
            case Granularity.PerChannel c -> {
                int to = 0;
                for (int i = 0; i < axes.length; i++) {
                    to = axes[i] == c.axis() ? i : to;
                }
                yield params.isAffine()
                        ? Optional.of(new QuantParams(
                                new Granularity.PerChannel(to),
                                params.scales(),
                                params.zeroPoints(),
                                params.qmin(),
                                params.qmax()))
                        : Optional.empty();
            }
        };
    }
}
