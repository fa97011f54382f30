package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** The quantized tensors of an ONNX file with QuantizeLinear and DequantizeLinear nodes. */
public final class QdqReading {
    /** What the name of the constant ends with by which a file moves averages off the middle between two levels. */
    public static final String MOVED_BY = "_QuantizeLinear_by";

    private final Path file;
    private final ModelProto proto;
    private final ExternalFiles external;
    private final Map<String, TensorProto> stored = new HashMap<>();
    private final Map<String, NodeProto> producers;

    private QdqReading(Path file, ModelProto proto) {
        this.file = file;
        this.proto = proto;
        this.external = new ExternalFiles(file);
        this.producers = OnnxGraph.producers(proto.getGraph());
        for (TensorProto t : proto.getGraph().getInitializerList()) {
            stored.put(t.getName(), t);
        }
        for (NodeProto node : proto.getGraph().getNodeList()) {
            if (node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
                ElementTypes.tensorAttribute(node, "value").ifPresent(t -> stored.put(node.getOutput(0), t));
            }
        }
    }

    /**
     * A node that reads a dequantized value.
     *
     * @param opType its operator
     * @param input which of its inputs
     * @param outputs the values that it computes
     */
    public record Reader(String opType, int input, List<String> outputs) {}

    /**
     * A stored tensor before a DequantizeLinear, or an activation between QuantizeLinear and DequantizeLinear.
     *
     * @param names names that it may have in the float model, the likeliest first
     * @param readers the nodes that read it dequantized
     * @param params empty if they could not be read; {@code obstacle} then says why
     * @param codes of a stored tensor with {@code params}
     * @param type of the codes
     * @param bias true for 32-bit codes
     */
    public record Found(
            List<String> names,
            List<Reader> readers,
            Optional<QuantParams> params,
            Optional<CodeType> type,
            Optional<Codes> codes,
            boolean activation,
            boolean bias,
            String obstacle) {}

    /** Stored codes. */
    public static final class Codes {
        private final CodeType type;
        private final Shape shape;
        private final byte[] packed;
        private final Optional<CodebookGrid> book;

        Codes(CodeType type, Shape shape, byte[] packed) {
            this.type = type;
            this.shape = shape;
            this.packed = packed;
            this.book = type.format().map(f -> f.codebook());
        }

        public Shape shape() {
            return shape;
        }

        /**
         * The value of a code: an integer without its zero point, or a small floating-point number; NaN for codes that
         * stand for no number.
         */
        public float value(long index, int zeroPoint) {
            int code = CodePacker.get(packed, type.bits(), type.isSigned() && book.isEmpty(), index);
            if (book.isEmpty()) {
                return code - zeroPoint;
            }
            int half = 1 << (type.bits() - 1);
            int magnitude = code & (half - 1);
            int zero = book.get().size() / 2;
            return magnitude > zero ? Float.NaN : book.get().level(code < half ? zero + magnitude : zero - magnitude);
        }
    }

    /**
     * Reads a file.
     *
     * @throws BadInputException if it is not an ONNX model
     */
    public static QdqReading of(Path file) throws IOException {
        return new QdqReading(file, OnnxFile.proto(file));
    }

    /** All quantized tensors, in the order of the nodes. */
    public List<Found> found() {
        List<Found> found = new ArrayList<>();
        for (NodeProto node : proto.getGraph().getNodeList()) {
            if (node.getOpType().equals("DequantizeLinear") && node.getInputCount() >= 2) {
                NodeProto before = producers.get(node.getInput(0));
                if (stored.containsKey(node.getInput(0))) {
                    found.add(weight(node));
                } else if (before != null
                        && before.getOpType().equals("QuantizeLinear")
                        && before.getInputCount() >= 2) {
                    found.add(pair(before, node));
                }
            }
        }
        return found;
    }

