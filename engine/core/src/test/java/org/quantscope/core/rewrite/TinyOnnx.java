package org.quantscope.core.rewrite;

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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** Writes small ONNX models for tests and opens them with the real loader. */
public final class TinyOnnx {
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("tiny");
    private final Random random = new Random(7);
    private final int opset;
    private final Set<String> domains = new TreeSet<>();

    public TinyOnnx(int opset) {
        this.opset = opset;
    }

    /** A float32 input; -1 is a free dimension. */
    public TinyOnnx input(String name, long... dims) {
        return input(name, DType.F32, dims);
    }

    public TinyOnnx input(String name, DType type, long... dims) {
        graph.addInput(value(name, type, dims));
        return this;
    }

    public TinyOnnx output(String name, long... dims) {
        graph.addOutput(value(name, DType.F32, dims));
        return this;
    }

    public TinyOnnx output(String name, DType type, long... dims) {
        graph.addOutput(value(name, type, dims));
        return this;
    }

    public TinyOnnx weight(String name, Shape shape, float... values) {
        return weight(name, DType.F32, shape, values);
    }

    public TinyOnnx weight(String name, DType type, Shape shape, float... values) {
        graph.addInitializer(TensorEncoding.floats(name, type, shape, values));
        return this;
    }

    /** A rank-1 int64 tensor, for example a shape. */
    public TinyOnnx weight64(String name, long... values) {
        return weight64(name, Shape.of(values.length), values);
    }

    public TinyOnnx weight64(String name, Shape shape, long... values) {
        TensorProto.Builder t = TensorProto.newBuilder().setName(name).setDataType(TensorProto.DataType.INT64_VALUE);
        for (int i = 0; i < shape.rank(); i++) {
            t.addDims(shape.dim(i));
        }
        for (long v : values) {
            t.addInt64Data(v);
        }
        graph.addInitializer(t);
        return this;
    }

    /** Values between lo and hi, always the same. */
    public TinyOnnx randomWeight(String name, Shape shape, float lo, float hi) {
        return weight(name, shape, random(shape, lo, hi));
    }

    public TinyOnnx constantNode(String name, Shape shape, float lo, float hi) {
        TensorProto values = TensorEncoding.floats("", DType.F32, shape, random(shape, lo, hi));
        graph.addNode(NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput(name)
                .addAttribute(AttributeProto.newBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .setT(values)));
        return this;
    }

    public TinyOnnx node(String opType, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
        graph.addNode(NodeProto.newBuilder()
                .setOpType(opType)
                .setName(opType + graph.getNodeCount())
                .addAllInput(inputs)
                .addAllOutput(outputs)
                .addAllAttribute(List.of(attributes)));
        return this;
    }

    /** The same with a name for the node. */
    public TinyOnnx named(
            String name, String opType, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
        node(opType, inputs, outputs, attributes);
        graph.getNodeBuilder(graph.getNodeCount() - 1).setName(name);
        return this;
    }

    /** Puts the last node into another domain, whose operator set the model then imports. */
    public TinyOnnx in(String domain) {
        graph.getNodeBuilder(graph.getNodeCount() - 1).setDomain(domain);
        domains.add(domain);
        return this;
    }

    /** Declares a value, whether or not anything computes it. */
    public TinyOnnx declared(String name, DType type, long... dims) {
        graph.addValueInfo(value(name, type, dims));
        return this;
    }

    public static AttributeProto attribute(String name, long value) {
        return GraphEdit.attribute(name, value);
    }

    public static AttributeProto attribute(String name, long first, long... more) {
        AttributeProto.Builder b = AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INTS)
                .addInts(first);
        for (long v : more) {
            b.addInts(v);
        }
        return b.build();
    }

    public static AttributeProto attribute(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    /** A subgraph. */
    public static AttributeProto attribute(String name, TinyOnnx body) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(body.graph)
                .build();
    }

    public static AttributeProto attribute(String name, float value) {
        return GraphEdit.attribute(name, value);
    }

    public Model open(Path folder) throws IOException {
        return ModelLoaders.open(write(folder));
    }

    /** Writes the model to a new file in {@code folder}. */
    public Path write(Path folder) throws IOException {
        ModelProto.Builder model = ModelProto.newBuilder()
                .setIrVersion(opset >= 21 ? 10 : 8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
                .setGraph(graph);
        domains.forEach(d -> model.addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(d).setVersion(1)));
        Path file = Files.createTempFile(folder, "tiny", ".onnx");
        Files.write(file, model.build().toByteArray());
        return file;
    }

    /** The same model with one initializer in a file beside it. */
    static Model withExternal(Model model, String tensor, Path folder) throws IOException {
        return withExternal(model, Set.of(tensor), folder);
    }

    /** @param tensors names of initializers; all if it is empty */
    static Model withExternal(Model model, Set<String> tensors, Path folder) throws IOException {
        ModelProto.Builder m = model.graph().orElseThrow().proto().toBuilder();
        GraphProto.Builder g = m.getGraphBuilder();
        for (int i = 0; i < g.getInitializerCount(); i++) {
            TensorProto t = g.getInitializer(i);
            if (tensors.isEmpty() || tensors.contains(t.getName())) {
                Path values = Files.createTempFile(folder, "values", ".bin");
                Files.write(values, t.getRawData().toByteArray());
                g.setInitializer(
                        i,
                        t.toBuilder()
                                .clearRawData()
                                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                                .addExternalData(StringStringEntryProto.newBuilder()
                                        .setKey("location")
                                        .setValue(values.getFileName().toString())));
            }
        }
        Path file = Files.createTempFile(folder, "external", ".onnx");
        Files.write(file, m.build().toByteArray());
        return ModelLoaders.open(file);
    }

    private float[] random(Shape shape, float lo, float hi) {
        float[] values = new float[(int) shape.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = lo + (hi - lo) * random.nextFloat();
        }
        return values;
    }

    private static ValueInfoProto value(String name, DType type, long... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (long d : dims) {
            shape.addDim(
                    d < 0
                            ? TensorShapeProto.Dimension.newBuilder().setDimParam("N")
                            : TensorShapeProto.Dimension.newBuilder().setDimValue(d));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(TensorEncoding.typeCode(type))
                                .setShape(shape)))
                .build();
    }
}
