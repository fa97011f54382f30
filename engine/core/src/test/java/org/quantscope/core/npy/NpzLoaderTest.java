package org.quantscope.core.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.npy;
import static org.quantscope.testkit.ArrayFiles.zip;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.apache.commons.compress.archivers.zip.Zip64Mode;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.ZipArchive;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorKind;

class NpzLoaderTest {
    /** Offsets within the records of a zip (PKWARE APPNOTE 4.3). */
    private static final int LOCAL_HEADER_BYTES = 30;

    @TempDir
    Path folder;

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("a.npz"), bytes);
    }

    private void assertRefused(byte[] bytes, String... messageParts) throws IOException {
        Path file = write(bytes);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("a.npz: ")
                .satisfies(e -> assertThat(messageParts)
                        .allSatisfy(part -> assertThat(e).hasMessageContaining(part)));
    }

    private static byte[] one(boolean deflated) {
        return zip(deflated, Map.of("w.npy", npy("<f4", "(4,)", f4(1, 2, 3, 4))));
    }

    /** Where the entry of the first member begins in the directory. */
    private static int directory(byte[] zip) {
        return indexOf(zip, "PK\1\2");
    }

    private static int indexOf(byte[] bytes, String text) {
        return new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
    }

    private static ByteBuffer edit(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest
    @CsvSource({"stored.npz, true", "deflated.npz, false"})
    void archivesOfNumPyAreRead(String name, boolean mapped) throws IOException {
        byte[] bytes;
        try (InputStream in = Objects.requireNonNull(NpzLoaderTest.class.getResourceAsStream(name))) {
            bytes = in.readAllBytes();
        }
        Model model = ModelLoaders.open(write(bytes));

        assertThat(model.format()).isEqualTo("npz");
        assertThat(model.notes()).isEmpty();
        assertThat(model.tensors()).extracting(t -> t.id().name()).containsExactly("w", "b", "dir/f");
        assertThat(model.tensors())
                .extracting(t -> t.info().kind())
                .containsExactly(TensorKind.WEIGHT, TensorKind.CONSTANT, TensorKind.WEIGHT);
        Tensor w = model.tensors().getFirst();
        assertThat(w.info().shape()).isEqualTo(Shape.of(2, 3, 4));
        assertThat(w.data().segment().isMapped()).isEqualTo(mapped);
        assertThat(w.data().toFloats()).startsWith(-5, -4, -3).hasSize(24);
        assertThat(model.tensors().get(2).data().toFloats())
                .containsExactly(w.data().toFloats());
        assertThat(model.tensors().get(1).data().toFloats()).containsExactly(0, 1, 2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theHeaderGivesNoValues(boolean deflated) throws IOException {
        Model model = ModelLoaders.openHeader(write(one(deflated)));

        assertThat(model.tensors().getFirst().info().shape()).isEqualTo(Shape.of(4));
        assertThat(model.tensors().getFirst().data().isRead()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void zip64ArchivesAreRead(boolean deflated) throws IOException {
        Path file = folder.resolve("a.npz");
        try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(file)) {
            zip.setUseZip64(Zip64Mode.Always);
            zip.setMethod(deflated ? ZipArchiveOutputStream.DEFLATED : ZipArchiveOutputStream.STORED);
            zip.putArchiveEntry(new ZipArchiveEntry("w.npy"));
            zip.write(npy("<f4", "(2,)", f4(7, 8)));
            zip.closeArchiveEntry();
        }

        assertThat(ModelLoaders.open(file).tensors().getFirst().data().toFloats())
                .containsExactly(7, 8);
    }

    @Test
    void aMembersNameIsOnlyAName() throws IOException {
        Model model = ModelLoaders.open(write(zip(true, Map.of("../../etc/x.npy", npy("<f4", "(1,)", f4(1))))));

        assertThat(model.tensors().getFirst().id().name()).isEqualTo("../../etc/x");
        assertThat(folder.toFile().list()).containsExactly("a.npz");
    }

    @Test
    void otherMembersAreLeftOutWithANote() throws IOException {
        Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("readme.txt", new byte[3]);
        members.put("w.npy", npy("<f4", "(1,)", f4(1)));

        assertThat(ModelLoaders.open(write(zip(true, members))).notes())
                .containsExactly("1 member is no .npy array: readme.txt");
        assertRefused(zip(true, Map.of("cat.png", new byte[3])), "without a .npy array", "cat.png");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aMemberIsOfTheSizeItsHeaderPromises(boolean deflated) throws IOException {
        assertRefused(zip(deflated, Map.of("w.npy", npy("<f4", "(4,)", f4(1, 2, 3)))), "w.npy: ", "4 of F32");
        assertRefused(zip(deflated, Map.of("w.npy", npy("<f4", "(2,)", f4(1, 2, 3)))), "w.npy: ", "2 of F32");
        assertRefused(zip(deflated, Map.of("w.npy", npy("|O", "(2,)", new byte[30]))), "w.npy: ", "'|O'", "pickled");
        assertRefused(zip(deflated, Map.of("w.npy", new byte[30])), "w.npy: ", "does not begin");
        assertRefused(
                zip(deflated, Map.of("w.npy", Arrays.copyOf(npy("<f4", "(2,)", f4(1, 2)), 40))), "w.npy: ", "cut off");
    }

    @Test
    void aMemberThatUnpacksToMoreThanTheDirectorySaysIsRefused() throws IOException {
        // The header promises 4 values, the stream goes on with zeros: 100 kB from some hundred bytes.
        byte[] bytes = zip(true, Map.of("w.npy", Arrays.copyOf(npy("<f4", "(4,)", f4(1, 2, 3, 4)), 100_000)));
        edit(bytes).putInt(directory(bytes) + 24, npy("<f4", "(4,)", f4(1, 2, 3, 4)).length);

        assertRefused(bytes, "w.npy: ");
    }

    @Test
    void aBombThatPromisesMoreThanDeflateCanDoIsRefusedBeforeItIsUnpacked() throws IOException {
        byte[] bytes = zip(true, Map.of("w.npy", npy("<f4", "(268435456,)", f4(1))));
        edit(bytes).putInt(directory(bytes) + 24, 1 << 30);

        assertRefused(bytes, "w.npy: ", "cannot unpack to 1073741824");
    }

    @Test
    void aBombBeyondTheBudgetIsRefusedBeforeItIsUnpacked() throws IOException {
        // Three million bytes of noise, so that the ratio is possible; the header and the directory promise 2 GB.
        byte[] noise = new byte[3_000_000];
        new Random(1).nextBytes(noise);
        byte[] array = npy("<f4", "(536870000,)", noise);
        byte[] bytes = zip(true, Map.of("w.npy", array));
        edit(bytes).putInt(directory(bytes) + 24, (int) (array.length - noise.length + 4L * 536870000));

        assertRefused(bytes, "w.npy: ", "2147480000 bytes unpacked", String.valueOf(CopyBudget.LIMIT));
    }

    @Test
    void aDamagedMemberIsRefused() throws IOException {
        byte[] crc = one(true);
        edit(crc).putInt(directory(crc) + 16, 12345);
        assertRefused(crc, "w.npy: ", "checksum");
        byte[] stream = one(true);
        Arrays.fill(stream, LOCAL_HEADER_BYTES + 5, LOCAL_HEADER_BYTES + 20, (byte) 0xff);
        assertRefused(stream, "damaged");
    }

    @Test
    void membersThatOverlapOrLeaveTheFileAreRefused() throws IOException {
        Map<String, byte[]> two = new LinkedHashMap<>();
        two.put("a.npy", npy("<f4", "(1,)", f4(1)));
        two.put("b.npy", npy("<f4", "(1,)", f4(2)));
        byte[] overlap = zip(false, two);
        int second = indexOf(overlap, "PK\1\2") + 46 + "a.npy".length();
        edit(overlap).putInt(second + 42, 0);
        assertRefused(overlap, "overlaps");

        byte[] outside = one(false);
        edit(outside).putInt(directory(outside) + 20, 1 << 20).putInt(directory(outside) + 24, 1 << 20);
        assertRefused(outside, "w.npy");
    }

    @Test
    void aMemberThatIsThereTwiceIsRefused() throws IOException {
        Map<String, byte[]> two = new LinkedHashMap<>();
        two.put("a.npy", npy("<f4", "(1,)", f4(1)));
        two.put("b.npy", npy("<f4", "(1,)", f4(2)));
        byte[] bytes = zip(false, two);
        for (int at = indexOf(bytes, "b.npy"); at >= 0; at = indexOf(bytes, "b.npy")) {
            bytes[at] = 'a';
        }

        assertRefused(bytes, "a.npy: ", "twice");
    }

    @Test
    void whatIsNeitherStoredNorDeflatedIsRefused() throws IOException {
        byte[] method = one(true);
        edit(method).putShort(directory(method) + 10, (short) 12).putShort(8, (short) 12);
        assertRefused(method, "w.npy: ", "method 12");
        byte[] encrypted = one(true);
        edit(encrypted).putShort(directory(encrypted) + 8, (short) 1);
        assertRefused(encrypted, "w.npy: ", "encrypted");
        byte[] sizes = one(false);
        edit(sizes).putInt(directory(sizes) + 24, 10);
        assertRefused(sizes, "w.npy: ", "size 10");
    }

    @Test
    void aNameThatIsNotUtf8IsRefused() throws IOException {
        byte[] bytes = one(false);
        bytes[directory(bytes) + 46] = (byte) 0xff;
        bytes[LOCAL_HEADER_BYTES] = (byte) 0xff;

        assertRefused(bytes, "UTF-8");
    }

    @Test
    void aHugeDirectoryIsRefusedBeforeItIsRead() throws IOException {
        byte[] small = one(false);
        int end = indexOf(small, "PK\5\6");
        byte[] bytes = new byte[(int) ZipArchive.MAX_DIRECTORY + 1000];
        System.arraycopy(small, 0, bytes, 0, end);
        System.arraycopy(small, end, bytes, bytes.length - (small.length - end), small.length - end);

        assertRefused(bytes, "directory of", String.valueOf(ZipArchive.MAX_DIRECTORY));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileCutOffAnywhereIsRefused(boolean deflated) throws IOException {
        byte[] whole = one(deflated);
        for (int length = 0; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length));
        }
    }

    @Test
    void anEmptyArchiveHasNoTensors() throws IOException {
        byte[] end = new byte[22];
        edit(end).putInt(0x06054b50);

        assertThat(ModelLoaders.open(write(end)).tensors()).isEmpty();
    }
}
