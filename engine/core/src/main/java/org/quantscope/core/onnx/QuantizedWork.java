package org.quantscope.core.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorInfo;

/**
 * What the operators of a file compute in: looked at in the file as it is, with its QuantizeLinear and DequantizeLinear
 * nodes and its operators on integers. An operator between such nodes is taken for one on integers if ONNX Runtime has a
 * kernel that joins them ({@link QuantizedOperators}); whether it does depends on the runtime. Only the main graph is looked
 * at.
 */
public final class QuantizedWork {
    private static final int MAX_STEPS = 64;

    /** Operators that write integers into memory and compute nothing. */
    private static final Set<String> PAIR = Set.of("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear");

    /** Inputs of the operators on integers at which their weights are. */
    private static final Map<String, List<Integer>> WEIGHTS_OF = Map.of(
            "QLinearConv", List.of(3),
            "QLinearMatMul", List.of(0, 3),
            "QGemm", List.of(3),
            "ConvInteger", List.of(1),
            "MatMulInteger", List.of(0, 1),
            "MatMulIntegerToFloat", List.of(0, 1),
            "DynamicQuantizeMatMul", List.of(1),
            "DynamicQuantizeLSTM", List.of(1, 2),
            "QAttention", List.of(1),
            "MatMulNBits", List.of(1));

    /** Products that ONNX Runtime computes in integers also if their result stays float. */
    private static final Set<String> FLOAT_RESULT = Set.of("MatMul", "Gemm");

    private final Map<String, OnnxNode> producers = new HashMap<>();
    private final Map<String, List<OnnxNode>> readers = new HashMap<>();
    private final Map<String, TensorInfo> stored = new HashMap<>();
    private final Set<String> outputs;
    private final OnnxGraph graph;

    /**
     * An operator.
     *
     * @param operator its type, with its domain if that is not the default
     * @param results the values that it computes
     * @param weights the stored tensors that it multiplies by, with the bits of one of their elements
     * @param aliases names that those may have as floats: their own, without what a quantizer has added, and those of the
     *     values between
     * @param why the reason, if it is not computed in integers; else empty
     */
    public record Work(
            String node,
            String operator,
            List<String> results,
            Map<String, Integer> weights,
            Set<String> aliases,
            Computes computes,
            String why) {}

    private QuantizedWork(OnnxGraph graph, List<TensorInfo> stored) {
        this.graph = graph;
        this.outputs = new HashSet<>(graph.outputNames());
        for (OnnxNode node : graph.nodes()) {
            node.outputs().forEach(out -> producers.put(out, node));
            new HashSet<>(node.inputs())
                    .forEach(in ->
                            readers.computeIfAbsent(in, k -> new ArrayList<>()).add(node));
        }
        stored.forEach(t -> this.stored.put(t.id().name(), t));
    }

    /**
     * The operators with stored weights, and those without that have quantized values before or behind them; in graph
     * order.
     *
     * @param graph of the file as it is
     * @param stored its stored tensors
     */
    public static List<Work> of(OnnxGraph graph, List<TensorInfo> stored) {
        QuantizedWork work = new QuantizedWork(graph, stored);
        List<Work> all = new ArrayList<>();
        graph.nodes().forEach(node -> work.of(node).ifPresent(all::add));
        return List.copyOf(all);
    }

