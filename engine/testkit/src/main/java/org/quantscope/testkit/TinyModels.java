package org.quantscope.testkit;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** ONNX models of a few nodes, built in memory. */
public final class TinyModels {
    private TinyModels() {}

    /** A model with one graph: IR version 8 and version {@code opset} of the default operator set. */
    public static ModelProto.Builder model(int opset, GraphProto.Builder graph) {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
                .setGraph(graph);
    }

    /**
     * A graph of the given nodes with the float input {@code x} and the float output {@code y}, both without a shape.
     */
    public static GraphProto.Builder graph(NodeProto.Builder... nodes) {
        GraphProto.Builder graph =
                GraphProto.newBuilder().setName("g").addInput(value("x")).addOutput(value("y"));
        for (NodeProto.Builder node : nodes) {
            graph.addNode(node);
        }
        return graph;
    }

    /** {@code y = x·w}, opset 13: {@code x} [N, 2], {@code w} [2, 3] holding 1 to 6. */
    public static ModelProto.Builder matMul() {
        GraphProto.Builder graph = graph(node("MatMul", List.of("x", "w"), "y"))
                .addInitializer(floats("w", new long[] {2, 3}, 1, 2, 3, 4, 5, 6));
        graph.setInput(0, value("x", -1, 2)).setOutput(0, value("y", -1, 3));
        return model(13, graph);
    }

    /** A node without a name. */
    public static NodeProto.Builder node(String opType, List<String> inputs, String... outputs) {
        return NodeProto.newBuilder().setOpType(opType).addAllInput(inputs).addAllOutput(Arrays.asList(outputs));
    }

    public static AttributeProto.Builder attribute(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value);
    }

    public static AttributeProto.Builder attribute(String name, TensorProto.Builder value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.TENSOR)
                .setT(value);
    }

    public static AttributeProto.Builder attribute(String name, GraphProto.Builder value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(value);
    }

    /** A float32 tensor in raw bytes. */
    public static TensorProto.Builder floats(String name, long[] dims, float... values) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return raw(name, TensorProto.DataType.FLOAT_VALUE, dims, raw.array());
    }

    /** A tensor of any type with raw bytes, whose number need not fit its type and shape. */
    public static TensorProto.Builder raw(String name, int type, long[] dims, byte[] bytes) {
        return empty(name, type, dims).setRawData(ByteString.copyFrom(bytes));
    }

    /** A tensor without values. */
    public static TensorProto.Builder empty(String name, int type, long... dims) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(type);
        for (long d : dims) {
            tensor.addDims(d);
        }
        return tensor;
    }

    /** A float32 tensor whose values are in another file. */
    public static TensorProto.Builder external(String name, long[] dims, String... keysAndValues) {
        TensorProto.Builder tensor =
                empty(name, TensorProto.DataType.FLOAT_VALUE, dims).setDataLocation(TensorProto.DataLocation.EXTERNAL);
        for (int i = 0; i < keysAndValues.length; i += 2) {
            tensor.addExternalData(
                    StringStringEntryProto.newBuilder().setKey(keysAndValues[i]).setValue(keysAndValues[i + 1]));
        }
        return tensor;
    }

    /** A float value of the graph; a dimension of −1 is unknown, and without dimensions the shape is unknown. */
    public static ValueInfoProto.Builder value(String name, long... dims) {
        TypeProto.Tensor.Builder type = TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE);
        if (dims.length > 0) {
            TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
            for (long d : dims) {
                shape.addDim(
                        d < 0
                                ? TensorShapeProto.Dimension.newBuilder().setDimParam("N")
                                : TensorShapeProto.Dimension.newBuilder().setDimValue(d));
            }
            type.setShape(shape);
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(type));
    }
}
