package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.ArrayFiles.f4;
import static org.quantscope.testkit.ArrayFiles.i8;
import static org.quantscope.testkit.ArrayFiles.npy;
import static org.quantscope.testkit.ArrayFiles.zip;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;

class DatasetsTest {
    @TempDir
    Path folder;

    private final Map<String, byte[]> members = new LinkedHashMap<>();

    private Path write() throws IOException {
        return Files.write(folder.resolve("d.npz"), zip(true, members));
    }

    private void sidecar(String json) throws IOException {
        Files.write(folder.resolve("d.dataset.json"), json.getBytes(StandardCharsets.UTF_8));
    }

    private static float[] all(Dataset data) {
        float[] out = new float[(int) (data.size() * data.sampleShape().count())];
        data.fill(IntStream.range(0, data.size()).toArray(), out);
        return out;
    }

    private void assertRefused(String... messageParts) throws IOException {
        Path file = write();
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(messageParts);
    }

    @Test
    void withoutASidecarTheFirstArraysThatFitAreTakenAsTheyAre() throws IOException {
        members.put("rank1.npy", npy("<f4", "(2,)", f4(1, 2)));
        members.put("ints.npy", npy("<i8", "(2, 1)", i8(1, 2)));
        members.put("flags.npy", npy("|b1", "(2,)", new byte[] {1, 0}));
        members.put("first.npy", npy("|u1", "(2, 2)", new byte[] {0, 1, 2, (byte) 255}));
        members.put("second.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("targets.npy", npy("<i8", "(2,)", i8(3, 4)));
        members.put("later.npy", npy("<i8", "(2,)", i8(5, 6)));

        Dataset data = Datasets.open(write());

        assertThat(data.size()).isEqualTo(2);
        assertThat(data.sampleShape()).isEqualTo(Shape.of(2));
        assertThat(all(data)).containsExactly(0, 1, 2, 255);
        assertThat(data.label(1)).isEqualTo(4);
        assertThat(data.classes()).isEmpty();
        assertThat(data.origin()).isEmpty();
    }

    @Test
    void dataMayHaveNoLabels() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 2)", f4(1, 2)));

        Dataset data = Datasets.open(write());

