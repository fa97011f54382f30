package org.quantscope.core.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOps;
import org.quantscope.core.tflite.LiteQuantization;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/**
 * Reads the stored tensors of a TensorFlow Lite model, with the operators that read them. Quantized ones are shown as the
 * values that their codes stand for, with the grid that they have. The model is not run here: its computed values and its
 * accuracy are not known, and that is said.
 */
public final class TfliteLoader implements ModelLoader {
    private static final String DEQUANTIZE = "DEQUANTIZE";

    @Override
    public String id() {
        return "tflite";
    }

    @Override
    public String title() {
        return "TensorFlow Lite";
    }

    @Override
    public String source() {
        return "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return TfliteFile.matches(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        TfliteFile read = TfliteFile.read(file);
        return new Reading(file, read, withData).model();
    }

    private static final class Reading {
        private final Path file;
        private final TfliteFile read;
        private final boolean withData;
        private final CopyBudget budget;
        private final Map<TensorId, OwnGrid> grids = new TreeMap<>();
        private final Map<Integer, List<LiteOperator>> readers = new HashMap<>();
        private final Map<String, List<String>> unread = new LinkedHashMap<>();
        private final Set<String> names = new HashSet<>();

        Reading(Path file, TfliteFile read, boolean withData) {
            this.file = file;
            this.read = read;
            this.withData = withData;
            this.budget = new CopyBudget(file);
        }

        Model model() {
            for (LiteOperator op : read.operators()) {
                for (int tensor : op.inputs()) {
                    if (tensor >= 0) {
                        readers.computeIfAbsent(tensor, k -> new ArrayList<>()).add(op);
                    }
                }
            }
            List<Tensor> tensors = new ArrayList<>();
            for (LiteTensor tensor : read.tensors()) {
                if (tensor.stored().isPresent()) {
                    tensor(tensor, tensor.stored().get()).ifPresent(tensors::add);
                }
            }
            long ranges = read.tensors().stream()
                    .filter(t -> t.stored().isEmpty()
                            && t.quantization().isPresent()
                            && t.type().isCode())
                    .count();
            List<String> notes = new ArrayList<>();
            Optional<OwnQuantization> own = grids.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new OwnQuantization("TensorFlow Lite", grids, Map.of(), List.of()));
            own.ifPresent(o -> notes.add(o.said()));
            if (ranges > 0) {
                notes.add(ranges + " computed values have a scale and a zero point in the file; they are not shown");
            }
            notes.add(
                    "a TensorFlow Lite model is not run here: its weights have histograms and errors, but there are no"
                            + " activations and no accuracy");
            if (read.subgraphs() > 1) {
                notes.add("the first of " + read.subgraphs() + " subgraphs is read");
            }
            unread.forEach((why, of) -> notes.add(of.size() + (of.size() == 1 ? " tensor" : " tensors") + " " + why
                    + " skipped: " + of.getFirst() + (of.size() > 1 ? ", …" : "")));
            Map<String, String> metadata = new LinkedHashMap<>();
            if (!read.description().isEmpty()) {
                metadata.put("description", read.description());
            }
            read.metadata().forEach((name, bytes) -> metadata.put(name, text(bytes)));
            return new Model(file, "tflite", OptionalInt.empty(), tensors, Optional.empty(), notes, Set.of(), own)
                    .withMetadata(metadata);
        }

        /** A short text, or how long it is. */
        private static String text(MemorySegment bytes) {
            byte[] start = bytes.asSlice(0, Math.min(200, bytes.byteSize())).toArray(ValueLayout.JAVA_BYTE);
            int end = start.length;
            while (end > 0 && start[end - 1] == 0) {
                end--;
            }
            for (int i = 0; i < end; i++) {
                if (start[i] < ' ' || start[i] > '~') {
                    return bytes.byteSize() + " bytes";
                }
            }
            return new String(start, 0, end, StandardCharsets.US_ASCII) + (bytes.byteSize() > start.length ? " …" : "");
        }

        /** An operator that reads a tensor, and as which input. */
        private record Use(LiteOperator operator, int input) {}

        /** The uses of a tensor, also those of what DEQUANTIZE makes of it. */
        private List<Use> uses(int tensor) {
            List<Use> uses = new ArrayList<>();
            for (LiteOperator op : readers.getOrDefault(tensor, List.of())) {
                for (int i = 0; i < op.inputs().size(); i++) {
                    if (op.inputs().get(i) == tensor) {
                        uses.add(new Use(op, i));
                    }
                }
                if (op.name().equals(DEQUANTIZE) && op.outputs().size() == 1) {
                    int output = op.outputs().getFirst();
                    for (LiteOperator next : readers.getOrDefault(output, List.of())) {
                        for (int i = 0; i < next.inputs().size(); i++) {
                            if (next.inputs().get(i) == output) {
                                uses.add(new Use(next, i));
                            }
                        }
                    }
                }
            }
            return uses;
        }

