package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;

/** The log of the program: nothing of it goes to the terminal. The file is made when there is something to say. */
final class LogFile extends Handler {
    private static final int LIMIT_BYTES = 1 << 20;
    private static final int FILES = 2;

    private final Path file;
    private @Nullable FileHandler target;
    private boolean broken;

    LogFile(Path file) {
        this.file = file;
        setLevel(Level.INFO);
    }

    /** Sends everything that is logged to {@code file}, and nothing anywhere else. */
    static LogFile install(Path file) {
        LogManager.getLogManager().reset();
        LogFile log = new LogFile(file);
        Logger.getLogger("").addHandler(log);
        return log;
    }

    /** Writes a fault down; empty if that is not possible. */
    Optional<Path> record(Throwable fault) {
        LogRecord entry = new LogRecord(Level.SEVERE, String.valueOf(fault.getMessage()));
        entry.setThrown(fault);
        publish(entry);
        flush();
        return broken ? Optional.empty() : Optional.of(file);
    }

    @Override
    public synchronized void publish(LogRecord entry) {
        if (broken || !isLoggable(entry)) {
            return;
        }
        try {
            if (target == null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
                target = new FileHandler(file.toString().replace("%", "%%"), LIMIT_BYTES, FILES, true);
                target.setFormatter(new SimpleFormatter());
                target.setEncoding("UTF-8");
            }
            target.publish(entry);
        } catch (IOException | SecurityException e) {
            broken = true;
        }
    }

    @Override
    public synchronized void flush() {
        if (target != null) {
            target.flush();
        }
    }

    @Override
    public synchronized void close() {
        if (target != null) {
            target.close();
            target = null;
        }
    }
}
