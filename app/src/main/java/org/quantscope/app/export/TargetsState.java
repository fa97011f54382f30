package org.quantscope.app.export;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.tensor.TensorId;

/**
 * The formats to show, with a preview of the chosen one.
 *
 * @param targets the formats that pass the filter, recently used ones first
 * @param chosen empty before the first check
 * @param options all options of the chosen format by name, those with default values too
 * @param file the file in the chosen format
 */
public record TargetsState(
        List<CheckedFormat> targets,
        Optional<CheckedFormat> chosen,
        Map<String, String> options,
        Progress progress,
        ShownFile file) {
    /**
     * How far the settings have been checked.
     *
     * @param waitsFor why the parameters are not known yet, in a sentence without its full stop; empty if they are
     * @param previous true if the problems belong to earlier settings
     * @param busy true while remedies are being tried
     */
    public record Progress(Optional<String> waitsFor, boolean previous, boolean busy) {}

    /**
     * What is shown of the file.
     *
     * @param problem why there is no preview: the file could not be exported either
     * @param selected the tensor whose lines are marked
     */
    public record ShownFile(Preview preview, Optional<String> problem, Optional<TensorId> selected) {}

    static final TargetsState NOTHING = new TargetsState(
            List.of(),
            Optional.empty(),
            Map.of(),
            new Progress(Optional.of("nothing is open"), false, false),
            new ShownFile(Preview.NONE, Optional.empty(), Optional.empty()));

    TargetsState withFormats(
            List<CheckedFormat> listed, Optional<CheckedFormat> other, Map<String, String> itsOptions) {
        return new TargetsState(listed, other, itsOptions, progress, file);
    }

    TargetsState withProgress(Optional<String> theyWaitFor, boolean arePrevious, boolean isBusy) {
        return new TargetsState(targets, chosen, options, new Progress(theyWaitFor, arePrevious, isBusy), file);
    }

    TargetsState withPreview(Preview other, Optional<String> problem) {
        return new TargetsState(targets, chosen, options, progress, new ShownFile(other, problem, file.selected));
    }

    TargetsState withSelected(Optional<TensorId> tensor) {
        return new TargetsState(targets, chosen, options, progress, new ShownFile(file.preview, file.problem, tensor));
    }

    public boolean mayExport() {
        return progress.waitsFor.isEmpty()
                && !progress.previous
                && file.problem.isEmpty()
                && chosen.map(t -> t.refused().isEmpty()).orElse(false);
    }

    /** True if the remedies fit the present settings, so that they may be applied. */
    public boolean mayFix() {
        return progress.waitsFor.isEmpty() && !progress.previous && !progress.busy;
    }
}
