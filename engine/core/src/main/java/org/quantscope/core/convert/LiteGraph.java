package org.quantscope.core.convert;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.LiteCodes;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteQuantization;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/**
 * The ONNX graph that computes in float what a TensorFlow Lite graph computes. Stored tensors keep their names, shapes
 * and order of values; computed ones keep their names. Codes become the values that they stand for.
 *
 * <p>The batch, where the file has one of 1 and no operator puts samples together otherwise, may have any size.
 */
public final class LiteGraph {
    private static final int OPSET = 17;
    private static final int IR = 8;

    /** Inputs that only say a shape, which the output's declaration says, too. */
    private static final Map<String, Set<Integer>> SHAPES = Map.of(
            "RESHAPE", Set.of(1),
            "SQUEEZE", Set.of(1),
            "EXPAND_DIMS", Set.of(1),
            "TRANSPOSE_CONV", Set.of(0),
            "RESIZE_BILINEAR", Set.of(1),
            "RESIZE_NEAREST_NEIGHBOR", Set.of(1));

    /** Operators that compute on planes. */
    private static final Set<String> PICTURES = Set.of(
            "CONV_2D",
            "DEPTHWISE_CONV_2D",
            "TRANSPOSE_CONV",
            "AVERAGE_POOL_2D",
            "MAX_POOL_2D",
            "RESIZE_BILINEAR",
            "RESIZE_NEAREST_NEIGHBOR");

    private final TfliteFile read;
    private final List<String> names;
    private final CopyBudget budget;
    private final List<LiteOperator> needed;
    private final Map<Integer, ByteBuffer> decoded = new HashMap<>();
    /** The tensors whose grids computed values have, by the tensor with the value. */
    private final Map<Integer, LiteTensor> grids = new TreeMap<>();

    private LiteGraph(TfliteFile read, List<String> names, CopyBudget budget) {
        this.read = read;
        this.names = names;
        this.budget = budget;
        this.needed = needed(read);
    }

    /**
     * What was made of a model.
     *
     * @param graph empty if it cannot be made
     * @param activations the grids that the file has for computed values
     * @param reason why there is no graph; else empty
     */
    public record Result(Optional<OnnxFile> graph, Map<TensorId, OwnGrid> activations, String reason) {
        static Result none(String reason) {
            return new Result(Optional.empty(), Map.of(), reason);
        }
    }

    /** A name for each tensor: that of the file, with the index behind it where it is empty or used before. */
    public static List<String> names(TfliteFile read) {
        Set<String> taken = new HashSet<>();
        List<String> names = new ArrayList<>();
        for (LiteTensor t : read.tensors()) {
            String name = t.name().isEmpty() ? "tensor " + t.index() : t.name();
            while (!taken.add(name)) {
                name = name + ":" + t.index();
            }
            names.add(name);
        }
        return List.copyOf(names);
    }

    /**
     * Converts a model.
     *
     * @param file the model file, for messages
     * @param withData false reads no values
     * @throws BadInputException if the file contradicts itself
     */
    public static Result of(Path file, TfliteFile read, boolean withData) throws IOException {
        LiteGraph graph = new LiteGraph(read, names(read), new CopyBudget(file));
        Optional<String> reason = graph.obstacle();
        if (reason.isPresent()) {
            return Result.none(reason.get());
        }
        Wiring wiring;
        try {
            wiring = graph.wired(true);
            if (wiring.batchBroken()) {
                wiring = graph.wired(false);
            }
        } catch (NotConverted e) {
            return Result.none(String.valueOf(e.getMessage()));
        }
        return new Result(
                Optional.of(OnnxFile.of(file, graph.message(wiring), withData)), graph.activations(file, wiring), "");
    }

    /** The operators that the results depend on, in order. */
    private static List<LiteOperator> needed(TfliteFile read) {
        Set<Integer> wanted = new HashSet<>(read.outputs());
        List<LiteOperator> needed = new ArrayList<>();
        for (LiteOperator op : read.operators().reversed()) {
            if (op.outputs().stream().anyMatch(wanted::contains)) {
                needed.add(op);
                Set<Integer> shapes = SHAPES.getOrDefault(op.name(), Set.of());
                for (int i = 0; i < op.inputs().size(); i++) {
                    if (!shapes.contains(i)) {
                        wanted.add(op.inputs().get(i));
                    }
                }
            }
        }
        return needed.reversed();
    }

