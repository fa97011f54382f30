package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.cli.CommandLineRun.names;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;

class CurveCommandTest {
    /** The calibrators that need no importances. */
    private static final List<String> UNWEIGHTED = Calibrators.all().stream()
            .filter(c -> !c.isForWeights())
            .map(Calibrator::id)
            .toList();

    @TempDir
    Path folder;

    private static List<String> ids(JsonNode curve) {
        return curve.get("calibrators")
                .valueStream()
                .map(c -> c.get("id").asString())
                .toList();
    }

    /**
     * If importances are known, the weighted error is among the calibrators and has the clip that the {@code error}
     * command finds.
     */
    @Test
    void theWeightedErrorIsAmongThemWhereImportancesAreKnown() throws IOException {
        Path file = npy(10, 100);
        float[] h = new float[100];
        h[7] = 1;
        Path fisher = Files.write(
                folder.resolve("h.npz"),
                ArrayFiles.zip(true, Map.of("w.npy", ArrayFiles.npy("<f4", "(100,)", ArrayFiles.f4(h)))));
        String weighted = "weighted-mse:importance=" + fisher;
        JsonNode curve = CommandLineRun.of(
                        "curve", file, "--bits", 3, "--points", 4, "--calibrator", weighted, "--json")
                .json();
        JsonNode error = CommandLineRun.of("error", file, "--bits", 3, "--calibrator", weighted, "--json")
                .json();

        assertThat(ids(curve)).containsAll(UNWEIGHTED).contains("weighted-mse").doesNotContain("output-mse");
        JsonNode pin = curve.get("calibrators").get(ids(curve).indexOf("weighted-mse"));
        assertThat(pin.get("clip")).isEqualTo(error.get("clip"));
        assertThat(pin.get("mse")).isEqualTo(error.get("mse"));
        assertThat(error.get("clip"))
                .isNotEqualTo(CommandLineRun.of("error", file, "--bits", 3, "--calibrator", "mse", "--json")
                        .json()
                        .get("clip"));
    }

    @Test
    void theWeightedErrorWithoutImportancesIsRefused() throws IOException {
        CommandLineRun none = run("error --calibrator weighted-mse", npy(2, 3));
        assertThat(none.code()).isEqualTo(ExitCode.USAGE);
        assertThat(none.err()).contains("importance of w is not known").contains("importance=FILE");

        Path other = Files.write(
                folder.resolve("h.npz"),
                ArrayFiles.zip(false, Map.of("w.npy", ArrayFiles.npy("<f4", "(4,)", ArrayFiles.f4(1, 2, 3, 4)))));
        CommandLineRun bad = run("error --calibrator weighted-mse:importance=" + other, npy(2, 3));
        assertThat(bad.code()).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(bad.err()).contains("h.npz").contains("w:").contains("got 4");
    }

    private Path npy(int rows, int columns) throws IOException {
        var random = new Random(4);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Files.write(
                folder.resolve("w.npy"),
                ArrayFiles.npy("<f4", "(" + rows + "," + columns + ")", ArrayFiles.f4(values)));
    }

    private static CommandLineRun run(String line, Path file) {
        return CommandLineRun.of(
                Stream.concat(Stream.of(line.split(" +")), Stream.of(file)).toArray());
    }

