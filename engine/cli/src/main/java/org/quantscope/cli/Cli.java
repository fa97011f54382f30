package org.quantscope.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.OverwritesInputException;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sensitivity.SensitivityStore;
import picocli.CommandLine;

/** Puts the commands together and turns their failures into one line on stderr and an exit code. */
final class Cli {
    private Cli() {}

    /**
     * Runs one command line.
     *
     * @param log writes an internal error to the log and returns the log file, if it could be written
     * @param state the folder for what is kept from one run to the next
     * @return the exit code
     */
    static int run(
            String[] args, Terminal terminal, CancelToken cancel, Function<Throwable, Optional<Path>> log, Path state) {
        return run(args, commands(terminal, cancel, log, state), terminal, cancel, log);
    }

    private static CommandLine commands(
            Terminal terminal, CancelToken cancel, Function<Throwable, Optional<Path>> log, Path state) {
        return new CommandLine(new QuantscopeCommand())
                .addSubcommand("inspect", new InspectCommand(terminal, cancel))
                .addSubcommand("error", new ErrorCommand(terminal, cancel))
                .addSubcommand("curve", new CurveCommand(terminal, cancel))
                .addSubcommand("calibrate", new CalibrateCommand(terminal, cancel))
                .addSubcommand("eval", new EvalCommand(terminal, cancel))
                .addSubcommand("budget", new BudgetCommand(terminal, cancel))
                .addSubcommand("recommend", new RecommendCommand(terminal, cancel))
                .addSubcommand("improve", new ImproveCommand(terminal, cancel))
                .addSubcommand("compare", new CompareCommand(terminal, cancel))
                .addSubcommand(
                        "sensitivity",
                        new SensitivityCommand(terminal, cancel, new SensitivityStore(state.resolve("sensitivity"))))
                .addSubcommand("sweep", new SweepCommand(terminal, cancel))
                .addSubcommand("correct", new CorrectCommand(terminal, cancel))
                .addSubcommand("data-check", new DataCheckCommand(terminal, cancel))
                .addSubcommand("device", new DeviceCommand(terminal, cancel))
                .addSubcommand("robustness", new RobustnessCommand(terminal, cancel))
                .addSubcommand("adaptive", new AdaptiveCommand(terminal, cancel))
                .addSubcommand("export", new ExportCommand(terminal, cancel))
                .addSubcommand("report", new ReportCommand(terminal, cancel))
                .addSubcommand("import", new ImportCommand(terminal, cancel))
                .addSubcommand("proof", new ProofCommand(terminal, cancel))
                .addSubcommand("list", new ListCommand(terminal, cancel, LessonList.in(state)))
                .addSubcommand("lesson", LessonCommand.of(terminal, cancel, LessonList.in(state)))
                .addSubcommand("explain", new ExplainCommand(terminal, cancel))
                .addSubcommand("serve", new ServeCommand(cancel, served(log, state), System.in))
                .setOut(terminal.help())
                .setErr(terminal.err())
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(100)
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        terminal.outIsTerminal() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setParameterExceptionHandler((e, ignored) -> {
                    complain(
                            terminal,
                            e.getMessage() + " (see "
                                    + e.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
                    return ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, terminal, cancel, log));
    }

    /** The commands as a server runs them: a word of a client that begins with @ is no file of further words. */
    static ToolServer.Commands served(Function<Throwable, Optional<Path>> log, Path state) {
        return new ToolServer.Commands() {
            @Override
            public CommandLine described() {
                PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
                return commands(new Terminal(nowhere, nowhere, false, false), new CancelToken(), log, state);
            }

            @Override
            public int run(String[] words, Terminal terminal, CancelToken cancel) {
                CommandLine line = commands(terminal, cancel, log, state).setExpandAtFiles(false);
                return Cli.run(words, line, terminal, cancel, log);
            }
        };
    }

    private static int run(
            String[] args,
            CommandLine line,
            Terminal terminal,
            CancelToken cancel,
            Function<Throwable, Optional<Path>> log) {
        int code;
        try {
            code = line.execute(args);
        } catch (Error e) {
            code = failed(e, terminal, cancel, log);
        }
        terminal.out().flush();
        terminal.err().flush();
        return code;
    }

    private static int failed(
            Throwable failure, Terminal terminal, CancelToken cancel, Function<Throwable, Optional<Path>> log) {
        if (cancel.isCancelled()) {
            // After a cancellation every other error is a consequence of it.
            complain(terminal, "cancelled");
            return ExitCode.CANCELLED;
        }
        return switch (failure) {
            case CancellationException e -> {
                complain(terminal, "cancelled");
                yield ExitCode.CANCELLED;
            }
            case OverwritesInputException e -> {
                complain(terminal, "-o: " + e.getMessage());
                yield ExitCode.USAGE;
            }
            case UncheckedIOException e -> {
                complain(terminal, Reason.of(Objects.requireNonNullElse(e.getCause(), e)));
                yield ExitCode.BAD_INPUT;
            }
            case BadInputException e -> {
                complain(terminal, e.getMessage());
                yield ExitCode.BAD_INPUT;
            }
            case IOException e -> {
                complain(terminal, Reason.of(e));
                yield ExitCode.BAD_INPUT;
            }
            case OutOfMemoryError e -> {
                complain(
                        terminal,
                        String.format(
                                Locale.ROOT,
                                "memory: the work does not fit into the %,d MB that Java may use; give it more with"
                                        + " QUANTSCOPE_JAVA_OPTS=-Xmx<size>, or choose fewer samples or larger blocks",
                                Runtime.getRuntime().maxMemory() >> 20));
                yield ExitCode.BAD_INPUT;
            }
            case InternalError e
            when MappedFile.cutOff().isPresent() -> {
                complain(terminal, Reason.of(e));
                yield ExitCode.BAD_INPUT;
            }
            default -> {
                String where =
                        log.apply(failure).map(file -> "the log is " + file).orElse("no log could be written");
                complain(terminal, "a fault of the program: " + failure + "; " + where);
                yield ExitCode.FAULT;
            }
        };
    }

    /** Prints exactly one line. */
    private static void complain(Terminal terminal, @Nullable String problem) {
        terminal.err()
                .println("quantscope: "
                        + Invisible.escaped(
                                String.valueOf(problem).replaceAll("\\R", " ").strip()));
        terminal.err().flush();
    }
}
