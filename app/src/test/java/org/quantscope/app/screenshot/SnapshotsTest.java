package org.quantscope.app.screenshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javafx.scene.image.WritableImage;
import javafx.scene.paint.Color;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotsTest {
    @Test
    void pngHoldsTheColoursOfTheImage(@TempDir Path folder) throws IOException {
        WritableImage image = new WritableImage(3, 2);
        image.getPixelWriter().setColor(0, 0, Color.web("#2fbf8f"));
        image.getPixelWriter().setColor(2, 1, Color.web("#c8520f"));
        Path file = folder.resolve("new/folder/shot.png");
        Snapshots.writePng(image, file);
        BufferedImage read = ImageIO.read(file.toFile());
        assertThat(read.getWidth()).isEqualTo(3);
        assertThat(read.getHeight()).isEqualTo(2);
        assertThat(read.getRGB(0, 0)).isEqualTo(0xff2fbf8f);
        assertThat(read.getRGB(2, 1)).isEqualTo(0xffc8520f);
    }
}
