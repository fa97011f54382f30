package org.quantscope.core.importer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;

/** An entry that cannot be used never costs the others. */
class AimetImporterTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId X = new TensorId("x");

    @TempDir
    private Path folder;

    private Model model;

    @BeforeEach
    void open() throws IOException {
        model = ModelLoaders.open(copy("m.onnx"));
    }

    private Path copy(String name) throws IOException {
        try (var in = AimetImporterTest.class.getResourceAsStream("aimet-bias/" + name)) {
            return Files.write(folder.resolve(name), Objects.requireNonNull(in).readAllBytes());
        }
    }

    private Imported read(String id, String json) throws IOException {
        return Importers.byId(id).read(Files.writeString(folder.resolve("e.json"), json), model, NEVER);
    }

    @Test
    void aBiasOf32BitsIsListedAndTheRestIsImported() throws IOException {
        Imported found = Importers.byId("aimet-1.0.0").read(copy("encodings.json"), model, NEVER);

        assertThat(found.specs()).containsOnlyKeys(X);
        assertThat(found.unmatched()).singleElement().satisfies(u -> {
            assertThat(u.name()).isEqualTo("B1");
            assertThat(u.why()).contains("32 bits");
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '\0',
            value = {
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[0.1],\"offset\":[-3e9]} ~ W1 ~ offset is -3e9",
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[1e99],\"offset\":[-128]} ~ W1 ~ scale is 1e99",
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[\"a\"],\"offset\":[-128]} ~ W1 ~ scale is no number",
                "{\"name\":\"W1\",\"bw\":\"8\",\"scale\":[0.1],\"offset\":[-128]} ~ W1 ~ 0 bits",
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[0.1],\"offset\":[-128],\"axis\":-7} ~ W1 ~ axis is no whole"
                        + " number",
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[0],\"offset\":[-128]} ~ W1 ~ scale",
                "{\"name\":\"W1\",\"bw\":8,\"scale\":[0.1,0.2],\"offset\":[-128]} ~ W1 ~ has 2 scales",
                "{\"name\":\"x\",\"bw\":8,\"scale\":[0.1],\"offset\":[-128]} ~ x ~ occurs twice",
                "{\"bw\":8,\"scale\":[0.1],\"offset\":[-128]} ~ encodings[1] ~ no name",
                "7 ~ encodings[1] ~ an entry is an object"
            })
    void anOddEntryIsListedWithItsReasonAndTheRestIsImported(String odd, String name, String why) throws IOException {
        String good = "{\"name\":\"x\",\"bw\":8,\"scale\":[0.02],\"offset\":[-128],\"is_sym\":false}";
        for (String version : new String[] {"aimet-1.0.0", "aimet-2.0.0"}) {
            String list = version.equals("aimet-2.0.0") ? "encodings" : "activation_encodings";
            Imported found =
                    read(version, "{\"version\":\"" + version + "\",\"" + list + "\":[" + good + "," + odd + "]}");

            assertThat(found.specs()).as(version).containsOnlyKeys(X);
            assertThat(found.unmatched()).as(version).singleElement().satisfies(u -> {
                assertThat(u.name()).endsWith(name.replace("encodings", list.equals("encodings") ? list : ""));
                assertThat(u.why()).contains(why);
            });
        }
    }

    /** As version 2.0.0 writes what does not apply. */
    @Test
    void aMemberThatIsNullIsLeftOut() throws IOException {
        Imported found = read(
                "aimet-2.0.0",
                "{\"version\":\"2.0.0\",\"encodings\":[{\"name\":\"W1\",\"output_dtype\":\"int8\",\"y_scale\":0.02,"
                        + "\"y_zero_point\":null,\"axis\":null,\"block_size\":null}]}");

        assertThat(found.unmatched()).isEmpty();
        assertThat(found.specs()).containsOnlyKeys(new TensorId("W1"));
    }

    @Test
    void aSliceOfAnOldEntryThatIsNoObjectCostsThatEntryOnly() throws IOException {
        Imported found = read(
                "qnn-overrides",
                "{\"activation_encodings\":{\"x\":[{\"bitwidth\":8,\"min\":-1,\"max\":1.5}]},"
                        + "\"param_encodings\":{\"W1\":[3],\"W2\":{\"a\":1}}}");

        assertThat(found.specs()).containsOnlyKeys(X);
        assertThat(found.unmatched()).extracting(Imported.Unmatched::name).containsExactlyInAnyOrder("W1", "W2");
    }
}
