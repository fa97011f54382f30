package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/** Labelled or unlabelled samples, preprocessed on the way out. Thread safe; float copies are made per batch only. */
public interface Dataset {
    Path file();

    /** SHA-256 of the file, or of a folder's names and contents; lower-case hex. How it is prepared is not in it. */
    String sha256();

    /** The number of samples. */
    int size();

    /** The shape of one sample, without the batch dimension. */
    Shape sampleShape();

    /** True if each sample has a class; see {@link #targetShape} for other labels. */
    boolean hasLabels();

    /** The label of a sample: a class index. */
    int label(int sample);

    /** The shape of one sample's targets, where labels are floating numbers and no classes; empty elsewhere. */
    default Optional<Shape> targetShape() {
        return Optional.empty();
    }

    /**
     * Writes the targets of a sample, float32, row-major.
     *
     * @param out at least {@link #targetShape}'s count of values
     */
    default void target(int sample, float[] out) {
        throw new IllegalStateException("targets: " + file().getFileName() + " has none");
    }

    /** Names of the classes, empty if unknown. */
    List<String> classes();

    /**
     * Writes samples as the model's input wants them: {@code (raw·scale − mean)/std}, float32, row-major, one after the other.
     *
     * @param samples indices into this data set
     * @param out at least {@code samples.length * sampleShape().count()} floats
     */
    void fill(int[] samples, float[] out);

    /** Arrays beside the input, by name, and the shape of one sample's values: what a model with several inputs is fed besides. */
    default Map<String, Shape> others() {
        return Map.of();
    }

    /**
     * Writes samples of one of {@link #others} as they are stored: nothing prepares them. float32, row-major, one after the other.
     *
     * @param wanted indices into this data set
     */
    default void fillOther(String name, int[] wanted, float[] out) {
        throw new IllegalArgumentException("others: " + file().getFileName() + " has no " + name);
    }

    /**
     * A sample as a picture, for a person: what the model gets, before scale, mean and std; empty if it is no picture. Features are one
     * if their number is a square of 16 or more. Reads and decodes one sample: not for a thread that draws.
     */
    default Optional<SamplePicture> picture(int sample) {
        return Optional.empty();
    }

    /** The first {@code n} samples in file order, or this if there are no more. */
    Dataset limit(int n);

    /** What this was prepared from, to prepare it in another way; empty if it came from no file. */
    default Optional<Samples> samples() {
        return Optional.empty();
    }

    /** How it was prepared; empty if it came from no file. */
    default Optional<Preprocessing> preprocessing() {
        return Optional.empty();
    }

    /** Where the data comes from, for a person. */
    Optional<String> origin();
}
