package org.quantscope.core.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.floats;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;
import static org.quantscope.testkit.TinyModels.raw;
import static org.quantscope.testkit.TinyModels.value;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.TinyTflite;
import org.quantscope.testkit.ArrayFiles;

class ProofTest {
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

    private Proof proof(String name, byte[] content) throws IOException {
        return Proof.of(Files.write(folder.resolve(name), content), NEVER);
    }

    private Proof proof(GraphProto.Builder graph) throws IOException {
        ModelProto made = model(21, graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain("com.microsoft")
                        .setVersion(1))
                .build();
        return proof("m.onnx", made.toByteArray());
    }

    private static Proof.Entry entry(Proof proof, String name) {
        return proof.tensors().stream()
                .filter(e -> e.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not among " + proof.tensors()));
    }

    /** Values with a pair of nodes that quantize them: {@code x} gives {@code xd}. */
    private static List<ai.onnx.proto.OnnxMl.NodeProto.Builder> pair(String x) {
        return List.of(
                node("QuantizeLinear", List.of(x, "s", "z"), x + "q"),
                node("DequantizeLinear", List.of(x + "q", "s", "z"), x + "d"));
    }

    @Test
    void anOnnxFileSaysWhichWeightsAreMultipliedInIntegersAndWhatFallsBack() throws IOException {
        var x = pair("x");
        var h = pair("h");
        var e = pair("e");
        Proof proof = proof(graph(
                        x.get(0),
                        x.get(1),
                        node("DequantizeLinear", List.of("w1", "s1", "z1"), "w1d")
                                .addAttribute(attribute("axis", 1)),
                        node("MatMul", List.of("xd", "w1d"), "h"),
                        h.get(0),
                        h.get(1),
                        node("Exp", List.of("hd"), "e"),
                        e.get(0),
                        e.get(1),
                        node("MatMul", List.of("ed", "w2"), "g"),
                        node("DequantizeLinear", List.of("w3", "s"), "w3d"),
                        node("MatMul", List.of("g", "w3d"), "y"))
                .setInput(0, value("x", 1, 2))
                .setOutput(0, value("y", 1, 2))
                .addInitializer(floats("s", new long[0], .1f))
                .addInitializer(codes("z", DataType.UINT8_VALUE, new long[0], 3))
                .addInitializer(codes("w1", DataType.INT8_VALUE, new long[] {2, 3}, 1, 2, 3, 4, 5, 6))
                .addInitializer(floats("s1", new long[] {3}, .1f, .2f, .3f))
                .addInitializer(codes("z1", DataType.INT8_VALUE, new long[] {3}, 0, 0, 0))
                .addInitializer(floats("w2", new long[] {3, 2}, 1, 2, 3, 4, 5, 6))
                .addInitializer(codes("w3", DataType.INT8_VALUE, new long[] {2, 2}, 1, 2, 3, 4)));

        Proof.Entry first = proof.weights().getFirst();
        assertThat(first.quantized()).isTrue();
        assertThat(first.bits()).isEqualTo(8);
        assertThat(first.scheme()).isEqualTo("symmetric");
        assertThat(first.granularity()).isEqualTo("channel:1");
        assertThat(first.computes()).isEqualTo(Computes.INTEGERS);
        assertThat(first.macs()).hasValue(6);
        assertThat(first.bytes()).isEqualTo(6 + 3 * 4);
        Proof.Entry second = entry(proof, "w2");
        assertThat(second.quantized()).isFalse();
        assertThat(second.computes()).isEqualTo(Computes.FLOAT);
        assertThat(second.why()).isEqualTo("its input is quantized, its weight is float");
        Proof.Entry third = proof.weights().stream()
                .filter(w -> w.computes() == Computes.DEQUANTIZED)
                .findFirst()
                .orElseThrow();
        assertThat(third.quantized()).isTrue();
        assertThat(third.why()).isEqualTo("its input g is float: the weights are only stored as codes");
        assertThat(proof.fallbacks())
                .extracting(Proof.Operator::type, Proof.Operator::why)
                .contains(org.assertj.core.groups.Tuple.tuple("Exp", "ONNX Runtime has no kernel on integers for Exp"));
        assertThat(proof.unquantized()).extracting(Proof.Left::name).containsExactly("w2");
        assertThat(proof.integerMacs()).isEqualTo(6 / 16.0, within(1e-9));
        // 6 + 12 and 4 + 4 of the bytes of 18 + 8 + 24.
        assertThat(proof.quantizedBytes()).isEqualTo(26 / 50.0, within(1e-9));
        assertThat(proof.verdict()).startsWith("2 of 3 weights are codes (2 with 8 bits), 52.0 % of the bytes");
    }

    @Test
    void operatorsOnIntegersAreToldFromWeightsThatAreOnlyStored() throws IOException {
        Proof dynamic = proof(graph(
                        node("DynamicQuantizeLinear", List.of("x"), "xq", "xs", "xz"),
                        node("MatMulInteger", List.of("xq", "W", "xz"), "p"),
                        node("Cast", List.of("p"), "pf").addAttribute(attribute("to", 1)),
                        node("Mul", List.of("xs", "ws"), "f"),
                        node("Mul", List.of("pf", "f"), "y"))
                .setInput(0, value("x", 1, 2))
                .setOutput(0, value("y", 1, 2))
                .addInitializer(codes("W", DataType.INT8_VALUE, new long[] {2, 2}, 1, 2, 3, 4))
                .addInitializer(floats("ws", new long[0], .1f)));
        assertThat(dynamic.weights()).singleElement().satisfies(w -> {
            assertThat(w.quantized()).isTrue();
            assertThat(w.computes()).isEqualTo(Computes.DYNAMIC);
            assertThat(w.why()).isEqualTo("the range of its input is measured at each run");
        });

        Proof blocks = proof(graph(node("MatMulNBits", List.of("x", "B", "bs"), "y")
                        .setDomain("com.microsoft")
                        .addAttribute(attribute("K", 32))
                        .addAttribute(attribute("N", 2))
                        .addAttribute(attribute("bits", 4))
                        .addAttribute(attribute("block_size", 16)))
                .setInput(0, value("x", 1, 32))
                .setOutput(0, value("y", 1, 2))
                .addInitializer(raw("B", DataType.UINT8_VALUE, new long[] {2, 2, 8}, new byte[32]))
                .addInitializer(floats("bs", new long[] {4}, .1f, .2f, .3f, .4f)));
        assertThat(blocks.weights()).singleElement().satisfies(w -> {
            assertThat(w.bits()).isEqualTo(4);
            assertThat(w.granularity()).isEqualTo("block:16:0");
            assertThat(w.computes()).isEqualTo(Computes.DEQUANTIZED);
        });
    }

    @Test
    void aFloatModelHasNothing() throws IOException {
        Proof proof = proof(
                "f.onnx", org.quantscope.testkit.TinyModels.matMul().build().toByteArray());

        assertThat(proof.quantizedBytes()).isZero();
        assertThat(proof.unquantized()).hasSize(1);
        assertThat(proof.verdict()).isEqualTo("Nothing is quantized: all 1 weights are f32.");
    }

    @Test
    void tensorFlowLiteIsIntegerDynamicOrFloat16() throws IOException {
        assertThat(lite(9, 9, false)).satisfies(p -> {
            assertThat(p.way()).isEqualTo("TensorFlow Lite, integers");
            assertThat(p.weights()).singleElement().satisfies(w -> {
                assertThat(w.computes()).isEqualTo(Computes.INTEGERS);
                assertThat(w.macs()).hasValue(6);
            });
        });
        assertThat(lite(0, 9, false).weights())
                .singleElement()
                .satisfies(w -> assertThat(w.computes()).isEqualTo(Computes.DYNAMIC));
        assertThat(lite(0, 1, true)).satisfies(p -> {
            assertThat(p.weights()).singleElement().satisfies(w -> {
                assertThat(w.quantized()).isFalse();
                assertThat(w.bits()).isEqualTo(16);
                assertThat(w.computes()).isEqualTo(Computes.DEQUANTIZED);
            });
            assertThat(p.unquantized()).hasSize(1);
        });
    }

    /** A FULLY_CONNECTED with values of one type and a weight of another, perhaps behind a DEQUANTIZE. */
    private Proof lite(int values, int weight, boolean dequantize) throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = values == 0 ? tiny.computed("x", 0, 1, 2) : quantized(tiny, "x", 1, 2);
        int w = weight == 9
                ? tiny.quantized("w", 9, new byte[] {1, 2, 3, 4, 5, 6}, new float[] {.1f}, new long[] {0}, 0, 3, 2)
                : tiny.stored("w", weight, new byte[12], 3, 2);
        int read = w;
        if (dequantize) {
            read = tiny.computed("wd", 0, 3, 2);
            tiny.operator(6, read, w);
        }
        int y = values == 0 ? tiny.computed("y", 0, 1, 3) : quantized(tiny, "y", 1, 3);
        tiny.operator(9, y, x, read);
        return proof("m.tflite", tiny.build());
    }

