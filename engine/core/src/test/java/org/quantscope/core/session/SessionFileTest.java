package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

class SessionFileTest {
    private static final String SHA = "0123456789abcdef".repeat(4);

    @TempDir
    Path folder;

    /** Every field and every variant of a clip. */
    private Session full() {
        QuantSpec w = QuantSpec.WEIGHTS;
        QuantParams params = new QuantParams(
                new Granularity.PerChannel(0),
                new float[] {0.1f, Float.MIN_VALUE, 1.7e37f},
                new int[] {0, -3, 7},
                -8,
                7);
        QuantParams levels = QuantParams.ofCodebooks(
                new Granularity.PerBlock(0, 2),
                new float[] {1, 3},
                List.of(new CodebookGrid(-1, 0, 0.1f), new CodebookGrid(-Float.MIN_VALUE, 1e20f)));
        Map<TensorId, QuantSpec> overrides = Map.of(
                new TensorId("codebooks"), w.withClip(new Clip.Fixed(levels)),
                new TensorId("auto"), w.withClip(new Clip.Auto("percentile", Map.of("percentile", "99.9"))),
                new TensorId("manual"),
                        w.withClip(new Clip.Manual(new ClipRange(-0.0f, 1f / 3)))
                                .withGranularity(Granularity.CHANNEL),
                new TensorId("per/channel \"1\"\n"),
                        w.withClip(new Clip.ManualPerChannel(
                                List.of(new ClipRange(-1, 1), new ClipRange(0, Float.MIN_VALUE)))),
                new TensorId("block"),
                        w.withGranularity(new Granularity.PerBlock(1, 32))
                                .withClip(new Clip.ManualPerBlock(List.of(new ClipRange(-2, 2)))),
                new TensorId("fixed ✓"),
                        new QuantSpec(
                                "uniform",
                                4,
                                true,
                                false,
                                false,
                                new Granularity.PerChannel(0),
                                new Clip.Fixed(params),
                                Map.of()));
        SessionState state = new SessionState(
                new FileRef(folder.resolve("models/net.onnx").toAbsolutePath(), SHA),
                Optional.of(w.withBits(3)),
                Optional.of(QuantSpec.ACTIVATIONS),
                overrides,
                Set.of(new TensorId("kept"), new TensorId("a.kept")),
                false,
                Optional.of(new FileRef(
                        folder.resolve("../calibration.npz").toAbsolutePath().normalize(), SHA)),
                Optional.of(new FileRef(Path.of("/nowhere/test.npz"), SHA)),
                Optional.of(new Task.Regression(Task.Loss.ABSOLUTE)),
                Set.of(new TensorId("pool"), new TensorId("b.concat")),
                List.of(
                        new AppliedCorrection(
                                "cross-layer-equalization", Map.of("sweeps", "3"), Optional.empty(), Optional.empty()),
                        new AppliedCorrection(
                                "bias-correction",
                                Map.of(),
                                Optional.of(new FileRef(folder.resolve("c.npz").toAbsolutePath(), SHA)),
                                Optional.of(new CorrectionSettings(
                                        Optional.of(w),
                                        Optional.empty(),
                                        overrides,
                                        Set.of(new TensorId("kept")),
                                        new ActivationRanges(
                                                Map.of(new TensorId("relu"), new ClipRange(0, 2)),
                                                Map.of(
                                                        new TensorId("x"),
                                                        new FittedLevels(
                                                                "lloyd-max",
                                                                3,
                                                                new ClipRange(-1, 1),
                                                                new CodebookGrid(0)))))))),
                new Scored(Optional.of("logits"), Optional.of("attention_mask")),
                Optional.of(new FileRef(folder.resolve("models/float.onnx").toAbsolutePath(), SHA)));
        Snapshot plain = new Snapshot(
                "in float ✓", Optional.empty(), Optional.empty(), Map.of(), Set.of(), true, Set.of(), List.of());
        Snapshot all = Snapshot.of("W3 \"mixed\"", state);
        return new Session(
                state.withSnapshots(List.of(plain, all))
                        .withBudget(new DeviceBudget(
                                OptionalDouble.of(262144),
                                OptionalDouble.empty(),
                                OptionalDouble.of(1.5e6),
                                OptionalDouble.of(0.25),
                                OptionalDouble.of(0.9),
                                OptionalDouble.of(1)))
                        .withCalibrationData(state.calibrationData()
                                .map(ref -> new FileRef(
                                        ref.path(),
                                        SHA,
                                        ref.companions(),
                                        Optional.empty(),
                                        OptionalInt.of(254),
                                        new TreeSet<>(Set.of(41, 7))))),
                new ActivationRanges(
                        Map.of(new TensorId("relu"), new ClipRange(0, 6.1f)),
                        Map.of(
                                new TensorId("relu"),
                                new FittedLevels(
                                        "lloyd-max",
                                        2,
                                        new ClipRange(0, 6.1f),
                                        new CodebookGrid(-0.0f, 1f / 3, 2, 6.1f)))),
                Map.of(
                        new TensorId("codes"),
                        new SolvedWeight.Solution(
                                SHA,
                                params,
                                new PackedCodes(4, new byte[] {0x10, (byte) 0xfe, 7}),
                                Optional.of(new SolvedWeight.MovedBias(
                                        new TensorId("bias \"1\""), new float[] {-0.0f, 1f / 3, 1e30f}))),
                        new TensorId("long"),
                        new SolvedWeight.Solution(
                                SHA, levels, new PackedCodes(16, new byte[100_000]), Optional.empty()),
                        new TensorId("nearest"),
                        new SolvedWeight.Nearest(SHA, "it reads values that are no finite numbers")),
                Map.of(
                        all.key(),
                        List.of(
                                new SnapshotScore(SHA, "test.npz", new Task.TopK(1), 500, 1 / 3.0, 0.5, 1L << 40),
                                new SnapshotScore(
                                        SHA, "b.csv", new Task.Regression(Task.Loss.SQUARED), 3, 7, -0.0, 0))));
    }

