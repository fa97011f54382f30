package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.configimport.DroppedFile;
import org.quantscope.app.configimport.ImportState;
import org.quantscope.app.configimport.ImportState.Content;
import org.quantscope.app.configimport.ImportState.Match;
import org.quantscope.app.configimport.ImportViewModel;
import org.quantscope.core.Engine;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** What another tool's file would change, without a window. */
class ImportsTest {
    @TempDir
    Path folder;

    private HeldContext at;
    private ImportViewModel imports;
    private TensorId first;
    private TensorId second;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.context.session().openSample(SampleFiles.digits());
        imports = at.context.imports();
        first = at.context.bench().weights().get(0).id();
        second = at.context.bench().weights().get(1).id();
    }

    @AfterEach
    void close() {
        at.close();
    }

    private ImportState view() {
        return imports.viewProperty().get();
    }

    private Match match(TensorId id) {
        return view().matches().stream()
                .filter(m -> m.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** A file of the present settings, in which {@code wrong} is spelt differently. */
    private Path encodings(String id, String wrong, String spelling) throws Exception {
        Path file = folder.resolve("other" + System.nanoTime() + ".json");
        at.context.export().export(Exporters.byId(id), file);
        Files.writeString(file, Files.readString(file).replace('"' + wrong + '"', '"' + spelling + '"'));
        return file;
    }

    @Test
    void theFormatIsFoundByContent() throws Exception {
        for (String id : List.of("aimet-0.6.1", "aimet-1.0.0", "aimet-2.0.0")) {
            imports.open(encodings(id, "none", "none"));
            assertThat(view().formats().chosen().map(Importer::id)).as(id).contains(id);
            assertThat(view().matches()).as(id).extracting(m -> m.id()).contains(first, second);
            assertThat(view().content()).as(id).isInstanceOf(Content.Entries.class);
        }
    }

    @Test
    void whatIsTheSameAsNowIsToldFromWhatDiffers() throws Exception {
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withRestrictedRange(false))));
        Path file = encodings("aimet-1.0.0", "none", "none");
        imports.open(file);
        assertThat(match(first).differences()).isEmpty();
        assertThat(view().differing()).isZero();
        at.context
                .bench()
                .apply(new Edit.SetOverride(first, QuantSpec.WEIGHTS.withBits(4).withGranularity(Granularity.CHANNEL)));
        assertThat(match(first).differences()).contains("4 → 8 bits", "per channel → per tensor");
        assertThat(match(second).differences()).isEmpty();
        assertThat(view().differing()).isEqualTo(1);
        at.context.bench().apply(new Edit.KeepFloat(second, true));
        assertThat(match(second).differences()).containsExactly("float now");
    }

    @Test
    void bothSettingsAreComparedExactly() throws Exception {
        Path file = encodings("aimet-1.0.0", "none", "none");
        at.context.bench().apply(new Edit.SetOverride(second, QuantSpec.WEIGHTS.withBits(3)));
        imports.open(file);
        imports.select(second);
        var comparison = view().comparison().orElseThrow();
        assertThat(at.context.bench().selectionProperty().get()).contains(second);
        assertThat(comparison.values().orElseThrow().count())
                .isEqualTo(at.tensor().data().count());
        QuantParams imported = match(second).spec().clip() instanceof Clip.Fixed f ? f.params() : null;
        OptionalDouble engine = Engine.measure(at.tensor(), Objects.requireNonNull(imported), new CancelToken())
                .sqnrDb();
        assertThat(comparison.imported().orElseThrow().error().sqnrDb()).isEqualTo(engine);
        assertThat(comparison.imported().orElseThrow().error().exact()).isTrue();
        assertThat(comparison.present()).contains(at.measured());
        assertThat(comparison.present().orElseThrow().error().sqnrDb().orElseThrow())
                .isLessThan(engine.orElseThrow());
    }

    @Test
    void anImportIsOneStep() throws Exception {
        Path file = encodings("aimet-1.0.0", "none", "none");
        at.context.bench().apply(new Edit.SetOverride(first, QuantSpec.WEIGHTS.withBits(3)));
        SessionState before = at.state();
        imports.open(file);
        assertThat(imports.apply()).isTrue();
        assertThat(at.state().overrides().get(first)).isEqualTo(match(first).spec());
        assertThat(view().differing()).isZero();
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
    }

    @Test
    void othersCanBecomeFloat() throws Exception {
        String gone = first.name();
        Path file = encodings("aimet-1.0.0", gone, "zzz");
        at.context.activations().quantize(true);
        at.context.bench().apply(new Edit.KeepFloat(second, true));
        SessionState before = at.state();
        imports.open(file);
        assertThat(view().entries().others()).isPositive();
        Importer importer = view().formats().chosen().orElseThrow();
        var read = importer.read(file, at.context.bench().analysed().orElseThrow(), new CancelToken());
        imports.setAlone(true);
        assertThat(imports.apply()).isTrue();
        var specs = new TreeMap<>(read.specs());
        specs.keySet().removeIf(id -> at.context.bench().subject(id).isEmpty());
        assertThat(at.state())
                .isEqualTo(before.withWeights(Optional.empty())
                        .withActivations(Optional.empty())
                        .withKeptFloat(Set.of())
                        .withOverrides(specs));
        assertThat(at.state()
                        .spec(at.context.bench().subject(first).orElseThrow().info()))
                .isEmpty();
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
    }

    @Test
    void anUnmatchedEntryCanBeGivenAPlace() throws Exception {
        String spelling = first.name() + "_quantized";
        imports.open(encodings("aimet-1.0.0", first.name(), spelling));
        assertThat(view().matches()).extracting(Match::id).doesNotContain(first);
        var lost = view().unplaced().stream()
                .filter(u -> u.entry().name().equals(spelling))
                .findFirst()
                .orElseThrow();
        assertThat(lost.entry().why()).contains("no such tensor");
        // Names that have an entry of their own are not offered.
        assertThat(lost.free()).contains(first.name()).doesNotContain(second.name());

        imports.map(spelling, Optional.of(first.name()));
        assertThat(match(first).nameInFile()).isEqualTo(spelling);
        assertThat(view().unplaced())
                .filteredOn(u -> u.entry().name().equals(spelling))
                .singleElement()
                .satisfies(u -> assertThat(u.mapped()).contains(first.name()));
        assertThat(imports.apply()).isTrue();
        assertThat(at.state().overrides()).containsKey(first);

        imports.map(spelling, Optional.empty());
        assertThat(view().matches()).extracting(Match::id).doesNotContain(first);
    }

    @Test
    void aFileThatNoFormatReadsSaysWhyForEach() throws Exception {
        Path file = Files.writeString(folder.resolve("notes.txt"), "nothing of the kind");
        imports.open(file);
        assertThat(view().content()).isInstanceOf(Content.Failed.class);
        assertThat(view().formats().refused().keySet()).containsExactlyElementsOf(Importers.all());
        assertThat(view().mayApply()).isFalse();
        assertThat(imports.apply()).isFalse();
        imports.open(folder.resolve("missing.json"));
        assertThat(view().content())
                .isInstanceOfSatisfying(
                        Content.Failed.class, f -> assertThat(f.why()).contains("missing.json"));
    }

    @Test
    void droppedFilesAreToldApart() throws Exception {
        List<DroppedFile.Use> answers = new ArrayList<>();
        DroppedFile dropped = new DroppedFile(at.context.bench(), at.context.background());
        dropped.whatIs(encodings("aimet-1.0.0", "none", "none"), answers::add);
        dropped.whatIs(
                Files.writeString(folder.resolve("calibration.cache"), "TRT-8501-EntropyCalibration2\n"), answers::add);
        Path session = folder.resolve("session.json");
        SessionFile.write(Session.of(at.state()), session);
        dropped.whatIs(session, answers::add);
        dropped.whatIs(SampleFiles.DIGITS, answers::add);
        dropped.whatIs(SampleFiles.DIGITS_TEST, answers::add);
        dropped.whatIs(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"), answers::add);
        for (String id : List.of("onnx-qdq", "safetensors", "npz")) {
            Path both = folder.resolve("both" + Exporters.byId(id).extension());
            at.context.export().export(Exporters.byId(id), both);
            dropped.whatIs(both, answers::add);
        }
        assertThat(answers)
                .containsExactly(
                        DroppedFile.Use.SETTINGS,
                        DroppedFile.Use.SETTINGS,
                        DroppedFile.Use.OPEN,
                        DroppedFile.Use.OPEN,
                        DroppedFile.Use.OPEN,
                        DroppedFile.Use.OPEN,
                        DroppedFile.Use.EITHER,
                        DroppedFile.Use.EITHER,
                        DroppedFile.Use.EITHER);
    }
}