    private Optional<String> obstacle() {
        Map<String, Long> unknown = needed.stream()
                .map(LiteOperator::name)
                .filter(name -> !Rules.knows(name))
                .collect(Collectors.groupingBy(name -> name, TreeMap::new, Collectors.counting()));
        if (!unknown.isEmpty()) {
            long all = unknown.values().stream().mapToLong(Long::longValue).sum();
            return Optional.of(all + (all == 1 ? " operator is" : " operators are") + " not known here: "
                    + unknown.entrySet().stream()
                            .map(e -> e.getKey() + (e.getValue() == 1 ? "" : " (" + e.getValue() + ")"))
                            .collect(Collectors.joining(", ")));
        }
        if (read.inputs().isEmpty() || read.outputs().isEmpty() || needed.isEmpty()) {
            return Optional.of("it has no inputs, no outputs or no operators between them");
        }
        return read.tensors().stream()
                .filter(t -> t.variable()
                        && needed.stream().anyMatch(op -> op.inputs().contains(t.index())))
                .findFirst()
                .map(t -> names.get(t.index()) + " keeps its value from one run to the next");
    }

    private Wiring wired(boolean freeBatch) {
        grids.clear();
        Wiring w = new Wiring(read, names, freeBatch);
        for (LiteTensor t : read.tensors()) {
            if (t.stored().isPresent()) {
                store(w, t);
            } else if (t.quantization().filter(LiteQuantization::perTensor).isPresent()
                    && t.type().isCode()) {
                grids.put(t.index(), t);
            }
        }
        boolean asPlanes = read.inputs().size() == 1 && needed.stream().anyMatch(op -> PICTURES.contains(op.name()));
        for (int t : new LinkedHashSet<>(read.inputs())) {
            w.check(t >= 0 && !w.isConstant(t), "an input is stored");
            w.type(t);
            w.feed(t, asPlanes && w.rank(t) == 4);
        }
        for (LiteOperator op : needed) {
            try {
                w.check(op.outputs().stream().noneMatch(t -> t >= 0 && w.isConstant(t)), "its output is stored");
                if (Rules.GRID.contains(op.name())) {
                    regrid(w, op);
                } else {
                    Rules.of(op.name()).orElseThrow().wire(w, op);
                }
                w.carryBatch(op);
            } catch (NotConverted e) {
                throw new NotConverted(op.where() + ": " + e.getMessage());
            }
        }
        for (int t : read.outputs()) {
            w.check(t >= 0 && w.isComputed(w.at(t)), "nothing computes a result");
        }
        return w;
    }

    /** QUANTIZE and DEQUANTIZE: the same values, on a grid or off it; a second grid gets a value of its own. */
    private void regrid(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        LiteTensor now = grids.get(x);
        LiteTensor next = grids.remove(y);
        w.check(x != y, "it gives what it reads");
        w.check(
                w.type(x) == w.type(y) || w.isConstant(x),
                "it makes " + w.tensor(y).type() + " of " + w.tensor(x).type() + " without a scale");
        if (next != null && now != null && !sameGrid(now, next)) {
            w.put(op, "Identity", List.of(w.value(x)), w.result(y, w.inPlanes(x)));
            grids.put(y, next);
            return;
        }
        // The value exists; it is read so that a mistake shows here.
        w.value(x);
        w.join(y, x);
        if (next != null && !w.isConstant(x)) {
            grids.put(x, next);
        }
    }

    private static boolean sameGrid(LiteTensor a, LiteTensor b) {
        LiteQuantization one = a.quantization().orElseThrow();
        LiteQuantization other = b.quantization().orElseThrow();
        return a.type() == b.type()
                && one.scales()[0] == other.scales()[0]
                && one.zeroPoints()[0] == other.zeroPoints()[0];
    }