    @ParameterizedTest
    @CsvSource({
        "\"width\" : 4, \"width\" : 5, 'codes.codes: width: 1, 2, 4, 8 or 16 bits are needed, got 5'",
        "\"EP4H\", \"EP4*\", 'codes.codes.packed[0]: Illegal base64'",
        "\"nearest\" : \"it, '\"width\" : 4, \"nearest\" : \"it', 'a weight that keeps its nearest levels has no codes"
                + " of its own'",
    })
    void damagedCodesAreRefusedByName(String old, String replacement, String complaint) throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);
        String text = Files.readString(file);
        assertThat(text).contains(old);
        Files.writeString(file, text.replace(old, replacement));

        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("s.json")
                .hasMessageContaining(complaint);
    }

    @Test
    void anUnknownMetricIsRefusedWithTheKnownOnes() throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);
        Files.writeString(file, Files.readString(file).replace("\"metric\" : \"mae\"", "\"metric\" : \"f1\""));

        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("metric")
                .hasMessageContaining("top1")
                .hasMessageContaining("f1");
    }

    @Test
    void everyFieldAndClipReadsBackEqual() throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);

        Session session = SessionFile.read(file);

        assertThat(session).isEqualTo(full());
        SessionState read = session.state();
        Clip.Manual manual =
                (Clip.Manual) read.overrides().get(new TensorId("manual")).clip();
        assertThat(Float.floatToRawIntBits(manual.range().lo())).isEqualTo(Float.floatToRawIntBits(-0.0f));
    }

    @Test
    void aScoreSurvivesARenameAndOtherSettingsHaveNone() throws IOException {
        Snapshot snapshot = full().state().snapshots().get(1);

        assertThat(snapshot.named("other").key()).isEqualTo(snapshot.key()).matches("[0-9a-f]{64}");
        assertThat(full().state().snapshots().getFirst().key()).isNotEqualTo(snapshot.key());
        Session renamed = new Session(
                new Edit.RenameSnapshot(snapshot.name(), "other").apply(full().state()),
                ActivationRanges.NONE,
                Map.of(),
                full().scores());
        Path file = folder.resolve("s.json");
        SessionFile.write(renamed, file);
        assertThat(SessionFile.read(file)).isEqualTo(renamed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "\"in float ✓\"; \"W3 \\\"mixed\\\"\"; snapshots[1].name: \"W3 \"mixed\"\" is there twice",
                "\"in float ✓\"; \" blank\"; snapshots[0]",
                "\"samples\" : 500; \"samples\" : 0; snapshots[1].scores[0].samples",
                "\"samples\" : 500; \"sample\" : 500; snapshots[1].scores[0].sample",
                "\"float_score\" : 0.5; \"float_score\" : 1.5; snapshots[1].scores[0]",
                "\"size_bytes\" : 1099511627776; \"size_bytes\" : 0.5; snapshots[1].scores[0].size_bytes",
            })
    void damagedSnapshotsAreRefusedByName(String old, String replacement, String complaint) throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);
        String text = Files.readString(file);
        assertThat(text).contains(old);
        Files.writeString(file, text.replace(old, replacement));

        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(complaint);
    }

    /** Not a part of equality, which is of what the file is. */
    @Test
    void howManySamplesWereUsedReadsBack() throws IOException {
        FileRef data = new FileRef(folder.resolve("c.npz").toAbsolutePath(), SHA, Optional.empty(), OptionalInt.of(64));
        Path file = folder.resolve("s.json");
        SessionFile.write(Session.of(full().state().withCalibrationData(Optional.of(data))), file);

        assertThat(SessionFile.read(file)
                        .state()
                        .calibrationData()
                        .orElseThrow()
                        .samples())
                .hasValue(64);
        assertThat(SessionFile.read(file).state().evaluationData().orElseThrow().samples())
                .isEmpty();
        Files.writeString(file, Files.readString(file).replace("\"samples\" : 64", "\"samples\" : 0"));
        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("calibration_data.samples");
    }

    /** Files from before levels were kept: what was read of them then is read of them now. */
    @Test
    void aFileWithoutLevelsReadsAsOneThatHasNone() throws IOException {
        Path file = folder.resolve("s.json");
        Session full = full();
        Session without = new Session(
                full.state().withCorrections(List.of()).withSnapshots(List.of()),
                ActivationRanges.of(full.ranges().ranges()));
        SessionFile.write(without, file);

        assertThat(Files.readString(file)).doesNotContain("activation_levels");
        assertThat(SessionFile.read(file)).isEqualTo(without);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'scheme':'uniform','bits':2,'lo':0,'hi':1,'levels':[0]}|activation_levels.r: scheme: uniform fits no"
                        + " levels to values",
                "{'scheme':'lloyd','bits':2,'lo':0,'hi':1,'levels':[0]}|activation_levels.r: scheme",
                "{'scheme':'lloyd-max','bits':9,'lo':0,'hi':1,'levels':[0]}|activation_levels.r: bits: lloyd-max has 2"
                        + " to 8, got 9",
                "{'scheme':'lloyd-max','bits':2,'lo':0,'hi':1,'levels':[0,1,2,3,4]}|activation_levels.r: levels: 2"
                        + " bits tell 4 apart, got 5",
                "{'scheme':'lloyd-max','bits':2,'lo':0,'hi':1,'levels':[1,0]}|activation_levels.r.levels: codebook:"
                        + " level 1, 0.0, is not above",
                "{'scheme':'lloyd-max','bits':2,'lo':0,'hi':1,'levels':[]}|activation_levels.r.levels: codebook: at"
                        + " least one level is needed",
                "{'scheme':'lloyd-max','bits':2,'lo':2,'hi':1,'levels':[0]}|activation_levels.r: ",
                "{'scheme':'lloyd-max','bits':2,'lo':0,'levels':[0]}|activation_levels.r.hi",
                "{'scheme':'lloyd-max','bits':2,'lo':0,'hi':1,'level':[0]}|activation_levels.r.level"
            })
    void levelsThatNoFitGivesAreRefused(String levels, String message) throws IOException {
        assertRefused(session("'activation_levels':{'r':" + levels + "}"), message);
    }

    @Test
    void floatsThatStayFloatReadBackAsSuch() throws IOException {
        Session state = Session.of(
                SessionState.of(new FileRef(folder.resolve("m.npy"), SHA)).withWeights(Optional.empty()));
        Path file = folder.resolve("s.json");
        SessionFile.write(state, file);

        assertThat(SessionFile.read(file)).isEqualTo(state);
    }

    @Test
    void theSameStateGivesTheSameBytes() throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);
        byte[] first = Files.readAllBytes(file);
        SessionFile.write(SessionFile.read(file), file);

        assertThat(Files.readAllBytes(file)).isEqualTo(first);
        assertThat(new String(first, StandardCharsets.UTF_8)).endsWith("}\n").doesNotContain("\r");
    }

    @Test
    void nearFilesAreWrittenRelativeAndMoveWithTheSession() throws IOException {
        Path file = folder.resolve("s.json");
        SessionFile.write(full(), file);

        assertThat(Files.readString(file))
                .contains(
                        "\"path\" : \"models/net.onnx\"",
                        "\"path\" : \"../calibration.npz\"",
                        "\"path\" : \"/nowhere/test.npz\"");
        Path other = Files.createDirectories(folder.resolve("moved/here"));
        assertThat(SessionFile.read(Files.move(file, other.resolve("s.json")))
                        .state()
                        .model()
                        .path())
                .isEqualTo(other.resolve("models/net.onnx").toAbsolutePath());
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
        Path missing = folder.resolve("no/such/folder/s.json");

        assertThatThrownBy(() -> SessionFile.write(full(), missing)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> SessionFile.write(full(), folder)).isInstanceOf(IOException.class);
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void writingThroughALinkReplacesTheFileItNames() throws IOException {
        Path real = Files.writeString(folder.resolve("real.json"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link.json"), real);
        SessionFile.write(full(), link);

        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(SessionFile.read(real)).isEqualTo(full());
    }

    @Test
    void theExampleOfTheDocumentationIsWhatIsWritten() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("quantscope.root"), "docs", "config-schema.md"));
        String example = page.substring(page.indexOf("```json\n") + 8, page.indexOf("```\n\n## Rules"));
        Path file = Files.writeString(folder.resolve("example.json"), example);

        Session session = SessionFile.read(file);
        SessionFile.write(session, file);

        String choices = example.substring(0, example.indexOf(",\n  \"resolved\"")) + "\n}\n";
        assertThat(Files.readString(file)).isEqualTo(choices);
        SessionState state = session.state();
        assertThat(state.overrides()).hasSize(3);
        assertThat(state.evaluationData())
                .map(FileRef::path)
                .contains(Path.of("/data/fashion_mnist_test.npz").toAbsolutePath());
    }

    @Test
    void everyFieldOfTheExampleIsExplained() throws IOException {
        String page = Files.readString(Path.of(System.getProperty("quantscope.root"), "docs", "config-schema.md"));
        String explained = page.substring(page.indexOf("## Fields"));

        assertThat(page.substring(0, page.indexOf("## Rules"))
                        .lines()
                        .flatMap(l ->
                                Pattern.compile("\"([a-z_0-9]+)\" :").matcher(l).results())
                        .map(m -> m.group(1)))
                .allSatisfy(field -> assertThat(
                                field.matches("input|relu1|percentile") || explained.contains('`' + field + '`'))
                        .as(field)
                        .isTrue());
    }

    private static final String SPEC =
            "{'scheme':'uniform','bits':8,'signed':true,'symmetric':true,'narrow_range':true,'granularity':'tensor','clip':{'kind':'auto','calibrator':'minmax'}}";

    private void assertRefused(String json, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.json"), json.replace('\'', '"'));
        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("bad.json: " + message);
    }

    private static String session(String more) {
        return "{'format':'quantscope-session','version':1,'model':{'path':'m.onnx','sha256':'" + SHA + "'}"
                + (more.isEmpty() ? "" : "," + more) + "}";
    }

    private static String spec(String from, String to) {
        assertThat(SPEC).contains(from);
        return session("'overrides':{'a.b':" + SPEC.replace(from, to) + "}");
    }

    @Test
    void theLeastThatIsNeededIsReadWithTheRestInFloat() throws IOException {
        Path file = Files.writeString(folder.resolve("least.json"), session("").replace('\'', '"'));

        assertThat(SessionFile.read(file))
                .isEqualTo(Session.of(
                        SessionState.of(new FileRef(folder.resolve("m.onnx").toAbsolutePath(), SHA))
                                .withWeights(Optional.empty())));
    }

    @Test
    void anotherKindOrVersionIsRefusedBeforeItsFields() throws IOException {
        assertRefused("{'color':1}", "format: the field is missing");
        assertRefused("{'color':1,'format':'x','version':1}", "format: \"quantscope-session\" is needed, got \"x\"");
        assertRefused("{'color':1,'format':'quantscope-session'}", "version: the field is missing");
        assertRefused(
                "{'color':1,'format':'quantscope-session','version':2}",
                "version: this program reads version 1, got 2");
        assertRefused("{'format':'quantscope-session','version':1}", "model: the field is missing");
    }

    @Test
    void unknownFieldsAreNamedWithTheirPath() throws IOException {
        assertRefused(session("'colour':1"), "colour: unknown field; known here: format, version, model");
        assertRefused(spec("'bits':8", "'bits':8,'bit s':8"), "overrides[\"a.b\"][\"bit s\"]: unknown field");
        assertRefused(
                session("'weights':" + SPEC.replace("'kind'", "'art':1,'kind'")), "weights.clip.art: unknown field");
        assertRefused(session("'model2':{}"), "model2: unknown field");
    }

    @Test
    void missingFieldsAreNamedWithTheirPath() throws IOException {
        assertRefused(spec("'bits':8,", ""), "overrides[\"a.b\"].bits: the field is missing");
        assertRefused(spec("'kind':'auto',", ""), "overrides[\"a.b\"].clip.kind: the field is missing");
        assertRefused(
                spec("'kind':'auto','calibrator':'minmax'", "'kind':'manual','lo':1"),
                "overrides[\"a.b\"].clip.hi: the field is missing");
        assertRefused(
                spec(
                        "'kind':'auto','calibrator':'minmax'",
                        "'kind':'fixed','granularity':'tensor','scale':[1],'zero_point':[0],'qmin':0"),
                "overrides[\"a.b\"].clip.qmax: the field is missing");
        assertRefused(
                "{'format':'quantscope-session','version':1,'model':{'path':'m'}}",
                "model.sha256: the field is missing");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'bits':8         | 'bits':'8'     | bits: a whole number from 1 to 16 is needed, got \"8\"",
                "'bits':8         | 'bits':8.0     | bits: a whole number from 1 to 16 is needed, got 8.0",
                "'bits':8         | 'bits':17      | bits: a whole number from 1 to 16 is needed, got 17",
                "'bits':8         | 'bits':99999999999999999999999 | bits: a whole number from 1 to 16 is needed, got"
                        + " 99999999999999999999999",
                "'bits':8         | 'bits':null    | bits: a whole number from 1 to 16 is needed, got null",
                "'bits':8         | 'bits':[8]     | bits: a whole number from 1 to 16 is needed, got a list",
                "'signed':true    | 'signed':1     | signed: true or false is needed, got 1",
                "'signed':true    | 'signed':{}    | signed: true or false is needed, got an object",
                "'uniform'        | 'cubic'        | : scheme: cubic is not one of",
                "'minmax'         | 'magic'        | : calibrator: magic is not one of",
                "'minmax'         | 'minmax','options':{'p':'1'} | : clip.options: minmax has no option p",
                "'tensor'         | 'channel:-1'   | granularity: granularity: channel:-1",
                "'tensor'         | 'rows'         | granularity: granularity: tensor, channel[:AXIS] or"
                        + " block:SIZE[:AXIS] is needed, got rows",
                "'kind':'auto'    | 'kind':'magic' | clip: kind \"magic\" is none of auto",
                "'kind':'auto'    | 'kind':'auto','lo':1 | clip: a field does not belong to kind \"auto\"",
                "'kind':'auto','calibrator':'minmax' | 'kind':'manual','lo':2,'hi':1 | clip: clip: lo 2.0 is above hi"
                        + " 1.0",
                "'kind':'auto','calibrator':'minmax' | 'kind':'manual','lo':0,'hi':1e39 | clip.hi: a finite float32 is"
                        + " needed, got 1e39",
                "'kind':'auto','calibrator':'minmax' | 'kind':'manual','lo':0,'hi':NaN | clip.hi: Non-standard token"
                        + " 'NaN'",
                "'kind':'auto','calibrator':'minmax' | 'kind':'manual-per-channel','ranges':[] | clip.ranges: at least"
                        + " one range is needed, got an empty list",
                "'kind':'auto','calibrator':'minmax' |"
                    + " 'kind':'manual-per-channel','ranges':[{'lo':0,'hi':1},{'lo':0,'hi':'x'}] | clip.ranges[1].hi:"
                    + " a number is needed, got \"x\"",
                "'kind':'auto','calibrator':'minmax' |"
                    + " 'kind':'fixed','granularity':'tensor','scale':[0],'zero_point':[0],'qmin':0,'qmax':1 | clip:"
                    + " scale: a finite number above 0 is needed, got 0.0",
                "'kind':'auto','calibrator':'minmax' |"
                    + " 'kind':'fixed','granularity':'tensor','scale':[1,2],'zero_point':[0],'qmin':0,'qmax':1 | clip:"
                    + " scales: 2 scales for 1 zero points",
                "'kind':'auto','calibrator':'minmax' | 'kind':'auto','calibrator':'minmax','options':{'p':99.9} |"
                        + " clip.options.p: a string is needed, got 99.9",
            })
    void wrongValuesAreNamedWithTheirPath(String from, String to, String message) throws IOException {
        assertRefused(spec(from, to), "overrides[\"a.b\"]" + (message.startsWith(":") ? message : "." + message));
    }

    @Test
    void duplicateNamesAreRefused() throws IOException {
        assertRefused(
                spec("'bits':8", "'bits':8,'bits':4"), "overrides[\"a.b\"].bits: Duplicate Object property \"bits\"");
        assertRefused(session("'keep_float':['x','x']"), "keep_float[1]: \"x\" is listed twice");
    }

    @Test
    void hostileFilesAreRefusedWithoutHarm() throws IOException {
        assertRefused("", "content: the file is empty");
        assertRefused("[]", "content: an object is needed, got a list");
        assertRefused("{", "content: Unexpected end-of-input");
        assertRefused(session("") + "{}", "content: there is more behind the end of the value");
        assertRefused("[".repeat(100_000), "content");
        assertRefused(session("'overrides':" + "{'a':".repeat(100_000)), "overrides");
        assertRefused(session("'provenance':" + "[".repeat(100)), "provenance");
        assertRefused(session("'keep_float':['" + "x".repeat(70_000) + "']"), "keep_float[0]");
        assertRefused(
                session("'activation_ranges':{'a':{'lo':0,'hi':1" + "0".repeat(200) + "}}"),
                "activation_ranges.a.hi: Number value length (201)");
        assertRefused(session("'keep_float':['']"), "keep_float[0]: name: a tensor has a name, got an empty one");
        assertRefused(
                "{'format':'quantscope-session','version':1,'model':{'path':'m','sha256':'beef'}}",
                "model.sha256: 64 lower-case hex digits are needed, got \"beef\"");
        assertRefused(
                "{'format':'quantscope-session','version':1,'model':{'path':'\\u0000','sha256':'" + SHA + "'}}",
                "model.path: no file name");

        Path binary = Files.write(folder.resolve("bad.json"), new byte[] {(byte) 0xc3, 0x28, 0, 1, 2});
        assertThatThrownBy(() -> SessionFile.read(binary)).isInstanceOf(BadInputException.class);
    }

    @Test
    void aFileBeyondTheBoundIsRefusedUnread() throws IOException {
        Path huge = folder.resolve("huge.json");
        try (RandomAccessFile f = new RandomAccessFile(huge.toFile(), "rw")) {
            f.setLength(SessionFile.MAX_BYTES + 1);
        }
        assertThatThrownBy(() -> SessionFile.read(huge))
                .isInstanceOf(BadInputException.class)
                .hasMessage("huge.json: size: 134217729 bytes; at most 134217728 are read");
    }
}
