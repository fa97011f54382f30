package org.quantscope.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * The log file of the program; nothing that is logged goes to the terminal. The file is created at the first entry. A
 * file that has grown large is first renamed to {@code <name>.old}. Several processes may write at once.
 */
final class LogFile extends Handler {
    private static final long LARGE_BYTES = 1 << 20;

    private final Path file;
    private boolean broken;

    LogFile(Path file) {
        this.file = file;
        setLevel(Level.INFO);
        setFormatter(new SimpleFormatter());
    }

    /** Sends everything that is logged to {@code file}, and nowhere else. */
    static LogFile install(Path file) {
        LogManager.getLogManager().reset();
        LogFile log = new LogFile(file);
        Logger.getLogger("").addHandler(log);
        return log;
    }

    /** Writes the stack trace of an internal error to the file, and returns the file; empty if that is not possible. */
    Optional<Path> record(Throwable fault) {
        LogRecord entry = new LogRecord(Level.SEVERE, String.valueOf(fault));
        entry.setThrown(fault);
        entry.setLoggerName("quantscope");
        publish(entry);
        return broken ? Optional.empty() : Optional.of(file);
    }

    @Override
    public synchronized void publish(LogRecord entry) {
        if (!isLoggable(entry)) {
            return;
        }
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (Files.exists(file) && Files.size(file) > LARGE_BYTES) {
                Files.move(file, file.resolveSibling(file.getFileName() + ".old"), StandardCopyOption.REPLACE_EXISTING);
            }
            try (BufferedWriter writer =
                    Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                writer.write(getFormatter().format(entry));
            }
        } catch (IOException e) {
            broken = true;
        }
    }

    /** Does nothing: every entry is written at once. */
    @Override
    public void flush() {}

    /** Does nothing: no file stays open between entries. */
    @Override
    public void close() {}
}
