package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** Opened data as it is stored. {@link Datasets#prepare} turns it into a {@link Dataset}. Thread safe. */
public sealed interface Samples permits ArraySamples, PictureSamples {
    /** The file or folder. */
    Path file();

    /** SHA-256, lower-case hex: of the file, or of a folder's names and contents. */
    String sha256();

    /**
     * The files beside it that are read with it, such as its sidecar and the labels of an IDX file, with the SHA-256 of
     * each: by the path from the folder that it lies in, with {@code /}.
     */
    SortedMap<String, String> companions();

    /** The same with the hashes of the files beside it. */
    Samples withCompanions(SortedMap<String, String> hashes);

    /** The number of samples, at least 1. */
    int size();

    /** The stored shape of one sample, height × width × channels for picture files; empty if those differ. */
    Optional<Shape> shape();

    DType dtype();

    /** The labels that are whole numbers, as stored; empty if there are none. */
    Optional<Labels> labels();

    /** True if each sample has a single class. */
    default boolean hasLabels() {
        return labels().map(Labels::isSingle).orElse(false);
    }

    /** The single class of a sample as it is numbered in the data. */
    default int label(int sample) {
        return labels().orElseThrow(() -> new IllegalStateException("labels: " + file().getFileName() + " has none"))
                .of(sample);
    }

    /** What was left out when the data was opened, for a person, a clause each; empty if nothing was. */
    default List<String> leftOut() {
        return List.of();
    }

    /** The shape of one sample's targets, which are labels that are floating numbers; empty if there are none. */
    default Optional<Shape> targetShape() {
        return Optional.empty();
    }

    /** Writes the targets of a sample, row-major. */
    default void target(int i, float[] out) {
        throw new IllegalStateException("targets: " + file().getFileName() + " has none");
    }

    /**
     * Further arrays with a value for each sample, by name, with the shape of one sample's values: they feed the other
     * inputs of a model with several.
     */
    default Map<String, Shape> others() {
        return Map.of();
    }

    /** Writes the values of {@code sample} in one of {@link #others} to {@code out} from {@code at} on, as they are stored, row-major. */
    default void other(String name, int sample, float[] out, int at) {
        throw new IllegalArgumentException("others: " + file().getFileName() + " has no " + name);
    }

    /** What is said of labels that are boxes or strings. */
    default LabelForm labelForm() {
        return LabelForm.USUAL;
    }

    /** Names of the classes, empty if unknown. */
    List<String> classes();

    Optional<String> origin();

    /** The preprocessing in the sidecar. */
    Preprocessing stated();

    /** The file to name if the preprocessing is wrong: the sidecar, or the data itself. */
    Path said();

    /**
     * For a table: the column that labels were taken from, {@code first}, {@code last}, {@code none} or its name; empty
     * for other data.
     */
    default Optional<String> labelColumn() {
        return Optional.empty();
    }

    /** A description in a few words, for a person. */
    String what();
}
