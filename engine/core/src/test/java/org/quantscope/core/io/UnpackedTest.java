package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackedTest {
    private static final List<String> FILES = List.of("/native/one.so", "/native/two.so", "/native/none.so");

    @TempDir
    Path folder;

    private Path root;
    private URLClassLoader loader;

    @BeforeEach
    void aJar() throws IOException {
        root = folder.resolve("cache");
        Unpacked.into(List.of(root));
        loader = jar("jar", "the first", "the second");
    }

    @AfterEach
    void end() throws IOException {
        Unpacked.into(List.of());
        loader.close();
    }

    /** A class loader over a jar, which gives the owner of the resources. */
    private URLClassLoader jar(String name, String one, String two) throws IOException {
        Path jar = folder.resolve(name + ".jar");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
            entry(out, "native/one.so", one.getBytes(StandardCharsets.UTF_8));
            entry(out, "native/two.so", two.getBytes(StandardCharsets.UTF_8));
            try (var in = UnpackedTest.class.getResourceAsStream("UnpackedTest$Owner.class")) {
                entry(out, "org/quantscope/core/io/UnpackedTest$Owner.class", in.readAllBytes());
            }
        }
        return new URLClassLoader(new URL[] {url(jar)}, null);
    }

    private static URL url(Path jar) throws MalformedURLException {
        return jar.toUri().toURL();
    }

    private static void entry(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        out.putNextEntry(new ZipEntry(name));
        out.write(bytes);
        out.closeEntry();
    }

    /** Lies in the jar of the test. */
    static final class Owner {
        private Owner() {}
    }

    private Optional<Path> unpack() {
        return unpack(loader);
    }

    private static Optional<Path> unpack(ClassLoader from) {
        try {
            Class<?> owner = from.loadClass(Owner.class.getName());
            return Unpacked.folder("libraries", owner, FILES, there -> true);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void filesAreUnpackedOnceIntoAFolderOfTheOwner() throws IOException {
        Path there = unpack().orElseThrow();
        assertThat(there).hasParent(root);
        assertThat(there.resolve("one.so")).hasContent("the first");
        assertThat(there.resolve("two.so")).hasContent("the second");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(there)))
                .isEqualTo("rwx------");
        Object key = Files.readAttributes(there.resolve("one.so"), BasicFileAttributes.class)
                .fileKey();
        assertThat(unpack()).contains(there);
        assertThat(Files.readAttributes(there.resolve("one.so"), BasicFileAttributes.class)
                        .fileKey())
                .isEqualTo(key);
    }

    @Test
    void whatAKilledStartLeftIsMadeWhole() throws IOException {
        Path there = unpack().orElseThrow();
        Files.writeString(there.resolve("one.so"), "the fir");
        Files.writeString(there.resolve("two.so"), "the secomd");
        Files.writeString(there.resolve("two.so.1f.tmp"), "the s");

        assertThat(unpack()).contains(there);
        assertThat(there.resolve("one.so")).hasContent("the first");
        assertThat(there.resolve("two.so")).hasContent("the second");
        assertThat(there.resolve("two.so.1f.tmp")).doesNotExist();
    }

    @Test
    void anotherVersionHasAnotherFolder() throws IOException {
        Path there = unpack().orElseThrow();
        try (URLClassLoader next = jar("next", "the first", "another")) {
            Path other = unpack(next).orElseThrow();
            assertThat(other).isNotEqualTo(there);
            assertThat(other.resolve("two.so")).hasContent("another");
        }
        assertThat(there.resolve("two.so")).hasContent("the second");
    }

    @Test
    void aFolderThatOthersCanWriteIsNotUsed() throws IOException {
        Path there = unpack().orElseThrow();
        Files.setPosixFilePermissions(there, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(unpack()).isEmpty();

        Path second = folder.resolve("second");
        Unpacked.into(List.of(root, second));
        assertThat(unpack().orElseThrow()).hasParent(second);
    }

    @Test
    void aLinkInPlaceOfTheFolderIsNotFollowed() throws IOException {
        Path there = unpack().orElseThrow();
        Path elsewhere = folder.resolve("elsewhere");
        Files.move(there, elsewhere);
        Files.createSymbolicLink(there, elsewhere);
        assertThat(unpack()).isEmpty();
    }

    @Test
    void withoutAFolderNothingIsUnpacked() throws IOException {
        Unpacked.into(List.of());
        assertThat(unpack()).isEmpty();
        Path file = Files.createFile(folder.resolve("file"));
        Unpacked.into(List.of(file));
        assertThat(unpack()).isEmpty();
    }

    @Test
    void aStartWaitsForAnotherThatUnpacks() throws IOException, InterruptedException {
        Path there = unpack().orElseThrow();
        Files.delete(there.resolve("one.so"));
        Path unfinished = Files.writeString(there.resolve("one.so.2a.tmp"), "the");
        Thread waits;
        try (FileChannel other = FileChannel.open(there.resolve("lock"), StandardOpenOption.WRITE);
                FileLock lock = other.lock()) {
            waits = new Thread(this::unpack);
            waits.start();
            waits.join(120);
            assertThat(waits.isAlive()).isTrue();
            assertThat(unfinished).exists();
            assertThat(lock.isValid()).isTrue();
        }
        waits.join();
        assertThat(there.resolve("one.so")).hasContent("the first");
        assertThat(unfinished).doesNotExist();
    }
}
