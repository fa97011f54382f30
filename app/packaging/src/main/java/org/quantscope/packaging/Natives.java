package org.quantscope.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/** Leaves native libraries for other systems out of a jar. */
final class Natives {
    private static final List<String> LIBRARIES = List.of(".so", ".dll", ".dylib", ".jnilib", ".a", ".lib");

    /** Folders that hold natives of one system, as the libraries name them. */
    private static final List<String> SYSTEMS = List.of(
            "linux", "windows", "win", "win32", "osx", "macosx", "darwin", "mac", "freebsd", "openbsd", "sunos", "aix",
            "android", "wince", "ios");

    private Natives() {}

    /** Copies a jar; entries that only another system can load stay behind. */
    static void copyForThisSystem(Path jar, Path target) throws IOException {
        String system = system(System.getProperty("os.name"));
        List<String> processor = processor(System.getProperty("os.arch"));
        try (JarFile in = new JarFile(jar.toFile(), false)) {
            if (in.stream().noneMatch(entry -> isForeign(entry.getName(), system, processor))) {
                Files.copy(jar, target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
                return;
            }
            try (OutputStream file = Files.newOutputStream(target);
                    JarOutputStream out = new JarOutputStream(file)) {
                Enumeration<JarEntry> entries = in.entries();
                while (entries.hasMoreElements()) {
                    JarEntry entry = entries.nextElement();
                    if (isForeign(entry.getName(), system, processor)) {
                        continue;
                    }
                    JarEntry copy = new JarEntry(entry.getName());
                    copy.setTime(entry.getTime());
                    out.putNextEntry(copy);
                    try (InputStream bytes = in.getInputStream(entry)) {
                        bytes.transferTo(out);
                    }
                    out.closeEntry();
                }
            }
        }
    }

    /** True if an entry lies in a folder of another system or processor, and is a native library or lies beside one. */
    static boolean isForeign(String entry, String system, List<String> processor) {
        boolean library = LIBRARIES.stream().anyMatch(entry::endsWith) || entry.contains(".dSYM/");
        if (!library) {
            return false;
        }
        for (String folder : entry.toLowerCase(Locale.ROOT).split("/", -1)) {
            String[] words = folder.split("-", 2);
            if (SYSTEMS.contains(words[0]) && words.length == 2) {
                return !system(words[0]).equals(system) || !processor.contains(words[1]);
            }
            if (SYSTEMS.contains(folder)) {
                return !system(folder).equals(system);
            }
        }
        return false;
    }

    static String system(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.startsWith("mac") || lower.startsWith("osx") || lower.startsWith("darwin")) {
            return "mac";
        }
        return lower.startsWith("win") && !lower.equals("wince") ? "windows" : lower;
    }

    /** The names that libraries have for a processor. */
    static List<String> processor(String arch) {
        return arch.equals("aarch64") || arch.equals("arm64")
                ? List.of("aarch64", "arm64", "aarch_64")
                : List.of("x64", "x86-64", "x86_64", "amd64");
    }
}
