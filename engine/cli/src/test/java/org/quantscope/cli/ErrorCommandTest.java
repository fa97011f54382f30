package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.cli.CommandLineRun.names;
import static org.quantscope.cli.CommandLineRun.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;

class ErrorCommandTest {
    /** The third channel is dead: what an export would write for it is measured, and said. */
    @Test
    void aDeadChannelHasTheScaleThatIsWritten(@TempDir Path folder) throws IOException {
        Path file = Files.write(
                folder.resolve("w.npy"),
                ArrayFiles.npy("<f4", "(3, 2)", ArrayFiles.f4(1, -0.5f, 0.25f, 2, 1e-34f, -1e-35f)));
        var run = CommandLineRun.of("error", file, "--bits", 8, "--granularity", "channel:0", "--json");

        assertThat(run.json().path("raised_scales").toString()).contains("\"count\":1");
        assertThat(run.json().path("scale").get(2).floatValue()).isBetween(3.9e-7f, 4e-7f);
        assertThat(CommandLineRun.of("error", file, "--bits", 8, "--granularity", "channel:0")
                        .out())
                .contains("dead channels: 1 scale of 1 weight raised");
    }

    private static final float[] MICRO = {-1, -0.3f, -0.0625f, 0, 0.1f, 0.5f, 0.75f, 2};

    @TempDir
    Path folder;

    private Path npy(String name, float... values) throws IOException {
        return Files.write(
                folder.resolve(name), ArrayFiles.npy("<f4", "(" + values.length + ",)", ArrayFiles.f4(values)));
    }

    @Test
    void everyFieldIsThereInItsOrderAndNothingElse() throws IOException {
        JsonNode json =
                CommandLineRun.of("error", npy("micro.npy", MICRO), "--json").json();

        assertThat(names(json))
                .containsExactly(
                        "tensor",
                        "scheme",
                        "bits",
                        "bits_per_weight",
                        "calibrator",
                        "clip",
                        "effective",
                        "scale",
                        "zero_point",
                        "mse",
                        "sqnr_db",
                        "cosine",
                        "max_abs_err",
                        "clipped_fraction",
                        "clipping_mse",
                        "rounding_mse",
                        "estimate",
                        "left_float");
        assertThat(json.get("tensor").asString()).isEqualTo("micro");
        assertThat(json.get("scheme").asString()).isEqualTo("uniform");
        assertThat(json.get("bits").asInt()).isEqualTo(8);
        assertThat(json.get("bits_per_weight").asDouble()).isEqualTo(12);
        assertThat(json.get("calibrator").asString()).isEqualTo("minmax");
        assertThat(json.get("clip").toString()).isEqualTo("{\"lo\":-2.0,\"hi\":2.0}");
        assertThat(names(json.get("effective"))).containsExactly("lo", "hi");
        assertThat(json.get("scale").toString()).isEqualTo("[0.015748031]");
        assertThat(json.get("zero_point").toString()).isEqualTo("[0]");
        assertThat(names(json.get("estimate"))).containsExactly("mse", "bound");
    }

    /** 70,000 blocks: more than are summed up at once. */
    @Test
    void figuresOfManyBlocksAreSummedUpUnlessAllAreWanted() throws IOException {
        float[] x = new float[140_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i * 7919 % 1000 + 1) / 1000f;
        }
        Path file = npy("x.npy", x);
        JsonNode few = CommandLineRun.of("error", file, "--bits", "4", "--granularity", "block:2", "--json")
                .json();
        JsonNode full = CommandLineRun.of("error", file, "--bits", "4", "--granularity", "block:2", "--json", "--full")
                .json();

