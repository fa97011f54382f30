package org.quantscope.core.verify;

import java.util.OptionalDouble;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;

/** The result of checking an exported file. */
public sealed interface Verification {
    /** The kind of check, as the command line prints it. Scripts rely on it, so it is never renamed. */
    String by();

    /**
     * ONNX Runtime ran the file.
     *
     * @param figure its score and the float model's on all samples, scored as in the session
     * @param liveAgreement share of samples with the same class as in our own quantized evaluation; empty if the
     *     outputs are not classes
     * @param maxAbsLogitDiff largest difference of an output from our own evaluation; NaN if an output is NaN
     */
    record Ran(AccuracyEstimate figure, OptionalDouble liveAgreement, double maxAbsLogitDiff) implements Verification {
        /** The number of samples that were run, at least 1. */
        public int samples() {
            return figure.seen();
        }

        /** Share of samples with the same class as the float model gives; empty if the outputs are not classes. */
        public OptionalDouble floatAgreement() {
            return figure.agreement();
        }

        /** Share of samples with the right class; empty if something else is scored. */
        public OptionalDouble accuracy() {
            return switch (figure.task()) {
                case Task.TopK _, Task.Binary _, Task.Each _, Task.Every _ -> OptionalDouble.of(figure.score());
                case Task.Regression _, Task.Agreement _, Task.Cosine _, Task.Deviation _ -> OptionalDouble.empty();
            };
        }

        @Override
        public String by() {
            return "onnxruntime";
        }
    }

    /**
     * The importer of the format read the file, and everything that the format carries is unchanged.
     *
     * @param tensors the number of tensors compared
     */
    record ReRead(int tensors) implements Verification {
        @Override
        public String by() {
            return "re-read";
        }
    }

    /**
     * There is no importer for the format; the files exist and have the form that their extensions promise.
     *
     * @param files the number of files
     */
    record WellFormed(int files) implements Verification {
        @Override
        public String by() {
            return "schema";
        }
    }
}
