package org.quantscope.core.convert;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tflite.LiteCodes;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions.Activation;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/**
 * An ONNX graph as it is made of a TensorFlow Lite one: which value stands for which tensor, and the nodes so far. For
 * one use.
 *
 * <p>Pictures lie in TensorFlow Lite as batch, height, width, channels (here: as the file has them), and ONNX computes on
 * batch, channels, height, width (planes). The value that has a tensor's name lies as the operator leaves it that
 * computes it; the other layout is computed from it where an operator wants that one, and only there.
 */
final class Wiring {
    /** Longer lists of integers are data, not shapes or axes. */
    private static final int LONGEST = 1024;

    private static final long[] TO_PLANES = {0, 3, 1, 2};
    private static final long[] TO_FILE = {0, 2, 3, 1};

    private final List<LiteTensor> tensors;
    private final Set<Integer> results;
    private final List<String> names;
    private final boolean freeBatch;
    private final Set<String> taken;
    /** Tensors that have the values of another one. */
    private final Map<Integer, Integer> same = new HashMap<>();

    private final Map<Integer, String> inFile = new HashMap<>();
    private final Map<Integer, String> inPlanes = new HashMap<>();
    private final Set<Integer> planesFirst = new HashSet<>();
    private final Set<Integer> constants = new HashSet<>();
    private final Set<Integer> batched = new HashSet<>();
    private final Map<List<Object>, String> made = new HashMap<>();
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> stored = new ArrayList<>();
    private final Map<String, ValueInfoProto> declared = new LinkedHashMap<>();
    private final Map<Integer, Integer> nodesOf = new HashMap<>();
    private boolean batchBroken;

    /**
     * @param names of the tensors, each once
     * @param freeBatch the first axis of what is fed may have any length
     */
    Wiring(TfliteFile read, List<String> names, boolean freeBatch) {
        this.tensors = read.tensors();
        this.results = Set.copyOf(read.outputs());
        this.names = names;
        this.freeBatch = freeBatch;
        this.taken = new HashSet<>(names);
    }

    // What the graph says

    int input(LiteOperator op, int i) {
        int t = op.input(i);
        if (t < 0) {
            throw new NotConverted("input " + i + " is missing");
        }
        return at(t);
    }

    int output(LiteOperator op) {
        if (op.outputs().size() != 1 || op.outputs().getFirst() < 0) {
            throw new NotConverted("it has " + op.outputs().size() + " outputs");
        }
        return op.outputs().getFirst();
    }

    /** The tensor whose values a tensor has: itself, or what is in front of a QUANTIZE or DEQUANTIZE. */
    int at(int tensor) {
        int at = tensor;
        for (Integer next = same.get(at); next != null; next = same.get(at)) {
            at = next;
        }
        return at;
    }

    LiteTensor tensor(int t) {
        return tensors.get(t);
    }

    String name(int t) {
        return names.get(t);
    }

    int rank(int t) {
        return tensors.get(t).shape().rank();
    }

    /** The lengths of the axes, as the file has them; 1 for one that is open. */
    long[] shape(int t) {
        return tensors.get(t).shape().toArray();
    }

    /** The lengths of the axes, none of which may be open but that of the batch. */
    long[] fixedShape(int t) {
        Shape shape = tensors.get(t).shape();
        for (int i = 1; i < shape.rank(); i++) {
            if (shape.isFree(i)) {
                throw new NotConverted("the size of " + name(t) + " is known only when the model runs");
            }
        }
        return shape.toArray();
    }

    /** The length of the last axis, which may not be open. */
    long fixedChannels(int t) {
        Shape shape = tensors.get(t).shape();
        check(!shape.isFree(shape.rank() - 1), "the channels of " + name(t) + " are known only when the model runs");
        return shape.dim(shape.rank() - 1);
    }

    /** How many rows a matrix has that a tensor becomes: −1 leaves it open where there are several for each sample. */
    long rows(int t, long rows) {
        return isBatched(t) && rows > 1 ? -1 : rows;
    }

