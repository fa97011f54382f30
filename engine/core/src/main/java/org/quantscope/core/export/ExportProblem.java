package org.quantscope.core.export;

/**
 * What a target will not take, or will take differently.
 *
 * @param target id of the exporter
 * @param tensor its name, empty if the problem is the model's
 * @param why what is wrong, with the value
 * @param remedy what to do about it
 */
public record ExportProblem(String target, String tensor, String why, String remedy, Severity severity) {
    /** An error leaves the tensor out of the file or makes it unusable; a warning changes what it means. */
    public enum Severity {
        ERROR,
        WARNING
    }
}
