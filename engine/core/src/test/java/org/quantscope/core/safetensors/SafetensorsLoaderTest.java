package org.quantscope.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

class SafetensorsLoaderTest {
    @TempDir
    Path root;

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(Files.createDirectories(root.resolve("m")).resolve(name), bytes);
    }

    private Model open(String header, byte[] values) throws IOException {
        return ModelLoaders.open(write("m.safetensors", safetensors(header, values)));
    }

    private void assertRefused(byte[] bytes, String... messageParts) throws IOException {
        Path file = write("m.safetensors", bytes);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("m.safetensors: ")
                .satisfies(e -> assertThat(messageParts)
                        .allSatisfy(part -> assertThat(e).hasMessageContaining(part)));
    }

    private static String entry(String name, String dtype, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets
                + "}";
    }

    /** Figures read from the file with Python's struct and json modules and NumPy. */
    @Test
    void theSampleIsReadAsNumPyReadsIt() throws IOException {
        Model model =
                ModelLoaders.open(Path.of(System.getProperty("quantscope.samples"), "fashion_resnet.safetensors"));

        assertThat(model.format()).isEqualTo("safetensors");
        assertThat(model.graph()).isEmpty();
        assertThat(model.opset()).isEmpty();
        assertThat(model.tensors()).hasSize(41);
        Tensor t = model.find(new TensorId("l.0.b.weight")).orElseThrow();
        assertThat(t.info())
                .isEqualTo(new TensorInfo(
                        t.id(), TensorKind.WEIGHT, DType.F32, Shape.of(16, 16, 3, 3), OptionalInt.empty(), List.of()));
        float[] values = t.data().toFloats();
        assertThat(values[0]).isEqualTo(-0.048415013f);
        assertThat(values[values.length - 1]).isEqualTo(0.02184377f);
        assertThat(t.data().segment().isMapped()).isTrue();
    }

    @Test
    void floatingMatricesAreWeightsAndTheRestConstants() throws IOException {
        Model model = open(
                "{" + entry("a", "F32", "[2,1]", "[0,8]") + "," + entry("b", "F32", "[2]", "[8,16]") + ","
                        + entry("c", "I8", "[1,2]", "[16,18]") + "," + entry("scalar", "BOOL", "[]", "[18,19]") + ","
                        + entry("none", "F16", "[0,4]", "[19,19]") + ",\"__metadata__\":{\"format\":\"pt\"}}   ",
                ByteBuffer.allocate(19)
                        .put(f4(1, 2, 3, Float.NaN))
                        .put(new byte[] {-1, 2, 1})
                        .array());

        assertThat(model.tensors())
                .extracting(t -> t.info().kind())
                .containsExactly(
                        TensorKind.WEIGHT,
                        TensorKind.CONSTANT,
                        TensorKind.CONSTANT,
                        TensorKind.CONSTANT,
                        TensorKind.WEIGHT);
        assertThat(model.tensors())
                .allSatisfy(t -> assertThat(t.info().channelAxis()).isEmpty());
        assertThat(model.tensors().get(1).data().toFloats()).containsExactly(3, Float.NaN);
        assertThat(model.tensors().get(2).data().toFloats()).containsExactly(-1, 2);
        assertThat(model.tensors().get(3).info().shape()).isEqualTo(Shape.of());
        assertThat(model.tensors().get(4).data().count()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "F64, 0000000000000440, 2.5",
        "F32, 00002040, 2.5",
        "F16, 0041, 2.5",
        "BF16, 2040, 2.5",
        "F8_E4M3, 42, 2.5",
        "F8_E5M2, 41, 2.5",
        "I64, feffffffffffffff, -2",
        "I32, feffffff, -2",
        "I16, feff, -2",
        "I8, fe, -2",
        "U64, 0200000000000000, 2",
        "U32, ffffff00, 16777215",
        "U16, ffff, 65535",
        "U8, ff, 255",
        "BOOL, 01, 1"
    })
    void everyTypeIsRead(String dtype, String hex, float value) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);

        Tensor t = open("{" + entry("t", dtype, "[1]", "[0," + bytes.length + "]") + "}", bytes)
                .tensors()
                .getFirst();

        assertThat(t.info().dtype()).isEqualTo(DType.valueOf(dtype));
        assertThat(t.data().toFloats()).containsExactly(value);
    }

    @Test
    void typesThatCannotBeReadYetAreSkippedWithANote() throws IOException {
        Model model = open(
                "{" + entry("q", "F4", "[4]", "[0,2]") + "," + entry("s", "F8_E8M0", "[1]", "[2,3]") + "}",
                new byte[3]);

        assertThat(model.tensors()).isEmpty();
        assertThat(model.notes())
                .containsExactly("1 tensor of type F4 skipped: q", "1 tensor of type F8_E8M0 skipped: s");
    }

    @Test
    void theHeaderGivesNoValues() throws IOException {
        Path file = write("m.safetensors", safetensors("{" + entry("a", "F32", "[1]", "[0,4]") + "}", f4(1)));

        assertThat(ModelLoaders.openHeader(file).tensors().getFirst().data().isRead())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[0,4] overlap: [0,8]~[4,12]~overlap",
                "hole: [0,8]~[9,16]~hole",
                "behind the file: [0,8]~[8,24]~end behind",
                "unused bytes: [0,8]~[8,8]~holds 16 bytes",
                "backwards: [0,8]~[16,8]~end before",
                "same place: [0,8]~[0,8]~overlap",
                "three numbers: [0,8]~[8,12,16]~3 numbers",
                "negative: [0,8]~[-8,16]~negative",
                "fraction: [0,8]~[8.0,16]~no integer",
                "exponent: [0,8]~[8,1e99999]~",
                "beyond a long: [0,8]~[8,99999999999999999999]~too large",
                "text: [0,8]~\"8\"~no list"
            })
    void offsetsThatLieAreRefused(String row) throws IOException {
        String[] parts = row.substring(row.indexOf(": ") + 2).split("~", -1);
        String header = "{" + entry("a", "F32", "[2]", parts[0]) + "," + entry("b", "F32", "[2]", parts[1]) + "}";

        assertRefused(safetensors(header, new byte[16]), parts[2]);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[3] | wants 12",
                "[1] | wants 4",
                "[-1] | negative",
                "[4611686018427387904, 4] | elements",
                "[4611686018427387904] | too large",
                "[1.5] | no integer",
                "[[2]] | no integer",
                "2 | no list",
                "null | no list"
            })
    void shapesThatLieAreRefused(String shape, String messagePart) throws IOException {
        assertRefused(safetensors("{" + entry("a", "F32", shape, "[0,8]") + "}", new byte[8]), "a: ", messagePart);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}} | data_offsets is missing",
                "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}} | dtype is missing",
                "{\"a\":{\"dtype\":\"X7\",\"shape\":[2],\"data_offsets\":[0,8]}} | 'X7' is unknown",
                "{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}} | dtype is no text",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}} | 'more'",
                "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | dtype",
                "{\"a\":[]} | no object",
                "{\"\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | empty name",
                "{\"__metadata__\":{\"a\":1}} | __metadata__",
                "{\"__metadata__\":\"a\"} | __metadata__",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]} | JSON",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}{} | goes on",
                "{\"a\":'x'} | JSON",
                "{} | 8 bytes of values"
            })
    void headersThatAreNotAsTheyShouldBeAreRefused(String header, String messagePart) throws IOException {
        assertRefused(safetensors(header, new byte[8]), messagePart);
    }

    @Test
    void aNameThatIsThereTwiceIsRefused() throws IOException {
        assertRefused(
                safetensors(
                        "{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]") + "}",
                        new byte[8]),
                "header",
                "a");
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() throws IOException {
        byte[] header = ("{" + entry("a?", "F32", "[1]", "[0,4]") + "}").getBytes(StandardCharsets.UTF_8);
        header[3] = (byte) 0xff;
        assertRefused(safetensors(header, f4(1)), "header", "UTF-8");
        // A surrogate in UTF-8 clothes.
        byte[] surrogate = ("{" + entry("abc", "F32", "[1]", "[0,4]") + "}").getBytes(StandardCharsets.UTF_8);
        surrogate[2] = (byte) 0xed;
        surrogate[3] = (byte) 0xa0;
        surrogate[4] = (byte) 0x80;
        assertRefused(safetensors(surrogate, f4(1)), "header", "UTF-8");
    }

    @ParameterizedTest
    @ValueSource(longs = {100_000_001, 1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE})
    void aHugeHeaderIsRefused(long length) throws IOException {
        byte[] bytes = safetensors("{" + entry("a", "F32", "[1]", "[0,4]") + "}", f4(1));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);

        assertRefused(bytes, "header length", Long.toUnsignedString(length));
    }

    @Test
    void aHeaderOfTooManyTensorsIsRefused() throws IOException {
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i <= SafetensorsFile.MAX_TENSORS; i++) {
            header.append(i == 0 ? "" : ",").append(entry(Integer.toString(i), "U8", "[0]", "[0,0]"));
        }

        assertRefused(safetensors(header.append('}').toString(), new byte[0]), "header", "100000 tensors");
    }

    @Test
    void aFileCutOffAnywhereIsRefused() throws IOException {
        byte[] whole = safetensors("{" + entry("a", "F32", "[2]", "[0,8]") + "}", f4(1, 2));
        for (int length = 0; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length));
        }
        assertRefused(Arrays.copyOf(whole, whole.length + 1), "holds 9 bytes");
    }

    // Shards.

    private Path writeShards(String index) throws IOException {
        write(
                "one.safetensors",
                safetensors(
                        "{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("extra", "F32", "[1]", "[4,8]") + "}",
                        f4(1, 9)));
        write("two.safetensors", safetensors("{" + entry("b", "F32", "[1,1]", "[0,4]") + "}", f4(2)));
        return write("m.safetensors.index.json", index.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shardsAreReadThroughTheirIndex() throws IOException {
        Model model = ModelLoaders.open(
                writeShards(
                        "{\"metadata\":{\"total_size\":8},\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"one.safetensors\"}}"));

        assertThat(model.format()).isEqualTo("safetensors");
        assertThat(model.tensors()).extracting(t -> t.id().name()).containsExactly("b", "a");
        assertThat(model.tensors().getFirst().data().toFloats()).containsExactly(2);
        assertThat(model.notes()).containsExactly("in the shards but not in the index, left out: 1, extra");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"weight_map\":{\"a\":\"../outside.safetensors\"}} | leads out",
                "{\"weight_map\":{\"a\":\"/etc/hostname\"}} | not relative",
                "{\"weight_map\":{\"a\":\"link.safetensors\"}} | link out",
                "{\"weight_map\":{\"a\":\"sub/one.safetensors\"}} | not beside",
                "{\"weight_map\":{\"a\":\"missing.safetensors\"}} | no file",
                "{\"weight_map\":{\"a\":\"\"}} | not relative",
                "{\"weight_map\":{\"a\":\"two.safetensors\"}} | not in 'two.safetensors'",
                "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}} | distinct keys",
                "{\"weight_map\":{\"a\":1}} | no text",
                "{\"weight_map\":[]} | no object",
                "{\"x\":\"weight_map\",\"y\":{\"weight_map\":{}}} | missing",
                "{\"weight_map\":{} | JSON",
                "{\"weight_map\":{}} {} | goes on"
            })
    void indexesThatLieAreRefused(String index, String messagePart) throws IOException {
        Files.write(
                root.resolve("outside.safetensors"), safetensors("{" + entry("a", "F32", "[1]", "[0,4]") + "}", f4(1)));
        Path file = writeShards(index);
        Files.createSymbolicLink(file.resolveSibling("link.safetensors"), root.resolve("outside.safetensors"));

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("m.safetensors.index.json: ")
                .hasMessageContaining(messagePart);
    }

    @Test
    void aDamagedShardIsNamed() throws IOException {
        Path index = writeShards("{\"weight_map\":{\"a\":\"one.safetensors\"}}");
        write("one.safetensors", new byte[3]);

        assertThatThrownBy(() -> ModelLoaders.open(index))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("one.safetensors: header length");
    }
}
