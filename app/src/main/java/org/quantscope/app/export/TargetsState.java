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
 * @param waitsFor why the parameters are not known yet, in a sentence without its full stop; empty if they are
 * @param previous true if the problems belong to earlier settings
 * @param options all options of the chosen format by name, those with default values too
 * @param preview of the file in the chosen format
 * @param previewProblem why there is no preview: the file could not be exported either
 * @param selected the tensor whose lines are marked
 * @param busy true while remedies are being tried
 */
public record TargetsState(
        List<CheckedFormat> targets,
        Optional<CheckedFormat> chosen,
        Optional<String> waitsFor,
        boolean previous,
        Map<String, String> options,
        Preview preview,
        Optional<String> previewProblem,
        Optional<TensorId> selected,
        boolean busy) {
    static final TargetsState NOTHING = new TargetsState(
            List.of(),
            Optional.empty(),
            Optional.of("nothing is open"),
            false,
            Map.of(),
            Preview.NONE,
            Optional.empty(),
            Optional.empty(),
            false);

    TargetsState withFormats(
            List<CheckedFormat> listed, Optional<CheckedFormat> other, Map<String, String> itsOptions) {
        return new TargetsState(listed, other, waitsFor, previous, itsOptions, preview, previewProblem, selected, busy);
    }

    TargetsState withProgress(Optional<String> theyWaitFor, boolean arePrevious, boolean isBusy) {
        return new TargetsState(
                targets, chosen, theyWaitFor, arePrevious, options, preview, previewProblem, selected, isBusy);
    }

    TargetsState withPreview(Preview other, Optional<String> problem) {
        return new TargetsState(targets, chosen, waitsFor, previous, options, other, problem, selected, busy);
    }

    TargetsState withInHand(Optional<TensorId> tensor) {
        return new TargetsState(targets, chosen, waitsFor, previous, options, preview, previewProblem, tensor, busy);
    }

    public boolean mayExport() {
        return waitsFor.isEmpty()
                && !previous
                && previewProblem.isEmpty()
                && chosen.map(t -> t.refused().isEmpty()).orElse(false);
    }

    /** True if the remedies fit the present settings, so that they may be applied. */
    public boolean mayFix() {
        return waitsFor.isEmpty() && !previous && !busy;
    }
}
