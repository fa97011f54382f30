package org.quantscope.app.screenshot;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javafx.scene.image.Image;
import javax.imageio.ImageIO;
import org.quantscope.app.ui.FigurePicture;

/** Saves pictures of the program as PNG files. */
public final class Snapshots {
    private Snapshots() {}

    /**
     * Writes {@code image} as an opaque PNG; missing folders are created.
     *
     * @throws IOException if the file cannot be written
     */
    public static void writePng(Image image, Path file) throws IOException {
        BufferedImage out = picture(image);
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        if (!ImageIO.write(out, "png", file.toFile())) {
            throw new IOException(file + ": no writer for PNG");
        }
    }

    /** The same pixels for Java 2D, without transparency. */
    static BufferedImage picture(Image image) {
        return FigurePicture.picture(image);
    }
}