    private Optional<Work> of(OnnxNode node) {
        String op = shortName(node);
        if (PAIR.contains(op) || op.equals("Constant") || passes(node)) {
            return Optional.empty();
        }
        if (QuantizedNodes.isOnCodes(node.proto())) {
            return Optional.of(onCodes(node, op));
        }
        Map<String, Integer> weights = new LinkedHashMap<>();
        Set<String> aliases = new HashSet<>();
        boolean coded = false;
        boolean allCoded = true;
        Optional<String> floatInput = Optional.empty();
        boolean anyCodedInput = false;
        for (int i = 0; i < node.inputs().size(); i++) {
            String in = node.inputs().get(i);
            if (in.isEmpty()) {
                continue;
            }
            Origin origin = origin(in);
            if (origin.tensor.isPresent()) {
                if (multiplies(node, i, origin.tensor.get(), origin.coded)) {
                    weights.put(origin.tensor.get().id().name(), origin.bits());
                    aliases.addAll(origin.names);
                    coded |= origin.coded;
                    allCoded &= origin.coded;
                }
            } else if (origin.coded) {
                anyCodedInput = true;
            } else if (floatInput.isEmpty() && isFloating(in)) {
                floatInput = Optional.of(in);
            }
        }
        boolean behind = node.outputs().stream().filter(o -> !o.isEmpty()).anyMatch(this::isQuantizedBehind);
        Computes computes;
        String why = "";
        if (!weights.isEmpty() && op.equals("Gather")) {
            computes = !allCoded ? Computes.FLOAT : behind ? Computes.INTEGERS : Computes.DEQUANTIZED;
            why = !allCoded ? "its table is float" : behind ? "" : "the rows that are looked up are dequantized";
        } else if (!weights.isEmpty()) {
            boolean withFloat = FLOAT_RESULT.contains(op);
            if (!allCoded) {
                computes = Computes.FLOAT;
                why = coded
                        ? "one of its weights is float"
                        : anyCodedInput
                                ? "its input is quantized, its weight is float"
                                : "neither its weight nor its input is quantized";
            } else if (floatInput.isPresent()) {
                computes = Computes.DEQUANTIZED;
                why = "its input " + floatInput.get() + " is float: the weights are only stored as codes";
            } else if (!QuantizedOperators.COMPUTING.contains(op)) {
                computes = Computes.DEQUANTIZED;
                why = "ONNX Runtime has no kernel on integers for " + op;
            } else if (!behind && !withFloat) {
                computes = Computes.DEQUANTIZED;
                why = "its result is not quantized behind it, so that no kernel on integers can take its place";
            } else {
                computes = Computes.INTEGERS;
            }
        } else {
            if (QuantizedOperators.MOVING.contains(op)
                    || isOfIntegers(node)
                    || !(anyCodedInput || behind)
                    || node.outputs().stream().noneMatch(this::isFloating)) {
                return Optional.empty();
            }
            boolean known = QuantizedOperators.COMPUTING.contains(op)
                    || QuantizedOperators.CLAMPING.contains(op)
                    || QuantizedOperators.AVERAGING.contains(op);
            boolean clamps = QuantizedOperators.CLAMPING.contains(op)
                    && node.input(0).flatMap(this::layerOf).isPresent();
            if (known && behind && (clamps || (anyCodedInput && floatInput.isEmpty()))) {
                computes = Computes.INTEGERS;
            } else {
                computes = Computes.FLOAT;
                why = !known
                        ? "ONNX Runtime has no kernel on integers for " + op
                        : floatInput.isPresent()
                                ? "its input " + floatInput.get() + " is not quantized"
                                : "its result is not quantized behind it";
            }
        }
        return Optional.of(new Work(
                node.name(), node.opType(), node.outputs(), Map.copyOf(weights), Set.copyOf(aliases), computes, why));
    }

    private Work onCodes(OnnxNode node, String op) {
        Map<String, Integer> weights = new LinkedHashMap<>();
        Set<String> aliases = new HashSet<>();
        for (int at : WEIGHTS_OF.getOrDefault(op, List.of())) {
            Optional<Origin> origin = node.input(at).map(this::origin).filter(o -> o.tensor.isPresent());
            origin.ifPresent(o -> {
                boolean packed = op.equals("MatMulNBits");
                weights.put(o.tensor.orElseThrow().id().name(), packed ? (int) node.intAttribute("bits", 4) : o.bits());
                aliases.addAll(o.names);
            });
        }
        Computes computes = Computes.INTEGERS;
        String why = "";
        OnnxNode before = node.input(0).map(producers::get).orElse(null);
        if (op.startsWith("DynamicQuantize")
                || (before != null && shortName(before).equals("DynamicQuantizeLinear"))) {
            computes = Computes.DYNAMIC;
            why = "the range of its input is measured at each run";
        } else if (op.equals("MatMulNBits")) {
            boolean rounds = node.intAttribute("accuracy_level", 0) == 4;
            computes = rounds ? Computes.DYNAMIC : Computes.DEQUANTIZED;
            why = rounds
                    ? "accuracy_level 4 lets the runtime round its input to 8 bits as it comes"
                    : "its input is float: the weights are only stored as codes";
        }
        return new Work(
                node.name(), node.opType(), node.outputs(), Map.copyOf(weights), Set.copyOf(aliases), computes, why);
    }

