package org.quantscope.core.io;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The folders of the operating system for files that a program writes for itself. Nothing is created here. */
public final class UserFolders {
    private UserFolders() {}

    /**
     * The folder of logs and autosaves: {@code $XDG_STATE_HOME/quantscope} or {@code ~/.local/state/quantscope} (XDG Base
     * Directory Specification 0.8), {@code ~/Library/Application Support/Quantscope} on macOS, {@code %LOCALAPPDATA%\Quantscope}
     * on Windows.
     */
    public static Path state() {
        return state(System.getProperty("os.name", ""), System.getProperty("user.home", "."), System::getenv);
    }

    static Path state(String os, String home, UnaryOperator<@Nullable String> environment) {
        String name = os.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            String local = environment.apply("LOCALAPPDATA");
            return local == null || local.isEmpty()
                    ? Path.of(home, "AppData", "Local", "Quantscope")
                    : Path.of(local, "Quantscope");
        }
        if (name.startsWith("mac")) {
            return Path.of(home, "Library", "Application Support", "Quantscope");
        }
        String state = environment.apply("XDG_STATE_HOME");
        // The specification says that a relative path is to be ignored.
        return state == null || !Path.of(state).isAbsolute()
                ? Path.of(home, ".local", "state", "quantscope")
                : Path.of(state, "quantscope");
    }
}
