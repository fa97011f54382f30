package org.quantscope.core.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import tools.jackson.databind.JsonNode;

/** Every decoded type gives the values that ggml gives, by ==, from the bytes that ggml wrote and from random ones. */
class BlocksTest {
    private static final Map<String, Tensor> REFERENCE = arrays("ggml.npz");
    private static final Map<String, Tensor> RANDOM = arrays("ggml_extra.npz");

    private static Map<String, Tensor> arrays(String file) {
        try {
            return ModelLoaders.open(Oracles.path("ggml/" + file)).tensors().stream()
                    .collect(Collectors.toMap(t -> t.id().name(), Function.identity()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<GgmlType> coded() {
        return Arrays.stream(GgmlType.values()).filter(t -> t.format().isPresent());
    }

    private static TensorData data(GgmlType type, Tensor bytes) {
        float[] read = bytes.data().toFloats();
        byte[] stored = new byte[read.length];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = (byte) (int) read[i];
        }
        BlockFormat format = type.format().orElseThrow();
        return TensorData.coded(
                format, MemorySegment.ofArray(stored), 1, (long) stored.length / format.bytes() * format.values());
    }

    private static void assertEqual(float[] is, float[] wanted) {
        assertThat(is).hasSameSizeAs(wanted);
        for (int i = 0; i < is.length; i++) {
            assertThat(is[i] == wanted[i] || (Float.isNaN(is[i]) && Float.isNaN(wanted[i])))
                    .as("value %d: %s, ggml says %s", i, is[i], wanted[i])
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("coded")
    void theBytesThatGgmlWroteDecodeToItsValues(GgmlType type) {
        TensorData data = data(type, REFERENCE.get(type + ".bytes"));

        assertEqual(data.toFloats(), REFERENCE.get(type + ".values").data().toFloats());
    }

    @ParameterizedTest
    @MethodSource("coded")
    void randomBytesDecodeToItsValues(GgmlType type) {
        Tensor bytes = RANDOM.get(type + ".rand.bytes");
        assertThat(bytes).as("reference of %s", type).isNotNull();

        assertEqual(
                data(type, bytes).toFloats(),
                RANDOM.get(type + ".rand.values").data().toFloats());
    }

    @ParameterizedTest
    @MethodSource("coded")
    void anyPartOfABlockIsReadAlone(GgmlType type) {
        TensorData whole = data(type, REFERENCE.get(type + ".bytes"));
        float[] all = whole.toFloats();
        int size = type.blockValues();
        for (int[] range :
                List.of(new int[] {0, 1}, new int[] {size - 1, 2}, new int[] {3, size}, new int[] {size, size})) {
            float[] read = new float[range[1]];
            whole.read(range[0], read, 0, range[1]);

            float[] wanted = Arrays.copyOfRange(all, range[0], range[0] + range[1]);
            assertEqual(read, wanted);
            assertEqual(whole.part(range[0], range[1]).toFloats(), wanted);
            assertEqual(whole.part(1, all.length - 1).part(range[0], 1).toFloats(), new float[] {all[range[0] + 1]});
        }
    }

    @Test
    void numbersAndSizesAreThoseOfGgml() {
        JsonNode types = Oracles.json("ggml/ggml.json").get("types");
        assertThat(types).hasSameSizeAs(GgmlType.values());
        for (JsonNode type : types) {
            GgmlType ours = GgmlType.valueOf(type.get("name").asString());
            assertThat(ours.number()).isEqualTo(type.get("id").asInt());
            assertThat(ours.blockValues()).isEqualTo(type.get("block_values").asInt());
            assertThat(ours.blockBytes()).isEqualTo(type.get("block_bytes").asInt());
            assertThat(ours.bitsPerWeight())
                    .isEqualTo(type.get("bits_per_weight").asDouble());
            assertThat(GgmlType.of(ours.number())).contains(ours);
        }
    }

    @ParameterizedTest
    @MethodSource("coded")
    void everyDecodedValueIsALevelOfItsGroupsOwnGrid(GgmlType type) {
        for (String key : new String[] {".bytes", ".rand.bytes"}) {
            TensorData data = data(type, (key.equals(".bytes") ? REFERENCE : RANDOM).get(type + key));
            float[] values = data.toFloats();
            int most = 0;
            for (int i = 0; i < values.length; i++) {
                float[] levels = data.levels(i).orElseThrow();
                float value = values[i];
                most = Math.max(most, levels.length);
                if (Float.isFinite(value)) {
                    assertThat(levels).as("%s of %s, value %d", key, type, i).contains(value + 0f);
                    assertThat(levels).isSorted();
                }
            }
            int codes = (int) Math.round(Math.pow(2, Math.floor(type.bitsPerWeight())));
            assertThat(most).as("levels of %s", type).isBetween(2, Math.max(4, codes));
        }
    }
}
