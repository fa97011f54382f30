package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The error at a layer's output, and the calibrator that goes by it, in all commands that have them. */
class OutputMseOptionTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final Path MLP = SAMPLES.resolve("digits_mlp.onnx");
    private static final Path TEST = SAMPLES.resolve("digits_test.npz");
    private static final Path CALIBRATION = SAMPLES.resolve("digits_calibration.npz");

    @TempDir
    private Path folder;

    private static CommandLineRun run(String line, Object... more) {
        return CommandLineRun.of(Stream.concat(Stream.of((Object[]) line.split(" +")), Stream.of(more))
                .toArray());
    }

    private static JsonNode error(String options) {
        return run("error " + MLP + " --tensor 2.weight --bits 3 --json --calibration-data " + CALIBRATION + " "
                        + options)
                .json();
    }

    @Test
    void theCurveHoldsTheErrorAtTheOutputAndItsLeastClip() {
        JsonNode curve = run("curve " + MLP + " --tensor 2.weight --bits 3 --points 20 --json --calibration-data "
                        + CALIBRATION)
                .json();

        JsonNode least = null;
        for (JsonNode pin : curve.get("calibrators")) {
            assertThat(pin.has("output_sqnr_db")).isTrue();
            least = pin.get("id").asString().equals("output-mse") ? pin : least;
        }
        assertThat(least).isNotNull();
        JsonNode chosen = error("--calibrator output-mse");
        for (String name : List.of("clip", "output_mse", "output_sqnr_db", "mse")) {
            assertThat(least.get(name)).as(name).isEqualTo(chosen.get(name));
        }
        for (JsonNode point : curve.get("points")) {
            assertThat(point.get("output_mse").asDouble())
                    .isGreaterThanOrEqualTo(least.get("output_mse").asDouble());
        }
        JsonNode last = curve.get("points").get(19);
        JsonNode whole = error("");
        assertThat(last.get("output_mse").asDouble())
                .isCloseTo(whole.get("output_mse").asDouble(), within(1e-12));
        assertThat(whole.get("output_mse").asDouble() / chosen.get("output_mse").asDouble())
                .isGreaterThan(2);
    }

    /** The config holds the choice; its ranges are found again on the data that it records. */
    @Test
    void everyCommandChoosesTheSame() {
        Path config = folder.resolve("c.json");
        assertThat(run(
                                "calibrate " + MLP + " --data " + CALIBRATION + " --weights 3 --calibrator output-mse",
                                "-o",
                                config)
                        .code())
                .isZero();
        String eval = "eval " + MLP + " --data " + TEST + " --limit 100 --json ";
        JsonNode byConfig = run(eval + "--config", config).json();
        JsonNode byOptions = run(eval + "--weights 3 --calibrator output-mse --calibration-data " + CALIBRATION)
                .json();
        JsonNode plain = run(eval + "--weights 3").json();
        CommandLineRun exported = run(
                "export " + MLP + " --format onnx-qdq --json --limit 100 --data " + TEST + " --config",
                config,
                "-o",
                folder.resolve("q.onnx"));

        assertThat(byConfig.get("logit_sqnr_db")).isEqualTo(byOptions.get("logit_sqnr_db"));
        assertThat(byConfig.get("logit_sqnr_db").asDouble())
                .isGreaterThan(plain.get("logit_sqnr_db").asDouble() + 1);
        assertThat(exported.json().get("verified").get("accuracy"))
                .isEqualTo(byConfig.get("quantized").get("accuracy"));
        assertThat(exported.json().get("verified").get("live_agreement").asDouble())
                .isEqualTo(1);
    }

    @Test
    void sensitivityHoldsTheErrorOfEachLayer() {
        JsonNode report = run("sensitivity " + MLP + " --data " + TEST
                        + " --limit 20 --weights 3 --json --calibration-data " + CALIBRATION)
                .json();

        for (JsonNode tensor : report.get("tensors")) {
            if (tensor.get("name").asString().equals("2.weight")) {
                assertThat(tensor.get("output_mse")).isEqualTo(error("").get("output_mse"));
                assertThat(tensor.get("layer_output_sqnr_db"))
                        .isEqualTo(error("").get("output_sqnr_db"));
            }
            assertThat(tensor.has("output_mse")).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "eval MLP --data TEST --weights 3 --calibrator output-mse",
                "eval MLP --data TEST --weights 3 --activations 8 --activation-calibrator output-mse --calibration-data"
                        + " CAL",
                "sensitivity MLP --data TEST --weights 3 --calibrator output-mse",
                "calibrate MLP --weights 3 --calibrator output-mse -o OUT",
                "calibrate MLP --data CAL --activations 8 --activation-calibrator output-mse -o OUT",
                "error MLP --tensor 2.weight --calibrator output-mse",
                "curve MLP --tensor 2.weight --calibrator output-mse",
                "error MLP --tensor 2.bias --calibrator output-mse --calibration-data CAL",
            })
    void whereItCannotChooseItSaysWhy(String line) {
        CommandLineRun refused = run(line.replace("MLP", MLP.toString())
                .replace("TEST", TEST.toString())
                .replace("CAL", CALIBRATION.toString())
                .replace("OUT", folder.resolve("o.json").toString()));

        assertThat(refused.code()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.err().lines()).hasSize(1);
        assertThat(refused.err()).containsAnyOf("calibration data", "for weights", "no layer multiplies");
    }
}