    /** An axis, counted from the front. */
    int axis(long axis, int rank) {
        long at = axis < 0 ? axis + rank : axis;
        check(at >= 0 && at < rank, "axis " + axis + " is none of " + rank);
        return (int) at;
    }

    void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new NotConverted(otherwise);
        }
    }

    /** True if the values are stored in the file. */
    boolean isConstant(int t) {
        return constants.contains(at(t));
    }

    /** True if the tensor is a result of the model. */
    boolean isResult(int t) {
        return results.contains(t);
    }

    /** Stored whole numbers, such as axes. */
    long[] integers(int t) {
        LiteTensor tensor = tensors.get(at(t));
        boolean whole = tensor.type() == LiteType.INT32
                || tensor.type() == LiteType.INT64
                || tensor.type() == LiteType.INT16
                || tensor.type() == LiteType.INT8;
        if (tensor.stored().isEmpty() || !whole || tensor.shape().count() > LONGEST) {
            throw new NotConverted(name(t) + " is not a short list of stored integers");
        }
        LiteCodes codes = LiteCodes.of(tensor);
        long[] values = new long[(int) tensor.shape().count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = codes.at(i);
        }
        return values;
    }

    // The batch

    boolean isBatched(int t) {
        return batched.contains(at(t));
    }

    /** Says that samples of a batch are put together otherwise, so that the batch has to be the file's. */
    void breaksBatch() {
        batchBroken = true;
    }

    /** Says it where an operator works along the first axis of a tensor that samples lie along. */
    void alongAxis(int t, int axis) {
        if (axis == 0 && isBatched(t)) {
            breaksBatch();
        }
    }

    boolean batchBroken() {
        return batchBroken;
    }

    /** Decides whether samples lie along the first axis of what an operator computes. */
    void carryBatch(LiteOperator op) {
        if (op.inputs().stream().noneMatch(t -> t >= 0 && isBatched(t))) {
            return;
        }
        for (int t : op.outputs()) {
            if (t >= 0 && !same.containsKey(t)) {
                if (rank(t) > 0 && shape(t)[0] == 1) {
                    batched.add(t);
                } else {
                    breaksBatch();
                }
            }
        }
    }

    /** Dimensions to reshape a tensor to; 0 keeps the first as it comes. */
    private long[] keepingBatch(int t, long[] dims) {
        long[] kept = dims.clone();
        if (isBatched(t) && (dims.length == 0 || dims[0] >= 0)) {
            if (dims.length == 0 || dims[0] != 1) {
                breaksBatch();
            } else if (freeBatch) {
                kept[0] = 0;
            }
        }
        return kept;
    }

    // Values

    /** Takes a stored tensor over. */
    void store(int t, int type, ByteString bytes) {
        TensorProto.Builder b =
                TensorProto.newBuilder().setName(name(t)).setDataType(type).setRawData(bytes);
        Arrays.stream(shape(t)).forEach(b::addDims);
        stored.add(b.build());
        inFile.put(t, name(t));
        constants.add(t);
    }

    /**
     * A tensor that is fed, as the file has it.
     *
     * @param asPlanes its own name goes to the planes that are made of it, so that the quantizer in front of the first
     *     convolution is that of the input
     */
    void feed(int t, boolean asPlanes) {
        if (rank(t) > 0 && shape(t)[0] == 1) {
            batched.add(t);
        } else {
            breaksBatch();
        }
        if (asPlanes) {
            String fed = between(t, "as fed");
            inFile.put(t, fed);
            inPlanes.put(t, name(t));
            planesFirst.add(t);
            toPlanes(t, fed, name(t));
        } else {
            inFile.put(t, name(t));
        }
    }

    /** Says that a tensor has the values of another one. */
    void join(int t, int as) {
        same.put(t, at(as));
    }

    /** The name of a tensor's value, in the layout in which it is computed. */
    String value(int t) {
        return inPlanes(t) ? planes(t) : file(t);
    }

    /** True if the tensor is a picture that is computed as planes. */
    boolean inPlanes(int t) {
        return planesFirst.contains(at(t)) && rank(at(t)) == 4;
    }

    /** The value of a tensor, as the file has it. */
    String file(int tensor) {
        int t = at(tensor);
        String known = inFile.get(t);
        if (known != null) {
            return known;
        }
        String planes = inPlanes.get(t);
        if (planes == null) {
            throw new NotConverted(name(t) + " is read, and nothing computes it");
        }
        String made = between(t, "channels last");
        if (rank(t) == 4 && !isLine(t)) {
            node("Transpose", made, List.of(planes), made, ints("perm", TO_FILE));
        } else {
            reshape(t, planes, made, fixedShape(t));
        }
        inFile.put(t, made);
        return made;
    }

    /** The value of a picture, as planes. */
    String planes(int tensor) {
        int t = at(tensor);
        String known = inPlanes.get(t);
        if (known != null) {
            return known;
        }
        check(rank(t) == 4, name(t) + " has " + rank(t) + " dimensions, not 4");
        String file = file(t);
        String made = between(t, "channels first");
        toPlanes(t, file, made);
        inPlanes.put(t, made);
        return made;
    }

    private void toPlanes(int t, String file, String made) {
        if (isConstant(t) || !isLine(t)) {
            node("Transpose", made, List.of(file), made, ints("perm", TO_PLANES));
        } else {
            long[] s = fixedShape(t);
            reshape(t, file, made, new long[] {s[0], s[3], s[1], s[2]});
        }
    }

    /** True if the values of a picture lie in the same order in both layouts. */
    private boolean isLine(int t) {
        Shape s = tensors.get(t).shape();
        return !s.isFree(1) && !s.isFree(2) && !s.isFree(3) && (s.dim(3) == 1 || (s.dim(1) == 1 && s.dim(2) == 1));
    }

    /** A constant that is to be joined with planes value by value, by the rules of broadcasting from the last axis. */
    String constantForPlanes(int t) {
        long[] s = shape(t);
        if (Arrays.stream(s).reduce(1, (a, b) -> a * b) == 1 || s.length == 0) {
            return file(t);
        }
        check(s.length <= 4, name(t) + " has " + s.length + " dimensions");
        long channels = s[s.length - 1];
        boolean perChannel = Arrays.stream(s).limit(s.length - 1L).allMatch(d -> d == 1);
        return made(List.of("for planes", at(t)), () -> {
            String flat = between(t, "channels first");
            if (perChannel) {
                node("Reshape", flat, List.of(file(t), longs(name(t) + " shape", channels, 1, 1)), flat);
                return flat;
            }
            if (s.length == 4) {
                return planes(t);
            }
            long[] four = {1, 1, 1, 1};
            System.arraycopy(s, 0, four, 4 - s.length, s.length);
            String wide = between(t, "4 dimensions");
            node("Reshape", wide, List.of(file(t), longs(name(t) + " shape", four)), wide);
            node("Transpose", flat, List.of(wide), flat, ints("perm", TO_PLANES));
            return flat;
        });
    }

    /** A value with its axes in another order. */
    String turned(int tensor, String what, long... order) {
        int t = at(tensor);
        return made(List.of("turned", t, Arrays.toString(order)), () -> {
            String out = between(t, what);
            node("Transpose", out, List.of(file(t)), out, ints("perm", order));
            return out;
        });
    }

    private String made(List<Object> key, Supplier<String> make) {
        String known = made.get(key);
        if (known == null) {
            known = make.get();
            made.put(key, known);
        }
        return known;
    }

    /** The value of a tensor in another shape, in the order of the file. */
    String reshaped(LiteOperator op, int tensor, String out, long... dims) {
        int t = at(tensor);
        boolean line = planesFirst.contains(t) && inFile.get(t) == null && (rank(t) != 4 || isLine(t));
        String from = line ? name(t) : file(t);
        return put(op, "Reshape", List.of(from, longs(out + " shape", keepingBatch(t, dims))), out);
    }

    private void reshape(int t, String from, String out, long[] dims) {
        node("Reshape", out, List.of(from, longs(name(t) + " shape", keepingBatch(t, dims))), out);
    }

    // Nodes

    /** The name for a value between the file's tensors. */
    String between(int t, String what) {
        String name = fresh(name(t) + " (" + what + ")");
        declared.put(name, info(name, type(t), null));
        return name;
    }

    /** Declares a value between the file's tensors with another element type. */
    void retype(String name, int type) {
        declared.put(name, info(name, type, null));
    }

    /** Declares the value that an operator computes, and gives its name. */
    String result(int t, boolean planes) {
        String name = name(t);
        if (inFile.containsKey(t) || inPlanes.containsKey(t)) {
            throw new NotConverted(name + " is computed twice");
        }
        if (planes) {
            inPlanes.put(t, name);
            planesFirst.add(t);
        } else {
            inFile.put(t, name);
        }
        return name;
    }

    /** Adds a node of an operator. */
    String put(LiteOperator op, String type, List<String> inputs, String output, AttributeProto... attributes) {
        return put(op, type, inputs, List.of(output), attributes);
    }

    String put(LiteOperator op, String type, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
        int before = nodesOf.merge(op.index(), 1, Integer::sum) - 1;
        String name = op.name() + "_" + op.index() + (before == 0 ? "" : "/" + type + (before > 1 ? "_" + before : ""));
        node(type, name, inputs, outputs, attributes);
        return outputs.getFirst();
    }

    /** Adds a node for the operator's result and, behind it, its activation function. */
    void put(
            LiteOperator op,
            boolean planes,
            Activation activation,
            String type,
            List<String> inputs,
            AttributeProto... attributes) {
        int t = output(op);
        if (activation == Activation.NONE) {
            put(op, type, inputs, result(t, planes), attributes);
        } else {
            String before = put(op, type, inputs, between(t, "before " + activation), attributes);
            activate(op, activation, before, result(t, planes));
        }
    }

    /** Applies an activation function. */
    void activate(LiteOperator op, Activation activation, String from, String to) {
        switch (activation) {
            case NONE -> put(op, "Identity", List.of(from), to);
            case RELU -> put(op, "Relu", List.of(from), to);
            case RELU_N1_TO_1 -> put(op, "Clip", List.of(from, scalar(-1), scalar(1)), to);
            case RELU6 -> put(op, "Clip", List.of(from, scalar(0), scalar(6)), to);
            case TANH -> put(op, "Tanh", List.of(from), to);
            case SIGN_BIT -> throw new NotConverted("its fused activation is SIGN_BIT");
        }
    }

    /** Gives a value another name. */
    void copy(String from, String to) {
        node("Identity", to, List.of(from), to);
    }

    /** True if the tensor has a value. */
    boolean isComputed(int t) {
        return inFile.containsKey(t) || inPlanes.containsKey(t);
    }

    private void node(String type, String name, List<String> inputs, String output, AttributeProto... attributes) {
        node(type, name, inputs, List.of(output), attributes);
    }

    private void node(
            String type, String name, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
        nodes.add(NodeProto.newBuilder()
                .setOpType(type)
                .setName(name)
                .addAllInput(inputs)
                .addAllOutput(outputs)
                .addAllAttribute(Arrays.asList(attributes))
                .build());
    }

    /** A float32 number. */
    String scalar(float value) {
        return made(List.of("scalar", value), () -> {
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return constant("constant " + value, TensorProto.DataType.FLOAT_VALUE, bytes.putFloat(value), -1);
        });
    }

    /** A list of float32 numbers. */
    String floats(String hint, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return constant(hint, TensorProto.DataType.FLOAT_VALUE, bytes, values.length);
    }

    /** A list of integers. */
    String longs(String hint, long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.stream(values).forEach(bytes::putLong);
        return constant(hint, TensorProto.DataType.INT64_VALUE, bytes, values.length);
    }

    private String constant(String hint, int type, ByteBuffer bytes, int length) {
        String name = fresh(hint);
        TensorProto.Builder b = TensorProto.newBuilder().setName(name).setDataType(type);
        if (length >= 0) {
            b.addDims(length);
        }
        stored.add(b.setRawData(UnsafeByteOperations.unsafeWrap(bytes.rewind())).build());
        return name;
    }

    private String fresh(String base) {
        String name = base;
        for (int i = 2; !taken.add(name); i++) {
            name = base + " " + i;
        }
        return name;
    }

    static AttributeProto ints(String name, long... values) {
        AttributeProto.Builder b = AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        Arrays.stream(values).forEach(b::addInts);
        return b.build();
    }

    static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto number(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    static AttributeProto text(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    // The message

    /** The ONNX element type of a computed tensor: codes stand for floats. */
    int type(int t) {
        LiteTensor tensor = tensors.get(at(t));
        return tensor.quantization().isPresent() && (tensor.type().isCode() || tensor.type() == LiteType.INT32)
                ? TensorProto.DataType.FLOAT_VALUE
                : type(tensor.type());
    }

    static int type(LiteType type) {
        return switch (type) {
            case FLOAT32 -> TensorProto.DataType.FLOAT_VALUE;
            case FLOAT16 -> TensorProto.DataType.FLOAT16_VALUE;
            case BFLOAT16 -> TensorProto.DataType.BFLOAT16_VALUE;
            case FLOAT64 -> TensorProto.DataType.DOUBLE_VALUE;
            case INT8 -> TensorProto.DataType.INT8_VALUE;
            case INT16 -> TensorProto.DataType.INT16_VALUE;
            case INT32 -> TensorProto.DataType.INT32_VALUE;
            case INT64 -> TensorProto.DataType.INT64_VALUE;
            case UINT8 -> TensorProto.DataType.UINT8_VALUE;
            case UINT16 -> TensorProto.DataType.UINT16_VALUE;
            case UINT32 -> TensorProto.DataType.UINT32_VALUE;
            case UINT64 -> TensorProto.DataType.UINT64_VALUE;
            case BOOL -> TensorProto.DataType.BOOL_VALUE;
            case STRING, COMPLEX64, COMPLEX128, RESOURCE, VARIANT, INT4 ->
                throw new NotConverted("a tensor of type " + type + " is computed");
        };
    }

    /** The declaration of a tensor's value. */
    ValueInfoProto info(int tensor) {
        int t = at(tensor);
        return info(t, name(t), planesFirst.contains(t));
    }

    /** The declaration of what is fed. */
    ValueInfoProto fed(int t) {
        return info(t, file(t), false);
    }

    private ValueInfoProto info(int t, String name, boolean planes) {
        Shape shape = tensors.get(t).shape();
        TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
        // A mean over pictures keeps two axes of length 1 behind the channels.
        int rank = planes ? 4 : shape.rank();
        for (int i = 0; i < rank; i++) {
            TensorShapeProto.Dimension.Builder dim = dims.addDimBuilder();
            int axis = planes && shape.rank() == 4 ? (int) TO_PLANES[i] : i;
            if (axis >= shape.rank()) {
                dim.setDimValue(1);
            } else if (axis == 0 && freeBatch && isBatched(t)) {
                dim.setDimParam("N");
            } else if (axis > 0 && shape.isFree(axis)) {
                dim.setDimParam("d" + axis);
            } else {
                dim.setDimValue(shape.dim(axis));
            }
        }
        return info(name, type(t), dims.build());
    }

    private static ValueInfoProto info(String name, int type, @Nullable TensorShapeProto shape) {
        TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder().setElemType(type);
        if (shape != null) {
            tensor.setShape(shape);
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    List<NodeProto> nodes() {
        return nodes;
    }

    List<TensorProto> stored() {
        return stored;
    }

    /** The declarations of the values that are neither fed nor results. */
    List<ValueInfoProto> declared(List<Integer> fed, List<Integer> results) {
        Map<String, ValueInfoProto> all = new LinkedHashMap<>(declared);
        for (int t = 0; t < tensors.size(); t++) {
            if (!same.containsKey(t) && !constants.contains(t) && (inFile.containsKey(t) || inPlanes.containsKey(t))) {
                ValueInfoProto info = info(t);
                all.put(info.getName(), info);
            }
        }
        fed.forEach(t -> all.remove(file(t)));
        results.forEach(t -> all.remove(name(at(t))));
        return List.copyOf(all.values());
    }
}
