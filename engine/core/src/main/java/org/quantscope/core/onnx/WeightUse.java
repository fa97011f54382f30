package org.quantscope.core.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * One place in the main graph where a stored weight is multiplied with, directly or behind operators that only move or
 * convert its numbers.
 *
 * @param node the operator
 * @param input at which of its inputs the weight is
 * @param weight the stored tensor
 * @param shape of the weight at that input; empty where that does not follow from the operators in between
 */
public record WeightUse(OnnxNode node, int input, TensorId weight, Optional<Shape> shape) {
    /** A stored tensor behind a value, with the value's shape. */
    private record Behind(TensorInfo tensor, Optional<Shape> shape) {}

    /**
     * All of a graph, in graph order.
     *
     * @param stored the tensors that the model stores
     */
    public static List<WeightUse> of(OnnxGraph graph, List<TensorInfo> stored) {
        Map<String, Behind> behind = new HashMap<>();
        for (TensorInfo info : stored) {
            if (info.dtype().isFloating()) {
                behind.put(info.id().name(), new Behind(info, Optional.of(info.shape())));
            }
        }
        List<WeightUse> uses = new ArrayList<>();
        for (OnnxNode node : graph.nodes()) {
            Behind moved =
                    node.inputs().isEmpty() ? null : behind.get(node.inputs().getFirst());
            if (WeightChains.moves(node.proto())) {
                if (moved != null && WeightChains.keeps(node.proto(), moved.tensor.dtype())) {
                    behind.put(node.outputs().getFirst(), new Behind(moved.tensor, shape(node, moved.shape)));
                }
                continue;
            }
            for (int i = 0; i < node.inputs().size(); i++) {
                Behind weight = behind.get(node.inputs().get(i));
                if (weight != null) {
                    int rank = weight.shape.map(Shape::rank).orElse(2);
                    if (WeightInputs.channelAxis(node.proto(), i, rank).isPresent()) {
                        uses.add(new WeightUse(node, i, weight.tensor.id(), weight.shape));
                    }
                }
            }
        }
        return List.copyOf(uses);
    }

    private static Optional<Shape> shape(OnnxNode node, Optional<Shape> before) {
        return switch (node.opType()) {
            case "Identity", "Cast" -> before;
            case "Transpose" ->
                before.flatMap(s -> WeightChains.axes(
                                node.proto(),
                                Optional.of(IntStream.range(0, s.rank()).boxed().toList()))
                        .map(axes -> Shape.of(axes.stream().mapToLong(s::dim).toArray())));
            default -> Optional.empty();
        };
    }

    /** The name of the value that the weight is multiplied with; empty if the operator has no such input. */
    public Optional<String> other() {
        return node.input(input == 0 ? 1 : 0);
    }
}
