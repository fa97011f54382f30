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
import org.quantscope.core.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.UniformGrid;
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
        var seen = new ActivationSketches(MODEL, DATA, true, 500, Map.of(new TensorId("/relu/é"), sketch(gaussian(2000, 3)), new TensorId("a"), sketch()), Map.of());
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
            assertThat(after).as(Arrays.toString(values)).usingRecursiveComparison().isEqualTo(before);
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
            assertThatThrownBy(() -> read(part)).isInstanceOf(BadInputException.class).hasMessageStartingWith("a.sketches: ");
            if (length > 4) {
                assertThatThrownBy(() -> read(sealed(part))).isInstanceOf(BadInputException.class).hasMessageStartingWith("a.sketches: ");
            }
        }
    }

    @Test
    void randomDamageIsFound() {
        byte[] whole = bytes(Map.of(new TensorId("a"), sketch(gaussian(60, 8), KINDS.get(4)), new TensorId("b"), sketch(KINDS.get(6))));
        Random random = new Random(20261122);
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = damage(whole, random);
            if (!Arrays.equals(damaged, whole)) {
                assertThatThrownBy(() -> read(damaged)).as("mutation " + i).isInstanceOf(BadInputException.class).message().doesNotContain("\n");
            }
        }
    }

    /** Damage with a checksum that fits, as an attacker would make it: it is refused, or a sketch that answers and can be written again. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void whatPassesTheChecksumIsRefusedOrASketch(long seed) throws IOException {
        byte[] whole = bytes(Map.of(new TensorId("a"), sketch(gaussian(60, 8), KINDS.get(4)), new TensorId("b"), sketch(KINDS.get(6))));
        Random random = new Random(seed);
        int accepted = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = sealed(damage(whole, random));
            try {
                ActivationSketches back = read(damaged);
                for (MomentSketch s : back.sketches().values()) {
                    assertThat(s.estimate(new UniformGrid(0.3f, 0, -7, 7)).mse()).isNotNaN().isNotNegative();
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
        assertThat(accepted).as("some damage is a sketch of other values, most is not").isBetween(1, MUTATIONS / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 81, magic",
        "8, 2, version",
        "76, 2, fold_batch_norm",
        "80, 0, activations[0].name",
    })
    void aFieldThatIsWrongIsNamed(int at, byte value, String field) {
        byte[] bytes = bytes(sketch(new float[] {1}));
        bytes[at] = (byte) (at == 0 ? value + 1 : value);
        assertThatThrownBy(() -> read(sealed(bytes))).isInstanceOf(BadInputException.class).hasMessageStartingWith("a.sketches: " + field + ": ");
    }

    @Test
    void aFileThatClaimsMoreThanItHoldsTakesNoMemory() {
        byte[] head = Arrays.copyOf(bytes(sketch(new float[] {1})), FOLD_AT + 1);
        // 1 sample, 1 activation "x", no NaN, infinities and zeros, then 261,000 bins in a file that ends there.
        byte[] rest = {1, 1, 1, 'x', 0, 0, 0, 0, (byte) 0x88, (byte) 0xf7, 0x0f, 0, 0, 0, 0};
        byte[] bytes = ByteBuffer.allocate(head.length + rest.length).put(head).put(rest).array();
        assertThatThrownBy(() -> read(sealed(bytes))).isInstanceOf(BadInputException.class).hasMessageContaining("activations[0].negative.bins: 0 to 0 is needed, got 261");
    }

    @Test
    void theFileLiesBesideTheSession() {
        assertThat(SketchFile.beside(Path.of("d", "a.quantscope.json"))).isEqualTo(Path.of("d", "a.quantscope.sketches"));
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
}
