package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;

class ProofCommandTest {
    @TempDir
    private Path folder;

    /** A layer in the layout of AWQ, and a table in float. */
    private Path file() throws IOException {
        String header = """
            {"a.qweight":{"dtype":"I32","shape":[64,2],"data_offsets":[0,512]},
             "a.qzeros":{"dtype":"I32","shape":[2,2],"data_offsets":[512,528]},
             "a.scales":{"dtype":"F16","shape":[2,16],"data_offsets":[528,592]},
             "table.weight":{"dtype":"F16","shape":[2,2],"data_offsets":[592,600]}}
            """;
        return Files.write(
                folder.resolve("m.safetensors"),
                ArrayFiles.safetensors(header.getBytes(StandardCharsets.UTF_8), new byte[600]));
    }

    @Test
    void theAccountIsOnePageAndOneJsonValue() throws IOException {
        String file = file().toString();
        CommandLineRun text = CommandLineRun.of("proof", file);
        assertThat(text.code()).isZero();
        assertThat(text.out())
                .startsWith("1 of 2 weights are codes (1 with 4 bits), 98.6 % of the bytes of weights.")
                .contains("in float: 1")
                .contains("table.weight: it is stored as F16");

        JsonNode json = CommandLineRun.of("proof", file, "--json").json();
        assertThat(json.get("format").asString()).isEqualTo("safetensors");
        JsonNode weight = json.get("tensors").get(0);
        assertThat(weight.get("name").asString()).isEqualTo("a.weight");
        assertThat(weight.get("quantized").asBoolean()).isTrue();
        assertThat(weight.get("bits").asInt()).isEqualTo(4);
        assertThat(weight.get("granularity").asString()).isEqualTo("block:32:1");
        assertThat(json.get("float_left").get(0).get("name").asString()).isEqualTo("table.weight");
        assertThat(json.get("summary").has("integer_macs")).isFalse();
        assertThat(json.has("broken")).isFalse();
    }

    @Test
    void checksGiveExitCodeOneAndSayWhy() throws IOException {
        String file = file().toString();
        CommandLineRun check = CommandLineRun.of("proof", file, "--check");
        assertThat(check.code()).isEqualTo(1);
        assertThat(check.out()).contains("failed: float that could be quantized: table.weight: it is stored as F16");
        assertThat(CommandLineRun.of("proof", file, "--require-bits", "16").code())
                .isEqualTo(1);
        assertThat(CommandLineRun.of("proof", file, "--require-integers", "--json")
                        .json()
                        .get("broken")
                        .size())
                .isEqualTo(2);
        assertThat(CommandLineRun.of("proof", file, "--require-bits", "0").code())
                .isEqualTo(2);
    }

    @Test
    void theFloatOriginalIsReadBesideIt() throws IOException {
        JsonNode json = CommandLineRun.of("proof", file().toString(), "--model", file().toString(), "--json")
                .json();

        assertThat(json.get("unmatched").get(0).get("why").asString()).isEqualTo("its codes are not decoded here");
    }

    @Test
    void typesOfGgufTensorsThatStayAreThoseOfTheFile() throws IOException {
        Path gguf = Path.of(
                System.getProperty("quantscope.root"), "engine/core/src/test/resources/oracles/ggml/sample.gguf");
        Path config = folder.resolve("c.json");
        Path types = folder.resolve("types.txt");
        CommandLineRun.of(
                        "calibrate",
                        gguf,
                        "--weights",
                        4,
                        "--granularity",
                        "block:32",
                        "--keep-float",
                        "q6_k|mxfp4|f16",
                        "-o",
                        config)
                .code();

        CommandLineRun.of("export", gguf, "--config", config, "--format", "llama-tensor-types", "-o", types);

        assertThat(Files.readAllLines(types))
                .contains(
                        "^t\\.q6_k\\.weight$=q6_k",
                        "^t\\.mxfp4\\.weight$=mxfp4",
                        "^t\\.f16\\.weight$=f16",
                        "^t\\.q8_0\\.weight$=q4_0");
    }
}
