package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Reason;
import org.quantscope.core.picture.Pictures;
import org.quantscope.core.picture.Pixels;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Picture files, decoded on demand.
 *
 * @param pictures in the order of the samples
 * @param channels 1 if all are grey, else 3
 * @param labels one for each sample, empty if there are none
 */
record PictureSamples(
        Path file,
        String sha256,
        List<Entry> pictures,
        int channels,
        Optional<Labels> labels,
        List<String> classes,
        Optional<String> origin,
        Preprocessing stated,
        Path said,
        List<String> leftOut,
        SortedMap<String, String> companions)
        implements Samples {
    /**
     * A picture file.
     *
     * @param name relative to the folder
     */
    record Entry(String name, int width, int height) {}

    PictureSamples(
            Path file,
            String sha256,
            List<Entry> pictures,
            int channels,
            Optional<Labels> labels,
            List<String> classes,
            Optional<String> origin,
            Preprocessing stated,
            Path said,
            List<String> leftOut) {
        this(
                file,
                sha256,
                pictures,
                channels,
                labels,
                classes,
                origin,
                stated,
                said,
                leftOut,
                Collections.emptySortedMap());
    }

    @Override
    public PictureSamples withCompanions(SortedMap<String, String> hashes) {
        return new PictureSamples(
                file, sha256, pictures, channels, labels, classes, origin, stated, said, leftOut, hashes);
    }

    PictureSamples {
        pictures = List.copyOf(pictures);
    }

    @Override
    public int size() {
        return pictures.size();
    }

    @Override
    public Optional<Shape> shape() {
        Entry first = pictures.getFirst();
        boolean alike = pictures.stream().allMatch(e -> e.width == first.width && e.height == first.height);
        return alike ? Optional.of(Shape.of(first.height, first.width, channels)) : Optional.empty();
    }

    @Override
    public DType dtype() {
        return DType.U8;
    }

    @Override
    public String what() {
        return hasLabels() ? "pictures by class" : "pictures without labels";
    }

    /** Decodes one picture. */
    Frame frame(int i) {
        Path picture = file.resolve(pictures.get(i).name);
        Pixels p;
        try {
            p = Pictures.decode(picture);
        } catch (IOException e) {
            throw new BadInputException(picture, "picture", "cannot be read any more: " + Reason.of(e), e);
        }
        Entry said = pictures.get(i);
        if (p.width() != said.width || p.height() != said.height) {
            throw new BadInputException(
                    picture,
                    "picture",
                    "is " + p.width() + " by " + p.height() + " pixels; it was " + said.width + " by " + said.height
                            + " when the folder was opened");
        }
        Frame frame = Frame.of(p);
        return frame.channels() == channels ? frame : frame.toRgb();
    }
}
