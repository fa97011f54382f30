package org.quantscope.core.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The name of this computer, found without asking the network. */
final class Computer {
    private static final int MOST = 60;

    /** Letters, digits and hyphens only. */
    static final String NAME = clean(find());

    private Computer() {}

    private static String find() {
        return Stream.of(read("/proc/sys/kernel/hostname"), System.getenv("COMPUTERNAME"), System.getenv("HOSTNAME"))
                .filter(name -> name != null && !name.isBlank())
                .findFirst()
                .orElse("here");
    }

    private static @Nullable String read(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return null;
        }
    }

    private static String clean(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9]+", "-");
        return plain.substring(0, Math.min(MOST, plain.length()));
    }
}
