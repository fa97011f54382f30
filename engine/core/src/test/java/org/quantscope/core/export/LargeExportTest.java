package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** An ONNX export of a model that is too large for one file: the values lie in a second one, and a user runs the first. */
class LargeExportTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private Path target;
    private Model model;
    private MemoryData data;

    @BeforeEach
    void makeModel() throws IOException {
        target = Files.createDirectory(folder.resolve("out")).resolve("q.onnx");
        data = MemoryData.unlabelled(4, Shape.of(128));
        model = new TinyOnnx(21)
                .input("x", -1, 128)
                .output("y", -1, 10)
                .randomWeight("a", Shape.of(128, 640), -1, 1)
                .randomWeight("b", Shape.of(640, 10), -1, 1)
                .node("MatMul", List.of("x", "a"), List.of("p"))
                .node("Relu", List.of("p"), List.of("r"))
                .node("MatMul", List.of("r", "b"), List.of("y"))
                .open(folder);
    }

    private ExportPlan plan(QuantSpec weights, boolean activations) throws IOException {
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(weights))
                .withActivations(activations ? Optional.of(QuantSpec.ACTIVATIONS) : Optional.empty());
        Calibration seen = Calibration.of(Engine.observe(model, data, Progress.NONE, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, Progress.NONE, NEVER);
        return new ExportPlan(
                model,
                new Session(state, new org.quantscope.core.session.Resolver().ranges(state, seen, NEVER)),
                resolved);
    }

    /** The file of the values is named in the model by its final name, not by the one it had while it was checked. */
    @ParameterizedTest
    @ValueSource(strings = {"onnx-qdq", "onnx-matmulnbits"})
    void valuesBesideTheFileAreThoseWithinIt(String format) throws IOException {
        boolean qdq = format.equals("onnx-qdq");
        Exporter small = Exporters.byId(format);
        Exporter large = qdq ? new OnnxQdqExporter(50_000) : new OnnxMatMulNBitsExporter(20_000);
        ExportPlan plan = qdq
                ? plan(QuantSpec.WEIGHTS, true)
                : plan(QuantSpec.WEIGHTS.withBits(4).withGranularity(new Granularity.PerBlock(0, 32)), false);
        Verifier.Exported one = Verifier.export(
                small, plan, target.resolveSibling("one.onnx"), Optional.of(data), Progress.NONE, NEVER);
        Verifier.Exported two = Verifier.export(large, plan, target, Optional.of(data), Progress.NONE, NEVER);

        assertThat(one.files()).hasSize(1);
        assertThat(two.files()).containsExactly(target, target.resolveSibling("q.onnx.data"));
        assertThat(two.problems()).isEqualTo(one.problems());
        assertThat(two.verified()).isEqualTo(one.verified());
        Verification.Ran ran = (Verification.Ran) two.verified().orElseThrow();
        assertThat(ran.asRun()).isInstanceOf(Verification.Run.class);
        assertThat(org.quantscope.core.loader.ModelLoaders.companions(target)).containsOnlyKeys("q.onnx.data");
        assertThat(tensors(target)).isEqualTo(tensors(target.resolveSibling("one.onnx")));
        if (qdq) {
            assertThat(Importers.byId(format).read(target, model, NEVER))
                    .isEqualTo(Importers.byId(format).read(target.resolveSibling("one.onnx"), model, NEVER));
        }
        try (var left = Files.list(target.getParent())) {
            assertThat(left.map(f -> String.valueOf(f.getFileName())))
                    .containsExactlyInAnyOrder("one.onnx", "q.onnx", "q.onnx.data");
        }
    }

    /** Beside a file that needs none, values of an earlier one would look like its own. */
    @Test
    void valuesOfAnEarlierExportGoWithItAndThoseOfOthersStay() throws IOException {
        Path values = target.resolveSibling("q.onnx.data");
        ExportPlan plan = plan(QuantSpec.WEIGHTS, true);
        Verifier.Exported large =
                Verifier.export(new OnnxQdqExporter(50_000), plan, target, Optional.empty(), Progress.NONE, NEVER);
        assertThat(values).exists();
        assertThat(said(large)).isEmpty();

        assertThat(said(Verifier.export(
                        Exporters.byId("onnx-qdq"), plan, target, Optional.empty(), Progress.NONE, NEVER)))
                .containsExactly("q.onnx.data, the values of the file that was replaced, is deleted: the new file holds"
                        + " its own");
        assertThat(values).doesNotExist();

        // Nothing says that this one is ours: no file names it.
        Files.writeString(values, "measured on Monday");
        assertThat(said(Verifier.export(
                        Exporters.byId("onnx-qdq"), plan, target, Optional.empty(), Progress.NONE, NEVER)))
                .containsExactly("q.onnx.data lies beside the file and is not part of it");
        assertThat(values).hasContent("measured on Monday");

        // Nor that this model is, which names it.
        Files.delete(values);
        Verifier.export(new OnnxQdqExporter(50_000), plan, target, Optional.empty(), Progress.NONE, NEVER);
        ModelProto foreign = ModelProto.parseFrom(Files.readAllBytes(target)).toBuilder()
                .clearMetadataProps()
                .build();
        Files.write(target, foreign.toByteArray());
        assertThat(said(Verifier.export(
                        Exporters.byId("onnx-qdq"), plan, target, Optional.empty(), Progress.NONE, NEVER)))
                .containsExactly("q.onnx.data lies beside the file and is not part of it");
        assertThat(values).exists();
    }

    private static List<String> said(Verifier.Exported exported) {
        return exported.problems().stream()
                .map(ExportProblem::why)
                .filter(why -> why.startsWith("q.onnx.data"))
                .toList();
    }

    private static Map<String, List<Float>> tensors(Path file) throws IOException {
        Map<String, List<Float>> all = new java.util.TreeMap<>();
        for (var t : Engine.open(file, false).tensors()) {
            List<Float> values = new java.util.ArrayList<>();
            for (float v : t.data().toFloats()) {
                values.add(v);
            }
            all.put(t.id().name(), values);
        }
        return all;
    }

    @Test
    void afterAFailedCheckNeitherFileIsThere() throws IOException {
        ExportPlan plan = plan(QuantSpec.WEIGHTS, true);
        assertThatThrownBy(() -> Exporters.export(
                        new OnnxQdqExporter(50_000),
                        plan,
                        target,
                        (placed, written) -> {
                            assertThat(written).hasSize(2);
                            throw new IllegalStateException("looked at");
                        },
                        NEVER))
                .hasMessage("looked at");
        assertThat(target.getParent()).isEmptyDirectory();
    }
}
