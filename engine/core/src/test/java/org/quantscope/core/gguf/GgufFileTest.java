package org.quantscope.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import tools.jackson.databind.JsonNode;

class GgufFileTest {
    @TempDir
    Path folder;

    private static GgufFile read(String name) throws IOException {
        return GgufFile.read(Oracles.path("ggml/" + name), true);
    }

    @Test
    void theSampleReadsAsItsWriterSays() throws IOException, NoSuchAlgorithmException {
        JsonNode wanted = Oracles.json("ggml/sample.json");
        GgufFile file = read("sample.gguf");

        assertThat(file.version()).isEqualTo(wanted.get("version").asInt());
        assertThat(file.unused()).isZero();
        assertThat(file.metadata()).hasSize(wanted.get("metadata").size());
        for (JsonNode entry : wanted.get("metadata")) {
            assertValue(
                    file.metadata().get(entry.get("key").asString()),
                    entry.get("type").asString(),
                    entry.get("value"));
        }
        assertThat(file.tensors()).hasSize(wanted.get("tensors").size());
        for (int i = 0; i < file.tensors().size(); i++) {
            JsonNode tensor = wanted.get("tensors").get(i);
            GgufFile.Entry entry = file.tensors().get(i);
            assertThat(entry.name()).isEqualTo(tensor.get("name").asString());
            assertThat(entry.type().name()).isEqualTo(tensor.get("type").asString());
            assertThat(entry.type().number()).isEqualTo(tensor.get("type_id").asInt());
            long[] dims = LongStream.range(0, tensor.get("dims").size())
                    .map(k -> tensor.get("dims")
                            .get(tensor.get("dims").size() - 1 - (int) k)
                            .asLong())
                    .toArray();
            assertThat(entry.shape().toString())
                    .isEqualTo(org.quantscope.core.tensor.Shape.of(dims).toString());
            if (entry.type().isRead()) {
                TensorData data = entry.data().orElseThrow();
                byte[] stored = data.stored().toArray(ValueLayout.JAVA_BYTE);
                assertThat(stored).hasSize(tensor.get("bytes").asInt());
                assertThat(HexFormat.of()
                                .formatHex(MessageDigest.getInstance("SHA-256").digest(stored)))
                        .isEqualTo(tensor.get("sha256").asString());
                assertThat(data.storedBytes()).isEqualTo(tensor.get("bytes").asLong());
            }
        }
    }

    private static void assertValue(GgufValue value, String type, JsonNode wanted) {
        switch (value) {
            case GgufValue.Single single -> {
                assertThat(single.type()).isEqualTo(type);
                switch (type) {
                    case "string" -> assertThat(single.value()).isEqualTo(wanted.asString());
                    case "bool" -> assertThat(single.value()).isEqualTo(wanted.asBoolean());
                    case "float32" -> assertThat(single.value()).isEqualTo(Float.parseFloat(wanted.asString()));
                    case "float64" -> assertThat(single.value()).isEqualTo(Double.parseDouble(wanted.asString()));
                    default -> assertThat(single.text()).isEqualTo(wanted.asString());
                }
            }
            case GgufValue.Array array -> {
                assertThat(type).isEqualTo("array");
                assertThat(array.type()).isEqualTo(wanted.get("of").asString());
                JsonNode items = wanted.get("items");
                assertThat(array.count()).isEqualTo(items.size());
                assertThat(array.first()).hasSize(Math.min(items.size(), GgufReader.KEPT));
                for (int i = 0; i < array.first().size(); i++) {
                    assertValue(array.first().get(i), array.type(), items.get(i));
                }
            }
        }
    }

