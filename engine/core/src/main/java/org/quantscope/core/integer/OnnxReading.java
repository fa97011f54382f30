package org.quantscope.core.integer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerGraph.Slot;
import org.quantscope.core.integer.IntegerGraph.Step;
import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;

/** Reads an ONNX graph node by node: what each value is so far, and the steps that compute it. */
final class OnnxReading {
    /**
     * Groups that a default session of ONNX Runtime 1.29 replaces by a kernel on codes
     * (core/optimizer/qdq_transformer/selectors_actions/qdq_selector_action_transformer.cc).
     */
    private static final Set<String> FUSED = Set.of(
            "Conv",
            "Gemm",
            "MatMul",
            "Add",
            "Mul",
            "AveragePool",
            "GlobalAveragePool",
            "Sigmoid",
            "Softmax",
            "LeakyRelu",
            "Concat");

    /**
     * What a value is.
     *
     * @param slot its tensor
     * @param seen true for the float values that the codes of the tensor stand for
     */
    private record Value(int slot, boolean seen) {}

    /** Where the result of an operator is put on a grid: the node that does it, and the limits on the way there. */
    private record Sink(OnnxNode quantize, Activation activation, boolean apart, List<Integer> passed) {}

    /** A value that our exporter adds to averages is at most this share of a step; ONNX Runtime alone computes it. */
    private static final float NUDGE = 1 / 64f;

    private final Path file;
    private final OnnxGraph onnx;
    private final Arithmetic arithmetic;
    private final Map<String, Tensor> stored;
    private final Map<String, Value> values = new HashMap<>();
    private final Map<String, OnnxNode> byName = new HashMap<>();
    private final List<Slot> slots = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final Set<Integer> done = new HashSet<>();
    /** Values behind a Sum of one value, which keeps ONNX Runtime from joining the nodes before and behind it. */
    private final Set<String> apart = new HashSet<>();

    private final Map<String, Integer> unknown = new TreeMap<>();

    OnnxReading(Path file, OnnxFile model, Arithmetic arithmetic) {
        this.file = file;
        this.onnx = model.graph();
        this.arithmetic = arithmetic;
        this.stored = model.tensors().stream().collect(Collectors.toMap(t -> t.id().name(), t -> t, (a, b) -> a));
    }

    IntegerGraph graph() {
        List<Integer> inputs = new ArrayList<>();
        for (OnnxGraph.Input input : onnx.inputs()) {
            if (onnx.isStored(input.name())) {
                continue;
            }
            DType type = input.type().orElse(DType.F32);
            Optional<int[]> shape = input.shape()
                    .map(s -> s.stream()
                            .mapToInt(l -> (int) Math.min(l, Integer.MAX_VALUE))
                            .toArray());
            inputs.add(add(new Slot(input.name(), type, Optional.empty(), Optional.empty(), shape)));
            values.put(input.name(), new Value(inputs.getLast(), false));
        }
        List<OnnxNode> nodes = onnx.nodes();
        for (OnnxNode node : nodes) {
            byName.put(node.name(), node);
        }
        for (OnnxNode node : nodes) {
            if (done.contains(node.index()) || node.opType().equals("Constant")) {
                continue;
            }
            try {
                if (!read(node)) {
                    refuse(node);
                }
            } catch (NotStored e) {
                refuse(node);
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new BadInputException(file, node.toString(), String.valueOf(e.getMessage()), e);
            }
        }
        if (!unknown.isEmpty()) {
            throw new BadInputException(
                    file,
                    "operators",
                    "not computed in whole numbers here: "
                            + unknown.entrySet().stream()
                                    .map(e -> e.getKey() + " (" + e.getValue() + ")")
                                    .collect(Collectors.joining(", ")));
        }
        List<Integer> outputs = new ArrayList<>();
        for (String name : onnx.outputNames()) {
            outputs.add(asAnswer(name));
        }
        return new IntegerGraph(file, slots, steps, inputs, outputs);
    }

    private void refuse(OnnxNode node) {
        unknown.merge(node.opType(), 1, Integer::sum);
        // What rests on it is not the fault.
        node.outputs().forEach(o -> values.put(o, new Value(real(o), false)));
    }

