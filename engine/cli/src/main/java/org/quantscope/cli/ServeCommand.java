package org.quantscope.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import org.quantscope.core.job.CancelToken;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Offers the other commands to an agent, as tools of the Model Context Protocol. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        versionProvider = QuantscopeCommand.Version.class,
        description = {
            "Offers the other commands to an agent, as tools of the Model Context Protocol over stdin and stdout, until"
                    + " stdin ends.",
            "One command runs at a time, in the order of the calls. Files are only read, unless --allow-write is given."
        },
        footer = {"", "Example:", "  quantscope serve --stdio"})
final class ServeCommand implements Callable<Integer> {
    private final CancelToken cancel;
    private final ToolServer.Commands commands;
    private final InputStream in;

    @Option(names = "--stdio", required = true, description = "Speak over stdin and stdout, the only way there is.")
    @SuppressWarnings("UnusedVariable") // must be given, and there is no other way
    private boolean stdio;

    @Option(names = "--allow-write", description = "Also run commands that write files.")
    private boolean allowWrite;

    ServeCommand(CancelToken cancel, ToolServer.Commands commands, InputStream in) {
        this.cancel = cancel;
        this.commands = commands;
        this.in = in;
    }

    @Override
    public Integer call() {
        // The protocol owns stdout from here on: whatever else prints goes to stderr.
        OutputStream protocol = new FileOutputStream(FileDescriptor.out);
        System.setOut(System.err);
        ToolServer.serve(commands, allowWrite, in, protocol, cancel);
        return ExitCode.DONE;
    }
}