    private static int quantized(TinyTflite tiny, String name, int... shape) {
        return tiny.quantized(name, 9, new byte[0], new float[] {.1f}, new long[] {3}, 0, shape);
    }

    @Test
    void packedLayoutsAreRecognizedByTheShapesOfTheirParts() throws IOException {
        String header = """
            {"g.qweight":{"dtype":"I32","shape":[8,6],"data_offsets":[0,192]},
             "g.qzeros":{"dtype":"I32","shape":[2,1],"data_offsets":[192,200]},
             "g.scales":{"dtype":"F16","shape":[2,6],"data_offsets":[200,224]},
             "a.qweight":{"dtype":"I32","shape":[64,2],"data_offsets":[224,736]},
             "a.qzeros":{"dtype":"I32","shape":[2,2],"data_offsets":[736,752]},
             "a.scales":{"dtype":"F16","shape":[2,16],"data_offsets":[752,816]},
             "c.weight_packed":{"dtype":"I32","shape":[3,4],"data_offsets":[816,864]},
             "c.weight_scale":{"dtype":"F16","shape":[3,2],"data_offsets":[864,876]},
             "c.weight_shape":{"dtype":"I64","shape":[2],"data_offsets":[876,892]},
             "f.weight":{"dtype":"F8_E4M3","shape":[2,4],"data_offsets":[892,900]},
             "f.weight_scale":{"dtype":"F32","shape":[1],"data_offsets":[900,904]},
             "n.weight":{"dtype":"F16","shape":[2,2],"data_offsets":[904,912]}}
            """;
        byte[] values = new byte[912];
        values[876] = 3;
        values[884] = 32;
        Proof proof = proof("p.safetensors", ArrayFiles.safetensors(header.getBytes(StandardCharsets.UTF_8), values));

        assertThat(proof.way()).isEqualTo("AWQ, GPTQ, compressed-tensors, float8 with scales");
        assertThat(entry(proof, "g.weight")).satisfies(e -> {
            // 8 rows of 32 bits are 51 inputs of 5 bits; 1·32/6 bits a zero point are 5.
            assertThat(e.bits()).isEqualTo(5);
            assertThat(e.scheme()).isEqualTo("affine");
        });
        assertThat(entry(proof, "a.weight")).satisfies(e -> {
            assertThat(e.bits()).isEqualTo(4);
            assertThat(e.values()).isEqualTo(64 * 16);
            assertThat(e.granularity()).isEqualTo("block:32:1");
            assertThat(e.bytes()).isEqualTo(512 + 16 + 64);
        });
        assertThat(entry(proof, "c.weight")).satisfies(e -> {
            assertThat(e.bits()).isEqualTo(4);
            assertThat(e.values()).isEqualTo(3 * 32);
            assertThat(e.granularity()).isEqualTo("block:16:1");
            assertThat(e.scheme()).isEqualTo("symmetric");
        });
        assertThat(entry(proof, "f.weight").scheme()).isEqualTo("fp8_e4m3fn");
        assertThat(entry(proof, "f.weight").granularity()).isEqualTo("tensor");
        assertThat(proof.floatLeft()).extracting(Proof.Left::name).containsExactly("n.weight");
    }

