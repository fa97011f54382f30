package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.sample;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;

class ProgressTest {
    @TempDir
    Path folder;

    /** A terminal whose reader presses Ctrl-C as soon as a text is shown. */
    private static final class Impatient extends StringWriter {
        private final String trigger;
        private final CancelToken cancel;

        Impatient(String trigger, CancelToken cancel) {
            this.trigger = trigger;
            this.cancel = cancel;
        }

        @Override
        public void write(String text, int from, int length) {
            super.write(text, from, length);
            if (text.contains(trigger)) {
                cancel.cancel();
            }
        }
    }

    private int run(StringWriter out, StringWriter err, CancelToken cancel, Object... args) {
        String[] words = new String[args.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = args[i].toString();
        }
        return Cli.run(
                words,
                new Terminal(new PrintWriter(out), new PrintWriter(err), false, true),
                cancel,
                fault -> Optional.empty(),
                folder.resolve("state"));
    }

    @Test
    void aPersonSeesProgressThatIsWipedAtTheEnd() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = run(
                out,
                err,
                new CancelToken(),
                "eval",
                sample("digits_mlp.onnx"),
                "--data",
                sample("digits_test.npz"),
                "--json");

        assertThat(code).isZero();
        assertThat(err.toString()).contains("\r\033[Kevaluate").endsWith("\r\033[K");
        assertThat(out.toString()).startsWith("{").endsWith("}" + System.lineSeparator());
    }

    @Test
    void aCancelDuringTheEvaluationEndsItWithoutAResult() {
        CancelToken cancel = new CancelToken();
        StringWriter out = new StringWriter();
        StringWriter err = new Impatient("evaluate", cancel);
        int code = run(
                out,
                err,
                cancel,
                "eval",
                sample("fashion_vit.onnx"),
                "--data",
                sample("fashion_mnist_test.npz"),
                "--json");

        assertThat(code).isEqualTo(ExitCode.CANCELLED);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).endsWith("quantscope: cancelled" + System.lineSeparator());
    }

    @Test
    void aCancelDuringASweepEndsItWithoutAResult() {
        CancelToken cancel = new CancelToken();
        StringWriter out = new StringWriter();
        StringWriter err = new Impatient("only ", cancel);
        int code = run(
                out,
                err,
                cancel,
                "sensitivity",
                sample("fashion_vit.onnx"),
                "--data",
                sample("fashion_mnist_test.npz"),
                "--limit",
                300,
                "--json");

        assertThat(code).isEqualTo(ExitCode.CANCELLED);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).contains("sensitivity").endsWith("quantscope: cancelled" + System.lineSeparator());
        // The evaluations that were finished are kept for the next run, and nothing else.
        assertThat(folder.resolve("state/sensitivity")).isDirectoryContaining("glob:**.sensitivity");
        assertThat(folder.resolve("state/sensitivity").toFile().list()).hasSize(1);
    }

    @Test
    void aCancelDuringTheCalibrationLeavesNoFile() {
        CancelToken cancel = new CancelToken();
        StringWriter out = new StringWriter();
        Path config = folder.resolve("c.json");
        int code = run(
                out,
                new Impatient("calibrate", cancel),
                cancel,
                "calibrate",
                sample("fashion_vit.onnx"),
                "--data",
                sample("fashion_mnist_test.npz"),
                "-o",
                config);

        assertThat(code).isEqualTo(ExitCode.CANCELLED);
        assertThat(folder).isEmptyDirectory();
    }
}