    private Found weight(NodeProto node) {
        TensorProto codes = stored(node.getInput(0));
        List<String> names = new ArrayList<>();
        without(node.getInput(0), "_quantized", names);
        without(node.getName(), "_DequantizeLinear", names);
        without(node.getOutput(0), "_DequantizeLinear_Output", names);
        names.add(node.getOutput(0));
        names.add(node.getInput(0));
        Shape shape = TensorProtos.shape(codes, node.getInput(0), file);
        if (codes.getDataType() == TensorProto.DataType.INT32_VALUE) {
            return new Found(
                    names,
                    readers(node.getOutput(0)),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    false,
                    true,
                    "");
        }
        CodeType type = CodeType.ofNumber(codes.getDataType()).orElse(null);
        if (type == null) {
            return refused(
                    names,
                    node,
                    false,
                    "its codes are of type "
                            + TensorProtos.typeName(codes.getDataType()).orElse(String.valueOf(codes.getDataType())));
        }
        return params(
                node,
                names,
                Optional.of(shape),
                type,
                Optional.of(new Codes(type, shape, packed(codes, type, shape, node.getInput(0)))));
    }

    /** Reads a QuantizeLinear and DequantizeLinear pair on an activation. */
    private Found pair(NodeProto quantize, NodeProto dequantize) {
        List<String> names = new ArrayList<>();
        // A graph output keeps its name after the pair.
        names.add(dequantize.getOutput(0));
        names.add(quantize.getInput(0));
        without(quantize.getName(), "_QuantizeLinear", names);
        without(quantize.getInput(0), "_QuantizeLinear_Input", names);
        without(dequantize.getOutput(0), "_DequantizeLinear_Output", names);
        int number = dequantize.getInputCount() > 2 && stored.containsKey(dequantize.getInput(2))
                ? stored(dequantize.getInput(2)).getDataType()
                : (int) ElementTypes.intAttribute(quantize, "output_dtype", TensorProto.DataType.UINT8_VALUE);
        CodeType type = CodeType.ofNumber(number).orElse(null);
        if (type == null) {
            return refused(
                    names,
                    dequantize,
                    true,
                    "its codes are of type " + TensorProtos.typeName(number).orElse(String.valueOf(number)));
        }
        // Float values behind which a pair stands are a weight of a model that was trained for quantization.
        Optional<Shape> constant = Optional.ofNullable(stored.get(quantize.getInput(0)))
                .map(t -> TensorProtos.shape(t, quantize.getInput(0), file));
        return params(dequantize, names, constant, type, Optional.empty());
    }

