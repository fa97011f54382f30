package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.i8;
import static org.quantscope.testkit.ArrayFiles.npy;
import static org.quantscope.testkit.ArrayFiles.safetensors;
import static org.quantscope.testkit.ArrayFiles.zip;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.empty;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.floats;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;
import static org.quantscope.testkit.TinyModels.value;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.testkit.Breadth;

/** Valid files with random damage give a {@link BadInputException} or a model whose values can be read; nothing else, and soon. */
@Timeout(60)
class DamagedFilesTest {
    private static final int MUTATIONS = Breadth.of(400, 3000);

    @TempDir
    Path folder;

    private static byte[] onnx() {
        GraphProto.Builder then = GraphProto.newBuilder()
                .setName("then")
                .addNode(node("MatMul", List.of("a", "w"), "t"))
                .addOutput(value("t"));
        return model(
                        17,
                        graph(
                                        node("Conv", List.of("x", "c", "b"), "a")
                                                .addAttribute(attribute("group", 2))
                                                .setName("conv"),
                                        node("Constant", List.of(), "k")
                                                .addAttribute(attribute("value", floats("", new long[] {1, 2}, 3, 4))),
                                        node("Identity", List.of("w"), "w2"),
                                        node("Gemm", List.of("a", "w2"), "m").addAttribute(attribute("transB", 1)),
                                        node("If", List.of("flag"), "i").addAttribute(attribute("then_branch", then)),
                                        node("MatMul", List.of("m", "k"), "y"))
                                .addInput(value("flag"))
                                .addInitializer(floats("c", new long[] {2, 1, 1, 1}, 1, 2))
                                .addInitializer(floats("b", new long[] {2}, 1, 2))
                                .addInitializer(floats("w", new long[] {2, 2}, 1, 2, 3, 4))
                                .addInitializer(empty("h", DataType.FLOAT16_VALUE, 2)
                                        .addInt32Data(0x3c00)
                                        .addInt32Data(0x4000))
                                .addInitializer(
                                        empty("u", DataType.UINT64_VALUE, 1).addUint64Data(5))
                                .addInitializer(external(
                                        "e", new long[] {2}, "location", "w.bin", "offset", "4", "length", "8")))
                .build()
                .toByteArray();
    }

    private static Map<String, byte[]> arrays() {
        Map<String, byte[]> arrays = new LinkedHashMap<>();
        arrays.put("images.npy", npy("<f4", "(2, 3)", f4(1, 2, 3, 4, 5, 6)));
        arrays.put("f.npy", npy(2, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 1, 2), }\n", new byte[8]));
        arrays.put("labels.npy", npy("<i8", "(2,)", i8(0, 1)));
        return arrays;
    }

    private static Stream<Arguments> files() {
        byte[] safetensors = safetensors(
                "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[8,14]}}",
                new byte[14]);
        byte[] index =
                "{\"metadata\":{\"total_size\":14},\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\"}}"
                        .getBytes(StandardCharsets.UTF_8);
        return Stream.of(
                Arguments.of("onnx", "model", onnx()),
                Arguments.of("safetensors", "file", safetensors),
                Arguments.of("safetensors", "index", index),
                Arguments.of("npy", "C order", npy("<f4", "(2, 3)", f4(1, 2, 3, 4, 5, 6))),
                Arguments.of(
                        "npy",
                        "Fortran order",
                        npy(3, "{'descr': '>f8', 'fortran_order': True, 'shape': (3, 2), }\n", new byte[48])),
                Arguments.of("npz", "stored", zip(false, arrays())),
                Arguments.of("npz", "deflated", zip(true, arrays())));
    }

