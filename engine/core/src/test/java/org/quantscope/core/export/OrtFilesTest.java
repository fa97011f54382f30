package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.BadInputException;
import org.quantscope.core.ProductVersion;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.TinyOnnx;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

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
        model = new TinyOnnx(13).input("x", -1, 2).weight("w", Shape.of(2, 3), 1, -2, 3, -4, 5, -6).node("MatMul", List.of("x", "w"), List.of("y")).output("y", -1, 3).open(folder);
    }

    private ExportPlan plan(QuantParams x, QuantParams y, QuantParams w) {
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64))).withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        return new ExportPlan(model, state, Map.of(W, w), Map.of(X, x, Y, y));
    }

    private static QuantParams tensor(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }

    /** x is [−8, 1] in 8 unsigned bits, y symmetric in 8 signed ones, w per channel. */
    private ExportPlan plan() {
        QuantParams w = new QuantParams(new Granularity.PerChannel(1), new float[] {0.03125f, 0.0625f, 1e-5f}, new int[3], -127, 127);
        return plan(tensor(9 / 255f, 227, 0, 255), tensor(0.125f, 128, 0, 255), w);
    }

    @ParameterizedTest
    @CsvSource({"ort-overrides, ''", "ort-overrides, .args", "ort-overrides-py, ''", "ort-calibration-json, ''", "ort-calibration-text, ''", "ort-calibration-text, .flatbuffers"})
    void filesAreTheSameByteForByte(String format, String part) throws IOException {
        Path file = folder.resolve("out");
        Exporters.export(Exporters.byId(format), plan(), file, NEVER);
        byte[] written = Files.readAllBytes(folder.resolve("out" + part));
        String version = ProductVersion.current();
        String golden = format + part;
        try (InputStream in = OrtFilesTest.class.getResourceAsStream("ort/" + golden)) {
            assertThat(in).as("golden " + golden).isNotNull();
            byte[] wanted = Objects.requireNonNull(in).readAllBytes();
            if (format.equals("ort-overrides-py")) {
                assertThat(new String(written, StandardCharsets.UTF_8).replace(version, "VERSION")).isEqualTo(new String(wanted, StandardCharsets.UTF_8));
            } else {
                assertThat(written).isEqualTo(wanted);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"onnx-qdq", "onnx-matmulnbits", "ort-overrides", "ort-overrides-py", "ort-calibration-json", "ort-calibration-text"})
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
            assertThat(p.fix().orElseThrow().apply(mixed.state()).overrides().get(Y).signed()).isTrue();
        });
        assertThat(Exporters.byId("ort-overrides-py").check(mixed)).isEmpty();
    }

    @Test
    void blocksAndOddWidthsOfActivationsAreErrors() {
        QuantParams blocks = new QuantParams(new Granularity.PerBlock(0, 1), new float[] {1, 1, 1, 1, 1, 1}, new int[6], -8, 7);
        ExportPlan plan = plan(tensor(1, 0, 0, 7), tensor(1, 0, 0, 255), blocks);
        for (String format : List.of("ort-overrides", "ort-overrides-py")) {
            assertThat(Exporters.byId(format).check(plan)).filteredOn(p -> p.severity() == Severity.ERROR).extracting(ExportProblem::tensor).containsExactly("x", "w");
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
        assertThat(read.specs()).isEqualTo(Map.of(
                X, QuantSpec.ACTIVATIONS.withBits(16).withClip(new Clip.Manual(new ClipRange(-1.5f, 3))),
                Y, QuantSpec.ACTIVATIONS.withSigned(true).withSymmetric(true).withNarrowRange(true).withClip(new Clip.Manual(ClipRange.symmetric(2))),
                W, QuantSpec.WEIGHTS.withNarrowRange(false).withSymmetric(false).withGranularity(new Granularity.PerChannel(1))
                        .withClip(new Clip.Fixed(new QuantParams(new Granularity.PerChannel(1), new float[] {1, 2, 4}, new int[] {0, 0, 3}, -128, 127)))));
        assertThat(read.unmatched()).singleElement().satisfies(u -> {
            assertThat(u.name()).isEqualTo("v");
            assertThat(u.near()).contains("w");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "[]", "{\"x\": [{\"scale\": 1}]}", "{\"x\": [{\"rmin\": 1}]}", "{\"x\": [{\"scale\": 1, \"zero_point\": 0, \"rmin\": 0, \"rmax\": 1}]}",
        "{\"x\": [{\"scale\": 0, \"zero_point\": 0}]}", "{\"x\": [{\"scale\": 1, \"zero_point\": 300}]}", "{\"x\": [{\"scale\": 1, \"zero_point\": 0}, {\"scale\": 1, \"zero_point\": 0}]}",
        "{\"w\": [{\"axis\": 1, \"scale\": 1, \"zero_point\": 0}, {\"scale\": 1, \"zero_point\": 0}]}", "{\"w\": [{\"axis\": 2, \"scale\": 1, \"zero_point\": 0}]}", "{\"x\": [{\"skale\": 1}]}"})
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
        assertThat(read.specs()).isEqualTo(Map.of(
                X, QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-1.5f, 3))), Y, QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0.1f, 0.5f)))));
        assertThat(read.notes()).containsExactly("ranges by CalibrationMethod.MinMax");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "x nan", "x -1", "x 1\nx 1"})
    void aTableThatIsNoneIsRefused(String text) {
        assertThatThrownBy(() -> read("ort-calibration-text", text)).isInstanceOf(BadInputException.class).hasMessageContaining("line");
    }
}
