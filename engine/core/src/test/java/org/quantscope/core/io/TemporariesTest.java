package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.RunFolder.Owner;

/** What runs leave behind that were killed, and who may delete it. */
class TemporariesTest {
    @TempDir
    Path folder;

    @AfterEach
    void end() {
        Temporaries.end();
    }

    /** Writes half a file, makes a folder with a file, says so and waits to be killed. */
    static final class Killed {
        private Killed() {}

        public static void main(String[] args) throws IOException {
            Path folder = Path.of(args[0]);
            Temporaries.keepIn(folder.resolve("runs"));
            RunFolder own = RunFolder.create(folder.resolve("unsaved"));
            Files.writeString(own.folder().resolve("copy"), "work");
            Path made = Files.createDirectory(AtomicFile.temporaryBeside(folder.resolve("export ü\n.onnx")));
            Files.writeString(made.resolve("export.onnx"), "half");
            AtomicFile.write(folder.resolve("result.json"), out -> {
                out.write(new byte[1 << 20]);
                System.out.println("ready");
                while (System.in.read() >= 0) {
                    // Waits to be killed.
                }
            });
        }
    }

    private static List<String> names(Path in) throws IOException {
        try (Stream<Path> files = Files.list(in)) {
            return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
        }
    }

    @Test
    void whatAKilledProcessLeftIsSweptByTheNextStartAndNotBefore() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("result.json"), "old");
        Process other = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Killed.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(said.readLine()).isEqualTo("ready");
            Path unsaved = RunFolder.all(folder.resolve("unsaved")).getFirst();
            assertThat(names(folder)).filteredOn(n -> n.endsWith(".tmp")).hasSize(2);

            Temporaries.keepIn(folder.resolve("runs"));
            assertThat(names(folder)).filteredOn(n -> n.endsWith(".tmp")).hasSize(2);
            assertThat(RunFolder.ownerOf(unsaved)).isEqualTo(Owner.RUNS);
            assertThat(RunFolder.take(unsaved)).isEmpty();

            other.destroyForcibly().waitFor();
            Temporaries.keepIn(folder.resolve("runs"));
            assertThat(names(folder)).containsExactly("result.json", "runs", "unsaved");
            assertThat(folder.resolve("result.json")).hasContent("old");
            assertThat(names(folder.resolve("runs"))).isEmpty();

            assertThat(RunFolder.ownerOf(unsaved)).isEqualTo(Owner.ENDED);
            try (RunFolder taken = RunFolder.take(unsaved).orElseThrow()) {
                assertThat(taken.folder().resolve("copy")).hasContent("work");
                assertThat(RunFolder.take(unsaved)).isEmpty();
            }
            assertThat(unsaved.resolve("copy")).exists();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void onlyNamesThatAreGivenHereAreDeleted() throws IOException {
        Path mine = Files.writeString(folder.resolve("model.onnx"), "a person's");
        Path folderOfMine = Files.createDirectory(folder.resolve("models.tmp"));
        Path temporary = Files.writeString(folder.resolve(".model.onnx.1f.tmp"), "half");
        try (RunFolder left = RunFolder.create(folder.resolve("runs"))) {
            Files.writeString(
                    left.folder().resolve("temporaries"),
                    mine.toUri() + "\n" + folderOfMine.toUri() + "\nno path\nhttp://a/b.1f.tmp\n" + temporary.toUri()
                            + "\n" + mine.toUri());
        }
        Temporaries.keepIn(folder.resolve("runs"));
        assertThat(mine).exists();
        assertThat(folderOfMine).exists();
        assertThat(temporary).doesNotExist();
        assertThat(names(folder.resolve("runs"))).isEmpty();
    }

    @Test
    void linksInsideOfWhatIsDeletedAreNotFollowed() throws IOException {
        Path precious = Files.createDirectory(folder.resolve("precious"));
        Files.writeString(precious.resolve("file"), "stays");
        Path temporary = Files.createDirectory(folder.resolve(".out.2b.tmp"));
        Files.createSymbolicLink(temporary.resolve("link"), precious);
        RunFolder.deleteAll(temporary);
        assertThat(temporary).doesNotExist();
        assertThat(precious.resolve("file")).exists();
    }

    @Test
    void aRunThatEndsByItselfLeavesNothing() throws IOException {
        Path runs = folder.resolve("runs");
        Temporaries.keepIn(runs);
        assertThat(runs).doesNotExist();
        for (int i = 0; i < 3; i++) {
            AtomicFile.write(folder.resolve("file"), out -> out.write(1));
        }
        Path scratch = Temporaries.file("test", ".onnx");
        assertThat(names(runs)).hasSize(2);
        Files.delete(scratch);
        Temporaries.end();
        assertThat(names(runs)).isEmpty();
        assertThat(names(folder)).containsExactly("file", "runs");
    }

    @Test
    void whatAnotherComputerHoldsIsLeftAlone() throws IOException {
        Path runs = Files.createDirectory(folder.resolve("runs"));
        Path temporary = Files.writeString(folder.resolve(".out.3c.tmp"), "half");
        Path theirs = Files.createDirectory(runs.resolve("elsewhere.17.5d"));
        Files.createFile(runs.resolve("elsewhere.17.5d.lock"));
        Files.writeString(theirs.resolve("temporaries"), temporary.toUri() + "\n");

        assertThat(RunFolder.all(runs)).containsExactly(theirs.toRealPath());
        assertThat(RunFolder.ownerOf(theirs)).isEqualTo(Owner.UNKNOWN);
        Temporaries.keepIn(runs);
        assertThat(temporary).exists();
        assertThat(RunFolder.computerOf(theirs)).isEqualTo("elsewhere");
    }

    @Test
    void withoutLocksTheNumberOfTheProcessSaysWhetherItHasEnded() throws IOException {
        Path runs = Files.createDirectory(folder.resolve("runs"));
        Path living = Files.createDirectory(
                runs.resolve(Computer.NAME + "." + ProcessHandle.current().pid() + ".5d"));
        Path ended = Files.createDirectory(runs.resolve(Computer.NAME + "." + Integer.MAX_VALUE + ".5d"));
        assertThat(RunFolder.ownerOf(living)).isEqualTo(Owner.UNKNOWN);
        assertThat(RunFolder.ownerOf(ended)).isEqualTo(Owner.ENDED);
    }

    @Test
    void aHomeThatCannotBeWrittenIsNoObstacle() throws IOException {
        Path file = Files.createFile(folder.resolve("runs"));
        Temporaries.keepIn(file.resolve("below"));
        AtomicFile.write(folder.resolve("file"), out -> out.write(1));
        assertThat(names(folder)).containsExactly("file", "runs");
    }
}
