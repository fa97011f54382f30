package org.quantscope.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The result of one command line, run in this process: its exit code and what it printed. */
record CommandLineRun(int code, String out, String err) {
    static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    static final Path LOG = Path.of("/state/quantscope.log");

    static CommandLineRun of(Object... args) {
        return of(new CancelToken(), args);
    }

    /** Runs a command line with an empty state folder of its own. */
    static CommandLineRun of(CancelToken cancel, Object... args) {
        try {
            Path state = Files.createTempDirectory("quantscope-state");
            try {
                return in(state, cancel, args);
            } finally {
                try (Stream<Path> files = Files.walk(state)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Runs a command line.
     *
     * @param state the folder for what is kept from one run to the next
     */
    static CommandLineRun in(Path state, CancelToken cancel, Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Terminal terminal = new Terminal(new PrintWriter(out), new PrintWriter(err), false, false);
        String[] words = new String[args.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = args[i].toString();
        }
        int code = Cli.run(words, terminal, cancel, fault -> Optional.of(LOG), state);
        return new CommandLineRun(code, out.toString(), err.toString());
    }

    static Path sample(String name) {
        return SAMPLES.resolve(name);
    }

    /** The output, which must be a single JSON value. */
    JsonNode json() {
        if (code != 0 && code != 1) {
            throw new AssertionError("exit code " + code + ": " + err);
        }
        return new JsonMapper().readTree(out);
    }

    /** The names of the fields of a JSON object, in their order. */
    static List<String> names(JsonNode object) {
        return new ArrayList<>(object.propertyNames());
    }
}