    /** An output: in float32 if the model gives floats. */
    private int asAnswer(String name) {
        Value value = values.get(name);
        if (value == null) {
            throw new BadInputException(file, name, "is an output that nothing computes");
        }
        return value.seen ? asReal(name, value) : value.slot;
    }

    private int add(Slot slot) {
        slots.add(slot);
        return slots.size() - 1;
    }

    private int real(String name) {
        return add(new Slot(name, DType.F32, Optional.empty(), Optional.empty(), Optional.empty()));
    }

    private boolean read(OnnxNode node) {
        return switch (node.opType()) {
            case "QuantizeLinear" -> quantize(node);
            case "DequantizeLinear" -> dequantize(node);
            case "Identity", "Dropout" -> {
                values.put(
                        node.outputs().getFirst(),
                        value(node, 0).orElseThrow(() -> new IllegalArgumentException("its input is missing")));
                yield true;
            }
            case "Sum" -> sum(node);
            default ->
                (node.opType().startsWith("QLinear") || node.opType().startsWith("com.microsoft.Q"))
                        ? onCodes(node)
                        : operator(node);
        };
    }

    private boolean sum(OnnxNode node) {
        if (node.inputs().size() == 1) {
            values.put(
                    node.outputs().getFirst(),
                    value(node, 0).orElseThrow(() -> new IllegalArgumentException("its input is missing")));
            apart.add(node.outputs().getFirst());
            return true;
        }
        return node.inputs().size() == 2
                && inFloat(
                        node,
                        new IntegerOp.Elementwise(IntegerOp.Join.ADD, Activation.NONE),
                        node.outputs().getFirst());
    }

    /** A value that is computed, or a stored one, which becomes a tensor when it is first asked for. */
    private Optional<Value> value(OnnxNode node, int input) {
        return node.input(input).flatMap(this::value);
    }

    private Optional<Value> value(String name) {
        Value known = values.get(name);
        if (known == null && stored.containsKey(name)) {
            IntegerTensor tensor = tensor(name);
            known = new Value(
                    add(new Slot(
                            name, tensor.type(), Optional.empty(), Optional.of(tensor), Optional.of(tensor.shape()))),
                    false);
            values.put(name, known);
        }
        return Optional.ofNullable(known);
    }

