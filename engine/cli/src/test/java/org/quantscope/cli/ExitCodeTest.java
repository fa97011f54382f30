package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.sample;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.testkit.ArrayFiles;

class ExitCodeTest {
    @TempDir
    Path folder;

    private Object[] args(String words) {
        return Arrays.stream(words.trim().split(" +", -1))
                .map(w -> w.replace("MLP", sample("digits_mlp.onnx").toString())
                        .replace("TEST", sample("digits_test.npz").toString())
                        .replace("DIR", folder.toString()))
                .toArray();
    }

    private CommandLineRun run(String words) {
        return CommandLineRun.of(args(words));
    }

    private void assertOneLine(CommandLineRun run, int code, String message) {
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).startsWith("quantscope: ").contains(message);
        assertThat(run.code()).isEqualTo(code);
        assertThat(folder.toFile().list((dir, name) -> !name.startsWith("given")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                              | a command is needed: inspect, error, curve,"
                        + " calibrate, eval, ",
                "fly                                             | fly",
                "list planes                                     | planes",
                "inspect                                         | MODEL",
                "inspect MLP --colour                            | --colour",
                "error MLP --tensor x --bits 1                   | bits: uniform has 2 to 16, got 1",
                "error MLP --tensor x --bits 17                  | bits: 1 to 16 are supported, got 17",
                "error MLP --tensor x --bits eight               | eight",
                "error MLP --tensor x --scheme cubic             | cubic",
                "error MLP --tensor x --calibrator magic         | magic",
                "error MLP --tensor x --calibrator minmax:p=1    | minmax has no option p; it has none",
                "error MLP --tensor x --calibrator percentile:99 | key=value is needed, got 99",
                "error MLP --tensor x --symmetric --asymmetric   | --symmetric and --asymmetric exclude each other",
                "error MLP --tensor x --signed --unsigned        | --signed and --unsigned exclude each other",
                "error MLP --tensor x --clip -1,0.5              | a symmetric grid needs LO = -HI, got -1,0.5",
                "error MLP --tensor x --clip 1                   | LO,HI is needed, got 1",
                "error MLP --tensor x --clip a,b                 | two numbers are needed, got a,b",
                "error MLP --tensor x --clip NaN,1 --asymmetric  | clip.lo: a finite number is needed, got NaN",
                "error MLP --tensor x --clip 1,-1 --asymmetric   | lo 1.0 is above hi -1.0",
                "error MLP --tensor x --clip -1,1 --calibrator mse | --clip and --calibrator exclude each other",
                "error MLP --tensor x --granularity rows         | got rows",
                "eval MLP                                        | --data",
                "eval MLP --data TEST --activations 8            | --activations needs --calibration-data",
                "eval MLP --data TEST --bits 8                   | --activations needs --calibration-data",
                "eval MLP --data TEST --bits 8 --weights 4       | --bits is short for --weights and --activations",
                "eval MLP --data TEST --config DIR/c --weights 4 | --config says how to quantize; it excludes the"
                        + " quantizer options",
                "eval MLP --data TEST --limit 0                  | --limit: at least 1, got 0",
                "eval MLP --data TEST --weights 8 --keep-float ( | --keep-float",
                "eval MLP --data TEST --keep-float nothing.such  | no quantized tensor has a name that matches"
                        + " nothing.such",
                "eval MLP --data TEST --activations 8 --granularity channel --calibration-data TEST | need --weights B",
                "calibrate MLP                                   | -o",
                "calibrate MLP --activations 8 -o DIR/c.json     | --activations needs calibration data",
                "import DIR/x --format tape --model MLP -o DIR/c  | unknown id tape; known: quantscope-json, onnx-qdq",
                "export MLP --config DIR/c --format tape -o DIR/x | unknown id tape; known: quantscope-json, onnx-qdq",
            })
    void wrongUsageIsTwo(String words, String message) {
        assertOneLine(words.isEmpty() ? CommandLineRun.of() : run(words), ExitCode.USAGE, message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "inspect DIR/none.onnx                            | none.onnx: no such file",
                "error DIR/given.txt                              | given.txt: format: is a text file",
                "inspect DIR                                      | is a folder",
                "eval DIR/given.npy --data TEST                   | given.npy: graph: a npy file holds bare weights",
                "eval MLP --data DIR/none.npz                     | none.npz",
                "eval MLP --data DIR/given.txt                    | given.txt: format",
                "eval MLP --data TEST --config DIR/none.json      | none.json: no such file",
                "eval MLP --data TEST --config DIR/given.txt      | given.txt: content",
                "eval MLP --data TEST --config DIR/given.json     | given.json: weights.bits: a whole number from 1 to"
                        + " 16 is needed, got 99",
                "export MLP --config DIR/given.json --format onnx-qdq -o DIR/x | given.json: weights.bits",
                "calibrate MLP --data DIR/none.npz -o DIR/c.json  | none.npz",
                "import DIR/given.txt --format onnx-qdq --model MLP -o DIR/c.json | given.txt: format: is a text file",
                "import DIR/given.json --format ort-overrides --model MLP -o DIR/c.json | given.json: format",
                "eval DIR --data TEST                             | file: is a folder",
                "eval MLP --data TEST --config DIR                | file: is a folder",
                "eval MLP --data DIR                              | folder: holds no PNG, JPEG, BMP or GIF",
                "calibrate MLP -o DIR                             | is a folder",
                "calibrate MLP -o DIR/no/such/c.json              | the folder does not exist",
            })
    void badInputIsThreeAndIsNamed(String words, String message) throws IOException {
        Files.writeString(folder.resolve("given.txt"), "hello");
        Files.writeString(
                folder.resolve("given.json"),
                "{\"format\":\"quantscope-session\",\"version\":1,\"weights\":{\"bits\":99}}");
        Files.write(folder.resolve("given.npy"), ArrayFiles.npy("<f4", "(2, 1)", ArrayFiles.f4(1, 2)));

        assertOneLine(run(words), ExitCode.BAD_INPUT, message);
    }

