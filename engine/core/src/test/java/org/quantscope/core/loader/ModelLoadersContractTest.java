package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.npy;
import static org.quantscope.testkit.ArrayFiles.safetensors;
import static org.quantscope.testkit.ArrayFiles.zip;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.gguf.TinyGguf;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.tflite.TinyTflite;
import org.quantscope.testkit.TinyModels;

/** What holds for every loader. A new loader adds one line to {@link #content}. */
class ModelLoadersContractTest {
    /** Where a zip archive has the name of its first member. */
    private static final int ZIP_NAME = 30;

    @TempDir
    Path folder;

    /** The smallest file of each format, by loader id. */
    private static Map<String, byte[]> content() {
        return Map.ofEntries(
                Map.entry("onnx", TinyModels.matMul().build().toByteArray()),
                Map.entry(
                        "safetensors",
                        safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", f4(1))),
                Map.entry("gguf", TinyGguf.of(TinyGguf.tensor("a", 0, TinyGguf.floats(1), 1))),
                Map.entry("tflite", tflite()),
                Map.entry("npy", npy("<f4", "(1,)", f4(1))),
                Map.entry("torch", zip(true, new TreeMap<>(Map.of("m/data.pkl", torch(), "m/data/0", f4(1))))),
                Map.entry("keras", keras()),
                Map.entry("npz", zip(true, Map.of("a.npy", npy("<f4", "(1,)", f4(1))))),
                Map.entry("synthetic", "{\"synthetic\": \"laplace\", \"size\": 1}".getBytes(StandardCharsets.UTF_8)));
    }

    /** The smallest HDF5 that h5py writes: one array of one float. */
    private static byte[] keras() {
        try (InputStream in = ModelLoadersContractTest.class.getResourceAsStream("/org/quantscope/core/keras/one.h5")) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] tflite() {
        TinyTflite tiny = new TinyTflite();
        tiny.stored("a", 0, TinyTflite.floats(1), 1);
        return tiny.build();
    }

    /** A pickle of {'a': a tensor of one float}. */
    private static byte[] torch() {
        return ("}(S'a'\n"
                        + "ctorch._utils\n"
                        + "_rebuild_tensor_v2\n"
                        + "((S'storage'\n"
                        + "ctorch\n"
                        + "FloatStorage\n"
                        + "S'0'\n"
                        + "S'cpu'\n"
                        + "I1\n"
                        + "tQI0\n"
                        + "(I1\n"
                        + "t(I1\n"
                        + "t\u0089}tRu.")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    static Stream<ModelLoader> loaders() {
        return ModelLoaders.all().stream();
    }

    private static byte[] head(byte[] bytes) {
        return Arrays.copyOf(bytes, Math.min(bytes.length, ModelLoaders.HEAD_BYTES));
    }

    @Test
    void idsAreUniqueAndEveryLoaderHasContentHere() {
        assertThat(ModelLoaders.all())
                .extracting(ModelLoader::id)
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(content().keySet());
    }

    @ParameterizedTest
    @MethodSource("loaders")
    void aLoaderKnowsItsOwnContentWhateverTheExtensionAndNoOther(ModelLoader loader) throws IOException {
        content()
                .forEach((id, bytes) -> assertThat(loader.matches(head(bytes), bytes.length))
                        .as("%s matches %s", loader.id(), id)
                        .isEqualTo(id.equals(loader.id())));
        for (String extension : List.of("", ".bin", ".onnx", ".npz", ".safetensors", ".gguf")) {
            Path file = Files.write(folder.resolve("m" + extension), content().getOrDefault(loader.id(), new byte[0]));

            Model model = ModelLoaders.open(file);

            assertThat(model.format()).isEqualTo(loader.id());
            assertThat(model.file()).isEqualTo(file);
            assertThat(model.tensors()).hasSize(1);
            assertThat(ModelLoaders.openHeader(file).tensors().getFirst().info())
                    .isEqualTo(model.tensors().getFirst().info());
        }
    }

    @ParameterizedTest
    @MethodSource("loaders")
    void aLoaderNeverFailsOnAHead(ModelLoader loader) {
        content().forEach((id, bytes) -> {
            for (int length = 0; length <= bytes.length; length++) {
                boolean matches = loader.matches(Arrays.copyOf(bytes, length), length);
                // Both are zip archives: before the name of the first member nothing tells them apart.
                if (id.equals("torch") && loader.id().equals("npz") && length < ZIP_NAME + "m/data.pkl".length()) {
                    continue;
                }
                assertThat(matches && !id.equals(loader.id()))
                        .as("%s matches %d bytes of %s", loader.id(), length, id)
                        .isFalse();
            }
        });
    }

    @ParameterizedTest
    @MethodSource("loaders")
    void aLoaderSaysWhatItIs(ModelLoader loader) {
        assertThat(loader.title()).isNotBlank();
        assertThat(loader.source()).startsWith("https://");
    }

    @Test
    void anEmptyFileAndAFolderAreRefused() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.onnx"));

        assertThatThrownBy(() -> ModelLoaders.open(empty))
                .isInstanceOf(BadInputException.class)
                .hasMessage("empty.onnx: file: is empty");
        assertThatThrownBy(() -> ModelLoaders.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("folder");
        assertThatThrownBy(() -> ModelLoaders.open(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }
}