    @Test
    void ggufSaysTheTypeOfEveryTensorAlsoOfThoseThatAreNotDecoded() throws Exception {
        Path sample =
                Path.of(ProofTest.class.getResource("/oracles/ggml/sample.gguf").toURI());

        Proof proof = Proof.of(sample, NEVER);

        assertThat(entry(proof, "t.q4_k.weight")).satisfies(e -> {
            assertThat(e.bits()).isEqualTo(4);
            assertThat(e.scheme()).isEqualTo("affine");
            assertThat(e.granularity()).isEqualTo("block:32");
            assertThat(e.bytes()).isEqualTo(576);
        });
        assertThat(entry(proof, "t.iq1_s.weight").bits()).isEqualTo(1);
        assertThat(entry(proof, "t.iq1_s.weight").quantized()).isTrue();
        assertThat(entry(proof, "t.mxfp4.weight").scheme()).isEqualTo("fp4_e2m1");
        assertThat(proof.floatLeft()).hasSize(4);
    }

    private static Model npz(Path file, Map<String, byte[]> arrays) throws IOException {
        return ModelLoaders.open(Files.write(file, ArrayFiles.zip(false, arrays)));
    }

    @Test
    void weightsAreFoundInTheFloatModelAlsoWithOtherNamesAndAxes() throws IOException {
        Random random = new Random(7);
        float[] kernel = new float[2 * 3 * 3 * 4];
        for (int i = 0; i < kernel.length; i++) {
            kernel[i] = (float) random.nextGaussian();
        }
        // The same as [4, 2, 3, 3] of [2, 3, 3, 4], rounded to tenths.
        float[] turned = new float[kernel.length];
        for (int i = 0; i < kernel.length; i++) {
            turned[i % 4 * 18 + i / 36 * 9 + i / 4 % 9] = Math.round(kernel[i] * 10) / 10f;
        }
        float[] other = new float[kernel.length];
        Arrays.fill(other, .5f);
        Model floats = npz(
                folder.resolve("f.npz"),
                Map.of(
                        "block/conv.npy", ArrayFiles.npy("<f4", "(2, 3, 3, 4)", ArrayFiles.f4(kernel)),
                        "flat.npy", ArrayFiles.npy("<f4", "(2, 3, 3, 4)", ArrayFiles.f4(other)),
                        "twin1.npy", ArrayFiles.npy("<f4", "(2, 5)", ArrayFiles.f4(1, 2, 3, 4, 5, 6, 7, 8, 9, 9)),
                        "twin2.npy", ArrayFiles.npy("<f4", "(2, 5)", ArrayFiles.f4(1, 2, 3, 4, 5, 6, 7, 8, 9, 9)),
                        "named.weight.npy", ArrayFiles.npy("<f4", "(1, 3)", ArrayFiles.f4(1, 2, 3))));
        Model quantized = npz(
                folder.resolve("q.npz"),
                Map.of(
                        "conv_0.npy", ArrayFiles.npy("<f4", "(4, 2, 3, 3)", ArrayFiles.f4(turned)),
                        "double.npy", ArrayFiles.npy("<f4", "(2, 5)", ArrayFiles.f4(1, 2, 3, 4, 5, 6, 7, 8, 9, 9)),
                        "named.npy", ArrayFiles.npy("<f4", "(3, 1)", ArrayFiles.f4(-1, 2, 9)),
                        "lost.npy", ArrayFiles.npy("<f4", "(7, 7)", ArrayFiles.f4(new float[49]))));

        FloatTwin twin = FloatTwin.of(quantized, List.of("conv_0", "double", "named", "lost"), floats, NEVER);

        FloatTwin.Match conv = twin.matches().get("conv_0");
        assertThat(conv.original()).isEqualTo(new TensorId("block/conv"));
        assertThat(conv.axes()).containsExactly(3, 0, 1, 2);
        assertThat(conv.byName()).isFalse();
        assertThat(conv.maxError()).isLessThanOrEqualTo(.05 + 1e-6).isPositive();
        FloatTwin.Match named = twin.matches().get("named");
        assertThat(named.original()).isEqualTo(new TensorId("named.weight"));
        assertThat(named.byName()).isTrue();
        assertThat(named.mse()).isEqualTo((4 + 0 + 36) / 3.0, within(1e-9));
        assertThat(twin.unmatched())
                .containsOnlyKeys("double", "lost")
                .satisfies(u -> assertThat(u.get("double")).startsWith("ambiguous: its values fit twin"))
                .satisfies(u -> assertThat(u.get("lost")).contains("no weight of 7×7"));
    }
}
