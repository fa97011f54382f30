package org.quantscope.core.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.convert.LiteGraph;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.tflite.AttachedFiles;
import org.quantscope.core.tflite.LiteCodes;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOps;
import org.quantscope.core.tflite.LiteQuantization;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/**
 * Reads a TensorFlow Lite model: its graph and its stored tensors. Quantized ones are shown as the
 * values that their codes stand for, with the grid that they have. The graph is converted to ONNX, in float; where that
 * cannot be, its computed values and its accuracy are not known, and that is said with the reason.
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
        private final List<String> names;

        Reading(Path file, TfliteFile read, boolean withData) {
            this.file = file;
            this.read = read;
            this.withData = withData;
            this.budget = new CopyBudget(file);
            this.names = LiteGraph.names(read);
        }

        Model model() throws IOException {
            LiteGraph.Result converted = LiteGraph.of(file, read, withData);
            Model model = converted
                    .graph()
                    .map(g -> run(g, converted.activations()))
                    .orElseGet(() -> weightsOnly(converted.reason()));
            Map<String, String> metadata = metadata();
            List<String> classes = List.of();
            try {
                Optional<AttachedFiles> attached = AttachedFiles.of(file);
                classes = attached.map(this::classes).orElse(List.of());
                attached.ifPresent(a -> metadata.put(
                        "files behind it",
                        a.sizes().entrySet().stream()
                                .map(e -> e.getKey() + " (" + e.getValue() + " bytes)")
                                .collect(Collectors.joining(", "))));
            } catch (BadInputException e) {
                metadata.put("files behind it", "damaged: " + e.getMessage());
            }
            if (!classes.isEmpty()) {
                metadata.put("class names", names(classes));
            }
            return model.withMetadata(metadata, classes);
        }

        /** The labels of the first output that has as many classes as there are. */
        private List<String> classes(AttachedFiles attached) {
            return read.outputs().stream()
                    .filter(t -> t >= 0)
                    .map(t -> read.tensors().get(t).shape())
                    .filter(shape -> shape.rank() > 0)
                    .map(shape -> attached.labels(shape.dim(shape.rank() - 1)))
                    .filter(labels -> labels.size() > 1)
                    .findFirst()
                    .orElse(List.of());
        }

        private static String names(List<String> classes) {
            int shown = Math.min(20, classes.size());
            return classes.size() + ": " + String.join(", ", classes.subList(0, shown))
                    + (classes.size() > shown ? ", …" : "");
        }

        /** The model with its graph. */
        private Model run(OnnxFile graph, Map<TensorId, OwnGrid> activations) {
            for (LiteTensor t : read.tensors()) {
                if (t.stored().isPresent()
                        && t.quantization().isPresent()
                        && t.type().isCode()) {
                    grids.put(
                            new TensorId(names.get(t.index())),
                            new OwnGrid(
                                    LiteGraph.params(file, t, t.quantization().get()), Optional.empty()));
                }
            }
            Optional<OwnQuantization> own = grids.isEmpty() && activations.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new OwnQuantization("TensorFlow Lite", grids, activations, List.of()));
            List<String> notes = new ArrayList<>();
            own.ifPresent(o -> notes.add(o.said()));
            notes.addAll(graph.notes());
            long halves = read.tensors().stream()
                    .filter(t -> t.stored().isPresent() && t.type() == LiteType.FLOAT16)
                    .count();
            if (halves > 0) {
                notes.add(halves + (halves == 1 ? " tensor is" : " tensors are")
                        + " stored as float16 and computed with as float32, as DEQUANTIZE does");
            }
            long hybrid = read.operators().stream().filter(this::isHybrid).count();
            if (hybrid > 0) {
                notes.add(hybrid + (hybrid == 1 ? " layer has" : " layers have")
                        + " weights of 8 bits and floats to multiply: TensorFlow Lite rounds those floats to 8 bits"
                        + " while it runs, here they stay as they are");
            }
            if (graph.graph().nodes().stream().anyMatch(n -> n.opType().equals("Conv"))) {
                notes.add("convolutions are computed with the channels first: their weights are output channels × input"
                        + " channels × height × width, pictures batch × channels × height × width");
            }
            subgraphs(notes);
            return new Model(
                    file,
                    "tflite",
                    OptionalInt.of(graph.opset()),
                    graph.tensors(),
                    Optional.of(graph.graph()),
                    notes,
                    Set.of(),
                    own);
        }

        /** True if an operator multiplies floats by codes of 8 bits. */
        private boolean isHybrid(LiteOperator op) {
            int weight = op.input(1);
            return LiteOps.multiplies(op.name(), 1)
                    && op.input(0) >= 0
                    && weight >= 0
                    && read.tensors().get(op.input(0)).type() == LiteType.FLOAT32
                    && read.tensors().get(weight).type() == LiteType.INT8;
        }

        private void subgraphs(List<String> notes) {
            if (read.subgraphs() > 1) {
                notes.add("the first of " + read.subgraphs() + " subgraphs is read");
            }
        }

        /** The stored tensors, known by the operators that read them. */
        private Model weightsOnly(String reason) {
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
            notes.add("this TensorFlow Lite model is not run here, so there are no activations and no accuracy, only"
                    + " weights: " + reason);
            subgraphs(notes);
            unread.forEach((why, of) -> notes.add(of.size() + (of.size() == 1 ? " tensor" : " tensors") + " " + why
                    + " skipped: " + of.getFirst() + (of.size() > 1 ? ", …" : "")));
            return new Model(file, "tflite", OptionalInt.empty(), tensors, Optional.empty(), notes, Set.of(), own);
        }

        private Map<String, String> metadata() {
            Map<String, String> metadata = new LinkedHashMap<>();
            if (!read.description().isEmpty()) {
                metadata.put("description", read.description());
            }
            read.metadata().forEach((name, bytes) -> metadata.put(name, text(bytes)));
            return metadata;
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
            String name = names.get(t.index());
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
            if (codes) {
                grids.put(id, new OwnGrid(LiteGraph.params(file, t, quantized.orElseThrow()), Optional.empty()));
            }
            return Optional.of(new Tensor(info, withData ? values(name, t) : TensorData.unread(DType.F32, count)));
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

        private TensorData values(String name, LiteTensor t) {
            budget.take(t.shape().count() * Float.BYTES, name);
            return new TensorData(
                    DType.F32,
                    MemorySegment.ofBuffer(LiteCodes.values(t)),
                    ByteOrder.LITTLE_ENDIAN,
                    t.shape().count());
        }
    }
}
