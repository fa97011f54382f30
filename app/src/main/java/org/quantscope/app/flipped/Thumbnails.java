package org.quantscope.app.flipped;

import java.util.Optional;
import java.util.function.Consumer;
import javafx.scene.image.Image;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.ui.SampleImages;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;

/** Pictures of samples, decoded in the background. The most recently used ones are kept. Used on the FX thread only. */
public final class Thumbnails {
    /** The most pixels to keep, four bytes each. */
    private static final long KEPT_PIXELS = 4L << 20;

    private static final long LEAST_PIXELS = 1024;

    private final Background background;
    private final LruCache<Key, Optional<Image>> kept = LruCache.ofWeight(KEPT_PIXELS, Thumbnails::size);

    private record Key(Dataset data, int sample) {}

    public Thumbnails(Background background) {
        this.background = background;
    }

    /**
     * Registers a place that shows one picture at a time.
     *
     * @param to gets each picture that was asked for, or nothing if the sample is no picture
     */
    Asker asker(Consumer<Optional<Image>> to) {
        return new Asker(to);
    }

    /**
     * A place that shows one picture at a time. While a picture is being decoded, only the newest request waits, so
     * that samples that were scrolled past are not decoded.
     */
    final class Asker {
        private final LatestWins<Optional<Image>> decoding = background.latest(LatestWins.Mode.CONFLATE);
        private final Consumer<Optional<Image>> to;
        private @Nullable Key wanted;

        private Asker(Consumer<Optional<Image>> to) {
            this.to = to;
        }

        /**
         * Delivers the picture of a sample: at once if it is kept, otherwise later, unless another one is requested
         * first.
         */
        void ask(Dataset data, int sample) {
            Key key = new Key(data, sample);
            wanted = key;
            Optional<Image> known = kept.get(key);
            if (known != null) {
                to.accept(known);
                return;
            }
            decoding.submit(
                    (cancel, partial) -> data.picture(sample).map(SampleImages::of),
                    image -> {
                        kept.put(key, image);
                        if (key.equals(wanted)) {
                            to.accept(image);
                        }
                    },
                    // The file cannot be read any more, so the sample is shown as a number.
                    e -> kept.put(key, Optional.empty()));
        }
    }

    private static long size(Optional<Image> image) {
        return Math.max(
                LEAST_PIXELS,
                image.map(i -> (long) (i.getWidth() * i.getHeight())).orElse(0L));
    }
}
