package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import org.quantscope.core.tensor.Shape;

/**
 * Samples with or without labels, preprocessed as they are handed out. Thread safe; only the batch that is asked for is
 * copied to float.
 */
public interface Dataset {
    Path file();

    /** SHA-256 of the file, or of a folder's names and contents; lower-case hex. Independent of the preprocessing. */
    String sha256();

    /** The number of samples. */
    int size();

    /**
     * The files beside it that are read with it, with the SHA-256 of each, as in {@link Samples#companions}; empty if
     * there are none.
     */
    default SortedMap<String, String> companions() {
        return samples().map(Samples::companions).orElse(Collections.emptySortedMap());
    }

    /** The shape of one sample, without the batch dimension. */
    Shape sampleShape();

    /** The class of what is not scored. */
    int UNSCORED = Integer.MIN_VALUE;

    /**
     * True if each sample has a single class as its label, stored as its number or as a row with a single 1. For other
     * labels see {@link #labelShape} and {@link #targetShape}.
     */
    boolean hasLabels();

    /** The class of a sample, from 0; {@link #UNSCORED} if the data says that it is not scored. */
    int label(int sample);

    /**
     * The shape of one sample's labels that are whole numbers, as stored without dimensions of 1: rank 0 if there is
     * one; empty if there are none.
     */
    default Optional<Shape> labelShape() {
        return hasLabels() ? Optional.of(Shape.of()) : Optional.empty();
    }

    /**
     * Writes the labels of a sample, from 0, row-major; {@link #UNSCORED} for those that are not scored.
     *
     * @param out room for as many labels as {@link #labelShape} has
     */
    default void labels(int sample, int[] out) {
        out[0] = label(sample);
    }

    /** What was left out when the data was opened, for a person, a clause each; empty if nothing was. */
    default List<String> leftOut() {
        return List.of();
    }

    /** The shape of one sample's targets, if labels are floating numbers; else empty. */
    default Optional<Shape> targetShape() {
        return Optional.empty();
    }

    /**
     * Writes the targets of a sample, float32, row-major.
     *
     * @param out room for as many values as {@link #targetShape} has
     */
    default void target(int sample, float[] out) {
        throw new IllegalStateException("targets: " + file().getFileName() + " has none");
    }

    /** What is said of labels that are boxes or strings. */
    default LabelForm labelForm() {
        return samples().map(Samples::labelForm).orElse(LabelForm.USUAL);
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

    /**
     * Further arrays with a value for each sample, by name, with the shape of one sample's values: they feed the other
     * inputs of a model with several.
     */
    default Map<String, Shape> others() {
        return Map.of();
    }

    /**
     * Writes samples of one of {@link #others}, without preprocessing: float32, row-major, one after the other.
     *
     * @param wanted indices into this data set
     */
    default void fillOther(String name, int[] wanted, float[] out) {
        throw new IllegalArgumentException("others: " + file().getFileName() + " has no " + name);
    }

    /**
     * A sample as a picture for a person, as the model gets it but before scale, mean and std; empty if it is not a
     * picture. Features are shown as a picture if their number is a square of at least 16. Reads and decodes one
     * sample, so it is not for the thread that draws.
     */
    default Optional<SamplePicture> picture(int sample) {
        return Optional.empty();
    }

    /** The samples of the file that a person has left out of this, counted from 0; see {@link SampleSubset#dropping}. */
    default SortedSet<Integer> dropped() {
        return Collections.emptySortedSet();
    }

    /** The first {@code n} samples in file order, or this data set if it has no more. */
    Dataset limit(int n);

    /**
     * The samples before preprocessing, from which they can be prepared in another way; empty if they come from no
     * file.
     */
    default Optional<Samples> samples() {
        return Optional.empty();
    }

    /** The preprocessing; empty if the samples come from no file. */
    default Optional<Preprocessing> preprocessing() {
        return Optional.empty();
    }

    /** What makes the samples worse than they are stored, for a person; empty if nothing does. */
    default Optional<String> corrupted() {
        return Optional.empty();
    }

    /** Where the data comes from, for a person. */
    Optional<String> origin();
}