        assertThat(data.hasLabels()).isFalse();
        assertThatThrownBy(() -> data.label(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void floatingLabelsAreTargetsOfAnyShape() throws IOException {
        members.put("x.npy", npy("<f4", "(3, 1)", f4(1, 2, 3)));
        members.put("targets.npy", npy("<f4", "(3, 2)", f4(1, 2, 3, 4, 5, 6)));

        Dataset data = Datasets.open(write());

        float[] target = new float[2];
        data.limit(2).target(1, target);
        assertThat(target).containsExactly(3, 4);
        assertThat(data.targetShape()).contains(Shape.of(2));
        assertThat(data.hasLabels()).isFalse();
        assertThat(data.limit(2).size()).isEqualTo(2);
    }

    @Test
    void theSidecarMayNameFloatingLabelsAndOtherwiseIntegersComeFirst() throws IOException {
        members.put("x.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("id.npy", npy("|u1", "(2,)", new byte[] {7, 8}));
        members.put("y.npy", npy("<f4", "(2,)", f4(0.5f, -1)));

        assertThat(Datasets.open(write()).label(1)).isEqualTo(8);
        sidecar("{\"labels\":\"y\"}");
        Dataset data = Datasets.open(write());
        float[] target = new float[1];
        data.target(1, target);
        assertThat(target).containsExactly(-1);
        assertThat(data.targetShape()).contains(Shape.of());
    }

    @Test
    void targetsThatAreTooFewOrNotFiniteAreRefused() throws IOException {
        members.put("x.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("y.npy", npy("<f4", "(1,)", f4(1)));
        assertThatThrownBy(() -> Datasets.open(write()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("labels")
                .hasMessageContaining("2 samples");

        members.put("y.npy", npy("<f4", "(2,)", f4(1, Float.NaN)));
        assertThatThrownBy(() -> Datasets.open(write()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("NaN for sample 1");
    }

    @ParameterizedTest
    @CsvSource({
        "|i1, 0001",
        "|u1, 0001",
        "<i2, 00000100",
        ">i2, 00000001",
        "<u2, 00000100",
        "<i4, 0000000001000000",
        ">u4, 0000000000000001",
        "<u8, 00000000000000000100000000000000"
    })
    void labelsMayBeOfAnyIntegerType(String descr, String hex) throws IOException {
        members.put("x.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("y.npy", npy(descr, "(2,)", HexFormat.of().parseHex(hex)));

        Dataset data = Datasets.open(write());

        assertThat(new int[] {data.label(0), data.label(1)}).containsExactly(0, 1);
    }

    @Test
    void meanAndStdRunAlongTheChannelsOfTheLayout() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 2, 1, 2)", f4(1, 2, 3, 4)));

        sidecar("{\"layout\":\"NCHW\",\"scale\":2,\"mean\":[1,2],\"std\":[1,0.5]}");
        assertThat(all(Datasets.open(write()))).containsExactly(1, 3, 8, 12);
        sidecar("{\"layout\":\"NHWC\",\"scale\":2,\"mean\":[1,2],\"std\":[1,0.5]}");
        assertThat(all(Datasets.open(write()))).containsExactly(1, 4, 5, 12);
        sidecar("{\"layout\":\"NCHW\",\"mean\":1,\"std\":[1,0.5]}");
        assertThat(all(Datasets.open(write()))).containsExactly(0, 1, 4, 6);
    }

    @Test
    void featuresHaveTheirOwnMeanAndStd() throws IOException {
        members.put("x.npy", npy("<f4", "(2, 2)", f4(1, 2, 3, 4)));
        sidecar("{\"layout\":\"NF\",\"mean\":[1,2],\"std\":2}");

        assertThat(all(Datasets.open(write()))).containsExactly(0, 0, 1, 1);
    }

    @Test
    void samplesComeInTheOrderAskedForAndTwiceIfAskedTwice() throws IOException {
        members.put("x.npy", npy("<f4", "(3, 1)", f4(1, 2, 3)));
        float[] out = {9, 9, 9, 9};

        Datasets.open(write()).fill(new int[] {2, 0, 2}, out);

        assertThat(out).containsExactly(3, 1, 3, 9);
    }

    @Test
    void aSampleOrABufferThatIsNotThereIsRefused() throws IOException {
        members.put("x.npy", npy("<f4", "(3, 1)", f4(1, 2, 3)));
        Dataset data = Datasets.open(write());

        assertThatThrownBy(() -> data.fill(new int[] {3}, new float[1])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.fill(new int[] {-1}, new float[1])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.fill(new int[] {0, 1}, new float[1]))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.limit(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keysThatAreNotKnownAreLeftAlone() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 1)", f4(1)));
        sidecar("{\"comment\":{\"deep\":[null]},\"input\":\"x\"}");

        assertThat(all(Datasets.open(write()))).containsExactly(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{\"input\":\"z\"} ~ input: 'z' is not an array",
                "{\"input\":1} ~ input: a string is needed, got 1",
                "{\"input\":null} ~ input: a string is needed, got null",
                "{\"input\":\"y\"} ~ input: 'y' is 2, not samples",
                "{\"input\":\"empty\"} ~ input: 'empty' is 0×3",
                "{\"labels\":\"z\"} ~ labels: 'z' is not an array",
                "{\"labels\":\"three\"} ~ labels: 'three' has 3 labels for 2 samples",
                "{\"labels\":\"negative\",\"classes\":[\"a\",\"b\"]} ~ labels: label -1 of sample 1 is no class from 0"
                        + " to 1",
                "{\"labels\":\"huge\"} ~ labels: 'huge' is 2 of I64, and holds a number that is no class: label"
                        + " 4294967296",
                "{\"first_label\":-1} ~ first_label: at least 0, got -1",
                "{\"first_label\":\"1\"} ~ first_label: a whole number",
                "{\"ignore_label\":0.5} ~ ignore_label: a whole number",
                "{\"classes\":[\"a\"]} ~ labels: label 1 of sample 1 is no class from 0 to 0",
                "{\"classes\":\"a\"} ~ classes: a list is needed, got \"a\"",
                "{\"classes\":[1]} ~ classes[0]: a string is needed, got 1",
                "{\"layout\":\"NCHW\"} ~ layout: NCHW has 4 dimensions, the input is 2×3",
                "{\"layout\":\"nchw\"} ~ layout: one of NCHW, NHWC, NF is needed, got \"nchw\"",
                "{\"layout\":7} ~ layout: one of NCHW, NHWC, NF is needed, got 7",
                "{\"shape\":[2147483647,2147483647,2147483647]} ~ shape: ",
                "{\"scale\":\"1\"} ~ scale: a finite number is needed, got \"1\"",
                "{\"scale\":1e999} ~ scale: a finite number is needed, got 1e999",
                "{\"scale\":[1,2]} ~ scale: a finite number is needed, got a list",
                "{\"mean\":[]} ~ mean: is one finite number or more, got []",
                "{\"mean\":[\"a\"]} ~ mean[0]: a finite number is needed, got \"a\"",
                "{\"mean\":[1,2]} ~ mean: has 2 values, and no layout",
                "{\"layout\":\"NF\",\"mean\":[1,2]} ~ mean: has 2 values, the input has 3 channels",
                "{\"layout\":\"NF\",\"std\":[1,2]} ~ std: has 2 values, the input has 3 channels",
                "{\"std\":0} ~ std: is 0",
                "{\"std\":[1,-0.0,1],\"layout\":\"NF\"} ~ std: is 0",
                "{\"scale\":1,\"scale\":1} ~ scale: Duplicate Object property",
                "[] ~ content: an object is needed, got a list",
                "{} {} ~ content: there is more behind the end of the value",
                "{\"scale\":NaN} ~ scale: Non-standard token 'NaN'"
            })
    void sidecarsThatDoNotFitAreRefusedByFileFieldAndValue(String json, String message) throws IOException {
        members.put("x.npy", npy("<f4", "(2, 3)", f4(1, 2, 3, 4, 5, 6)));
        members.put("y.npy", npy("<i8", "(2,)", i8(0, 1)));
        members.put("empty.npy", npy("<f4", "(0, 3)", f4()));
        members.put("three.npy", npy("<i8", "(3,)", i8(0, 1, 2)));
        members.put("negative.npy", npy("<i8", "(2,)", i8(0, -1)));
        members.put("huge.npy", npy("<i8", "(2,)", i8(1L << 32, 0)));
        sidecar(json);

        assertRefused("d.dataset.json: " + message);
    }

    @Test
    void aVeryHighPictureThatNoMemoryHoldsOnItsWayIsRefused() throws IOException {
        int height = 600_000;
        members.put("x.npy", npy("|u1", "(1, " + height + ", 16)", new byte[height * 16]));
        sidecar("{\"resize\":[4096, 16]}");
        Dataset data = Datasets.open(write());

        assertThatThrownBy(() -> data.fill(new int[] {0}, new float[4096 * 16]))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "d.dataset.json: resize: sample 0 is 16 by 600000, resizing it to 4096 by 16 takes 2457600000"
                                + " bytes");
    }

    @Test
    void aSidecarThatIsNotUtf8IsRefused() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 1)", f4(1)));
        Files.write(folder.resolve("d.dataset.json"), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});

        assertRefused("d.dataset.json: content: ", "UTF-8");
    }

    @Test
    void tokensAreTheInputWhereNothingElseCanBe() throws IOException {
        members.put("y.npy", npy("<i8", "(2,)", i8(0, 1)));
        members.put("ids.npy", npy("<i8", "(2, 3)", i8(7, 30_000, 2, 0, 5, 1)));
        Dataset data = Datasets.open(write());
        float[] ids = new float[6];
        data.fill(new int[] {0, 1}, ids);
        assertThat(data.size()).isEqualTo(2);
        assertThat(data.label(1)).isEqualTo(1);
        assertThat(ids).containsExactly(7, 30_000, 2, 0, 5, 1);
    }

    @Test
    void arraysBesideTheInputAreThereByName() throws IOException {
        members.put("x.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("y.npy", npy("<i8", "(2,)", i8(0, 1)));
        members.put("ids.npy", npy("<i8", "(2, 3)", i8(7, 30_000, 2, 0, 5, 1)));
        members.put("bias.npy", npy("<f4", "(2,)", f4(0.5f, 0.25f)));
        members.put("others.npy", npy("<i8", "(3,)", i8(1, 2, 3)));
        Dataset data = Datasets.open(write());
        float[] ids = new float[6];
        data.fillOther("ids", new int[] {1, 0}, ids);
        float[] bias = new float[1];
        data.limit(1).fillOther("bias", new int[] {0}, bias);

        assertThat(data.others()).containsOnly(Map.entry("ids", Shape.of(3)), Map.entry("bias", Shape.of()));
        assertThat(ids).containsExactly(0, 5, 1, 7, 30_000, 2);
        assertThat(bias).containsExactly(0.5f);
        assertThatThrownBy(() -> data.limit(1).fillOther("ids", new int[] {1}, ids))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void integersThatFloat32DoesNotHoldAreRefused() throws IOException {
        members.put("x.npy", npy("<f4", "(2, 1)", f4(1, 2)));
        members.put("ids.npy", npy("<i8", "(2, 2)", i8(1, 1 << 24, (1 << 24) + 1, 0)));
        Dataset data = Datasets.open(write());

        assertThatThrownBy(() -> data.fillOther("ids", new int[] {0}, new float[2]))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("d.npz: ids: value 16777217 at index 2 is beyond");
        members.remove("x.npy");
        assertRefused("d.npz: ids: ", "16777217");
    }

    @Test
    void filesThatHoldNoSamplesAreRefused() throws IOException {
        members.put("y.npy", npy("<i8", "(2,)", i8(0, 1)));
        assertRefused("d.npz: input: no array", "y 2 I64");
        assertThatThrownBy(() -> Datasets.open(folder.resolve("none.npz")))
                .isInstanceOf(BadInputException.class)
                .hasMessage("none.npz: file: does not exist");
        assertThatThrownBy(() -> Datasets.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("holds no PNG, JPEG, BMP or GIF");
        Path text = Files.writeString(folder.resolve("t.npz"), "hello");
        assertThatThrownBy(() -> Datasets.open(text))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.npz: format: is a text file; supported: folder of pictures, NumPy archive, IDX, CSV");
    }

    @ParameterizedTest
    @ValueSource(strings = {"|O", "<c8"})
    void anotherArrayThatCannotBeReadIsNamed(String descr) throws IOException {
        members.put("x.npy", npy("<f4", "(1, 1)", f4(1)));
        members.put("odd.npy", npy(descr, "(1,)", new byte[8]));

        Dataset data = Datasets.open(write());

        assertThat(data.leftOut()).containsExactly("array odd of type " + descr + ", which holds no numbers");
        sidecar("{\"labels\":\"odd\"}");
        assertRefused("d.dataset.json: labels: 'odd' is of type " + descr);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "labels ~ <i8 ~ (2, 1)",
                "labels ~ |u1 ~ (2,)",
                "y ~ |b1 ~ (2,)",
                "target ~ <f4 ~ (2, 1)",
                "mine ~ <i2 ~ (2, 1, 1)"
            })
    void labelsMayHaveAnyTypeAndDimensionsOfOne(String name, String type, String shape) throws IOException {
        members.put("labels.npy".equals(name + ".npy") ? "a.npy" : "b.npy", npy("<f4", "(2, 2)", f4(1, 2, 3, 4)));
        members.put(
                name + ".npy",
                npy(
                        type,
                        shape,
                        switch (type) {
                            case "<i8" -> i8(0, 1);
                            case "<f4" -> f4(0, 1);
                            case "<i2" -> new byte[] {0, 0, 1, 0};
                            default -> new byte[] {0, 1};
                        }));
        if (name.equals("mine")) {
            sidecar("{\"labels\":\"mine\"}");
        }

        Dataset data = Datasets.open(write());

        assertThat(data.hasLabels()).isTrue();
        assertThat(new int[] {data.label(0), data.label(1)}).containsExactly(0, 1);
        assertThat(data.targetShape().isPresent()).isEqualTo(type.equals("<f4"));
    }

    @Test
    void wordsAreLabelsAndNamesOfClasses() throws IOException {
        byte[] words = ("c\0\0\0a\0\0\0t\0\0\0" + "d\0\0\0o\0\0\0g\0\0\0" + "c\0\0\0a\0\0\0t\0\0\0")
                .getBytes(StandardCharsets.ISO_8859_1);
        members.put("x.npy", npy("<f4", "(3, 2)", f4(1, 2, 3, 4, 5, 6)));
        members.put("labels.npy", npy("<U3", "(3,)", words));
        Dataset data = Datasets.open(write());
        assertThat(data.classes()).containsExactly("cat", "dog");
        assertThat(IntStream.range(0, 3).map(data::label)).containsExactly(0, 1, 0);

        members.put("labels.npy", npy("<i8", "(3,)", i8(1, 2, 1)));
        members.put("class_names.npy", npy("|S3", "(2,)", "dogcat".getBytes(StandardCharsets.US_ASCII)));
        members.put("when.npy", npy("<M8[D]", "(1,)", new byte[8]));
        assertRefused("d.npz: labels: label 2 of sample 1 is no class from 0 to 1", "\"first_label\": 1");
        sidecar("{\"first_label\":1}");
        Dataset named = Datasets.open(write());
        assertThat(named.classes()).containsExactly("dog", "cat");
        assertThat(IntStream.range(0, 3).map(named::label)).containsExactly(0, 1, 0);
        assertThat(named.leftOut()).containsExactly("array when of type <M8[D], which holds no numbers");
    }

    @Test
    void notANumberPassesThrough() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 3)", f4(Float.NaN, Float.POSITIVE_INFINITY, 1)));
        sidecar("{\"scale\":2}");

        assertThat(all(Datasets.open(write()))).containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 2);
    }

    @Test
    void aSampleIsAPictureOfItsStoredLevels() throws IOException {
        members.put("x.npy", npy("|u1", "(1, 1, 1, 3)", new byte[] {0, 16, (byte) 255}));

        assertThat(Datasets.open(write()).picture(0).orElseThrow().argb())
                .containsExactly(0xff000000, 0xff101010, 0xffffffff);
        sidecar("{\"layout\":\"NHWC\",\"mean\":9}");
        SamplePicture colour = Datasets.open(write()).picture(0).orElseThrow();
        assertThat(colour.argb()).containsExactly(0xff0010ff);
        assertThat(colour.width()).isEqualTo(1);
    }

    @Test
    void aSampleThatIsNoPictureHasNone() throws IOException {
        members.put("x.npy", npy("<f4", "(1, 3)", f4(1, 2, 3)));

        assertThat(Datasets.open(write()).picture(0)).isEmpty();
    }
}
