package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.safetensors.SafetensorsFile;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

class CodeArchiveTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final QuantSpec INT4 = QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Manual(new ClipRange(-7, 7)));

    @TempDir
    private Path folder;

    private Model odd(String... names) throws IOException {
        TinyOnnx onnx = new TinyOnnx(13).input("x", 1, 3);
        for (String name : names) {
            onnx.weight(name, Shape.of(1, 3), 1, -2, 7);
        }
        return onnx.node("MatMul", List.of("x", names[0]), List.of("y"))
                .output("y", 1, 1)
                .open(folder);
    }

    private static Map<String, TensorData> arrays(Path file) throws IOException {
        Map<String, TensorData> arrays = new HashMap<>();
        ModelLoaders.open(file).tensors().forEach(t -> arrays.put(t.id().name(), t.data()));
        return arrays;
    }

    private ExportPlan plan(Model model, QuantSpec spec) {
        return TinyPlan.of(
                model,
                SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                        .withOverrides(Map.of(new TensorId("w"), spec)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"safetensors", "npz"})
    void fourBitCodesArePackedWithTheFirstInTheLowNibble(String id) throws IOException {
        Path file = folder.resolve("m");
        Exporters.export(Exporters.byId(id), plan(odd("w"), INT4), file, NEVER);

        // 1, -2 (which is 14), 7, and nothing.
        assertThat(arrays(file).get("w.codes").segment().toArray(ValueLayout.JAVA_BYTE))
                .containsExactly(1 | 14 << 4, 7);
        assertThat(arrays(file).get("w.scales").toFloats()).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"safetensors", "npz"})
    void tensorsThatStayFloatAreThereAsTheyWere(String id) throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Path file = folder.resolve("m");
        Exporters.export(Exporters.byId(id), plan, file, NEVER);

        Map<String, TensorData> arrays = arrays(file);
        assertThat(arrays.get("conv.bias").toFloats()).containsExactly(0.5f, -0.25f);
        assertThat(arrays.get("fc.weight.codes").dtype()).isEqualTo(DType.I8);
        assertThat(arrays)
                .doesNotContainKey("fc.weight")
                .containsKeys("r.scales", "r.zero_points", "conv.weight.zero_points");
        assertThat(arrays.get("conv.weight.scales").count()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"safetensors", "npz"})
    void theSameSettingsGiveTheSameBytes(String id) throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Exporters.export(Exporters.byId(id), plan, folder.resolve("a"), NEVER);
        Exporters.export(Exporters.byId(id), plan, folder.resolve("b"), NEVER);

        assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"safetensors", "npz"})
    void aCodebookForEachChannelReadsBack(String id) throws IOException {
        QuantSpec spec = org.quantscope.core.quant.Quantizers.byId("lloyd-max")
                .adapt(QuantSpec.WEIGHTS.withBits(2))
                .withGranularity(new Granularity.PerChannel(0));
        ExportPlan plan = TinyPlan.with(TinyPlan.of(folder), "fc.weight", spec);
        Path file = folder.resolve("m");
        Exporters.export(Exporters.byId(id), plan, file, NEVER);

        assertThat(Importers.byId(id)
                        .read(file, plan.model(), NEVER)
                        .specs()
                        .get(new TensorId("fc.weight"))
                        .clip())
                .isEqualTo(new Clip.Fixed(plan.weights().get(new TensorId("fc.weight"))));
    }

    @Test
    void theTextBesideTheTensorsSaysWhatTheCodesMean() throws IOException {
        Path file = folder.resolve("m");
        Exporters.export(Exporters.byId("safetensors"), plan(odd("w"), INT4), file, NEVER);

        assertThat(SafetensorsFile.read(file, false).metadata())
                .containsEntry("format", "quantscope-codes")
                .containsEntry("quantscope.model_sha256", "0".repeat(64))
                .containsEntry(
                        "tensor:w",
                        "{\"kind\":\"weight\",\"scheme\":\"uniform\",\"bits\":4,\"signed\":true,\"symmetric\":true,\"narrow_range\":true,\"granularity\":\"tensor\",\"qmin\":-7,\"qmax\":7,\"shape\":[1,3],\"packing\":\"two"
                            + " codes a byte, first in the low nibble, two's complement\",\"value\":\"(code -"
                            + " zero_point) * scale\"}");
    }

    @Test
    void aTensorThatHasTheNameOfAnArrayIsAProblemAndNeitherIsLost() throws IOException {
        ExportPlan plan = plan(odd("w", "w.scales"), INT4);
        Path file = folder.resolve("m");

        assertThat(Exporters.byId("npz").check(plan))
                .extracting(ExportProblem::tensor)
                .containsExactly("w");
        Exporters.export(Exporters.byId("npz"), plan, file, NEVER);
        assertThat(arrays(file).get("w").toFloats()).containsExactly(1, -2, 7);
        assertThat(arrays(file).get("w.scales").toFloats()).containsExactly(1, -2, 7);
    }

    @Test
    void otherArchivesAndThoseWithoutTheirScalesAreRefused() throws IOException {
        Model model = odd("w");
        Path file = folder.resolve("m");
        Path other = Path.of(System.getProperty("quantscope.samples"), "fashion_resnet.safetensors");

        assertThatThrownBy(() -> Importers.byId("safetensors").read(other, model, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("quantscope-codes");
        Exporters.export(Exporters.byId("safetensors"), plan(model, INT4), file, NEVER);
        String damaged = new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
                .replace("\"w.scales\"", "\"w.skales\"");
        Files.write(file, damaged.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Importers.byId("safetensors").read(file, model, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("w.scales");
    }
}
