package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

/** What a command may write, and what it shows of names that others have chosen. */
@Timeout(60)
class OutputsTest {
    @TempDir
    private Path folder;

    private Path model;
    private Path data;
    private Path config;

    @BeforeEach
    void copy() throws IOException {
        model = Files.copy(CommandLineRun.sample("digits_mlp.onnx"), folder.resolve("m.onnx"));
        data = Files.copy(CommandLineRun.sample("digits_test.npz"), folder.resolve("d.npz"));
        config = folder.resolve("c.json");
        assertThat(CommandLineRun.of("calibrate", model, "--bits", 8, "-o", config)
                        .code())
                .isZero();
    }

    private void refused(Path output, Object... command) throws IOException {
        byte[] before = Files.readAllBytes(output);
        List<Path> files = files();
        Object[] words =
                Stream.concat(Stream.of(command), Stream.of("-o", output)).toArray();
        CommandLineRun run = CommandLineRun.of(words);

        assertThat(run.err()).startsWith("quantscope: -o: ").hasLineCount(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.code()).isEqualTo(2);
        assertThat(Files.readAllBytes(output)).isEqualTo(before);
        assertThat(files()).isEqualTo(files);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        }
    }

    @Test
    void anInputIsNeverTheOutputUnderAnyName() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link.onnx"), Path.of("m.onnx"));
        Path hard = Files.createLink(folder.resolve("hard.onnx"), model);
        Object[] export = {"export", model, "--config", config, "--format", "onnx-qdq"};
        refused(model, export);
        refused(link, export);
        refused(hard, export);
        refused(config, export);
        refused(data, "export", model, "--config", config, "--format", "onnx-qdq", "--data", data);
        refused(model, "calibrate", model, "--bits", 8);
        refused(data, "calibrate", model, "--bits", 8, "--data", data);
        refused(model, "correct", model, "--correction", "cross-layer-equalization");
        Path cache = Files.writeString(folder.resolve("t.cache"), "TRT-8600-EntropyCalibration2\nx: 3c010a14\n");
        refused(cache, "import", "--format", "tensorrt-cache", cache, "--model", model);
        refused(model, "import", "--format", "tensorrt-cache", cache, "--model", model);
    }

    @Test
    void aPartOfAnExportIsAskedForLikeTheFileItself() throws IOException {
        Path named = Files.move(model, folder.resolve("out.args"));
        byte[] before = Files.readAllBytes(named);
        CommandLineRun run = CommandLineRun.of(
                "export", named, "--config", config, "--format", "ort-overrides", "-o", folder.resolve("out"));

        assertThat(run.code()).isEqualTo(2);
        assertThat(named).hasBinaryContent(before);
        Files.move(named, model);
        Files.createDirectory(folder.resolve("out.args"));
        CommandLineRun second = CommandLineRun.of(
                "export", model, "--config", config, "--format", "ort-overrides", "-o", folder.resolve("out"));
        assertThat(second.err()).contains("out.args: is a folder");
        assertThat(second.code()).isEqualTo(3);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aFileOfTheModelsTensorsIsNoOutput() throws IOException {
        Path own = Files.write(
                folder.resolve("e.onnx"),
                TinyModels.model(
                                13,
                                TinyModels.graph(TinyModels.node("MatMul", List.of("x", "w"), "y"))
                                        .addInitializer(
                                                TinyModels.external("w", new long[] {2, 2}, "location", "w.bin")))
                        .build()
                        .toByteArray());
        Path values = Files.write(folder.resolve("w.bin"), ArrayFiles.f4(1, 2, 3, 4));

        refused(values, "calibrate", own, "--bits", 8);
    }

    @Test
    void nothingThatATerminalObeysIsPrinted() throws IOException {
        String hostile = "w\\u001b]0;owned\\u0007\\u009b31m\\u202egnp\\u200b\\n";
        Path file = Files.write(
                folder.resolve("h.safetensors"),
                ArrayFiles.safetensors(
                        "{\"" + hostile + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}," + "\"v"
                                + hostile + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                        ArrayFiles.f4(1, 2)));
        List<CommandLineRun> runs = Stream.of(
                        List.of("inspect", file),
                        List.of("inspect", file, "--json"),
                        List.of("error", file),
                        List.of("error", file, "--tensor", "nothing\u001b[2J\u009b\u202e"),
                        List.of("error", file, "--tensor", "w\u001b]0;owned\u0007\u009b31m\u202egnp\u200b\n"),
                        List.of("inspect", folder.resolve("no\u001b[2Jsuch")),
                        List.of("no\u001b[2Jcommand"))
                .map(words -> CommandLineRun.of(words.toArray()))
                .toList();

        for (CommandLineRun run : runs) {
            assertThat((run.out() + run.err()).codePoints())
                    .noneMatch(c -> c != '\n' && c != '\r' && (c < ' ' || (c >= 0x7f && c < 0xa0)))
                    .noneMatch(c -> c == 0x202e || c == 0x200b);
        }
        assertThat(runs.getFirst().out()).contains("w\\u001b]0;owned\\u0007\\u009b31m\\u202egnp\\u200b\\n");
        assertThat(runs.get(1).json().get("tensors").get(0).get("name").asString())
                .isEqualTo("w\u001b]0;owned\u0007\u009b31m\u202egnp\u200b\n");
        assertThat(runs.get(3).err()).hasLineCount(1).contains("\\u001b[2J");
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no pipes in folders")
    void pipesAreNotWaitedFor() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        List<List<Object>> commands = List.of(
                List.of("inspect", pipe),
                List.of("calibrate", pipe, "--bits", 8, "-o", folder.resolve("o")),
                List.of("calibrate", model, "--bits", 8, "--data", pipe, "-o", folder.resolve("o")),
                List.of("eval", model, "--data", data, "--config", pipe),
                List.of("export", model, "--config", pipe, "--format", "nncf", "-o", folder.resolve("o")),
                List.of("import", "--format", "tensorrt-cache", pipe, "--model", model, "-o", folder.resolve("o")),
                List.of("import", "--format", "aimet-1.0.0", pipe, "--model", model, "-o", folder.resolve("o")),
                List.of("calibrate", model, "--bits", 8, "-o", pipe));
        for (List<Object> command : commands) {
            CommandLineRun run = CommandLineRun.of(command.toArray());
            assertThat(run.code()).as(command.toString()).isEqualTo(3);
            assertThat(run.err()).contains("pipe").hasLineCount(1);
        }
        assertThat(folder.resolve("o")).doesNotExist();
    }
}
