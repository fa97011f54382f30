package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** The files of ONNX Runtime's tools, byte for byte, and what reading them gives. */
class OrtFilesTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId X = new TensorId("x");
    private static final TensorId Y = new TensorId("y");
    private static final TensorId W = new TensorId("w");

    @TempDir
    private Path folder;

    private Model model;

    @BeforeEach
    void open() throws IOException {
        model = new TinyOnnx(13)
                .input("x", -1, 2)
                .weight("w", Shape.of(2, 3), 1, -2, 3, -4, 5, -6)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .output("y", -1, 3)
                .open(folder);
    }

    private ExportPlan plan(QuantParams x, QuantParams y, QuantParams w) {
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        return new ExportPlan(model, state, Map.of(W, w), Map.of(X, x, Y, y));
    }

    private static QuantParams tensor(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }

    /** x is [−8, 1] in 8 unsigned bits, y symmetric in 8 signed ones, w per channel. */
    private ExportPlan plan() {
        QuantParams w = new QuantParams(
                new Granularity.PerChannel(1), new float[] {0.03125f, 0.0625f, 1e-5f}, new int[3], -127, 127);
        return plan(tensor(9 / 255f, 227, 0, 255), tensor(0.125f, 128, 0, 255), w);
    }

    @ParameterizedTest
    @CsvSource({
        "ort-overrides, ''",
        "ort-overrides, .args",
        "ort-overrides-py, ''",
        "ort-calibration-json, ''",
        "ort-calibration-text, ''",
        "ort-calibration-text, .flatbuffers"
    })
    void filesAreTheSameByteForByte(String format, String part) throws IOException {
        Path file = folder.resolve("out");
        Exporters.export(Exporters.byId(format), plan(), file, NEVER);
        byte[] written = Files.readAllBytes(folder.resolve("out" + part));
        String version = ProductVersion.current();
        String golden = format + part;
        try (InputStream in = OrtFilesTest.class.getResourceAsStream("ort/" + golden)) {
            assertThat(in).as("golden " + golden).isNotNull();
            byte[] wanted = Objects.requireNonNull(in).readAllBytes();
            if (List.of("ort-overrides-py", "ort-calibration-json").contains(format)) {
                assertThat(new String(written, StandardCharsets.UTF_8).replace(version, "VERSION"))
                        .isEqualTo(new String(wanted, StandardCharsets.UTF_8));
            } else {
                assertThat(written).isEqualTo(wanted);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "onnx-qdq",
                "onnx-matmulnbits",
                "ort-overrides",
                "ort-overrides-py",
                "ort-calibration-json",
                "ort-calibration-text"
            })
    void writingTwiceGivesTheSameBytes(String format) throws IOException {
        Exporters.export(Exporters.byId(format), plan(), folder.resolve("first"), NEVER);
        Exporters.export(Exporters.byId(format), plan(), folder.resolve("second"), NEVER);
        assertThat(folder.resolve("second")).hasSameBinaryContentAs(folder.resolve("first"));
    }

    @Test
    void theFartherEndOfARangeIsTheLargestAbsoluteValue() throws IOException {
        ExportPlan plan = plan();
        assertThat(Exporters.byId("ort-calibration-text").check(plan)).first().satisfies(p -> {
            assertThat(p.tensor()).isEqualTo("x");
            assertThat(p.severity()).isEqualTo(Severity.WARNING);
            assertThat(p.why()).contains("±8.0");
            assertThat(p.fix()).isPresent();
        });
        Exporters.export(Exporters.byId("ort-calibration-text"), plan, folder.resolve("t.cache"), NEVER);
        assertThat(Files.readString(folder.resolve("t.cache"))).startsWith("x 8.0");
    }

    @Test
    void tensorsOfAnotherTypeThanMostAreErrorsInTheRunnersFileOnly() {
        QuantParams w = tensor(0.5f, 0, -8, 7);
        ExportPlan mixed = plan(tensor(1, 0, -128, 127), tensor(1, 0, 0, 255), w);

        assertThat(Exporters.byId("ort-overrides").check(mixed)).singleElement().satisfies(p -> {
            assertThat(p.tensor()).isEqualTo("y");
            assertThat(p.why()).contains("uint8").contains("int8");
            assertThat(p.fix()
                            .orElseThrow()
                            .apply(mixed.state())
                            .overrides()
                            .get(Y)
                            .signed())
                    .isTrue();
        });
        assertThat(Exporters.byId("ort-overrides-py").check(mixed)).isEmpty();
    }

    @Test
    void blocksAndOddWidthsOfActivationsAreErrors() {
        QuantParams blocks =
                new QuantParams(new Granularity.PerBlock(0, 1), new float[] {1, 1, 1, 1, 1, 1}, new int[6], -8, 7);
        ExportPlan plan = plan(tensor(1, 0, 0, 7), tensor(1, 0, 0, 255), blocks);
        for (String format : List.of("ort-overrides", "ort-overrides-py")) {
            assertThat(Exporters.byId(format).check(plan))
                    .filteredOn(p -> p.severity() == Severity.ERROR)
                    .extracting(ExportProblem::tensor)
                    .containsExactly("x", "w");
        }
    }

    private Imported read(String format, String text) throws IOException {
        return Importers.byId(format).read(Files.writeString(folder.resolve("in"), text), model, NEVER);
    }

    @Test
    void overridesAreReadInBothShapes() throws IOException {
        Imported read = read("ort-overrides", """
            {"x": [{"quant_type": "QUInt16", "rmin": -1.5, "rmax": 3}],
             "y": [{"symmetric": true, "quant_type": 0, "rmin": -1, "rmax": 2}],
             "w": {"axis": -1, "scale": [1, 2, 4], "zero_point": [0, 0, 3]},
             "v": [{"scale": 1, "zero_point": 0}]}
            """);
        assertThat(read.specs())
                .isEqualTo(Map.of(
                        X, QuantSpec.ACTIVATIONS.withBits(16).withClip(new Clip.Manual(new ClipRange(-1.5f, 3))),
                        Y,
                                QuantSpec.ACTIVATIONS
                                        .withSigned(true)
                                        .withSymmetric(true)
                                        .withRestrictedRange(true)
                                        .withClip(new Clip.Manual(ClipRange.symmetric(2))),
                        W,
                                QuantSpec.WEIGHTS
                                        .withRestrictedRange(false)
                                        .withSymmetric(false)
                                        .withGranularity(new Granularity.PerChannel(1))
                                        .withClip(new Clip.Fixed(new QuantParams(
                                                new Granularity.PerChannel(1),
                                                new float[] {1, 2, 4},
                                                new int[] {0, 0, 3},
                                                -128,
                                                127)))));
        assertThat(read.unmatched()).singleElement().satisfies(u -> {
            assertThat(u.name()).isEqualTo("v");
            assertThat(u.near()).contains("w");
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"x\": [{\"scale\": 1}]}",
                "{\"x\": [{\"rmin\": 1}]}",
                "{\"x\": [{\"scale\": 1, \"zero_point\": 0, \"rmin\": 0, \"rmax\": 1}]}",
                "{\"x\": [{\"scale\": 0, \"zero_point\": 0}]}",
                "{\"x\": [{\"scale\": 1, \"zero_point\": 300}]}",
                "{\"x\": [{\"scale\": 1, \"zero_point\": 0}, {\"scale\": 1, \"zero_point\": 0}]}",
                "{\"w\": [{\"axis\": 1, \"scale\": 1, \"zero_point\": 0}, {\"scale\": 1, \"zero_point\": 0}]}",
                "{\"w\": [{\"axis\": 2, \"scale\": 1, \"zero_point\": 0}]}",
                "{\"x\": [{\"skale\": 1}]}"
            })
    void overridesThatOnnxRuntimeWouldNotTakeAreRefused(String text) {
        assertThatThrownBy(() -> read("ort-overrides", text)).isInstanceOf(BadInputException.class);
    }

    /** Written by {@code save_tensors_data} of ONNX Runtime 1.30. */
    @Test
    void aCalibrationCacheOfOnnxRuntimeIsRead() throws IOException {
        Imported read = read("ort-calibration-json", """
            {"CLS": "TensorsData", "data": {"x": {"lowest": {"data": -1.5, "dtype": "float32", "CLS": "numpy.array"}, "highest": {"data": 3.0, "dtype": "float32", "CLS": "numpy.array"}, \
            "CLS": "TensorData"}, "y": {"lowest": {"data": [0.10000000149011612], "dtype": "float32", "CLS": "numpy.array"}, \
            "highest": {"data": [1.0000000116860974e-07], "dtype": "float32", "CLS": "numpy.array"}, "CLS": "TensorData"}}, \
            "calibration_method": {"CLS": "CalibrationMethod", "value": "CalibrationMethod.MinMax"}, "smooth_quant": false}
            """.replace("1.0000000116860974e-07", "0.5"));
        assertThat(read.specs())
                .isEqualTo(Map.of(
                        X,
                        QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-1.5f, 3))),
                        Y,
                        QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0.1f, 0.5f)))));
        assertThat(read.notes()).containsExactly("ranges by CalibrationMethod.MinMax");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "x nan", "x -1", "x 1\nx 1"})
    void aTableThatIsNoneIsRefused(String text) {
        assertThatThrownBy(() -> read("ort-calibration-text", text))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("line");
    }

    /** Lowest and highest by tensor, in the order of a calibration cache. */
    private Map<String, List<Float>> ranges(ExportPlan plan) throws IOException {
        Exporters.export(Exporters.byId("ort-calibration-json"), plan, folder.resolve("ranges.json"), NEVER);
        Map<String, List<Float>> ranges = new LinkedHashMap<>();
        Matcher entry = Pattern.compile(
                        "\"([^\"]+)\" : \\{\\s*\"lowest\" : \\{\\s*\"data\" : ([^,]+),[^}]+\\},\\s*\"highest\" :"
                                + " \\{\\s*\"data\" : ([^,]+),")
                .matcher(Files.readString(folder.resolve("ranges.json")));
        while (entry.find()) {
            ranges.put(entry.group(1), List.of(Float.valueOf(entry.group(2)), Float.valueOf(entry.group(3))));
        }
        return ranges;
    }

    /** quantize_static stops at the first value without a range: c is between Conv and Relu, f is behind Flatten. */
    @Test
    void valuesThatShareParametersHaveTheRangeOfTheirOwner() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        List<Float> clamped = List.of(0f, 2.55f);

        assertThat(ranges(plan))
                .containsExactly(
                        Map.entry("x", List.of(-1f, 1.55f)),
                        Map.entry("c", clamped),
                        Map.entry("r", clamped),
                        Map.entry("f", clamped),
                        Map.entry("y", List.of(-2f, 3.1f)));
        Exporters.export(Exporters.byId("ort-calibration-text"), plan, folder.resolve("t.cache"), NEVER);
        assertThat(Files.readString(folder.resolve("t.cache"))).isEqualTo("c 2.55\nf 2.55\nr 2.55\nx 1.55\ny 3.1\n");
        for (String format : List.of("ort-calibration-json", "ort-calibration-text")) {
            Path file = folder.resolve(format.equals("ort-calibration-text") ? "t.cache" : "ranges.json");
            assertThat(Importers.byId(format).read(file, plan.model(), NEVER).unmatched())
                    .as(format)
                    .isEmpty();
        }
    }

    @Test
    void aRangeOfItsOwnForASharedValueIsListedWithTheReason() throws IOException {
        Path file = Files.writeString(folder.resolve("in"), "x 1\nc 7\nr 2\nf 2\n");

        assertThat(Importers.byId("ort-calibration-text")
                        .read(file, TinyPlan.model(folder), NEVER)
                        .unmatched())
                .singleElement()
                .satisfies(u -> {
                    assertThat(u.name()).isEqualTo("c");
                    assertThat(u.why()).contains("inside a layer").contains("Relu");
                });
    }

    @Test
    void whatIsFloatHereHasTheRangeThatWasSeenOrIsAnError() throws IOException {
        ExportPlan tiny = TinyPlan.of(folder);
        ExportPlan seen = TinyPlan.of(tiny.model(), tiny.state().withKeptFloat(Set.of(Y)));
        ExportPlan unseen = TinyPlan.of(
                tiny.model(),
                seen.state(),
                Map.of(X, new ClipRange(-1, 1.55f), new TensorId("r"), new ClipRange(0, 2.55f)));

        assertThat(ranges(seen)).containsEntry("y", List.of(-2f, 3.1f));
        Imported back = Importers.byId("ort-calibration-json").read(folder.resolve("ranges.json"), seen.model(), NEVER);
        assertThat(back.specs().keySet()).containsExactlyInAnyOrder(X, new TensorId("r"));
        assertThat(back.unmatched()).isEmpty();
        assertThat(back.notes()).anyMatch(note -> note.startsWith("1 range is of what was float"));
        assertThat(Exporters.byId("ort-calibration-json").check(seen))
                .singleElement()
                .satisfies(p -> {
                    assertThat(p.severity()).isEqualTo(Severity.WARNING);
                    assertThat(p.why()).startsWith("y is float here");
                });
        assertThat(ranges(unseen)).doesNotContainKey("y");
        assertThat(Exporters.byId("ort-calibration-json").check(unseen))
                .extracting(ExportProblem::severity)
                .containsExactly(Severity.ERROR);
    }

    @Test
    void theFloatModelIsRunForWhatIsFloatHereAndHasNotBeenSeen() throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples"));
        Model mlp = Engine.open(samples.resolve("digits_mlp.onnx"), true);
        FileRef data = FileRef.ofData(samples.resolve("digits_calibration.npz"), NEVER);
        List<TensorInfo> activations = mlp.graph().orElseThrow().activations();
        TensorId hidden = activations.get(1).id();
        MomentSketch sketch = Objects.requireNonNull(
                Engine.observe(mlp, List.of(hidden), data.openUnchanged("data", NEVER), Progress.NONE, NEVER)
                        .get(hidden));
        SessionState state = SessionState.of(new FileRef(mlp.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 1)))))
                .withKeptFloat(Set.of(hidden));

        assertThat(ranges(TinyPlan.of(mlp, state.withCalibrationData(Optional.of(data)), Map.of())))
                .containsEntry(hidden.name(), List.of(sketch.min(), sketch.max()));
        assertThat(ranges(TinyPlan.of(mlp, state, Map.of()))).doesNotContainKey(hidden.name());
        FileRef fewer = new FileRef(data.path(), data.sha256(), Optional.empty(), OptionalInt.of(3));
        MomentSketch ofFewer = Objects.requireNonNull(Engine.observe(
                        mlp, List.of(hidden), data.openUnchanged("data", NEVER).limit(3), Progress.NONE, NEVER)
                .get(hidden));
        assertThat(ofFewer.max()).isLessThan(sketch.max());
        assertThat(ranges(TinyPlan.of(mlp, state.withCalibrationData(Optional.of(fewer)), Map.of())))
                .containsEntry(hidden.name(), List.of(ofFewer.min(), ofFewer.max()));
        ExportPlan changed = TinyPlan.of(
                mlp, state.withCalibrationData(Optional.of(new FileRef(data.path(), "0".repeat(64)))), Map.of());
        assertThatThrownBy(() -> ranges(changed))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("calibration_data");
    }

    @Test
    void theRangeThatTheQuantizerGivesASoftmaxIsTold() throws IOException {
        Model softmax = new TinyOnnx(13)
                .input("x", -1, 2)
                .node("Softmax", List.of("x"), List.of("s"))
                .output("s", -1, 2)
                .open(folder);
        SessionState state = SessionState.of(new FileRef(softmax.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Map<TensorId, ClipRange> ranges = Map.of(X, new ClipRange(-1, 1), new TensorId("s"), new ClipRange(0, 0.5f));
        ExportPlan plan = TinyPlan.of(softmax, state, ranges);

        assertThat(Exporters.byId("ort-calibration-json").check(plan))
                .singleElement()
                .satisfies(p -> {
                    assertThat(p.why()).contains("0.0 to 0.5").contains("Softmax");
                    assertThat(Exporters.byId("ort-calibration-json")
                                    .check(TinyPlan.of(
                                            softmax, p.fix().orElseThrow().apply(state), ranges)))
                            .isEmpty();
                });
    }

    /** What a Constant node gives is no initializer, and to the quantizer an activation like another. */
    @Test
    void aConstantNodeHasTheRangeOfItsValues() throws IOException {
        Model constant = new TinyOnnx(13)
                .input("x", -1, 2)
                .constantNode("k", Shape.of(1), -0.5f, 3)
                .node("Add", List.of("x", "k"), List.of("a"))
                .weight("w", Shape.of(2, 3), 1, -2, 3, -4, 5, -6)
                .node("MatMul", List.of("a", "w"), List.of("y"))
                .output("y", -1, 3)
                .open(folder);
        SessionState state = SessionState.of(new FileRef(constant.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 1)))));
        ExportPlan plan = TinyPlan.of(constant, state, Map.of(X, new ClipRange(-1, 1)));

        float k = constant.find(new TensorId("k")).orElseThrow().data().toFloats()[0];

        assertThat(ranges(plan)).containsEntry("k", List.of(k, k));
        assertThat(Importers.byId("ort-calibration-json")
                        .read(folder.resolve("ranges.json"), constant, NEVER)
                        .unmatched())
                .extracting(Imported.Unmatched::name)
                .doesNotContain("k");
    }
}