    private int failing(StringWriter err, Supplier<Error> failure) {
        Writer broken = new Writer() {
            @Override
            public void write(char[] text, int from, int length) {
                throw failure.get();
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Terminal terminal = new Terminal(new PrintWriter(broken), new PrintWriter(err), false, false);
        return Cli.run(
                new String[] {"list", "loaders"},
                terminal,
                new CancelToken(),
                fault -> Optional.of(CommandLineRun.LOG),
                folder);
    }

    @Test
    void aFaultOfOursIsFourAndNamesTheLog() {
        StringWriter err = new StringWriter();

        assertThat(failing(err, () -> new AssertionError("the drum is full"))).isEqualTo(ExitCode.FAULT);
        assertThat(err.toString())
                .isEqualTo("quantscope: a fault of the program: java.lang.AssertionError: the drum is full; the"
                        + " log is "
                        + CommandLineRun.LOG + System.lineSeparator());
    }

    @Test
    void aLackOfMemoryIsNoFaultAndNamesTheRemedy() {
        StringWriter err = new StringWriter();

        assertThat(failing(err, () -> new OutOfMemoryError("Java heap space"))).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(err.toString())
                .startsWith("quantscope: memory: the work does not fit into the ")
                .contains("QUANTSCOPE_JAVA_OPTS=-Xmx<size>")
                .endsWith("choose fewer samples or larger blocks" + System.lineSeparator());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "inspect MLP",
                "error MLP --tensor 0.weight",
                "eval MLP --data TEST",
                "sensitivity MLP --data TEST",
                "calibrate MLP -o DIR/c.json",
                "list loaders"
            })
    void aCancelledCommandIs130AndLeavesNothing(String words) {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        CommandLineRun run = CommandLineRun.of(cancel, args(words));

        assertThat(run.err()).isEqualTo("quantscope: cancelled" + System.lineSeparator());
        assertThat(run.code()).isEqualTo(ExitCode.CANCELLED);
        assertThat(run.out()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "error", "calibrate", "eval", "sensitivity", "export", "list"})
    void everyCommandHelpsWithAnExample(String command) {
        CommandLineRun run = CommandLineRun.of(command, "--help");

        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("Usage: quantscope " + command)
                .containsPattern("Examples?:\\R  quantscope " + command);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void theVersionAndTheCommandsAreTold() {
        assertThat(CommandLineRun.of("--version").out()).matches("quantscope \\d+\\.\\d+\\.\\d+.*\\R");
        assertThat(CommandLineRun.of("--help").out())
                .contains("inspect", "error", "calibrate", "eval", "sensitivity", "export", "list", "130", "Example:");
    }
}
