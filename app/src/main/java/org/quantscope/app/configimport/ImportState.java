package org.quantscope.app.configimport;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * What is known about another tool's file, and what an import would change.
 *
 * @param alone true if quantized tensors that are not in the file are to become float
 */
public record ImportState(
        Optional<Path> file, Formats formats, Content content, boolean alone, Optional<Comparison> comparison) {
    /**
     * An entry of the file that belongs to a tensor of the model.
     *
     * @param nameInFile the name of the tensor in the file
     * @param range the hull of its ranges; empty if a calibrator has yet to find them
     * @param present the tensor's present setting; empty if it stays in float
     * @param presentRange the hull of its present ranges; empty if it stays in float or has not been measured yet
     * @param differences a few words for each difference; empty if the import changes nothing
     */
    public record Match(
            QuantizableTensor subject,
            String nameInFile,
            QuantSpec spec,
            Optional<ClipRange> range,
            Optional<QuantSpec> present,
            Optional<ClipRange> presentRange,
            List<String> differences) {
        public Match {
            differences = List.copyOf(differences);
        }

        public TensorId id() {
            return subject.id();
        }

        public boolean differs() {
            return !differences.isEmpty();
        }
    }

    /**
     * An entry that belongs to no tensor by its name.
     *
     * @param mapped the tensor that the user chose for it
     * @param free tensors with similar names that can still be chosen
     */
    public record Unplaced(Imported.Unmatched entry, Optional<String> mapped, List<String> free) {
        public Unplaced {
            free = List.copyOf(free);
        }
    }

    /**
     * The present and the imported setting of one tensor, compared on its values.
     *
     * @param values empty until they have been read, and for an activation that was not calibrated
     * @param present empty if the tensor stays in float or has not been measured yet
     * @param imported empty until it has been measured
     */
    public record Comparison(
            QuantizableTensor subject,
            Optional<MomentSketch> values,
            Optional<Measured> present,
            Optional<Measured> imported,
            Optional<String> problem) {}

    /**
     * The formats in which a file can be read.
     *
     * @param readable formats that find entries in it
     * @param refused for each other format the reason why it cannot read the file
     * @param chosen the format that is used; empty while the user has to choose it
     */
    public record Formats(List<Importer> readable, Map<Importer, String> refused, Optional<Importer> chosen) {
        static final Formats UNKNOWN = new Formats(List.of(), Map.of(), Optional.empty());

        public Formats {
            readable = List.copyOf(readable);
        }

        Formats withChosen(Importer importer) {
            return new Formats(readable, refused, Optional.of(importer));
        }
    }

    /** The result of reading a file. */
    public sealed interface Content {
        /** The file is being read. */
        record Reading() implements Content {}

        /** The user has to choose the format. */
        record Undecided() implements Content {}

        /**
         * Nothing can be imported.
         *
         * @param why the reason
         */
        record Failed(String why) implements Content {}

        /**
         * The entries of the file.
         *
         * @param matches those that change something first
         * @param others number of quantized tensors that are not in the file
         */
        record Entries(List<Match> matches, List<Unplaced> unplaced, List<String> notes, long others)
                implements Content {
            static final Entries NONE = new Entries(List.of(), List.of(), List.of(), 0);

            public Entries {
                matches = List.copyOf(matches);
                unplaced = List.copyOf(unplaced);
                notes = List.copyOf(notes);
            }
        }
    }

    static final ImportState NOTHING =
            new ImportState(Optional.empty(), Formats.UNKNOWN, new Content.Undecided(), false, Optional.empty());

    static ImportState reading(Path file) {
        return new ImportState(Optional.of(file), Formats.UNKNOWN, new Content.Reading(), false, Optional.empty());
    }

    /** This state with another content, and without a comparison. */
    ImportState with(Formats other, Content read) {
        return new ImportState(file, other, read, alone, Optional.empty());
    }

    ImportState withEntries(Content.Entries entries) {
        return new ImportState(file, formats, entries, alone, comparison);
    }

    ImportState withAlone(boolean on) {
        return new ImportState(file, formats, content, on, comparison);
    }

    ImportState withComparison(Comparison other) {
        return new ImportState(file, formats, content, alone, Optional.of(other));
    }

    /** The entries of the file; none before it has been read. */
    public Content.Entries entries() {
        return content instanceof Content.Entries e ? e : Content.Entries.NONE;
    }

    public List<Match> matches() {
        return entries().matches;
    }

    public List<Unplaced> unplaced() {
        return entries().unplaced;
    }

    public long differing() {
        return matches().stream().filter(Match::differs).count();
    }

    public boolean mayApply() {
        return !matches().isEmpty();
    }
}
