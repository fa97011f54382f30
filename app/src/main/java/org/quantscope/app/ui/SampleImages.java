package org.quantscope.app.ui;

import javafx.scene.image.Image;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import org.quantscope.core.dataset.SamplePicture;

/** Pictures of samples as the window draws them. */
public final class SampleImages {
    private SampleImages() {}

    /** May be called on any thread. */
    public static Image of(SamplePicture picture) {
        WritableImage image = new WritableImage(picture.width(), picture.height());
        image.getPixelWriter()
                .setPixels(
                        0,
                        0,
                        picture.width(),
                        picture.height(),
                        PixelFormat.getIntArgbInstance(),
                        picture.argb(),
                        0,
                        picture.width());
        return image;
    }
}
