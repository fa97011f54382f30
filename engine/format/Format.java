import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Formats the Java files of the project, or checks that they are formatted. Maven runs it: {@code mvn verify} checks, {@code mvn -pl engine/format
 * verify -Dformat=write} writes.
 *
 * <p>Arguments: what to do, then the project's folder. {@code write} formats every file and {@code check-all} looks at every file. {@code check}
 * looks at the files that are not committed or that one of the last {@value #COMMITS} commits has touched: older ones were looked at when they were
 * new, and all of them take half a minute of processor time. It looks at every file where Git cannot say which these are, and where the formatter
 * itself has changed. A check that finds a difference names the files and exits with 1.
 */
class Format {
    static final Set<String> SKIPPED = Set.of("target", ".git");
    static final int COMMITS = 20;
    /** A change here may be a newer formatter, which every file has to please. */
    static final String FORMATTER = "engine/format/";

    public static void main(String[] args) throws IOException {
        boolean write = args[0].equals("write");
        var formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        Path root = Path.of(args[1]).toRealPath();
        List<Path> files = javaFiles(root);
        if (args[0].equals("check")) {
            Optional<Set<Path>> changed = changed(root);
            changed.ifPresent(files::retainAll);
        }
        List<Path> differing = files.parallelStream()
                .filter(file -> differs(formatter, file, write))
                .sorted()
                .toList();
        if (!differing.isEmpty() && !write) {
            System.err.println("Not formatted; mvn -pl engine/format verify -Dformat=write formats:");
            differing.forEach(System.err::println);
            System.exit(1);
        }
    }

    /** The files that are new or have changed of late; empty if Git does not know or if all files are to be looked at. */
    static Optional<Set<Path>> changed(Path root) throws IOException {
        Set<String> names = new HashSet<>();
        for (List<String> command : List.of(
                List.of("git", "rev-parse", "--verify", "--quiet", "HEAD~" + COMMITS),
                List.of("git", "diff", "--name-only", "--relative", "-z", "HEAD~" + COMMITS),
                List.of("git", "ls-files", "--others", "--exclude-standard", "-z"))) {
            Optional<String> said = output(command, root);
            if (said.isEmpty()) {
                return Optional.empty();
            }
            names.addAll(List.of(said.get().split("\0")));
        }
        return names.stream().anyMatch(n -> n.startsWith(FORMATTER))
                ? Optional.empty()
                : Optional.of(names.stream()
                        .filter(n -> n.endsWith(".java"))
                        .map(root::resolve)
                        .collect(Collectors.toSet()));
    }

    /** What a command prints; empty if there is no such command or if it fails. */
    static Optional<String> output(List<String> command, Path folder) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return Optional.empty();
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return process.waitFor() == 0 ? Optional.of(said) : Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
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
