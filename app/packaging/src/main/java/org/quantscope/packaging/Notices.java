package org.quantscope.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** Writes whose work a package holds and under which licences, and refuses a package that would hold more. */
final class Notices {
    private Notices() {}

    /**
     * Writes {@code THIRD-PARTY.txt} and the licence texts of the jars, by jar, in {@code legal}.
     *
     * @param list what Maven says of the dependencies, one a line: (licences) title (group:artifact:version - address)
     * @throws IOException if a jar is on no line, or on one without a licence
     */
    static void write(Path list, Path jars, Path target) throws IOException {
        List<String> lines = Files.readAllLines(list).stream()
                .map(String::strip)
                .filter(line -> line.startsWith("("))
                .toList();
        List<String> missing = new ArrayList<>();
        Path legal = Files.createDirectories(target.resolve("legal"));
        try (Stream<Path> files = Files.list(jars)) {
            for (Path jar : files.filter(f -> f.toString().endsWith(".jar")).toList()) {
                String name = jar.getFileName().toString();
                if (name.startsWith("quantscope-")) {
                    continue;
                }
                if (lines.stream().noneMatch(line -> names(line, name) && !line.startsWith("(Unknown"))) {
                    missing.add(name);
                }
                texts(jar, legal.resolve(name.replace(".jar", "")));
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException(list + ": no licence is known of " + String.join(", ", missing));
        }
        Files.writeString(
                target.resolve("THIRD-PARTY.txt"),
                "Quantscope is licensed under Apache-2.0 (LICENSE). This package also holds a Java runtime (OpenJDK,\n"
                        + "GPL-2.0 with the Classpath Exception; its notices are in the runtime's folder legal) and"
                        + " these\n"
                        + "libraries, whose own licence texts and notices, as far as their jars hold them, are in the\n"
                        + "folder legal beside this file:\n\n"
                        + String.join("\n", lines) + "\n");
    }

    /** True if a line is of the artifact whose jar is called {@code jar}. */
    static boolean names(String line, String jar) {
        int from = line.lastIndexOf('(');
        String[] parts = line.substring(from + 1).split(" - ", 2)[0].split(":", -1);
        if (parts.length < 3) {
            return false;
        }
        String start = parts[1] + "-" + parts[parts.length - 1].replace(")", "");
        return jar.startsWith(start);
    }

    private static void texts(Path jar, Path folder) throws IOException {
        try (JarFile file = new JarFile(jar.toFile(), false)) {
            for (JarEntry entry : file.stream().toList()) {
                String name = entry.getName();
                String last = name.substring(name.lastIndexOf('/') + 1).toUpperCase(Locale.ROOT);
                if (entry.isDirectory()
                        || last.endsWith(".CLASS")
                        || !(last.startsWith("LICENSE") || last.startsWith("NOTICE") || last.startsWith("COPYING"))) {
                    continue;
                }
                Files.createDirectories(folder);
                try (InputStream bytes = file.getInputStream(entry)) {
                    Files.write(folder.resolve(name.replace('/', '_')), bytes.readAllBytes());
                }
            }
        }
    }
}
