package org.quantscope.core.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.i8;
import static org.quantscope.testkit.ArrayFiles.npy;
import static org.quantscope.testkit.ArrayFiles.zip;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.tensor.Shape;

/** What holds for every loader of data, and what each does of its own. Every loader has an example here: three samples of 2 × 2 bytes with labels 0, 1, 1. */
class DatasetLoadersContractTest {
    private static final byte[][] LEVELS = {{0, 1, 2, 3}, {10, 20, 30, 40}, {(byte) 255, (byte) 254, 0, 7}};

    @TempDir
    Path folder;

    @FunctionalInterface
    private interface Example {
        Path write(Path folder) throws IOException;
    }

    private static final Map<String, Example> EXAMPLES = Map.of(
            "npz",
            DatasetLoadersContractTest::npz,
            "idx",
            DatasetLoadersContractTest::idx,
            "csv",
            DatasetLoadersContractTest::csv,
            "pictures",
            DatasetLoadersContractTest::pictures);

    static Stream<String> ids() {
        return Datasets.all().stream().map(DatasetLoader::id);
    }

    private static byte[] flat() {
        byte[] all = new byte[12];
        for (int i = 0; i < 12; i++) {
            all[i] = LEVELS[i / 4][i % 4];
        }
        return all;
    }

    private static Path npz(Path folder) throws IOException {
        Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("x.npy", npy("|u1", "(3, 1, 2, 2)", flat()));
        members.put("y.npy", npy("<i8", "(3,)", i8(0, 1, 1)));
        return Files.write(folder.resolve("d.npz"), zip(true, members));
    }

