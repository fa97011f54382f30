package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.cli.CommandLineRun.names;
import static org.quantscope.cli.CommandLineRun.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ModelCommandsTest {
    private static final Path MLP = sample("digits_mlp.onnx");
    private static final Path TEST = sample("digits_test.npz");
    private static final Path CALIBRATION = sample("digits_calibration.npz");

    @TempDir
    Path folder;

    @Test
    void inspectListsWhatIsStoredWithStatisticsAndActivationsWithout() {
        JsonNode json = CommandLineRun.of("inspect", sample("fashion_lenet.onnx"), "--json")
                .json();

        assertThat(names(json)).containsExactly("format", "sha256", "opset", "tensors", "left_float");
        assertThat(json.get("format").asString()).isEqualTo("onnx");
        assertThat(json.get("sha256").asString()).matches("[0-9a-f]{64}");
        assertThat(json.get("opset").asInt()).isEqualTo(13);
        JsonNode weight = json.get("tensors").get(0);
        assertThat(names(weight))
                .containsExactly(
                        "name",
                        "kind",
                        "dtype",
                        "shape",
                        "channel_axis",
                        "consumers",
                        "count",
                        "min",
                        "max",
                        "mean",
                        "std",
                        "nan",
                        "inf",
                        "zeros");
        assertThat(weight.get("name").asString()).isEqualTo("c1.weight");
        assertThat(weight.get("kind").asString()).isEqualTo("weight");
        assertThat(weight.get("dtype").asString()).isEqualTo("F32");
        assertThat(weight.get("shape").toString()).isEqualTo("[8,1,5,5]");
        assertThat(weight.get("consumers").toString()).isEqualTo("[\"/c1/Conv\"]");
        assertThat(weight.get("count").asLong()).isEqualTo(200);
        JsonNode input = json.get("tensors").get(8);
        assertThat(names(input)).containsExactly("name", "kind", "dtype", "shape", "consumers");
        assertThat(input.get("kind").asString()).isEqualTo("activation");
    }

    @Test
    void anAxisOfAnyLengthIsNoAxisOfLengthOne() {
        JsonNode json = CommandLineRun.of("inspect", sample("fashion_lenet.onnx"), "--json")
                .json();
        List<JsonNode> activations = new ArrayList<>();
        json.get("tensors").forEach(t -> {
            if (t.get("kind").asString().equals("activation") && t.has("shape")) {
                activations.add(t);
            }
        });
        assertThat(activations).isNotEmpty().allSatisfy(t -> {
            assertThat(t.get("shape").get(0).asLong()).isEqualTo(-1);
            assertThat(t.get("shape").get(1).asLong()).isPositive();
        });
        assertThat(CommandLineRun.of("inspect", sample("fashion_lenet.onnx")).out())
                .contains("N×1×28×28");
    }

    @Test
    void inspectOfTheHeaderLeavesHashAndStatisticsOut() {
        JsonNode json = CommandLineRun.of("inspect", sample("fashion_lenet.onnx"), "--header", "--json")
                .json();

        assertThat(names(json)).containsExactly("format", "opset", "tensors", "left_float");
        assertThat(names(json.get("tensors").get(0)))
                .containsExactly("name", "kind", "dtype", "shape", "channel_axis", "consumers", "count");
    }

    @Test
    void inspectOfBareWeightsHasNoOpsetAndAnEmptyTensorNoMinimum() throws IOException {
        Path empty = Files.write(folder.resolve("empty.npy"), ArrayFiles.npy("<f4", "(0, 3)", new byte[0]));
        JsonNode json = CommandLineRun.of("inspect", empty, "--json").json();

        assertThat(names(json)).containsExactly("format", "sha256", "tensors", "left_float");
        assertThat(names(json.get("tensors").get(0)))
                .containsExactly("name", "kind", "dtype", "shape", "consumers", "count", "nan", "inf", "zeros");
        assertThat(json.get("tensors").get(0).get("shape").toString()).isEqualTo("[0,3]");
    }

    @Test
    void evalScoresAnotherMetricWhereOneIsAskedFor() {
        JsonNode five = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--metric", "top5", "--json")
                .json();
        JsonNode one = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--json")
                .json();

        assertThat(five.get("metric").asString()).isEqualTo("top5");
        assertThat(five.get("quantized").get("correct").asInt())
                .isGreaterThan(one.get("quantized").get("correct").asInt());
        JsonNode cosine = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--metric", "cosine", "--json")
                .json();
        assertThat(cosine.get("float32").propertyNames()).containsExactly("mean", "worst", "total");
        assertThat(cosine.get("float32").get("mean").asDouble()).isEqualTo(1, within(1e-9));
        assertThat(cosine.get("quantized").get("mean").asDouble()).isBetween(0.5, 0.9999);
        assertThat(cosine.get("quantized").get("worst").asDouble())
                .isLessThan(cosine.get("quantized").get("mean").asDouble());
        assertThat(cosine.get("output").asString()).isEqualTo("logits");
        assertThat(cosine.get("spread_kept").get("value").asDouble()).isBetween(0.1, 2.0);
        assertThat(cosine.get("agreement")).isNull();
        assertThat(CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--metric", "mse")
                        .code())
                .isEqualTo(2);
        assertThat(CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--metric", "f1")
                        .code())
                .isEqualTo(2);
    }

    @Test
    void evalComparesFloatAndQuantizedOnTheSameSamples() {
        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 8, "--json");
        JsonNode json = run.json();

        assertThat(names(json))
                .containsExactlyInAnyOrder(
                        "output",
                        "metric",
                        "better",
                        "unit",
                        "reference",
                        "float32",
                        "quantized",
                        "interval",
                        "delta",
                        "delta_lo95",
                        "delta_hi95",
                        "agreement",
                        "changes",
                        "logit_sqnr_db",
                        "kl",
                        "size_bytes",
                        "samples_per_second",
                        "seconds",
                        "kl_of",
                        "left_float");
        assertThat(json.get("metric").asString()).isEqualTo("top1");
        assertThat(json.get("float32").toString()).isEqualTo("{\"correct\":477,\"total\":500,\"accuracy\":0.954}");
        assertThat(names(json.get("quantized"))).containsExactly("correct", "total", "accuracy");
        assertThat(json.get("delta").asDouble())
                .isCloseTo(json.get("quantized").get("accuracy").asDouble() - 0.954, within(1e-12));
        assertThat(json.get("delta_lo95").asDouble())
                .isEqualTo(json.get("delta_hi95").asDouble());
        // 64·32 + 32·16 + 16·10 weights and 58 biases in floats of 4 bytes; quantized to 8 bits, with a float32 scale
        // for each weight tensor.
        assertThat(json.get("size_bytes").toString())
                .isEqualTo("{\"float32\":" + (2720 + 58) * 4 + ",\"quantized\":" + (2720 + 3 * 4 + 58 * 4) + "}");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void inspectSaysWhatStaysInFloatAndWhy() {
        Path exports = Path.of(
                System.getProperty("quantscope.root"),
                "engine/core/src/test/resources/org/quantscope/core/onnx/pytorch");

        assertThat(CommandLineRun.of("inspect", exports.resolve("recurrent.onnx"))
                        .out())
                .containsPattern("  \\S+: LSTM \\S+ is a recurrent network, which runs in float\n");
        assertThat(CommandLineRun.of("inspect", MLP).out()).doesNotContain("in float");
    }

    @Test
    void theLimitKeepsTheFirstSamples() {
        JsonNode json = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 8, "--limit", 100, "--json")
                .json();

        assertThat(json.get("quantized").get("total").asInt()).isEqualTo(100);
    }

    @Test
    void keptTensorsAreFloat() {
        JsonNode json = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 2, "--keep-float", ".", "--json")
                .json();

        assertThat(json.get("delta").asDouble()).isZero();
        assertThat(json.get("agreement").asDouble()).isEqualTo(1);
        assertThat(names(json)).doesNotContain("logit_sqnr_db");
        assertThat(json.get("size_bytes").get("quantized"))
                .isEqualTo(json.get("size_bytes").get("float32"));
    }

    @Test
    void aCalibratedConfigEvaluatesAsItsOptionsDo() throws IOException {
        Path config = folder.resolve("c.json");
        JsonNode written = CommandLineRun.of(
                        "calibrate",
                        MLP,
                        "--data",
                        CALIBRATION,
                        "--bits",
                        4,
                        "--calibrator",
                        "mse",
                        "-o",
                        config,
                        "--json")
                .json();

        assertThat(names(written)).containsExactly("config", "tensors", "left_float", "seconds");
        assertThat(written.get("config").asString()).isEqualTo(config.toString());
        Session session = SessionFile.read(config);
        SessionState state = session.state();
        assertThat(state.model().path()).isEqualTo(MLP.toAbsolutePath().normalize());
        assertThat(state.calibrationData().orElseThrow().path())
                .isEqualTo(CALIBRATION.toAbsolutePath().normalize());
        assertThat(written.get("tensors").asInt())
                .isEqualTo(3 + session.ranges().ranges().size());
        ActivationSketches seen = SketchFile.read(folder.resolve("c.sketches"), new CancelToken());
        assertThat(seen.restsOn(
                        state.model().sha256(),
                        state.calibrationData().orElseThrow().digest(),
                        state.foldBatchNorm(),
                        seen.samples()))
                .isTrue();
        assertThat(new Resolver().ranges(state, Calibration.of(seen), new CancelToken()))
                .isEqualTo(session.ranges());

        JsonNode byConfig = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json")
                .json();
        JsonNode byOptions = CommandLineRun.of(
                        "eval",
                        MLP,
                        "--data",
                        TEST,
                        "--bits",
                        4,
                        "--calibrator",
                        "mse",
                        "--calibration-data",
                        CALIBRATION,
                        "--json")
                .json();
        assertThat(byConfig.get("quantized")).isEqualTo(byOptions.get("quantized"));
        assertThat(byConfig.get("logit_sqnr_db")).isEqualTo(byOptions.get("logit_sqnr_db"));
        assertThat(byConfig.get("size_bytes")).isEqualTo(byOptions.get("size_bytes"));
    }

    /**
     * Levels fitted to the activations are stored in the config itself, so that it can be used alone. A config without
     * them is evaluated with evenly spaced levels, and a warning says so.
     */
    @Test
    void levelsFittedToActivationsAreInTheConfig() throws IOException {
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of(
                                "calibrate",
                                MLP,
                                "--data",
                                CALIBRATION,
                                "--activations",
                                2,
                                "--activation-scheme",
                                "lloyd-max",
                                "-o",
                                config)
                        .code())
                .isZero();
        Session session = SessionFile.read(config);
        ActivationRanges stored = session.ranges();
        assertThat(stored.levels().keySet()).isEqualTo(stored.ranges().keySet());
        Files.delete(folder.resolve("c.sketches"));

        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json");
        JsonNode byOptions = CommandLineRun.of(
                        "eval",
                        MLP,
                        "--data",
                        TEST,
                        "--activations",
                        2,
                        "--activation-scheme",
                        "lloyd-max",
                        "--calibration-data",
                        CALIBRATION,
                        "--json")
                .json();
        assertThat(run.err()).isEmpty();
        assertThat(run.json().get("logit_sqnr_db")).isEqualTo(byOptions.get("logit_sqnr_db"));

        Path even = folder.resolve("even.json");
        SessionFile.write(new Session(session.state(), ActivationRanges.of(stored.ranges())), even);
        CommandLineRun old = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", even, "--json");
        assertThat(old.err())
                .contains("has evenly spread levels")
                .hasLineCount(stored.ranges().size());
        assertThat(old.json().get("logit_sqnr_db").asDouble())
                .isLessThan(run.json().get("logit_sqnr_db").asDouble());

        Path resolved = folder.resolve("r.json");
        assertThat(CommandLineRun.of("export", MLP, "--config", config, "--format", "quantscope-json", "-o", resolved)
                        .code())
                .isZero();
        JsonNode first = JsonMapper.shared()
                .readTree(Files.readString(resolved))
                .get("resolved")
                .get(0);
        JsonNode kept = JsonMapper.shared()
                .readTree(Files.readString(config))
                .get("activation_levels")
                .get(first.get("name").asString());
        assertThat(first.get("codebooks").get(0)).isEqualTo(kept.get("levels"));
        JsonNode refused = CommandLineRun.of(
                        "export",
                        MLP,
                        "--config",
                        config,
                        "--format",
                        "onnx-qdq",
                        "-o",
                        folder.resolve("q.onnx"),
                        "--data",
                        TEST,
                        "--json")
                .json();
        assertThat(refused.get("problems")
                        .valueStream()
                        .filter(p ->
                                p.has("tensor") && p.get("severity").asString().equals("error"))
                        .map(p -> p.get("tensor").asString()))
                .containsExactlyInAnyOrderElementsOf(
                        stored.levels().keySet().stream().map(id -> id.name()).toList());
        assertThat(refused.get("problems").get(0).get("why").asString()).contains("codebook of lloyd-max");
    }

    /** This is no fault of the program: each tensor gets a problem, and the list holds the tensors that are left. */
    @Test
    void aListOfTypesWithATypeForNoTensorIsEmptyAndSaysWhy() throws IOException {
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of("calibrate", MLP, "--weights", 3, "-o", config)
                        .code())
                .isZero();
        Path list = folder.resolve("types.txt");

        CommandLineRun run = CommandLineRun.of(
                "export", MLP, "--config", config, "--format", "llama-tensor-types", "-o", list, "--check", "--json");

        assertThat(run.code()).isEqualTo(ExitCode.CHECK_FAILED);
        assertThat(list).isEmptyFile();
        assertThat(run.json()
                        .get("problems")
                        .valueStream()
                        .filter(p -> p.get("severity").asString().equals("error")))
                .hasSize(3);
    }

    /**
     * The importances are stored beside the config. The result is the same with that file, with the data itself, and
     * for a single tensor.
     */
    @Test
    void weightsAreCalibratedByWhatTheDataShowsOfThem() throws IOException {
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of(
                                "calibrate",
                                MLP,
                                "--data",
                                CALIBRATION,
                                "--weights",
                                3,
                                "--calibrator",
                                "weighted-mse",
                                "-o",
                                config)
                        .code())
                .isZero();
        JsonNode byConfig = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json")
                .json();
        JsonNode byOptions = CommandLineRun.of(
                        "eval",
                        MLP,
                        "--data",
                        TEST,
                        "--weights",
                        3,
                        "--calibrator",
                        "weighted-mse",
                        "--calibration-data",
                        CALIBRATION,
                        "--json")
                .json();
        JsonNode plain = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 3, "--calibrator", "mse", "--json")
                .json();

        assertThat(byConfig.get("logit_sqnr_db")).isEqualTo(byOptions.get("logit_sqnr_db"));
        assertThat(byConfig.get("logit_sqnr_db").asDouble())
                .isNotEqualTo(plain.get("logit_sqnr_db").asDouble());

        String weight = SketchFile.read(folder.resolve("c.sketches"), new CancelToken())
                .inputs()
                .keySet()
                .iterator()
                .next()
                .name();
        JsonNode curve = CommandLineRun.of(
                        "curve",
                        MLP,
                        "--tensor",
                        weight,
                        "--bits",
                        3,
                        "--points",
                        2,
                        "--calibration-data",
                        CALIBRATION,
                        "--json")
                .json();
        JsonNode error = CommandLineRun.of(
                        "error",
                        MLP,
                        "--tensor",
                        weight,
                        "--bits",
                        3,
                        "--calibrator",
                        "weighted-mse",
                        "--calibration-data",
                        CALIBRATION,
                        "--json")
                .json();
        assertThat(curve.get("calibrators")
                        .valueStream()
                        .filter(c -> c.get("id").asString().equals("weighted-mse"))
                        .findFirst()
                        .orElseThrow()
                        .get("clip"))
                .isEqualTo(error.get("clip"));

        Files.delete(folder.resolve("c.sketches"));
        CommandLineRun without = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config);
        assertThat(without.code()).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(without.err()).contains("weighted-mse").contains("is not known");
    }

    @Test
    void withoutDataTheConfigCoversWeightsOnly() throws IOException {
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of("calibrate", MLP, "--bits", 6, "-o", config)
                        .code())
                .isZero();

        Session session = SessionFile.read(config);
        SessionState state = session.state();
        assertThat(state.weights()).contains(QuantSpec.WEIGHTS.withBits(6));
        assertThat(state.activations()).isEmpty();
        assertThat(session.ranges()).isEqualTo(ActivationRanges.NONE);
        assertThat(state.calibrationData()).isEmpty();
    }

    @Test
    void nanInTheCalibrationIsToldAndKeptOutOfTheRanges() throws IOException {
        float[] values = new float[2 * 64];
        Arrays.fill(values, 0.5f);
        values[3] = Float.NaN;
        Path data = Files.write(
                folder.resolve("odd.npz"),
                ArrayFiles.zip(false, Map.of("x.npy", ArrayFiles.npy("<f4", "(2, 64)", ArrayFiles.f4(values)))));
        Path config = folder.resolve("c.json");

        CommandLineRun run = CommandLineRun.of("calibrate", MLP, "--data", data, "-o", config);

        assertThat(run.code()).isZero();
        assertThat(run.err())
                .contains(
                        "quantscope: warning: activation input takes 1 NaN and 0 infinite values on odd.npz; its range"
                                + " is that of the others");
        assertThat(SessionFile.read(config).ranges().ranges().get(new TensorId("input")))
                .isEqualTo(new ClipRange(0.5f, 0.5f));
    }

    @Test
    void aConfigOfAnotherModelIsUsedWithAWarning() throws IOException {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "-o", config);
        SessionFile.write(
                Session.of(SessionFile.read(config).state().withModel(new FileRef(MLP, "0".repeat(64)))), config);

        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--limit", 10);

        assertThat(run.code()).isZero();
        assertThat(run.err())
                .isEqualTo("quantscope: warning: c.json was made for another content of digits_mlp.onnx"
                        + System.lineSeparator());
    }

    @Test
    void overridesOfTheConfigAreObeyed() throws IOException {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "-o", config);
        SessionState state = SessionFile.read(config).state().withWeights(Optional.empty());
        SessionFile.write(Session.of(state), config);
        assertThat(CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json")
                        .json()
                        .get("agreement")
                        .asDouble())
                .isEqualTo(1);

        SessionFile.write(Session.of(state.withKeptFloat(Set.of(new TensorId("no.such")))), config);
        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err())
                .startsWith("quantscope: keep_float: no.such is no tensor of digits_mlp.onnx; near names: ");
    }

    @Test
    void aBiasThatTheConfigQuantizesIsKeptInFloatByItsName() throws IOException {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "-o", config);
        TensorId bias = Engine.open(MLP, true).tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.BIAS)
                .findFirst()
                .orElseThrow()
                .id();
        SessionState state = SessionFile.read(config).state().withWeights(Optional.empty());
        SessionFile.write(Session.of(state.withOverride(bias, QuantSpec.WEIGHTS.withBits(2))), config);
        List<Object> eval = List.of("eval", MLP, "--data", TEST, "--limit", 50, "--config", config, "--json");
        assertThat(names(CommandLineRun.of(eval.toArray()).json())).contains("logit_sqnr_db");

        List<Object> keeping = new ArrayList<>(eval);
        keeping.addAll(List.of("--keep-float", Pattern.quote(bias.name())));
        JsonNode json = CommandLineRun.of(keeping.toArray()).json();

        assertThat(names(json)).as("the output is that of the float model").doesNotContain("logit_sqnr_db");
        assertThat(json.get("size_bytes").get("quantized"))
                .isEqualTo(json.get("size_bytes").get("float32"));
    }

    @Test
    void anExportedConfigIsResolvedAndReadBack() throws IOException {
        Path config = folder.resolve("c.json");
        Path resolved = folder.resolve("r.json");
        CommandLineRun.of("calibrate", MLP, "--data", CALIBRATION, "-o", config);

        JsonNode json = CommandLineRun.of(
                        "export", MLP, "--config", config, "--format", "quantscope-json", "-o", resolved, "--json")
                .json();

        assertThat(names(json))
                .containsExactly(
                        "format", "file", "files", "sha256", "size_bytes", "problems", "left_float", "verified");
        assertThat(json.get("format").asString()).isEqualTo("quantscope-json");
        assertThat(json.get("files").toString()).isEqualTo("[\"" + resolved + "\"]");
        assertThat(json.get("problems").isEmpty()).isTrue();
        assertThat(json.get("verified").toString()).isEqualTo("{\"by\":\"re-read\"}");
        assertThat(SessionFile.read(resolved)).isEqualTo(SessionFile.read(config));
        assertThat(Files.readString(resolved))
                .contains("\"resolved\" : [ {", "\"provenance\" : {", "\"calibration_data_sha256\"");
        JsonNode byConfig = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json")
                .json();
        assertThat(CommandLineRun.of("eval", MLP, "--data", TEST, "--config", resolved, "--json")
                        .json()
                        .get("quantized"))
                .isEqualTo(byConfig.get("quantized"));
    }

    @Test
    void anExportedModelIsVerifiedInOnnxRuntime() {
        Path config = folder.resolve("c.json");
        Path model = folder.resolve("q.onnx");
        CommandLineRun.of("calibrate", MLP, "--data", CALIBRATION, "-o", config);

        CommandLineRun run = CommandLineRun.of(
                "export",
                MLP,
                "--config",
                config,
                "--format",
                "onnx-qdq",
                "-o",
                model,
                "--data",
                TEST,
                "--limit",
                200,
                "--json");
        JsonNode json = run.json();

        assertThat(names(json))
                .containsExactly(
                        "format", "file", "files", "sha256", "size_bytes", "problems", "left_float", "verified");
        assertThat(names(json.get("verified")))
                .containsSubsequence(
                        "by",
                        "version",
                        "output",
                        "metric",
                        "samples",
                        "float_agreement",
                        "live_agreement",
                        "accuracy",
                        "max_abs_logit_diff",
                        "as_written",
                        "as_run");
        for (String way : List.of("as_written", "as_run")) {
            assertThat(names(json.get("verified").get(way)))
                    .startsWith("samples", "float_agreement", "live_agreement", "accuracy", "max_abs_logit_diff");
        }
        assertThat(json.get("verified").get("version").asString()).isEqualTo(OrtRuntime.version());
        assertThat(json.get("verified").get("by").asString()).isEqualTo("onnxruntime");
        assertThat(json.get("verified").get("output").asString()).isEqualTo("logits");
        assertThat(json.get("verified").get("metric").asString()).isEqualTo("top1");
        assertThat(json.get("verified").get("samples").asInt()).isEqualTo(200);
        assertThat(json.get("verified").get("live_agreement").asDouble()).isGreaterThanOrEqualTo(0.99);
        assertThat(run.err()).isEmpty();
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("c.json", "c.sketches", "q.onnx");

        JsonNode onCalibration = CommandLineRun.of(
                        "export", MLP, "--config", config, "--format", "onnx-qdq", "-o", model, "--json")
                .json();
        assertThat(onCalibration.get("verified").get("samples").asInt()).isEqualTo(256);
    }

    @Test
    void aProblemOfSeverityErrorFailsTheCheckOnly() {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "--scheme", "nf4", "-o", config);

        CommandLineRun plain = CommandLineRun.of(
                "export", MLP, "--config", config, "--format", "onnx-qdq", "-o", folder.resolve("q.onnx"), "--json");
        CommandLineRun checked = CommandLineRun.of(
                "export",
                MLP,
                "--config",
                config,
                "--format",
                "onnx-qdq",
                "-o",
                folder.resolve("q.onnx"),
                "--check",
                "--json");

        assertThat(plain.code()).isZero();
        assertThat(checked.code()).isEqualTo(1);
        JsonNode problem = checked.json().get("problems").get(0);
        assertThat(names(problem)).containsExactly("target", "tensor", "why", "remedy", "severity");
        assertThat(problem.get("target").asString()).isEqualTo("onnx-qdq");
        assertThat(problem.get("severity").asString()).isEqualTo("error");
    }

    @Test
    void withoutDataAnExportIsNotVerifiedAndSaysSo() {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "-o", config);

        CommandLineRun run = CommandLineRun.of(
                "export", MLP, "--config", config, "--format", "onnx-qdq", "-o", folder.resolve("q.onnx"), "--json");

        assertThat(names(run.json())).doesNotContain("verified");
        assertThat(run.err()).startsWith("quantscope: warning: not verified: the config records no calibration data");
    }

    @Test
    void whatWasExportedComesBackAsAConfig() throws IOException {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "--data", CALIBRATION, "-o", config);
        for (String format : List.of("onnx-qdq", "ort-overrides", "ort-calibration-json", "ort-calibration-text")) {
            Path file = folder.resolve(format);
            JsonNode exported = CommandLineRun.of(
                            "export", MLP, "--config", config, "--format", format, "-o", file, "--limit", 20, "--json")
                    .json();
            assertThat(exported.get("verified").get("by").asString())
                    .as(format)
                    .isEqualTo(format.equals("onnx-qdq") ? "onnxruntime" : "re-read");

            Path back = folder.resolve(format + ".config.json");
            JsonNode json = CommandLineRun.of("import", "--format", format, file, "--model", MLP, "-o", back, "--json")
                    .json();

            assertThat(names(json)).containsExactly("config", "tensors", "unmatched");
            assertThat(json.get("unmatched").isEmpty()).as(format).isTrue();
            SessionState read = SessionFile.read(back).state();
            assertThat(json.get("tensors").asInt())
                    .as(format)
                    .isEqualTo(read.overrides().size())
                    .isPositive();
            if (!format.startsWith("ort-calibration")) {
                JsonNode before = CommandLineRun.of("eval", MLP, "--data", TEST, "--config", config, "--json")
                        .json()
                        .get("quantized");
                assertThat(CommandLineRun.of("eval", MLP, "--data", TEST, "--config", back, "--json")
                                .json()
                                .get("quantized"))
                        .as(format)
                        .isEqualTo(before);
            }
        }
    }

    @Test
    void entriesWithoutAPlaceAreListedWithNearNames() throws IOException {
        Path table = Files.writeString(folder.resolve("t.cache"), "inputt 2.5\n");

        JsonNode json = CommandLineRun.of(
                        "import",
                        "--format",
                        "ort-calibration-text",
                        table,
                        "--model",
                        MLP,
                        "-o",
                        folder.resolve("c.json"),
                        "--json")
                .json();

        assertThat(json.get("tensors").asInt()).isZero();
        assertThat(json.get("unmatched").get(0).get("name").asString()).isEqualTo("inputt");
        assertThat(json.get("unmatched").get(0).get("near").get(0).asString()).isEqualTo("input");
    }

    @Test
    void optionsOfAFormatAreCheckedBeforeAnythingIsWritten() {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", MLP, "-o", config);
        for (String format : List.of(
                "onnx-qdq:none=1",
                "onnx-qdq:two-bits=int3",
                "onnx-qdq:two-bits",
                "onnx-qdq:two-bits=int2,two-bits=int2",
                "nothing")) {
            CommandLineRun run = CommandLineRun.of(
                    "export", MLP, "--config", config, "--format", format, "-o", folder.resolve("q.onnx"));
            assertThat(run.code()).as(format).isEqualTo(2);
        }
        assertThat(folder.resolve("q.onnx")).doesNotExist();
        assertThat(CommandLineRun.of(
                                "export",
                                MLP,
                                "--config",
                                config,
                                "--format",
                                "onnx-qdq:two-bits=int2,operators=onnx",
                                "-o",
                                folder.resolve("q.onnx"))
                        .code())
                .isZero();
    }
}
