package org.quantscope.core.io;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** How much memory this computer has left for a program that asks for more. */
public final class FreeMemory {
    private static final String AVAILABLE = "MemAvailable:";

    private FreeMemory() {}

    /**
     * In bytes, without the file pages that the system would give up. It is an estimate: other programs take and return
     * memory all the time.
     */
    public static long bytes() {
        if (!(ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.OperatingSystemMXBean system)) {
            return Long.MAX_VALUE;
        }
        // The size is that of the container, if there is one; the file below is that of the whole computer.
        return Math.min(system.getTotalMemorySize(), available().orElseGet(system::getFreeMemorySize));
    }

    /** The bytes that Java may still put on its heap. */
    public static long heap() {
        Runtime java = Runtime.getRuntime();
        return java.maxMemory() - (java.totalMemory() - java.freeMemory());
    }

    private static Optional<Long> available() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith(AVAILABLE))
                    .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst();
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }
}
