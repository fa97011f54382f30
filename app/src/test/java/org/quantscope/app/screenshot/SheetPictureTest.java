package org.quantscope.app.screenshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SheetPictureTest {
    @TempDir
    private Path folder;

    private static BufferedImage noise(int width, int height) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        return picture;
    }

    /** 3 pixels on 2: each takes one and a half. */
    @Test
    void aSmallerPixelIsTheMeanOfWhatItCovers() {
        BufferedImage three = new BufferedImage(3, 3, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 3; y++) {
            three.setRGB(1, y, 0xff0000);
            three.setRGB(2, y, 0x0000ff);
        }

        BufferedImage two = SheetPicture.scaled(three, 2);

        assertThat(two.getHeight()).isEqualTo(2);
        assertThat(two.getRGB(0, 0) & 0xffffff).isEqualTo(0x550000);
        assertThat(two.getRGB(1, 1) & 0xffffff).isEqualTo(0x5500aa);
    }

    @Test
    void aColourThatIsRareButFarFromTheOthersStays() {
        BufferedImage grey = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64 * 64; i++) {
            grey.setRGB(i % 64, i / 64, 0x010101 * (i / 16));
        }
        grey.setRGB(5, 5, 0xe04010);

        BufferedImage few = SheetPicture.fewColours(grey);

        assertThat(few.getRGB(5, 5) & 0xffffff).isEqualTo(0xe04010);
        assertThat(few.getColorModel().getPixelSize()).isEqualTo(8);
    }

    @Test
    void picturesBecomeNarrowerUntilTheFileIsSmallEnough() throws IOException {
        List<SheetPicture.Cell> cells = List.of(
                new SheetPicture.Cell("a", noise(200, 100)),
                new SheetPicture.Cell("b", noise(200, 100)),
                new SheetPicture.Cell("c", noise(200, 100)));
        Path file = folder.resolve("sheet.png");

        SheetPicture.write("T", cells, new int[] {200, 50}, 1_000_000, file);
        int wide = ImageIO.read(file.toFile()).getWidth();
        int least = (int) Files.size(file) - 1;
        SheetPicture.write("T", cells, new int[] {200, 50}, least, file);

        assertThat(wide).isEqualTo(640);
        assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(190);
        assertThat(Files.size(file)).isLessThanOrEqualTo(least);
    }
}