        private Optional<Tensor> tensor(LiteTensor t, MemorySegment stored) {
            String name = t.name().isEmpty() ? "tensor " + t.index() : t.name();
            if (!names.add(name)) {
                name = name + ":" + t.index();
                names.add(name);
            }
            TensorId id = new TensorId(name);
            Optional<DType> dtype = t.type().dtype();
            Optional<LiteQuantization> quantized = t.quantization();
            boolean codes = quantized.isPresent() && t.type().isCode();
            boolean scaledBias = quantized.isPresent() && t.type() == LiteType.INT32;
            if (!codes && !scaledBias && dtype.isEmpty()) {
                unread.computeIfAbsent("of type " + t.type(), k -> new ArrayList<>())
                        .add(name);
                return Optional.empty();
            }
            boolean decoded = codes || scaledBias;
            TensorInfo info = info(id, t, decoded ? DType.F32 : dtype.orElseThrow());
            long count = t.shape().count();
            if (!decoded) {
                return Optional.of(new Tensor(
                        info,
                        withData
                                ? new TensorData(dtype.orElseThrow(), stored, ByteOrder.LITTLE_ENDIAN, count)
                                : TensorData.unread(dtype.orElseThrow(), count)));
            }
            LiteQuantization q = quantized.orElseThrow();
            if (codes) {
                grids.put(id, new OwnGrid(params(name, t, q), Optional.empty()));
            }
            return Optional.of(
                    new Tensor(info, withData ? values(name, t, q, stored) : TensorData.unread(DType.F32, count)));
        }

        private TensorInfo info(TensorId id, LiteTensor t, DType dtype) {
            List<Use> uses = uses(t.index());
            List<Consumer> by = new ArrayList<>();
            TensorKind kind = TensorKind.CONSTANT;
            OptionalInt axis = OptionalInt.empty();
            for (Use use : uses) {
                LiteOperator op = use.operator;
                by.add(new Consumer(op.name() + "_" + op.index(), op.name(), use.input, 1));
                if (!dtype.isFloating()) {
                    continue;
                }
                if (t.shape().rank() >= 2 && LiteOps.multiplies(op.name(), use.input)) {
                    kind = TensorKind.WEIGHT;
                    OptionalInt of = LiteOps.outputAxis(op.name());
                    if (of.isPresent() && of.getAsInt() < t.shape().rank()) {
                        axis = of;
                    }
                } else if (kind == TensorKind.CONSTANT && LiteOps.isBias(op.name(), use.input)) {
                    kind = TensorKind.BIAS;
                }
            }
            return new TensorInfo(id, kind, dtype, t.shape(), axis, by);
        }

        private QuantParams params(String name, LiteTensor t, LiteQuantization q) {
            int[] zeroPoints = new int[q.zeroPoints().length];
            for (int i = 0; i < zeroPoints.length; i++) {
                zeroPoints[i] = Math.clamp(q.zeroPoints()[i], Integer.MIN_VALUE, Integer.MAX_VALUE);
            }
            Granularity granularity =
                    q.scales().length == 1 ? Granularity.TENSOR : new Granularity.PerChannel(q.axis());
            try {
                return new QuantParams(
                        granularity,
                        q.scales(),
                        zeroPoints,
                        t.type().least(),
                        t.type().most());
            } catch (IllegalArgumentException e) {
                throw new BadInputException(file, name, "its quantization is none: " + e.getMessage(), e);
            }
        }

        /** scale · (code − zero point), in float32 as the kernels of TensorFlow Lite dequantize. */
        private TensorData values(String name, LiteTensor t, LiteQuantization q, MemorySegment stored) {
            long count = t.shape().count();
            budget.take(count * Float.BYTES, name);
            float[] values = new float[(int) count];
            boolean single = q.scales().length == 1;
            long inner = single ? 1 : t.shape().inner(q.axis());
            for (int i = 0; i < values.length; i++) {
                int slice = single ? 0 : (int) (i / inner % q.scales().length);
                values[i] = (float) (code(t, stored, i) - q.zeroPoints()[slice]) * q.scales()[slice];
            }
            return TensorData.of(values);
        }

        private static long code(LiteTensor t, MemorySegment stored, int i) {
            return switch (t.type()) {
                case INT4 -> {
                    int both = stored.get(ValueLayout.JAVA_BYTE, i / 2);
                    yield (i & 1) == 0 ? both << 28 >> 28 : both >> 4;
                }
                case INT8 -> stored.get(ValueLayout.JAVA_BYTE, i);
                case UINT8 -> Byte.toUnsignedInt(stored.get(ValueLayout.JAVA_BYTE, i));
                case INT16 -> stored.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 2L * i);
                case UINT16 ->
                    Short.toUnsignedInt(
                            stored.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 2L * i));
                default -> stored.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4L * i);
            };
        }
    }
}
