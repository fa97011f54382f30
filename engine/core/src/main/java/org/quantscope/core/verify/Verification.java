package org.quantscope.core.verify;

import java.util.OptionalDouble;

/** What came of looking at an exported file again. */
public sealed interface Verification {
    /** How it was done, as the command line prints it; persisted in scripts, never renamed. */
    String by();

    /**
     * ONNX Runtime ran the file.
     *
     * @param samples how many were run, at least 1
     * @param floatAgreement share of samples whose top-1 equals the float model's
     * @param liveAgreement share of samples whose top-1 equals that of our own quantized evaluation
     * @param accuracy of the exported file; empty if the data has no labels
     * @param maxAbsLogitDiff largest difference of a logit from our own evaluation; NaN if a logit is NaN
     */
    record Ran(int samples, double floatAgreement, double liveAgreement, OptionalDouble accuracy, double maxAbsLogitDiff) implements Verification {
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
