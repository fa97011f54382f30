package org.quantscope.core.integer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.integer.IntegerGraph.Slot;
import org.quantscope.core.integer.IntegerGraph.Step;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteQuantization;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/** A quantized TensorFlow Lite model as a network of whole numbers. */
public final class TfliteIntegers {
    private TfliteIntegers() {}

    /**
     * Reads a model. Numbers of tensors are those of the file.
     *
     * @throws BadInputException naming and counting the operators that are not computed in whole numbers, or the tensor that
     *     is not as it must be
     * @throws IOException if the file cannot be read
     */
    public static IntegerGraph read(Path file) throws IOException {
        return of(file, TfliteFile.read(file));
    }

    /** The same of a model that is read already. */
    public static IntegerGraph of(Path file, TfliteFile model) {
        List<Slot> slots = new ArrayList<>();
        for (LiteTensor tensor : model.tensors()) {
            slots.add(slot(file, tensor));
        }
        Map<String, Integer> unknown = new TreeMap<>();
        List<Step> steps = new ArrayList<>();
        for (LiteOperator operator : model.operators()) {
            try {
                Optional<IntegerOp> op = LiteSteps.of(operator, slots);
                if (op.isEmpty() || operator.outputs().size() != 1) {
                    unknown.merge(operator.name(), 1, Integer::sum);
                    continue;
                }
                steps.add(new Step(
                        operator.where(),
                        op.get(),
                        operator.inputs(),
                        operator.outputs().getFirst()));
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new BadInputException(file, operator.where(), String.valueOf(e.getMessage()), e);
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
        for (List<Integer> ends : List.of(model.inputs(), model.outputs())) {
            if (ends.isEmpty() || ends.contains(-1)) {
                throw new BadInputException(file, "inputs and outputs", "one is missing");
            }
        }
        for (Step step : steps) {
            if (step.output() < 0) {
                throw new BadInputException(file, step.name(), "its result is missing");
            }
        }
        return new IntegerGraph(file, slots, steps, model.inputs(), model.outputs());
    }

    private static Slot slot(Path file, LiteTensor tensor) {
        String field = tensor.name().isEmpty() ? "tensor " + tensor.index() : tensor.name();
        if (tensor.variable()) {
            throw new BadInputException(file, field, "keeps its values from run to run, which is not computed here");
        }
        DType type = tensor.type() == LiteType.INT4
                ? DType.I8
                : tensor.type()
                        .dtype()
                        .orElseThrow(() -> new BadInputException(file, field, "elements of " + tensor.type()));
        try {
            Optional<CodeGrid> grid = tensor.type().isCode() || type == DType.I32
                    ? tensor.quantization().map(TfliteIntegers::grid)
                    : Optional.empty();
            int[] shape = shape(tensor.shape());
            Optional<IntegerTensor> stored =
                    tensor.stored().flatMap(bytes -> stored(tensor.type(), type, shape, grid, bytes));
            return new Slot(tensor.name(), type, grid, stored, Optional.of(shape));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(file, field, String.valueOf(e.getMessage()), e);
        }
    }

    private static CodeGrid grid(LiteQuantization of) {
        int[] zeroPoints =
                Arrays.stream(of.zeroPoints()).mapToInt(Math::toIntExact).toArray();
        return new CodeGrid(of.scales(), zeroPoints, of.axis());
    }

    private static int[] shape(Shape shape) {
        int[] lengths = new int[shape.rank()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = Math.toIntExact(shape.dim(i));
        }
        return lengths;
    }

    private static Optional<IntegerTensor> stored(
            LiteType lite, DType type, int[] shape, Optional<CodeGrid> grid, MemorySegment bytes) {
        int count = IntegerTensor.count(shape);
        if (type == DType.F32) {
            ValueLayout.OfFloat layout = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
            float[] reals = bytes.toArray(layout);
            return Optional.of(IntegerTensor.reals(shape, reals));
        }
        int[] codes = new int[count];
        for (int i = 0; i < count; i++) {
            switch (lite) {
                case INT4 -> {
                    byte both = bytes.get(ValueLayout.JAVA_BYTE, i / 2);
                    codes[i] = i % 2 == 0 ? (byte) (both << 4) >> 4 : both >> 4;
                }
                case INT8, BOOL -> codes[i] = bytes.get(ValueLayout.JAVA_BYTE, i);
                case UINT8 -> codes[i] = Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, i));
                case INT16 ->
                    codes[i] = bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 2L * i);
                case INT32 ->
                    codes[i] = bytes.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4L * i);
                case INT64 -> {
                    long wide = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8L * i);
                    // Biases of 16-bit networks; those that do not fit are not computed here.
                    codes[i] = Math.toIntExact(wide);
                }
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(IntegerTensor.codes(type, shape, grid, codes));
    }
}
