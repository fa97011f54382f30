package org.quantscope.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs command lines in the process of a test of the window. */
public final class CommandLineBesideWindow {
    private CommandLineBesideWindow() {}

    /**
     * The JSON that a command line prints; it must end without an error.
     *
     * @param state the folder for what is kept from one run to the next
     * @param args with {@code --json}
     */
    public static JsonNode run(Path state, Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Terminal terminal = new Terminal(new PrintWriter(out), new PrintWriter(err), false, false);
        String[] words = Stream.of(args).map(Object::toString).toArray(String[]::new);
        int code = Cli.run(words, terminal, new CancelToken(), fault -> fail(words, fault), state);
        if (code != ExitCode.DONE) {
            throw new AssertionError(String.join(" ", words) + ": exit code " + code + ", " + err);
        }
        return new JsonMapper().readTree(out.toString());
    }

    private static Optional<Path> fail(String[] words, Throwable fault) {
        throw new AssertionError(String.join(" ", words), fault);
    }
}
