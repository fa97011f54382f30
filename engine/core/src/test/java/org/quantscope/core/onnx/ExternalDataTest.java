package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.TinyModels.attribute;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;

class ExternalDataTest {
    @TempDir
    Path root;

    private Path folder;

    @BeforeEach
    void writeValues() throws IOException {
        folder = Files.createDirectories(root.resolve("model"));
        Files.createDirectories(folder.resolve("sub"));
        Files.write(folder.resolve("w.bin"), f4(9, 1, 2, 3));
        Files.write(folder.resolve("sub/w.bin"), f4(4, 5));
        Files.write(root.resolve("secret.bin"), f4(6, 6));
        Files.writeString(folder.resolve("empty.bin"), "");
    }

    private Path write(String... keysAndValues) throws IOException {
        ModelProto model = model(
                        13,
                        graph(node("MatMul", List.of("x", "w"), "y"))
                                .addInitializer(external("w", new long[] {2, 1}, keysAndValues)))
                .build();
        return Files.write(folder.resolve("m.onnx"), model.toByteArray());
    }

    private float[] read(String... keysAndValues) throws IOException {
        Model model = ModelLoaders.open(write(keysAndValues));
        return model.tensors().getFirst().data().toFloats();
    }

    @Test
    void valuesAreMappedFromTheFileBesideTheModel() throws IOException {
        assertThat(read("location", "w.bin", "offset", "4", "length", "8")).containsExactly(1, 2);
        assertThat(read("location", "w.bin", "offset", "8")).containsExactly(2, 3);
        assertThat(read("location", "w.bin", "checksum", "whatever")).containsExactly(9, 1);
        assertThat(read("location", "sub/w.bin")).containsExactly(4, 5);
        assertThat(read("location", "./w.bin")).containsExactly(9, 1);
    }

    @Test
    void theHeaderIsReadWithoutTheFile() throws IOException {
        Model model = ModelLoaders.openHeader(write("location", "not-there.bin"));

        assertThat(model.tensors().getFirst().data().isRead()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "../secret.bin, , , leads out",
        "sub/../../secret.bin, , , leads out",
        "sub/../w.bin, , , leads out",
        "/etc/passwd, , , not relative",
        "'', , , not relative",
        "missing.bin, , , no file",
        "sub, , , no file",
        "link.bin, , , link out",
        "w.bin, 12, , end behind",
        "w.bin, 17, , end behind",
        "w.bin, 9223372036854775807, , end behind",
        "w.bin, -4, , negative",
        "w.bin, 99999999999999999999, , no number",
        "w.bin, x, , no number",
        "w.bin, , 4, length 4",
        "w.bin, , 16, length 16",
        "w.bin, , -1, negative",
        "empty.bin, , , end behind"
    })
    void placesThatDoNotHoldTheTensorAreRefused(String location, String offset, String length, String messagePart)
            throws IOException {
        Files.createSymbolicLink(folder.resolve("link.bin"), root.resolve("secret.bin"));
        var words = new ArrayList<>(List.of("location", location));
        if (offset != null) {
            words.addAll(List.of("offset", offset));
        }
        if (length != null) {
            words.addAll(List.of("length", length));
        }
        Path file = write(words.toArray(String[]::new));

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("m.onnx: w: ")
                .hasMessageContaining(messagePart);
    }

    @Test
    void aTensorWithoutALocationIsRefused() throws IOException {
        Path file = write("offset", "0");

        assertThatThrownBy(() -> ModelLoaders.openHeader(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("no location");
    }

    @Test
    void aPathThatEscapesIsRefusedInTheHeaderToo() throws IOException {
        Path file = write("location", "../secret.bin");

        assertThatThrownBy(() -> ModelLoaders.openHeader(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("leads out");
    }

    @Test
    void filesOfAHuggingFaceCacheAreLinksToItsBlobs() throws IOException {
        Path blobs = Files.createDirectories(root.resolve("models--a--b/blobs"));
        folder = Files.createDirectories(root.resolve("models--a--b/snapshots/abc"));
        Files.write(blobs.resolve("0123"), f4(7, 8));
        Files.createSymbolicLink(folder.resolve("w.bin"), Path.of("../../blobs/0123"));

        assertThat(read("location", "w.bin")).containsExactly(7, 8);
    }

    @Test
    void onlyInitializersOfTheMainGraphMayLieElsewhere() throws IOException {
        var constant = node("Constant", List.of(), "w")
                .addAttribute(attribute("value", external("", new long[] {2, 1}, "location", "w.bin")));
        Path file = Files.write(
                folder.resolve("m.onnx"),
                model(13, graph(constant, node("MatMul", List.of("x", "w"), "y")))
                        .build()
                        .toByteArray());

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("external_data");
    }
}
