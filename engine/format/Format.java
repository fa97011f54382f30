import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Formats every Java file of the project, or checks that it is formatted. Maven runs it: {@code mvn verify} checks, {@code mvn -pl engine/format
 * verify -Dformat=write} writes.
 *
 * <p>Arguments: {@code check} or {@code write}, then the project's folder. A check that finds a difference names the files and exits with 1.
 */
class Format {
    static final Set<String> SKIPPED = Set.of("target", ".git");

    public static void main(String[] args) throws IOException {
        boolean write = args[0].equals("write");
        var formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<Path> differing = javaFiles(Path.of(args[1])).parallelStream()
                .filter(file -> differs(formatter, file, write))
                .sorted()
                .toList();
        if (!differing.isEmpty() && !write) {
            System.err.println("Not formatted; mvn -pl engine/format verify -Dformat=write formats:");
            differing.forEach(System.err::println);
            System.exit(1);
        }
    }

    static List<Path> javaFiles(Path root) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return SKIPPED.contains(folder.getFileName().toString()) && !folder.equals(root)
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".java")) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    static boolean differs(Formatter formatter, Path file, boolean write) {
        try {
            String before = Files.readString(file);
            String after = formatter.formatSourceAndFixImports(before);
            if (write && !after.equals(before)) {
                Files.writeString(file, after);
            }
            return !after.equals(before);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (FormatterException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }
}
