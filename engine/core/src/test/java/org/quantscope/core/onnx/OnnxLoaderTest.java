package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.empty;
import static org.quantscope.testkit.TinyModels.floats;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.matMul;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;
import static org.quantscope.testkit.TinyModels.raw;
import static org.quantscope.testkit.TinyModels.value;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

class OnnxLoaderTest {
    @TempDir
    Path folder;

    private Path write(ModelProto.Builder model) throws IOException {
        return Files.write(folder.resolve("m.onnx"), model.build().toByteArray());
    }

    private Model open(ModelProto.Builder model) throws IOException {
        return ModelLoaders.open(write(model));
    }

    private static Tensor tensor(Model model, String name) {
        return model.find(new TensorId(name)).orElseThrow();
    }

    private void assertRefused(ModelProto.Builder model, String... messageParts) throws IOException {
        Path file = write(model);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("m.onnx: ")
                .hasMessageContainingAll(messageParts);
    }

    // Kinds, consumers, channel axes.

    private static Stream<Arguments> weights() {
        return Stream.of(
                Arguments.of("Conv", new AttributeProto.Builder[] {}, new long[] {2, 3, 1, 1}, 0, 1L),
                Arguments.of(
                        "Conv", new AttributeProto.Builder[] {attribute("group", 3)}, new long[] {6, 1, 1, 1}, 0, 3L),
                Arguments.of(
                        "ConvTranspose",
                        new AttributeProto.Builder[] {attribute("group", 2)},
                        new long[] {4, 3, 1, 1},
                        1,
                        2L),
                Arguments.of("Gemm", new AttributeProto.Builder[] {attribute("transB", 1)}, new long[] {2, 3}, 0, 1L),
                Arguments.of("Gemm", new AttributeProto.Builder[] {}, new long[] {2, 3}, 1, 1L),
                Arguments.of("MatMul", new AttributeProto.Builder[] {}, new long[] {2, 3}, 1, 1L),
                Arguments.of("MatMul", new AttributeProto.Builder[] {}, new long[] {2, 3, 4}, 2, 1L));
    }

