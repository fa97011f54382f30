package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.dataset.Resize.Aspect;
import org.quantscope.core.dataset.Resize.Method;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.picture.Pictures;
import org.quantscope.core.picture.Pixels;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Pictures as Pillow and torch read and resize them; {@code pictures.json} says where its values come from. */
class PictureOracleTest {
    private static final JsonNode ORACLE = read();

    @TempDir
    Path folder;

    private static JsonNode read() {
        try (InputStream in = Objects.requireNonNull(PictureOracleTest.class.getResourceAsStream("pictures.json"))) {
            return JsonMapper.builder().build().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<JsonNode> cases() {
        return IntStream.range(0, ORACLE.get("cases").size())
                .mapToObj(ORACLE.get("cases")::get)
                .toList();
    }

    static List<JsonNode> pictures() {
        return IntStream.range(0, ORACLE.get("pictures").size())
                .mapToObj(ORACLE.get("pictures")::get)
                .toList();
    }

    private static double[] values(JsonNode node) {
        return IntStream.range(0, node.get("values").size())
                .mapToDouble(i -> node.get("values").get(i).doubleValue())
                .toArray();
    }

    private static byte[] bytes(double[] values) {
        byte[] out = new byte[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (int) values[i];
        }
        return out;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void resizesAsPillowAndTorchDo(JsonNode c) {
        Frame in =
                Frame.bytes(ORACLE.get("height").intValue(), ORACLE.get("width").intValue(), 3, bytes(values(ORACLE)));
        int w = c.get("width").intValue();
        int h = c.get("height").intValue();
        double[] wanted = values(c);
        Resize how = switch (c.get("kind").stringValue()) {
            case "pillow-bilinear" -> Resize.to(w, h);
            case "pillow-nearest" -> new Resize(w, h, Method.NEAREST, Aspect.STRETCH, true, 0);
            case "torch-bilinear" -> new Resize(w, h, Method.BILINEAR, Aspect.STRETCH, false, 0);
            case "torchvision-crop-6" -> new Resize(w, h, Method.BILINEAR, Aspect.CROP, true, 6);
            default -> throw new IllegalArgumentException(c.toString());
        };

        Frame out = Resampler.resize(in, how);

        double[] got = IntStream.range(0, out.count()).mapToDouble(out::at).toArray();
        if (how.antialias()) {
            assertThat(got).containsExactly(wanted);
        } else {
            assertThat(got).hasSameSizeAs(wanted);
            IntStream.range(0, got.length)
                    .forEach(i -> assertThat(got[i]).isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(1e-4)));
        }
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void decodesAsPillowDoes(JsonNode p) throws IOException {
        String name = p.get("name").stringValue();
        Path file = Files.write(
                folder.resolve(name), Base64.getDecoder().decode(p.get("file").stringValue()));

        Pixels pixels = Pictures.decode(file);

        // A picture that says it has a palette may hold colour.
        byte[] levels = pixels.levels();
        double[] got = IntStream.range(0, levels.length)
                .mapToDouble(i -> levels[i] & 0xff)
                .toArray();
        double[] wanted = values(p);
        int share = got.length / wanted.length;
        assertThat(pixels.width()).isEqualTo(p.get("width").intValue());
        assertThat(pixels.height()).isEqualTo(p.get("height").intValue());
        assertThat(share == 1 || name.endsWith(".bmp")).isTrue();
        // Decoders of JPEG may differ by a rounding, and where chroma was halved in how they smooth it.
        double tolerance = !name.endsWith(".jpg") ? 0 : name.startsWith("halved") ? 6 : 2;
        for (int i = 0; i < got.length; i++) {
            assertThat(got[i])
                    .as(name + " " + i)
                    .isCloseTo(wanted[i / share], org.assertj.core.data.Offset.offset(tolerance));
        }
        assertThat(Pictures.header(file).orElseThrow().width()).isEqualTo(pixels.width());
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void whatIsCutOffOrDamagedIsRefusedAndNamed(JsonNode p) throws IOException {
        byte[] whole = Base64.getDecoder().decode(p.get("file").stringValue());
        String name = p.get("name").stringValue();
        Path file = folder.resolve(name);
        for (int length : new int[] {0, 3, 9, 30, whole.length / 2, whole.length - 3}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Pictures.decode(file))
                    .as("first " + length + " bytes")
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(name + ": picture: ");
        }
        Random random = new Random(3);
        for (int i = 0; i < 150; i++) {
            byte[] bytes = whole.clone();
            for (int k = 0; k < 3; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(file, bytes);
            try {
                Pictures.header(file);
                Pictures.decode(file);
            } catch (BadInputException e) {
                assertThat(e).hasMessageStartingWith(name + ": picture: ");
            }
        }
    }

    @Test
    void aPictureThatSaysItIsHugeIsRefusedBeforeItIsDecoded() throws IOException {
        byte[] png =
                Base64.getDecoder().decode(pictures().getFirst().get("file").stringValue());
        ByteBuffer buffer = ByteBuffer.wrap(png).putInt(16, 60_000).putInt(20, 60_000);
        CRC32 crc = new CRC32();
        crc.update(png, 12, 17);
        buffer.putInt(29, (int) crc.getValue());
        Path file = Files.write(folder.resolve("bomb.png"), png);

        assertThatThrownBy(() -> Pictures.decode(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("60000 by 60000");
        assertThatThrownBy(() -> Pictures.header(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("60000 by 60000");
    }

    @Test
    void aJpegInsideABmpIsNotHandedOn() throws IOException {
        byte[] bmp = Base64.getDecoder()
                .decode(pictures().stream()
                        .filter(p -> p.get("name").stringValue().equals("rgb.bmp"))
                        .findFirst()
                        .orElseThrow()
                        .get("file")
                        .stringValue());
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(30, 4);
        Path file = Files.write(folder.resolve("b.bmp"), bmp);

        assertThatThrownBy(() -> Pictures.decode(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("compression 4");
    }
}
