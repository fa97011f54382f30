package org.quantscope.core.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Oracles;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;

class ProofImporterTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private Model floats(Map<String, byte[]> arrays) throws IOException {
        return ModelLoaders.open(Files.write(folder.resolve("f.npz"), ArrayFiles.zip(false, arrays)));
    }

    /** A float model with the values that ggml decodes: the file's own grid must give them back without an error. */
    @Test
    void gridsOfGgufAreTakenExactlyWhereTheyAreEvenAndTheirRulesWhereTheyAreNot() throws IOException {
        List<Tensor> values = ModelLoaders.open(Oracles.path("ggml/ggml.npz")).tensors();
        Map<String, byte[]> arrays = new HashMap<>();
        for (Tensor t : values) {
            String name = t.id().name();
            if (name.endsWith(".values")) {
                String type = name.substring(0, name.length() - ".values".length());
                arrays.put(
                        "t." + type.toLowerCase(java.util.Locale.ROOT) + ".weight.npy",
                        ArrayFiles.npy("<f4", "(4, 256)", ArrayFiles.f4(t.data().toFloats())));
            }
        }
        arrays.remove("t.q2_k.weight.npy");
        Model model = floats(arrays);

        Imported found = Importers.byId("gguf").read(Oracles.path("ggml/sample.gguf"), model, NEVER);

        int exact = 0;
        for (String type : List.of("q4_0", "q5_0", "q8_0", "q3_k", "q6_k")) {
            QuantSpec spec = found.specs().get(new TensorId("t." + type + ".weight"));
            assertThat(spec).as(type).isNotNull();
            QuantParams p = ((Clip.Fixed) spec.clip()).params();
            Tensor weight = model.find(new TensorId("t." + type + ".weight")).orElseThrow();
            Slicing slicing = Slicing.of(weight.info(), p.granularity());
            float[] x = weight.data().toFloats();
            for (int i = 0; i < x.length; i++) {
                int slice = slicing.sliceOf(i);
                float back = p.grid(slice).quantize(x[i]);
                assertThat(back == x[i])
                        .as("%s[%d]: %s, file has %s", type, i, back, x[i])
                        .isTrue();
            }
            exact++;
        }
        assertThat(found.specs().get(new TensorId("t.q4_k.weight"))).satisfies(s -> {
            assertThat(s.bits()).isEqualTo(4);
            assertThat(s.symmetric()).isFalse();
            assertThat(s.granularity()).isEqualTo(new Granularity.PerBlock(1, 32));
            assertThat(s.clip()).isInstanceOf(Clip.Auto.class);
        });
        assertThat(found.specs().get(new TensorId("t.iq4_nl.weight")).scheme()).isEqualTo("iq4_nl");
        assertThat(found.specs().get(new TensorId("t.mxfp4.weight")).scheme()).isEqualTo("mxfp4");
        assertThat(found.specs().get(new TensorId("t.nvfp4.weight")).scheme()).isEqualTo("nvfp4");
        // Every quantized weight of the file has a place or a reason.
        assertThat(found.specs().size() + found.unmatched().size()).isEqualTo(27);
        assertThat(found.unmatched())
                .extracting(Imported.Unmatched::name)
                .containsExactlyInAnyOrder(
                        "t.q2_k.weight",
                        "t.iq1_m.weight",
                        "t.iq1_s.weight",
                        "t.iq2_s.weight",
                        "t.iq2_xs.weight",
                        "t.iq2_xxs.weight",
                        "t.iq3_s.weight",
                        "t.iq3_xxs.weight");
        assertThat(found.unmatched())
                .filteredOn(u -> u.name().startsWith("t.iq"))
                .allMatch(u -> u.why().equals("its codebook has no counterpart here"));
        assertThat(found.notes())
                .anyMatch(n -> n.matches("\\d+ weights take the scales of the file"))
                .anyMatch(n -> n.matches("\\d+ weights take bits, rule and granularity of the file; ranges are found"
                        + " anew from the float values"));
        assertThat(found.notes().stream()
                        .filter(n -> n.endsWith("the scales of the file"))
                        .mapToInt(n -> Integer.parseInt(n.substring(0, n.indexOf(' '))))
                        .sum())
                .isGreaterThanOrEqualTo(exact);
    }

    @Test
    void rulesOfPackedWeightsAreTakenByName() throws IOException {
        String header = """
            {"a.qweight":{"dtype":"I32","shape":[64,2],"data_offsets":[0,512]},
             "a.qzeros":{"dtype":"I32","shape":[2,2],"data_offsets":[512,528]},
             "a.scales":{"dtype":"F16","shape":[2,16],"data_offsets":[528,592]},
             "b.qweight":{"dtype":"I32","shape":[64,2],"data_offsets":[592,1104]},
             "b.qzeros":{"dtype":"I32","shape":[2,2],"data_offsets":[1104,1120]},
             "b.scales":{"dtype":"F16","shape":[2,16],"data_offsets":[1120,1184]},
             "c.qweight":{"dtype":"I32","shape":[64,2],"data_offsets":[1184,1696]},
             "c.qzeros":{"dtype":"I32","shape":[2,2],"data_offsets":[1696,1712]},
             "c.scales":{"dtype":"F16","shape":[2,16],"data_offsets":[1712,1776]}}
            """;
        Path file = Files.write(
                folder.resolve("p.safetensors"),
                ArrayFiles.safetensors(header.getBytes(StandardCharsets.UTF_8), new byte[1776]));
        Model model = floats(Map.of(
                "a.weight.npy", ArrayFiles.npy("<f4", "(16, 64)", ArrayFiles.f4(new float[1024])),
                "b.weight.npy", ArrayFiles.npy("<f4", "(16, 32)", ArrayFiles.f4(new float[512]))));

        Imported found = Importers.ofModel(file).read(file, model, NEVER);

        assertThat(found.specs()).containsOnlyKeys(new TensorId("a.weight"));
        assertThat(found.specs().get(new TensorId("a.weight"))).satisfies(s -> {
            assertThat(s.bits()).isEqualTo(4);
            assertThat(s.symmetric()).isFalse();
            assertThat(s.granularity()).isEqualTo(new Granularity.PerBlock(1, 32));
        });
        assertThat(found.unmatched())
                .extracting(u -> u.name() + ": " + u.why())
                .containsExactlyInAnyOrder(
                        "b.weight: it has 1024 values, b.weight has 512", "c.weight: the model has no such tensor");
    }

    @Test
    void filesWithoutCodesAreRefused() throws IOException {
        Model model = floats(Map.of("w.npy", ArrayFiles.npy("<f4", "(2, 2)", ArrayFiles.f4(new float[4]))));
        Path plain = Files.write(
                folder.resolve("p.safetensors"),
                ArrayFiles.safetensors(
                        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", new byte[16]));
        assertThatThrownBy(() -> Importers.ofModel(plain).read(plain, model, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("holds no quantized weights");
        assertThatThrownBy(() -> Importers.byId("gguf").read(plain, model, NEVER))
                .hasMessageContaining("is no gguf file");
    }
}
