package org.quantscope.app.screenshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovingPictureTest {
    @TempDir
    private Path folder;

    private static BufferedImage picture(int width, int x, int y) {
        BufferedImage picture = new BufferedImage(width, 5, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(1, 1, 0x123456);
        picture.setRGB(x, y, 0xfedcba);
        return picture;
    }

    @Test
    void onlyWhatDiffersIsStoredAndTheFirstPictureIsAnOrdinaryPng() throws Exception {
        MovingPicture moving = new MovingPicture();
        moving.add(picture(7, 2, 3), 100);
        moving.add(picture(7, 2, 3), 50);
        moving.add(picture(7, 4, 2), 200);
        Path file = folder.resolve("a.png");
        moving.write(file);

        BufferedImage first = ImageIO.read(file.toFile());
        assertThat(first.getRGB(1, 1) & 0xffffff).isEqualTo(0x123456);
        assertThat(first.getRGB(2, 3) & 0xffffff).isEqualTo(0xfedcba);
        List<String> kinds = new ArrayList<>();
        List<List<Integer>> parts = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).position(8);
        while (bytes.hasRemaining()) {
            int length = bytes.getInt();
            byte[] kind = new byte[4];
            bytes.get(kind);
            kinds.add(new String(kind, StandardCharsets.US_ASCII));
            int at = bytes.position();
            if (kinds.getLast().equals("fcTL")) {
                parts.add(List.of(
                        bytes.getInt(at),
                        bytes.getInt(at + 4),
                        bytes.getInt(at + 8),
                        bytes.getInt(at + 12),
                        bytes.getInt(at + 16),
                        (int) bytes.getShort(at + 20)));
            }
            bytes.position(at + length + 4);
        }
        assertThat(kinds).containsExactly("IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "IEND");
        // Sequence number, width, height, x, y, milliseconds.
        assertThat(parts).containsExactly(List.of(0, 7, 5, 0, 0, 150), List.of(1, 3, 2, 2, 2, 200));
    }

    @Test
    void picturesOfAnotherSizeAreRefused() {
        MovingPicture moving = new MovingPicture();
        moving.add(picture(7, 2, 3), 100);
        assertThatThrownBy(() -> moving.add(picture(8, 2, 3), 100)).hasMessageContaining("7 × 5 is needed, got 8 × 5");
    }
}
