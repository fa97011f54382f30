package org.quantscope.core.export;

import java.util.Optional;
import org.quantscope.core.session.Edit;

/**
 * What a target will not take, or will take differently.
 *
 * @param target id of the exporter
 * @param tensor its name, empty if the problem is the model's
 * @param why what is wrong, with the value
 * @param remedy what to do about it
 * @param fix the edit that does it, if one edit can
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
