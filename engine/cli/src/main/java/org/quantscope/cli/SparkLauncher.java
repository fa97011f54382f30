package org.quantscope.cli;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;

/**
 * The launcher of {@code engine/spark}, which is no part of this program: it is started as a process of its own, so that
 * Spark's libraries never lie on this class path. It prints what this command would print and ends with its exit codes.
 */
record SparkLauncher(Path script) {
    /** Names the launcher outright. */
    static final String VARIABLE = "QUANTSCOPE_SPARK";

    private static final String BESIDE = "spark/bin/quantscope-spark";

    static final String ABSENT = "--master: the launcher of engine/spark is not there: neither $" + VARIABLE + " nor "
            + BESIDE + " beside this program; build it with mvn -Pspark package";

    private static final long LOOK_MILLIS = 100;
    private static final long GRACE_SECONDS = 10;

    /** The launcher of this installation; empty if there is none. */
    static Optional<SparkLauncher> find() {
        return find(Optional.ofNullable(System.getenv(VARIABLE)), home());
    }

    /** The folder of the library folder that holds this class; empty if it was not installed. */
    private static Optional<Path> home() {
        CodeSource source = SparkLauncher.class.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) {
            return Optional.empty();
        }
        try {
            Path jar = Path.of(source.getLocation().toURI());
            return Files.isRegularFile(jar)
                    ? Optional.ofNullable(jar.getParent()).flatMap(lib -> Optional.ofNullable(lib.getParent()))
                    : Optional.empty();
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            return Optional.empty();
        }
    }

    /**
     * @param named a path from the environment; if it is there, nothing else is looked at
     * @param home the folder of this installation
     */
    static Optional<SparkLauncher> find(Optional<String> named, Optional<Path> home) {
        return Stream.of(
                        named.map(Path::of),
                        named.isPresent() ? Optional.<Path>empty() : home.map(h -> h.resolve(BESIDE)))
                .flatMap(Optional::stream)
                .filter(Files::isRegularFile)
                .findFirst()
                .map(SparkLauncher::new);
    }

    /**
     * Runs it to its end.
     *
     * @return its exit code
     * @throws CancellationException if cancelled; the launcher has ended by then
     */
    int run(String master, Path plan, Path output, boolean json, Terminal terminal, CancelToken cancel)
            throws IOException {
        terminal.out().flush();
        ProcessBuilder builder = new ProcessBuilder(Stream.concat(
                        Stream.of(script.toString(), "--master", master, "-o", output.toString(), plan.toString()),
                        json ? Stream.of("--json") : Stream.of())
                .toList());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.inheritIO();
        Process process = builder.start();
        try {
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                cancel.check();
            }
            cancel.check();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } finally {
            end(process);
        }
    }

    private static void end(Process process) {
        List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        all.forEach(ProcessHandle::destroy);
        try {
            if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
                all.forEach(ProcessHandle::destroyForcibly);
            }
        } catch (InterruptedException e) {
            all.forEach(ProcessHandle::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }
}
