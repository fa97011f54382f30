package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.tflite.TinyTflite;

class TfliteLoaderTest {
    private static final int FLOAT32 = 0;
    private static final int FLOAT16 = 1;
    private static final int INT32 = 2;
    private static final int UINT8 = 3;
    private static final int INT8 = 9;
    private static final int INT4 = 17;
    private static final int CONV_2D = 3;
    private static final int DEPTHWISE_CONV_2D = 4;
    private static final int DEQUANTIZE = 6;
    private static final int FULLY_CONNECTED = 9;
    private static final int BATCH_MATMUL = 126;
    private static final int CONV_3D = 132;

    @TempDir
    Path folder;

    private Model open(TinyTflite tiny) throws IOException {
        return ModelLoaders.open(Files.write(folder.resolve("m.tflite"), tiny.build()));
    }

    private static Tensor tensor(Model model, String name) {
        return model.find(new TensorId(name)).orElseThrow(() -> new AssertionError(name));
    }

    @Test
    void weightsAndBiasesAreKnownByTheOperatorThatReadsThem() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, 1, 4, 4, 2);
        int conv = tiny.stored("conv", FLOAT32, TinyTflite.floats(new float[3 * 2]), 3, 1, 1, 2);
        int bias = tiny.stored("bias", FLOAT32, TinyTflite.floats(1, 2, 3), 3);
        int depth = tiny.stored("depth", FLOAT32, TinyTflite.floats(new float[9 * 3]), 1, 3, 3, 3);
        int y = tiny.computed("y", FLOAT32, 1, 4, 4, 3);
        int z = tiny.computed("z", FLOAT32, 1, 4, 4, 3);
        int solid = tiny.stored("solid", FLOAT32, TinyTflite.floats(new float[6]), 1, 1, 1, 2, 3);
        int free = tiny.stored("free", FLOAT32, TinyTflite.floats(1, 2), 2, 1);
        tiny.operator(CONV_2D, y, x, conv, bias)
                .operator(DEPTHWISE_CONV_2D, z, y, depth, -1)
                .operator(CONV_3D, z, y, solid)
                .operator(BATCH_MATMUL, z, free, y);

        Model model = open(tiny);

        assertThat(model.format()).isEqualTo("tflite");
        assertThat(model.tensors()).hasSize(5);
        assertThat(tensor(model, "conv").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "conv").info().channelAxis()).isEqualTo(OptionalInt.of(0));
        assertThat(tensor(model, "depth").info().channelAxis()).isEqualTo(OptionalInt.of(3));
        assertThat(tensor(model, "solid").info().channelAxis()).isEqualTo(OptionalInt.of(4));
        assertThat(tensor(model, "free").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "free").info().channelAxis()).isEmpty();
        assertThat(tensor(model, "bias").info().kind()).isEqualTo(TensorKind.BIAS);
        assertThat(tensor(model, "bias").data().toFloats()).containsExactly(1, 2, 3);
        assertThat(tensor(model, "conv").info().consumers())
                .singleElement()
                .satisfies(c -> assertThat(c.opType()).isEqualTo("CONV_2D"));
        assertThat(model.metadata()).containsEntry("description", "tiny");
        assertThat(model.notes()).anySatisfy(n -> assertThat(n).contains("is not run here"));
    }

    @Test
    void quantizedWeightsHaveTheirValuesAndExactlyTheirGrid() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", INT8, 1, 2);
        int w = tiny.quantized(
                "w", INT8, new byte[] {-128, 127, 4, -4}, new float[] {0.5f, 0.25f}, new long[] {0, 0}, 0, 2, 2);
        int old =
                tiny.quantized("old", UINT8, new byte[] {0, (byte) 255}, new float[] {0.1f}, new long[] {128}, 0, 1, 2);
        int four =
                tiny.quantized("four", INT4, new byte[] {0x7f, (byte) 0x08}, new float[] {2}, new long[] {0}, 0, 1, 3);
        int bias = tiny.quantized("b", INT32, TinyTflite.ints(100, -3), new float[] {0.01f}, new long[] {0}, 0, 2);
        int y = tiny.computed("y", INT8, 1, 2);
        tiny.operator(FULLY_CONNECTED, y, x, w, bias)
                .operator(FULLY_CONNECTED, y, x, old, -1)
                .operator(FULLY_CONNECTED, y, x, four);

        Model model = open(tiny);

        assertThat(tensor(model, "w").data().toFloats()).containsExactly(-64, 63.5f, 1, -1);
        assertThat(tensor(model, "old").data().toFloats()).containsExactly(-128 * 0.1f, 127 * 0.1f);
        // The low half of a byte comes first: -1, 7, -8.
        assertThat(tensor(model, "four").data().toFloats()).containsExactly(-2, 14, -16);
        assertThat(tensor(model, "b").data().toFloats()).containsExactly(100 * 0.01f, -3 * 0.01f);
        assertThat(model.own().orElseThrow().weights()).hasSize(3);
        assertThat(model.own()
                        .orElseThrow()
                        .weights()
                        .get(new TensorId("w"))
                        .params()
                        .granularity())
                .isEqualTo(new Granularity.PerChannel(0));
        assertThat(model.own().orElseThrow().weights().get(new TensorId("four")).bits())
                .isEqualTo(4);

        // A fresh session quantizes with exactly these grids: nothing changes.
        SessionState state = SessionState.of(new FileRef(model.file(), "00"), Engine.analysed(model));
        assertThat(state.overrides().keySet())
                .containsExactlyInAnyOrder(new TensorId("w"), new TensorId("old"), new TensorId("four"));
    }

    @Test
    void aHalfBehindDequantizeIsTheWeightOfTheLayerBehind() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, 1, 2);
        int half = tiny.stored("half", FLOAT16, new byte[] {0, 0x3c, 0, 0x40}, 1, 2);
        int wide = tiny.computed("wide", FLOAT32, 1, 2);
        tiny.operator(DEQUANTIZE, wide, half).operator(FULLY_CONNECTED, x, x, wide);

        Model model = open(tiny);

        assertThat(tensor(model, "half").info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(tensor(model, "half").data().toFloats()).containsExactly(1, 2);
    }

    @Test
    void whatDoesNotFitIsRefusedByFieldAndValue() {
        assertRefused(
                t -> t.stored("w", FLOAT32, TinyTflite.floats(1, 2, 3), 2, 2),
                "m.tflite: w: 2×2 of FLOAT32 wants 16 bytes, its buffer has 12");
        assertRefused(
                t -> t.quantized("w", INT8, new byte[4], new float[] {1, 1, 1}, new long[] {0, 0, 0}, 0, 2, 2),
                "m.tflite: w: 3 scales do not fit axis 0 of 2×2");
        assertRefused(
                t -> t.quantized("w", INT8, new byte[4], new float[] {0}, new long[] {0}, 0, 2, 2),
                "m.tflite: w: its quantization is none:");
        assertRefused(t -> t.operator(CONV_2D, 7), "m.tflite: operator 0: tensor 7 is none of the 0 of the subgraph");
    }

    private void assertRefused(java.util.function.Consumer<TinyTflite> with, String message) {
        TinyTflite tiny = new TinyTflite();
        with.accept(tiny);
        assertThatThrownBy(() -> open(tiny))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(message);
    }

    /** A stored text behind a model, with places counted from the beginning of the file, as Python's zipfile appends it. */
    private static byte[] with(byte[] model, String name, String text) {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        CRC32 crc = new CRC32();
        crc.update(content);
        ByteBuffer out = ByteBuffer.allocate(model.length + content.length + 2 * name.length() + 98)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put(model)
                .putInt(0x04034b50)
                .putShort((short) 20)
                .putShort((short) 0)
                .putShort((short) 0)
                .putInt(0);
        out.putInt((int) crc.getValue()).putInt(content.length).putInt(content.length);
        out.putShort((short) name.length()).putShort((short) 0).put(name.getBytes(StandardCharsets.US_ASCII));
        out.put(content);
        int directory = out.position();
        out.putInt(0x02014b50)
                .putShort((short) 20)
                .putShort((short) 20)
                .putInt(0)
                .putInt(0);
        out.putInt((int) crc.getValue()).putInt(content.length).putInt(content.length);
        out.putShort((short) name.length()).putInt(0).putInt(0).putInt(0).putInt(model.length);
        out.put(name.getBytes(StandardCharsets.US_ASCII));
        int size = out.position() - directory;
        out.putInt(0x06054b50)
                .putInt(0)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(size)
                .putInt(directory);
        out.putShort((short) 0);
        return Arrays.copyOf(out.array(), out.position());
    }

    @Test
    void labelsBehindTheModelAreTheNamesOfItsClasses() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, 1, 2);
        int w = tiny.stored("w", FLOAT32, TinyTflite.floats(new float[6]), 3, 2);
        int y = tiny.computed("y", FLOAT32, 1, 3);
        byte[] model =
                tiny.operator(FULLY_CONNECTED, y, x, w).inputs(x).outputs(y).build();
        Path file = folder.resolve("m.tflite");

        Model labelled = ModelLoaders.open(Files.write(file, with(model, "labels.txt", "cat\n dog\nbird\n\n")));
        assertThat(labelled.classNames()).containsExactly("cat", "dog", "bird");
        assertThat(labelled.metadata())
                .containsEntry("files behind it", "labels.txt (15 bytes)")
                .containsEntry("class names", "3: cat, dog, bird");
        assertThat(Engine.analysed(labelled).classNames()).hasSize(3);
        assertThat(Engine.analysed(labelled).metadata()).isEqualTo(labelled.metadata());

        Model other = ModelLoaders.open(Files.write(file, with(model, "labels.txt", "cat\ndog")));
        assertThat(other.classNames()).isEmpty();
        byte[] damaged = with(model, "labels.txt", "cat\ndog\nbird");
        damaged[model.length + 42] ^= 1;
        assertThat(ModelLoaders.open(Files.write(file, damaged)).graph()).isPresent();
    }

    @Test
    void noByteOfAFileLeadsElsewhereThanToASentence() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int w = tiny.quantized("w", INT8, new byte[4], new float[] {1, 1}, new long[] {0, 0}, 0, 2, 2);
        tiny.operator(FULLY_CONNECTED, tiny.computed("y", INT8, 1, 2), w, w, -1);
        byte[] good = tiny.build();
        Path file = folder.resolve("damaged.tflite");
        Random random = new Random(3);
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] bad = i < good.length ? java.util.Arrays.copyOf(good, i) : good.clone();
            if (i >= good.length) {
                bad[random.nextInt(good.length - 8)] = (byte) random.nextInt();
            }
            Files.write(file, bad);
            try {
                if (bad.length >= 8 && bad[4] == 'T') {
                    new TfliteLoader()
                            .load(file, true)
                            .tensors()
                            .forEach(t -> t.data().toFloats());
                }
            } catch (BadInputException e) {
                assertThat(e.getMessage()).startsWith("damaged.tflite: ").hasLineCount(1);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(good.length / 2);
    }
}