    private static byte[] damage(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        for (int i = 1 + random.nextInt(3); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            int run = Math.min(1 + random.nextInt(8), bytes.length - at);
            bytes = switch (random.nextInt(8)) {
                case 0 -> with(bytes, at, (byte) random.nextInt(256));
                case 1 -> with(bytes, at, (byte) (bytes[at] ^ 1 << random.nextInt(8)));
                case 2 ->
                    with(
                            bytes,
                            at,
                            new byte[] {0, 1, 0x7f, (byte) 0x80, (byte) 0xff, '"', '9', '-'}[random.nextInt(8)]);
                case 3 -> Arrays.copyOf(bytes, at);
                case 4 -> spliced(bytes, at, at + run, new byte[0]);
                case 5 -> spliced(bytes, at, at, Arrays.copyOfRange(bytes, at, at + run));
                case 6 -> spliced(bytes, at, at + run, noise(run, random));
                default -> spliced(bytes, at, at + run, filled(run));
            };
        }
        return bytes;
    }

    private static byte[] noise(int length, Random random) {
        byte[] out = new byte[length];
        random.nextBytes(out);
        return out;
    }

    private static byte[] filled(int length) {
        byte[] out = new byte[length];
        Arrays.fill(out, (byte) 0xff);
        return out;
    }

    private static byte[] with(byte[] bytes, int at, byte value) {
        byte[] out = bytes.clone();
        out[at] = value;
        return out;
    }

    private static byte[] spliced(byte[] bytes, int from, int to, byte[] between) {
        byte[] out = new byte[from + between.length + bytes.length - to];
        System.arraycopy(bytes, 0, out, 0, from);
        System.arraycopy(between, 0, out, from, between.length);
        System.arraycopy(bytes, to, out, from + between.length, bytes.length - to);
        return out;
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("files")
    void damageIsRefusedOrHarmless(String id, String what, byte[] whole) throws IOException {
        ModelLoader loader = ModelLoaders.all().stream()
                .filter(l -> l.id().equals(id))
                .findFirst()
                .orElseThrow();
        Files.write(folder.resolve("w.bin"), f4(1, 2, 3));
        Files.write(
                folder.resolve("one.safetensors"),
                safetensors(
                        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[8,14]}}",
                        new byte[14]));
        Random random = new Random(20261122);
        int opened = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Path file = Files.write(folder.resolve("m" + i), damage(whole, random));
            try {
                for (Tensor t : loader.load(file, true).tensors()) {
                    assertThat(t.data().toFloats())
                            .hasSize((int) t.info().shape().count());
                }
                loader.load(file, false);
                opened++;
            } catch (BadInputException e) {
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("mutation " + i + " of " + id + " " + what, e);
            }
            Files.delete(file);
        }
        assertThat(opened).as("some damage is harmless, most is not").isBetween(1, MUTATIONS * 4 / 5);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dataFiles")
    void damagedDataIsRefusedOrHarmless(String damaged, byte[] whole) throws IOException {
        Files.write(folder.resolve("d.npz"), zip(true, arrays()));
        Random random = new Random(7);
        int opened = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            Files.write(folder.resolve(damaged), damage(whole, random));
            try {
                Dataset data = Datasets.open(folder.resolve("d.npz"));
                data.fill(
                        IntStream.range(0, data.size()).toArray(),
                        new float[(int) (data.size() * data.sampleShape().count())]);
                opened++;
            } catch (BadInputException e) {
                assertThat(e.getMessage()).isNotBlank();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("mutation " + i + " of " + damaged, e);
            }
        }
        assertThat(opened).isBetween(1, MUTATIONS * 9 / 10);
    }

    private static Stream<Arguments> dataFiles() {
        String sidecar =
                "{\"input\":\"images\",\"labels\":\"labels\",\"layout\":\"NF\",\"scale\":0.5,\"mean\":[1,2,3],\"std\":[2.5],\"classes\":[\"a\",\"b\"],\"origin\":\"x\"}";
        return Stream.of(
                Arguments.of("d.npz", zip(false, arrays())),
                Arguments.of("d.dataset.json", sidecar.getBytes(StandardCharsets.UTF_8)));
    }
}
