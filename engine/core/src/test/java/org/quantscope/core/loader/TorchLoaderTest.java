package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
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
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files that PyTorch 1.13 wrote; {@code torch/make_files.py} among the resources made them, and said what is in them. */
class TorchLoaderTest {
    private static final Map<String, DType> DTYPES = Map.of(
            "float32", DType.F32,
            "float16", DType.F16,
            "bfloat16", DType.BF16,
            "float64", DType.F64,
            "int64", DType.I64,
            "uint8", DType.U8,
            "int8", DType.I8,
            "bool", DType.BOOL);

    @TempDir
    Path folder;

    private static Path file(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(TorchLoaderTest.class.getResource("/org/quantscope/core/torch/" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode values(String of) throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readAllBytes(file("values.json")))
                .get(of);
    }

    private static Tensor tensor(Model model, String name) {
        return model.find(new TensorId(name)).orElseThrow(() -> new AssertionError(name));
    }

    private static void assertHolds(Model model, JsonNode wanted) {
        assertThat(model.tensors()).hasSize(wanted.size());
        Iterator<Map.Entry<String, JsonNode>> entries = wanted.properties().iterator();
        while (entries.hasNext()) {
            Map.Entry<String, JsonNode> entry = entries.next();
            Tensor tensor = tensor(model, entry.getKey());
            JsonNode is = entry.getValue();
            assertThat(tensor.info().dtype())
                    .as(entry.getKey())
                    .isEqualTo(DTYPES.get(is.get("dtype").asString()));
            assertThat(tensor.info().shape().rank()).isEqualTo(is.get("shape").size());
            for (int axis = 0; axis < is.get("shape").size(); axis++) {
                assertThat(tensor.info().shape().dim(axis))
                        .isEqualTo(is.get("shape").get(axis).asLong());
            }
            float[] read = tensor.data().toFloats();
            assertThat(read).as(entry.getKey()).hasSize(is.get("values").size());
            for (int i = 0; i < read.length; i++) {
                assertThat(read[i]).as("%s[%d]", entry.getKey(), i).isEqualTo((float)
                        is.get("values").get(i).asDouble());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"state_dict.pt", "legacy.pt"})
    void aStateDictOpensWithNamesShapesTypesAndValues(String name) throws IOException {
        assertHolds(ModelLoaders.open(file(name)), values("state_dict"));
        assertThat(ModelLoaders.openHeader(file(name)).tensors())
                .extracting(Tensor::info)
                .containsExactlyElementsOf(ModelLoaders.open(file(name)).tensors().stream()
                        .map(Tensor::info)
                        .toList());
    }

    @Test
    void viewsOfEveryTypeAreReadAndOthersAreNamed() throws IOException {
        Model model = ModelLoaders.open(file("odd.pt"));

        assertHolds(model, values("odd"));
        assertThat(model.notes())
                .anySatisfy(n -> assertThat(n).isEqualTo("1 tensor skipped, of type ComplexFloatStorage: complex"))
                .anySatisfy(
                        n -> assertThat(n).isEqualTo("1 object of torch._utils._rebuild_qtensor not read: quantized"));
    }

    @Test
    void ofACheckpointTheModelIsReadAndTheRestNamed() throws IOException {
        Model model = ModelLoaders.open(file("checkpoint.pt"));

        assertHolds(model, values("checkpoint"));
        assertThat(model.notes())
                .contains("a checkpoint: its 'state_dict' is read, 3 other entries are not: epoch, optimizer, best");
    }

    @Test
    void theAxisOfOutputChannelsIsGuessedAndThatIsSaid() throws IOException {
        Model model = ModelLoaders.open(file("state_dict.pt"));

        assertThat(tensor(model, "conv.weight").info().channelAxis()).hasValue(0);
        assertThat(tensor(model, "head.weight").info().channelAxis()).hasValue(0);
        assertThat(tensor(model, "emb.weight").info().channelAxis()).hasValue(0);
        // [4, 3, 2, 2] with a bias of 3.
        assertThat(tensor(model, "up.weight").info().channelAxis()).hasValue(1);
        assertThat(tensor(model, "conv.bias").info().channelAxis()).isEmpty();
        assertThat(model.notes())
                .anySatisfy(n -> assertThat(n)
                        .contains("on the second of 1 weight that looks like a transposed convolution; a guess"));
    }

    @ParameterizedTest
    @CsvSource({
        "module.pt, an object of __main__.Net",
        "module_in_checkpoint.pt, an object of __main__.Net",
        "script.pt, a TorchScript program"
    })
    void programsAreRefusedWithTheWayOut(String name, String what) {
        assertThatThrownBy(() -> ModelLoaders.open(file(name)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(what)
                .hasMessageContaining("torch.onnx.export");
    }

    @Test
    void nothingThatAPickleNamesIsRun() throws IOException {
        Path file = pickle("cposix\nsystem\n(S'touch " + folder.resolve("ran") + "'\ntR.");

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("an object of posix.system, a program of its own that is not run here");
        assertThat(folder.resolve("ran")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({
        "'\u008b\u00ff\u00ff\u00ff\u007f', is cut off",
        "'X\u00ff\u00ff\u00ff\u007f', is cut off",
        "R, takes more from its stack",
        "t, ends a group that has no begin",
        "h1, refers to value 49",
        "'\u00fe', unknown instruction 254"
    })
    void damagedPicklesAreRefused(String pickle, String said) throws IOException {
        Path file = pickle(pickle);

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(said);
    }

    @Test
    void manyValuesAreRefusedBeforeTheyFillTheMemory() throws IOException {
        Path file = pickle("(" + "]".repeat(2_000_100) + "t.");

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("more than 2000000 values");
    }

    private Path pickle(String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
        return Files.write(folder.resolve("p.pt"), ArrayFiles.zip(true, Map.of("p/data.pkl", bytes)));
    }

    @Test
    void aDictionaryThatHoldsItselfEnds() throws IOException {
        // d = {}; d['a'] = d
        Path file = pickle("}q\u0000U\u0001ah\u0000s.");

        assertThatThrownBy(() -> ModelLoaders.open(file)).hasMessageContaining("holds no tensor");
    }

    @Test
    void everyPrefixIsRefused() throws IOException {
        for (String name : new String[] {"legacy.pt", "state_dict.pt"}) {
            byte[] good = Files.readAllBytes(file(name));
            Path cut = folder.resolve("cut.pt");
            for (int length = 40; length < good.length; length += good.length / 37) {
                Files.write(cut, Arrays.copyOf(good, length));

                assertThatThrownBy(() -> ModelLoaders.open(cut))
                        .as(String.format(Locale.ROOT, "%s, %d bytes", name, length))
                        .isInstanceOf(BadInputException.class);
            }
        }
    }

    @Test
    void aStorageThatIsTooShortIsNamed() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // _rebuild_tensor_v2(storage('storage', FloatStorage, '0', 'cpu', 4), 0, (4,), (1,), False, {})
        out.writeBytes(("ctorch._utils\n"
                        + "_rebuild_tensor_v2\n"
                        + "(((S'storage'\n"
                        + "ctorch\n"
                        + "FloatStorage\n"
                        + "S'0'\n"
                        + "S'cpu'\n"
                        + "I4\n"
                        + "tQI0\n"
                        + "(I4\n"
                        + "t(I1\n"
                        + "t\u0089}tR.")
                .replace("(((", "((")
                .getBytes(StandardCharsets.ISO_8859_1));
        Path file = Files.write(
                folder.resolve("s.pt"),
                ArrayFiles.zip(
                        true,
                        new java.util.TreeMap<>(Map.of("p/data.pkl", out.toByteArray(), "p/data/0", new byte[12]))));

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("s.pt: tensor: 4 from element 0 on ends behind the 3 of its storage");
    }

    @Test
    void theWeightsOfAnExportedProgramAreRead() throws IOException {
        String config = """
            {"config": {"fc.weight": {"path_name": "weight_0", "is_param": true, "use_pickle": false, "tensor_meta":
              {"dtype": 7, "sizes": [{"as_int": 3}, {"as_int": 2}], "requires_grad": true, "layout": 7,
               "device": {"type": "cpu", "index": null}, "strides": [{"as_int": 1}, {"as_int": 3}],
               "storage_offset": {"as_int": 0}}},
             "fc.odd": {"path_name": "weight_1", "is_param": true, "use_pickle": true, "tensor_meta": null}}}
            """;
        Map<String, byte[]> members = new java.util.TreeMap<>();
        members.put("m/archive_format", "pt2".getBytes(StandardCharsets.US_ASCII));
        members.put("m/data/weights/model_weights_config.json", config.getBytes(StandardCharsets.UTF_8));
        members.put("m/data/weights/weight_0", ArrayFiles.f4(1, 2, 3, 4, 5, 6));
        members.put("m/models/model.json", "{}".getBytes(StandardCharsets.US_ASCII));

        Model model = ModelLoaders.open(Files.write(folder.resolve("m.pt2"), ArrayFiles.zip(true, members)));

        assertThat(tensor(model, "fc.weight").data().toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
        assertThat(model.notes())
                .contains("the weights of an exported program are read, not the program: there is no graph")
                .contains("1 object of a pickle of its own not read: fc.odd");
    }

    @Test
    void theStateDictWithinAnOlderProgramIsRead() throws IOException {
        Map<String, byte[]> members = new java.util.TreeMap<>();
        members.put("serialized_exported_program.json", "{}".getBytes(StandardCharsets.US_ASCII));
        members.put("serialized_state_dict.pt", Files.readAllBytes(file("state_dict.pt")));

        Model model = ModelLoaders.open(Files.write(folder.resolve("m.pt2"), ArrayFiles.zip(true, members)));

        assertHolds(model, values("state_dict"));
    }
}
