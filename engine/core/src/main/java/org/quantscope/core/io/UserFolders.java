package org.quantscope.core.io;

import java.nio.file.Path;
import java.util.List;
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

    /**
     * The folder of settings: {@code $XDG_CONFIG_HOME/quantscope} or {@code ~/.config/quantscope},
     * {@code ~/Library/Application Support/Quantscope} on macOS, {@code %APPDATA%\Quantscope} on Windows.
     */
    public static Path settings() {
        return settings(System.getProperty("os.name", ""), System.getProperty("user.home", "."), System::getenv);
    }

    /**
     * Where what can be made again is kept, best first: {@code $XDG_CACHE_HOME/quantscope} or {@code ~/.cache/quantscope},
     * {@code ~/Library/Caches/Quantscope} on macOS, {@code %LOCALAPPDATA%\Quantscope\Cache} on Windows; then, for a home
     * that cannot be written, a folder of the person's own among the temporary files.
     */
    public static List<Path> caches() {
        String user = System.getProperty("user.name", "");
        return List.of(
                cache(System.getProperty("os.name", ""), System.getProperty("user.home", "."), System::getenv),
                Path.of(System.getProperty("java.io.tmpdir", "."))
                        .resolve("quantscope-" + user.replaceAll("[^A-Za-z0-9._-]", "_")));
    }

    static Path cache(String os, String home, UnaryOperator<@Nullable String> environment) {
        String name = os.toLowerCase(Locale.ROOT);
        if (name.startsWith("mac")) {
            return Path.of(home, "Library", "Caches", "Quantscope");
        }
        Path folder = folder(os, home, environment, "LOCALAPPDATA", "Local", "XDG_CACHE_HOME", ".cache");
        return name.startsWith("windows") ? folder.resolve("Cache") : folder;
    }

    static Path state(String os, String home, UnaryOperator<@Nullable String> environment) {
        return folder(os, home, environment, "LOCALAPPDATA", "Local", "XDG_STATE_HOME", ".local/state");
    }

    static Path settings(String os, String home, UnaryOperator<@Nullable String> environment) {
        return folder(os, home, environment, "APPDATA", "Roaming", "XDG_CONFIG_HOME", ".config");
    }

    private static Path folder(
            String os,
            String home,
            UnaryOperator<@Nullable String> environment,
            String windows,
            String windowsDefault,
            String xdg,
            String xdgDefault) {
        String name = os.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            String given = environment.apply(windows);
            return given == null || given.isEmpty()
                    ? Path.of(home, "AppData", windowsDefault, "Quantscope")
                    : Path.of(given, "Quantscope");
        }
        if (name.startsWith("mac")) {
            return Path.of(home, "Library", "Application Support", "Quantscope");
        }
        String given = environment.apply(xdg);
        // The specification says that a relative path is to be ignored.
        return given == null || !Path.of(given).isAbsolute()
                ? Path.of(home).resolve(xdgDefault).resolve("quantscope")
                : Path.of(given, "quantscope");
    }
}
