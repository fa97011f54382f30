package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.floats;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import ai.onnx.proto.OnnxMl.GraphProto;
import com.google.protobuf.UnknownFieldSet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.Reason;
import org.quantscope.core.json.StrictJson;
import org.quantscope.testkit.ArrayFiles;

/** Files that were made to exhaust memory or time, or that lack what an operator or a reader takes for granted. */
@Timeout(20)
class HostileFilesTest {
    @TempDir
    private Path folder;

    private void refused(String name, byte[] content, String... words) throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .message()
                .startsWith(name + ": ")
                .contains(words);
    }

    private static GraphProto.Builder matMul() {
        return graph(node("MatMul", List.of("x", "w"), "y"))
                .addInitializer(floats("w", new long[] {1, 20_000}, new float[20_000]));
    }

    @Test
    void aGroupInProtobufIsRefusedBeforeItsMembersAreRead() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(model(13, matMul()).build().toByteArray());
        out.write(new byte[] {(byte) 0xf3, 1});
        for (int i = 0; i < 100_000; i++) {
            out.write(new byte[] {8, 1});
        }
        out.write(new byte[] {(byte) 0xf4, 1});

        refused("m.onnx", out.toByteArray(), "field 30 is a group");
    }

    @Test
    void fieldsOfAnotherWireTypeCountLikeUnknownOnes() throws IOException {
        byte[] valid = model(13, matMul()).build().toByteArray();
        // ir_version, 1, is a number; here it is an empty text a million times.
        byte[] bytes = new byte[valid.length + 2_100_000];
        System.arraycopy(valid, 0, bytes, 0, valid.length);
        for (int i = valid.length; i < bytes.length; i += 2) {
            bytes[i] = 10;
        }

        refused("m.onnx", bytes, "more than 1000000 messages");
    }

    @Test
    void anUnknownFieldOfANewerFormatIsTaken() throws IOException {
        UnknownFieldSet newer = UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        Path file = Files.write(
                folder.resolve("m.onnx"),
                model(13, matMul()).setUnknownFields(newer).build().toByteArray());

        assertThat(ModelLoaders.open(file).tensors()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Concat", "Identity", "Conv", "Relu", "QuantizeLinear", "DequantizeLinear", "Gemm", "LSTM"})
    void anOperatorHasItsInputsAndAnOutput(String op) throws IOException {
        refused("m.onnx", model(13, graph(node(op, List.of(), "y"))).build().toByteArray(), op, "missing");
        refused(
                "m.onnx",
                model(13, graph(node(op, List.of("x", "x", "x")))).build().toByteArray(),
                op + " has no output");
        refused(
                "m.onnx",
                model(13, graph(node(op, List.of("", "", ""), ""))).build().toByteArray(),
                op);
    }

    @Test
    void metadataOfSafetensorsIsBounded() throws IOException {
        StringBuilder header = new StringBuilder("{\"__metadata__\":{");
        for (int i = 0; i <= 100_000; i++) {
            header.append(i == 0 ? "" : ",").append('"').append(i).append("\":\"\"");
        }
        refused("m.safetensors", ArrayFiles.safetensors(header.append("}}").toString(), new byte[0]), "__metadata__");
    }

    @Test
    void aShapeOfSafetensorsIsBounded() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[" + "1,".repeat(100) + "1],\"data_offsets\":[0,4]}}";
        refused("m.safetensors", ArrayFiles.safetensors(header, new byte[4]), "w: shape holds more than 64 numbers");
    }

    @Test
    void halfACharacterIsNoName() throws IOException {
        String header = "{\"a\\ud83d\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        refused("m.safetensors", ArrayFiles.safetensors(header, new byte[4]), "surrogate");
        String whole = "{\"a\\ud83d\\ude00\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        Path file = Files.write(folder.resolve("w.safetensors"), ArrayFiles.safetensors(whole, new byte[4]));
        assertThat(ModelLoaders.open(file).tensors().getFirst().id().name()).isEqualTo("a\uD83D\uDE00");
    }

    @Test
    void valuesInAFileOfSeveralNamesAreRefused() throws IOException {
        Path elsewhere =
                Files.write(Files.createDirectory(folder.resolve("else")).resolve("secret"), new byte[4]);
        Files.createLink(folder.resolve("w.bin"), elsewhere);
        GraphProto.Builder graph = graph(node("MatMul", List.of("x", "w"), "y"))
                .addInitializer(external("w", new long[] {1, 1}, "location", "w.bin"));

        refused("m.onnx", model(13, graph).build().toByteArray(), "w.bin", "hard links");
    }

    @Test
    void jsonIsUtf8OrSaysWhatItIs() throws IOException {
        Path file = folder.resolve("j");
        for (byte[] no :
                new byte[][] {{0, 0x2e, 0, 0}, {0, 0, 0, 0x7b}, {0x7b, 0, 0, 0}, {(byte) 0xff}, {(byte) 0xc0, 1}}) {
            Files.write(file, no);
            assertThatThrownBy(() -> StrictJson.read(file, 100, 100, json -> true))
                    .isInstanceOf(BadInputException.class);
        }
        for (byte[] yes : new byte[][] {
            "{\"a\":1}".getBytes(StandardCharsets.UTF_8),
            "\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_8),
            "\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_16LE),
            "\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_16BE)
        }) {
            Files.write(file, yes);
            List<String> names = new ArrayList<>();
            StrictJson.read(file, 100, 100, json -> {
                json.object(name -> {
                    names.add(name);
                    json.skip();
                });
                return true;
            });
            assertThat(names).containsExactly("a");
        }
    }

    @Test
    void aFileThatIsCutOffWhileItIsReadIsNamed() throws IOException {
        Path file = Files.write(folder.resolve("cut.onnx"), new byte[100_000]);
        MappedFile mapped = MappedFile.map(file);
        assertThat(MappedFile.cutOff().filter(file.toAbsolutePath()::equals)).isEmpty();
        Files.write(file, new byte[10]);

        assertThat(mapped.size()).isEqualTo(100_000);
        assertThat(MappedFile.cutOff()).contains(file.toAbsolutePath());
        assertThat(Reason.of(new InternalError("a fault occurred in an unsafe memory access operation")))
                .isEqualTo("cut.onnx: was cut off while it was read");
        Files.delete(file);
    }
}