    private Found refused(List<String> names, NodeProto node, boolean activation, String why) {
        return new Found(
                names,
                readers(node.getOutput(0)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                activation,
                false,
                why);
    }

    /** @param constant shape of the stored tensor that is quantized; empty for an activation */
    private Found params(
            NodeProto node, List<String> names, Optional<Shape> constant, CodeType type, Optional<Codes> codes) {
        boolean activation = constant.isEmpty();
        Shape shape = constant.orElse(Shape.of());
        TensorProto scale = stored.get(node.getInput(1));
        if (scale == null) {
            return refused(names, node, activation, "its scale " + node.getInput(1) + " is computed");
        }
        if (scale.getDataType() != TensorProto.DataType.FLOAT_VALUE) {
            return refused(
                    names,
                    node,
                    activation,
                    "its scale is of type "
                            + TensorProtos.typeName(scale.getDataType()).orElse("?") + ", float32 is read");
        }
        Shape scaleShape = TensorProtos.shape(scale, node.getInput(1), file);
        float[] scales = floats(scale, scaleShape, node.getInput(1));
        int[] zeroPoints = new int[scales.length];
        if (node.getInputCount() > 2 && !node.getInput(2).isEmpty()) {
            TensorProto zero = stored.get(node.getInput(2));
            if (zero == null) {
                return refused(names, node, activation, "its zero point " + node.getInput(2) + " is computed");
            }
            Shape zeroShape = TensorProtos.shape(zero, node.getInput(2), file);
            if (zero.getDataType() != type.number() || zeroShape.count() != scales.length) {
                throw new BadInputException(
                        file,
                        node.getInput(2),
                        "has " + zeroShape.count() + " zero points of type "
                                + TensorProtos.typeName(zero.getDataType()).orElse("?") + " for " + scales.length
                                + " scales and codes of " + type.id());
            }
            byte[] packed = packed(zero, type, zeroShape, node.getInput(2));
            for (int i = 0; i < zeroPoints.length; i++) {
                zeroPoints[i] = CodePacker.get(packed, type.bits(), type.isSigned(), i);
            }
        }
        long blockSize = ElementTypes.intAttribute(node, "block_size", 0);
        long axis = ElementTypes.intAttribute(node, "axis", 1);
        int rank = activation ? Shape.MAX_RANK : shape.rank();
        axis = axis < 0 && !activation ? axis + rank : axis;
        boolean axisSaid =
                node.getAttributeList().stream().anyMatch(a -> a.getName().equals("axis"));
        boolean perTensor =
                scaleShape.rank() == 0 || (scaleShape.count() == 1 && blockSize == 0 && (activation || !axisSaid));
        if (!perTensor && (axis < 0 || axis >= rank)) {
            throw new BadInputException(file, node.getName(), "axis " + axis + " is none of " + shape);
        }
        if (blockSize < 0 || blockSize > Integer.MAX_VALUE) {
            throw new BadInputException(file, node.getName(), "block_size " + blockSize + " is no size");
        }
        if (activation && !perTensor) {
            return refused(names, node, true, "it has " + scales.length + " scales, an activation has one here");
        }
        Granularity granularity = perTensor
                ? Granularity.TENSOR
                : blockSize > 0
                        ? new Granularity.PerBlock((int) axis, (int) blockSize)
                        : new Granularity.PerChannel((int) axis);
        try {
            QuantParams params = type.format().isPresent()
                    ? QuantParams.ofCodebook(
                            granularity, scales, type.format().get().codebook())
                    : new QuantParams(granularity, scales, zeroPoints, type.min(), type.max());
            return new Found(
                    names,
                    readers(node.getOutput(0)),
                    Optional.of(params),
                    Optional.of(type),
                    codes,
                    activation,
                    false,
                    "");
        } catch (IllegalArgumentException e) {
            throw new BadInputException(file, node.getInput(1), String.valueOf(e.getMessage()), e);
        }
    }

    private TensorProto stored(String name) {
        TensorProto t = stored.get(name);
        if (t == null) {
            throw new IllegalStateException(name);
        }
        return t;
    }

    private static void without(String name, String suffix, List<String> into) {
        if (name.endsWith(suffix) && name.length() > suffix.length()) {
            into.add(name.substring(0, name.length() - suffix.length()));
        }
    }

    private List<Reader> readers(String value) {
        List<Reader> readers = new ArrayList<>();
        GraphProto graph = proto.getGraph();
        for (NodeProto node : graph.getNodeList()) {
            int at = node.getInputList().indexOf(value);
            if (at >= 0) {
                readers.add(new Reader(node.getOpType(), at, originals(node.getOutputList())));
            }
        }
        return readers;
    }

    /** The names of outputs in the float model: a graph output was renamed before its pair. */
    private static List<String> originals(List<String> outputs) {
        List<String> names = new ArrayList<>(outputs);
        outputs.forEach(o -> without(o, "_QuantizeLinear_Input", names));
        return names;
    }

    private byte[] packed(TensorProto t, CodeType type, Shape shape, String name) {
        long bytes = type.bytes(shape.count());
        if (TensorProtos.isExternal(t)) {
            return external(t, name, bytes).toArray(ValueLayout.JAVA_BYTE);
        }
        if (!t.getRawData().isEmpty() || shape.count() == 0) {
            if (t.getRawData().size() != bytes) {
                throw new BadInputException(
                        file,
                        name,
                        "raw_data has " + t.getRawData().size() + " bytes, " + shape + " of " + type.id() + " wants "
                                + bytes);
            }
            return t.getRawData().toByteArray();
        }
        // In int32_data each number holds one code, or one byte of codes for types below a byte.
        long numbers = type.bits() < Byte.SIZE ? bytes : shape.count();
        if (t.getInt32DataCount() != numbers) {
            throw new BadInputException(
                    file,
                    name,
                    "has " + t.getInt32DataCount() + " values, " + shape + " of " + type.id() + " wants " + numbers);
        }
        CodePacker packer = new CodePacker(Math.max(Byte.SIZE, type.bits()), numbers);
        for (int i = 0; i < numbers; i++) {
            packer.put(i, t.getInt32Data(i));
        }
        return packer.bytes();
    }

    private float[] floats(TensorProto t, Shape shape, String name) {
        try {
            return TensorProtos.data(t, DType.F32, shape, name, file, external).toFloats();
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    private MemorySegment external(TensorProto t, String name, long bytes) {
        try {
            return external.bytes(t, name, bytes);
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    private BadInputException unreadable(String name, IOException e) {
        return new BadInputException(file, name, "its external values cannot be read: " + e.getMessage(), e);
    }
}