    @ParameterizedTest
    @MethodSource("weights")
    void secondInputIsAWeightWithTheChannelAxisOfItsConsumer(
            String op, AttributeProto.Builder[] attributes, long[] dims, int axis, long groups) throws IOException {
        var node = node(op, List.of("x", "w"), "y").setName("n");
        for (AttributeProto.Builder a : attributes) {
            node.addAttribute(a);
        }
        Shape shape = Shape.of(dims);

        Model model = open(model(13, graph(node).addInitializer(floats("w", dims, new float[(int) shape.count()]))));

        assertThat(tensor(model, "w").info())
                .isEqualTo(new TensorInfo(
                        new TensorId("w"),
                        TensorKind.WEIGHT,
                        DType.F32,
                        shape,
                        OptionalInt.of(axis),
                        List.of(new Consumer("n", op, 1, groups))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Conv", "ConvTranspose", "Gemm"})
    void thirdInputIsABias(String op) throws IOException {
        Model model = open(model(
                13,
                graph(node(op, List.of("x", "w", "b"), "y"))
                        .addInitializer(floats("w", new long[] {1, 1}, 1))
                        .addInitializer(floats("b", new long[] {1}, 1))));

        assertThat(tensor(model, "b").info().kind()).isEqualTo(TensorKind.BIAS);
        assertThat(tensor(model, "b").info().channelAxis()).isEmpty();
    }

    /** The codes 0x.. packed from the lowest bit up, by the tables of the ONNX documents. */
    static Stream<Arguments> smallTypes() {
        float nan = Float.NaN;
        return Stream.of(
                Arguments.of(21, "UINT4", DType.U8, new byte[] {0x21, (byte) 0xf8, 7}, new float[] {1, 2, 8, 15, 7}),
                Arguments.of(22, "INT4", DType.I8, new byte[] {0x21, (byte) 0xf8, 7}, new float[] {1, 2, -8, -1, 7}),
                Arguments.of(25, "UINT2", DType.U8, new byte[] {(byte) 0b11100100, 2}, new float[] {0, 1, 2, 3, 2}),
                Arguments.of(26, "INT2", DType.I8, new byte[] {(byte) 0b11100100, 2}, new float[] {0, 1, -2, -1, -2}),
                Arguments.of(23, "FLOAT4E2M1", DType.F32, new byte[] {0x10, 0x72, (byte) 0xf9}, new float[] {
                    0, 0.5f, 1, 6, -0.5f, -6
                }),
                Arguments.of(
                        18,
                        "FLOAT8E4M3FNUZ",
                        DType.F32,
                        new byte[] {0, (byte) 0x80, 0x7f, 1, (byte) 0xc0},
                        new float[] {0, nan, 240, 0x1p-10f, -1}),
                Arguments.of(
                        20,
                        "FLOAT8E5M2FNUZ",
                        DType.F32,
                        new byte[] {0, (byte) 0x80, 0x7f, 1, (byte) 0xc0},
                        new float[] {0, nan, 57344, 0x1p-17f, -1}),
                Arguments.of(24, "FLOAT8E8M0", DType.F32, new byte[] {0, 127, -2, -1}, new float[] {
                    0x1p-127f, 1, 0x1p127f, nan
                }));
    }

    @ParameterizedTest
    @MethodSource("smallTypes")
    void smallTypesAreReadAsWiderOnes(int type, String name, DType dtype, byte[] bytes, float[] expected)
            throws IOException {
        TensorProto.Builder listed =
                TensorProto.newBuilder().setName("t").setDataType(type).addDims(expected.length);
        for (byte b : bytes) {
            listed.addInt32Data(b & 0xff);
        }
        for (TensorProto.Builder stored : List.of(raw("t", type, new long[] {expected.length}, bytes), listed)) {
            Model model = open(model(
                    21,
                    graph(node("Foo", List.of("x", "t"), "y").setDomain("com.example"))
                            .addInitializer(stored)));

            assertThat(tensor(model, "t").info().dtype()).isEqualTo(dtype);
            assertThat(tensor(model, "t").data().toFloats()).isEqualTo(expected);
            assertThat(model.notes()).containsExactly("1 tensor of type " + name + " read as " + dtype + ": t");
        }
        assertThatThrownBy(() -> open(model(
                        21,
                        graph(node("Foo", List.of("x", "t"), "y").setDomain("com.example"))
                                .addInitializer(raw("t", type, new long[] {99}, bytes)))))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("bytes of " + name);
    }

    @Test
    void otherStoredTensorsAreConstants() throws IOException {
        Model model = open(model(
                13,
                graph(
                                node("Sub", List.of("first", "x"), "a"),
                                node("MatMul", List.of("a", "vector"), "b"),
                                node("Add", List.of("b", "added"), "c"),
                                node("MatMul", List.of("c", "integers"), "d"),
                                node("Conv", List.of("d", "foreign", "bias"), "y")
                                        .setDomain("com.example"))
                        .addInitializer(floats("bias", new long[] {1}, 1))
                        .addInitializer(floats("first", new long[] {1, 1}, 1))
                        .addInitializer(floats("vector", new long[] {1}, 1))
                        .addInitializer(floats("added", new long[] {1, 1}, 1))
                        .addInitializer(raw("integers", DataType.INT8_VALUE, new long[] {1, 1}, new byte[] {1}))
                        .addInitializer(floats("foreign", new long[] {1, 1}, 1))
                        .addInitializer(floats("unused", new long[] {1, 1}, 1))));

        assertThat(model.tensors())
                .hasSize(7)
                .allSatisfy(t -> assertThat(t.info().kind()).isEqualTo(TensorKind.CONSTANT));
        assertThat(tensor(model, "unused").info().consumers()).isEmpty();
    }

    @Test
    void nodesWithoutNamesAreNamedByTypeAndPlace() throws IOException {
        Model model = open(model(
                13,
                graph(node("Relu", List.of("x"), "a"), node("MatMul", List.of("a", "w"), "y"))
                        .addInitializer(floats("w", new long[] {1, 1}, 1))));

        assertThat(tensor(model, "w").info().consumers()).containsExactly(new Consumer("MatMul_1", "MatMul", 1, 1));
    }

    @Test
    void aWeightSharedThroughIdentityHasBothConsumers() throws IOException {
        Model model = open(model(
                13,
                graph(
                                node("MatMul", List.of("x", "w"), "a"),
                                node("Identity", List.of("w"), "w2"),
                                node("Identity", List.of("w2"), "w3"),
                                node("MatMul", List.of("a", "w3"), "y"))
                        .addInitializer(floats("w", new long[] {1, 1}, 1))));

        assertThat(tensor(model, "w").info().consumers())
                .containsExactly(new Consumer("MatMul_0", "MatMul", 1, 1), new Consumer("MatMul_3", "MatMul", 1, 1));
    }

    @Test
    void aWeightBehindOperatorsThatMoveOrConvertItKeepsItsChannels() throws IOException {
        Model model = open(model(
                13,
                graph(
                                node("Transpose", List.of("w"), "wt")
                                        .addAttribute(AttributeProto.newBuilder()
                                                .setName("perm")
                                                .setType(AttributeProto.AttributeType.INTS)
                                                .addInts(1)
                                                .addInts(0)),
                                node("Cast", List.of("wt"), "wc").addAttribute(attribute("to", 1)),
                                node("MatMul", List.of("x", "wc"), "a"),
                                node("Unsqueeze", List.of("v", "axes"), "vu"),
                                node("MatMul", List.of("a", "vu"), "y"))
                        .addInitializer(floats("w", new long[] {3, 2}, 1, 2, 3, 4, 5, 6))
                        .addInitializer(floats("v", new long[] {3, 1}, 1, 2, 3))
                        .addInitializer(TensorProto.newBuilder()
                                .setName("axes")
                                .setDataType(TensorProto.DataType.INT64_VALUE)
                                .addDims(1)
                                .addInt64Data(0))));

        assertThat(tensor(model, "w").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "w").info().channelAxis()).hasValue(0);
        assertThat(tensor(model, "v").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "v").info().channelAxis()).isEmpty();
    }

    @Test
    void initializersListedAsInputsAreStillWeights() throws IOException {
        ModelProto.Builder model = matMul().setIrVersion(3)
                .clearOpsetImport()
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain("ai.onnx").setVersion(7));
        model.getGraphBuilder().addInput(value("w", 2, 3));

        Model opened = open(model);

        assertThat(opened.opset()).isEqualTo(OptionalInt.of(7));
        assertThat(tensor(opened, "w").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(opened, "w").data().toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void subgraphsReadWeightsOfTheOuterGraph() throws IOException {
        GraphProto.Builder then = GraphProto.newBuilder()
                .setName("then")
                .addNode(node("MatMul", List.of("x", "w"), "t"))
                .addOutput(value("t"));
        GraphProto.Builder other = GraphProto.newBuilder()
                .setName("else")
                .addInitializer(floats("inner", new long[] {1, 1}, 1))
                .addNode(node("MatMul", List.of("x", "inner"), "e"))
                .addOutput(value("e"));
        GraphProto.Builder outer = graph(node("If", List.of("flag"), "y")
                        .addAttribute(attribute("then_branch", then))
                        .addAttribute(attribute("else_branch", other)))
                .addInput(value("flag"))
                .addInitializer(floats("w", new long[] {1, 1}, 1));

        Model model = open(model(13, outer));

        assertThat(model.tensors())
                .extracting(
                        t -> t.id().name(), t -> t.info().kind(), t -> t.info().consumers())
                .containsExactly(
                        tuple(
                                "w",
                                TensorKind.WEIGHT,
                                List.of(new Consumer("If_0/then_branch/MatMul_0", "MatMul", 1, 1))),
                        // It is stored inside, and read there from the main graph now.
                        tuple(
                                "If_0/else_branch/inner",
                                TensorKind.WEIGHT,
                                List.of(new Consumer("If_0/else_branch/MatMul_0", "MatMul", 1, 1))));
        assertThat(model.notes())
                .containsExactly("stored inside subgraphs (If, Loop, Scan) and read from the main graph here: 1, as"
                        + " If_0/else_branch/inner");
    }

    /** A shape that a file declares of what is computed counts for nothing; it must not hinder anything either. */
    @Test
    void aDeclaredShapeThatCannotBeIsTakenAsNone() throws IOException {
        GraphProto.Builder graph = graph(node("Relu", List.of("x"), "r"), node("MatMul", List.of("r", "w"), "y"))
                .addInitializer(floats("w", new long[] {1, 1}, 1));
        graph.setInput(0, value("x", Long.MAX_VALUE, Long.MAX_VALUE))
                .addValueInfo(value("r", 1L << 40, 1L << 40))
                .addValueInfo(value("s", new long[40]));

        Model model = open(model(13, graph));

        assertThat(model.graph().orElseThrow().activations())
                .extracting(a -> a.shape().rank())
                .containsOnly(0);
    }

    // Values.

    @Test
    void constantNodesAreStoredTensors() throws IOException {
        Model model = open(model(
                13,
                graph(
                        node("Constant", List.of(), "w")
                                .addAttribute(attribute("value", floats("", new long[] {1, 2}, 3, 4))),
                        node("Constant", List.of(), "f")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("value_float")
                                        .setF(1.5f)),
                        node("Constant", List.of(), "fs")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("value_floats")
                                        .addFloats(1)
                                        .addFloats(2)),
                        node("Constant", List.of(), "i")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("value_int")
                                        .setI(-7)),
                        node("Constant", List.of(), "is")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("value_ints")
                                        .addInts(8)
                                        .addInts(9)),
                        node("Constant", List.of(), "s")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("value_string")
                                        .setS(ByteString.copyFromUtf8("no"))),
                        node("MatMul", List.of("x", "w"), "y"))));

        assertThat(tensor(model, "w").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "w").data().toFloats()).containsExactly(3, 4);
        assertThat(tensor(model, "f").data().toFloats()).containsExactly(1.5f);
        assertThat(tensor(model, "f").info().shape()).isEqualTo(Shape.of());
        assertThat(tensor(model, "fs").data().toFloats()).containsExactly(1, 2);
        assertThat(tensor(model, "i").data().toFloats()).containsExactly(-7);
        assertThat(tensor(model, "is").data().toFloats()).containsExactly(8, 9);
        assertThat(model.notes()).containsExactly("1 tensor of type STRING skipped: s");
    }

    private static Stream<Arguments> typedLists() {
        return Stream.of(
                Arguments.of(
                        empty("t", DataType.FLOAT_VALUE, 2).addFloatData(1.5f).addFloatData(Float.NaN),
                        DType.F32,
                        new float[] {1.5f, Float.NaN}),
                Arguments.of(
                        empty("t", DataType.DOUBLE_VALUE, 2).addDoubleData(0.1).addDoubleData(1e300),
                        DType.F64,
                        new float[] {0.1f, Float.POSITIVE_INFINITY}),
                Arguments.of(
                        empty("t", DataType.FLOAT16_VALUE, 3)
                                .addInt32Data(0x3c00)
                                .addInt32Data(0xc100)
                                .addInt32Data(1),
                        DType.F16,
                        new float[] {1, -2.5f, 0x1p-24f}),
                Arguments.of(
                        empty("t", DataType.BFLOAT16_VALUE, 2)
                                .addInt32Data(0x3f80)
                                .addInt32Data(0xff80),
                        DType.BF16,
                        new float[] {1, Float.NEGATIVE_INFINITY}),
                Arguments.of(
                        empty("t", DataType.FLOAT8E4M3FN_VALUE, 4)
                                .addInt32Data(0x38)
                                .addInt32Data(0x7e)
                                .addInt32Data(0x81)
                                .addInt32Data(0x7f),
                        DType.F8_E4M3,
                        new float[] {1, 448, -0x1p-9f, Float.NaN}),
                Arguments.of(
                        empty("t", DataType.FLOAT8E5M2_VALUE, 3)
                                .addInt32Data(0x3c)
                                .addInt32Data(0x7b)
                                .addInt32Data(0xfc),
                        DType.F8_E5M2,
                        new float[] {1, 57344, Float.NEGATIVE_INFINITY}),
                Arguments.of(
                        empty("t", DataType.INT8_VALUE, 2).addInt32Data(-128).addInt32Data(127),
                        DType.I8,
                        new float[] {-128, 127}),
                Arguments.of(
                        empty("t", DataType.UINT8_VALUE, 2).addInt32Data(0).addInt32Data(255),
                        DType.U8,
                        new float[] {0, 255}),
                Arguments.of(empty("t", DataType.INT16_VALUE, 1).addInt32Data(-32768), DType.I16, new float[] {-32768}),
                Arguments.of(empty("t", DataType.UINT16_VALUE, 1).addInt32Data(65535), DType.U16, new float[] {65535}),
                Arguments.of(empty("t", DataType.INT32_VALUE, 1).addInt32Data(-5), DType.I32, new float[] {-5}),
                Arguments.of(
                        empty("t", DataType.UINT32_VALUE, 1).addUint64Data(4294967295L), DType.U32, new float[] {0x1p32f
                        }),
                Arguments.of(empty("t", DataType.INT64_VALUE, 1).addInt64Data(-6), DType.I64, new float[] {-6}),
                Arguments.of(empty("t", DataType.UINT64_VALUE, 1).addUint64Data(-1), DType.U64, new float[] {0x1p64f}),
                Arguments.of(
                        empty("t", DataType.BOOL_VALUE, 2).addInt32Data(1).addInt32Data(0),
                        DType.BOOL,
                        new float[] {1, 0}),
                Arguments.of(
                        raw("t", DataType.FLOAT16_VALUE, new long[] {2}, new byte[] {0, 0x3c, 0, (byte) 0xc0}),
                        DType.F16,
                        new float[] {1, -2}),
                Arguments.of(
                        raw("t", DataType.INT16_VALUE, new long[] {1}, new byte[] {0x34, 0x12}),
                        DType.I16,
                        new float[] {0x1234}),
                Arguments.of(
                        raw("t", DataType.UINT64_VALUE, new long[] {1}, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}),
                        DType.U64,
                        new float[] {1}),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, 0, 5), DType.F32, new float[] {}));
    }

    @ParameterizedTest
    @MethodSource("typedLists")
    void valuesOfEveryTypeAreRead(TensorProto.Builder stored, DType dtype, float[] expected) throws IOException {
        Tensor t = tensor(open(model(13, graph(node("Relu", List.of("x"), "y")).addInitializer(stored))), "t");

        assertThat(t.info().dtype()).isEqualTo(dtype);
        assertThat(t.data().toFloats()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"8, STRING", "14, COMPLEX64", "15, COMPLEX128", "27, FLOAT6E2M3", "28, FLOAT6E3M2"})
    void typesThatCannotBeReadYetAreSkippedWithANote(int type, String name) throws IOException {
        Model model = open(model(
                21,
                graph(node("Foo", List.of("x", "t"), "y").setDomain("com.example"))
                        .addInitializer(raw("t", type, new long[] {3}, new byte[2]))));

        assertThat(model.tensors()).isEmpty();
        assertThat(model.notes()).containsExactly("1 tensor of type " + name + " skipped: t");
    }

    @Test
    void sparseInitializersAreSkippedWithANote() throws IOException {
        SparseTensorProto.Builder sparse = SparseTensorProto.newBuilder()
                .setValues(floats("s", new long[] {1}, 1))
                .addDims(5);
        Model model =
                open(model(13, graph(node("MatMul", List.of("x", "s"), "y")).addSparseInitializer(sparse)));

        assertThat(model.notes()).containsExactly("1 tensor of type sparse skipped: s");
    }

    @Test
    void nodesOutOfOrderAreSorted() throws IOException {
        Model model = open(model(
                13,
                graph(node("MatMul", List.of("a", "w"), "y"), node("Relu", List.of("x"), "a"))
                        .addInitializer(floats("w", new long[] {1, 1}, 1))));

        assertThat(model.graph().orElseThrow().proto().getGraph().getNodeList())
                .extracting("opType")
                .containsExactly("Relu", "MatMul");
        assertThat(tensor(model, "w").info().consumers()).containsExactly(new Consumer("MatMul_1", "MatMul", 1, 1));
    }

    // Lies.

    @ParameterizedTest
    @ValueSource(ints = {6, 27, 0, -1, Integer.MAX_VALUE})
    void opsetsOutsideTheRangeAreRefused(int opset) throws IOException {
        assertRefused(
                matMul().setOpsetImport(0, OperatorSetIdProto.newBuilder().setVersion(opset)),
                "opset_import",
                String.valueOf(opset),
                "7 to 26");
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 26})
    void opsetsAtTheEndsOfTheRangeAreRead(int opset) throws IOException {
        assertThat(open(model(opset, matMul().getGraphBuilder())).opset()).isEqualTo(OptionalInt.of(opset));
    }

    @Test
    void aModelWithoutItsPartsIsRefused() throws IOException {
        assertRefused(matMul().clearGraph(), "graph", "missing");
        assertRefused(matMul().clearOpsetImport(), "opset_import");
        assertRefused(matMul().setIrVersion(2), "ir_version", "2");
        assertRefused(matMul().clearIrVersion(), "ir_version", "0");
    }

    private static Stream<Arguments> badTensors() {
        long huge = 1L << 40;
        return Stream.of(
                Arguments.of(empty("t", DataType.FLOAT_VALUE, -1), "negative-or-least", "-1"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, huge, huge), "product beyond a long", "elements"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, 1L << 61), "bytes beyond a long", "t"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, huge), "no data at all", "1099511627776"),
                Arguments.of(
                        raw("t", DataType.FLOAT_VALUE, new long[] {2}, new byte[7]),
                        "raw too short",
                        "raw_data has 7 bytes"),
                Arguments.of(
                        raw("t", DataType.FLOAT_VALUE, new long[] {2}, new byte[9]),
                        "raw too long",
                        "raw_data has 9 bytes"),
                Arguments.of(
                        raw("t", DataType.FLOAT_VALUE, new long[] {1}, new byte[4])
                                .addFloatData(1),
                        "raw and typed",
                        "raw_data and 1 more"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, 2).addFloatData(1), "too few", "has 1 values"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, 1).addInt32Data(1), "wrong list", "has 0 values"),
                Arguments.of(empty("t", DataType.UINT8_VALUE, 1).addInt32Data(256), "value beyond type", "256"),
                Arguments.of(empty("t", DataType.INT8_VALUE, 1).addInt32Data(-129), "value below type", "-129"),
                Arguments.of(empty("t", DataType.BOOL_VALUE, 1).addInt32Data(2), "no bool", "2"),
                Arguments.of(empty("t", DataType.UINT32_VALUE, 1).addUint64Data(1L << 32), "no uint32", "4294967296"),
                Arguments.of(empty("t", 0, 1), "undefined type", "data_type 0"),
                Arguments.of(empty("t", 99, 1), "unknown type", "data_type 99"),
                Arguments.of(empty("t", DataType.FLOAT_VALUE, new long[100]), "rank", "100 dimensions"),
                Arguments.of(
                        raw("t", DataType.FLOAT_VALUE, new long[] {1}, new byte[4])
                                .setSegment(TensorProto.Segment.newBuilder()
                                        .setBegin(0)
                                        .setEnd(1)),
                        "segment",
                        "segments"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badTensors")
    void tensorsThatLieAreRefused(TensorProto.Builder tensor, String what, String messagePart) throws IOException {
        assertRefused(model(13, graph(node("Relu", List.of("x"), "y")).addInitializer(tensor)), "t: ", messagePart);
    }

    @Test
    void graphsThatDoNotHoldTogetherAreRefused() throws IOException {
        assertRefused(model(13, graph(node("Add", List.of("x", "ghost"), "y"))), "Add_0", "'ghost'");
        assertRefused(model(13, graph(node("Relu", List.of("x"), "z"))), "graph output", "'y'");
        assertRefused(model(13, graph(node("Add", List.of("x", "y"), "y"))), "cycle");
        assertRefused(
                model(
                        13,
                        graph(
                                node("Add", List.of("x", "b"), "a"),
                                node("Relu", List.of("a"), "b"),
                                node("Relu", List.of("a"), "y"))),
                "cycle");
        assertRefused(model(13, graph(node("Relu", List.of("x"), "y"), node("Relu", List.of("x"), "y"))), "y", "twice");
        assertRefused(model(13, graph(node("Relu", List.of("x"), "x"), node("Relu", List.of("x"), "y"))), "x", "twice");
        assertRefused(matMulWith(floats("w", new long[] {1, 1}, 1)), "w", "twice");
        assertRefused(matMulWith(floats("", new long[] {1, 1}, 1)), "no name");
        assertRefused(model(13, graph(node("Relu", List.of("x"), "y")).addInput(value("x"))), "graph input", "'x'");
        assertRefused(model(13, graph(node("Constant", List.of(), "y"))), "y", "no value");
        assertRefused(
                model(
                        13,
                        graph(node("Conv", List.of("x", "w"), "y").addAttribute(attribute("group", 0)))
                                .addInitializer(floats("w", new long[] {1, 1}, 1))),
                "group 0");
        GraphProto.Builder body = GraphProto.newBuilder()
                .addNode(node("Relu", List.of("ghost"), "t"))
                .addOutput(value("t"));
        assertRefused(
                model(13, graph(node("If", List.of("x"), "y").addAttribute(attribute("then_branch", body)))),
                "'ghost'");
    }

    private static ModelProto.Builder matMulWith(TensorProto.Builder more) {
        ModelProto.Builder model = matMul();
        model.getGraphBuilder().addInitializer(more);
        return model;
    }

    @Test
    void namesThatAreNotUtf8AreRefused() throws IOException {
        assertRefused(
                matMulWith(floats("bad", new long[] {1}, 1)
                        .setNameBytes(ByteString.copyFrom(new byte[] {'a', (byte) 0xff}))),
                "UTF-8");
        ModelProto.Builder model = matMul();
        model.getGraphBuilder().getNodeBuilder(0).addInput("placeholder");
        byte[] bytes = model.build().toByteArray();
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("placeholder");
        bytes[at] = (byte) 0xc0;
        Path file = Files.write(folder.resolve("m.onnx"), bytes);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void aFileCutOffAnywhereIsRefused() throws IOException {
        byte[] whole = matMul().setProducerName("test").build().toByteArray();
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            Path file = Files.write(folder.resolve("m.onnx"), part);
            assertThatThrownBy(() -> ModelLoaders.open(file))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void aFileOfAMillionEmptyMessagesIsRefusedBeforeItIsParsed() throws IOException {
        // An empty node is two bytes: 0a 00.
        byte[] nodes = new byte[2 * MessageBudget.LIMIT + 2];
        for (int i = 0; i < nodes.length; i += 2) {
            nodes[i] = 0x0a;
        }
        ByteString head = ModelProto.newBuilder().setIrVersion(8).build().toByteString();
        var out = ByteString.newOutput();
        var coded = CodedOutputStream.newInstance(out);
        coded.writeRawBytes(head);
        coded.writeByteArray(ModelProto.GRAPH_FIELD_NUMBER, nodes);
        coded.flush();
        Path file = Files.write(folder.resolve("m.onnx"), out.toByteString().toByteArray());

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(MessageBudget.LIMIT + " messages");
    }

    @Test
    void subgraphsNestedWithoutEndAreRefused() throws IOException {
        GraphProto.Builder graph = GraphProto.newBuilder().setName("deepest");
        for (int i = 0; i < 60; i++) {
            graph = GraphProto.newBuilder()
                    .addNode(node("If", List.of()).addAttribute(attribute("then_branch", graph)));
        }
        assertRefused(model(13, graph), "protobuf");
    }
}
