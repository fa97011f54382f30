package org.quantscope.app.flipped;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.scene.image.Image;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SamplePicture;

/** Pictures of samples, decoded in the background and kept. For the thread of the scene only. */
public final class Thumbnails {
    private static final int KEPT = 512;

    private final Executor work;
    private final Executor ui;
    private final Map<Key, Optional<Image>> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Optional<Image>> eldest) {
            return size() > KEPT;
        }
    };

    private record Key(Dataset data, int sample) {}

    /**
     * @param work decodes
     * @param ui runs what takes the pictures
     */
    public Thumbnails(Executor work, Executor ui) {
        this.work = work;
        this.ui = ui;
    }

    /** Gives the picture of a sample to {@code to}: at once if it is known, else later; empty if the sample is no picture. */
    public void get(Dataset data, int sample, Consumer<Optional<Image>> to) {
        Key key = new Key(data, sample);
        Optional<Image> known = kept.get(key);
        if (known != null) {
            to.accept(known);
            return;
        }
        work.execute(() -> {
            Optional<Image> image = data.picture(sample).map(Thumbnails::image);
            ui.execute(() -> {
                kept.put(key, image);
                to.accept(image);
            });
        });
    }

    private static Image image(SamplePicture picture) {
        WritableImage image = new WritableImage(picture.width(), picture.height());
        image.getPixelWriter().setPixels(0, 0, picture.width(), picture.height(), PixelFormat.getIntArgbInstance(), picture.argb(), 0, picture.width());
        return image;
    }
}
