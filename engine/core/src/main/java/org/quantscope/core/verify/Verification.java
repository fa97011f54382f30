package org.quantscope.core.verify;

import java.util.OptionalDouble;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;

/** What came of looking at an exported file again. */
public sealed interface Verification {
    /** How it was done, as the command line prints it; persisted in scripts, never renamed. */
    String by();

    /**
     * ONNX Runtime ran the file.
     *
     * @param figure its score beside the float model's, as the session scores them, on all samples
     * @param liveAgreement share of samples that get the class that our own quantized evaluation gives; empty if the outputs are no classes
     * @param maxAbsLogitDiff largest difference of an output from our own evaluation; NaN if an output is NaN
     */
    record Ran(AccuracyEstimate figure, OptionalDouble liveAgreement, double maxAbsLogitDiff) implements Verification {
        /** How many were run, at least 1. */
        public int samples() {
            return figure.seen();
        }

        /** Share of samples that get the float model's class; empty if the outputs are no classes. */
        public OptionalDouble floatAgreement() {
            return figure.agreement();
        }

        /** Share of samples that get their label's class; empty if it is not what is scored. */
        public OptionalDouble accuracy() {
            return switch (figure.task()) {
                case Task.TopK _, Task.Binary _ -> OptionalDouble.of(figure.score());
                case Task.Regression _, Task.Agreement _, Task.Cosine _, Task.Deviation _ -> OptionalDouble.empty();
            };
        }

        @Override
        public String by() {
            return "onnxruntime";
        }
    }

    /**
     * The importer of the format read the file, and all that the format carries is as it was.
     *
     * @param tensors how many were compared
     */
    record ReRead(int tensors) implements Verification {
        @Override
        public String by() {
            return "re-read";
        }
    }

    /**
     * Nothing here reads the format; the files are there and of the form that their endings promise.
     *
     * @param files how many
     */
    record WellFormed(int files) implements Verification {
        @Override
        public String by() {
            return "schema";
        }
    }
}
