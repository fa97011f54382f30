package org.quantscope.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.io.Unpacked;
import org.quantscope.core.io.UserFolders;
import org.quantscope.core.job.CancelToken;

/** Starts the command line. */
public final class Main {
    /** How long a cancelled command may take to clean up before the process ends anyway. */
    private static final long DRAIN_SECONDS = 20;

    private Main() {}

    /** Runs the command that {@code args} name, then ends the process with its exit code. */
    public static void main(String[] args) {
        Path state = UserFolders.state();
        LogFile log = LogFile.install(state.resolve("quantscope.log"));
        Unpacked.into(UserFolders.caches());
        Temporaries.keepIn(state.resolve("running"));
        Terminal terminal = new Terminal(
                writer(FileDescriptor.out),
                writer(FileDescriptor.err),
                isTerminal("out") && colourful(),
                isTerminal("err"));
        CancelToken cancel = new CancelToken();
        CountDownLatch finished = new CountDownLatch(1);
        // Ctrl-C runs this thread: the command removes its unfinished files, then the process ends with code 130.
        Thread drain = new Thread(() -> {
            cancel.cancel();
            try {
                finished.await(DRAIN_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(drain);
        int code;
        try {
            code = Cli.run(args, terminal, cancel, log::record, state);
        } finally {
            Temporaries.end();
            finished.countDown();
        }
        System.exit(code);
    }

    private static PrintWriter writer(FileDescriptor descriptor) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8), false);
    }

    /**
     * True if a stream is a terminal. The start script knows this for each stream; without the script both count as
     * terminals if Java has a console that is one. It has none where the console's module is not among those that were
     * loaded.
     */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal(String stream) {
        String told = System.getProperty("quantscope.terminal." + stream);
        Console console = System.console();
        return told == null ? console != null && console.isTerminal() : told.equals("true");
    }

    /** True if colours may be used: see no-color.org. */
    private static boolean colourful() {
        String off = System.getenv("NO_COLOR");
        return (off == null || off.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    }
}
