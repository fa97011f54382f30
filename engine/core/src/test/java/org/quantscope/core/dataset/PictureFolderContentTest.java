package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;

/** What folders of pictures hold beside pictures that are read. */
class PictureFolderContentTest {
    private static final byte[] WEBP = "RIFF....WEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1);

    @TempDir
    private Path folder;

    private void picture(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        ImageIO.write(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
    }

    private void file(String name, byte[] content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }

    @Test
    void picturesOfOtherFormatsAreCountedAndNamed() throws IOException {
        picture("cat/1.png");
        picture("dog/1.png");
        file("cat/2.webp", WEBP);
        file("dog/2.jpg", WEBP);
        file("dog/3.tif", new byte[] {'I', 'I', 42, 0, 8, 0, 0, 0});
        file("dog/4.svg", "<svg/>".getBytes(StandardCharsets.UTF_8));

        Dataset data = Datasets.open(folder);

        assertThat(data.size()).isEqualTo(2);
        assertThat(data.leftOut())
                .containsExactly(
                        "1 SVG file, dog/4.svg, of a format that is not read",
                        "1 TIFF file, dog/3.tif, of a format that is not read",
                        "2 WebP files, such as cat/2.webp, of a format that is not read");
    }

    @Test
    void whatAMacAddsIsNoClass() throws IOException {
        picture("cat/1.png");
        picture("dog/1.png");
        file("__MACOSX/cat/._1.png", new byte[] {0, 5, 22, 7});
        file("__MACOSX/1.png", new byte[] {0, 5, 22, 7});
        file("cat/__MACOSX/1.png", new byte[] {0, 5, 22, 7});

        assertThat(Datasets.open(folder).classes()).containsExactly("cat", "dog");
    }

    @Test
    void splitsAreNoClasses() throws IOException {
        picture("train/cat/1.png");
        picture("val/cat/2.png");

        assertThatThrownBy(() -> Datasets.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(
                        "the folders train, val are splits of a data set and no classes; open one of them");
        assertThat(Datasets.open(folder.resolve("val")).classes()).containsExactly("cat");
    }

    @Test
    void aFolderOfNothingElseSaysWhatItHolds() throws IOException {
        file("a.webp", WEBP);

        assertThatThrownBy(() -> Datasets.open(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("1 WebP file, a.webp");
    }
}