    @Test
    void everyTensorOfTheSampleOpensWithTheValuesOfGgml() throws IOException {
        List<Tensor> opened =
                ModelLoaders.open(Oracles.path("ggml/sample.gguf")).tensors();
        List<Tensor> values = ModelLoaders.open(Oracles.path("ggml/ggml.npz")).tensors();
        JsonNode described = Oracles.json("ggml/sample.json").get("tensors");

        assertThat(opened).hasSize((int)
                Arrays.stream(GgmlType.values()).filter(GgmlType::isRead).count());
        for (JsonNode tensor : described) {
            GgmlType type = GgmlType.valueOf(tensor.get("type").asString());
            if (!type.isRead()) {
                continue;
            }
            float[] is = find(opened, tensor.get("name").asString()).data().toFloats();
            float[] wanted = find(values, type + ".values").data().toFloats();
            assertThat(is).hasSameSizeAs(wanted);
            for (int i = 0; i < is.length; i++) {
                assertThat(is[i] == wanted[i])
                        .as("%s[%d]: %s, ggml says %s", type, i, is[i], wanted[i])
                        .isTrue();
            }
        }
    }

    private static Tensor find(List<Tensor> all, String name) {
        return all.stream().filter(t -> t.id().name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void whatIsNotDecodedIsNamedCountedAndGivenAReason() throws IOException {
        List<String> notes = ModelLoaders.open(Oracles.path("ggml/sample.gguf")).notes();

        assertThat(notes)
                .anySatisfy(note -> assertThat(note)
                        .startsWith("7 tensors are not decoded, because the levels of these types are tables of another"
                                + " project: ")
                        .contains("1 IQ2_XXS (t.iq2_xxs.weight)", "1 IQ1_M (t.iq1_m.weight)"));
        assertThat(notes)
                .anySatisfy(note -> assertThat(note)
                        .startsWith("already quantized: ")
                        .contains("1 Q4_K of 4.5 bits a weight", "1 TQ1_0 of 1.6875 bits a weight"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "small.gguf",
                "align64.gguf",
                "no_alignment_key.gguf",
                "edge_nested.gguf",
                "edge_unpadded_tail.gguf"
            })
    void smallAndOddButLegalFilesOpen(String name) throws IOException {
        GgufFile file = read(name);

        assertThat(file.tensors()).isNotEmpty();
        for (GgufFile.Entry entry : file.tensors()) {
            for (float value : entry.data().orElseThrow().toFloats()) {
                assertThat(value).isFinite();
            }
        }
        assertThat(GgufFile.read(Oracles.path("ggml/" + name), false).tensors())
                .extracting(GgufFile.Entry::name)
                .containsExactlyElementsOf(
                        file.tensors().stream().map(GgufFile.Entry::name).toList());
    }

    @ParameterizedTest
    @CsvSource({
        "bad_truncated, c, 'ends behind the'",
        "bad_offset, c, 'offset 1048576 with'",
        "bad_dims_overflow, c, 'its dimensions 5 × 3689348814741910336 are too large'",
        "bad_dims_wrap_zero, c, 'its dimensions 4294967296 × 4294967296 are too large'",
        "bad_string_length, key 2 of the metadata, 'its length 9223372036854775807'",
        "bad_type, c, 'type 99 is unknown'",
        "bad_duplicate, a, 'is there twice'"
    })
    void damagedFilesAreRefusedByNameFieldAndValue(String name, String field, String said) {
        assertThatThrownBy(() -> read(name + ".gguf"))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(name + ".gguf: ")
                .hasMessageContaining(field)
                .hasMessageContaining(said);
    }

    @Test
    void theVersionIsChecked() throws IOException {
        byte[] good = Files.readAllBytes(Oracles.path("ggml/small.gguf"));
        for (int version : new int[] {0, 1, 4, 3 << 24}) {
            byte[] other = good.clone();
            ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).putInt(4, version);
            Path file = Files.write(folder.resolve("v.gguf"), other);

            assertThatThrownBy(() -> GgufFile.read(file, true))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("version")
                    .hasMessageContaining((version & 0xffff) == 0 ? "big-endian" : version + " is unknown");
        }
    }

    @Test
    void everyPrefixOfAFileIsRefusedAndNothingElseHappens() throws IOException {
        byte[] good = Files.readAllBytes(Oracles.path("ggml/small.gguf"));
        Path file = folder.resolve("cut.gguf");
        for (int length = 8; length < good.length - 64; length += 7) {
            Files.write(file, Arrays.copyOf(good, length));

            assertThatThrownBy(() -> GgufFile.read(file, true)).isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void theScaleOfAWholeNvfp4TensorIsPartOfItsValues() throws IOException {
        byte[] block = new byte[36];
        Arrays.fill(block, 0, 4, (byte) 0x38);
        Arrays.fill(block, 4, 36, (byte) 0x22);
        Path file = folder.resolve("n.gguf");
        Files.write(
                file,
                TinyGguf.of(
                        TinyGguf.tensor("l.weight", 40, block, 64),
                        TinyGguf.tensor("l.scale", 0, TinyGguf.floats(0.25f), 1)));

        List<Tensor> tensors = ModelLoaders.open(file).tensors();

        // Code 2 is 1, the scale of its group 1, that of the tensor 1/4.
        assertThat(find(tensors, "l.weight").data().toFloats()).containsOnly(0.25f);
        assertThat(find(tensors, "l.scale").info().kind().id()).isEqualTo("constant");
    }

    @Test
    void aScaleThatIsNotOneNumberIsNotAppliedAndThatIsSaid() throws IOException {
        Path file = folder.resolve("n.gguf");
        byte[] block = new byte[36];
        Arrays.fill(block, 0, 4, (byte) 0x38);
        Arrays.fill(block, 4, 36, (byte) 0x22);
        Files.write(
                file,
                TinyGguf.of(
                        TinyGguf.tensor("l.weight", 40, block, 64),
                        TinyGguf.tensor("l.scale", 0, TinyGguf.floats(0.25f, 0.5f), 2)));

        var model = ModelLoaders.open(file);

        assertThat(find(model.tensors(), "l.weight").data().toFloats()).containsOnly(1f);
        assertThat(model.notes())
                .anySatisfy(n -> assertThat(n).contains("without the scale of the whole tensor", "l.scale"));
    }

    @Test
    void aSplitModelIsReadWholeWhicheverPartIsOpened() throws IOException {
        for (int part = 1; part <= 2; part++) {
            Files.write(
                    folder.resolve("m-0000" + part + "-of-00002.gguf"),
                    TinyGguf.of(
                            List.of(
                                    TinyGguf.uint16("split.no", part - 1),
                                    TinyGguf.uint16("split.count", 2),
                                    TinyGguf.int32("split.tensors.count", 2)),
                            TinyGguf.tensor("w" + part, 0, TinyGguf.floats(part, part), 2, 1)));
        }

        for (int part = 1; part <= 2; part++) {
            Path file = folder.resolve("m-0000" + part + "-of-00002.gguf");
            assertThat(ModelLoaders.open(file).tensors())
                    .extracting(t -> t.id().name())
                    .containsExactly("w1", "w2");
            assertThat(ModelLoaders.companions(file)).containsOnlyKeys("m-0000" + (3 - part) + "-of-00002.gguf");
        }
        Files.delete(folder.resolve("m-00002-of-00002.gguf"));
        assertThatThrownBy(() -> ModelLoaders.open(folder.resolve("m-00001-of-00002.gguf")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("m-00002-of-00002.gguf");
    }

    @Test
    void theMetadataIsKeptAsText() throws IOException {
        var model = ModelLoaders.open(Oracles.path("ggml/sample.gguf"));

        assertThat(model.metadata())
                .containsEntry("general.architecture", "quantscope")
                .containsEntry("test.uint64", "18446744073709551615")
                .containsEntry("test.array_bool", "[true, false, true, true, false]");
        assertThat(StandardCharsets.UTF_8
                        .encode(model.metadata().get("test.string"))
                        .remaining())
                .isEqualTo(12);
    }
}