    @Test
    void everyFieldIsThereAndEveryPointIsWhatErrorSays() throws IOException {
        Path file = npy(10, 100);
        JsonNode json = CommandLineRun.of("curve", file, "--bits", "4", "--points", "5", "--json")
                .json();

        assertThat(names(json)).containsExactly("tensor", "points", "calibrators", "left_float");
        assertThat(json.get("tensor").asString()).isEqualTo("w");
        assertThat(json.get("points")).hasSize(5);
        for (JsonNode point : json.get("points")) {
            assertThat(names(point)).containsExactly("clip", "mse", "clipping_mse", "rounding_mse");
            String hi = point.get("clip").get("hi").toString();
            JsonNode error = CommandLineRun.of("error", file, "--bits", "4", "--clip", "-" + hi + "," + hi, "--json")
                    .json();
            assertThat(point.get("mse").asDouble()).isEqualTo(error.get("mse").asDouble());
            assertThat(point.get("clipping_mse").asDouble()
                            + point.get("rounding_mse").asDouble())
                    .isCloseTo(point.get("mse").asDouble(), within(1e-12));
        }
        assertThat(ids(json)).isEqualTo(UNWEIGHTED).doesNotContain("weighted-mse");
        double least = Double.POSITIVE_INFINITY;
        for (JsonNode calibrator : json.get("calibrators")) {
            assertThat(names(calibrator)).containsExactly("id", "clip", "mse");
            least = Math.min(least, calibrator.get("mse").asDouble());
            if (calibrator.get("id").asString().equals("minmax")) {
                assertThat(calibrator.get("mse").asDouble())
                        .isEqualTo(json.get("points").get(4).get("mse").asDouble());
            }
        }
        JsonNode mse = CommandLineRun.of("error", file, "--bits", "4", "--calibrator", "mse", "--json")
                .json()
                .get("mse");
        assertThat(mse.asDouble()).isEqualTo(least);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--scheme mxfp4",
                "--scheme nvfp4",
                "--granularity channel",
                "--granularity block:32",
                "--scheme lloyd-max --bits 3",
                "--scheme binary",
                "--scheme log2 --bits 4",
                "--asymmetric"
            })
    void everySchemeAndGranularityHasACurve(String options) throws IOException {
        JsonNode json = run("curve --points 8 --json " + options, npy(4, 64)).json();

        assertThat(json.get("points")).hasSize(8);
        assertThat(ids(json)).isEqualTo(UNWEIGHTED);
        boolean several = options.contains("mx") || options.contains("nv") || options.contains("granularity");
        assertThat(json.get("points").get(0).get("clip").isArray()).isEqualTo(several);
    }

    @Test
    void zerosHaveNoCurve() throws IOException {
        Path file = Files.write(folder.resolve("z.npy"), ArrayFiles.npy("<f4", "(4,)", ArrayFiles.f4(0, 0, 0, 0)));
        JsonNode json = CommandLineRun.of("curve", file, "--json").json();

        assertThat(json.get("points")).isEmpty();
        assertThat(json.get("calibrators").get(0).get("mse").asDouble()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "curve --clip -1,1                            | --clip does not apply",
                "curve --points 0                             | --points",
                "error --scheme nf4 --bits 8                  | nf4 has 4, got 8",
                "error --scheme lloyd-max --symmetric         | do not apply to lloyd-max",
                "error --scheme lloyd-max --signed            | do not apply to lloyd-max",
                "error --scheme lloyd-max --full-range        | do not apply to lloyd-max",
                "error --scheme mxfp4 --granularity tensor    | block:32",
                "error --scheme nf4 --clip -1,2               | LO = -HI",
                "error --bits 1                               | 2 to 16",
                "error --scheme weighted                      | is not one of",
            })
    void whatDoesNotApplyIsWrongUsage(String line, String complaint) throws IOException {
        CommandLineRun run = run(line, npy(2, 64));

        assertThat(run.code()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains(complaint);
    }

    /** Rows NF4 and MXFP4 of the golden vectors, with their bits per weight. */
    @ParameterizedTest
    @CsvSource({"nf4, 2.53990e-3, 24.642, 8", "mxfp4, 2.05078e-3, 25.570, 5"})
    void errorOfACodebookIsThatOfTheTables(String scheme, double mse, double sqnr, double bits) throws IOException {
        Path file = Files.write(
                folder.resolve("micro.npy"),
                ArrayFiles.npy("<f4", "(8,)", ArrayFiles.f4(-1, -0.3f, -0.0625f, 0, 0.1f, 0.5f, 0.75f, 2)));
        JsonNode json =
                CommandLineRun.of("error", file, "--scheme", scheme, "--json").json();

        assertThat(json.get("mse").asDouble()).isCloseTo(mse, within(1e-8));
        assertThat(json.get("sqnr_db").asDouble()).isCloseTo(sqnr, within(1e-3));
        assertThat(json.get("bits").asInt()).isEqualTo(4);
        assertThat(json.get("bits_per_weight").asDouble()).isEqualTo(bits);
        assertThat(json.get("zero_point")).isEmpty();
        assertThat(Math.abs(json.get("estimate").get("mse").asDouble() - mse))
                .isLessThan(1e-8 + json.get("estimate").get("bound").asDouble());
    }
}