    /** A stored tensor. */
    private IntegerTensor tensor(String name) {
        Tensor tensor = stored.get(name);
        if (tensor == null) {
            throw new NotStored(name);
        }
        int[] shape = new int[tensor.info().shape().rank()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Math.toIntExact(tensor.info().shape().dim(i));
        }
        int count = IntegerTensor.count(shape);
        if (tensor.data().dtype().isFloating()) {
            return IntegerTensor.reals(shape, tensor.data().toFloats());
        }
        int[] codes = new int[count];
        for (int i = 0; i < count; i++) {
            long wide = tensor.data().integer(i);
            // Ends of slices and lengths are written as the greatest number there is.
            codes[i] = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, wide));
        }
        return IntegerTensor.codes(tensor.data().dtype(), shape, Optional.empty(), codes);
    }

    /** The grid that a node names. */
    private record Grid(CodeGrid grid, DType type) {
        /** The same grid for codes from −128, which the kernels for microcontrollers take; all values stay what they are. */
        Grid signed() {
            int[] zeros = grid.zeroPoints().clone();
            for (int i = 0; i < zeros.length; i++) {
                zeros[i] += Byte.MIN_VALUE;
            }
            return new Grid(new CodeGrid(grid.scales(), zeros, grid.axis()), DType.I8);
        }
    }

    /** The grid of a computed value, as the runtime stores its codes. */
    private Grid computed(Grid grid) {
        return arithmetic != Arithmetic.ONNX_RUNTIME && grid.type == DType.U8 ? grid.signed() : grid;
    }

    /** An input that must stand in the file and is computed there. */
    private static final class NotStored extends IllegalArgumentException {
        @java.io.Serial
        private static final long serialVersionUID = 1;

        NotStored(String name) {
            super("\"" + name + "\" is not stored in the file");
        }
    }

    /** @param rank of what is put on the grid; −1 if it is not known */
    private Grid grid(OnnxNode node, int scaleAt, int zeroAt, int axis, int rank) {
        String scale = node.input(scaleAt).orElseThrow(() -> new IllegalArgumentException("its scale is missing"));
        float[] scales = tensor(scale).reals();
        IntegerTensor zero = node.input(zeroAt).map(this::tensor).orElse(null);
        int[] zeros = zero == null ? new int[scales.length] : zero.codes();
        if (zeros.length == 1 && scales.length > 1) {
            int all = zeros[0];
            zeros = new int[scales.length];
            Arrays.fill(zeros, all);
        }
        if (node.intAttribute("block_size", 0) != 0) {
            throw new IllegalArgumentException("has scales for blocks");
        }
        int at = axis < 0 && rank >= 0 ? axis + rank : axis;
        return new Grid(new CodeGrid(scales, zeros, Math.max(at, 0)), zero == null ? DType.U8 : zero.type());
    }

    private boolean quantize(OnnxNode node) {
        Value from = value(node, 0).orElseThrow(() -> new IllegalArgumentException("its input is missing"));
        Grid grid = grid(node, 1, 2, (int) node.intAttribute("axis", 1), -1);
        String name = node.outputs().getFirst();
        Slot in = slots.get(from.slot);
        if (in.stored().isPresent() && in.type() == DType.F32) {
            values.put(name, new Value(add(quantized(name, in.stored().get(), grid)), false));
            return true;
        }
        Grid to = computed(grid);
        if (from.seen && in.type() == to.type && in.grid().orElseThrow().same(to.grid)) {
            values.put(name, new Value(from.slot, false));
            return true;
        }
        int out = codes(name, to);
        steps.add(new Step(node.toString(), new IntegerOp.Convert(), List.of(from.slot), out));
        values.put(name, new Value(out, false));
        return true;
    }

    /** A stored float tensor on a grid. */
    private Slot quantized(String name, IntegerTensor reals, Grid grid) {
        int inner = 1;
        for (int i = grid.grid.axis() + 1; i < reals.shape().length; i++) {
            inner *= reals.shape()[i];
        }
        int[] codes = new int[reals.reals().length];
        for (int i = 0; i < codes.length; i++) {
            int slice = grid.grid.single() ? 0 : i / inner % grid.grid.scales().length;
            double code = Math.rint(reals.reals()[i] / grid.grid.scale(slice)) + grid.grid.zeroPoint(slice);
            codes[i] = (int) Math.max(IntegerTensor.least(grid.type), Math.min(IntegerTensor.most(grid.type), code));
        }
        Optional<CodeGrid> means = Optional.of(grid.grid);
        return new Slot(
                name,
                grid.type,
                means,
                Optional.of(IntegerTensor.codes(grid.type, reals.shape(), means, codes)),
                Optional.of(reals.shape()));
    }

    private int codes(String name, Grid grid) {
        return add(new Slot(name, grid.type, Optional.of(grid.grid), Optional.empty(), Optional.empty()));
    }

    private boolean dequantize(OnnxNode node) {
        Value from = value(node, 0).orElseThrow(() -> new IllegalArgumentException("its input is missing"));
        Slot in = slots.get(from.slot);
        int rank = in.shape().map(s -> s.length).orElse(-1);
        Grid grid = grid(node, 1, 2, (int) node.intAttribute("axis", 1), rank);
        String name = node.outputs().getFirst();
        if (in.type() == DType.F32) {
            throw new IllegalArgumentException("dequantizes float values");
        }
        boolean known = in.grid().isPresent()
                && (in.grid().get().same(grid.grid)
                        || (in.stored().isEmpty() && in.grid().get().same(computed(grid).grid)));
        if (known) {
            values.put(name, new Value(from.slot, true));
        } else if (in.stored().isPresent()) {
            IntegerTensor t = in.stored().get();
            Optional<CodeGrid> means = Optional.of(grid.grid);
            values.put(
                    name,
                    new Value(
                            add(new Slot(
                                    in.name(),
                                    in.type(),
                                    means,
                                    Optional.of(IntegerTensor.codes(t.type(), t.shape(), means, t.codes())),
                                    in.shape())),
                            true));
        } else if (in.grid().isEmpty()) {
            slots.set(from.slot, new Slot(in.name(), in.type(), Optional.of(grid.grid), Optional.empty(), in.shape()));
            values.put(name, new Value(from.slot, true));
        } else {
            throw new IllegalArgumentException("reads codes on another grid than they were made on");
        }
        return true;
    }

    /** The QuantizeLinear that alone reads a value, perhaps behind a Relu or Clip. */
    private Optional<Sink> sink(String value) {
        Activation activation = Activation.NONE;
        List<Integer> passed = new ArrayList<>();
        String at = value;
        boolean parted = false;
        while (true) {
            List<Consumer> readers = onnx.consumers(at);
            if (readers.size() != 1 || onnx.outputNames().contains(at)) {
                return Optional.empty();
            }
            OnnxNode reader = byName.get(readers.getFirst().node());
            if (reader == null || readers.getFirst().input() != 0) {
                return Optional.empty();
            }
            passed.add(reader.index());
            if (reader.opType().equals("QuantizeLinear")) {
                Grid grid = grid(reader, 1, 2, 1, -1);
                boolean fits = grid.grid.single() && (grid.type == DType.I8 || grid.type == DType.U8);
                return fits ? Optional.of(new Sink(reader, activation, parted, passed)) : Optional.empty();
            }
            if (reader.opType().equals("Sum") && passes(reader)) {
                parted = true;
                at = reader.outputs().getFirst();
                continue;
            }
            Optional<Activation> limits = activation == Activation.NONE ? limits(reader) : Optional.empty();
            if (limits.isEmpty()) {
                return Optional.empty();
            }
            activation = limits.get();
            at = reader.outputs().getFirst();
        }
    }

    /** True if a Sum changes nothing, or next to nothing on the way to a grid. */
    private boolean passes(OnnxNode sum) {
        if (sum.inputs().size() == 1) {
            return true;
        }
        List<Consumer> readers = onnx.consumers(sum.outputs().getFirst());
        OnnxNode reader = readers.size() == 1 ? byName.get(readers.getFirst().node()) : null;
        if (arithmetic == Arithmetic.ONNX_RUNTIME
                || sum.inputs().size() != 2
                || reader == null
                || !reader.opType().equals("QuantizeLinear")
                || !stored.containsKey(sum.inputs().get(1))) {
            return false;
        }
        float[] by = tensor(sum.inputs().get(1)).reals();
        return by.length == 1
                && Math.abs(by[0]) <= NUDGE * grid(reader, 1, 2, 1, -1).grid.scale();
    }

    /** The limits of a Relu or Clip that are those of a fused function. */
    private Optional<Activation> limits(OnnxNode node) {
        if (node.opType().equals("Relu")) {
            return Optional.of(Activation.RELU);
        }
        if (!node.opType().equals("Clip")) {
            return Optional.empty();
        }
        float least = node.input(1)
                .map(n -> tensor(n).reals()[0])
                .orElse(node.floatAttribute("min", Float.NEGATIVE_INFINITY));
        float most = node.input(2)
                .map(n -> tensor(n).reals()[0])
                .orElse(node.floatAttribute("max", Float.POSITIVE_INFINITY));
        if (least == 0 && (most == 6 || most == Float.POSITIVE_INFINITY)) {
            return Optional.of(most == 6 ? Activation.RELU6 : Activation.RELU);
        }
        return least == -1 && most == 1 ? Optional.of(Activation.RELU_N1_TO_1) : Optional.empty();
    }

    /** True if ONNX Runtime drops the limits because the grid cannot leave them (ReluQuantFusion, ClipQuantFusion). */
    private static boolean within(Activation activation, Grid grid) {
        float least = grid.grid.scale() * (IntegerTensor.least(grid.type) - grid.grid.zeroPoint());
        float most = grid.grid.scale() * (IntegerTensor.most(grid.type) - grid.grid.zeroPoint());
        return switch (activation) {
            case NONE -> true;
            case RELU -> least >= 0;
            case RELU6 -> least >= 0 && most <= 6;
            case RELU_N1_TO_1 -> least >= -1 && most <= 1;
        };
    }

    private boolean operator(OnnxNode node) {
        Optional<IntegerOp> known = OnnxSteps.of(node, this::constant);
        Optional<Activation> limits = limits(node);
        if (limits.isPresent()) {
            known = limits.map(IntegerOp.Clamp::new);
        }
        if (known.isEmpty()) {
            return false;
        }
        IntegerOp op = known.get();
        List<Integer> from = new ArrayList<>();
        boolean whole = true;
        for (int i = 0; i < OnnxSteps.dataInputs(node); i++) {
            Optional<Value> value = value(node, i);
            if (value.isEmpty()) {
                from.add(-1);
                continue;
            }
            from.add(value.get().slot);
            boolean bias = i == 2 && (op instanceof IntegerOp.Conv || op instanceof IntegerOp.Linear);
            whole &= value.get().seen || bias;
        }
        String name = node.outputs().getFirst();
        if (OnnxSteps.moves(op)) {
            return move(node, op, from, name);
        }
        Optional<Sink> sink = whole ? sink(name) : Optional.empty();
        if (whole && op instanceof IntegerOp.Linear linear && !isStored(from.get(1))) {
            op = new IntegerOp.MatMul(false, linear.outputsFirst());
        }
        if (sink.isPresent() && takes(node, sink.get())) {
            return join(node, op, from, sink.get());
        }
        if (whole && (op instanceof IntegerOp.Conv || op instanceof IntegerOp.Linear)) {
            // No grid behind it: the accumulators as float32 values.
            int out = real(name);
            withBias(node, op, from);
            steps.add(new Step(node.toString(), op, from, out));
            values.put(name, new Value(out, false));
            return true;
        }
        return inFloat(node, op, name);
    }

    private boolean takes(OnnxNode node, Sink sink) {
        Grid grid = grid(sink.quantize, 1, 2, 1, -1);
        return arithmetic != Arithmetic.ONNX_RUNTIME
                || (FUSED.contains(node.opType())
                        && !sink.apart
                        && node.inputs().stream().noneMatch(apart::contains)
                        && within(sink.activation, grid));
    }

    private boolean isStored(int slot) {
        return slot >= 0 && slots.get(slot).stored().isPresent();
    }

    private int[] constant(String name) {
        return tensor(name).codes();
    }

    /** Operator, limits and QuantizeLinear as one step. */
    private boolean join(OnnxNode node, IntegerOp op, List<Integer> from, Sink sink) {
        Grid grid = grid(sink.quantize, 1, 2, 1, -1);
        String name = sink.quantize.outputs().getFirst();
        Activation activation = arithmetic == Arithmetic.ONNX_RUNTIME ? Activation.NONE : sink.activation;
        Optional<IntegerOp> limited = OnnxSteps.limited(op, activation);
        if (limited.isEmpty()) {
            return inFloat(node, op, node.outputs().getFirst());
        }
        int out = codes(name, computed(grid));
        withBias(node, op, from);
        steps.add(new Step(node.toString(), limited.get(), from, out));
        values.put(name, new Value(out, false));
        done.addAll(sink.passed);
        return true;
    }

    /** A float bias on the grid of the accumulators, as converters and ONNX Runtime's optimizer store it. */
    private void withBias(OnnxNode node, IntegerOp op, List<Integer> from) {
        if (!(op instanceof IntegerOp.Conv || op instanceof IntegerOp.Linear) || from.size() < 3 || from.get(2) < 0) {
            return;
        }
        Slot bias = slots.get(from.get(2));
        if (bias.type() == DType.I32) {
            return;
        }
        IntegerTensor reals = bias.stored()
                .filter(IntegerTensor::isReal)
                .orElseThrow(() -> new IllegalArgumentException("the bias of " + node.name() + " is computed"));
        float in = slots.get(from.get(0)).grid().orElseThrow().scale();
        CodeGrid weights = slots.get(from.get(1)).grid().orElseThrow();
        int[] codes = new int[reals.reals().length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (int) Math.rint(reals.reals()[i] / (in * weights.scale(i)));
        }
        int[] shape = {codes.length};
        from.set(
                2,
                add(new Slot(
                        bias.name(),
                        DType.I32,
                        Optional.empty(),
                        Optional.of(IntegerTensor.codes(DType.I32, shape, Optional.empty(), codes)),
                        Optional.of(shape))));
    }

    /** Moves codes as they are; what is seen stays seen. */
    private boolean move(OnnxNode node, IntegerOp op, List<Integer> from, String name) {
        Value first = value(node, 0).orElseThrow(() -> new IllegalArgumentException("its input is missing"));
        Slot in = slots.get(first.slot);
        int out = add(new Slot(name, in.type(), in.grid(), Optional.empty(), Optional.empty()));
        steps.add(new Step(node.toString(), op, List.of(from.getFirst()), out));
        values.put(name, new Value(out, first.seen));
        return true;
    }

    /** A step in float32, its inputs converted to float values first. */
    private boolean inFloat(OnnxNode node, IntegerOp op, String name) {
        if (!RealOps.has(op)) {
            return false;
        }
        List<Integer> reals = new ArrayList<>();
        for (int i = 0; i < OnnxSteps.dataInputs(node); i++) {
            Value value = value(node, i).orElseThrow(() -> new IllegalArgumentException("an input is missing"));
            reals.add(value.seen ? asReal(node.inputs().get(i), value) : value.slot);
        }
        int out = real(name);
        steps.add(new Step(node.toString(), op, reals, out));
        values.put(name, new Value(out, false));
        return true;
    }

    private int asReal(String name, Value value) {
        int real = real(name);
        steps.add(new Step("DequantizeLinear of " + name, new IntegerOp.Convert(), List.of(value.slot), real));
        return real;
    }

    /** Operators that take codes and name every grid themselves. */
    private boolean onCodes(OnnxNode node) {
        Optional<OnnxSteps.OnCodes> known = OnnxSteps.onCodes(node);
        if (known.isEmpty()) {
            return false;
        }
        List<Integer> from = new ArrayList<>();
        for (OnnxSteps.Operand operand : known.get().operands()) {
            Value value = value(node, operand.codes())
                    .orElseThrow(() -> new IllegalArgumentException("input " + operand.codes() + " is missing"));
            Slot slot = slots.get(value.slot);
            int rank = slot.shape().map(s -> s.length).orElse(-1);
            Grid named = grid(node, operand.scale(), operand.zero(), operand.axis(), rank);
            Grid grid = slot.stored().isEmpty() && slot.type() == DType.I8 ? computed(named) : named;
            from.add(add(new Slot(
                    slot.name(),
                    slot.type(),
                    Optional.of(grid.grid),
                    slot.stored().map(t -> IntegerTensor.codes(t.type(), t.shape(), Optional.of(grid.grid), t.codes())),
                    slot.shape())));
            if (slot.stored().isEmpty()) {
                // The same codes: the step reads the tensor that is there already.
                slots.removeLast();
                slots.set(
                        value.slot,
                        new Slot(slot.name(), slot.type(), Optional.of(grid.grid), Optional.empty(), slot.shape()));
                from.set(from.size() - 1, value.slot);
            }
        }
        @Nullable
        Integer bias = known.get().bias() < 0
                ? null
                : value(node, known.get().bias()).map(Value::slot).orElse(null);
        if (bias != null) {
            from.add(bias);
        }
        OnnxSteps.Operand result = known.get().result();
        String name = node.outputs().getFirst();
        int out = node.input(result.scale()).isPresent()
                ? codes(name, computed(grid(node, result.scale(), result.zero(), 1, -1)))
                : real(name);
        steps.add(new Step(node.toString(), known.get().op(), from, out));
        values.put(name, new Value(out, false));
        return true;
    }
}
