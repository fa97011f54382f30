package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files in the forms of Keras 2 and 3 that h5py wrote; {@code keras/make_files.py} among the resources made them. */
class KerasLoaderTest {
    private static final Map<String, DType> DTYPES = Map.of(
            "float32", DType.F32,
            "float16", DType.F16,
            "bfloat16", DType.BF16,
            "float64", DType.F64,
            "int8", DType.I8,
            "uint32", DType.U32,
            "bool", DType.BOOL);

    @TempDir
    Path folder;

    private static Path file(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(KerasLoaderTest.class.getResource("/org/quantscope/core/keras/" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode wanted(String of) throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readAllBytes(file("values.json")))
                .get(of);
    }

    @ParameterizedTest
    @CsvSource({
        "keras2.h5, keras2",
        "keras2_packed.h5, keras2_packed",
        "keras2_latest.h5, keras2_latest",
        "keras2_weights.h5, keras2_weights",
        "keras3.keras, keras3",
        "keras3_ordered.keras, keras3_ordered",
        "keras3.weights.h5, keras3_weights"
    })
    void weightsOpenWithNamesShapesLayersAxesAndValues(String name, String of) throws IOException {
        Model model = ModelLoaders.open(file(name));

        JsonNode wanted = wanted(of);
        assertThat(model.format()).isEqualTo("keras");
        assertThat(model.tensors()).hasSize(wanted.size());
        for (JsonNode is : wanted) {
            String tensorName = is.get("name").asString();
            Tensor tensor = model.find(new TensorId(tensorName))
                    .orElseThrow(() -> new AssertionError(tensorName + " is not among "
                            + model.tensors().stream().map(Tensor::id).toList()));
            assertThat(tensor.info().dtype())
                    .as(tensorName)
                    .isEqualTo(DTYPES.get(is.get("dtype").asString()));
            assertThat(tensor.info().kind().id())
                    .as(tensorName)
                    .isEqualTo(is.get("kind").asString());
            assertThat(tensor.info().channelAxis().orElse(-1))
                    .as(tensorName)
                    .isEqualTo(is.get("axis").asInt());
            long[] shape = new long[is.get("shape").size()];
            for (int axis = 0; axis < shape.length; axis++) {
                shape[axis] = is.get("shape").get(axis).asLong();
            }
            assertThat(tensor.info().shape().toArray()).as(tensorName).isEqualTo(shape);
            String type = is.get("class").asString();
            assertThat(tensor.info().consumers().stream().map(Consumer::opType))
                    .as(tensorName)
                    .containsExactlyElementsOf(type.isEmpty() ? java.util.List.of() : java.util.List.of(type));
            if (!type.isEmpty()) {
                assertThat(tensor.info().consumers().getFirst().node())
                        .isEqualTo(is.get("layer").asString());
            }
            float[] read = tensor.data().toFloats();
            assertThat(read).as(tensorName).hasSize(is.get("values").size());
            for (int i = 0; i < read.length; i++) {
                assertThat(read[i]).as("%s[%d]", tensorName, i).isEqualTo((float)
                        is.get("values").get(i).asDouble());
            }
        }
        assertThat(ModelLoaders.openHeader(file(name)).tensors())
                .extracting(Tensor::info)
                .containsExactlyElementsOf(
                        model.tensors().stream().map(Tensor::info).toList());
    }

    @Test
    void whatIsLeftOutOrGuessedIsSaid() throws IOException {
        assertThat(ModelLoaders.open(file("keras2_weights.h5")).notes())
                .anySatisfy(n -> assertThat(n)
                        .startsWith("the axis of the output channels of 1 weight is a guess: the file does not say"));
        assertThat(ModelLoaders.open(file("keras2.h5")).notes())
                .noneSatisfy(n -> assertThat(n).contains("guess"));
        assertThat(ModelLoaders.open(file("keras3.keras")).notes())
                .contains("1 array of records or complex numbers of 8 bytes skipped: layers/odd/complex")
                .contains("1 array of the optimizer left out, which belong to training")
                .anySatisfy(n -> assertThat(n).contains("not how the layers are connected"));
    }

    @Test
    void layersComeInTheOrderOfTheModel() throws IOException {
        assertThat(ModelLoaders.open(file("keras3.keras")).tensors().stream()
                        .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                        .map(t -> t.id().name())
                        .filter(n -> n.startsWith("d")))
                .startsWith("d0/kernel", "d1/kernel", "d2/kernel")
                .endsWith("d10/kernel", "d11/kernel");
    }

    @Test
    void aConfigurationThatIsDamagedIsSaidAndTheWeightsOpen() throws IOException {
        byte[] bytes = Files.readAllBytes(file("keras2.h5"));
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("{\"class_name\"");
        bytes[at] = '<';

        Model model = ModelLoaders.open(Files.write(folder.resolve("m.h5"), bytes));

        assertThat(model.tensors())
                .hasSameSizeAs(ModelLoaders.open(file("keras2.h5")).tensors());
        assertThat(model.notes())
                .anySatisfy(n -> assertThat(n).startsWith("the configuration of the model is not read"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"keras2.h5", "keras2_packed.h5", "keras2_latest.h5", "keras3_ordered.keras"})
    void everyPrefixIsRefused(String name) throws IOException {
        byte[] good = Files.readAllBytes(file(name));
        Path cut = folder.resolve("cut");
        for (int length = 60; length < good.length; length += good.length / 23) {
            Files.write(cut, Arrays.copyOf(good, length));

            assertThatThrownBy(() -> ModelLoaders.open(cut))
                    .as(String.format(Locale.ROOT, "%s, %d bytes", name, length))
                    .isInstanceOf(BadInputException.class);
        }
    }

    /** A tree of names whose child is itself, and one whose names lie outside. */
    @Test
    void circlesAndPlacesOutsideAreRefused() throws IOException {
        byte[] good = Files.readAllBytes(file("keras2_weights.h5"));
        int tree = new String(good, StandardCharsets.ISO_8859_1).indexOf("TREE");
        byte[] circle = good.clone();
        circle[tree + 5] = 1;
        ByteBuffer.wrap(circle).order(ByteOrder.LITTLE_ENDIAN).putLong(tree + 32, tree);
        byte[] outside = good.clone();
        ByteBuffer.wrap(outside).order(ByteOrder.LITTLE_ENDIAN).putLong(tree + 32, Long.MAX_VALUE);

        assertRefused(circle, "hdf5 group: its tree is deeper than 32");
        assertRefused(outside, "end behind the file");
    }

    @Test
    void hugeShapesAreRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] bytes = Files.readAllBytes(file("keras2_weights.h5"));
        // The shape of my_layer/w: a dataspace of version 1 and rank 2, with its largest extents.
        byte[] extent = {1, 2, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3};
        int at =
                new String(bytes, StandardCharsets.ISO_8859_1).indexOf(new String(extent, StandardCharsets.ISO_8859_1));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at + 8, 1L << 50);

        assertRefused(
                bytes, "my_layer/w:0: 24 bytes are stored, 1125899906842624×3 of 4 bytes wants 13510798882111488");
    }

    private void assertRefused(byte[] bytes, String said) throws IOException {
        Path file = Files.write(folder.resolve("bad.h5"), bytes);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(said);
    }
}
