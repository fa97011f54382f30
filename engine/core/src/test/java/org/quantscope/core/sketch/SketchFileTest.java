package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

@Timeout(60)
class SketchFileTest {
    private static final String MODEL = "0a".repeat(32);
    private static final String DATA = "f7".repeat(32);
    private static final int MUTATIONS = 1500;
    /** Where the first field behind the checksum of the calibration data is. */
    private static final int FOLD_AT = 8 + 4 + 32 + 32;

    private static final List<float[]> KINDS = List.of(
            new float[0],
            new float[] {0, 0, -0f},
            new float[] {-0f},
            new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY},
            new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, -Float.MIN_VALUE, 0},
            new float[] {1, 1.0001f, 1.0003f, 1.0004f},
            new float[] {-3, -3, -2.5f},
            new float[] {Float.MIN_VALUE, 3 * Float.MIN_VALUE, 0},
            gaussian(3000, 1),
            gaussian(40, 7));

    @TempDir
    Path folder;

    private static float[] gaussian(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static MomentSketch sketch(float[]... parts) {
        var sketch = new MomentSketch();
        for (float[] part : parts) {
            sketch.add(part, 0, part.length);
        }
        return sketch;
    }

    private static byte[] bytes(Map<TensorId, MomentSketch> sketches) {
        var out = new ByteArrayOutputStream();
        try {
            SketchFile.write(new ActivationSketches(MODEL, DATA, true, 500, sketches, Map.of()), out);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(MomentSketch sketch) {
        return bytes(Map.of(new TensorId("x"), sketch));
    }

    private ActivationSketches read(byte[] bytes) throws IOException {
        return SketchFile.read(Files.write(folder.resolve("a.sketches"), bytes), new CancelToken());
    }

    private MomentSketch throughAFile(MomentSketch sketch) throws IOException {
        return read(bytes(sketch)).sketches().get(new TensorId("x"));
    }

    @Test
    void everythingComesBackAsItWas() throws IOException {
        Path file = folder.resolve("b.quantscope.sketches");
        var seen = new ActivationSketches(
                MODEL,
                DATA,
                true,
                500,
                Map.of(new TensorId("/relu/é"), sketch(gaussian(2000, 3)), new TensorId("a"), sketch()),
                Map.of());
        SketchFile.write(seen, file);
        ActivationSketches back = SketchFile.read(file, new CancelToken());

        assertThat(back.restsOn(MODEL, DATA, true, 500)).isTrue();
        assertThat(back.restsOn(DATA, DATA, true, 500)).isFalse();
        assertThat(back.restsOn(MODEL, MODEL, true, 500)).isFalse();
        assertThat(back.restsOn(MODEL, DATA, false, 500)).isFalse();
        assertThat(back.restsOn(MODEL, DATA, true, 499)).isFalse();
        assertThat(back.sketches().keySet()).containsExactly(new TensorId("/relu/é"), new TensorId("a"));
        assertThat(bytes(back.sketches())).isEqualTo(Files.readAllBytes(file));
    }

    @Test
    void aSketchThatWasReadAnswersAsTheOneThatWasWritten() throws IOException {
        for (float[] values : KINDS) {
            MomentSketch before = sketch(values);
            MomentSketch after = throughAFile(before);
            assertThat(after)
                    .as(Arrays.toString(values))
                    .usingRecursiveComparison()
                    .isEqualTo(before);
            UniformGrid grid = new UniformGrid(0.3f, 0, -7, 7);
            assertThat(after.estimate(grid)).isEqualTo(before.estimate(grid));
            assertThat(after.nan()).isEqualTo(before.nan());
        }
    }

    @Test
    void mergingAndFillingGoOnAsIfThereHadBeenNoFile() throws IOException {
        for (float[] a : KINDS) {
            for (float[] b : KINDS) {
                byte[] expected = bytes(sketch(a, b));
                MomentSketch merged = throughAFile(sketch(a));
                merged.merge(throughAFile(sketch(b)));
                assertThat(bytes(merged)).isEqualTo(expected);
                MomentSketch filled = throughAFile(sketch(b));
                filled.add(a, 0, a.length);
                assertThat(bytes(filled)).isEqualTo(expected);
            }
        }
    }

    @Test
    void mergingIsAssociativeAcrossTheFile() throws IOException {
        float[] a = gaussian(900, 4);
        float[] b = {1e30f, -0f, Float.NaN, 1e-30f};
        float[] c = gaussian(700, 5);
        MomentSketch left = throughAFile(sketch(a));
        left.merge(sketch(b));
        left = throughAFile(left);
        left.merge(sketch(c));
        MomentSketch right = throughAFile(sketch(b));
        right.merge(sketch(c));
        MomentSketch whole = sketch(a);
        whole.merge(throughAFile(right));

        assertThat(bytes(left)).isEqualTo(bytes(whole));
    }

    @Test
    void valuesFarBeyondWhatWasSeenKeepEveryCount() throws IOException {
        MomentSketch sketch = throughAFile(sketch(gaussian(1000, 6)));
        sketch.add(new float[] {3e38f, -3e38f, 1e-40f}, 0, 3);

        assertThat(sketch.count()).isEqualTo(1003);
        assertThat(sketch.min()).isEqualTo(-3e38f);
        assertThat(sketch.max()).isEqualTo(3e38f);
        assertThat(Arrays.stream(sketch.histogram(-3.1e38, 3.1e38, 31)).sum()).isEqualTo(1003);
    }

    @Test
    void everyShorterFileIsRefused() {
        byte[] whole = bytes(sketch(KINDS.get(4), KINDS.get(5)));
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(part))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith("a.sketches: ");
            if (length > 4) {
                assertThatThrownBy(() -> read(sealed(part)))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageStartingWith("a.sketches: ");
            }
        }
    }

    @Test
    void randomDamageIsFound() {
        byte[] whole = bytes(Map.of(
                new TensorId("a"), sketch(gaussian(60, 8), KINDS.get(4)), new TensorId("b"), sketch(KINDS.get(6))));
        Random random = new Random(20261122);
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = damage(whole, random);
            if (!Arrays.equals(damaged, whole)) {
                assertThatThrownBy(() -> read(damaged))
                        .as("mutation " + i)
                        .isInstanceOf(BadInputException.class)
                        .message()
                        .doesNotContain("\n");
            }
        }
    }

    /** Damage with a checksum that fits, as an attacker would make it: it is refused, or a sketch that answers and can be written again. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void whatPassesTheChecksumIsRefusedOrASketch(long seed) throws IOException {
        MomentSketch parted = sketch(KINDS.get(6));
        parted.endPart();
        parted.add(KINDS.get(5), 0, 2);
        byte[] whole = bytes(
                Map.of(new TensorId("a"), sketch(gaussian(60, 8), KINDS.get(4)), new TensorId("b"), parted),
                Map.of(new TensorId("w"), power(1, 2, 3)));
        Random random = new Random(seed);
        int accepted = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = sealed(damage(whole, random));
            try {
                ActivationSketches back = read(damaged);
                for (MomentSketch s : back.sketches().values()) {
                    assertThat(s.estimate(new UniformGrid(0.3f, 0, -7, 7)).mse())
                            .isNotNaN()
                            .isNotNegative();
                    assertThat(s.quantile(0.5)).isBetween((double) Math.min(s.min(), 0), (double) Math.max(s.max(), 0));
                    var other = new MomentSketch();
                    other.merge(s);
                    assertThat(bytes(other)).isEqualTo(bytes(s));
                }
                accepted++;
            } catch (BadInputException e) {
                assertThat(e.getMessage()).startsWith("a.sketches: ");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("mutation " + i, e);
            }
        }
        assertThat(accepted)
                .as("some damage is a sketch of other values, most is not")
                .isBetween(1, MUTATIONS / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 81, magic",
        "8, 4, version",
        "8, 0, version",
        "76, 2, fold_batch_norm",
        "80, 0, activations[0].name",
    })
    void aFieldThatIsWrongIsNamed(int at, byte value, String field) {
        byte[] bytes = bytes(sketch(new float[] {1}));
        bytes[at] = (byte) (at == 0 ? value + 1 : value);
        assertThatThrownBy(() -> read(sealed(bytes)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("a.sketches: " + field + ": ");
    }

    @Test
    void aFileThatClaimsMoreThanItHoldsTakesNoMemory() {
        byte[] head = Arrays.copyOf(bytes(sketch(new float[] {1})), FOLD_AT + 1);
        // 1 sample, 1 activation "x", no NaN, infinities and zeros, then 261,000 bins in a file that ends there.
        byte[] rest = {1, 1, 1, 'x', 0, 0, 0, 0, (byte) 0x88, (byte) 0xf7, 0x0f, 0, 0, 0, 0};
        byte[] bytes = ByteBuffer.allocate(head.length + rest.length)
                .put(head)
                .put(rest)
                .array();
        assertThatThrownBy(() -> read(sealed(bytes)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("activations[0].negative.bins: 0 to 0 is needed, got 261");
    }

    @Test
    void theFileLiesBesideTheSession() {
        assertThat(SketchFile.beside(Path.of("d", "a.quantscope.json")))
                .isEqualTo(Path.of("d", "a.quantscope.sketches"));
        assertThat(SketchFile.beside(Path.of("config"))).isEqualTo(Path.of("config.sketches"));
    }

    /** The content with its last four bytes replaced by a checksum that fits. */
    private static byte[] sealed(byte[] bytes) {
        if (bytes.length < 4) {
            return bytes;
        }
        byte[] out = bytes.clone();
        var crc = new CRC32C();
        crc.update(out, 0, out.length - 4);
        ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).putInt(out.length - 4, (int) crc.getValue());
        return out;
    }

    private static byte[] damage(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        for (int i = 1 + random.nextInt(3); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[at] = new byte[] {0, 1, 0x7f, (byte) 0x80, (byte) 0xff}[random.nextInt(5)];
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                default -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
                    System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
                    bytes = longer;
                }
            }
        }
        return bytes;
    }

    private static InputPower power(float... x) {
        var power = new InputPower(3);
        power.add(x, x.length, Shape.of(x.length / 3, 3), 1);
        return power;
    }

    private static byte[] bytes(Map<TensorId, MomentSketch> sketches, Map<TensorId, InputPower> inputs)
            throws IOException {
        var out = new ByteArrayOutputStream();
        SketchFile.write(new ActivationSketches(MODEL, DATA, true, 500, sketches, inputs), out);
        return out.toByteArray();
    }

    @Test
    void powersAndPartsComeBackAsTheyWere() throws IOException {
        MomentSketch sketch = sketch(gaussian(50, 9));
        sketch.endPart();
        sketch.add(new float[] {-0f, 7, Float.NaN}, 0, 3);
        sketch.endPart();
        sketch.add(new float[] {0.5f}, 0, 1);
        Map<TensorId, InputPower> inputs =
                Map.of(new TensorId("w"), power(1, 2, 3, 4, 5, 6), new TensorId("v"), new InputPower(1));
        ActivationSketches back = read(bytes(Map.of(new TensorId("x"), sketch), inputs));

        assertThat(back.inputs()).isEqualTo(inputs);
        assertThat(back.inputs().get(new TensorId("w")).means()).containsExactly(8.5f, 14.5f, 22.5f);
        MomentSketch after = back.sketches().get(new TensorId("x"));
        assertThat(after).usingRecursiveComparison().isEqualTo(sketch);
        assertThat(after.partRanges()).hasSize(3).isEqualTo(sketch.partRanges());
        after.add(new float[] {0.75f}, 0, 1);
        assertThat(after.partRanges().getLast()).isEqualTo(new ClipRange(0.5f, 0.75f));
    }

    /** Version 1 ends behind the sketches and knows of no parts: its values are one. */
    @Test
    void filesOfTheFirstVersionAreStillRead() throws IOException {
        byte[] now = bytes(sketch(new float[] {1, -3}));
        // One byte fewer for the parts of the sketch, one for its masks, one for the powers.
        byte[] old = Arrays.copyOf(now, now.length - 3);
        old[8] = 1;
        ActivationSketches back = read(sealed(old));

        assertThat(back.inputs()).isEmpty();
        assertThat(back.sketches().get(new TensorId("x")).partRanges()).containsExactly(new ClipRange(-3, 1));
        assertThat(bytes(back.sketches())).isEqualTo(now);
    }

    @Test
    void powersThatNoValuesHaveAreRefused() throws IOException {
        byte[] whole = bytes(Map.of(), Map.of(new TensorId("w"), power(1, 2, 3)));
        for (double square : new double[] {-1, -0.0, Double.NaN, Double.POSITIVE_INFINITY}) {
            byte[] bad = whole.clone();
            ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putDouble(bad.length - 12, square);
            assertThatThrownBy(() -> read(sealed(bad)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("inputs[0].squares");
        }
    }

    @Test
    void partsOutsideTheValuesAreRefused() throws IOException {
        MomentSketch sketch = sketch(new float[] {1, 2});
        sketch.endPart();
        byte[] whole = bytes(sketch);
        for (float end : new float[] {2.5f, Float.NaN, 0.5f}) {
            byte[] bad = whole.clone();
            // The part's upper end lies before the byte that says that none is open, the number of powers and the
            // checksum.
            ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putFloat(bad.length - 10, end);
            assertThatThrownBy(() -> read(sealed(bad)))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("activations[0].parts");
        }
    }
}
