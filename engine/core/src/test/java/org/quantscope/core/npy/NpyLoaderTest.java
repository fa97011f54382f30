package org.quantscope.core.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.npy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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

class NpyLoaderTest {
    @TempDir
    Path folder;

    private Path resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(NpyLoaderTest.class.getResourceAsStream(name), name)) {
            return Files.write(folder.resolve(name), in.readAllBytes());
        }
    }

    private void assertRefused(byte[] bytes, String... messageParts) throws IOException {
        Path file = Files.write(folder.resolve("a.npy"), bytes);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("a.npy: ")
                .satisfies(e -> assertThat(messageParts)
                        .allSatisfy(part -> assertThat(e).hasMessageContaining(part)));
    }

    private static float[] ramp(float from) {
        float[] out = new float[24];
        for (int i = 0; i < out.length; i++) {
            out[i] = from + i;
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({
        "le_f2, F16, -5", "be_f2, F16, -5", "le_f4, F32, -5", "be_f4, F32, -5", "le_f8, F64, -5", "be_f8, F64, -5",
                "le_i2, I16, -5", "be_i4, I32, -5", "le_i8, I64, -5",
        "be_i8, I64, -5", "i1, I8, -5", "u1, U8, 0", "be_u2, U16, 0", "le_u4, U32, 0", "be_u8, U64, 0",
                "fortran_le_f4, F32, -5", "fortran_be_i2, I16, -5", "fortran_f8, F64, -5",
        "fortran_u1, U8, 0", "v2, F32, -5", "v3, F32, -5"
    })
    void everyTypeOrderAndVersionIsReadInRowMajorOrder(String name, DType dtype, float first) throws IOException {
        Model model = ModelLoaders.open(resource(name + ".npy"));

        assertThat(model.format()).isEqualTo("npy");
        Tensor t = model.tensors().getFirst();
        assertThat(t.info())
                .isEqualTo(new TensorInfo(
                        new TensorId(name),
                        dtype.isFloating() ? TensorKind.WEIGHT : TensorKind.CONSTANT,
                        dtype,
                        Shape.of(2, 3, 4),
                        OptionalInt.empty(),
                        List.of()));
        assertThat(t.data().toFloats()).containsExactly(ramp(first));
    }

    @Test
    void boolsScalarsAndEmptyArraysAreRead() throws IOException {
        assertThat(Arrays.copyOf(
                        ModelLoaders.open(resource("bool.npy"))
                                .tensors()
                                .getFirst()
                                .data()
                                .toFloats(),
                        3))
                .containsExactly(0, 1, 0);
        Tensor scalar = ModelLoaders.open(resource("scalar.npy")).tensors().getFirst();
        assertThat(scalar.info().shape()).isEqualTo(Shape.of());
        assertThat(scalar.data().toFloats()).containsExactly(2.5f);
        assertThat(ModelLoaders.open(resource("empty.npy"))
                        .tensors()
                        .getFirst()
                        .info()
                        .shape())
                .isEqualTo(Shape.of(0, 3));
    }

    @Test
    void valuesInCOrderAreMapped() throws IOException {
        assertThat(ModelLoaders.open(resource("be_f4.npy"))
                        .tensors()
                        .getFirst()
                        .data()
                        .segment()
                        .isMapped())
                .isTrue();
    }

    @Test
    void theHeaderGivesNoValues() throws IOException {
        assertThat(ModelLoaders.openHeader(resource("fortran_f8.npy"))
                        .tensors()
                        .getFirst()
                        .data()
                        .isRead())
                .isFalse();
    }

    @Test
    void aFileWithoutTheExtensionKeepsItsName() throws IOException {
        Path file = Files.write(folder.resolve("weights"), npy("<f4", "(1,)", f4(1)));

        assertThat(ModelLoaders.open(file).tensors().getFirst().id()).isEqualTo(new TensorId("weights"));
    }

    @ParameterizedTest
    @CsvSource({
        "pickled.npy, '|O', pickled objects",
        "structured.npy, '[(''x''', structured",
        "complex.npy, '<c8', not supported",
        "text.npy, '<U2', not supported",
        "date.npy, '<M8[D]', not supported",
        "longdouble.npy, '<f16', not supported"
    })
    void typesThatAreNoNumbersAreRefusedByName(String name, String dtype, String messagePart) throws IOException {
        Path file = resource(name);

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(name + ": ")
                .hasMessageContainingAll("dtype", dtype, messagePart);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{'descr': '<f4', 'fortran_order': False} ~ no 'shape'",
                "{'descr': '<f4', 'shape': (1,)} ~ no 'fortran_order'",
                "{'fortran_order': False, 'shape': (1,)} ~ no 'descr'",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1} ~ 'x'",
                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)} ~ twice",
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)} ~ neither True nor False",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1)} ~ not a tuple",
                "{'descr': '<f4', 'fortran_order': False, 'shape': 1} ~ wants '('",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)} ~ tuple of integers",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)} ~ -1",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} ~ wants 8 bytes",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} ~ wants 0 bytes",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2)} ~ elements",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)} ~ overflow",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)} ~ no size",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os'),)} ~ no size",
                "{'descr': '=f4', 'fortran_order': False, 'shape': (1,)} ~ '=f4'",
                "{'descr': '|f4', 'fortran_order': False, 'shape': (1,)} ~ '|f4'",
                "{'descr': 'f4', 'fortran_order': False, 'shape': (1,)} ~ 'f4'",
                "{'descr': None, 'fortran_order': False, 'shape': (1,)} ~ plain string",
                "{'descr': '<\\x664', 'fortran_order': False, 'shape': (1,)} ~ plain string",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + {} ~ goes on",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,) ~ wants '}'",
                "{'descr': '<f4 ~ plain string",
                "[] ~ wants '{'",
                "`` ~ wants '{'"
            })
    void headersThatAreNotAsTheyShouldBeAreRefused(String dict, String messagePart) throws IOException {
        assertRefused(npy(1, dict.replace("`", ""), f4(1)), messagePart.strip());
    }

    @Test
    void moreDimensionsThanAnyoneHasAreRefused() throws IOException {
        assertRefused(npy("<f4", "(" + "1, ".repeat(100) + ")", f4(1)), "100 dimensions");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 255})
    void unknownVersionsAreRefused(int version) throws IOException {
        byte[] bytes = npy("<f4", "(1,)", f4(1));
        bytes[6] = (byte) version;

        assertRefused(bytes, "version " + version + ".0");
    }

    @Test
    void aHugeHeaderIsRefused() throws IOException {
        byte[] bytes = npy(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", f4(1));
        bytes[11] = (byte) 0xff;

        assertRefused(bytes, "header length", "65536");
    }

    @Test
    void aHeaderOfVersion3ThatIsNotUtf8IsRefused() throws IOException {
        byte[] bytes = npy(3, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", f4(1));
        bytes[new String(bytes, StandardCharsets.ISO_8859_1).indexOf("<f4")] = (byte) 0xff;

        assertRefused(bytes, "UTF-8");
    }

    @Test
    void aFileCutOffOrTooLongIsRefused() throws IOException {
        byte[] whole = npy("<f4", "(2,)", f4(1, 2));
        for (int length = 0; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length));
        }
        assertRefused(Arrays.copyOf(whole, whole.length + 1), "the file has 9");
    }

    /** An array that a person opens by itself is what there is to quantize, whatever its rank; integers are not. */
    @ParameterizedTest
    @CsvSource({"<f4, '(6,)', WEIGHT", "<f4, '(2, 3)', WEIGHT", "<f4, '()', CONSTANT", "<i4, '(6,)', CONSTANT"})
    void aFloatingArrayOfAnyRankIsAWeight(String type, String shape, TensorKind kind) throws IOException {
        int values = shape.equals("()") ? 1 : 6;
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
        String padded = header + " ".repeat(117 - header.length()) + "\n";
        byte[] bytes = new byte[10 + padded.length() + 4 * values];
        System.arraycopy(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0}, 0, bytes, 0, 10);
        System.arraycopy(padded.getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, bytes, 10, padded.length());
        Model model = ModelLoaders.open(Files.write(folder.resolve("one.npy"), bytes));
        assertThat(model.tensors().getFirst().info().kind()).isEqualTo(kind);
    }
}
