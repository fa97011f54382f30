package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;

/** Writes one target format. Stateless; one file and one line in {@link Exporters}. */
public interface Exporter {
    /** Persisted; never renamed. */
    String id();

    String title();

    default List<OptionDoc> options() {
        return List.of();
    }

    /** @throws IllegalArgumentException naming an option that the format does not have, or a value that the option does not take */
    default void checkOptions(Map<String, String> given) {
        FormatOptions.of(this, given).checkTypes();
    }

    /** The published format description. */
    String source();

    /** The usual file name extension, with its dot. */
    String extension();

    /** What is appended to the file's name for each further file that is written beside it, or may be. */
    default List<String> parts() {
        return List.of();
    }

    /**
     * The parts of the settings that the format cannot express. They are listed with the export, and ignored when a
     * file is read back and compared.
     */
    Set<Field> loses();

    /**
     * True if the file holds the codes of weights, or values that stand for exactly them; false if it holds ranges at
     * most, and its reader rounds by itself.
     */
    default boolean carriesCodes() {
        return false;
    }

    /** The problems that the target has with the plan, in the order of the tensors; empty if there are none. */
    List<ExportProblem> check(ExportPlan plan);

    /**
     * Writes to {@code file} directly. {@link Exporters#export} passes a temporary file and moves it into place.
     *
     * @return every file written, {@code file} first
     */
    List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException;

    /** A part of the settings that a format may be unable to express. */
    enum Field {
        WEIGHTS("the weights"),
        ACTIVATIONS("the activations"),
        SCALE("the exact scales"),
        ZERO_POINT("the zero points"),
        RANGE("the effective ranges"),
        SIGN("whether codes are signed"),
        CODES("a code range narrower than its type"),
        GRANULARITY("the axis and block size"),
        CODEBOOK("codebooks"),
        CHOICE("how the ranges were chosen"),
        PROVENANCE("where the settings come from");

        private final String words;

        Field(String words) {
            this.words = words;
        }

        /** The name for a person, for use in a list: "the zero points". */
        public String words() {
            return words;
        }
    }
}