    private static byte[] idx(int type, int[] dims, byte[] values) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(out);
        data.write(new byte[] {0, 0, (byte) type, (byte) dims.length});
        for (int d : dims) {
            data.writeInt(d);
        }
        data.write(values);
        return out.toByteArray();
    }

    private static Path idx(Path folder) throws IOException {
        Files.write(folder.resolve("t-labels-idx1-ubyte"), idx(8, new int[] {3}, new byte[] {0, 1, 1}));
        return Files.write(folder.resolve("t-images-idx3-ubyte"), idx(8, new int[] {3, 2, 2}, flat()));
    }

    private static Path csv(Path folder) throws IOException {
        return Files.writeString(folder.resolve("d.csv"), "label,a,b,c,d\n0,0,1,2,3\n1,10,20,30,40\n1,255,254,0,7\n");
    }

    private static Path pictures(Path folder) throws IOException {
        Path at = folder.resolve("set");
        Files.createDirectories(at.resolve("a"));
        Files.createDirectories(at.resolve("b"));
        Files.write(at.resolve("a/1.png"), png(2, 2, 1, LEVELS[0]));
        Files.write(at.resolve("b/2.png"), png(2, 2, 1, LEVELS[1]));
        Files.write(at.resolve("b/10.png"), png(2, 2, 1, LEVELS[2]));
        Files.writeString(at.resolve("notes.txt"), "not a picture");
        return at;
    }

    static byte[] png(int width, int height, int channels, byte[] levels) throws IOException {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        for (int y = 0; y < height; y++) {
            raw.write(0);
            raw.write(levels, y * width * channels, width * channels);
        }
        Deflater deflater = new Deflater();
        deflater.setInput(raw.toByteArray());
        deflater.finish();
        byte[] packed = new byte[raw.size() + 64];
        int length = deflater.deflate(packed);
        deflater.end();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(out);
        data.writeLong(0x89504e470d0a1a0aL);
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream h = new DataOutputStream(header);
        h.writeInt(width);
        h.writeInt(height);
        h.write(new byte[] {8, (byte) (channels == 1 ? 0 : 2), 0, 0, 0});
        chunk(data, "IHDR", header.toByteArray());
        chunk(data, "IDAT", Arrays.copyOf(packed, length));
        chunk(data, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(DataOutputStream out, String name, byte[] content) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(UTF_8));
        crc.update(content);
        out.writeInt(content.length);
        out.writeBytes(name);
        out.write(content);
        out.writeInt((int) crc.getValue());
    }

    private static float[] all(Dataset data) {
        float[] out = new float[(int) (data.size() * data.sampleShape().count())];
        data.fill(IntStream.range(0, data.size()).toArray(), out);
        return out;
    }

    private void sidecar(String name, String json) throws IOException {
        Files.writeString(folder.resolve(name), json);
    }

    @Test
    void everyLoaderHasAnExample() {
        assertThat(ids()).containsExactlyInAnyOrderElementsOf(EXAMPLES.keySet()).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("ids")
    void theSameSamplesComeOutOfEveryFormat(String id) throws IOException {
        Path file = EXAMPLES.get(id).write(folder);

        Dataset data = Datasets.open(file);

        assertThat(data.size()).isEqualTo(3);
        assertThat(data.sampleShape().count()).isEqualTo(4);
        assertThat(all(data)).containsExactly(0, 1, 2, 3, 10, 20, 30, 40, 255, 254, 0, 7);
        assertThat(IntStream.range(0, 3).map(data::label)).containsExactly(0, 1, 1);
        assertThat(data.sha256())
                .isEqualTo(Datasets.open(file).sha256())
                .isEqualTo(FileRef.ofData(file, new CancelToken()).sha256());
        assertThat(data.limit(2).size()).isEqualTo(2);
        float[] out = new float[8];
        data.fill(new int[] {2, 0}, out);
        assertThat(out).containsExactly(255, 254, 0, 7, 0, 1, 2, 3);
    }

    @ParameterizedTest
    @MethodSource("ids")
    void everyFormatComesToAModelOfPicturesAndSaysHow(String id) throws IOException {
        Samples samples = Datasets.samples(EXAMPLES.get(id).write(folder), new CancelToken());
        InputFit fit = new InputFit("input", List.of(1L, 2L, 2L), true);

        Preprocessing how = fit.propose(samples).orElseThrow();

        Dataset data = Datasets.prepare(samples, how);
        assertThat(fit.takes(data.sampleShape())).isTrue();
        assertThat(all(data)[8]).isEqualTo(1);
        assertThat(InputFit.text(how)).contains("\"scale\": 0.00392156862745098");
        assertThat(FileRef.of(data).preprocessing()).contains(how);
        assertThat(FileRef.of(data).digest()).isNotEqualTo(data.sha256());
    }

    @ParameterizedTest
    @MethodSource("ids")
    void whatIsDamagedIsRefusedAndNothingElseHappens(String id) throws IOException {
        Path file = EXAMPLES.get(id).write(folder);
        Path broken = Files.isDirectory(file) ? file.resolve("b/10.png") : file;
        byte[] whole = Files.readAllBytes(broken);
        Random random = new Random(5);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = i < whole.length && i < 60 ? Arrays.copyOf(whole, i) : whole.clone();
            if (i >= 60) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(broken, bytes);
            try {
                all(Datasets.open(file));
            } catch (BadInputException e) {
                assertThat(e.getMessage()).matches("(10\\.png|" + file.getFileName() + "|t-.*): .*");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ids")
    void openingCanBeCancelled(String id) throws IOException {
        Path file = EXAMPLES.get(id).write(folder);
        CancelToken cancel = new CancelToken();
        cancel.cancel();

        assertThatThrownBy(() -> Datasets.samples(file, cancel)).isInstanceOf(CancellationException.class);
    }

    @Test
    void classesAreFoldersInTheOrderOfTheirNamesAndPicturesInThatOfTheirNumbers() throws IOException {
        Path at = folder.resolve("set");
        for (String c : List.of("9", "10", "empty")) {
            Files.createDirectories(at.resolve(c));
        }
        Files.write(at.resolve("9/x10.png"), png(1, 1, 1, new byte[] {10}));
        Files.write(at.resolve("9/x9.png"), png(1, 1, 1, new byte[] {9}));
        Files.write(at.resolve("10/a.png"), png(1, 1, 1, new byte[] {1}));
        Dataset data = Datasets.open(at);

        assertThat(data.classes()).containsExactly("10", "9", "empty");
        assertThat(all(data)).containsExactly(1, 9, 10);
        assertThat(IntStream.range(0, 3).map(data::label)).containsExactly(0, 1, 1);
    }

    @Test
    void aFolderWithoutFoldersIsDataWithoutLabels() throws IOException {
        Path at = Files.createDirectories(folder.resolve("flat"));
        Files.write(at.resolve("a.png"), png(1, 1, 3, new byte[] {1, 2, 3}));

        assertThat(Datasets.open(at).hasLabels()).isFalse();
        assertThat(Datasets.open(at).sampleShape()).isEqualTo(Shape.of(3, 1, 1));
        Files.createDirectories(at.resolve("b"));
        Files.write(at.resolve("b/c.png"), png(1, 1, 1, new byte[] {1}));
        assertThatThrownBy(() -> Datasets.open(at))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("'a.png' lies beside the folder 'b'");
    }

    @Test
    void picturesThatDifferInSizeNeedOneAndTheMessageSaysWhich() throws IOException {
        Path at = pictures(folder);
        Files.write(at.resolve("b/10.png"), png(3, 1, 1, new byte[] {1, 2, 3}));

        assertThatThrownBy(() -> Datasets.open(at))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll("resize: is needed", "1.png is 2 by 2", "10.png is 3 by 1");
        Files.writeString(
                at.resolve("dataset.json"),
                "{\"resize\":[1,1],\"colour\":\"rgb\",\"output_layout\":\"NHWC\",\"mean\":[0,1,2],\"classes\":[\"x\",\"y\"]}");
        Dataset data = Datasets.open(at);
        assertThat(data.sampleShape()).isEqualTo(Shape.of(1, 1, 3));
        assertThat(data.classes()).containsExactly("x", "y");
        assertThat(all(data)).startsWith(2, 1, 0);
    }

    @Test
    void aFileThatIsNamedAsAPictureAndIsNoneIsNamed() throws IOException {
        Path at = pictures(folder);
        Files.writeString(at.resolve("a/broken.JPG"), "hello");

        assertThatThrownBy(() -> Datasets.open(at))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("broken.JPG: picture: is named as a picture");
    }

    @Test
    void idxMayBePackedAndItsLabelsAreFoundByName() throws IOException {
        Path plain = idx(folder);
        Path packed = folder.resolve("u-images.idx3-ubyte.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(Files.readAllBytes(plain));
        }
        assertThat(Datasets.open(packed).hasLabels()).isFalse();
        Files.write(folder.resolve("u-labels.idx1-ubyte"), idx(8, new int[] {3}, new byte[] {1, 1, 0}));
        Dataset data = Datasets.open(packed);
        assertThat(all(data)).isEqualTo(all(Datasets.open(plain)));
        assertThat(data.label(2)).isZero();
        assertThatThrownBy(() -> Datasets.open(folder.resolve("u-labels.idx1-ubyte")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("labels? Open the file of the images");
    }

    @Test
    void idxOfWiderNumbersIsReadFromItsHighestByteOn() throws IOException {
        byte[] shorts = {1, 2, (byte) 0xff, (byte) 0xfe};
        assertThat(all(Datasets.open(Files.write(folder.resolve("s"), idx(0x0b, new int[] {2, 1}, shorts)))))
                .containsExactly(258, -2);
        byte[] floats = ByteBuffer.allocate(8).putFloat(1.5f).putFloat(-3e-9f).array();
        assertThat(all(Datasets.open(Files.write(folder.resolve("f"), idx(0x0d, new int[] {2, 1}, floats)))))
                .containsExactly(1.5f, -3e-9f);
    }

    @Test
    void coloursOfAPictureBecomePlanes() throws IOException {
        Path at = Files.createDirectories(folder.resolve("colours"));
        Files.write(at.resolve("a.png"), png(2, 1, 3, new byte[] {1, 2, 3, 4, 5, 6}));

        Dataset planes = Datasets.open(at);
        assertThat(planes.sampleShape()).isEqualTo(Shape.of(3, 1, 2));
        assertThat(all(planes)).containsExactly(1, 4, 2, 5, 3, 6);
        Dataset pixels = Datasets.open(
                at, Optional.of(Preprocessing.NONE.withOutputLayout(Optional.of(Layout.NHWC))), new CancelToken());
        assertThat(all(pixels)).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    void idxThatPromisesMoreThanMemoryHoldsIsRefused() throws IOException {
        Path packed = folder.resolve("bomb.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(idx(8, new int[] {Integer.MAX_VALUE, 28, 28}, new byte[100]));
        }

        assertThatThrownBy(() -> Datasets.open(packed))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("bomb.gz: dimensions: needs");
    }

    @Test
    void theLabelOfATableIsFound() throws IOException {
        Path file = folder.resolve("t.csv");
        Files.writeString(file, "5.1;3.5;\"Iris; setosa\"\n4.9;3.0;Iris virginica\n");
        Dataset text = Datasets.open(file);
        assertThat(text.classes()).containsExactly("Iris virginica", "Iris; setosa");
        assertThat(text.label(0)).isEqualTo(1);
        assertThat(all(text)).containsExactly(5.1f, 3.5f, 4.9f, 3);

        Files.writeString(file, "0,7,0\n1,7,0\n1,9,0\n0,9,0\n");
        assertThat(IntStream.range(0, 4).map(Datasets.open(file)::label)).containsExactly(0, 1, 1, 0);
        sidecar("t.dataset.json", "{\"label_column\":\"none\"}");
        assertThat(Datasets.open(file).sampleShape()).isEqualTo(Shape.of(3));
        sidecar("t.dataset.json", "{\"label_column\":\"last\",\"header\":true}");
        assertThat(Datasets.open(file).size()).isEqualTo(3);
        assertThat(Datasets.samples(file, Optional.of("none"), new CancelToken())
                        .hasLabels())
                .isFalse();
        assertThat(Datasets.samples(file, new CancelToken()).labelColumn()).isPresent();
        sidecar("t.dataset.json", "{\"label_column\":\"kind\"}");
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("t.dataset.json: label_column: 'kind'");
        Files.delete(folder.resolve("t.dataset.json"));
        Files.writeString(file, "a,b\n1,2\n3\n");
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 3: has 1 fields, the first line has 2");
        Files.writeString(file, "a,b\n1,2\n3,NaN\n");
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 3: column 'b': 'NaN' is no finite number");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\r"})
    void everyEndOfALineEndsARow(String end) throws IOException {
        Path file =
                Files.writeString(folder.resolve("t.csv"), String.join(end, "label,a,b", "1,2,300", "", "0,4,5") + end);

        Dataset data = Datasets.open(file);

        assertThat(data.size()).isEqualTo(2);
        assertThat(all(data)).containsExactly(2, 300, 4, 5);
        assertThat(data.label(0)).isEqualTo(1);
        Files.writeString(file, String.join(end, "a,b", "1,2", "3"));
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 3: has 1 fields, the first line has 2");
    }

    /** Counted while they are read: the fields of a line of many megabytes would take a hundred times that. */
    @Test
    void aLineOfTooManyFieldsIsRefusedBeforeTheyAreKept() throws IOException {
        Path file = folder.resolve("t.csv");
        String many = "1,".repeat(1 << 20) + "1\n";
        Files.writeString(file, many);
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 1: has more than 1048576 fields");
        Files.writeString(file, "a,b\n" + many);
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 2: has more than 1048576 fields");
    }

    /** Pictures are read when they are wanted, which may be long after the folder was opened. */
    @Test
    void aPictureThatHasGoneSinceIsNamed() throws IOException {
        Path set = pictures(folder);
        Dataset data = Datasets.open(set);
        Files.delete(set.resolve("b/2.png"));

        assertThatThrownBy(() -> data.fill(new int[] {1}, new float[4]))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("2.png: picture: cannot be read any more: ");
    }

    @Test
    void aTextThatIsNoNameOfAClassIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("t.csv"), "a,kind\n1,cat\n2," + "x".repeat(2000) + "\n");

        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 3: column 'kind': a text of 2000 characters is no name of a class");
    }

    @Test
    void labelsOfATableThatAreNoClassesAreTargets() throws IOException {
        Dataset data = Datasets.open(Files.writeString(folder.resolve("r.csv"), "a,y\n1,0.5\n2,-3\n"));

        float[] target = new float[1];
        data.target(1, target);
        assertThat(target).containsExactly(-3);
        assertThat(data.hasLabels()).isFalse();
        assertThat(data.targetShape()).contains(Shape.of());
    }

    @Test
    void labelsAreLookedUpByNameWhereTheModelNumbersThemInAnotherWay() throws IOException {
        Path at = pictures(folder);
        Files.writeString(at.resolve("names.txt"), "other\nb\n\na\n");
        Files.writeString(at.resolve("dataset.json"), "{\"model_classes\":\"names.txt\"}");
        assertThat(IntStream.range(0, 3).map(Datasets.open(at)::label)).containsExactly(2, 1, 1);

        Files.writeString(at.resolve("dataset.json"), "{\"model_classes\":[\"a\"]}");
        assertThatThrownBy(() -> Datasets.open(at))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("dataset.json: model_classes: 'b' is a class of the data");
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{\"resize\":[0,2]} ~ resize: width is from 1 to 4096, got 0",
                "{\"resize\":[2]} ~ resize: [width, height] is needed, got [2]",
                "{\"resize\":[2,99999]} ~ resize: height is from 1 to 4096, got 99999",
                "{\"resize\":[4,4],\"resize_shorter\":2} ~ resize: shorter is from 4",
                "{\"resize_method\":\"nearest\"} ~ resize_method: resize [width, height] is needed beside it, got"
                        + " NEAREST",
                "{\"resize\":[2,2],\"resize_method\":\"cubic\"} ~ resize_method: one of bilinear, nearest is needed,"
                        + " got \"cubic\"",
                "{\"colour\":\"hsv\"} ~ colour: one of rgb, bgr, grey is needed, got \"hsv\"",
                "{\"shape\":[3]} ~ shape: 3 wants 3 values, a sample is 1×2×2",
                "{\"shape\":[-1]} ~ shape: from 1 to 8 dimensions of at least 1 are needed, got [-1]",
                "{\"output_layout\":\"CHW\"} ~ output_layout: one of NCHW, NHWC, NF is needed, got \"CHW\"",
                "{\"model_classes\":[\"a\"]} ~ model_classes: labels are looked up by name",
                "{\"model_classes\":\"none.txt\"} ~ model_classes: location 'none.txt' is no file in this file's folder"
            })
    void preprocessingThatDoesNotFitIsRefusedByFieldAndValue(String json, String message) throws IOException {
        Path file = npz(folder);
        sidecar("d.dataset.json", json);

        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("d.dataset.json: " + message);
    }

    /** 10,000 samples of 28 × 28 would be 31 MB as float32 and are 8 MB as bytes. */
    @Test
    void tenThousandSamplesAreFedWithoutACopyOfThem() throws IOException {
        int n = 10_000;
        byte[] values = new byte[n * 784];
        new Random(1).nextBytes(values);
        Path images = Files.write(folder.resolve("m-images-idx3-ubyte"), idx(8, new int[] {n, 28, 28}, values));
        Files.write(folder.resolve("m-labels-idx1-ubyte"), idx(8, new int[] {n}, new byte[n]));
        Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("x.npy", npy("|u1", "(10000, 28, 28)", values));
        Path archive = Files.write(folder.resolve("m.npz"), zip(false, members));
        float last = (values[values.length - 1] & 0xff) / 255f;
        members.clear();

        for (Path file : List.of(images, archive)) {
            long before = retained();
            Samples samples = Datasets.samples(file, new CancelToken());
            Dataset data = Datasets.prepare(
                    samples,
                    new InputFit("x", List.of(1L, 28L, 28L), true)
                            .propose(samples)
                            .orElseThrow());
            float[] out = new float[100 * 784];
            for (int at = 0; at < n; at += 100) {
                data.fill(IntStream.range(at, at + 100).toArray(), out);
            }
            long after = retained();

            assertThat(out[out.length - 1]).isEqualTo(last);
            assertThat(after - before)
                    .as("bytes kept for " + file.getFileName() + " with " + data.size())
                    .isLessThan(4L << 20);
        }
    }

    private static long retained() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void aSampleOfAnotherSizeIsExplainedWithWhatWouldFit() throws IOException {
        Samples samples = Datasets.samples(idx(folder), new CancelToken());

        assertThat(new InputFit("x", List.of(3L, 8L, 8L), true).advice(Datasets.prepare(samples, Preprocessing.NONE)))
                .hasValue("{\"resize\": [8, 8], \"colour\": \"rgb\", \"scale\": 0.00392156862745098}");
        assertThat(new InputFit("x", List.of(3L, -1L, -1L), true)
                        .propose(samples)
                        .flatMap(Preprocessing::resize))
                .isEqualTo(Optional.empty());
        assertThat(new InputFit("x", List.of(5L, 8L, 8L), true).propose(samples))
                .isEmpty();
    }
}
