package org.quantscope.core.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class OnnxQdqImporterTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId X = new TensorId("x");
    private static final TensorId Y = new TensorId("y");
    private static final TensorId W = new TensorId("w");

    @TempDir
    private Path folder;

    private Model model;
    private Path quantized;

    private static QuantParams activation() {
        return new QuantParams(Granularity.TENSOR, new float[] {0.5f}, new int[] {3}, 0, 255);
    }

    private static QuantParams weight() {
        return new QuantParams(new Granularity.PerChannel(1), new float[] {0.5f, 0.25f, 1}, new int[3], -128, 127);
    }

    private Model model(String folderName, String weight, float first) throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 2)
                .weight(weight, Shape.of(2, 3), first, -2, 3, -4, 5, -6)
                .node("MatMul", List.of("x", weight), List.of("y"))
                .output("y", -1, 3)
                .open(Files.createDirectories(folder.resolve(folderName)));
    }

    @BeforeEach
    void export() throws IOException {
        model = model("a", "w", 1);
        quantized = folder.resolve("q.onnx");
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Exporters.export(
                Exporters.byId("onnx-qdq"),
                new ExportPlan(model, state, Map.of(W, weight()), Map.of(X, activation(), Y, activation())),
                quantized,
                NEVER);
    }

    private Imported read(Model into) throws IOException {
        return Importers.byId("onnx-qdq").read(quantized, into, NEVER);
    }

    @Test
    void weightsAndActivationsAreFoundByTheirNames() throws IOException {
        Imported read = read(model);
        assertThat(read.unmatched()).isEmpty();
        assertThat(read.notes()).isEmpty();
        assertThat(read.specs().get(W).clip()).isEqualTo(new Clip.Fixed(weight()));
        assertThat(read.specs().get(X).clip()).isEqualTo(new Clip.Fixed(activation()));
        assertThat(read.specs().get(Y).clip()).as("a graph output").isEqualTo(new Clip.Fixed(activation()));
        assertThat(read.specs().get(X).signed()).isFalse();
    }

    @Test
    void aWeightOfAnotherNameIsFoundByTheNodeThatReadsIt() throws IOException {
        Imported read = read(model("b", "renamed", 1));
        assertThat(read.unmatched()).isEmpty();
        assertThat(read.specs().get(new TensorId("renamed")).clip()).isEqualTo(new Clip.Fixed(weight()));
    }

    @Test
    void codesOfOtherValuesAreTold() throws IOException {
        assertThat(read(model("c", "w", 40)).notes())
                .singleElement()
                .asString()
                .startsWith("w: 1 of 6 codes")
                .contains("other values");
    }

    @Test
    void whatHasNoPlaceIsListedWithNearNames() throws IOException {
        Model other = new TinyOnnx(13)
                .input("x", -1, 2)
                .weight("w2", Shape.of(2, 3), 1, 2, 3, 4, 5, 6)
                .node("MatMul", List.of("x", "w2"), List.of("z"))
                .output("z", -1, 3)
                .open(Files.createDirectories(folder.resolve("d")));
        Imported read = read(other);
        assertThat(read.specs().keySet()).containsExactly(X);
        assertThat(read.unmatched()).extracting(Imported.Unmatched::name).containsExactlyInAnyOrder("w", "y");
        assertThat(read.unmatched())
                .filteredOn(u -> u.name().equals("w"))
                .singleElement()
                .satisfies(u -> assertThat(u.near()).startsWith("w2"));
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(quantized);
        Files.write(quantized, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> read(model)).isInstanceOf(BadInputException.class);
        Files.writeString(quantized, "no model");
        assertThatThrownBy(() -> read(model)).isInstanceOf(BadInputException.class);
    }
}
