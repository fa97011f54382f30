package org.quantscope.core.report;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Session;

/**
 * What a report is about.
 *
 * @param model with its corrections, before codes are chosen
 * @param solved the same with the codes of its roundings and its explicit parameters
 * @param session settings, ranges and what snapshots scored
 * @param data what accuracy is measured on; empty if there is none
 * @param config the file that holds the settings; empty if they are not saved
 * @param limit how many of the first samples are used, if not all
 * @param date for a person, for example {@code 2026-12-01 14:03 UTC}
 */
public record ReportInput(
        Model model,
        Model reference,
        SolvedModel solved,
        Session session,
        Optional<Data> data,
        Optional<Path> config,
        OptionalInt limit,
        String date) {
    /** Data with the evaluator of the solved model on it; the caller closes that. */
    public record Data(Dataset samples, LiveEvaluator evaluator) {}
}
