package org.quantscope.core.export;

import java.util.Optional;
import org.quantscope.core.session.Edit;

/**
 * Something that a target does not accept, or will treat differently.
 *
 * @param target id of the exporter
 * @param tensor name of the tensor; empty if the problem concerns the whole model
 * @param why the problem, with the offending value
 * @param remedy what to do about it
 * @param fix the edit that does so, if a single edit can
 */
public record ExportProblem(
        String target, String tensor, String why, String remedy, Severity severity, Optional<Edit> fix) {
    public ExportProblem(String target, String tensor, String why, String remedy, Severity severity) {
        this(target, tensor, why, remedy, severity, Optional.empty());
    }

    /** An error leaves the tensor out of the file or makes it unusable; a warning changes what it means. */
    public enum Severity {
        ERROR,
        WARNING
    }
}
