package org.quantscope.cli;

import org.quantscope.core.io.ProductVersion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program itself, which only prints its usage unless a command is given. */
@Command(
        name = "quantscope",
        mixinStandardHelpOptions = true,
        versionProvider = QuantscopeCommand.Version.class,
        description = "Explores how a neural network is quantized: ranges, errors, accuracy, exports.",
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:done, and a check that was asked for failed",
            "2:wrong usage",
            "3:bad input: one line names the file, the field and the value",
            "4:a fault of the program: one line names the log",
            "130:cancelled by Ctrl-C"
        },
        footer = {"", "Example:", "  quantscope eval model.onnx --data test.npz --weights 8 --granularity channel"})
final class QuantscopeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is needed: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** The output of {@code --version}. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"quantscope " + ProductVersion.current()};
        }
    }
}
