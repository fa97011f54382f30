package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.names;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

class ListCommandTest {
    @ParameterizedTest
    @EnumSource(
            value = ListCommand.Registry.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"corruptions", "figures", "lessons", "metrics", "profiles"})
    void everyEntrySaysWhatItIs(ListCommand.Registry registry) {
        JsonNode json = CommandLineRun.of("list", registry, "--json").json();

        assertThat(json.isArray()).isTrue();
        for (JsonNode entry : json) {
            assertThat(names(entry)).containsExactly("id", "title", "options", "source");
            assertThat(entry.get("title").asString()).isNotBlank();
            assertThat(entry.get("source").asString()).isNotBlank();
            for (JsonNode option : entry.get("options")) {
                assertThat(names(option)).containsExactly("name", "type", "default", "doc");
            }
        }
        assertThat(CommandLineRun.of("list", registry).code()).isZero();
    }

    @Test
    void idsAreThePersistedOnes() {
        assertThat(ids("loaders")).contains("onnx", "safetensors", "npy", "npz");
        assertThat(ids("quantizers")).contains("uniform");
        assertThat(ids("calibrators")).contains("minmax", "percentile", "mse");
        assertThat(ids("exporters")).contains("quantscope-json", "onnx-qdq");
        assertThat(ids("importers")).contains("tensorrt-cache");
        assertThat(ids("roundings")).containsExactly("nearest", "gptq", "adaround", "least-output-error");
        assertThat(ids("targets")).containsExactly("free", "onnx-runtime", "qnn", "litert", "tensorrt");
        assertThat(ids("corrections"))
                .containsExactly(
                        "cross-layer-equalization",
                        "bias-correction",
                        "smoothquant",
                        "awq",
                        "hadamard-rotation",
                        "recover");
    }

    @Test
    void metricsAreThoseThatEvalTakesAndBoardsStateTheirMemory() {
        JsonNode metrics = CommandLineRun.of("list", "metrics", "--json").json();
        assertThat(ids("metrics")).contains("top1", "top5", "token-accuracy", "mse", "agreement");
        for (JsonNode entry : metrics) {
            assertThat(names(entry)).containsExactly("id", "title", "unit", "better", "needs", "doc");
            assertThat(entry.get("better").asString()).isIn("higher", "lower");
            assertThat(entry.get("doc").asString()).isNotBlank();
        }
        for (JsonNode board : CommandLineRun.of("list", "profiles", "--json").json()) {
            assertThat(names(board))
                    .containsExactly(
                            "id",
                            "title",
                            "flash_bytes",
                            "ram_bytes",
                            "kernels",
                            "weight_bits",
                            "activation_bits",
                            "source",
                            "kernel_source");
        }
        assertThat(CommandLineRun.of("list", "profiles").out()).contains("pico");
        assertThat(CommandLineRun.of("list", "metrics").out()).contains("top1");
    }

    @Test
    void figuresHaveAUnitAndASentence() {
        JsonNode json = CommandLineRun.of("list", "figures", "--json").json();

        for (JsonNode entry : json) {
            assertThat(names(entry)).containsExactly("id", "title", "unit", "doc");
            assertThat(entry.get("doc").asString()).isNotBlank();
        }
        assertThat(ids("figures")).contains("sqnr_db", "clipped", "accuracy", "rmse_in_steps");
        assertThat(CommandLineRun.of("list", "figures").out()).contains("clipping_share");
    }

    private static List<String> ids(String registry) {
        List<String> ids = new ArrayList<>();
        CommandLineRun.of("list", registry, "--json")
                .json()
                .forEach(entry -> ids.add(entry.get("id").asString()));
        return ids;
    }
}
