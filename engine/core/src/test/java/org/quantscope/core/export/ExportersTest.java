package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.verify.Verifier;

class ExportersTest {
    @TempDir
    Path folder;

    private final ExportPlan plan = new ExportPlan(
            new Model(Path.of("/m.npz"), "npz", OptionalInt.empty(), List.of(), Optional.empty(), List.of()),
            SessionState.of(new FileRef(Path.of("/m.npz"), "0".repeat(64))),
            Map.of(),
            Map.of());

    /** Writes a main file and one more, then does what the test wants. */
    private record TwoFiles(Runnable then) implements Exporter {
        @Override
        public String id() {
            return "two";
        }

        @Override
        public String title() {
            return "Two files";
        }

        @Override
        public String source() {
            return "this test";
        }

        @Override
        public String extension() {
            return ".a";
        }

        @Override
        public Set<Field> loses() {
            return Set.of();
        }

        @Override
        public List<String> parts() {
            return List.of(".part");
        }

        @Override
        public List<ExportProblem> check(ExportPlan plan) {
            return List.of();
        }

        @Override
        public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(file, "main");
            Files.writeString(part, "part");
            then.run();
            return List.of(file, part);
        }
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void everyFileEndsUpBesideTheTarget() throws IOException {
        Path target = folder.resolve("out.a");

        assertThat(Exporters.export(new TwoFiles(() -> {}), plan, target, new CancelToken()))
                .containsExactly(target, folder.resolve("out.a.part"));
        assertThat(names()).containsExactly("out.a", "out.a.part");
        assertThat(target).hasContent("main");
    }

    @Test
    void aFailureLeavesWhatWasThere() throws IOException {
        Path target = Files.writeString(folder.resolve("out.a"), "old");
        TwoFiles failing = new TwoFiles(() -> {
            throw new IllegalStateException("half way");
        });

        assertThatThrownBy(() -> Exporters.export(failing, plan, target, new CancelToken()))
                .hasMessage("half way");
        assertThat(names()).containsExactly("out.a");
        assertThat(target).hasContent("old");
    }

    @Test
    void aCancelLeavesWhatWasThere() throws IOException {
        Path target = Files.writeString(folder.resolve("out.a"), "old");
        CancelToken cancel = new CancelToken();

        assertThatThrownBy(() -> Exporters.export(new TwoFiles(cancel::cancel), plan, target, cancel))
                .isInstanceOf(CancellationException.class);
        assertThat(names()).containsExactly("out.a");
        assertThat(target).hasContent("old");
    }

    @Test
    void whatIsInspectedIsNotInPlaceYetAndStaysOutIfItIsRefused() throws IOException {
        Path target = Files.writeString(folder.resolve("out.a"), "old");

        assertThatThrownBy(() -> Exporters.export(
                        new TwoFiles(() -> {}),
                        plan,
                        target,
                        (placed, written) -> {
                            assertThat(written)
                                    .extracting(f -> f.getFileName().toString())
                                    .containsExactly("out.a", "out.a.part");
                            assertThat(written.getFirst()).hasContent("main");
                            assertThat(target).hasContent("old");
                            throw new IllegalStateException("not as it should be");
                        },
                        new CancelToken()))
                .hasMessage("not as it should be");
        assertThat(names()).containsExactly("out.a");
        assertThat(target).hasContent("old");
    }

    @Test
    void optionsAreRefusedInWordsBeforeAnythingIsWritten() {
        Exporter cache = Exporters.byId("tensorrt-cache");
        cache.checkOptions(Map.of("version", "100300"));
        assertThatThrownBy(() -> cache.checkOptions(Map.of("version", "12")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("format.tensorrt-cache.version: a number of 4 to 6 digits is needed, got 12");
        assertThatThrownBy(() -> cache.checkOptions(Map.of("speed", "12")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no option speed");
    }

    @Test
    void aFormatWithNothingToHoldSaysSo() {
        assertThat(Exporters.byId("tensorrt-cache").check(plan)).singleElement().satisfies(p -> {
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(p.tensor()).isEmpty();
            assertThat(p.why()).startsWith("no activation is quantized");
        });
    }

    @Test
    void aMissingFolderAndAFolderAsTargetAreRefused() {
        assertThatThrownBy(() ->
                        Exporters.export(new TwoFiles(() -> {}), plan, folder.resolve("no/out.a"), new CancelToken()))
                .isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> Exporters.export(new TwoFiles(() -> {}), plan, folder, new CancelToken()))
                .isInstanceOf(IOException.class);
    }

    @Test
    void idsAreKnownOrRefused() {
        assertThat(Exporters.byId("quantscope-json").extension()).isEqualTo(".json");
        assertThatThrownBy(() -> Exporters.byId("tape"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tape")
                .hasMessageContaining("quantscope-json");
    }

    /** The config is written and verified in another folder than the one that it stands in afterwards. */
    @Test
    void aConfigNamesItsFilesFromWhereItStands() throws IOException {
        ExportPlan tiny = TinyPlan.of(folder);
        Path target = Files.createDirectory(folder.resolve("settings")).resolve("tiny.json");

        Verifier.export(
                Exporters.byId("quantscope-json"), tiny, target, Optional.empty(), Progress.NONE, new CancelToken());

        assertThat(Files.readString(target)).contains("\"../tiny.onnx\"");
        assertThat(SessionFile.read(target)).isEqualTo(tiny.session());
    }
}
