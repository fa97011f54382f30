package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.testkit.ArrayFiles;

class FileRefTest {
    @TempDir
    Path folder;

    private Path onnx;
    private Path index;

    /** A model with an initializer in one file and a Constant node's tensor in another; and one in two shards. */
    @BeforeEach
    void write() throws IOException {
        Files.createDirectories(folder.resolve("sub"));
        Files.write(folder.resolve("w.data"), ArrayFiles.f4(1, 2));
        Files.write(folder.resolve("sub/c.data"), ArrayFiles.f4(3));
        onnx = Files.write(
                folder.resolve("m.onnx"),
                model(
                                13,
                                graph(
                                                node("MatMul", List.of("x", "w"), "h"),
                                                node("Constant", List.of(), "c")
                                                        .addAttribute(attribute(
                                                                "value",
                                                                external(
                                                                        "c",
                                                                        new long[] {1},
                                                                        "location",
                                                                        "sub/c.data"))),
                                                node("Add", List.of("h", "c"), "y"))
                                        .addInitializer(external("w", new long[] {2, 1}, "location", "w.data")))
                        .build()
                        .toByteArray());
        for (String shard : List.of("a", "b")) {
            Files.write(
                    folder.resolve(shard + ".safetensors"),
                    ArrayFiles.safetensors(
                            "{\"" + shard + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                            ArrayFiles.f4(1)));
        }
        index = Files.writeString(
                folder.resolve("s.safetensors.index.json"),
                "{\"weight_map\": {\"a\": \"a.safetensors\", \"b\": \"b.safetensors\"}}");
    }

    private static FileRef now(Path file) throws IOException {
        return FileRef.ofModel(file, new CancelToken());
    }

    @Test
    void changedExternalValuesAreNoticedAndNamed() throws IOException {
        FileRef before = now(onnx);
        assertThat(before.companions()).containsOnlyKeys("w.data", "sub/c.data");
        assertThat(now(onnx)).isEqualTo(before);
        assertThat(now(onnx).differsFrom(before)).isEmpty();

        Files.write(folder.resolve("sub/c.data"), ArrayFiles.f4(4));

        FileRef after = now(onnx);
        assertThat(after.differsFrom(before)).contains("sub/c.data");
        assertThat(after).isNotEqualTo(before);
        assertThat(after.sha256()).isEqualTo(before.sha256());
        assertThat(after.digest()).isNotEqualTo(before.digest());
        // Observations of the model are kept under this key.
        assertThat(SessionState.of(after).modelKey())
                .isNotEqualTo(SessionState.of(before).modelKey());
    }

    @Test
    void changedShardsAreNoticedAndNamed() throws IOException {
        FileRef before = now(index);
        assertThat(before.companions()).containsOnlyKeys("a.safetensors", "b.safetensors");
        Path shard = folder.resolve("b.safetensors");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[bytes.length - 1] ^= 1;
        Files.write(shard, bytes);
        assertThat(now(index).differsFrom(before)).contains("b.safetensors");
    }

    @Test
    void aMissingCompanionIsNamed() throws IOException {
        Files.delete(folder.resolve("w.data"));
        assertThatThrownBy(() -> now(onnx))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("m.onnx: w:", "'w.data'");
    }

    @Test
    void companionsAreInTheSessionFileAndAnOldOneTellsNothingOfThem() throws IOException {
        FileRef ref = now(onnx);
        Path session = folder.resolve("s.json");
        SessionFile.write(Session.of(SessionState.of(ref)), session);
        assertThat(SessionFile.read(session).state().model()).isEqualTo(ref);

        String old = Files.readString(session).replaceAll(",\\s*\"companions\"\\s*:\\s*\\{[^}]*}", "");
        assertThat(old).doesNotContain("companions").contains(ref.sha256());
        Files.writeString(session, old);
        FileRef before = SessionFile.read(session).state().model();
        assertThat(ref.differsFrom(before)).isEmpty();
        assertThat(before.lacksCompanionsOf(ref)).isTrue();
        assertThat(ref.lacksCompanionsOf(ref)).isFalse();
    }

    /** The labels of an IDX file and the sidecar decide on every score, and lie in files of their own. */
    @Test
    void changedLabelsAndSidecarsAreNoticedAndNamed() throws IOException {
        Path images = Files.write(
                folder.resolve("t-images-idx3-ubyte"),
                new byte[] {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4});
        Path labels = Files.write(folder.resolve("t-labels-idx1-ubyte"), new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 0, 1});
        Path sidecar = Files.writeString(folder.resolve("t-images-idx3-ubyte.dataset.json"), "{\"scale\": 0.5}");
        FileRef before = FileRef.ofData(images, new CancelToken());
        assertThat(before.companions()).containsOnlyKeys("t-labels-idx1-ubyte", "t-images-idx3-ubyte.dataset.json");
        Dataset opened = Datasets.open(images);
        assertThat(FileRef.of(opened)).isEqualTo(before);
        Path session = folder.resolve("s.json");
        SessionFile.write(
                Session.of(SessionState.of(now(onnx)).withCalibrationData(Optional.of(FileRef.of(opened)))), session);
        FileRef read = SessionFile.read(session).state().calibrationData().orElseThrow();
        assertThat(read).isEqualTo(before);
        assertThat(read.openUnchanged("data", new CancelToken()).size()).isEqualTo(2);

        byte[] other = Files.readAllBytes(labels);
        other[8] = 1;
        Files.write(labels, other);
        FileRef after = FileRef.ofData(images, new CancelToken());
        assertThat(after.differsFrom(read)).contains("t-labels-idx1-ubyte");
        assertThat(after.digest()).isNotEqualTo(read.digest());
        assertThatThrownBy(() -> read.openUnchanged("data", new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "data: the content of t-labels-idx1-ubyte is not what the settings were made with");

        Files.delete(sidecar);
        assertThat(FileRef.ofData(images, new CancelToken()).differsFrom(after))
                .contains("t-images-idx3-ubyte.dataset.json");
    }
}