    private void store(Wiring w, LiteTensor t) {
        boolean floats = t.quantization().isPresent() && (t.type().isCode() || t.type() == LiteType.INT32);
        if (floats || (t.type() == LiteType.FLOAT16 && isDequantized(t.index()))) {
            ByteBuffer values = decoded.get(t.index());
            if (values == null) {
                budget.take(t.shape().count() * Float.BYTES, names.get(t.index()));
                values = floats ? LiteCodes.values(t) : halves(t);
                decoded.put(t.index(), values);
            }
            w.store(t.index(), TensorProto.DataType.FLOAT_VALUE, UnsafeByteOperations.unsafeWrap(values.duplicate()));
        } else if (t.type().dtype().isPresent()) {
            if (t.stored().orElseThrow().byteSize() > Integer.MAX_VALUE) {
                throw new NotConverted(names.get(t.index()) + " has over 2 GB");
            }
            w.store(
                    t.index(),
                    Wiring.type(t.type()),
                    UnsafeByteOperations.unsafeWrap(t.stored().get().asByteBuffer()));
        }
    }

    private boolean isDequantized(int t) {
        return read.operators().stream()
                .anyMatch(op -> op.name().equals("DEQUANTIZE") && op.inputs().contains(t));
    }

    private static ByteBuffer halves(LiteTensor t) {
        ShortBuffer halves = t.stored()
                .orElseThrow()
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asShortBuffer();
        ByteBuffer out = ByteBuffer.allocate(Math.multiplyExact(halves.remaining(), Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        while (halves.hasRemaining()) {
            out.putFloat(Float.float16ToFloat(halves.get()));
        }
        return out.rewind();
    }

    private ModelProto message(Wiring w) {
        GraphProto.Builder graph = GraphProto.newBuilder().setName("tflite");
        Set<Integer> fed = new LinkedHashSet<>(read.inputs());
        fed.forEach(t -> graph.addInput(w.fed(t)));
        Set<String> given = new LinkedHashSet<>();
        List<Integer> results = new ArrayList<>();
        for (int t : read.outputs()) {
            ValueInfoProto info = result(w, t, fed.contains(w.at(t)));
            if (given.add(info.getName())) {
                graph.addOutput(info);
                results.add(t);
            }
        }
        w.declared(List.copyOf(fed), results).forEach(graph::addValueInfo);
        w.stored().forEach(graph::addInitializer);
        w.nodes().forEach(graph::addNode);
        return ModelProto.newBuilder()
                .setIrVersion(IR)
                .setProducerName("tflite")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
                .setGraph(graph)
                .build();
    }

    /** The declaration of a result; one that is fed or stored is given under a name of its own. */
    private static ValueInfoProto result(Wiring w, int t, boolean fed) {
        if (!fed && !w.isConstant(t)) {
            return w.info(t);
        }
        String out = w.between(t, "result");
        w.copy(w.value(t), out);
        return w.info(t).toBuilder().setName(out).build();
    }

    private Map<TensorId, OwnGrid> activations(Path file, Wiring w) {
        Map<TensorId, OwnGrid> own = new TreeMap<>();
        grids.forEach((t, grid) -> {
            if (w.at(t) == t && w.isComputed(t)) {
                own.put(
                        new TensorId(names.get(t)),
                        new OwnGrid(params(file, grid, grid.quantization().orElseThrow()), Optional.empty()));
            }
        });
        return own;
    }

    /**
     * The grid of a tensor.
     *
     * @throws BadInputException if a scale is not a positive number, or a zero point is none
     */
    public static QuantParams params(Path file, LiteTensor t, LiteQuantization q) {
        int[] zeroPoints = new int[q.zeroPoints().length];
        for (int i = 0; i < zeroPoints.length; i++) {
            zeroPoints[i] = Math.clamp(q.zeroPoints()[i], Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
        Granularity granularity = q.perTensor() ? Granularity.TENSOR : new Granularity.PerChannel(q.axis());
        try {
            return new QuantParams(
                    granularity,
                    q.scales(),
                    zeroPoints,
                    t.type().least(),
                    t.type().most());
        } catch (IllegalArgumentException e) {
            throw new BadInputException(
                    file,
                    t.name().isEmpty() ? "tensor " + t.index() : t.name(),
                    "its quantization is none: " + e.getMessage(),
                    e);
        }
    }
}
