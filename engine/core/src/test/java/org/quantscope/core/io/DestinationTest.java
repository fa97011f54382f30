package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is written where a person names a path, and what a failure leaves. */
@Timeout(20)
class DestinationTest {
    @TempDir
    private Path folder;

    private void write(Path target) throws IOException {
        AtomicFile.write(target, out -> out.write("new".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
    }

    private void onlyFilesAre(Path... files) throws IOException {
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(files);
        }
    }

    @Test
    void aChainOfLinksIsWrittenThrough() throws IOException {
        Path real = Files.writeString(folder.resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("real"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), link);
        write(second);

        assertThat(real).hasContent("new");
        assertThat(second).isSymbolicLink();
        assertThat(link).isSymbolicLink();
        onlyFilesAre(real, link, second);
    }

    @Test
    void aLinkWhoseFileIsMissingMakesThatFile() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("real"));
        write(link);

        assertThat(link).isSymbolicLink();
        assertThat(folder.resolve("real")).hasContent("new");
    }

    @Test
    void linksInACircleAreRefused() throws IOException {
        Path a = Files.createSymbolicLink(folder.resolve("a"), Path.of("b"));
        Path b = Files.createSymbolicLink(folder.resolve("b"), Path.of("a"));

        assertThatThrownBy(() -> write(a)).isInstanceOf(FileSystemException.class);
        onlyFilesAre(a, b);
    }

    @Test
    void aFurtherNameOfTheFileShowsTheNewContent() throws IOException {
        Path one = Files.writeString(folder.resolve("one"), "a much longer old content");
        Path two = Files.createLink(folder.resolve("two"), one);
        write(one);

        assertThat(two).hasContent("new");
        assertThat(Files.isSameFile(one, two)).isTrue();
        onlyFilesAre(one, two);
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "files have no mode on Windows")
    void theModeStays() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "old");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        write(secret);

        assertThat(secret).hasContent("new");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                .isEqualTo("rw-------");
    }

    /** Root may give a file to anybody, another person only to a group that the person is in. */
    @TestFactory
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "files have no numbered owner and group on Windows")
    Stream<DynamicTest> theOwnerAndTheGroupStay() throws IOException {
        Path mine = Files.writeString(folder.resolve("mine"), "");
        int me = (int) Files.getAttribute(mine, "unix:uid");
        return me == 0
                ? Stream.of(DynamicTest.dynamicTest("of somebody else", () -> ownerStays(12_345, 12_346)))
                : groups().mapToObj(group -> DynamicTest.dynamicTest("group " + group, () -> ownerStays(me, group)));
    }

    private static IntStream groups() throws IOException {
        Process id = new ProcessBuilder("id", "-G").start();
        String said = new String(id.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        return Arrays.stream(said.strip().split(" ", -1)).mapToInt(Integer::parseInt);
    }

    private void ownerStays(int owner, int group) throws IOException {
        Path foreign = Files.writeString(folder.resolve("foreign"), "old");
        Files.setAttribute(foreign, "unix:uid", owner);
        Files.setAttribute(foreign, "unix:gid", group);
        write(foreign);

        assertThat(foreign).hasContent("new");
        assertThat(Files.getAttribute(foreign, "unix:uid")).isEqualTo(owner);
        assertThat(Files.getAttribute(foreign, "unix:gid")).isEqualTo(group);
    }

    private Path pipe() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        return pipe;
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no pipes and devices in folders")
    void devicesPipesAndFoldersAreRefused() throws IOException, InterruptedException {
        Path pipe = pipe();
        Path device = Files.createSymbolicLink(folder.resolve("device"), Path.of("/dev/null"));

        for (Path no : new Path[] {pipe, device, Path.of("/dev/null"), folder}) {
            assertThatThrownBy(() -> write(no))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining(no.toString());
        }
        assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
        onlyFilesAre(pipe, device);
    }

    /** A full disk says nothing about the file. */
    @Test
    void aFailureNamesTheFileAndLeavesNeitherItNorItsCompanions() throws IOException {
        Path main = folder.resolve("main");
        Path part = folder.resolve("main.part");
        SequencedMap<Path, AtomicFile.Content> files = new LinkedHashMap<>();
        files.put(main, out -> out.write(new byte[100_000]));
        files.put(part, out -> {
            out.write(new byte[100_000]);
            throw new IOException("No space left on device");
        });

        assertThatThrownBy(() -> AtomicFile.write(files))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(part.toString())
                .hasMessageContaining("No space left on device");
        onlyFilesAre();
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no pipes and devices in folders")
    void pipesAsInputsAreRefusedAndNotWaitedFor() throws IOException, InterruptedException {
        Path pipe = pipe();

        assertThatThrownBy(() -> InputFile.open(pipe))
                .isInstanceOf(BadInputException.class)
                .hasMessage("pipe: file: is a pipe or a device; write what it gives into a file first");
        assertThatThrownBy(() -> InputFile.bytes(Path.of("/dev/zero"), 10, "a list"))
                .isInstanceOf(BadInputException.class);
        Path large = Files.writeString(folder.resolve("large"), "12345678901");
        assertThatThrownBy(() -> InputFile.bytes(large, 10, "a list"))
                .isInstanceOf(BadInputException.class)
                .hasMessage("large: size: more than 10 bytes; a list has at most that many");
    }
}