    private static String shortName(OnnxNode node) {
        return node.opType().substring(node.opType().lastIndexOf('.') + 1);
    }

    /** True if the operator multiplies by a stored tensor there, or looks its rows up. */
    private static boolean multiplies(OnnxNode node, int input, TensorInfo tensor, boolean coded) {
        int rank = tensor.shape().rank();
        return WeightInputs.channelAxis(node.proto(), input, rank).isPresent()
                || (rank >= 2 && QuantizedOperators.RECURRENT.contains(node.opType()) && (input == 1 || input == 2))
                || (rank >= 2
                        && node.opType().equals("Gather")
                        && input == 0
                        && (coded || tensor.dtype().isFloating()));
    }

    /**
     * Where a value comes from.
     *
     * @param tensor the stored tensor; empty for a computed value
     * @param coded true if it is dequantized on its way
     * @param names that it may have as floats
     */
    private record Origin(Optional<TensorInfo> tensor, boolean coded, Set<String> names) {
        int bits() {
            return tensor.map(t -> t.dtype().bytes() * Byte.SIZE).orElse(0);
        }
    }

    private Origin origin(String value) {
        boolean coded = false;
        Set<String> names = new HashSet<>();
        String at = value;
        for (int step = 0; step < MAX_STEPS; step++) {
            names.add(at);
            TensorInfo tensor = stored.get(at);
            if (tensor != null) {
                names.add(at.replaceFirst("(_quantized|_Q\\d+(G\\d+)?|_q)$", ""));
                // As FloatForm names the floats of codes that stand right before an operator on integers.
                names.add(at + "_float");
                names.add(at + "_DequantizeLinear_Output");
                return new Origin(Optional.of(tensor), coded, names);
            }
            OnnxNode node = producers.get(at);
            String op = node == null ? "" : shortName(node);
            boolean moves = node != null && (passes(node) || QuantizedOperators.MOVING.contains(op));
            if (node == null || node.inputs().isEmpty() || !(moves || PAIR.contains(op))) {
                break;
            }
            coded |= op.equals("DequantizeLinear");
            at = node.inputs().getFirst();
        }
        return new Origin(Optional.empty(), coded, names);
    }

    /** True for a node that only moves or converts floats, and for a sum of one value, which stands in our own files. */
    private static boolean passes(OnnxNode node) {
        if (node.opType().equals("Sum")) {
            return node.inputs().size() == 1
                    || (node.inputs().size() == 2 && node.inputs().get(1).endsWith(QdqReading.MOVED_BY));
        }
        return WeightChains.moves(node.proto()) && WeightChains.keeps(node.proto(), DType.F32);
    }

    /** The layer with weights right before a value. */
    private Optional<OnnxNode> layerOf(String value) {
        return Optional.ofNullable(producers.get(value))
                .filter(n -> QuantizedOperators.WITH_BIAS.contains(n.opType())
                        || n.opType().equals("MatMul")
                        || n.opType().equals("Add"));
    }

    /** True if all that reads a value is a QuantizeLinear, or clamps or moves it in front of one. */
    private boolean isQuantizedBehind(String value) {
        return isQuantizedBehind(value, MAX_STEPS);
    }

    private boolean isQuantizedBehind(String value, int steps) {
        List<OnnxNode> by = readers.getOrDefault(value, List.of());
        return steps > 0
                && !by.isEmpty()
                && !outputs.contains(value)
                && by.stream().allMatch(n -> {
                    String op = shortName(n);
                    boolean passes = QuantizedOperators.CLAMPING.contains(op)
                            || QuantizedOperators.MOVING.contains(op)
                            || passes(n);
                    return op.equals("QuantizeLinear")
                            || (passes && isQuantizedBehind(n.outputs().getFirst(), steps - 1));
                });
    }

    private boolean isFloating(String value) {
        // Where the type of a value is not told, it is float nearly always.
        return graph.types().of(value) == 0 || graph.types().isFloating(value);
    }

    private boolean isOfIntegers(OnnxNode node) {
        return node.inputs().stream().filter(i -> !i.isEmpty()).noneMatch(this::isFloating);
    }
}