        double[] scales = full.get("scale")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .sorted()
                .toArray();
        assertThat(scales).hasSize(70_000);
        assertThat(names(few.get("scale"))).containsExactly("count", "min", "median", "max");
        assertThat(few.get("scale").get("count").asInt()).isEqualTo(70_000);
        assertThat(few.get("scale").get("min").doubleValue()).isEqualTo(scales[0]);
        assertThat(few.get("scale").get("median").doubleValue()).isEqualTo(scales[35_000]);
        assertThat(few.get("scale").get("max").doubleValue()).isEqualTo(scales[69_999]);
        assertThat(few.get("zero_point").toString())
                .isEqualTo("{\"count\":70000,\"min\":0.0,\"median\":0.0,\"max\":0.0}");
        for (String range : new String[] {"clip", "effective"}) {
            assertThat(full.get(range)).hasSize(70_000);
            assertThat(names(few.get(range))).containsExactly("lo", "hi");
            assertThat(few.get(range).get("hi").get("max").floatValue()).isBetween(0.99f, 1.01f);
        }
        assertThat(few.get("mse")).isEqualTo(full.get("mse"));
        assertThat(few.get("estimate").get("mse").asDouble())
                .isCloseTo(
                        few.get("mse").asDouble(),
                        within(few.get("estimate").get("bound").asDouble()));
    }

    /** The file is sparse: it takes no room, but its blocks would. */
    @Test
    void moreBlocksThanMemoryHoldsAreRefusedBeforeTheWork() throws IOException {
        long values = 1L << 31;
        String header =
                "{\"w\":{\"dtype\":\"BF16\",\"shape\":[" + values + "],\"data_offsets\":[0," + 2 * values + "]}}";
        Path file = folder.resolve("big.safetensors");
        try (var channel = java.nio.channels.FileChannel.open(
                file, java.nio.file.StandardOpenOption.CREATE_NEW, java.nio.file.StandardOpenOption.WRITE)) {
            var start = java.nio.ByteBuffer.allocate(8 + header.length()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            start.putLong(header.length()).put(header.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            channel.write(start.flip());
            channel.write(java.nio.ByteBuffer.allocate(1), 8 + header.length() + 2 * values - 1);
        }
        CommandLineRun run = CommandLineRun.of("error", file, "--granularity", "block:2");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("1,073,741,824 slices", "MB of memory");
    }

    /** Expected values: onnxruntime's formulas for scale and zero point, in float32, on the vector above. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--bits 8                            | 0.0157480314 | 0   | 1.79522e-5 | 46.149",
                "--bits 8 --symmetric --unsigned     | 0.0157480314 | 127 | 1.79522e-5 | 46.149",
                "--bits 8 --asymmetric --unsigned    | 0.0117647061 | 85  | 1.57467e-5 | 46.718",
                "--bits 8 --asymmetric               | 0.0117647061 | -43 | 1.57467e-5 | 46.718",
                "--asymmetric --unsigned --clip -0.5,1 | 0.00588235306 | 85 | 0.156252 | 6.751",
                "--bits 4 --full-range               | 0.266666681  | 0   | 5.10633e-3 | 21.609",
                "--bits 4                            | 0.285714298  | 0   | 6.38752e-3 | 20.636",
                "--bits 4 --asymmetric --unsigned    | 0.200000003  | 5   | 4.55078e-3 | 22.109",
            })
    void figuresAreThoseOfOnnxRuntime(String options, float scale, int zeroPoint, double mse, double sqnr)
            throws IOException {
        String[] words = (options + " --json").trim().split(" +", -1);
        Object[] args = new Object[words.length + 2];
        args[0] = "error";
        args[1] = npy("micro.npy", MICRO);
        System.arraycopy(words, 0, args, 2, words.length);
        JsonNode json = CommandLineRun.of(args).json();

        assertThat(json.get("scale").get(0).floatValue()).isEqualTo(scale);
        assertThat(json.get("zero_point").get(0).asInt()).isEqualTo(zeroPoint);
        assertThat(json.get("mse").asDouble()).isCloseTo(mse, within(mse * 1e-5));
        assertThat(json.get("sqnr_db").asDouble()).isCloseTo(sqnr, within(1e-3));
        assertThat(json.get("clipping_mse").asDouble()
                        + json.get("rounding_mse").asDouble())
                .isCloseTo(json.get("mse").asDouble(), within(1e-12));
        assertThat(Math.abs(json.get("estimate").get("mse").asDouble()
                        - json.get("mse").asDouble()))
                .isLessThanOrEqualTo(json.get("estimate").get("bound").asDouble() + 1e-15);
    }

    @Test
    void aGivenClipHasNoCalibrator() throws IOException {
        JsonNode json = CommandLineRun.of("error", npy("micro.npy", MICRO), "--clip", "-1,1", "--json")
                .json();

        assertThat(names(json)).doesNotContain("calibrator");
        assertThat(json.get("clip").toString()).isEqualTo("{\"lo\":-1.0,\"hi\":1.0}");
        assertThat(json.get("clipped_fraction").asDouble()).isEqualTo(0.125);
    }

    @Test
    void figuresThatDoNotExistAreLeftOut() throws IOException {
        JsonNode json =
                CommandLineRun.of("error", npy("zeros.npy", 0, 0, 0), "--json").json();

        assertThat(names(json)).doesNotContain("sqnr_db", "cosine");
        assertThat(json.get("scale").toString()).isEqualTo("[1.0]");
        assertThat(json.get("zero_point").toString()).isEqualTo("[0]");
        assertThat(json.get("mse").asDouble()).isZero();
    }

    @Test
    void nanAndInfinityStayOutOfTheFigures() throws IOException {
        CommandLineRun run =
                CommandLineRun.of("error", npy("odd.npy", Float.NaN, 1, Float.POSITIVE_INFINITY, -1), "--json");

        assertThat(run.json().get("clip").toString()).isEqualTo("{\"lo\":-1.0,\"hi\":1.0}");
        assertThat(run.out()).doesNotContain("NaN", "Infinity", "null");
    }

    @Test
    void channelsHaveARangeAndAScaleEach() {
        JsonNode json = CommandLineRun.of(
                        "error",
                        sample("fashion_lenet.onnx"),
                        "--tensor",
                        "c1.weight",
                        "--granularity",
                        "channel",
                        "--json")
                .json();

        assertThat(json.get("scale").size()).isEqualTo(8);
        assertThat(json.get("zero_point").size()).isEqualTo(8);
        assertThat(json.get("clip").isArray()).isTrue();
        assertThat(json.get("clip").size()).isEqualTo(8);
        assertThat(json.get("effective").size()).isEqualTo(8);
        assertThat(Math.abs(json.get("estimate").get("mse").asDouble()
                        - json.get("mse").asDouble()))
                .isLessThanOrEqualTo(json.get("estimate").get("bound").asDouble() + 1e-15);
    }

    @Test
    void aTensorIsNeededWhereThereAreSeveralAndNearNamesAreTold() {
        CommandLineRun none = CommandLineRun.of("error", sample("fashion_lenet.onnx"));
        CommandLineRun near = CommandLineRun.of("error", sample("fashion_lenet.onnx"), "--tensor", "f2.wieght");

        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err())
                .isEqualTo("quantscope: --tensor is needed: fashion_lenet.onnx holds 8 tensors, such as c1.weight,"
                        + " c1.bias, c2.weight, c2.bias, f1.weight, f1.bias, f2.weight, f2.bias (see quantscope"
                        + " error --help)"
                        + System.lineSeparator());
        assertThat(near.code()).isEqualTo(2);
        assertThat(near.err())
                .startsWith("quantscope: --tensor: fashion_lenet.onnx has no tensor \"f2.wieght\"; near names:"
                        + " f2.weight, ");
    }

    @Test
    void peopleGetATable() throws IOException {
        CommandLineRun run = CommandLineRun.of("error", npy("micro.npy", MICRO), "--bits", "4");

        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("micro  F32 8", "MSE", "0.00638752", "SQNR", "20.6364  dB", "8.00000  bits per weight")
                .doesNotContain("\033");
        assertThat(run.err()).isEmpty();
    }
}
