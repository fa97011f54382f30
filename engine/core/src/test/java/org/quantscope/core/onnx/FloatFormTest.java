package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.floats;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;
import static org.quantscope.testkit.TinyModels.raw;
import static org.quantscope.testkit.TinyModels.value;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** Quantized models of each kind are opened as the float model behind them, and written again compute the same. */
class FloatFormTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private static TensorProto.Builder codes(String name, int type, long[] dims, int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return raw(name, type, dims, bytes);
    }

    private static TensorProto.Builder ints(String name, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return raw(name, DataType.INT32_VALUE, new long[] {values.length}, bytes.array());
    }

    private static TensorProto.Builder scalar(String name, float value) {
        return floats(name, new long[0], value);
    }

    private static TensorProto.Builder zero(String name, int value) {
        return codes(name, DataType.UINT8_VALUE, new long[0], value);
    }

    private static NodeProto.Builder contrib(NodeProto.Builder node) {
        return node.setDomain("com.microsoft");
    }

    private static NodeProto.Builder along(NodeProto.Builder node, long axis) {
        return node.addAttribute(attribute("axis", axis));
    }

    private ModelProto written(ModelProto.Builder model) {
        return model.addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain("com.microsoft")
                        .setVersion(1))
                .build();
    }

    private Model open(ModelProto model) throws IOException {
        Path file = folder.resolve("model.onnx");
        Files.write(file, model.toByteArray());
        return ModelLoaders.open(file);
    }

    private static float[] run(byte[] model, Shape shape, float[] values) {
        try (OrtModel loaded = OrtModel.load(model, "model.onnx", OrtModel.Options.DEFAULT.withExactSums());
                NativeTensor x = NativeTensor.of(values, shape, DType.F32)) {
            return loaded.run(Map.of("x", x), List.of("y"), NEVER).getFirst().values();
        }
    }

    /** Opens a quantized model, writes it again with its own grids, and compares what both files compute. */
    private Model same(ModelProto quantized, Shape shape, float tolerance) throws IOException {
        Model model = open(quantized);
        OwnQuantization own = model.own().orElseThrow();
        Map<TensorId, QuantParams> weights = new HashMap<>();
        own.weights().forEach((id, grid) -> weights.put(id, grid.params()));
        Map<TensorId, QuantParams> activations = new HashMap<>();
        own.activations().forEach((id, grid) -> activations.put(id, grid.params()));
        Model placed = model.withGraph(model.graph().orElseThrow().withQuantizersAt(activations.keySet()));
        ExportPlan plan = new ExportPlan(
                placed,
                SessionState.of(new FileRef(model.file(), "0123abcd"))
                        .withActivations(Optional.of(QuantSpec.ACTIVATIONS)),
                weights,
                activations);
        Path file = folder.resolve("again.onnx");
        Exporters.byId("onnx-qdq").write(plan, file, NEVER);
        float[] x = new float[(int) shape.count()];
        Random random = new Random(3);
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat(-2, 2);
        }
        assertThat(run(Files.readAllBytes(file), shape, x))
                .containsExactly(run(quantized.toByteArray(), shape, x), within(tolerance));
        return model;
    }

    private static List<String> ops(Model model) {
        return model.graph().orElseThrow().nodes().stream()
                .map(OnnxNode::opType)
                .toList();
    }

    private static final TensorProto.Builder[] LAYER = {
        scalar("xs", 0.02f), zero("xz", 128), scalar("ys", 0.03f), zero("yz", 0)
    };

    /** As ONNX Runtime's quantizer writes it: it leaves the Relu out, because the zero point is the lowest code. */
    @Test
    void pairsAndStoredCodesBecomeFloatsAndTheReluIsPutBack() throws IOException {
        var g = graph(
                        node("QuantizeLinear", List.of("x", "xs", "xz"), "x_QuantizeLinear_Output"),
                        node("DequantizeLinear", List.of("x_QuantizeLinear_Output", "xs", "xz"), "xd"),
                        along(node("DequantizeLinear", List.of("w_quantized", "ws", "wz"), "wd"), 1),
                        node("MatMul", List.of("xd", "wd"), "m"),
                        node("QuantizeLinear", List.of("m", "ys", "yz"), "mq"),
                        node("DequantizeLinear", List.of("mq", "ys", "yz"), "md"),
                        node("Neg", List.of("md"), "y"))
                .addInitializer(codes("w_quantized", DataType.INT8_VALUE, new long[] {2, 3}, 10, -20, 127, -128, 5, 7))
                .addInitializer(floats("ws", new long[] {3}, 0.01f, 0.02f, 0.005f))
                .addInitializer(codes("wz", DataType.INT8_VALUE, new long[] {3}, 0, 0, 0));
        g.setInput(0, value("x", 4, 2)).setOutput(0, value("y", 4, 3));
        for (TensorProto.Builder t : LAYER) {
            g.addInitializer(t);
        }
        Model model = same(written(model(13, g)), Shape.of(4, 2), 1e-6f);

        assertThat(ops(model)).containsExactly("MatMul", "Relu", "Neg");
        assertThat(model.tensors()).singleElement().satisfies(t -> {
            assertThat(t.id().name()).isEqualTo("w");
            assertThat(t.data().toFloats())
                    .containsExactly(new float[] {0.1f, -0.4f, 0.635f, -1.28f, 0.1f, 0.035f}, within(1e-6f));
            assertThat(t.info().channelAxis()).hasValue(1);
        });
        assertThat(model.own()
                        .orElseThrow()
                        .weights()
                        .get(new TensorId("w"))
                        .params()
                        .granularity())
                .isEqualTo(new Granularity.PerChannel(1));
        assertThat(model.own().orElseThrow().activations().keySet())
                .containsExactly(new TensorId("m_Relu"), new TensorId("x"));
        assertThat(model.notes())
                .anyMatch(n -> n.startsWith("already quantized (QuantizeLinear/DequantizeLinear): 1 weight with 8 bits"
                        + " per channel, 2 activations with 8 bits"));
    }

    /** QLinearConv with a bias, MaxPool on codes, QLinearAdd, QLinearGlobalAveragePool, QGemm. */
    @Test
    void operatorsOnIntegersBecomeOperatorsOnFloats() throws IOException {
        ByteBuffer bias = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(500)
                .putInt(-900);
        var g = graph(
                        node("QuantizeLinear", List.of("x", "xs", "xz"), "xq"),
                        node("QLinearConv", List.of("xq", "xs", "xz", "k", "ks", "kz", "ys", "yz", "b"), "c")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("kernel_shape")
                                        .setType(AttributeProto.AttributeType.INTS)
                                        .addInts(1)
                                        .addInts(1)),
                        node("MaxPool", List.of("c"), "p")
                                .addAttribute(AttributeProto.newBuilder()
                                        .setName("kernel_shape")
                                        .setType(AttributeProto.AttributeType.INTS)
                                        .addInts(2)
                                        .addInts(2)),
                        contrib(node("QLinearAdd", List.of("p", "ys", "yz", "p", "ys", "yz", "as", "yz"), "a")),
                        contrib(node("QLinearGlobalAveragePool", List.of("a", "as", "yz", "as", "yz"), "g"))
                                .addAttribute(attribute("channels_last", 0)),
                        node("Flatten", List.of("g"), "f"),
                        contrib(node("QGemm", List.of("f", "as", "yz", "w", "ks1", "kz1", "", "ys", "xz"), "l"))
                                .addAttribute(attribute("transB", 1)),
                        node("DequantizeLinear", List.of("l", "ys", "xz"), "y"))
                .addInitializer(codes("k", DataType.INT8_VALUE, new long[] {2, 2, 1, 1}, 100, -50, 30, 90))
                .addInitializer(floats("ks", new long[] {2}, 0.01f, 0.02f))
                .addInitializer(codes("kz", DataType.INT8_VALUE, new long[] {2}, 0, 0))
                .addInitializer(raw("b", DataType.INT32_VALUE, new long[] {2}, bias.array()))
                .addInitializer(scalar("as", 0.06f))
                .addInitializer(codes("w", DataType.INT8_VALUE, new long[] {3, 2}, 100, -50, 30, 90, 1, -128))
                .addInitializer(scalar("ks1", 0.01f))
                .addInitializer(codes("kz1", DataType.INT8_VALUE, new long[0], 0));
        g.setInput(0, value("x", 1, 2, 4, 4)).setOutput(0, value("y", 1, 3));
        for (TensorProto.Builder t : LAYER) {
            g.addInitializer(t);
        }
        // A step of the last grid: integer kernels round sums where floats are added.
        Model model = same(written(model(13, g)), Shape.of(1, 2, 4, 4), 0.0301f);

        assertThat(ops(model))
                .containsExactly("Conv", "Relu", "MaxPool", "Add", "GlobalAveragePool", "Flatten", "Gemm");
        assertThat(model.own().orElseThrow().weights()).hasSize(2);
        assertThat(model.own().orElseThrow().way()).contains("operators on integers");
        assertThat(model.graph().orElseThrow().outputNames()).containsExactly("y");
    }

    @Test
    void dynamicallyQuantizedProductsBecomeProducts() throws IOException {
        var g = graph(
                        node("DynamicQuantizeLinear", List.of("x"), "q", "s", "z"),
                        node("MatMulInteger", List.of("q", "w_quantized", "z", "wz"), "i"),
                        node("Mul", List.of("s", "ws"), "scales"),
                        node("Cast", List.of("i"), "c").addAttribute(attribute("to", 1)),
                        node("Mul", List.of("c", "scales"), "y"))
                .addInitializer(codes("w_quantized", DataType.INT8_VALUE, new long[] {2, 2}, 10, -20, 127, -128))
                .addInitializer(scalar("ws", 0.02f))
                .addInitializer(codes("wz", DataType.INT8_VALUE, new long[0], 0));
        g.setInput(0, value("x", 4, 2)).setOutput(0, value("y", 4, 2));
        Model model = open(written(model(13, g)));

        assertThat(ops(model)).containsExactly("MatMul");
        assertThat(model.find(new TensorId("w")).orElseThrow().data().toFloats())
                .containsExactly(new float[] {0.2f, -0.4f, 2.54f, -2.56f}, within(1e-6f));
        assertThat(model.own().orElseThrow().said())
                .startsWith("already quantized (activations quantized as they come): 1 weight with 8 bits per tensor,"
                        + " no activation.");
        float[] y =
                run(InstrumentedGraph.plain(model).message(), Shape.of(4, 2), new float[] {1, 0, 0, 1, 1, 1, -1, 0});
        assertThat(y)
                .containsExactly(new float[] {0.2f, -0.4f, 2.54f, -2.56f, 2.74f, -2.96f, -0.2f, 0.4f}, within(1e-6f));
    }

    /** A matrix [K = 20, N = 2] in two blocks of 16, 4 bits, with zero points. */
    @Test
    void aMatrixInBlocksBecomesAMatrix() throws IOException {
        int[] packed = new int[2 * 2 * 8];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = i * 37 & 0xff;
        }
        NodeProto.Builder product = contrib(node("MatMulNBits", List.of("x", "w_Q4", "s", "z"), "y"))
                .addAttribute(attribute("K", 20))
                .addAttribute(attribute("N", 2))
                .addAttribute(attribute("bits", 4))
                .addAttribute(attribute("block_size", 16));
        var g = graph(product)
                .addInitializer(codes("w_Q4", DataType.UINT8_VALUE, new long[] {2, 2, 8}, packed))
                .addInitializer(floats("s", new long[] {4}, 0.1f, 0.2f, 0.3f, 0.4f))
                .addInitializer(codes("z", DataType.UINT8_VALUE, new long[] {2, 1}, 0x78, 0x96));
        g.setInput(0, value("x", 3, 20)).setOutput(0, value("y", 3, 2));
        ModelProto quantized = written(model(21, g));
        // ONNX Runtime's kernel rounds its input to 8 bits.
        Model model = same(quantized, Shape.of(3, 20), 0.1f);

        assertThat(ops(model)).containsExactly("MatMul");
        assertThat(model.own()
                        .orElseThrow()
                        .weights()
                        .get(new TensorId("w"))
                        .params()
                        .granularity())
                .isEqualTo(new Granularity.PerBlock(0, 16));
    }

    /** Zero points that are numbers: a grid of ours if all are whole, else the numbers only. */
    @ParameterizedTest
    @ValueSource(floats = {6, 6.5f})
    void aMatrixInBlocksMayHaveFloatingZeroPoints(float zero) throws IOException {
        int[] packed = new int[2 * 2 * 8];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = i * 37 & 0xff;
        }
        NodeProto.Builder product = contrib(node("MatMulNBits", List.of("x", "w_Q4", "s", "z"), "y"))
                .addAttribute(attribute("K", 20))
                .addAttribute(attribute("N", 2))
                .addAttribute(attribute("bits", 4))
                .addAttribute(attribute("block_size", 16));
        var g = graph(product)
                .addInitializer(codes("w_Q4", DataType.UINT8_VALUE, new long[] {2, 2, 8}, packed))
                .addInitializer(floats("s", new long[] {4}, 0.1f, 0.2f, 0.3f, 0.4f))
                .addInitializer(floats("z", new long[] {4}, 8, 7, zero, 9));
        g.setInput(0, value("x", 3, 20)).setOutput(0, value("y", 3, 2));
        Model model = same(written(model(21, g)), Shape.of(3, 20), 0.1f);

        assertThat(ops(model)).containsExactly("MatMul");
        // The second column's first block, whose zero point is the one in question.
        int first = packed[16] & 15;
        assertThat(model.find(new TensorId("w")).orElseThrow().data().toFloats()[1])
                .isEqualTo((first - zero) * 0.3f);
        assertThat(model.own().orElseThrow().weights().keySet())
                .isEqualTo(zero == 6 ? Set.of(new TensorId("w")) : Set.of());
    }

    /** Rows that GPTQ has reordered: each has the scale and the zero point of the block that the index names. */
    @Test
    void aMatrixInBlocksMayHaveAnIndex() throws IOException {
        int[] packed = new int[2 * 2 * 8];
        int[] index = new int[32];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = i * 41 & 0xff;
            index[i] = i * 7 % 5 < 2 ? 0 : 1;
        }
        NodeProto.Builder product = contrib(node("MatMulNBits", List.of("x", "w_Q4", "s", "", "g_idx"), "y"))
                .addAttribute(attribute("K", 32))
                .addAttribute(attribute("N", 2))
                .addAttribute(attribute("bits", 4))
                .addAttribute(attribute("block_size", 16));
        var g = graph(product)
                .addInitializer(codes("w_Q4", DataType.UINT8_VALUE, new long[] {2, 2, 8}, packed))
                .addInitializer(floats("s", new long[] {4}, 0.1f, 0.2f, 0.3f, 0.4f))
                .addInitializer(codes("z", DataType.UINT8_VALUE, new long[] {2, 1}, 0x78, 0x96))
                .addInitializer(ints("g_idx", index));
        g.setInput(0, value("x", 3, 32)).setOutput(0, value("y", 3, 2));
        Model model = same(written(model(21, g)), Shape.of(3, 32), 0.1f);

        assertThat(ops(model)).containsExactly("MatMul");
        // The file's blocks are not ours: the numbers are known, and no grid.
        assertThat(model.own().orElseThrow().weights()).isEmpty();
        assertThat(model.own().orElseThrow().way()).isEqualTo("MatMulNBits");
    }

    @Test
    void quantizedAttentionBecomesAttention() throws IOException {
        int[] weight = new int[4 * 12];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = i * 53 % 200 - 100;
        }
        var g = graph(
                        node("QuantizeLinear", List.of("x", "xs", "xz"), "q"),
                        contrib(node("QAttention", List.of("q", "w_quantized", "b", "xs", "ws", "", "xz", "wz"), "y"))
                                .addAttribute(attribute("num_heads", 2)))
                .addInitializer(codes("w_quantized", DataType.INT8_VALUE, new long[] {4, 12}, weight))
                .addInitializer(floats("b", new long[] {12}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
                .addInitializer(scalar("xs", 0.05f))
                .addInitializer(scalar("ws", 0.01f))
                .addInitializer(zero("xz", 128))
                .addInitializer(codes("wz", DataType.INT8_VALUE, new long[0], 0));
        g.setInput(0, value("x", 1, 3, 4)).setOutput(0, value("y", 1, 3, 4));
        Model model = same(written(model(13, g)), Shape.of(1, 3, 4), 0.1f);

        assertThat(ops(model)).containsExactly("com.microsoft.Attention");
        assertThat(model.own().orElseThrow().said())
                .contains("operators on integers")
                .contains("1 weight with 8 bits per tensor, 1 activation with 8 bits");
    }

    @Test
    void aDynamicallyQuantizedLstmBecomesAnLstm() throws IOException {
        int[] w = new int[3 * 8];
        int[] r = new int[2 * 8];
        for (int i = 0; i < w.length; i++) {
            w[i] = i * 29 % 250 - 125;
        }
        for (int i = 0; i < r.length; i++) {
            r[i] = i * 31 % 250 - 125;
        }
        List<String> inputs = List.of("x", "w_quantized", "r_quantized", "b", "", "", "", "", "ws", "wz", "rs", "rz");
        var g = graph(contrib(node("DynamicQuantizeLSTM", inputs, "y")).addAttribute(attribute("hidden_size", 2)))
                .addInitializer(codes("w_quantized", DataType.INT8_VALUE, new long[] {1, 3, 8}, w))
                .addInitializer(codes("r_quantized", DataType.INT8_VALUE, new long[] {1, 2, 8}, r))
                .addInitializer(floats("b", new long[] {1, 16}, new float[16]))
                .addInitializer(floats("ws", new long[] {1}, 0.01f))
                .addInitializer(codes("wz", DataType.INT8_VALUE, new long[] {1}, 0))
                .addInitializer(floats("rs", new long[] {1}, 0.02f))
                .addInitializer(codes("rz", DataType.INT8_VALUE, new long[] {1}, 0));
        g.setInput(0, value("x", 4, 1, 3)).setOutput(0, value("y", 4, 1, 1, 2));
        Model model = same(written(model(13, g)), Shape.of(4, 1, 3), 0.02f);

        assertThat(ops(model)).containsExactly("LSTM");
        assertThat(model.own().orElseThrow().way()).isEqualTo("activations quantized as they come");
    }

    @Test
    void nodesThatCannotBeReadAreNamed() throws IOException {
        var g = graph(
                        node("Abs", List.of("scale"), "xs"),
                        node("QuantizeLinear", List.of("x", "xs", "xz"), "q"),
                        contrib(node("QAttention", List.of("q", "w", "b", "xs", "ws", "", "xz", "wz"), "y"))
                                .setName("attn")
                                .addAttribute(attribute("num_heads", 1)))
                .addInitializer(codes("w", DataType.INT8_VALUE, new long[] {1, 3}, 1, 2, 3))
                .addInitializer(floats("b", new long[] {3}, 0, 0, 0))
                .addInitializer(scalar("scale", 0.1f))
                .addInitializer(scalar("ws", 0.01f))
                .addInitializer(zero("xz", 128))
                .addInitializer(codes("wz", DataType.INT8_VALUE, new long[0], 0));
        g.setInput(0, value("x", 1, 3, 1)).setOutput(0, value("y", 1, 3, 1));
        Model model = open(written(model(13, g)));

        assertThat(model.own().orElseThrow().said())
                .contains("1 node stays on integers")
                .contains("cannot be told from the file: QAttention attn");
    }

    /** What cannot be told from the file stays as it is, and nothing is refused. */
    @Test
    void gridsThatAreComputedOrNoneStay() throws IOException {
        var g = graph(
                        node("Relu", List.of("x"), "scale"),
                        node("QuantizeLinear", List.of("x", "scale", "xz"), "q"),
                        node("DequantizeLinear", List.of("q", "scale", "xz"), "d"),
                        node("QuantizeLinear", List.of("d", "nothing", "xz"), "q2"),
                        node("DequantizeLinear", List.of("q2", "nothing", "xz"), "y"))
                .addInitializer(zero("xz", 3))
                .addInitializer(scalar("nothing", 0));
        g.setInput(0, value("x")).setOutput(0, value("y"));
        Model model = open(written(model(13, g)));

        assertThat(model.own()).isEmpty();
        assertThat(ops(model)).hasSize(5);
    }
}
