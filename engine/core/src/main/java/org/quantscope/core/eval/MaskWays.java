package org.quantscope.core.eval;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;

/**
 * The values of a graph through which masks get to a Softmax or to another operator for which very small inputs do not
 * count. It goes back from these operators through sums, choices, constant factors and moves.
 */
final class MaskWays {
    /** Operators in which the exponential of the input counts. */
    private static final Set<String> EXPONENTIAL = Set.of("Softmax", "LogSoftmax", "ReduceLogSumExp", "Exp", "Sigmoid");
    /** Operators that look for the largest input. */
    private static final Set<String> LARGEST =
            Set.of("ReduceMax", "ArgMax", "Hardmax", "TopK", "MaxPool", "GlobalMaxPool");
    /** Operators that look for the smallest input. */
    private static final Set<String> SMALLEST = Set.of("ReduceMin", "ArgMin");

    private static final Set<String> SUMS = Set.of("Add", "Sum", "Max", "Min", "Concat");
    /** Operators that pass on values of their first input. */
    private static final Set<String> MOVES = Set.of(
            "Reshape",
            "Transpose",
            "Unsqueeze",
            "Squeeze",
            "Expand",
            "Identity",
            "Cast",
            "CastLike",
            "Dropout",
            "Flatten",
            "Slice",
            "Split",
            "Tile",
            "Pad",
            "Trilu",
            "Clip",
            "Gather",
            "GatherND",
            "GatherElements");
    /** Operators that write values of their third input over those of the first. */
    private static final Set<String> WRITES = Set.of("ScatterND", "ScatterElements");

    /** A mask may be read by every layer of a network, but no further ends are needed to know what it has to do. */
    private static final int MOST_ENDS = 64;

    /**
     * How a value gets to an operator.
     *
     * @param end the input of that operator
     * @param factor how many times larger the value is than its part of {@code end}; negative if small ones become large
     * @param exponential whether the operator takes exponentials; else it looks for the largest or smallest
     */
    record Way(String end, double factor, boolean exponential) {}

    private final Map<String, Map<String, Way>> ways = new LinkedHashMap<>();

    private MaskWays() {}

    static MaskWays of(OnnxGraph graph) {
        Map<String, OnnxNode> producers = new HashMap<>();
        List<OnnxNode> nodes = graph.nodes();
        for (OnnxNode node : nodes) {
            node.outputs().forEach(out -> producers.put(out, node));
        }
        var found = new MaskWays();
        for (OnnxNode node : nodes) {
            int sign = sign(node);
            if (sign != 0 && node.input(0).isPresent()) {
                Way way = new Way(node.inputs().getFirst(), sign, EXPONENTIAL.contains(node.opType()));
                found.follow(graph, producers, way);
            }
        }
        return found;
    }

    /** 1 if the operator ignores very small inputs, −1 very large ones, 0 neither. */
    private static int sign(OnnxNode node) {
        String op = node.opType();
        boolean smallest = SMALLEST.contains(op) || (op.equals("TopK") && node.intAttribute("largest", 1) == 0);
        return smallest ? -1 : EXPONENTIAL.contains(op) || LARGEST.contains(op) ? 1 : 0;
    }

    private record Step(String value, Way way) {}

    private void follow(OnnxGraph graph, Map<String, OnnxNode> producers, Way start) {
        Deque<Step> open = new ArrayDeque<>(List.of(new Step(start.end, start)));
        while (!open.isEmpty()) {
            Step step = open.remove();
            Map<String, Way> known = ways.computeIfAbsent(step.value, k -> new TreeMap<>());
            if (known.size() >= MOST_ENDS || known.putIfAbsent(step.way.end, step.way) != null) {
                continue;
            }
            OnnxNode node = producers.get(step.value);
            if (node != null) {
                before(graph, node, step.way).forEach(open::add);
            }
        }
    }

    /** The inputs that a node's result is made of, each with its way. */
    private static List<Step> before(OnnxGraph graph, OnnxNode node, Way way) {
        List<Step> steps = new ArrayList<>();
        String op = node.opType();
        if (SUMS.contains(op)) {
            node.inputs().forEach(in -> steps.add(new Step(in, way)));
        } else if (MOVES.contains(op)) {
            node.input(0).ifPresent(in -> steps.add(new Step(in, way)));
        } else if (WRITES.contains(op)) {
            node.input(0).ifPresent(in -> steps.add(new Step(in, way)));
            node.input(2).ifPresent(in -> steps.add(new Step(in, way)));
        } else if (op.equals("Where")) {
            node.input(1).ifPresent(in -> steps.add(new Step(in, way)));
            node.input(2).ifPresent(in -> steps.add(new Step(in, way)));
        } else if (op.equals("Sub")) {
            node.input(0).ifPresent(in -> steps.add(new Step(in, way)));
            node.input(1).ifPresent(in -> steps.add(new Step(in, times(way, -1))));
        } else if (op.equals("Neg")) {
            node.input(0).ifPresent(in -> steps.add(new Step(in, times(way, -1))));
        } else if (op.equals("Mul")) {
            factor(graph, node, 1)
                    .ifPresent(c -> steps.add(new Step(node.inputs().getFirst(), times(way, 1 / c))));
            factor(graph, node, 0)
                    .ifPresent(c -> steps.add(new Step(node.inputs().get(1), times(way, 1 / c))));
        } else if (op.equals("Div")) {
            factor(graph, node, 1)
                    .ifPresent(c -> steps.add(new Step(node.inputs().getFirst(), times(way, c))));
        }
        steps.removeIf(step -> step.value.isEmpty() || graph.isStored(step.value));
        return steps;
    }

    private static Way times(Way way, double factor) {
        return new Way(way.end, way.factor * factor, way.exponential);
    }

    /** An operand that is a constant number and may be a factor of scores: masks are multiplied with larger ones. */
    private static Optional<Double> factor(OnnxGraph graph, OnnxNode node, int operand) {
        return node.input(operand)
                .flatMap(graph::scalar)
                .map(Float::doubleValue)
                .filter(c -> Math.abs(c) > 1e-3 && Math.abs(c) < 1e3);
    }

    /** How a value gets to the operators that ignore very small inputs; empty if it does not. */
    List<Way> of(String value) {
        return List.copyOf(ways.getOrDefault(value, Map.of()).values());
    }
}
